# SPDX-License-Identifier: ISC
# What a measurement stands on: a folder of its own, a new file system for each run, the real server with its
# mailboxes in memory, a distance to it. All of it is taken down again, however the bench ends.
package Bench::World;
use strict;
use warnings;
use Fcntl qw(:flock);
use File::Path qw(make_path remove_tree);
use JSON::PP ();
use Time::HiRes qw(time sleep);
use Popkeep ();
use Popkeep::Dovecot;
use Popkeep::Server;

sub new {
    my ($class) = @_;
    my $w = bless { dir => Popkeep::top_dir() . '/build/bench', relays => {} }, $class;
    make_path( $w->{dir} );
    open $w->{lock}, '>', "$w->{dir}/lock" or die "$w->{dir}/lock: $!\n";
    flock $w->{lock}, LOCK_EX | LOCK_NB or die "another bench is running here\n";
    $w->{target} = "$w->{dir}/target";
    $w->{work}   = "$w->{dir}/work";
    $w->take_down_target;    # a bench that was killed may have left one
    remove_tree( $w->{work} );
    make_path( $w->{work} );
    for ( glob '/dev/shm/popkeep-bench-*' ) { remove_tree($_) if /bench-(\d+)-/ && !kill 0, $1 }
    $w->{loop} = $> == 0 && system('command -v mkfs.ext4 losetup >/dev/null 2>&1') == 0 && !$ENV{BENCH_FOLDER};
    $ENV{TMPDIR} = '/dev/shm' if -w '/dev/shm';    # where Popkeep::Dovecot puts its mail
    Popkeep::spew( "$w->{work}/password", "secret\n" );
    chmod 0600, "$w->{work}/password";

    $w->set_aside;
    return $w;
}

# Program, tools and certificates stay the same during the bench, whatever is built meanwhile.
sub set_aside {
    my ($w) = @_;
    my %from = ( certs => Popkeep::certs_dir(), tools => Popkeep::tools_dir(), popkeep => Popkeep::program() );
    for ( sort keys %from ) { system( 'cp', '-R', $from{$_}, "$w->{work}/$_" ) == 0 or die "there is no $from{$_}\n" }
    $w->{popkeep} = "$w->{work}/popkeep";
    $ENV{POPKEEP_TOOLS} = "$w->{work}/tools";
    no warnings 'redefine';
    *Popkeep::certs_dir = sub { return "$w->{work}/certs" };
    return;
}

sub tool { return Popkeep::tools_dir() . "/$_[1]" }

sub command {    # to its end, or die
    my ( $w, @command ) = @_;
    system("@command[0 .. $#command] >$w->{work}/command.out 2>&1") == 0
      or die "@command:\n" . ( Popkeep::slurp("$w->{work}/command.out") // '' );
    return;
}

# ---- the target: where mail is stored ---------------------------------------------------------

# Nothing of the run before is in it, not even freed inodes: on a used ext4 those make creating files up to
# ten times slower. Returns its path.
sub fresh_target {
    my ( $w, $mib ) = @_;
    $w->take_down_target;
    make_path( $w->{target} );
    if ( $w->{loop} ) {
        my $image = "$w->{dir}/target.img";
        open my $fh, '>', $image or die "$image: $!\n";
        close $fh;

        # its space is given beforehand, and the host's page cache left out (direct I/O): so that what is measured comes
        # as near to a disk of its own as may be
        system("fallocate -l ${mib}MiB '$image' 2>/dev/null") == 0 or $w->command("truncate -s ${mib}M '$image'");

        # all tables are made now: no kernel thread is to do it during the run
        $w->command( "mkfs.ext4 -q -F -N 262144 -E lazy_itable_init=0,lazy_journal_init=0,nodiscard '$image'" );
        my $loop = `losetup --find --show --direct-io=on '$image' 2>/dev/null` || `losetup --find --show '$image'`;
        chomp $loop;
        $w->{loop_device} = $loop;
        $w->command("mount '$loop' '$w->{target}'");
        $w->{mounted} = 1;
    }
    system 'sync';
    sleep( $ENV{BENCH_QUICK} ? 0.05 : 0.5 );
    return $w->{target};
}

sub take_down_target {
    my ($w) = @_;
    my $mounted = Popkeep::slurp('/proc/mounts') =~ / \Q$w->{target}\E /;
    if ($mounted) {
        my $until = time + 10;
        until ( system("umount '$w->{target}' 2>/dev/null") == 0 ) {
            if ( time > $until ) {
                system 'umount', '-l', $w->{target};
                last;
            }
            sleep 0.1;
        }
    }
    if ( my $loop = delete $w->{loop_device} ) { system "losetup -d '$loop' 2>/dev/null" }
    remove_tree( $w->{target} );
    unlink "$w->{dir}/target.img";
    return;
}

sub file_system {
    my ($w) = @_;
    my ($under) = `df --output=fstype,source '$w->{dir}' | tail -1` =~ /(\S+)/;
    return $w->{loop} ? "a new ext4 for each run, in a file on $under behind a loop device with direct I/O" : "a new folder for each run on $under";
}

# ---- the server ---------------------------------------------------------------------------------

sub dovecot {
    my ($w) = @_;
    return $w->{dovecot} //= do {
        my $why = Popkeep::Dovecot::missing();
        die "$why\n" if $why;

        # RETR is not to change the mailbox: each contestant is to meet the same one
        Popkeep::Dovecot->new( extra => "pop3_no_flag_updates = yes\nservice pop3 {\n  vsz_limit = 0\n}\n" );
    };
}

