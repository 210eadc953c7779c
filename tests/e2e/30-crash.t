# SPDX-License-Identifier: ISC
# A run killed at any moment (kill -9, out of memory, a reset machine): the next run must end with every message once,
# octet for octet, and the server must never have deleted what is not here. POPKEEP_CRASH=all takes every call.
use strict;
use warnings;
use Popkeep;
use Popkeep::Crash qw(workloads sample changing);
use Popkeep::Faults;

srand( $ENV{POPKEEP_SEED} // 20261122 );
my ( $total, $violations ) = ( 0, 0 );
# Killed at that call. The number of calls is not quite the same in each run (three threads and a socket): a run that
# ended before it is done again with an earlier one.
sub killed_at {
    my ( $w, $at ) = @_;
    for ( ; $at > 0 ; $at = int( $at * 0.97 ) ) {
        my $fault = $w->point( KINDS => changing, AT => $at, DO => 'kill' );
        my $killed = ( $w->{run}{exit} // 0 ) != 0;
        return ( $killed, $fault && "killed at call $at: $fault" ) if $killed || $fault;
    }
    return ( 0, '' );
}

for my $w ( workloads(@ARGV) ) {
    my @points = sample( 8, 1 .. $w->undisturbed );
    my ( @bad, $killed );
    for my $at (@points) {
        my ( $did, $fault ) = killed_at( $w, $at );
        $killed += $did;
        push @bad, $fault if $fault;
    }
    ok( !@bad, "$w->{name}: killed at any call, nothing is lost and nothing doubled" ) or diag( join "\n", @bad[ 0 .. ( @bad > 5 ? 5 : $#bad ) ] );
    is( $killed, scalar @points, "$w->{name}: every kill did happen" );
    $total += @points;
    $violations += @bad;
}
faults_counted( 'kill', $total, $violations );
done_testing();
