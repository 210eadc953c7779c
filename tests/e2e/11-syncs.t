#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Nothing is deleted before every sync that protects it has returned: read off the system calls of whole runs.
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', map { ( sprintf( '%04d.eml', $_ ) => "Subject: $_\n\nmail $_\n" ) } 1 .. 12 );
my $s = $t->server;
$t->account( $s, 'later', retention_days => 30 );
my $uidls = $s->uidls;
my $run = $t->popkeep( '-vvv', 'fetch', { strace => 1 } );
$run->exits( 0, 'a run that stores' );
$t->syncs_hold( $run, 'later', $uidls );
$t->clock( 31 * DAY );
$run = $t->popkeep( '-vvv', 'fetch', { strace => 1 } );
$run->exits( 0, 'a run that deletes' );
$t->syncs_hold( $run, 'later', $uidls );
is( scalar $s->gone, 12, 'everything was deleted' );
$s->stop;

$t->clock(0);
$t->forget_accounts;
$t->mails( 'box2', map { ( sprintf( '%04d.eml', $_ ) => "Subject: $_\n\nmail $_\n" ) } 1 .. 12 );
$s = $t->server( box => 'box2' );
$t->account( $s, 'atonce', retention_days => 0 );
$uidls = $s->uidls;
$run = $t->popkeep( '-vvv', 'fetch', { strace => 1 } );
$run->exits( 0, 'a run that stores and deletes in one session' );
$t->syncs_hold( $run, 'atonce', $uidls );
is( scalar $s->gone, 12, 'everything was deleted' );
done_testing();
