# SPDX-License-Identifier: ISC
# Disks that fail or are full, at any call: the run says so with the path and 73 or 74 (or it did not matter and all is
# done), stores nothing half, deletes nothing that is not surely kept, sends no QUIT after a sync that failed, and the
# next run completes. POPKEEP_CRASH=all takes every call.
use strict;
use warnings;
use Popkeep;
use Popkeep::Crash qw(workloads sample);
use Popkeep::Faults;

srand( $ENV{POPKEEP_SEED} // 20261122 );
my %errors = ( EIO => 5, ENOSPC => 28, EDQUOT => 122, EROFS => 30, EMFILE => 24, EACCES => 13, EINTR => 4, short => 'short' );
my @kinds = qw(open create write read truncate utimens close fsync fdatasync syncfs renameat2 renameat link unlink mkdir readdir);
my $files = join ',', @kinds;
my @chosen = @ARGV ? @ARGV : ( 'adopt', 'compaction', 'delete', 'first', 'first, one fsync a file', 'recovery' );
my ( $total, $harmless, $violations, %seen ) = ( 0, 0, 0 );

# What is wrong with how a run ended in which a call failed; '' when nothing is.
sub fault_in_ending {
    my ($w) = @_;
    my $run = $w->{run};
    my ( $exit, $said, $what ) = ( $run->{exit} // -1, $run->{err}, $w->{went_wrong} );
    $seen{$exit}++;
    if ( $what =~ /sync/ && $w->{shim_did} ne 'short' ) {
        my @quits = grep { $_->{text} =~ /^QUIT/ && $_->{time} > $w->{went_wrong_at} / 1e9 } $w->{server}->log( kind => 'C' );
        return "QUIT was sent after a failed $what" if @quits;
    }
    if ( $exit == 0 ) {
        $harmless++;
        my @want = sort values %{ $w->{mail} };
        return "0, but not all is stored: $said" if "@want" ne "@{ $w->{t}->stored_octets('okul') }";
        return '0, but not all is deleted' if $w->{deletes} && $w->{server}->left > $w->{stay};
        return '';
    }
    return "exit $exit: $said" if $exit != 73 && $exit != 74;
    return "the message names no path: $said" if $said !~ m{/(?:state|Mail)\b};
    return '';
}

for my $w ( workloads(@chosen) ) {
    $w->undisturbed;
    $w->reset;
    my $n = $w->run( KINDS => $files );
    my @cases;
    for my $at ( 1 .. $n ) { push @cases, map { [ $at, $_, 0 ], $_ =~ /ENOSPC|EROFS|EIO/ ? [ $at, $_, 1 ] : () } sort keys %errors }
    my @bad;
    for my $case ( sample( 18, @cases ) ) {
        my ( $at, $error, $sticky ) = @$case;
        my $fault = $w->point( KINDS => $files, AT => $at, DO => $errors{$error}, STICKY => $sticky || undef, ending => \&fault_in_ending );
        push @bad, "$error at call $at of $n ($w->{went_wrong})" . ( $sticky ? ' and ever after' : '' ) . ": $fault" if $fault;
        $total++;
    }
    ok( !@bad, "$w->{name}: whatever call fails, it is told, nothing is lost and nothing doubled" )
      or diag( join "\n", scalar @bad, @bad[ 0 .. ( @bad > 25 ? 25 : $#bad ) ] );
    $violations += @bad;
}
note( "$total faults, $harmless of no consequence; exits: " . join ', ', map { "$_ x $seen{$_}" } sort keys %seen );
faults_counted( 'io', $total, $violations );
done_testing();
