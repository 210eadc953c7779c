# SPDX-License-Identifier: ISC
# Memory runs out, at any allocation of popkeep's own code (OpenSSL's among them) or of libc: the run ends with 70 (or
# libc does without, and all is done), stores nothing half, deletes nothing that is not surely kept; the next run
# completes. POPKEEP_CRASH=all takes every one of the 15,000 allocations of each workload.
# only: e2e
use strict;
use warnings;
use Popkeep;
use Popkeep::Crash qw(workloads sample);
use Popkeep::Faults;

srand( $ENV{POPKEEP_SEED} // 20261122 );
my ( $total, $violations, %seen ) = ( 0, 0 );
my @shims = map { Popkeep::tools_dir() . "/$_.so" } qw(allocshim faultshim);

# The workload's run in which allocation $at of those fails; how many there were.
sub run_without_memory {
    my ( $w, $from, $at ) = @_;
    my $count = Cwd::abs_path( $w->dir('.') ) . '/allocations';
    unlink $count;
    $w->reset;
    local $w->{shims} = \@shims;
    local $w->{env}   = { ALLOCSHIM_COUNT => $count, ALLOCSHIM_FROM => $from, ALLOCSHIM_AT => $at };
    $w->run;
    my ( $n, $failed, $pid ) = unpack 'q3', slurp($count) // "\0" x 24;
    return ( $n, $failed, $pid == $w->{run}{pid} );
}

sub fault_in_ending {
    my ( $w, $from ) = @_;
    my ( $exit, $said ) = ( $w->{run}{exit} // -1, $w->{run}{err} );
    $seen{$from}{$exit}++;
    if ( $exit == 0 ) {
        my @want = sort values %{ $w->{mail} };
        return "0, but not all is stored: $said" if "@want" ne "@{ $w->{t}->stored_octets('okul') }";
        return '0, but not all is deleted' if $w->{deletes} && $w->{server}->left > $w->{stay};
        return $from eq 'program' ? '0, though it had no memory' : '';
    }
    # all was done: libgcov writes its counts in exit(), and does not look whether it got the memory for that
    return '' if $exit == 139 && $w->{died} && ( $ENV{POPKEEP_SUITE} // '' ) eq 'cov';
    return "exit $exit: $said" if $exit != 70;
    return $said =~ /out of memory|Cannot allocate memory|cannot start the storing threads/ ? '' : "no word of memory: $said";
}

# The number of allocations differs a little from run to run: one that has ended before is done again with an earlier one.
sub fault_at {
    my ( $w, $from, $at ) = @_;
    for ( ; $at > 0 ; $at = int( $at * 0.97 ) ) {
        my ( undef, $failed, $in_parent ) = run_without_memory( $w, $from, $at );
        next unless $failed;
        local $w->{died} = $in_parent;    # it has said what it could
        return $w->fault_now || fault_in_ending( $w, $from ) || $w->fault_after;
    }
    return 'no allocation failed';
}

my @chosen = @ARGV ? @ARGV : qw(adopt compaction delete first missing recovery);
for my $w ( workloads(@chosen) ) {
    $w->undisturbed;
    for my $from (qw(program libraries)) {
        next if $from eq 'libraries' && $w->{name} !~ /^(?:first|delete)$/;
        my ($n) = run_without_memory( $w, $from, 0 );
        my @bad;
        for my $at ( sample( 10, 1 .. $n ) ) {
            my $fault = fault_at( $w, $from, $at );
            push @bad, "allocation $at of $n: $fault" if $fault;
            $total++;
        }
        ok( !@bad, "$w->{name}, $from: without memory at any moment, nothing is lost and nothing doubled" )
          or diag( join "\n", scalar @bad, @bad[ 0 .. ( @bad > 15 ? 15 : $#bad ) ] );
        $violations += @bad;
    }
}
for my $from ( sort keys %seen ) { note( "$from: exits " . join ', ', map { "$_ x $seen{$from}{$_}" } sort keys %{ $seen{$from} } ) }
faults_counted( 'memory', $total, $violations );
done_testing();
