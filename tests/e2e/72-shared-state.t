#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e
# State on storage that several machines mount: where their locks do not hold against each other, popkeep refuses, before
# two of them store one account's mail twice. A local disk is never refused.
use strict;
use warnings;
use Popkeep;
use POSIX ();

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my $s = $t->server;
$t->account( $s, 'okul' );
$t->{preload} = [ Popkeep::tools_dir() . '/mountshim.so' ];

# the number of the mount this test lies on, and a mountinfo in which it is another file system
opendir my $here, $t->dir or die;
my ($id) = slurp( '/proc/self/fdinfo/' . POSIX::dup( fileno $here ) ) =~ /^mnt_id:\s*(\d+)/m;
my $real = slurp('/proc/self/mountinfo');

sub mounted {    # type, options => what the program is to see
    my ( $kind, $type, $options ) = @_;
    ( my $text = $real ) =~ s/^($id \d+ \S+ \S+ \S+ \S+(?: \S+)*?) - .*$/$1 - $type nas:\/mail $options/m or die 'the mount is not there';
    spew( $t->path('mountinfo'), $text );
    return ( MOUNTSHIM_KIND => $kind, MOUNTSHIM_MOUNTINFO => $t->path('mountinfo') );
}

my @refused = (
    [ 'NFS without a lock service', 6969,     'nfs',        'rw,vers=3,nolock,local_lock=all', qr/\(nfs, mounted with nolock\)\n +mount it without nolock, or set state_dir to a disk of this machine$/m ],
    [ 'NFS with local flock',       6969,     'nfs4',       'rw,vers=4.2,local_lock=flock',    qr/\(nfs4, mounted with local_lock=flock\)/ ],
    [ 'SMB that keeps locks',       'ff534d42', 'cifs',     'rw,vers=3.1.1,nobrl',             qr/\(cifs, mounted with nobrl\)/ ],
    [ 'Lustre with local flock',    'bd00bd0', 'lustre',    'rw,localflock',                   qr/\(lustre, mounted with localflock\)/ ],
    [ 'sshfs',                      65735546, 'fuse.sshfs', 'rw,user_id=0',                    qr/\(fuse\.sshfs\)\n +set state_dir to a disk of this machine/ ],
);
for my $case (@refused) {
    my ( $what, $kind, $type, $options, $says ) = @$case;
    my %env = mounted( $kind, $type, $options );
    $t->popkeep( { env => \%env } )->exits( 78, "$what: refused" );
    $t->last_run->says( qr/^okul: .*okul cannot hold the state: other machines do not see locks on its file system /m, '... why' );
    $t->last_run->says($says);
    is( scalar $s->sessions, 0, '... before the server is asked' );
    is( scalar $t->stored_paths('okul'), 0, '... and nothing was stored' );
    $t->popkeep( 'status', { env => \%env } )->exits( 0, '... what only reads goes on' );
}

my @accepted = (
    [ 'NFS 4',             6969,     'nfs4',           'rw,vers=4.2,local_lock=none' ],
    [ 'NFS 3',             6969,     'nfs',            'rw,vers=3,local_lock=none' ],
    [ 'CephFS',            'c36400', 'ceph',           'rw,name=admin' ],
    [ 'GlusterFS',         65735546, 'fuse.glusterfs', 'rw,user_id=0' ],
    [ 'NTFS by FUSE',      65735546, 'fuseblk',        'rw,user_id=0' ],
    [ 'overlay',           '794c7630', 'overlay',      'rw,lowerdir=/a,upperdir=/b,workdir=/c' ],
    [ 'ext4',              'ef53',   'ext4',           'rw,nolock' ],
);
for my $case (@accepted) {
    my ( $what, $kind, $type, $options ) = @$case;
    $t->popkeep( '-q', { env => { mounted( $kind, $type, $options ) } } )->is_silent("$what: nothing is said");
    is( $t->last_run->exit, 0, '... and it works' );
}
spew( $t->path('mountinfo'), '' );
$t->popkeep( { env => { MOUNTSHIM_KIND => 6969, MOUNTSHIM_MOUNTINFO => $t->path('mountinfo') } } )->exits( 0, 'what cannot be found out is no error' );
$t->popkeep( { env => { MOUNTSHIM_KIND => 6969, MOUNTSHIM_MOUNTINFO => $t->path('none') } } )->exits( 0, '... nor where there is no /proc' );

# ---- a file system that does not lock at all
for my $errno ( POSIX::ENOSYS(), POSIX::EOPNOTSUPP(), POSIX::ENOLCK() ) {
    $t->popkeep( { env => { MOUNTSHIM_FLOCK => $errno } } )->exits( 74, "flock fails with $errno" );
    $t->last_run->says(qr/^okul: cannot lock .*\n +mount its file system with locks, or set state_dir to a disk of this machine$/m);
}

# ---- whose run it is, when the lock is held on another machine
open my $lock, '+<', $t->state_file( 'okul', 'lock' ) or die;
like( slurp( $t->state_file( 'okul', 'lock' ) ), qr/\A\d+ [\w.-]+\n\z/, 'the lock says who held it last' );
flock $lock, 2;
truncate $lock, 0;
for ( [ "4711 node7\n", qr/process 4711 on node7 holds/ ], [ "4711\n", qr/process 4711 holds/ ], [ '', qr/\(it holds/ ], [ "4711 \e[31m\x{1}\n", qr/process 4711 on \\x1b\[31m\\x01 holds/ ] ) {
    my ( $text, $says ) = @$_;
    seek $lock, 0, 0;
    truncate $lock, 0;
    syswrite $lock, $text;
    $t->popkeep->exits( 75, 'another run is at work' );
    $t->last_run->says($says);
}
done_testing();
