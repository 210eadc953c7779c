# SPDX-License-Identifier: ISC
# kill -9 at random moments of runs against a real Dovecot: of the worker, of its parent, of both; in first fetches, in later
# ones, while deleting, in the run after a kill. Nothing is lost, nothing is stored twice, and what Dovecot deleted is here.
# POPKEEP_FAULTS=all kills 500 times.
# only: e2e
use strict;
use warnings;
use Cwd ();
use Popkeep;
use Popkeep::Dovecot;
use Popkeep::Faults;
use Popkeep::Mails;
use Time::HiRes qw(sleep time);

my $missing = Popkeep::Dovecot->missing;
plan skip_all => $missing if $missing;
my $wanted = ( $ENV{POPKEEP_FAULTS} // '' ) eq 'all' ? 500 : 12;
srand( $ENV{POPKEEP_SEED} // 20261122 );

my $t = Popkeep->new;
( my $small = Popkeep::program() ) =~ s{/popkeep$}{/tests/popkeep-small};
my $d = Popkeep::Dovecot->new( password => 'Gizli+9q7Z.sifre' );
$t->account( $d, 'okul', retention_days => 30, password_is => $d->{password} );
$t->{program} = $t->path('popkeep-small');
system( 'cp', $small, $t->{program} ) == 0 or die "$small: not built (make small)";

my $program = Cwd::abs_path( $t->{program} );
my ( $count, $day, @mail, $young ) = ( 0, 0 );    # @mail: what must be stored in the end; $young: those Dovecot must keep

sub arrive {
    my ($n) = @_;
    my @new = map { $count++; $count % 40 ? "Subject: $count\n\n" . "line of $count\n" x ( 5 + $count % 90 ) : Popkeep::Mails::large( 300_000, "m$count" ) } 1 .. $n;
    $d->add(@new);
    push @mail, @new;
    $young += $n;
    return;
}

sub begin_anew {    # a first fetch
    system 'rm', '-rf', glob( "'" . $t->path('state') . "'/*" ), glob( "'" . $t->path('Mail') . "'/*" );
    $t->clock( $day = 0 );
    @mail = $d->mails;
    $young = @mail;
    arrive( 30 - @mail ) if @mail < 30;
    return;
}

sub pass_a_month { $t->clock( ( $day += 31 ) * DAY ); $young = 0; return }

# Dovecot has noticed that the connections are gone: their sessions are logged as ended.
sub wait_for_dovecot {
    my $until = time + 30;
    while ( time < $until ) {
        my $log   = $d->log_text;
        my $begun = () = $log =~ /pop3-login: Info: Login: /g;
        my $ended = () = $log =~ /pop3\([^)]*\).*: (?:Disconnected|Connection closed)/g;
        return if $begun == $ended;
        sleep 0.005;
    }
    return;
}

sub alive { return grep { -e "/proc/$_" && ( slurp("/proc/$_/stat") // '' ) !~ /\) Z/ } @_ }

# A run that is killed so many seconds after it began: 1, or 0 when it had ended before.
my %killed;
sub killed_run {
    my ($after) = @_;
    my $run  = $t->start( 'fetch', '--json' );
    my $whom = (qw(worker worker parent both))[ rand 4 ];
    my $begun = time + 20;
    sleep 0.0005 until ( readlink("/proc/$run->{pid}/exe") // '' ) eq $program || time > $begun;
    sleep $after;
    my @workers = workers( $run->{pid} );
    kill KILL => $whom eq 'parent' ? $run->{pid} : $whom eq 'both' || !@workers ? ( $run->{pid}, @workers ) : @workers;
    $run->finish;
    my $until = time + 20;
    sleep 0.002 while alive(@workers) && time < $until;
    wait_for_dovecot();
    $killed{$whom}++ if $run->exit == 137 || $run->exit == 70;
    return $run;
}

sub fault_now {
    my ( %want, %have );
    $want{$_} = 1 for @mail;
    for my $octets ( values %{ $t->stored('okul') } ) {
        $want{$octets} or return 'half a message, or a strange one, is stored';
        $have{$octets}++ and return 'a message is stored twice';
    }
    my %left = map { $_ => 1 } $d->mails;
    for my $octets (@mail) { $have{$octets} || $left{$octets} or return 'a message is neither here nor at the server' }
    return '';
}

sub fault_after {
    my $run = $t->popkeep( 'fetch', '-q' );
    return "the clean run ended with @{[$run->exit // 'a time-out']}: " . $run->out . $run->err if ( $run->exit // -1 ) != 0;
    my $fault = fault_now();
    return $fault if $fault;
    return 'not all is stored' if keys %{ $t->stored('okul') } != @mail;
    return 'left in tmp/' if $t->tmp_files('okul');
    return "at the server are @{[$d->left]}, not $young" if $d->left != $young;
    $run = $t->popkeep( 'verify', '-q' );
    return 'verify: ' . $run->out . $run->err if ( $run->exit // -1 ) != 0;
    my $told = `grep -rlF '$d->{password}' '@{[$t->path('state')]}' '@{[$t->path('Mail')]}' '@{[$t->dir]}'/run-* 2>/dev/null`;
    return $told ? "the password is in $told" : '';
}

sub fault_in_ending {
    my ($run) = @_;
    my @events = map { eval { JSON::PP::decode_json($_) } || {} } split /\n/, $run->out // '';
    my $stored = $t->stored('okul');
    for my $event ( grep { ( $_->{event} // '' ) eq 'message-stored' } @events ) {
        defined $stored->{ $event->{file} } or return "$event->{file} was told to be stored and is not there";
    }
    return '' if $run->exit == 137;
    return 'exit ' . $run->exit . ', but the summary says ' . ( $events[-1]{status} // 'nothing' ) if $run->exit != ( $events[-1]{status} // -1 );
    return '';
}

require JSON::PP;
my ( $kills, $late, @bad ) = ( 0, 0 );
my %lasts;    # how long such a run takes
while ( $kills < $wanted && $late < 10 * $wanted ) {
    my $what = ( 'the first fetch', 'more', 'deletions', 'deletions and more' )[ rand 4 ];
    $what = 'the first fetch' if @mail > 400 || !@mail || $day > 300;    # the server's certificate holds a year
    begin_anew()             if $what =~ /first/;
    pass_a_month()           if $what =~ /deletions/;
    arrive( 4 + int rand 25 ) if $what =~ /more/;
    my ( $times, $fault, $did ) = ( rand() < 0.3 && $kills + 1 < $wanted ? 2 : 1, '', 0 );
    for my $nth ( 1 .. $times ) {
        my $run = killed_run( rand( ( $lasts{$what} // 0.2 ) * 1.1 ) );
        $did++ if $run->exit == 137 || $run->exit == 70;
        $fault ||= fault_now() || fault_in_ending($run);
    }
    $late++ if !$did;
    $kills += $did;
    $fault ||= fault_after();
    push @bad, "kill $kills, $what: $fault" if $fault;
    last if @bad > 5;
    $lasts{$what} = ( $lasts{$what} // 0.2 ) * ( $did ? 1.02 : 0.9 );    # a machine may be faster or slower at times
}

ok( !@bad, "killed $kills times at random moments: nothing is lost and nothing doubled" ) or diag( join "\n", @bad );
is( $kills, $wanted, 'every kill did happen' );
note( join ', ', map { "$_: $killed{$_}" } sort keys %killed );
faults_counted( 'kill-dovecot', $kills, scalar @bad );
done_testing();
