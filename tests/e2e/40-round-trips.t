#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# How often a run waits for the server. Each wait is a distance to Ankara and back, for a thousand schools in a row.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', map { sprintf( '%04d.eml', $_ ) => "Subject: $_\n\nbody\n" } 1 .. 300 );
my $s = $t->server( script => "coalesce 50\n" );
$t->account( $s, 'okul', retention_days => 30 );

# TCP and TLS 1.3 take one each and stand in no log of the server; what follows is counted by it.
my $before = 2;

$t->popkeep('-q')->exits(0);
is( scalar( $s->arguments('RETR') ), 300, 'all were fetched' );
cmp_ok( $before + $s->flights(1), '<=', 8, 'a first fetch of 300 messages does not wait for each' );

$t->popkeep('-q')->exits(0);
is( $before + $s->flights(2), 6, 'an idle poll of a known server takes 6 round trips, QUIT included' );

$s->restart("coalesce 50\ncapa-after TOP UIDL USER\n");
$t->popkeep('-q')->exits(0);
$t->popkeep('-q')->exits(0);
is( join( ' ', ( grep { !/^AUTH/ } $s->commands )[ -6 .. -1 ] ), 'CAPA CAPA STAT UIDL LIST QUIT',
    'a server that takes PIPELINING back is asked one by one again' );

$t->clock( 31 * DAY );
$s->restart("coalesce 50\n");
$t->popkeep('-q')->exits(0);
is( scalar( $s->arguments('DELE') ), 300, 'all were deleted when due' );
cmp_ok( $before + $s->flights(1), '<=', 9, 'the deletions go in one flight, not one by one' );

done_testing();
