# SPDX-License-Identifier: ISC
# A headless Chromium, spoken to over a pipe (its DevTools protocol: JSON, each message ended by NUL).
package Popkeep::Chromium;
use strict;
use warnings;
use File::Temp ();
use JSON::PP   ();
use POSIX      ();

my $json = JSON::PP->new->utf8->canonical;

sub missing { return grep( { -x "$_/chromium" } split /:/, $ENV{PATH} // '' ) ? undef : 'there is no chromium (package chromium)' }

sub new {
    my ($class) = @_;
    my $profile = File::Temp->newdir;
    pipe my $in,  my $to   or die "pipe: $!\n";
    pipe my $from, my $out or die "pipe: $!\n";
    defined( my $pid = fork ) or die "fork: $!\n";
    if ( $pid == 0 ) {

        # it reads 3 and writes 4, which may be what the pipes have now
        my ( $read, $write ) = map { my $fd = fileno $_; $fd = POSIX::dup($fd) while $fd < 5; $fd } $in, $out;
        POSIX::dup2( $read,  3 );
        POSIX::dup2( $write, 4 );
        POSIX::close($_) for 5 .. 40;
        CORE::open STDOUT, '>', '/dev/null';
        CORE::open STDERR, '>', '/dev/null';
        no warnings 'exec';
        exec qw(chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
          --disable-component-update --disable-sync --hide-scrollbars --remote-debugging-pipe), "--user-data-dir=$profile", 'about:blank';
        POSIX::_exit(127);
    }
    close $in;
    close $out;
    binmode $_ for $to, $from;
    $to->autoflush(1);
    return bless { pid => $pid, profile => $profile, to => $to, from => $from, next => 1, got => '', events => [] }, $class;
}

# The next message; what is no answer is remembered as an event.
sub _message {
    my ($self) = @_;
    local $SIG{ALRM} = sub { die "chromium says nothing\n" };
    alarm 60;
    my $end;
    while ( ( $end = index $self->{got}, "\0" ) < 0 ) {
        sysread( $self->{from}, $self->{got}, 1 << 16, length $self->{got} ) or die "chromium has ended\n";
    }
    alarm 0;
    my $message = substr $self->{got}, 0, $end + 1, '';
    chop $message;
    return $json->decode($message);
}

# Call a method and wait for what it answers.
sub call {
    my ( $self, $method, %params ) = @_;
    my $id = $self->{next}++;
    my %message = ( id => $id, method => $method, params => \%params );
    $message{sessionId} = $self->{session} if defined $self->{session};
    print { $self->{to} } $json->encode( \%message ), "\0";
    while ( my $got = $self->_message ) {
        push @{ $self->{events} }, $got unless defined $got->{id};
        next unless ( $got->{id} // 0 ) == $id;
        die "$method: $got->{error}{message}\n" if $got->{error};
        return $got->{result};
    }
}

# A new page: width, dark (or not), no_script (or not); its events begin anew.
sub page {
    my ( $self, %how ) = @_;
    delete $self->{session};
    my $target = $self->call( 'Target.createTarget', url => 'about:blank' )->{targetId};
    $self->{session} = $self->call( 'Target.attachToTarget', targetId => $target, flatten => JSON::PP::true )->{sessionId};
    $self->{events} = [];
    $self->call("$_.enable") for qw(Page Runtime Log Network);
    $self->call( 'Emulation.setDeviceMetricsOverride', width => $how{width}, height => 900, deviceScaleFactor => 1, mobile => $how{width} < 600 ? JSON::PP::true : JSON::PP::false );
    $self->call( 'Emulation.setEmulatedMedia', features => [ { name => 'prefers-color-scheme', value => $how{dark} ? 'dark' : 'light' } ] );
    $self->call( 'Emulation.setScriptExecutionDisabled', value => JSON::PP::true ) if $how{no_script};
    return;
}

sub open {    ## no critic: it opens a page
    my ( $self, $url ) = @_;
    $self->call( 'Page.navigate', url => $url );
    until ( grep { $_->{method} eq 'Page.loadEventFired' } @{ $self->{events} } ) { push @{ $self->{events} }, $self->_message }
    return;
}

# The value of an expression (run beside the page's own policy).
sub value {
    my ( $self, $expression ) = @_;
    my $got = $self->call( 'Runtime.evaluate', expression => $expression, returnByValue => JSON::PP::true );
    die "$got->{exceptionDetails}{exception}{description}\n" if $got->{exceptionDetails};
    return $got->{result}{value};
}

# What the page asked for, and what the browser complained of, since it was opened.
sub requests { my ($self) = @_; return map { $_->{params}{request}{url} } grep { $_->{method} eq 'Network.requestWillBeSent' } @{ $self->{events} } }

sub complaints {
    my ($self) = @_;
    return map { $json->encode( $_->{params} ) } grep { $_->{method} =~ /^(?:Log\.entryAdded|Runtime\.(?:consoleAPICalled|exceptionThrown))$/ } @{ $self->{events} };
}

# A picture of the whole page, or of its first `height` lines of pixels.
sub picture {
    my ( $self, $file, $height ) = @_;
    require MIME::Base64;
    my $size = $self->call('Page.getLayoutMetrics')->{cssContentSize};
    my $high = !$height || $size->{height} < $height ? $size->{height} : $height;
    my $data = $self->call(
        'Page.captureScreenshot',
        format                => 'png',
        captureBeyondViewport => JSON::PP::true,
        clip                  => { x => 0, y => 0, width => $size->{width}, height => $high, scale => 1 }
    )->{data};
    CORE::open my $fh, '>:raw', $file or die "$file: $!\n";
    print {$fh} MIME::Base64::decode_base64($data);
    return close $fh;
}

sub DESTROY {
    my ($self) = @_;
    local ( $?, $@, $! );
    delete $self->{session};
    eval { $self->call('Browser.close') };
    kill 'KILL', $self->{pid} if $@;
    waitpid $self->{pid}, 0;
    return;
}
1;
