# SPDX-License-Identifier: ISC
# Locks, signals and lost outputs: whoever ends popkeep, however and whenever, loses no mail and gets none twice; a second
# run beside the first harms nothing; a lock never outlives its holder.
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(sleep time);
use Popkeep;

my %mail = map { ( sprintf( '%04d.eml', $_ ) => "Subject: $_\n\n" . "line of $_\n" x ( 50 * $_ ) ) } 1 .. 12;
my @all = sort values %mail;

sub said { my ( $s, $pattern ) = @_; return sub { grep { $_->{text} =~ $pattern } $s->log( now => 1 ) } }

# A fresh surroundings whose server stops for ever where `script` says so.
sub stuck {
    my ( $script, %how ) = @_;
    my $t = Popkeep->new;
    $t->mails( 'box', %mail );
    my $s = $t->server( script => $how{first} // $script );
    $t->account( $s, 'okul', retention_days => 30, timeout => 60, pipelining => 'never' );
    if ( $how{stored} ) {
        $t->popkeep('-q')->exits( 0, "$how{stored}: stored before" );
        $t->clock( 31 * DAY );
        $s->restart($script);
    }
    return ( $t, $s );
}

# What must hold after any of this: the next run completes.
sub completes {
    my ( $t, $s, $name ) = @_;
    my %whole = map { $_ => 1 } @all;
    is( scalar( grep { !$whole{$_} } @{ $t->stored_octets('okul') } ), 0, "$name: no half message is kept" );
    $s->restart('');
    $t->popkeep('-q')->exits( 0, "$name: the next run completes" );
    is_deeply( $t->stored_octets('okul'), \@all, "$name: every message once" );
    is( scalar( $t->tmp_files('okul') ), 0, "$name: nothing is left in tmp/" );
}

# ---- a signal in every phase ----

my @phases = (
    [ 'connecting',          'on GREETING silent',   qr/^tls TLS/,   0 ],
    [ 'logging in',          'on PASS silent',       qr/^(PASS|AUTH)/, 0 ],
    [ 'listing',             'on UIDL silent',       qr/^UIDL/,      0 ],
    [ 'fetching',            'on RETR 8 silent',     qr/^RETR 8/,    6 ],    # the end of 7 was not proven yet
    [ 'in a message',        'on RETR 8 line 100 silent', qr/^RETR 8/, 7 ],
    [ 'deleting',            'on DELE nth 3 silent', qr/^DELE/,      12, 'stored' ],
    [ 'quitting',            'on QUIT silent',       qr/^QUIT/,      12 ],
);
for my $phase (@phases) {
    my ( $name, $script, $reached, $kept, $stored ) = @$phase;
    my @signals = $name eq 'fetching' ? qw(TERM INT HUP) : $name =~ /connecting|deleting/ ? qw(TERM INT) : ('TERM');
    for my $signal (@signals) {
        my ( $t, $s ) = stuck( "capa TOP UIDL USER\n$script", stored => $stored && $name, first => $stored ? '' : undef );
        my $run = $t->start('fetch');
        until_it( $name, said( $s, $reached ) );
        my $began = time;
        $run->signal($signal)->finish;
        $run->exits( 128 + { TERM => 15, INT => 2, HUP => 1 }->{$signal}, "$name, SIG$signal: a shell's loop sees the signal and ends too" );
        cmp_ok( time - $began, '<', 10, "$name, SIG$signal: it does not take long" );
        is( scalar @{ $t->stored_octets('okul') }, $kept, "$name, SIG$signal: whole messages are kept" );
        completes( $t, $s, "$name, SIG$signal" );
    }
}

# ---- while the disk is at work ----
for my $signal (qw(TERM INT)) {
    my ( $t, $s ) = stuck("capa TOP UIDL USER\n");
    $t->{preload} = [ Popkeep::tools_dir() . '/slowsyncshim.so' ];
    my $run = $t->start( 'fetch', { env => { SLOWSYNC_MS => 300, SLOWSYNC_LOG => $t->path('syncs') } } );
    until_it( 'all to be received', said( $s, qr/^NOOP/ ) );
    until_it( 'a sync of the batch', sub { grep { /stored|S=/ } $t->stored_paths('okul') } ) if $signal eq 'INT';    # its names are in new/ already
    $run->signal($signal)->finish;
    $run->exits( $signal eq 'INT' ? 130 : 143, "committing, SIG$signal: seen by the shell" );
    is( scalar @{ $t->stored_octets('okul') }, 12, "committing, SIG$signal: the batch is finished first" );
    $t->{preload} = [];
    completes( $t, $s, "committing, SIG$signal" );
}

# ---- the terminal's Ctrl-C goes to the whole group ----
{
    my ( $t, $s ) = stuck("capa TOP UIDL USER\non RETR 8 silent");
    my $env = $t->run_environment;
    my $pid = fork // die;
    if ( !$pid ) {
        POSIX::setpgid( 0, 0 );
        %ENV = %$env;
        open STDERR, '>', $t->path('group.err');
        open STDOUT, '>&', \*STDERR;
        exec( Popkeep::program(), '-c', $t->path('popkeep.conf') ) or POSIX::_exit(127);
    }
    until_it( 'RETR 8', said( $s, qr/^RETR 8/ ) );
    kill INT => -$pid;
    waitpid $pid, 0;
    is( $? & 127, 2, 'Ctrl-C: ended by SIGINT' );
    is( scalar @{ $t->stored_octets('okul') }, 6, 'Ctrl-C: what was fetched is kept' );
    completes( $t, $s, 'Ctrl-C' );
}

# ---- a service manager signals every process, timeout(1) its child and its group: one request, not impatience ----
for my $how ( 'all processes', 'timeout' ) {
    my ( $t, $s ) = stuck("capa TOP UIDL USER\non RETR 8 silent");
    my $run = $t->start('fetch');
    until_it( 'RETR 8', said( $s, qr/^RETR 8/ ) );
    my ($worker) = workers( $run->{pid} );
    kill TERM => $how eq 'timeout' ? ( $run->{pid}, $run->{pid} ) : ( $worker, $run->{pid} );
    $run->finish->exits( 143, "$how signalled: ended by SIGTERM" );
    is( scalar @{ $t->stored_octets('okul') }, 6, '... in good order: what was fetched is kept' );
    is( scalar $t->tmp_files('okul'), 0, '... and nothing half' );
    completes( $t, $s, $how );
}

# ---- impatience, and the parent killed ----
{
    my ( $t, $s ) = stuck("capa TOP UIDL USER\non RETR 8 silent");
    my $run = $t->start('fetch');
    until_it( 'RETR 8', said( $s, qr/^RETR 8/ ) );
    my ($worker) = workers( $run->{pid} );
    kill STOP => $worker;    # it does not listen
    $run->signal('TERM');
    sleep 1.1;    # what comes within a second is the same request
    my $began = time;
    $run->signal('TERM')->finish;
    $run->exits( 143, 'a second signal ends it' );
    cmp_ok( time - $began, '<', 5, 'a second signal ends it at once' );
    kill CONT => $worker;
    ok( until_it( 'the worker to end', sub { !-e "/proc/$worker" } ), 'the worker does not go on alone' );
    completes( $t, $s, 'second signal' );
}
for my $user ( undef, 'nobody' ) {
    my $how = $user ? "run_as $user" : 'same user';
    my $dir;
    my ( $t, $s ) = stuck("capa TOP UIDL USER\non RETR 8 silent");
    if ($user) {
        next if $> != 0;    # only root can become another
        $t->forget_accounts;
        $dir = "/tmp/popkeep-test-$$";
        mkdir $dir, 0755;
        mkdir "$dir/nobody", 0755;
        chown( ( getpwnam $user )[ 2, 3 ], "$dir/nobody" );
        system 'cp', Popkeep::certs_dir() . '/ca.pem', "$dir/ca.pem";
        chmod 0644, "$dir/ca.pem";
        $t->defaults( state_dir => "$dir/nobody/state" );
        $t->account( $s, 'okul', pipelining => 'never', maildir => "$dir/nobody/Mail", run_as => $user, tls_ca_file => "$dir/ca.pem" );
    }
    my $run = $t->start('fetch');
    until_it( 'RETR 8', said( $s, qr/^RETR 8/ ) );
    my @workers = workers( $run->{pid} );
    is( scalar @workers, 1, "parent killed, $how: there was a worker" );
    $run->signal('KILL')->finish;
    ok( until_it( 'the workers to end', sub { !grep { -e "/proc/$_" } @workers } ), "parent killed, $how: its worker ends" );
    if ($user) { system 'rm', '-rf', $dir }
    else       { completes( $t, $s, "parent killed, $how" ) }
}

# ---- locks ----
{
    my ( $t, $s ) = stuck("capa TOP UIDL USER\non RETR 8 silent");
    my $run = $t->start('fetch');
    until_it( 'RETR 8', said( $s, qr/^RETR 8/ ) );
    my $began = time;
    $t->popkeep('fetch')->exits( 75, 'a second run beside the first' );
    cmp_ok( time - $began, '<', 5, 'a second run does not wait' );
    $t->last_run->says( qr/another run is at work on these accounts \(process \d+\)$/m, 'it says who is at work' );
    is( $s->sessions, 1, 'the second run does not connect' );
    $t->popkeep('status')->exits( 0, 'status works beside a run' );
    my ($worker) = workers( $run->{pid} );
    kill KILL => $worker;
    $run->finish;
    $run->exits( 70, 'a worker that is killed is reported' );
    $run->says( qr/ended by signal 9/, 'a worker that is killed is reported with its signal' );
    completes( $t, $s, 'after kill -9 of the worker: the lock is not stale' );
}

# ---- started by somebody who blocks signals, as a program does that waits for its own with sigwait(3) ----
{
    my ( $t, $s ) = stuck("capa TOP UIDL USER\non RETR 8 silent");
    my $program = $t->path('started-so');
    spew( $program, "#!/bin/sh\nexec env --block-signal=TERM " . Popkeep::program() . qq( "\$\@"\n) );
    chmod 0755, $program;
    $t->{program} = $program;
    my $run = $t->start( 'fetch', { timeout => 20 } );
    until_it( 'RETR 8', said( $s, qr/^RETR 8/ ) );
    $run->signal('TERM')->finish;
    $run->exits( 143, 'SIGTERM blocked by who started it: it can be ended all the same' );
    is( scalar @{ $t->stored_octets('okul') }, 6, '... in good order: what was fetched is kept' );
    completes( $t, $s, 'SIGTERM blocked' );
}

# ---- started by somebody who ignores the ends of children ----
{
    my ( $t, $s ) = stuck('');
    my $refusing = $t->server( script => qq(login "-ERR no such user"\n) );
    my $program = $t->path('started-so');
    spew( $program, "#!/bin/sh\nexec env --ignore-signal=CHLD " . Popkeep::program() . qq( "\$\@"\n) );
    chmod 0755, $program;
    $t->{program} = $program;
    $t->account( $refusing, 'lise', password_file => undef, password_command => 'echo secret' );
    my $run = $t->popkeep( '--json', 'fetch' );
    $run->exits( 77, 'SIGCHLD ignored by who started it: a refused login is no success' );
    is( join( ' ', map { $_->{event} eq 'account-end' ? "$_->{account} $_->{status}" : () } sort { ( $a->{account} // '' ) cmp( $b->{account} // '' ) } $run->json ),
        'lise 77 okul 0', '... and each account ends as it did' );
    is_deeply( $t->stored_octets('okul'), \@all, '... and the mail is stored' );
}

# ---- outputs and input lost ----
{
    my ( $t, $s ) = stuck('');
    my $shell = sub {
        my ($command) = @_;
        my $env = $t->run_environment;
        local %ENV = ( %$env, P => Popkeep::program() . ' -c ' . $t->path('popkeep.conf') );
        return system( 'bash', '-c', $command ) >> 8;
    };
    is( $shell->('$P fetch >/dev/full 2>/dev/null'), 74, 'stdout full: said by the exit status' );
    is_deeply( $t->stored_octets('okul'), \@all, 'stdout full: the mail is done all the same' );
    is( $shell->('$P status 2>&1 | head -0; exit ${PIPESTATUS[0]}') % 74, 0, 'status into a closed pipe: no signal, no crash' );
    $t->mails( 'box', '0013.eml' => "Subject: 13\n\nx\n" );
    push @all, "Subject: 13\n\nx\n";
    @all = sort @all;
    my $exit = $shell->('$P fetch >&- 2>&- <&-');
    ok( $exit == 0 || $exit == 74, "stdin, stdout and stderr closed: $exit" );
    is_deeply( $t->stored_octets('okul'), \@all, 'stdin, stdout and stderr closed: the mail is done, and nothing else is in it' );
    $t->popkeep( 'verify', '-q' )->exits( 0, 'stdin, stdout and stderr closed: the journal is whole' );
}

done_testing();
