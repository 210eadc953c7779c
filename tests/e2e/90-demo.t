#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# `make demo` is a newcomer's first sight of popkeep: it ends well and shows what it says it shows.
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
$ENV{POPKEEP_DEMO} = $t->path('demo');
$ENV{HOME} = $t->path('home');
my $said = `$^X tests/demo 2>&1 </dev/null`;
is( $? >> 8, 0, 'ends with 0' ) or diag $said;
like( $said, qr/^okul: 236 new messages/m, 'the first run stores the mailbox' );
like( $said, qr/would delete/,             'the dry run names what would be deleted' );
is( scalar( my @mail = glob( $t->path('demo/Mail/okul/new/*') ) ), 236, 'the mail is there to look at' );
ok( -x $t->path('demo/server.sh'), 'and the server can be started again' );
done_testing();
