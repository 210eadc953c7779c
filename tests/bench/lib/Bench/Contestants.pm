# SPDX-License-Identifier: ISC
# Who is measured: each knows how to fetch a mailbox into a target and leave it on the server. A contestant is a sub
# (world, box, port, target) that writes what it needs and gives (\@command, options of Bench::World::run).
package Bench::Contestants;
use strict;
use warnings;
use File::Path qw(make_path);
use Popkeep ();

sub config {    # of popkeep, for one account; its path
    my ( $w, $box, $port, $target, %keys ) = @_;
    my %all = (
        host => '127.0.0.1', port => $port, user => $box->{name}, tls_ca_file => Popkeep::certs_dir() . '/ca.pem',
        password_file => "$w->{work}/password", maildir => "$target/Mail", %keys
    );
    my $text = "[defaults]\nstate_dir = $target/state\n\n[account bench]\n";
    $text .= "$_ = $all{$_}\n" for sort keys %all;
    my $path = Popkeep::spew( "$w->{work}/popkeep.conf", $text );
    chmod 0600, $path;
    return $path;
}

# The same for many, all at one server.
sub config_of_many {
    my ( $w, $port, $target, @users ) = @_;
    my $ca   = Popkeep::certs_dir() . '/ca.pem';
    my $text = <<"END";
[defaults]
state_dir = $target/state
jobs = 64
per_host = 64
host = 127.0.0.1
port = $port
tls_ca_file = $ca
password_file = $w->{work}/password

END
    $text .= "[account $_]\nuser = $_\nmaildir = $target/Mail/$_\n\n" for @users;
    my $path = Popkeep::spew( "$w->{work}/many.conf", $text );
    chmod 0600, $path;
    return $path;
}

sub popkeep {
    my ( $w, $box, $port, $target ) = @_;
    return [ $w->{popkeep}, '-c', config( $w, $box, $port, $target ) ];
}

# Every RETR in one go, the answers thrown away: the time until the last octet is here.
sub wire {
    my ( $w, $box, $port ) = @_;
    my $in = "USER $box->{name}\r\nPASS secret\r\n" . join( '', map { "RETR $_\r\n" } 1 .. $box->{count} ) . "QUIT\r\n";
    return ( [ 'openssl', 's_client', '-quiet', '-connect', "127.0.0.1:$port" ],
        stdin => Popkeep::spew( "$w->{work}/wire.in", $in ), stdout => '/dev/null' );
}

sub maildir {
    my ($target) = @_;
    make_path( ( map { "$target/Mail/$_" } ( '', qw(tmp new cur) ) ), { mode => 0700 } );
    return "$target/Mail";
}

sub spew_private {
    my ( $path, $text ) = @_;
    chmod 0600, Popkeep::spew( $path, $text );
    return $path;
}

sub mpop {
    my ( $w, $box, $port, $target ) = @_;
    my $maildir = maildir($target);
    my $ca      = Popkeep::certs_dir() . '/ca.pem';
    my $config  = spew_private( "$w->{work}/mpoprc", <<"END");
account bench
host 127.0.0.1
port $port
tls on
tls_starttls off
tls_trust_file $ca
auth user
user $box->{name}
password secret
keep on
received_header off
uidls_file $target/uidls
delivery maildir $maildir
END
    return [ 'mpop', '-C', $config, '-Q', 'bench' ];
}

# As root it fetches as another user, whom the cache must belong to, and stores as the one named.
sub fdm {
    my ( $w, $box, $port, $target ) = @_;
    my $maildir = maildir($target);
    my $cache   = "$target/fdm";
    make_path($cache);
    chmod 0777, $cache;
    my $users  = $> ? '' : qq{set default-user "root"\n};
    my $config = spew_private( "$w->{work}/fdm.conf", <<"END");
${users}set lock-file "$target/fdm.lock"
set maximum-size 1G
account "bench" pop3s server "127.0.0.1" port $port user "$box->{name}" pass "secret" new-only cache "$cache/cache" keep
action "store" maildir "$maildir"
match all action "store"
END
    return [ 'fdm', '-q', '-f', $config, 'fetch' ];
}

