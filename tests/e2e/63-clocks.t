#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e san
# Clocks that are wrong, at the ends of what 32 bits count, or set while a run is under way: no mail is deleted that is not old, no mail is
# left unfetched, and once the clock is right, all goes on. Beside 35-clock.t.
use strict;
use warnings;
use Popkeep;
use Popkeep::Faults 'clock';

my $T0 = 1_800_000_000;    # 2027
my %mail = map { ( "000$_.eml" => "Subject: $_\n\nbody of $_\n" ) } 1 .. 8;
my $pin;

sub pin {                  # holds whatever the date
    return $pin //= do {
        my $cert = Popkeep::certs_dir() . '/good.pem';
        chomp( my $hash = `openssl x509 -in $cert -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64` );
        "sha256//$hash";
    };
}

sub add { my ( $t, @n ) = @_; return $t->mails( 'box', map { ( "000$_.eml" => $mail{"000$_.eml"} ) } @n ) }

sub surroundings {
    my (%keys) = @_;
    my $t = Popkeep->new;
    add( $t, 1 .. 4 );
    my $s = $t->server;
    $t->account( $s, 'okul', retention_days => 30, tls_pin => pin(), tls_ca_file => undef, %keys );
    $t->{preload} = [ Popkeep::tools_dir() . '/clockshim.so' ];
    return ( $t, $s );
}

# At that wall clock; boot: seconds since boot, in step with T0 unless told otherwise.
sub run_at {
    my ( $t, $at, %how ) = @_;
    my $boot = $how{boot} // $at - $T0 + 100 * DAY;
    return $t->popkeep( '-q', @{ $how{args} || [] }, { env => { CLOCKSHIM_AT => $at, CLOCKSHIM_BOOT_OFFSET => $boot, TZ => 'UTC', %{ $how{env} || {} } } } );
}

my $n = 0;

