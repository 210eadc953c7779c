#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What is printed, where, and what never is. Noise each quarter of an hour makes people delete cron's mails unread;
# a password in a log is a password lost; control characters from a server can rewrite a terminal.
use strict;
use warnings;
use Popkeep;
use Time::HiRes qw(sleep);

my $password = 'cok Gizli-Parola 9137';
my $base64   = do { require MIME::Base64; MIME::Base64::encode_base64( "\0ogretmen\0$password", '' ) };
my $t        = Popkeep->new;

sub shows_password { my ($text) = @_; return index( $text, $password ) >= 0 || index( $text, $base64 ) >= 0 || $text =~ /Gizli/ }

$t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody $_\n" ) } 1 .. 3 );
my $good = qq(password "$password"\n);
my $s    = $t->server( script => $good );
$t->account( $s, 'okul', password_is => $password );

# ---- how much is said
$t->popkeep->exits(0);
is( $t->last_run->err, '', 'a run that did something: nothing on stderr' );
like( $t->last_run->out, qr/\Aokul: 3 new messages \(\d+ B\) stored; 3 on the server, 0 left to fetch\n\z/, '... and one line on stdout' );
for ( [], ['fetch'], ['-q'], [ '-q', 'check' ], [ '-q', 'status' ], [ '-q', 'verify' ], [ '-q', 'verify', '--server' ] ) {
    $t->popkeep(@$_)->is_silent( "nothing new, no terminal, nothing wrong: 'popkeep @$_' says nothing" );
    is( $t->last_run->exit, 0, '... and ends with 0' );
}
$t->mails( 'box', '0004.eml' => "Subject: 4\n\nbody\n" );
$t->popkeep('-q')->is_silent('-q says nothing of new mail either');
$t->mails( 'box', '0005.eml' => "Subject: 5\n\nbody\n" );
$t->popkeep('-v')->prints(qr/^stored  u0005  \(\d+ B, file [^)]*\)\nokul: 1 new message /m);
$t->last_run->says( qr/^okul: connected to 127\.0\.0\.1:\d+, TLSv1\.3 /m, '-v tells how the connection was made' );
unlike( $t->last_run->err, qr/PASS|AUTH/, '... but not the dialogue' );
$t->popkeep('-v')->prints( qr/\Aokul: nothing new; 5 on the server, 0 left to fetch\n\z/, '-v with nothing to do says so' );

# ---- the trace shows all but the secret
for ( [ 'PASS', "capa TOP UIDL USER PIPELINING\n", qr/^okul > USER ogretmen\nokul < .*\nokul > PASS \*\*\*\n/m ], [ 'AUTH PLAIN', '', qr/^okul > AUTH PLAIN \*\*\*\n/m ],
    [ 'AUTH after a prompt', "on AUTH send \"+ \\r\\n+OK\\r\\n\"\n", qr/^okul > \*\*\*\n/m ] )
{
    my ( $name, $script, $line ) = @$_;
    $s->restart("$good$script");
    my $run = $t->popkeep( '-vvv', { timeout => 30 } );
    like( $run->err, $line, "$name: the trace has it with stars" );
    like( $run->err, qr/^okul > CAPA\n.*^okul > QUIT\n/ms, '... and the rest of the dialogue' ) unless $name =~ /prompt/;
    ok( !shows_password( $run->out . $run->err ), '... without the password' );
}
$s->restart($good);

