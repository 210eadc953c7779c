#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The shortest way through everything: stored, known, deleted when due and not before.
# suites: valgrind
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
my @mails = ( "Subject: a\n\nbody\n", "Subject: b\n\n.dot\n..\nend\n" );
$t->mails( 'box', '0001.eml' => $mails[0], '0002.eml' => $mails[1] );
my $s = $t->server;
$t->account( $s, 'okul', retention_days => 30 );

$t->popkeep('fetch')->exits( 0, 'first run' );
is_deeply( $t->stored_octets('okul'), [ sort @mails ], 'stored as it was sent' );
$t->popkeep('fetch')->exits( 0, 'second run' );
$t->last_run->is_silent('finds nothing new and says nothing');
is( scalar $t->stored_paths('okul'), 2, 'nothing is stored twice' );
$t->clock( 29 * DAY );
$t->popkeep('fetch')->exits(0);
is( join( ' ', $s->gone ), '', 'not deleted on day 29' );
$t->clock( 31 * DAY );
$t->popkeep('fetch')->exits(0);
is( join( ' ', $s->gone ), '0001.eml 0002.eml', 'deleted on day 31' );
is( ( () = $t->deletions('okul') =~ /\n/g ), 2, 'each deletion is a line of the log' );
done_testing();
