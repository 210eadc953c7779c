#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e
# Under systemd: `systemctl status` tells how far a run is, the journal which lines are errors, and the units that people
# copy are taken by systemd as they are.
use strict;
use warnings;
use Popkeep;
use IO::Socket::UNIX ();
use Socket qw(SOCK_DGRAM);
use Cwd qw(getcwd);
use File::Temp ();

my $t = Popkeep->new;
$t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody $_\n" ) } 1 .. 3 );
my $s   = $t->server;
my $bad = $t->server( script => qq(login "-ERR [AUTH] no"\n) );
$t->account( $s,   "okul-$_", user => "u$_" ) for 1 .. 3;
$t->account( $bad, 'bad',     user => 'u9' );

# ---- sd_notify: a path, and an abstract name
my $folder = File::Temp::tempdir( 'popkeep-notify-XXXXXX', TMPDIR => 1, CLEANUP => 1 );    # a deep path is too long for a socket
sub messages {
    my ($socket) = @_;
    my ( $message, @got );
    $socket->blocking(0);
    while ( defined $socket->recv( $message, 4096 ) && length $message ) { push @got, $message }
    return @got;
}
for my $name ( "$folder/notify", "\0popkeep-test-$$" ) {
    my $socket = IO::Socket::UNIX->new( Type => SOCK_DGRAM, Local => $name ) or die "socket: $!";
    my $shown = $name =~ s/^\0/@/r;
    $t->popkeep( '-q', '-j', 1, { env => { NOTIFY_SOCKET => $shown } } )->exits( 77, $shown =~ /^@/ ? 'an abstract socket' : 'a socket with a path' );
    my @got = messages($socket);
    is( $got[0], "READY=1\nSTATUS=accounts: 0 of 4 done, 0 failed", 'ready, and nothing done yet' );
    is_deeply( [ map { /^STATUS=accounts: (\d) of 4 done, [01] failed$/ ? $1 : () } @got ], [ 1 .. 4 ], 'each account that is done is told' );
    is( $got[-1], "STOPPING=1\nSTATUS=accounts: 4 of 4 done, 1 failed", '... and the end, with those that failed' );
    ok( !( grep { /okul|bad/ } @got ), 'no names' );
}
for my $nobody ( "$folder/nobody", '@nobody-' . $$, 'relative', '/' . 'x' x 4000, 'vsock:2:1' ) {
    $t->popkeep( '-q', 'okul-1', { env => { NOTIFY_SOCKET => $nobody } } )->exits( 0, 'nobody listens at ' . substr( $nobody, 0, 20 ) );
}

# a command of the user's must not be able to speak for the service
$t->account( $s, 'command', user => 'u8', password_file => undef,
    password_command => "printenv NOTIFY_SOCKET > '@{[$t->path('seen')]}'; echo secret" );
$t->popkeep( '-q', 'command', { env => { NOTIFY_SOCKET => "$folder/nobody" } } )->exits(0);
is( slurp( $t->path('seen') ), '', 'password_command does not inherit NOTIFY_SOCKET' );

# ---- priorities
sub stream_of { my @st = stat $_[0]; return "$st[0]:$st[1]" }    # JOURNAL_STREAM as systemd sets it

sub journalled {
    my ( $which, @args ) = @_;
    my $n = $t->{runs} + 1;
    spew( $t->path("run-$n.$_"), '' ) for qw(out err);
    return $t->popkeep( @args, { env => { JOURNAL_STREAM => stream_of( $t->path("run-$n.$which") ) } } );
}
my $run = journalled( 'err', '-v' );
is( $run->exit, 77, 'a run whose stderr is the journal' );
like( $run->err, qr/^<3>bad: login refused for u9 /m, 'errors are 3' );
like( $run->err, qr/^<3>    /m, '... on each of their lines' );
like( $run->err, qr/^<7>okul-1: connected to /m, 'notes are 7' );
ok( !( grep { !/^<[3467]>/ } split /\n/, $run->err ), 'no line has none' );
unlike( $run->out, qr/^</m, 'stdout is another file: no marks there' );
like( journalled( 'err', '-vvv', 'okul-1' )->err, qr/^<7>okul-1 > CAPA$/m, 'the dialogue is 7' );
like( journalled( 'err', 'nobody' )->err, qr/\A<3>popkeep: no command or account.*\n<3>popkeep --help/, 'what could not begin is 3' );
$t->mails( 'box', '0004.eml' => "Subject: 4\n\nbody\n" );
$run = journalled( 'out', 'okul-*' );
like( $run->out, qr/\A(?:<6>okul-\d: 1 new message .*\n){3}<6>3 accounts: .*\n\z/, 'results are 6' );
$run = journalled( 'out', '--json', 'okul-*' );
ok( scalar( eval { $run->json } ), 'JSON stays JSON' ) or diag $run->out;
unlike( journalled( 'out', 'bad' )->err, qr/^</m, 'and nothing is marked that is not the journal' );

