# SPDX-License-Identifier: ISC
# A popserver (tests/tools/popserver) running a script; what it saw is in its log.
package Popkeep::Server;
use strict;
use warnings;
use Time::HiRes qw(time sleep);

my $count = 0;

# new(dir => folder, box => maildrop, script => text, args => [...], cert => name)
sub new {
    my ( $class, %how ) = @_;
    my $n    = ++$count;
    my $base = "$how{dir}/server-$n";
    my $s    = bless { base => $base, log => "$base.log", box => $how{box} }, $class;
    my $script = $how{script} // '';
    $script .= "\ncert $how{cert}\n" if $how{cert};
    Popkeep::spew( "$base.script", $script );
    $s->{command} = [
        Popkeep::tools_dir() . '/popserver',
        '--port-file' => "$base.port", '--log' => $s->{log}, '--certs' => Popkeep::certs_dir(),
        '--messages' => $how{box}, @{ $how{args} || [] }, "$base.script"
    ];
    $s->start;
    return $s;
}

sub start {
    my ($s) = @_;
    unlink "$s->{base}.port";
    $s->{pid} = Popkeep::spawn( $s->{command}, stderr => "$s->{base}.err" );
    my $until = time + 20;
    until ( -e "$s->{base}.port" ) {
        my $gone = waitpid( $s->{pid}, POSIX::WNOHANG() ) == $s->{pid};
        die 'popserver: ' . ( Popkeep::slurp("$s->{base}.err") // '' ) if $gone || time > $until;
        sleep 0.005;
    }
    chomp( $s->{port} = Popkeep::slurp("$s->{base}.port") );
    return $s;
}

# Stop; with a new script, start again on the same port: the server "changed overnight".
# The log begins anew.
sub stop { my ($s) = @_; Popkeep::end_process( delete $s->{pid} ) if $s->{pid}; return }

sub restart {
    my ( $s, $script ) = @_;
    $s->stop;
    rename $s->{log}, "$s->{log}." . ++$s->{restarts};    # sessions count from 1 again
    Popkeep::spew( "$s->{base}.script", $script ) if defined $script;
    my @c = grep { !/^--port=/ } @{ $s->{command} };
    splice @c, -1, 0, "--port=$s->{port}";
    $s->{command} = \@c;
    return $s->start;
}

sub port { return $_[0]{port} }
sub box  { return $_[0]{box} }

# The log as rows {time, session, flight, kind, text}; kind C client, S server, * event.
# filters: session => N, kind => 'C'. Sessions still open are waited for (2 s).
sub log {
    my ( $s, %only ) = @_;
    my @rows;
    for my $try ( 1 .. 200 ) {
        my $open = 0;
        @rows = ();
        for ( split /\n/, Popkeep::slurp( $s->{log} ) // '' ) {
            my ( $time, $session, $flight, $kind, $text ) = /^(\S+) (\d+) (\d+) (.) (.*)$/ or next;
            $open++ if $kind eq '*' && $text =~ /^connect/;
            $open-- if $kind eq '*' && $text =~ /^end /;
            push @rows, { time => $time, session => $session, flight => $flight, kind => $kind, text => $text };
        }
        last if $open <= 0 || $only{now};
        sleep 0.01;
    }
    return grep {
        ( !$only{session} || $_->{session} == $only{session} ) && ( !$only{kind} || $_->{kind} eq $only{kind} )
    } @rows;
}

# The commands that came, in order: commands(session => 2).
sub commands { my ( $s, %only ) = @_; return map { $_->{text} } $s->log( %only, kind => 'C' ) }
sub events   { my ( $s, %only ) = @_; return map { $_->{text} } $s->log( %only, kind => '*' ) }
sub sessions { my ($s) = @_; return scalar grep { /^connect/ } $s->events }

# Round trips of a session, TCP's and TLS's not counted.
sub flights {
    my ( $s, $session ) = @_;
    my ($n) = map { /^end flights=(\d+)/ ? $1 : () } $s->events( session => $session // 1 );
    return $n;
}

# Message numbers or words after a verb: arguments('RETR').
sub arguments {
    my ( $s, $verb, %only ) = @_;
    return map { /^\Q$verb\E(?: (.*))?$/i ? $1 // '' : () } $s->commands(%only);
}

# What a plain listing says now: number => UIDL.
sub uidls {
    my ($s) = @_;
    my $n = 0;
    return { map { ++$n => 'u' . s/\.\w+$//r } $s->left };
}

# Names of mails still in the box, deleted ones, ones hidden after RETR.
sub left    { return $_[0]->names('') }
sub gone    { return $_[0]->names('/gone') }
sub hidden  { return $_[0]->names('/hidden') }

sub names {
    my ( $s, $sub ) = @_;
    return map { s{.*/}{}r } sort grep { -f } glob "'$s->{box}$sub'/*.{eml,raw}";
}

1;
