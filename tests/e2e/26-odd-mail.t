#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Odd mail of every kind from a real server, stored and deleted in two runs: short enough to be watched by valgrind, so that
# no octet of one message ever gets into another by way of memory that was freed or never set.
# suites: valgrind
use strict;
use warnings;
use Popkeep;
use Popkeep::Client;
use Popkeep::Dovecot;
use Popkeep::Mails;

my $why = Popkeep::Dovecot::missing();
plan skip_all => $why if $why;

my $d = Popkeep::Dovecot->new( mails => [ map { $_->[1] } Popkeep::Mails::odd() ] );
my @seen = Popkeep::Client->fetch_all( $d->port, 'ogretmen', 'secret' );
my $t = Popkeep->new;
my $before = time;
$t->account( $d, 'okul' );
$t->popkeep->exits(0);
my @faults = Popkeep::Mails::faults( \@seen, journal => $t->journal('okul'), maildir => $t->path('Mail/okul'),
    line_endings => 'lf', since => $before );
is( join( "\n", @faults ), '', 'stored as a second client saw it' );
$t->forget_accounts;
$t->account( $d, 'okul', retention_days => 30 );
$t->clock( 31 * DAY );
$t->popkeep->exits(0);
is( $d->left, 0, 'deleted after checking every copy' );
$t->popkeep('verify')->exits(0);
done_testing();
