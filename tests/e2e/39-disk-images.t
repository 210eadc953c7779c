# SPDX-License-Identifier: ISC
# The power fails, on real file systems: ext4, XFS and btrfs in image files. A run is stopped at a call, the image is copied
# as the "disk" holds it (what the kernel has not written yet is not in it), the run is killed, the copy mounted: the file
# system recovers, and the next run must end with every message once. What the server was asked to delete is in the copy.
# POPKEEP_FAULTS=all takes 40 states of each file system.
# only: e2e
use strict;
use warnings;
use Cwd ();
use Popkeep;
use Popkeep::Crash qw(workloads changing);
use Popkeep::Faults;
use Time::HiRes qw(sleep stat time);

srand( $ENV{POPKEEP_SEED} // 20261122 );
my $states = ( $ENV{POPKEEP_FAULTS} // '' ) eq 'all' ? 40 : 1;
my @kinds = (    # megabytes: 64 of them are asked to be free beforehand
    { name => 'ext4',  size => 200, make => [qw(mkfs.ext4 -q -F)] },
    { name => 'xfs',   size => 320, make => [qw(mkfs.xfs -q -f)] },
    { name => 'btrfs', size => 400, make => [qw(mkfs.btrfs -q -f)] },
);
my @chosen = @ARGV ? @ARGV : ( 'delete', 'first', 'recovery', 'delete at once', 'compaction' );

# In memory where that is possible: what is copied is the image as its file system wrote it, wherever it lies.
my $place = -d '/dev/shm' && -w '/dev/shm' ? "/dev/shm/popkeep-images-$$" : undef;
my ( $disk, %mounted );

END {
    my $s = $?;
    release();
    system 'rm', '-rf', $place if $place && -d $place;
    $? = $s;
}

sub quietly { return system("@_ >/dev/null 2>&1") == 0 }

sub mount_image {    # the image's state/ and Mail/ stand where those of the workload are
    my ( $w, $image ) = @_;
    mkdir $disk;
    quietly( 'mount', '-o', 'loop', "'$image'", "'$disk'" ) or return 0;
    $mounted{$disk} = 1;
    for my $part (qw(state Mail)) {
        my $there = $w->dir($part);
        mkdir "$disk/$part", 0700;
        mkdir $there;
        quietly( 'mount', '--bind', "'$disk/$part'", "'$there'" ) or die "mount --bind $there";
        $mounted{$there} = 2;
    }
    return 1;
}

sub release {
    for my $path ( sort { $mounted{$b} <=> $mounted{$a} } keys %mounted ) {
        for ( 1 .. 100 ) { last if quietly( 'umount', "'$path'" ); sleep 0.02 }
    }
    %mounted = ();
    return;
}

# The image while nothing is written to it (the kernel may, at any time): copied until it stayed as it was.
sub copy_image {
    my ( $from, $to ) = @_;
    for ( 1 .. 50 ) {
        my $before = ( stat $from )[9];
        system( 'cp', '--sparse=always', $from, $to ) == 0 or die "cp $from";
        return 1 if ( stat $from )[9] == $before;
        sleep 0.05;
    }
    return 0;
}

# An image with the workload's beginning.
sub base_image {
    my ( $w, $kind ) = @_;
    my $image = "$place/base";
    unlink $image;
    system( 'truncate', '-s', "$kind->{size}M", $image ) == 0 or die 'truncate';
    quietly( @{ $kind->{make} }, "'$image'" ) or return "$kind->{make}[0] fails";
    system 'rm', '-rf', map { $w->dir($_) } qw(state Mail);
    mount_image( $w, $image ) or return 'no loop mounts of it here';
    for my $part (qw(state Mail)) { system( 'cp', '-a', $w->dir("start/$part") . '/.', $w->dir($part) ) == 0 or die 'cp' }
    release();
    return '';
}

# The kernel may write any file back before it is asked to.
sub write_something {
    my ($w) = @_;
    my @paths = grep { -e } map { glob "'" . $w->dir($_) . "'/{,*,*/*,*/*/*}" } qw(state Mail);
    system 'sync', '-d', $paths[ rand @paths ] for 1 .. int rand 4;
    return;
}

# The run up to its call $at, where it is stopped and its disk copied: 1, or 0 when it had ended before.
sub stop_and_copy {
    my ( $w, $at ) = @_;
    my $t    = $w->{t};
    my $root = Cwd::abs_path( $t->dir );
    my %shim = ( COUNT => "$root/count", ROOTS => "$root/state:$root/Mail", KINDS => changing, AT => $at, DO => 'stop' );
    system 'rm', '-rf', $w->dir('box');
    system( 'cp', '-a', $w->dir('start/box'), $w->dir('.') ) == 0 or die 'cp';
    unlink "$root/count", glob "'$root'/run-*";
    $t->{runs} = 0;
    truncate $w->{server}{log}, 0;
    local $t->{preload} = [ Popkeep::tools_dir() . '/faultshim.so' ];
    my $run = $t->start( @{ $w->{args} }, '--json', { env => { map { ( "FAULTSHIM_$_" => $shim{$_} ) } keys %shim } } );
    my ( $stopped, $worker ) = (0);
    my $until = time + 60;
    until ( $stopped || time > $until || ( slurp("/proc/$run->{pid}/stat") // ') Z' ) =~ /\) Z/ ) {
        ($worker) = workers( $run->{pid} );
        $stopped = grep { ( slurp("/proc/$_/stat") // '' ) =~ /\) T/ } $run->{pid}, $worker // ();    # the first call is the parent's
        sleep 0.003;
    }
    if ($stopped) {
        write_something($w) if rand() < 0.6;
        $stopped = copy_image( "$place/live", "$place/copy" );
        kill KILL => $run->{pid}, $worker // ();
    }
    $w->{run} = $run->finish;
    sleep 0.002 while $worker && -e "/proc/$worker/fd" && time < $until;
    $w->{server}->log;
    return $stopped;
}

sub fault_at {
    my ( $w, $at ) = @_;
    my $stopped = 0;
    for ( ; !$stopped && $at > 0 ; $at = int( $at * 0.97 ) ) {
        system( 'cp', '--sparse=always', "$place/base", "$place/live" ) == 0 or die 'cp';
        mount_image( $w, "$place/live" ) or return 'cannot be mounted';
        $stopped = stop_and_copy( $w, $at );
        release();
    }
    return 'was never stopped' if !$stopped;
    mount_image( $w, "$place/copy" ) or return 'cannot be mounted after the power is back';
    my $fault = $w->fault_now || $w->fault_after;
    release();
    return $fault;
}

my $never = $> != 0 ? 'only root may mount images' : !$place ? 'there is no /dev/shm to hold images' : '';
mkdir $place, 0700 if !$never;
my ( $total, $violations, $skipped ) = ( 0, 0, 0 );
for my $w ( map { workloads($_) } @chosen[ 0 .. ( $states > 1 ? $#chosen : 0 ) ] ) {
    $disk = $w->{t}->path('disk');
    my $n = $w->undisturbed;
    for my $kind (@kinds) {
      SKIP: {
            my $why = $never || ( quietly( 'command', '-v', $kind->{make}[0] ) ? base_image( $w, $kind ) : "there is no $kind->{make}[0]" );
            if ($why) {
                $skipped++;
                skip "$kind->{name}: $why", 1 if $states > 1;
                note("left out here: $kind->{name}: $why");    # a machine without loop devices can run `make check`
                last SKIP;
            }
            my ( $cases, @bad ) = $states > 1 ? int( $states / @chosen ) : 1;
            for ( 1 .. $cases ) {
                my $at    = 1 + int rand $n;
                my $fault = fault_at( $w, $at );
                push @bad, "stopped at call $at of $n: $fault" if $fault;
                $total++;
            }
            ok( !@bad, "$w->{name}: the power fails on $kind->{name}, nothing is lost and nothing doubled" ) or diag( join "\n", @bad );
            $violations += @bad;
        }
    }
}
faults_counted( 'images', $total, $violations, $skipped );
done_testing();