sub one_case {    # a fourth of them, but all under POPKEEP_FAULTS=all
    my ( $what, $code ) = @_;
    return if ( $ENV{POPKEEP_FAULTS} // '' ) ne 'all' && $n++ % ( ( $ENV{POPKEEP_SUITE} // '' ) eq 'san' ? 16 : 4 );
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return subtest( $what, $code );
}

sub here { my ($t) = @_; return scalar @{ $t->stored_octets('okul') } }
sub is_one_of { my ( $run, $what, @exits ) = @_; local $Test::Builder::Level = $Test::Builder::Level + 1; return ok( ( grep { ( $run->exit // -1 ) == $_ } @exits ), "$what: exit " . ( $run->exit // 'none' ) ) || diag( $run->err ) }

my %moments = (
    'the second 0 of 1970'    => 0,
    'the first minute of 1970' => 59,
    '1980'                    => 315_532_800,
    'the last second of 31 bits' => 2**31 - 1,
    'a second later'          => 2**31,
    'two seconds later'       => 2**31 + 1,
    'the last second of 32 bits' => 2**32 - 1,
    'a second after 32 bits'  => 2**32,
    '29 February 2400'        => 13_574_563_200,
    'the end of the year 9999' => 253_402_300_799,
    'the leap second of 2016' => 1_483_228_800,
);

# ---- a machine that lives at such a moment: all works as ever ----
for my $what ( sort keys %moments ) {
    my $at = $moments{$what};
    one_case "stored at $what: deleted 30 days later, not a second before", sub {
        my ( $t, $s ) = surroundings();
        is_one_of( run_at( $t, $at, boot => 1000 ), 'stored', 0 );
        is( here($t), 4, 'four are here' );
        is_one_of( run_at( $t, $at + 30 * DAY - 1, boot => 1000 + 30 * DAY - 1 ), 'a second too early', 0, 11 );
        is( scalar( $s->left ), 4, 'not a second early' );
        my $run = run_at( $t, $at + 30 * DAY, boot => 1000 + 30 * DAY );
        is_one_of( $run, 'in time', 0, 11 );
        is( scalar( $s->left ), $run->exit ? 4 : 0, 'deleted in time, or held and said' );
        is( here($t), 4, 'the copies stay' );
        $s->stop;
    };
}

# ---- one run with the clock there ----
for my $what ( sort keys %moments ) {
    my $at = $moments{$what};
    one_case "one run at $what, between right ones: nothing deleted that is not old, everything fetched", sub {
        my ( $t, $s ) = surroundings();
        is_one_of( run_at( $t, $T0 ), 'stored', 0 );
        add( $t, 5 );
        is_one_of( run_at( $t, $at, boot => 101 * DAY ), 'the wrong clock', 0, 11 );
        is( scalar( $s->left ), 5, 'nothing is deleted' );
        is( here($t), 5, 'the new one is fetched' );
        add( $t, 6 );
        is_one_of( run_at( $t, $T0 + 2 * DAY ), 'the right clock again', 0, 11 );
        is( scalar( $s->left ), 6, 'nothing is deleted' );
        is( here($t), 6, 'and again the new one is fetched' );
        is_one_of( run_at( $t, $T0 + 3 * DAY, args => ['--confirm-delete'] ), 'confirmed', 0 );
        is( scalar( $s->left ), 6, 'nothing is due yet' );
        is_one_of( run_at( $t, $T0 + 40 * DAY ), 'all are old', 0 );
        is( scalar( $s->left ), 0, 'and deleted' );
        is( here($t), 6, 'the copies stay, each once' );
        $s->stop;
    };
}

# ---- small steps back, large ones on ----
for my $step ( [ '1 s back', -1 ], [ 'an hour back', -3600 ], [ 'an hour and a second back', -3601 ], [ 'a day back', -DAY ], [ '400 days on', 400 * DAY ], [ '400 days and a second on', 400 * DAY + 1 ],
    [ '100 years on', 36_525 * DAY ] )
{
    my ( $what, $by ) = @$step;
    one_case "the clock is set $what while the machine runs", sub {
        my ( $t, $s ) = surroundings();
        is_one_of( run_at( $t, $T0, boot => 1000 ), 'stored', 0 );
        add( $t, 5 );
        is_one_of( run_at( $t, $T0 + $by, boot => 1060 ), "set $what a minute later", 0, 11 );
        is( scalar( $s->left ), 5, 'a minute old is not due' );
        is( here($t), 5, 'the new one is fetched' );
        $s->stop;
    };
}

# ---- a jump in the middle of a run ----
for my $look ( 1, 2, 3, 5, 8, 13, 21, 34 ) {
    for my $jump ( [ '31 days on', 31 * DAY ], [ '500 days on', 500 * DAY ], [ 'a year back', -365 * DAY ] ) {
        one_case "set $jump->[0] at the look number $look of a process at the clock, in the middle of a run", sub {
            my ( $t, $s ) = surroundings();
            is_one_of( run_at( $t, $T0, boot => 1000 ), 'stored', 0 );
            add( $t, 5, 6 );
            is_one_of( run_at( $t, $T0 + 60, boot => 1060, env => { CLOCKSHIM_JUMP => "$look:$jump->[1]" } ), 'the jump', 0, 11 );
            is( scalar( $s->left ), 6, 'a minute old is not due' );
            is( here($t), 6, 'what is new is fetched' );
            is( join( ' ', $t->tmp_files('okul') ), '', 'nothing in tmp/' );
            is_one_of( run_at( $t, $T0 + $jump->[1] + 120, boot => 1120 ), 'the next run', 0, 11 );
            is( scalar( $s->left ), 6, 'nor is it in the next run' );
            is_one_of( run_at( $t, $T0 + 180, boot => 1180 ), 'set back', 0, 11 );
            is( scalar( $s->left ), 6, 'nor when it is set back' );
            is_one_of( run_at( $t, $T0 + DAY, boot => DAY, args => ['--confirm-delete'] ), 'confirmed', 0 );
            is_one_of( run_at( $t, $T0 + 40 * DAY, boot => 40 * DAY ), 'all are old', 0 );
            is( scalar( $s->left ), 0, 'and deleted' );
            is( here($t), 6, 'each copy once' );
            $s->stop;
        };
    }
}

# ---- zones ----
for my $zone ( 'Europe/Istanbul', 'America/New_York', 'Pacific/Apia', 'Asia/Kathmandu', 'right/UTC', 'XXX-14', 'YYY+12', ':/nonsense', '' ) {
    one_case "the time zone \"$zone\", changed between the runs: days are counted in seconds", sub {
        my ( $t, $s ) = surroundings();
        my $at = 1_793_494_800;    # clocks go back in Europe and America around then
        is_one_of( run_at( $t, $at, boot => 1000, env => { TZ => $zone } ), 'stored', 0 );
        is_one_of( run_at( $t, $at + 30 * DAY - 1, boot => 999 + 30 * DAY, env => { TZ => $zone } ), 'a second too early', 0 );
        is( scalar( $s->left ), 4, 'not a second early' );
        is_one_of( run_at( $t, $at + 30 * DAY, boot => 1000 + 30 * DAY, env => { TZ => 'UTC' } ), 'in time', 0 );
        is( scalar( $s->left ), 0, 'nor late' );
        $s->stop;
    };
}
done_testing();