sub fetchmail {
    my ( $w, $box, $port, $target ) = @_;
    my $maildir = maildir($target);
    my $mda     = $w->tool('benchmda');
    my $ca      = Popkeep::certs_dir() . '/ca.pem';
    my $config  = spew_private( "$w->{work}/fetchmailrc", <<"END");
poll localhost service $port protocol POP3 uidl
  user "$box->{name}" password "secret" ssl sslcertck sslcertfile "$ca" keep fetchall no rewrite mda "$mda $maildir"
END
    return ( [ 'fetchmail', '-s', '-f', $config, '-i', "$target/fetchids", '--pidfile', "$target/fetchmail.pid" ] );
}

# It refuses to store mail as root.
sub getmail {
    my ( $w, $box, $port, $target ) = @_;
    my $maildir = maildir($target);
    $> or chown( ( getpwnam 'nobody' )[ 2, 3 ], map { "$maildir/$_" } ( '', qw(tmp new cur) ) );
    my $ca      = Popkeep::certs_dir() . '/ca.pem';
    my $user    = $> ? '' : "user = nobody";
    make_path("$target/getmail");
    spew_private( "$target/getmail/rc", <<"END");
[retriever]
type = SimplePOP3SSLRetriever
server = localhost
port = $port
username = $box->{name}
password = secret
ca_certs = $ca
[destination]
type = Maildir
path = $maildir/
$user
[options]
delete = false
read_all = true
verbose = 0
END
    return [ 'getmail', '-g', "$target/getmail", '-r', 'rc' ];
}

# slow: many times slower than the wire, measured once, without distance and up to a limit of time
our %all = (
    popkeep   => { make => \&popkeep,   order => 1, version => sub { `$_[0]{popkeep} -V` } },
    wire      => { make => \&wire,      order => 0, version => sub { `openssl version` } },
    mpop      => { make => \&mpop,      order => 2, version => sub { `mpop --version` }, peer => 1 },
    fdm       => { make => \&fdm,       order => 3, version => sub { `dpkg-query -W fdm 2>&1` }, peer => 1, slow => 1 },
    fetchmail => { make => \&fetchmail, order => 4, version => sub { `fetchmail -V 2>&1` =~ s/^.*WARNING.*\n//r }, peer => 1, slow => 1 },
    getmail   => { make => \&getmail,   order => 5, version => sub { `getmail --version 2>&1` }, peer => 1, slow => 1 },
);

# ALSO=NAME=PATH,...: other builds of popkeep, to be measured beside it.
for ( split /,/, $ENV{BENCH_ALSO} // '' ) {
    my ( $name, $path ) = split /=/, $_, 2;
    -x ( $path // '' ) or die "bench: ALSO=$_: no program there\n";
    $all{$name} = {
        order   => 1 + scalar( keys %all ) / 100,
        version => sub { `$path -V` },
        make    => sub { local $_[0]{popkeep} = $path; return popkeep(@_) },
    };
}

sub installed {
    return grep { !$all{$_}{peer} || system("command -v $_ >/dev/null 2>&1") == 0 }
      sort { $all{$a}{order} <=> $all{$b}{order} } keys %all;
}

sub version {
    my ( $w, $name ) = @_;
    my ($line) = split /\n/, $all{$name}{version}->($w) // '';
    my ($number) = ( $line // '' ) =~ /(\d+\.\d[\w.]*)/;
    return $name eq 'wire' ? 'openssl ' . ( $number // '?' ) : "$name " . ( $number // '?' );
}

# How many messages a run has stored.
sub stored {
    my ($target) = @_;
    my $n = 0;
    for my $dir (qw(new cur)) {
        opendir my $d, "$target/Mail/$dir" or next;
        $n += grep { !/^\./ } readdir $d;
    }
    return $n;
}

1;
