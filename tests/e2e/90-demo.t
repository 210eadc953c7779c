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
like( $said, qr/^The second.*\n\$ .* fetch\n\[exit status 0\]$/m, 'the second has nothing to say, as no terminal looks on' );
my ($dry) = $said =~ /^(\$ [^\n]* --dry-run .*?)^\[exit status 0\]$/ms;
my $shown = () = ( $dry // '' ) =~ /^would delete  /mg;
my ($more) = ( $dry // '' ) =~ /^  \.\.\. (\d+) more lines$/m;
is( $shown + ( $more // 0 ), 236, 'the dry run has a line for each message that would be deleted' );
like( $dry, qr/^okul: would fetch nothing, would delete 236 on the server; 236 on the server$/m, '... and counts them' );
is( scalar( my @mail = glob( $t->path('demo/Mail/okul/new/*') ) ), 236, 'the mail is there to look at' );
ok( -x $t->path('demo/server.sh'), 'and the server can be started again' );
done_testing();
