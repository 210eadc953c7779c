#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e
# Syncs that take longer than the server is patient with a silent client: the line is kept alive meanwhile, or a slow disk
# would never get beyond its first batch.
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: 1\n\nbody\n" );
my $s = $t->server( script => "idle-limit 2\n" );
$t->account( $s, 'okul', timeout => 120, retention_days => 0 );
$t->popkeep('-q')->exits( 0, 'the folders are made' );
$t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody\n" ) } 2 .. 4 );
$t->{preload} = [ Popkeep::tools_dir() . '/slowsyncshim.so' ];
$t->speed(30);    # a NOOP is due after 15 s
my $before = $s->sessions;
$t->popkeep( 'fetch', { env => { SLOWSYNC_MS => 1000 } } )->exits(0);
is( $s->sessions, $before + 1, 'one session' );
cmp_ok( scalar( grep { /^NOOP/ } $s->commands( session => $s->sessions ) ), '>=', 2, 'in which more than one NOOP was sent' );
is( scalar @{ $t->stored_octets('okul') }, 4, 'all is stored' );
is( scalar( $s->left ), 0, 'and deleted' );
done_testing();