# A mailbox of the real server, made by benchbox COUNT OCTETS SPREAD; a first session has it indexed.
sub box {
    my ( $w, $name, $count, $octets, $spread, $first ) = @_;
    my $d   = $w->dovecot;
    my $dir = "$d->{dir}/mail/$name";
    if ( !-d $dir ) {
        make_path( map { "$dir/$_" } qw(new cur tmp) );
        open my $users, '>>', "$d->{dir}/users" or die "users: $!\n";
        print {$users} "$name:{PLAIN}secret\n";
        close $users;
    }
    $w->command( $w->tool('benchbox'), "'$dir/cur'", $count, $octets, $spread // 0, $first // 0 );
    Popkeep::Dovecot::own( $d, $dir, map { "$dir/$_" } qw(new cur tmp) );
    $w->index_box($name);
    my $there = () = glob "'$dir/cur/'*";
    my $wire = 0;
    $wire += /,W=(\d+)/ ? $1 : 0 for glob "'$dir/cur/'*";
    return { name => $name, count => $there, octets => $wire, port => $d->port, dir => $dir };
}

sub index_box {
    my ( $w, $name ) = @_;
    my $in = Popkeep::spew( "$w->{work}/index.in", "USER $name\r\nPASS secret\r\nSTAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nQUIT\r\n" );
    my $port = $w->dovecot->port;
    system("openssl s_client -quiet -connect 127.0.0.1:$port <'$in' >/dev/null 2>&1") == 0 or die "indexing $name failed\n";
    return;
}

# A port behind which $port is so many ms away (0: the port itself).
sub port_at {
    my ( $w, $port, $rtt ) = @_;
    return $port unless $rtt;
    my $key = "$port-$rtt";
    return $w->{relays}{$key} if $w->{relays}{$key};
    my $file = "$w->{work}/relay-$key";
    Popkeep::spawn( [ $w->tool('delayrelay'), '--port-file', $file, '--to', $port, '--rtt', $rtt ] );
    my $until = time + 10;
    until ( -s $file ) { die "delayrelay did not start\n" if time > $until; sleep 0.005 }
    chomp( $w->{relays}{$key} = Popkeep::slurp($file) );
    return $w->{relays}{$key};
}

# popserver over a maildrop of its own: popserver(name, script, [count, octets])
sub popserver {
    my ( $w, $name, $script, @box ) = @_;
    my $box = ( -w '/dev/shm' ? '/dev/shm' : $w->{work} ) . "/popkeep-bench-$$-$name";
    make_path($box);
    push @{ $w->{folders} }, $box;
    $w->command( $w->tool('benchbox'), '--eml', "'$box'", @box );
    return Popkeep::Server->new( dir => $w->{work}, box => $box, script => $script, args => [ '--lifetime', 3600 ] );
}

# ---- one run ------------------------------------------------------------------------------------

# run(\@command, stdin => file, env => {}, timeout => s, strace => 1): what benchrun says of it, and
# with strace => {calls => {name => n}} instead of times worth believing.
sub run {
    my ( $w, $command, %how ) = @_;
    my $json = "$w->{work}/run.json";
    my $log  = "$w->{work}/run.log";
    unlink $json, $log, "$w->{work}/strace";
    my @inner = @$command;
    unshift @inner, 'strace', '-f', '-c', '-S', 'calls', '-o', "$w->{work}/strace" if $how{strace};
    my $timeout = $how{timeout} // 1800;
    my %env = ( PATH => $ENV{PATH}, HOME => $w->{target}, LC_ALL => 'C.UTF-8', TZ => 'UTC', %{ $how{env} || {} } );
    my $pid = Popkeep::spawn( [ $w->tool('benchrun'), '--out', $json, '--timeout', $timeout, @inner ],
        stdin => $how{stdin}, stdout => $how{stdout} // $log, stderr => $log, env => \%env, dir => $w->{target} );
    $w->{running} = $pid;
    Popkeep::reap( $pid, $timeout + 60 );
    delete $w->{running};
    my $result = JSON::PP::decode_json( Popkeep::slurp($json) // die "@$command: benchrun failed\n" );
    $result->{said} = Popkeep::slurp($log) // '';
    if ( $how{strace} ) {
        for ( split /\n/, Popkeep::slurp("$w->{work}/strace") // '' ) {
            $result->{calls}{$2} = $1 if /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z]\w*)$/ && $2 ne 'total';
        }
    }
    return $result;
}

sub take_down {
    my ($w) = @_;
    Popkeep::end_process( delete $w->{running} ) if $w->{running};
    $w->take_down_target;
    $w->{dovecot}->stop if $w->{dovecot};
    remove_tree( $w->{work}, @{ $w->{folders} || [] } );
    return;
}

1;
