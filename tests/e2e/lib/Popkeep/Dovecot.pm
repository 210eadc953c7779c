# SPDX-License-Identifier: ISC
# A real Dovecot on a free loopback port, with a Maildir of its own. As root the mail belongs to `nobody`
# (Dovecot serves no mail of root's), otherwise everything runs as the user who runs the tests.
package Popkeep::Dovecot;
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use File::Temp ();
use IO::Socket::INET ();
use Time::HiRes qw(time sleep);

my @running;

sub missing {
    return 'dovecot-pop3d is not installed' unless -x '/usr/sbin/dovecot' && -x '/usr/lib/dovecot/pop3';
    return;
}

# new(mails => [octets, ...], extra => configuration, user =>, password =>, cert =>, users => [names of more users])
sub new {
    my ( $class, %how ) = @_;
    my $d = bless { user => 'ogretmen', password => 'secret', count => 0, %how }, $class;

    # Not under build/: its processes run as other users, who may not get into the folder of the sources.
    $d->{dir} = File::Temp::tempdir( 'popkeep-dovecot-XXXXXX', TMPDIR => 1 );
    chmod 0755, $d->{dir};
    my @users = ( $d->{user}, @{ $d->{users} || [] } );
    my @folders = map { my $m = $d->maildir_of($_); ( $m, map { "$m/$_" } qw(new cur tmp) ) } @users;
    make_path(@folders);
    $d->{port} = free_port();
    @{$d}{qw(uid gid)} = $> ? ( $>, $) + 0 ) : ( getpwnam 'nobody' )[ 2, 3 ];
    $d->add( @{ $d->{mails} || [] } );
    Popkeep::spew( "$d->{dir}/users",        map { "$_:{PLAIN}$d->{password}\n" } @users );
    Popkeep::spew( "$d->{dir}/dovecot.conf", $d->configuration );
    own( $d, "$d->{dir}/mail", @folders );
    push @running, $d;
    return $d->start;
}

sub own { my ( $d, @paths ) = @_; $> or chown $d->{uid}, $d->{gid}, @paths; return }

sub free_port {    # another process may take it before Dovecot does: start() then says so
    my $socket = IO::Socket::INET->new( Listen => 1, LocalAddr => '127.0.0.1' ) or die "no port: $!";
    return $socket->sockport;
}

sub configuration {
    my ($d)   = @_;
    my $certs = Popkeep::certs_dir();
    my $cert  = $d->{cert} || 'good';
    my $me    = getpwuid $>;
    my $group = getgrgid $) + 0;
    my $unprivileged = $> ? <<"END" : '';
default_internal_user = $me
default_internal_group = $group
default_login_user = $me
service anvil {
  chroot =
}
service pop3-login {
  chroot =
}
END
    return <<"END";
protocols = pop3
base_dir = $d->{dir}/run
state_dir = $d->{dir}/run
log_path = $d->{dir}/log
listen = 127.0.0.1
ssl = required
ssl_cert = <$certs/$cert.pem
ssl_key = <$certs/$cert.key
ssl_dh =
auth_mechanisms = plain
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:$d->{dir}/mail/%u
passdb {
  driver = passwd-file
  args = $d->{dir}/users
}
userdb {
  driver = static
  args = uid=$d->{uid} gid=$d->{gid} home=$d->{dir}/mail/%u
}
service pop3-login {
  inet_listener pop3 {
    port = 0
  }
  inet_listener pop3s {
    port = $d->{port}
    ssl = yes
  }
}
${unprivileged}@{[ $d->{extra} // '' ]}
END
}

sub start {
    my ($d) = @_;
    $d->{pid} = Popkeep::spawn( [ '/usr/sbin/dovecot', '-F', '-c', "$d->{dir}/dovecot.conf" ], stderr => "$d->{dir}/err" );
    my $until = time + 20;
    until ( IO::Socket::INET->new( PeerAddr => "127.0.0.1:$d->{port}" ) ) {
        my $gone = waitpid( $d->{pid}, POSIX::WNOHANG() ) == $d->{pid};
        die join "\n", 'dovecot: ', map { Popkeep::slurp("$d->{dir}/$_") // '' } qw(err log) if $gone || time > $until;
        sleep 0.02;
    }
    return $d;
}

sub maildir_of { my ( $d, $user ) = @_; return "$d->{dir}/mail/$user" }

# More mail, octets as Dovecot is to find them in its Maildir (or a list of pieces of them); for the one user, or for another.
sub add { my ( $d, @mails ) = @_; return $d->add_for( $d->{user}, @mails ) }

sub add_for {
    my ( $d, $user, @mails ) = @_;
    my $maildir = $d->maildir_of($user);
    for my $mail (@mails) {
        my $name = sprintf '%d.M%dP1Q%d.okul', 1_700_000_000 + $d->{count}, $d->{count}, $d->{count};
        $d->{count}++;
        own( $d, Popkeep::spew( "$maildir/tmp/$name", ref $mail ? @$mail : $mail ) );
        rename "$maildir/tmp/$name", "$maildir/new/$name" or die "$name: $!";
    }
    return;
}

sub port { return $_[0]{port} }

# Sessions that ended after octet $from of the log, as rows {user, top, retr, del, size}; waits until there are $n.
sub sessions_ended {
    my ( $d, $from, $n ) = @_;
    my ( @rows, $until ) = ();
    $until = time + 10;
    while (1) {
        my $log = substr $d->log_text, $from;
        @rows = map { /pop3\(([^)]*)\).*: (?:Disconnected|Connection closed).* top=(\S+), retr=(\S+), del=(\S+), size=(\S+)/
              ? { user => $1, top => $2, retr => $3, del => $4, size => $5 } : () } split /\n/, $log;
        last if @rows >= $n || time > $until;
        sleep 0.01;
    }
    return @rows;
}

sub log_text { return Popkeep::slurp("$_[0]{dir}/log") // '' }

# Octets of the mails still there, in the order they were added; of the one user, or of another.
sub mails {
    my ( $d, $user ) = @_;
    my $maildir = $d->maildir_of( $user // $d->{user} );
    my %by_name;
    for ( 1 .. 100 ) {    # a session that has not ended yet may be moving them from new/ to cur/
        %by_name = map { my ($name) = m{/(\d+\.M[^/:,]*)}; ( $name => Popkeep::slurp($_) ) } glob("$maildir/{new,cur}/*");
        last unless grep { !defined } values %by_name;
    }
    return map { $by_name{$_} } sort keys %by_name;
}

sub left { my ( $d, $user ) = @_; return scalar( my @all = $d->mails($user) ) }

sub stop {
    my ($d) = @_;
    Popkeep::end_process( delete $d->{pid} ) if $d->{pid};
    remove_tree( $d->{dir} ) if $d->{dir} && -d $d->{dir};
    return;
}

my $owner = $$;
END {
    if ( $$ == $owner ) {
        my $status = $?;
        $_->stop for @running;
        $? = $status;
    }
}

1;
