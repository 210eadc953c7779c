# SPDX-License-Identifier: ISC
# The line between popkeep and the server, bent at one octet of a session, for every octet: one server and one run serve
# many cases at once. Case N is an account of its own, its host 127.16.0.0 + N: so the server knows where to bend.
package Popkeep::Line;
use strict;
use warnings;
use File::Path qw(make_path);
use Popkeep;
use Popkeep::Case qw(wire_form stored_form);
use Popkeep::Crash qw(sample);
use Popkeep::Mails ();

# A mailbox of about 40 kB on the wire; small batches (popkeep-small) make several rounds of storing and deleting of it.
my %mail = (
    '0001.eml' => "Subject: plain\n\n" . "a line of the first\n" x 150,
    '0002.eml' => "Subject: dots\n\n" . ".\n..\n.x\n...\n" x 200,
    '0003.eml' => '',
    '0004.raw' => "Subject: odd ends\r\n\r\none\rtwo\r\nthree\nfour\r\n" . "x\r\n" x 300,
    '0005.eml' => "Subject: twin\n\nthe same\n",
    '0006.eml' => "Subject: long line\n\n" . 'y' x 6000 . "\n",
    '0007.eml' => "Subject: twin\n\nthe same\n",
    '0008.eml' => "Subject: no end\n\n" . "+OK said the mail\n" x 150 . 'no line end',
    '0009.raw' => "Subject: octets\r\n\r\n" . join( '', map { chr } grep { $_ != 10 && $_ != 13 } 0 .. 255 ) x 10 . "\r\n",
    '0010.eml' => "Received: by mx; Tue, 3 Nov 2020 09:08:07 +0000\nSubject: mail\n\n" . "ten\n" x 1000,
    '0011.eml' => "Subject: mail\n\n" . 'eleven ' x 1000 . "\n",
    '0012.eml' => "Subject: last\n\n" . "the end is near\n" x 200,
);
my %octets = map { $_ => stored_form( wire_form( $_, $mail{$_} ) ) } keys %mail;
my %ever   = map { $_ => 1 } values %octets;
my $all    = join "\0", sort values %octets;
my @names  = sort keys %mail;

