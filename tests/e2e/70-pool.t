#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# A district's run, left alone with everything that goes wrong: whose turn it is, how long it may take, what servers want
# of us between two logins, and that no school waits for another one's trouble.
use strict;
use warnings;
use Popkeep;
use Time::HiRes qw(time);

sub fresh {
    my ( $script, %defaults ) = @_;
    my $t = Popkeep->new;
    $t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody $_\n" ) } 1 .. 3 );
    $t->defaults(%defaults);
    return ( $t, $t->server( script => $script // '' ) );
}

sub begun { return join ' ', map { $_->{event} eq 'account-start' ? $_->{account} : () } $_[0]->json }
sub ends { return { map { $_->{event} eq 'account-end' ? ( $_->{account} => "$_->{status} " . ( $_->{reason} // '-' ) ) : () } $_[0]->json } }

# ---- the longest unserved comes first
{
    my ( $t, $s ) = fresh( '', jobs => 1 );
    my $bad = $t->server( script => qq(login "-ERR [SYS/TEMP] not now"\n) );
    $t->account( $s, $_, user => $_ ) for qw(a b c d);
    $t->account( $bad, 'bad', user => 'bad' );
    my $at = time;
    $t->clock(1);
    my $later = sub { $at += 60; return $t->popkeep( @_, { env => { CLOCKSHIM_AT => int $at } } ) };
    $later->( '-q', 'fetch', $_ ) for qw(c a d b bad);
    is( begun( $later->( '--json', 'fetch', '?' ) ), 'c a d b', 'who waits longest comes first' );
    $t->account( $s, 'new', user => 'new' );
    $later->( '-q', 'fetch', 'b' );
    is( begun( $later->('--json') ), 'bad new a c d b', 'who was never served comes before all' );
    $later->('-q') for 1 .. 2;
    is( begun( $later->('--json') ), 'a b c d bad new', 'who always fails is not first for ever' );
    spew( $t->state_file( 'c', 'served' ), 'x' x 200 );
    is( begun( $later->('--json') ), 'c a b d bad new', 'a spoilt note of it does no harm' );
    $t->last_run->exits( 75, '... and the others are done' );
    is( begun( $later->('--json') ), 'a b c d bad new', '... and is made anew' );
}

# ---- a time between two logins
{
    my ( $t, $s ) = fresh("capa TOP UIDL USER \"LOGIN-DELAY 600\"\n");
    $t->account( $s, 'okul' );
    $t->account( $s, 'lise', user => 'lise' );
    $t->popkeep('-q')->exits(0);
    $t->clock(300);
    $t->popkeep('fetch')->exits( 0, 'LOGIN-DELAY: too early is no failure of a scheduler' );
    $t->last_run->is_silent('... and nothing for cron to send');
    is( scalar $s->sessions, 2, '... and nobody connects' );
    $t->popkeep( '-v', 'fetch' )->says( qr/^okul: the server wants 600 seconds from one login to the next; the next try is at \d{4}-/m, '... -v tells' );
    is_deeply( ends( $t->popkeep( '--json', 'fetch' ) ), { okul => '0 login-delay', lise => '0 login-delay' }, '... and JSON' );
    $t->popkeep( 'fetch', 'okul' )->exits( 75, '... who names it is told' );
    $t->last_run->says(qr/^okul: the server wants 600 seconds/m);
    $t->popkeep( '-q', 'fetch', 'o*' )->exits( 0, '... a pattern names nobody' );
    $t->popkeep('check')->exits( 75, '... and so is who asks for a check' );
    is( scalar $s->sessions, 2, '... but nobody connects' );
    $t->popkeep('verify')->exits( 0, '... what needs no login is done' );
    $t->clock(580);
    $t->speed(20);
    $t->popkeep('-q')->exits( 0, 'a short rest of it is waited for' );
    is( scalar $s->sessions, 4, '... and then it is fetched' );
    $s->restart(qq(login "-ERR [LOGIN-DELAY] too early"\n));
    $t->clock(2000);
    $t->popkeep( '--json', 'fetch' )->exits( 75, 'refused with [LOGIN-DELAY]' );
    is_deeply( ends( $t->last_run ), { okul => '75 login-delay', lise => '75 login-delay' }, '... says why' );
    $t->clock(2020);
    $t->popkeep('-q')->exits( 0, '... is believed for a minute' );
    is( scalar $s->sessions, 2, '... without asking again' );
}

# ---- a mailbox in use: once more at the end, if there is an end to wait for
{
    my ( $t, $s ) = fresh( "session 1 {\nlogin \"-ERR [IN-USE] busy\"\n}\n", jobs => 2 );
    my $slow = $t->server( script => "on LIST delay 2500\n" );
    $t->account( $s, 'busy' );
    $t->account( $slow, 'slow', user => 'slow', timeout => 300 );
    $t->speed(20);
    my $run = $t->popkeep( '--json', '-v' );
    $run->exits( 0, 'in use, and free a little later' );
    is_deeply( ends($run), { busy => '0 -', slow => '0 -' }, '... each ends once' );
    is( join( ' ', sort split / /, begun($run) ), 'busy slow', '... and begins once' );
    $run->says( qr/^busy: the mailbox was in use; trying once more$/m, '... -v tells' );
    is( scalar @{ $t->stored_octets('busy') }, 3, '... its mail is stored' );
    $s->restart(qq(login "-ERR [IN-USE] busy"\n));
    $run = $t->popkeep('--json');
    $run->exits( 75, 'in use all the time' );
    is_deeply( ends($run), { busy => '75 in-use', slow => '0 -' }, '... is told once' );
    is( scalar( grep { $_->{event} eq 'error' } $run->json ), 1, '... with one error' );
    is( scalar $s->sessions, 2, '... after two tries' );
    $slow->restart('');
    $run = $t->popkeep('--json');
    is_deeply( ends($run), { busy => '75 in-use', slow => '0 -' }, 'nobody waits for it when the others are done' );
    is( scalar $s->sessions, 3, '... one try' );

    # a server that has not noticed yet that the line was cut: what the first try stored counts as well
    ( $t, $s ) = fresh( "capa TOP UIDL USER\nsession 1 {\non RETR 3 close\n}\nsession 2 {\nlogin \"-ERR [IN-USE] busy\"\n}\n", jobs => 2 );
    $slow = $t->server( script => "on LIST delay 2500\n" );
    $t->account( $s, 'busy' );
    $t->account( $slow, 'slow', user => 'slow', timeout => 300 );
    $t->speed(20);
    $run = $t->popkeep('--json');
    $run->exits( 0, 'in use after a cut line, and free a little later' );
    is( join( ' ', map { $_->{event} eq 'account-end' && $_->{account} eq 'busy' ? @{$_}{qw(fetched listed stored)} : () } $run->json ), '3 3 3', '... both tries are counted' );
    is( ( $run->json )[-1]{fetched}, 6, '... in the summary, too' );
}

# ---- the time a run may take
{
    my ( $t, $s ) = fresh( "on LIST silent\n", jobs => 1, max_time => 60 );
    $t->account( $s, 'hangs', timeout => 3600 );
    $t->account( $s, $_, user => $_ ) for qw(b c d);
    $t->speed(50);
    my $began = time;
    my $run = $t->popkeep('--json');
    $run->exits( 75, 'max_time' );
    cmp_ok( time - $began, '<', 15, '... ends the run' );
    is( ends($run)->{hangs}, '75 -', '... and who was at work' );
    is( join( ' ', map { ends($run)->{$_} } qw(b c d) ), join( ' ', ('75 not-begun') x 3 ), '... the others are told as not begun' );
    $run->says( qr/^popkeep: the time is over \(max_time\): 3 accounts not begun$/m, '... in one line' );
    unlike( $run->err, qr/^[bcd]:/m, '... and not one by one' );
    my ($summary) = grep { $_->{event} eq 'summary' } $run->json;
    is( "$summary->{accounts} $summary->{accounts_failed}", '4 4', '... and counted' );
    $t->defaults( jobs => 2 );
    $run = $t->start('--json');
    my $stopped;
    until_it( 'a worker', sub { ($stopped) = workers( $run->{pid} ); return $stopped } );
    kill STOP => $stopped;
    $run->finish->exits( 75, 'a worker that does not listen any more' );
    $run->says( qr/^\w+: it did not end within 30 seconds after the time was over and was killed$/m, '... is killed when its grace is over' );
    $s->restart('');
    $t->defaults( max_time => undef );
    $t->speed(0);
    $t->popkeep('-q')->exits( 0, '... and the next run does it all' );
    is( scalar @{ $t->stored_octets($_) }, 3, "... $_ is complete" ) for qw(hangs b c d);
    $t->defaults( max_time => 60, start_jitter => 60 );
    $t->popkeep->exits(78);
    $t->last_run->says(qr/start_jitter is part of the time that max_time gives/);
}

# ---- a spread start
{
    my ( $t, $s ) = fresh( '', start_jitter => 3600 );
    $t->account( $s, $_, user => $_, timeout => 600 ) for qw(a b);
    $t->popkeep( '-q', 'a' )->exits( 0, 'start_jitter: whoever names an account does not wait' );
    $t->popkeep('check')->exits( 0, '... nor does a check' );
    my $run = $t->start('-v');
    until_it( 'the wait', sub { ( slurp( $run->{err_file} ) // '' ) =~ /^popkeep: waiting \d+\.\d s before the first connection$/m } );
    is( scalar $s->sessions, 3, 'a scheduler waits' );
    my $began = time;
    $run->signal('TERM')->finish->exits( 143, '... and ends when it is told to' );
    cmp_ok( time - $began, '<', 10, '... at once' );
    $run->says( qr/^popkeep: ended by a signal: 2 accounts not begun$/m, '... and says what it left' );
    $t->defaults( start_jitter => 30 );
    $t->speed(30);
    $t->popkeep('-q')->exits( 0, '... and begins when the time has come' );
    is( scalar $s->sessions, 5, '... with all of them' );
    $t->speed(0);
    $t->popkeep( 'fetch', { tty => 1 } )->exits( 0, 'who sits at a terminal does not wait' );
}

# ---- --fail-fast
{
    my ( $t, $s ) = fresh( '', jobs => 1 );
    my %server = ( 77 => $t->server( script => qq(login "-ERR [AUTH] no"\n) ), 75 => $t->server( script => qq(login "-ERR [SYS/TEMP] no"\n) ) );
    $t->account( $server{75}, 'a75', user => 'a75' );
    $t->account( $s,          'b0',  user => 'b0' );
    $t->account( $server{77}, 'c77', user => 'c77' );
    $t->account( $s, $_, user => $_ ) for qw(d e);
    my $run = $t->popkeep( '--json', '--fail-fast' );
    $run->exits( 77, '--fail-fast: its status is the run\'s' );
    is_deeply( ends($run), { a75 => '75 -', b0 => '0 -', c77 => '77 -', d => '75 not-begun', e => '75 not-begun' }, '... nobody begins after it' );
    $run->says( qr/^popkeep: c77 failed \(--fail-fast\): 2 accounts not begun$/m, '... one line says so' );
    $t->popkeep('-q')->exits(77);
    is( scalar @{ $t->stored_octets('e') }, 3, 'without it all are done' );
    $t->popkeep( 'status', '--fail-fast' )->exits(64);
    $t->account( $s, 'B', user => 'b', password_file => undef );
    is( ends( $t->popkeep( '--json', '--fail-fast', 'B', 'd' ) )->{d}, '75 not-begun', '... nor after one whose password cannot be asked for' );
}

# ---- what is loaded once for all is for those alone whom it is meant for: nobody trusts the authorities of another account
for my $order ( [ 'own', 'system' ], [ 'system', 'own' ] ) {
    my ( $t, $s ) = fresh();
    my %ca = ( own => Popkeep::certs_dir() . '/ca.pem', system => undef );
    $t->account( $s, $_, user => $_, tls_ca_file => $ca{$_} ) for @$order;
    $t->account( $s, 'nowhere', user => 'n', tls_ca_file => $t->path('nowhere.pem') );
    $t->account( $s, 'pinned',  user => 'p', tls_ca_file => undef, tls_pin => 'sha256//' . 'A' x 43 . '=' );
    is_deeply( ends( $t->popkeep('--json') ), { own => '0 -', system => '12 -', nowhere => '78 -', pinned => '12 -' }, "@$order: each has its own authorities" );
}

# ---- a name whose servers are dead holds up its own account alone
{
    my ( $t, $s ) = fresh();
    $t->{preload} = [ Popkeep::tools_dir() . '/hostshim.so' ];
    $t->account( $s, 'dead', host => 'a.okul.example' );
    $t->account( $s, $_, user => $_, host => "$_.okul.example", tls_name => '127.0.0.1' ) for qw(b c);
    my $run = $t->start( '--json', { env => { HOSTSHIM => 'b.okul.example,c.okul.example', HOSTSHIM_DEAD => 'a.okul.example' } } );
    ok( until_it( 'the others to end', sub { ( () = ( slurp( $run->{out_file} ) // '' ) =~ /"account-end"/g ) == 2 } ), 'a look-up that hangs holds nobody else up' );
    $run->signal('TERM')->finish->exits( 143, '... and can be ended' );
    is( ends($run)->{dead}, '75 not-begun', '... its account was not begun' );
}

# ---- two runs
{
    my ( $t, $s ) = fresh("on LIST silent\n");
    my $quick = $t->server;
    $t->account( $s,     'first', user => 'first', timeout => 60 );
    $t->account( $quick, 'done',  user => 'done' );
    my $run = $t->start('fetch');
    until_it( 'one done', sub { @{ $t->stored_octets('done') } == 3 && grep { $_->{text} =~ /^LIST/ } $s->log( now => 1 ) } );
    my $began = time;
    $t->popkeep('fetch')->exits( 75, 'a second run of all' );
    cmp_ok( time - $began, '<', 10, '... ends at once' );
    is( $t->last_run->err, "popkeep: another run is at work on these accounts (process $run->{pid})\n", '... with one line' );
    $t->popkeep( 'fetch', 'd*' )->exits( 75, '... a pattern is a second run, too' );
    $t->popkeep( '-q', 'fetch', 'done' )->exits( 0, 'a named account is fetched beside it' );
    $t->popkeep( 'fetch', 'first' )->exits( 75, '... unless the other is at work on it' );
    $t->last_run->says(qr/^first: another run is at work on this account/m);
    $t->popkeep( '-q', 'fetch', '-n', 'done' )->exits( 0, 'a dry run harms nobody' );
    $t->popkeep( '-q', 'check', 'done' )->exits( 0, '... nor does a check' );
    my ($json) = grep { $_->{event} eq 'summary' } $t->popkeep( '--json', 'fetch' )->json;
    is( $json->{status}, 75, 'JSON says it as well' );
    $run->signal('KILL')->finish;
    $s->restart('');
    until_it( 'the worker to end', sub { !$t->popkeep( '-q', 'fetch' )->{exit} } );
    $t->popkeep( '-q', 'fetch' )->exits( 0, 'a run that was killed leaves nothing taken' );

    # parts of the accounts do not meet
    ( $t, $s ) = fresh("on LIST silent\n");
    $t->account( $s, "s$_", user => "s$_", timeout => 60 ) for 1 .. 8;
    my @runs = map { $t->start( '--shard', "$_/2" ) } 1, 2;
    until_it( 'both at work', sub { !grep { !workers( $_->{pid} ) } @runs } );    # a worker is told to end also when it has just begun
    is( scalar( grep { $_->signal('TERM')->finish->{exit} == 143 } @runs ), 2, 'two parts are worked on side by side' );
}

# ---- a system that lets it have fewer workers than jobs: the others wait, none fails
{
    my ( $t, $s ) = fresh( "on STAT delay 500\n", jobs => 40, per_host => 40 );
    my @names = map { sprintf 'okul%02d', $_ } 1 .. 40;
    $t->account( $s, $_, user => $_ ) for @names;
    $t->{program} = spew( $t->path('limited'), "#!/bin/sh\nulimit -n 36\nexec " . Popkeep::program() . qq( "\$\@"\n) );
    chmod 0755, $t->{program};
    my $run = $t->popkeep( '--json', 'fetch' );
    $run->exits( 0, 'fewer descriptors than jobs' );
    is_deeply( ends($run), { map { ( $_ => '0 -' ) } @names }, '... all are done' );
    is( begun($run), "@names", '... in their order, and each begins once' );
    is( scalar( grep { $_->{event} eq 'note' && ( $_->{text} // '' ) =~ /Too many open files; from now on at most \d+ accounts at a time/ } $run->json ), 1, '... and it is told once' );
}

# ---- lines of an account stay together; a worker that has lost its mind, or hangs, is its own account's trouble
{
    my ( $t, $s ) = fresh( "on RETR delay 30\ncapa TOP UIDL USER\n", jobs => 4, per_host => 4 );
    $t->account( $s, $_, user => $_ ) for qw(kara mavi sari mor);
    my $run = $t->popkeep( 'fetch', '-v' );
    $run->exits(0);
    my @of = map { /^(\w+): / ? $1 : () } split /\n/, $run->out;
    my @changes = grep { $of[$_] ne $of[ $_ - 1 ] } 1 .. $#of;
    cmp_ok( scalar @of, '>=', 16, '-v: a line a message' );
    is( scalar @changes, 3, 'the lines of an account follow each other' ) or diag $run->out;    # "4 accounts" has none

    $t->{preload} = [ Popkeep::tools_dir() . '/nonsenseshim.so' ];
    $run = $t->popkeep( '--json', { env => { NONSENSE => 'mavi' } } );
    is_deeply( ends($run), { kara => '0 -', sari => '0 -', mor => '0 -', mavi => '70 -' }, 'a worker that writes nonsense' );
    $run->says( qr/^mavi: the worker process wrote what is no event and was ended$/m, '... is told' );
    is( scalar( grep { $_->{event} eq 'account-end' } $run->json ), 4, '... each ends once' );

    $s->restart("on QUIT delay 300\n");
    $run = $t->start( '--json', 'fetch', 'mavi', { env => { NONSENSE => 'Mail/mavi' } } );    # its end alone names the Maildir
    my $mavi;
    until_it( 'a worker', sub { ($mavi) = workers( $run->{pid} ); return $mavi } );
    kill STOP => $run->{pid};
    until_it( 'its end', sub { ( slurp("/proc/$mavi/stat") // '' ) =~ /\) Z/ } );
    kill CONT => $run->{pid};
    is_deeply( ends( $run->finish ), { mavi => '70 -' }, '... as its last words, too: they may have been of a failure' );
    $s->restart("on RETR delay 30\ncapa TOP UIDL USER\n");

    $run = $t->start( '--json', { env => { LINGER => 'mavi' } } );
    until_it( 'the others to end', sub { ( () = ( slurp( $run->{out_file} ) // '' ) =~ /"account-end"/g ) == 3 } );
    is( scalar workers( $run->{pid} ), 1, 'a worker that closes its pipe and lives on holds nobody up' );
    $run->signal('TERM')->finish->exits( 143, '... and can be ended' );
    is_deeply( ends($run), { kara => '0 -', sari => '0 -', mor => '0 -', mavi => '75 -' }, '... and each has its end' );
    $t->{preload} = [];

    $s->restart("on STAT delay 100\n");
    $run = $t->start('--json');
    until_it( 'workers', sub { workers( $run->{pid} ) == 4 } );
    my ($stopped) = workers( $run->{pid} );
    kill STOP => $stopped;
    until_it( 'the others to end', sub { ( () = ( slurp( $run->{out_file} ) // '' ) =~ /"account-end"/g ) == 3 } );
    pass('a worker that stands still holds nobody up');
    kill CONT => $stopped;
    $run->finish->exits( 0, '... and when it goes on, all is done' );
}
done_testing();
