# SPDX-License-Identifier: ISC
# A second POP3 client, apart from popkeep: what it reads is what was on the wire. TLS is s_client's.
package Popkeep::Client;
use strict;
use warnings;
use IPC::Open2 qw(open2);

# new(port, s_client options...): connected, the greeting unread.
sub new {
    my ( $class, $port, @options ) = @_;
    open my $quiet, '>', '/dev/null' or die;
    open my $err, '>&', \*STDERR or die;
    open STDERR, '>&', $quiet or die;
    my $pid = open2( my $from, my $to, Popkeep::tools_dir() . '/tether', 'openssl', 's_client', '-quiet', '-connect', "127.0.0.1:$port", @options );
    open STDERR, '>&', $err or die;
    binmode $_ for $from, $to;
    $to->autoflush(1);
    return bless { pid => $pid, from => $from, to => $to }, $class;
}

sub send { my ( $c, $octets ) = @_; local $SIG{PIPE} = 'IGNORE'; print { $c->{to} } $octets; return }

sub line {    # the next line without its CRLF; undef at the end
    my ($c) = @_;
    my $from = $c->{from};
    local $/ = "\n";
    my $line = <$from> // return undef;
    $line =~ s/\r?\n$//;
    return $line;
}

sub rest { my ($c) = @_; my $from = $c->{from}; local $/; return scalar <$from> }

sub say { my ( $c, $command ) = @_; $c->send("$command\r\n"); return $c->line }

sub login {
    my ( $c, $user, $password ) = @_;
    $c->say("USER $user");
    my $answer = $c->say("PASS $password") // 'nothing';
    $answer =~ /^\+OK/ or die "login: $answer";
    return;
}

sub body {    # up to the line with the dot, dots undone, line ends kept
    my ($c) = @_;
    my $from = $c->{from};
    local $/ = "\n";
    my $all = '';
    while ( defined( my $line = <$from> ) ) {
        return $all if $line eq ".\r\n" || $line eq ".\n";
        $line =~ s/^\.//;
        $all .= $line;
    }
    die 'the connection ended inside a multi-line answer';
}

sub lines {
    my ( $c, $command ) = @_;
    my $answer = $c->say($command) // 'nothing';
    $answer =~ /^\+OK/ or die "$command: $answer";
    return map { s/\r$//r } split /\n/, $c->body;
}

sub mail {
    my ( $c, $command ) = @_;
    my $answer = $c->say($command) // 'nothing';
    $answer =~ /^\+OK/ or die "$command: $answer";
    return $c->body;
}

sub finish {
    my ($c) = @_;
    return unless $c->{pid};
    close $c->{to};
    close $c->{from};
    kill TERM => $c->{pid};
    waitpid delete $c->{pid}, 0;
    return;
}

sub DESTROY { local ( $?, $! ); $_[0]->finish; return }

# All mails of a mailbox: fetch_all(port, user, password) -> ([number, uidl, octets on the wire], ...)
sub fetch_all {
    my ( $class, $port, $user, $password ) = @_;
    my $c = $class->new($port);
    $c->line;
    $c->login( $user, $password );
    my @all = map { [ split ' ', $_, 2 ] } $c->lines('UIDL');
    push @$_, $c->mail("RETR $_->[0]") for @all;
    $c->say('RSET');
    $c->say('QUIT');
    return @all;
}

1;
