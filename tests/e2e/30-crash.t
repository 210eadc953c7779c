# SPDX-License-Identifier: ISC
# A run killed at any moment (kill -9, out of memory, a reset machine): the next run must end with every message once,
# octet for octet, and the server must never have deleted what is not here. POPKEEP_CRASH=all takes every call.
use strict;
use warnings;
use Popkeep;
use Popkeep::Crash qw(workloads sample);

srand( $ENV{POPKEEP_SEED} // 20261122 );
my $total = 0;
for my $w ( workloads(@ARGV) ) {
    my $n = $w->undisturbed;
    my ( @bad, $killed );
    for my $at ( sample( 12, 1 .. $n ) ) {
        my $fault = $w->point( AT => $at, DO => 'kill' );
        $killed++ if ( $w->{run}{exit} // 0 ) != 0;
        push @bad, "killed at call $at of $n: $fault" if $fault;
        $total++;
    }
    ok( !@bad, "$w->{name}: killed at any call, nothing is lost and nothing doubled" ) or diag( join "\n", @bad[ 0 .. ( @bad > 5 ? 5 : $#bad ) ] );
    cmp_ok( $killed, '>', 0, "$w->{name}: the kills did happen" );
}
note("$total kill points");
done_testing();
