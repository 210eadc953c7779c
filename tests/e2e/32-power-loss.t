# SPDX-License-Identifier: ISC
# The power fails at any moment: what was not synced is lost, or half there, or there. Nothing that the server was
# asked to delete may be among it, and the next run must end with every message once. POPKEEP_CRASH=all takes every call.
use strict;
use warnings;
use Popkeep;
use Popkeep::Crash qw(workloads sample);
use Popkeep::Faults;

my $seed = $ENV{POPKEEP_SEED} // 20261122;
my @chosen = ( 'adopt', 'compaction', 'delete', 'delete at once', 'first', 'first, one fsync a file', 'missing', 'recovery', 'recovery, one fsync a file' );
push @chosen, 'compaction, second', 'cut line', 'first, by links', 'recovery, early', 'renamed' if $ENV{POPKEEP_CRASH};
@chosen = @ARGV if @ARGV;
my ( $total, $violations ) = ( 0, 0 );
for my $w ( workloads(@chosen) ) {
    my ( $n, @bad ) = $w->undisturbed;
    srand $seed;
    my @cases;
    for my $at ( 1 .. $n + 1 ) {    # + 1: the run ended, and then
        push @cases, map { [ $_, $at ] } qw(none prefix torn some), $ENV{POPKEEP_CRASH} ? qw(some some) : ();
    }
    my @twice = map { [ ( 'none', 'some' )[ $_ % 2 ], 1 + int rand $n, 1 + int rand 60 ] } 1 .. 60;    # killed, and in the run after it the power fails
    for my $case ( sample( 10, @cases ), sample( 3, @twice ) ) {
        srand( $seed + ++$total );
        my $fault = $w->power_cut(@$case);
        push @bad, "seed @{[$seed + $total]}, @$case: $fault" if $fault;
    }
    ok( !@bad, "$w->{name}: the power fails at any call, nothing is lost and nothing doubled" )
      or diag( join "\n", scalar @bad, @bad[ 0 .. ( @bad > 5 ? 5 : $#bad ) ] );
    $violations += @bad;
}
faults_counted( 'power', $total, $violations );
done_testing();
