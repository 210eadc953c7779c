#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The real server the tests use starts, serves and stops, and the second client reads it octet for octet.
use strict;
use warnings;
use Popkeep;
use Popkeep::Client;
use Popkeep::Dovecot;

my $why = Popkeep::Dovecot::missing();
plan skip_all => $why if $why;

my @mails = ( "Subject: a\n\n.dot\n..\nend\n", "Subject: b\n\nno final newline", "Subject: \xfd\n\n" . 'x' x 70_000 . "\n" );
my $d = Popkeep::Dovecot->new( mails => \@mails );
my @seen = Popkeep::Client->fetch_all( $d->port, 'ogretmen', 'secret' );
is( scalar @seen, 3, 'serves what it was given' );
is( $seen[0][2], "Subject: a\r\n\r\n.dot\r\n..\r\nend\r\n", 'dots come back as they were' );
is( $seen[1][2], "Subject: b\r\n\r\nno final newline\r\n",   'a line end is added where none was' );
is( $seen[2][2], $mails[2] =~ s/\n/\r\n/gr,                  'long lines and 8-bit headers too' );
is( $d->left, 3, 'nothing is deleted by looking' );

my $c = Popkeep::Client->new( $d->port );
$c->line;
$c->login( 'ogretmen', 'secret' );
$c->say('DELE 2');
$c->say('QUIT');
is( join( '|', $d->mails ), join( '|', @mails[ 0, 2 ] ), 'DELE and QUIT delete' );
my $pid = $d->{pid};
$d->stop;
ok( !kill( 0, $pid ), 'stops' );
done_testing();
