#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e san
# The line, cut or silent at any octet of a session that fetches and deletes 40 kB of mail, or delivering it in any pieces:
# whoever takes a part for the whole loses mail, whoever forgets what he has got stores it twice. Run with
# POPKEEP_FAULTS=all it takes each octet; with names of rows as arguments those alone.
use strict;
use warnings;
use Popkeep;
use Popkeep::Line;
use Popkeep::Crash qw(sample);
use Popkeep::Faults;

srand( $ENV{POPKEEP_SEED} // 20261122 );
local $ENV{POPKEEP_CRASH} = 'all' if ( $ENV{POPKEEP_FAULTS} // '' ) eq 'all';
my ( $sent, $received, $fault ) = Popkeep::Line->new( log => 1 )->length_of_session;
is( $fault, '', "undisturbed: all is stored and deleted, $sent octets sent, $received received" );
cmp_ok( $sent, '>=', 35_000, 'the session is long enough' );

sub every { my ( $n, $until ) = @_; return grep { $_ % $n == 1 % $n } 1 .. $until }

# name, what a user loses, how the line is bent, at which numbers, how many in a sample, more
my @rows = (
    [ 'cut-odd',   'cut at each odd octet that the server sends',     'cut-after',       [ every( 2, $sent ) ],               30 ],
    [ 'cut-even',  'cut at each even octet that the server sends',    'cut-after',       [ grep { $_ % 2 == 0 } 1 .. $sent ], 30 ],
    [ 'reset',     'reset at each tenth octet that the server sends', 'cut-after rst',   [ every( 10, $sent ) ],              15 ],
    [ 'received',  'cut at each octet that the server receives',      'cut-in',          [ 1 .. $received ],                  30 ],
    [ 'received-reset', 'reset at each octet that the server receives', 'cut-in rst',    [ 1 .. $received ],                  15 ],
    [ 'lockstep',  'the same without pipelining',                     'cut-in',          [ 1 .. $received ],                  15, script => 'capa TOP UIDL USER' ],
    [ 'silent',    'silent at each tenth octet that the server sends', 'cut-after stall', [ every( 10, $sent ) ],             20, jobs => 128, keys => { timeout => 1 } ],
    [ 'deaf',      'silent at each octet that the server receives',   'cut-in stall',    [ 1 .. $received ],                  10, jobs => 128, keys => { timeout => 1 } ],
    [ 'split',     'TLS records and TCP segments of random sizes',    'split',           [ 1 .. 1000 ],                       16, undisturbed => 1 ],
    [ 'octets',    'TLS records of one octet',                        'none',            [ 1 .. 3 ],                          1,  undisturbed => 1, script => 'chunk 1' ],
);
my %wanted = map { $_ => 1 } @ARGV;
my ( $cases, $violations ) = ( 0, 0 );
for my $row (@rows) {
    my ( $name, $what, $bend, $numbers, $few, %how ) = @$row;
    next if %wanted && !$wanted{$name};
    my $l     = Popkeep::Line->new( bend => $bend, %how );
    my @which = sample( $few, @$numbers );
    my @bad   = $l->cases(@which);
    is( join( "\n", @bad[ 0 .. ( @bad > 9 ? 9 : $#bad ) ] ), '', "$what: each mail is stored once and whole, none deleted that is not" );
    my %seen = %{ $l->{seen} };
    note "$name: " . @which . ' cases; exit ' . join ', ', map { "$_: $seen{$_}" } sort keys %seen;
    cmp_ok( $l->{bent}, '>', 0, "$what: the line was bent" ) unless $how{undisturbed};
    $cases      += @which;
    $violations += @bad;
    $l->{server}->stop;
}
faults_counted( 'line', $cases, $violations );
done_testing();