# ---- a run that waits: its command line, environment and files of /proc
$s->restart("${good}on LIST silent\n");
my $run = $t->start( '-vvv', 'fetch' );
for ( 1 .. 1000 ) { last if ( slurp( $run->{err_file} ) // '' ) =~ /> LIST/; sleep 0.01 }
my @pids = ( $run->{pid} );
for ( my $i = 0; $i < @pids; $i++ ) { push @pids, split ' ', slurp("/proc/$pids[$i]/task/$pids[$i]/children") // '' }
my ( $looked, $shown, @cores ) = ( 0, 0 );
for my $pid (@pids) {
    $looked++ if ( slurp("/proc/$pid/comm") // '' ) =~ /^popkeep/;
    $shown += shows_password( join ' ', map { slurp("/proc/$pid/$_") // '' } qw(cmdline environ) );
    push @cores, ( slurp("/proc/$pid/limits") // '' ) =~ /^Max core file size\s+(\S+)/m if ( slurp("/proc/$pid/comm") // '' ) =~ /^popkeep/;
}
cmp_ok( $looked, '>=', 2, 'parent and worker are looked at' );
is( $shown, 0, 'no command line, no environment has the password' );
is( "@cores", join( ' ', ('0') x $looked ), 'neither can leave a core file' ) unless ( $ENV{POPKEEP_SUITE} // '' ) eq 'san';
$run->signal('TERM')->finish;
is( $run->exit, 143, 'ended by SIGTERM: 143' );
$s->restart($good);

# ---- a refused login
$s->restart(qq(login "-ERR [AUTH] no\\x1b[2J such\\x07 \\xe2\\x80\\xae user"\n));
$t->popkeep( 'fetch', 'okul' )->exits(77);
$t->last_run->says( qr/^okul: login refused for ogretmen by 127\.0\.0\.1: /, 'a refused login says who and where' );
$t->last_run->says( qr/no\\x1b\[2J such\\x07 \\xe2\\x80\\xae user/, '... and the server, with its control characters made visible' );

# ---- what a server can say to a terminal, in all the places its text gets to
# ---- a file name with control characters, as a script may hand it on: also where no account is meant yet
$t->popkeep( '-c', $t->path("no\e[2J\xe2\x80\xae.conf"), { no_config => 1 } )->exits(78);
$t->last_run->says( qr/no\\x1b\[2J\\xe2\\x80\\xae\.conf: No such file/, 'control characters of a file name are made visible, too' );

my $evil  = '\\x1b]0;evil\\x07\\x9b31m\\r';
$s->restart( <<"END" );
$good
greeting "+OK hello$evil"
on STAT send "+OK 1 10$evil\\r\\n"
on RETR 1 send "-ERR gone$evil\\r\\n"
uidl-prefix "q\\x1b["
END
for my $args ( ['-vvv'], ['-v'], ['--json'], [ '-n', '-v' ], ['status'], ['check'], [ 'verify', '--server' ] ) {
    my $got = $t->popkeep(@$args);
    my $all = $got->out . $got->err;
    unlike( $all, qr/[\x00-\x08\x0b-\x1f\x7f]|\x9b(?![\x80-\xbf])/, "popkeep @$args: no control character gets through" );
}
my @state = grep { -f } glob( $t->path('state/okul/*') ), $t->path('Mail/okul/popkeep-okul.id');
cmp_ok( scalar @state, '>=', 2, 'there are state files to look at' );
ok( !shows_password( join '', map { slurp($_) // '' } @state ), 'none has the password' );
my $manual = slurp('man/popkeep-journal.5');
is( join( ' ', grep { $manual !~ /^\.It Pa \Q$_\E$/m } map { m{/state/okul/(.*)} } @state ), '', 'each file is in the manual' );
unlike( slurp( $t->state_file( 'okul', 'journal' ) ), qr/[\x00-\x08\x0b-\x1f\x7f]/, 'nor a control character' );

# ---- on a terminal
$s->restart("${good}delay 60\n");    # so that the run outlives the first drawing of the line, which comes after 100 ms
$t->forget_accounts;
$t->account( $s, 'lise', password_is => $password );
my $tty = $t->popkeep( 'fetch', { tty => 1, env => { TERM => 'xterm' } } )->exits( 0, 'on a terminal' );
my $seen = $t->last_run->out;
like( $seen, qr/\r(?:connecting|listing|fetching)\b.*\r\e\[K/s, 'there is a progress line' ) or diag $seen;
like( $seen, qr/lise: 5 new messages \(\d+ B\) stored; 5 on the server, 0 left to fetch\r?\n\z/, 'the summary is the last line' );
unlike( $seen, qr/\e\[[0-9;]*m/, 'no colours' );
( my $rest = $seen ) =~ s/\r|\e\[K//g;
unlike( $rest, qr/[\x00-\x09\x0b-\x1f]/, 'no control but carriage return and clearing the line' );
$s->restart($good);
$t->popkeep( 'fetch', { tty => 1, env => { TERM => 'xterm' } } )->prints( qr/lise: nothing new; 5 on the server, 0 left to fetch\r?\n\z/, 'a person is told that there is nothing new' );
$t->popkeep( '-q', 'fetch', { tty => 1, env => { TERM => 'xterm' } } )->is_silent('unless with -q');
$t->popkeep( 'fetch', { tty => 1, env => { TERM => 'dumb' } } );
unlike( $t->last_run->out, qr/\e|\r(?!\n)/, 'a dumb terminal gets no progress line' );

# ---- output that cannot be written
SKIP: {
    skip 'no /dev/full', 3 unless -c '/dev/full';
    $t->mails( 'box', '0006.eml' => "Subject: 6\n\nbody\n" );
    my $status = system "LD_PRELOAD= @{[Popkeep::program()]} -c @{[$t->path('popkeep.conf')]} fetch 2>@{[$t->path('said')]} >/dev/full";
    is( $status >> 8, 74, 'stdout that fails: 74' );
    is( slurp( $t->path('said') ) =~ s/^popkeep: running as root.*\n//r, "popkeep: cannot write to standard output: No space left on device\n", '... said once' );
    is( scalar $t->stored_paths('lise'), 6, '... after the mail is stored' );
}
done_testing();
