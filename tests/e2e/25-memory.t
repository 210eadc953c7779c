#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# However large a message is, popkeep holds a few megabytes: a school's small computer does not start to swap, nor a
# worker get killed, because somebody was sent a film.
# only: e2e
use strict;
use warnings;
use Popkeep;
use Popkeep::Dovecot;
use Popkeep::Mails;
use Time::HiRes qw(sleep);

my $why = Popkeep::Dovecot::missing();
plan skip_all => $why if $why;

# The largest resident size, in KiB, of any process of a run.
sub peak_of {
    my ($run) = @_;
    my $peak = 0;
    while (1) {
        my @pids = ( $run->{pid} );
        push @pids, map { split ' ', slurp($_) // '' } glob "/proc/$run->{pid}/task/*/children";
        for my $pid (@pids) {    # before it became popkeep a process was a copy of this perl
            next if ( readlink("/proc/$pid/exe") // q() ) ne Popkeep::program();
            my ($kib) = ( slurp("/proc/$pid/status") // '' ) =~ /^VmHWM:\s+(\d+)/m;
            $peak = $kib if defined $kib && $kib > $peak;
        }
        last if !-d "/proc/$run->{pid}" || ( slurp("/proc/$run->{pid}/stat") // ') Z' ) =~ /\) Z/;
        sleep 0.002;
    }
    return $peak;
}

my $block = Popkeep::Mails::large( 5_000_000, 'large' );

sub fetched {
    my ( $octets, $last ) = @_;
    my $t = Popkeep->new;
    my $d = Popkeep::Dovecot->new( mails => [ [ ($block) x ( $octets / 5_000_000 ), $last ] ] );
    $t->account( $d, 'okul' );
    my $run = $t->start( 'fetch', { timeout => 300 } );
    my $peak = peak_of($run);
    $run->finish->exits( 0, "$octets octets" );
    my @paths = $t->stored_paths('okul');
    cmp_ok( -s $paths[0], '>=', 0.999 * $octets, 'stored' );
    note "$octets octets: $peak KiB";
    return $peak;
}

my $small = fetched( 5_000_000, '' );
cmp_ok( $small, '>', 1024, 'the size can be seen at all' );
for ( [ 50_000_000, '', 'a message of 50 MB' ], [ 200_000_000, '', 'a message of 200 MB' ],
    [ 50_000_000, "a\rb\n", 'a message of 50 MB that has to be written anew at its end' ] ) {
    my ( $octets, $last, $what ) = @$_;
    my $peak = fetched( $octets, $last );
    cmp_ok( $peak, '<', 32 * 1024, "$what: less than 32 MiB" );
    cmp_ok( $peak - $small, '<', 4 * 1024, 'not 4 MiB more than for one of 5 MB' );
}
done_testing();
