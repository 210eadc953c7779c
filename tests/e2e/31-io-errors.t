# SPDX-License-Identifier: ISC
# Disks that fail or are full, at any call: the run says so with the path and 73 or 74 (or it did not matter and all is
# done), stores nothing half, deletes nothing that is not surely kept, sends no QUIT after a sync that failed, and the
# next run completes. The same of calls to sockets, where the line is to blame and nothing worse than 75 comes of it.
# POPKEEP_CRASH=all takes every call.
use strict;
use warnings;
use Popkeep;
use Popkeep::Crash qw(workloads sample);
use Popkeep::Faults;

srand( $ENV{POPKEEP_SEED} // 20261122 );
my %errors = ( EIO => 5, ENOSPC => 28, EDQUOT => 122, EROFS => 30, EMFILE => 24, EACCES => 13, EINTR => 4, short => 'short' );
my %line_errors = ( ECONNRESET => 104, ETIMEDOUT => 110, EPIPE => 32, EINTR => 4, short => 'short', eof => 'eof' );
my @kinds = qw(open create write read truncate utimens close fsync fdatasync syncfs renameat2 renameat link unlink mkdir readdir);
my $files = join ',', @kinds;
my $sockets = 'connect,recv,send';
my @chosen = @ARGV ? @ARGV : ( 'adopt', 'compaction', 'delete', 'first', 'first, one fsync a file', 'missing', 'recovery' );
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
    # an end of the stream in QUIT's answer: what became of the deletions is not known
    return $exit == 75 || $exit == 10 ? '' : "exit $exit: $said" if $what =~ /^(?:connect|recv|send)$/;
    return "exit $exit: $said" if $exit != 73 && $exit != 74;
    return "the message names no path: $said" if $said !~ m{/(?:state|Mail)\b};
    return '';
}

# Each error at each call of these kinds; those that stay with a disk also from then on.
sub cases {
    my ( $w, $kinds, $errors ) = @_;
    $w->reset;
    my $n = $w->run( KINDS => $kinds );
    my @cases;
    for my $at ( 1 .. $n ) {
        for my $error ( sort keys %$errors ) {
            push @cases, { error => $error, shim => { KINDS => $kinds, AT => $at, DO => $errors->{$error} } };
            push @cases, { error => "$error and ever after", shim => { %{ $cases[-1]{shim} }, STICKY => 1 } } if $error =~ /ENOSPC|EROFS|EIO/;
        }
    }
    return @cases;
}

for my $w ( workloads(@chosen) ) {
    $w->undisturbed;
    my @bad;
    for my $case ( sample( 14, cases( $w, $files, \%errors ) ), sample( 5, cases( $w, $sockets, \%line_errors ) ) ) {
        my $fault = $w->point( %{ $case->{shim} }, ending => \&fault_in_ending );
        push @bad, "$case->{error} at call $case->{shim}{AT} ($w->{went_wrong}): $fault" if $fault;
        $total++;
    }
    ok( !@bad, "$w->{name}: whatever call fails, it is told, nothing is lost and nothing doubled" )
      or diag( join "\n", scalar @bad, @bad[ 0 .. ( @bad > 25 ? 25 : $#bad ) ] );
    $violations += @bad;
}
note( "$total faults, $harmless of no consequence; exits: " . join ', ', map { "$_ x $seen{$_}" } sort keys %seen );
faults_counted( 'io', $total, $violations );
done_testing();