# new(bend => 'cut-after', 'cut-in stall', 'split' ...; script => more of it, keys => {of the accounts}, jobs => N)
sub new {
    my ( $class, %how ) = @_;
    my $t = Popkeep->new;
    my $l = bless { jobs => 8, %how, t => $t }, $class;
    ( my $small = Popkeep::program() ) =~ s{/popkeep$}{/tests/popkeep-small};
    $t->{program} = $t->path('popkeep-small');    # copies: something may be built meanwhile
    system( 'cp', $small, $t->{program} ) == 0 or die "$small: not built (make small)";
    system( 'cp', '-r', Popkeep::certs_dir(), $t->path('certs') ) == 0 or die 'certificates';
    $t->{preload} = [ Popkeep::tools_dir() . '/faultshim.so' ];    # syncs take time, and no power is cut here
    $t->{env}{FAULTSHIM_NOSYNC} = 1;
    $t->mails( 'master', %mail );
    chmod 0600, spew( $t->path('password'), "secret\n" );
    $l->{server} = $t->server(
        script => ( $how{script} // '' ) . "\n" . qq{by-address "} . ( $how{bend} // 'none' ) . qq{"\n},
        args   => [ '--listen', '0.0.0.0', '--certs', $t->path('certs'), '--lifetime', 0, '--log', $how{log} ? $t->path('log') : '/dev/null' ],
    );
    return $l;
}

sub set_up {
    my ( $l, @n ) = @_;
    my $t    = $l->{t};
    my $text = "[defaults]\nstate_dir = " . $t->path('state') . "\njobs = $l->{jobs}\nper_host = 1\n";
    for my $n (@n) {
        make_path( $t->path("box/$n") );
        link $t->path("master/$_"), $t->path("box/$n/$_") or die "link: $!" for @names;
        my %keys = (
            host => sprintf( '127.%d.%d.%d', 16 + ( $n >> 16 ), $n >> 8 & 255, $n & 255 ), port => $l->{server}->port,
            tls_name => 'localhost', tls_ca_file => $t->path('certs/ca.pem'), user => 'ogretmen',
            password_file => $t->path('password'), maildir => $t->path("Mail/n$n"), retention_days => 0, timeout => 20,
            %{ $l->{keys} || {} }
        );
        $text .= "\n[account n$n]\n" . join '', map { "$_ = $keys{$_}\n" } sort keys %keys;
    }
    $t->config($text);
    return;
}

# What is in a maildrop now: names of what the server deleted.
sub gone { my ( $l, $n ) = @_; return map { s{.*/}{}r } glob $l->{t}->path("box/$n/gone") . '/*' }

# At any moment: only whole mail, and nothing deleted that is not here.
sub fault_now {
    my ( $l, $n, $status ) = @_;
    my %have;
    $have{$_}++ for @{ $l->{t}->stored_octets("n$n") };
    my @cut = grep { !$ever{$_} } keys %have;
    return 'something is stored that the server never had' if @cut;
    my @gone = $l->gone($n);
    return 'deleted, not stored' if grep { !$have{ $octets{$_} } } @gone;
    return "exit status $status" unless $status =~ /^(?:0|10|75)$/;
    return 'exit status 0 with mail missing' if $status == 0 && join( "\0", @{ $l->{t}->stored_octets("n$n") } ) ne $all;
    return 'exit status 0 with mail left at the server' if $status == 0 && @gone != @names;
    return '';
}

# After a run in which nothing went wrong:
sub fault_after {
    my ( $l, $n, $status ) = @_;
    my $t = $l->{t};
    return "then exit status $status" if $status ne '0';
    my $fault = $l->fault_now( $n, $status );
    return "then $fault" if $fault;
    return 'left in tmp/' if $t->tmp_files("n$n");
    my %logged;
    $logged{$_}++ for $t->deletions("n$n") =~ /"uidl":"(\w+)"/g;
    my $log = join ' ', map { "$_:$logged{$_}" } sort keys %logged;
    return "the log of deletions: $log" if $log ne join ' ', map { 'u' . s/\.\w+$//r . ':1' } @names;
    opendir my $d, $t->path("state/n$n") or return 'no state';
    my @stray = grep { !/^(?:\.\.?|journal|lock|tls-session|brief|served|deletions\.jsonl|archive)$/ } readdir $d;
    return "left in the state: @stray" if @stray;
    return '';
}

# One run over these cases: N => its exit status, as --json tells it.
sub statuses {
    my ($l) = @_;
    my $run = $l->{t}->popkeep( 'fetch', '--json', '-q', { timeout => 550 } );
    my %status = map { /"event":"account-end".*?"account":"n(\d+)","status":(\d+)/ ? ( $1 => $2 ) : () } split /\n/, $run->out;
    $l->{said} = $run->err;
    my %bent = map { /"account":"(n\d+)".*(?:connecting|asking) again/ ? ( $1 => 1 ) : () } split /\n/, $run->out;
    $bent{"n$_"} = 1 for grep { $status{$_} ne '0' } keys %status;
    $l->{bent} += keys %bent;
    my %last;
    $last{$_}++ for values %status;
    $last{ $run->exit // 'none' } || !grep { $_ } values %status or push @{ $l->{odd} }, 'the run ended with ' . ( $run->exit // 'a time-out' );
    return \%status;
}

# These cases (up to some hundreds): what is wrong with each, as text.
sub batch {
    my ( $l, @n ) = @_;
    my $t = $l->{t};
    my %bad;
    $l->set_up(@n);
    my $status = $l->statuses;
    my $said = $l->{said};
    $l->{seen}{ $status->{$_} // 'none' }++ for @n;
    for my $n (@n) {
        my $fault = $l->fault_now( $n, $status->{$n} // 'none' );
        $bad{$n} = $fault if $fault;
    }
    if ( $l->{undisturbed} ) {    # what was split arrives as if it had not been
        $bad{$_} //= "exit status $status->{$_}, not 0" for grep { $status->{$_} ne '0' } @n;
    }
    # silence is to be over soon, but hundreds of accounts may keep a slow machine waiting
    $t->config( slurp( $t->path('popkeep.conf') ) =~ s/^timeout = \d+/timeout = 60/gmr );
    $status = $l->statuses;
    for my $n (@n) {
        my $fault = $l->fault_after( $n, $status->{$n} // 'none' );
        $bad{$n} = join '; ', grep { defined } $bad{$n}, $fault if $fault;
    }
    my $verify = $t->popkeep( 'verify', '-q', { timeout => 550 } );
    my @odd = @{ delete $l->{odd} || [] };
    push @odd, 'verify ended with ' . ( $verify->exit // 'a time-out' ) . ': ' . $verify->out . $verify->err if ( $verify->exit // -1 ) != 0;
    $t->{runs} = 0;
    unlink glob "'" . $t->path('.') . "'/run-*";    # what a run says is appended to its file
    my @clear = grep { !$bad{$_} } @n;
    system 'rm', '-rf', map { ( $t->path("box/$_"), $t->path("state/n$_"), $t->path("Mail/n$_") ) } @clear unless @odd;
    my %said;
    for ( split /\n/, $said ) { push @{ $said{$1} }, $_ if /^n(\d+)\b/ }
    return ( ( map { "$l->{bend} $_: $bad{$_}" . ( $said{$_} ? " ($said{$_}[0])" : '' ) } sort { $a <=> $b } keys %bad ), @odd );
}

# All of them, so many at a time.
sub cases {
    my ( $l, @n ) = @_;
    my @bad;
    my $size = $l->{batch} || 128;
    push @bad, $l->batch( splice @n, 0, $size ) while @n;
    return @bad;
}

# The octets of an undisturbed session: (sent by the server, received by it).
sub length_of_session {
    my ($l) = @_;
    my $log = $l->{t}->path('log');
    $l->set_up(1);
    my $status = $l->statuses;
    my ( $in, $out );
    for ( 1 .. 300 ) {
        ( $in, $out ) = ( slurp($log) // '' ) =~ /end flights=\d+ in=(\d+) out=(\d+)/ and last;
        select undef, undef, undef, 0.01;
    }
    my $fault = ( $status->{1} // 'none' ) ne '0' ? "exit status $status->{1}" : $l->fault_now( 1, 0 );
    return ( $out, $in, $fault );
}

1;