# ---- the units, by systemd's own check
my ($analyze) = grep { -x } '/usr/bin/systemd-analyze', '/bin/systemd-analyze';
SKIP: {
    skip 'systemd-analyze is not installed', 1 unless $analyze;
    my %copy = map { ( $_ => $_ ) } map { s{.*/}{}r } glob 'examples/*.service examples/*.timer';
    ok( keys %copy >= 4, 'there are services, timers and templates' );
    $copy{ s/\@/\@3-8/r } = $_ for grep { /\@/ } keys %copy;
    for my $unit ( sort keys %copy ) {
        my $text = slurp("examples/$copy{$unit}");
        $text =~ s{^ExecStart=/usr/local/bin/popkeep}{'ExecStart=' . Popkeep::program()}me;
        spew( $t->path("units/$unit"), $text );
    }
    for my $unit ( grep { !/\@\./ } sort keys %copy ) {
        my $said = `cd @{[$t->path('units')]} && LD_PRELOAD= $analyze verify --man=no ./$unit 2>&1`;
        my @about = grep { /popkeep.*\.(?:service|timer)|[Uu]nknown/ && !/User.*popkeep|Group.*popkeep/ } split /\n/, $said;
        is( join( "\n", @about ), '', "systemd-analyze has nothing against $unit" );
        next unless $unit =~ /service$/;

        # 0: nothing is open to the service; 10: everything. Versions before 250 cannot judge a file.
        my ($exposure) = `LD_PRELOAD= $analyze security --offline=true --no-pager @{[$t->path("units/$unit")]} 2>&1` =~ /exposure level .*: (\d+\.\d)/;
        cmp_ok( $exposure, '<=', 2.0, 'a service that is taken over gets nowhere: its exposure by systemd-analyze security' ) if defined $exposure;
    }
    my $broken = slurp('examples/popkeep.service') =~ s/^ProtectHome=/ProtectHouse=/mr;
    $broken =~ s{^ExecStart=/usr/local/bin/popkeep}{'ExecStart=' . Popkeep::program()}me;
    spew( $t->path('units/popkeep-broken.service'), $broken );
    like( `cd @{[$t->path('units')]} && LD_PRELOAD= $analyze verify --man=no ./popkeep-broken.service 2>&1`, qr/ProtectHouse/, '... and would have found a misspelt setting' );
    is( `systemd-escape --unescape 3-8`, "3/8\n", 'the instance 3-8 is the part 3/8' );
}

# the template is the service, but for the part
my ( $one, $part ) = map { slurp("examples/popkeep$_.service") =~ s/\A(?:#.*\n)+//r } '', '@';
$part =~ s/, part %I of the accounts//;
$part =~ s/ --shard %I / /;
is( $part, $one, 'popkeep@.service is popkeep.service with --shard' );
for my $timer ( '', '@' ) {
    like( slurp("examples/popkeep$timer.timer"), qr/^\[Timer\]\nOnCalendar=(?:.*\n)*RandomizedDelaySec=\d+m\n/m, "popkeep$timer.timer spreads the runs" );
}
like( $one, qr/^Type=oneshot\n(?:#.*\n)*NotifyAccess=main$/m, 'the service lets popkeep tell how far it is' );
done_testing();
