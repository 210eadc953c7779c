# SPDX-License-Identifier: ISC
# Workloads that are run again and again from the same start, with one call going wrong (tests/tools/faultshim.c),
# and what must hold afterwards: nothing lost, nothing twice, nothing deleted that is not kept here.
package Popkeep::Crash;
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use File::Find ();
use File::Path qw(make_path remove_tree);
use MIME::Base64 qw(encode_base64);
use Popkeep;
use Popkeep::PowerCut;

our @EXPORT_OK = qw(workloads sample changing);
use Exporter 'import';

my @parts = qw(state Mail box);
my $password = 'Gizli+9q7Z.sifre';    # is to be found nowhere afterwards
my @secrets = ( $password, map { substr encode_base64( $_, '' ), 0, 20 } $password, "\0ogretmen\0$password" );

# The calls of the shim that change something outside of the program: a kill before any other is no point of its own.
sub changing { return join ',', qw(create write truncate utimens fsync fdatasync syncfs renameat2 renameat link unlink mkdir connect send) }

# How many of a sweep's points belong to this run: all under POPKEEP_CRASH, else `$n` plainly, fewer where it is slow.
sub sample {
    my ( $n, @points ) = @_;
    my $wish = $ENV{POPKEEP_CRASH} // '';    # "all", or how many of each sweep
    return @points if $wish eq 'all';
    my $suite = $ENV{POPKEEP_SUITE} // '';
    $n = $wish || int( $n / ( $suite eq 'san' ? 8 : $suite eq 'locale' ? 16 : 1 ) ) || 1;
    return @points if $n >= @points;
    my $offset = rand( @points / $n );    # spread evenly, so that every part of the run is met
    return @points[ map { int( $offset + $_ * @points / $n ) } 0 .. $n - 1 ];
}

sub mail {
    my ($n) = @_;
    my $name = sprintf '%04d.eml', $n;
    return ( $name => Popkeep::Mails::large( 300_000, $name ) ) if $n == 5;                        # in pieces
    return ( $name => Popkeep::Mails::large( 290_000, $name ) . "a\rb\n" ) if $n == 8;             # its LF form is given up late
    return ( $name => "Subject: twin\n\nthe same\n" ) if $n == 9 || $n == 11;
    return ( $name => '' ) if $n == 3;
    return ( $name => "Received: by mx; Tue, 3 Nov 2020 09:08:07 +0000\nSubject: $n\n\n" . "$n line\n" x ( $n * 7 ) );
}

sub mails { return map { mail($_) } @_ }

# new(name => text, prepare => sub ($w), args => [...], days => clock of the run, deletes => 1): prepared, start saved.
sub new {
    my ( $class, %how ) = @_;
    require Popkeep::Mails;
    my $t = Popkeep->new;
    my $w = bless { args => ['fetch'], days => 0, %how, t => $t }, $class;
    ( my $small = Popkeep::program() ) =~ s{/popkeep$}{/tests/popkeep-small};
    $t->{program} = $t->path('popkeep-small');    # a copy: a sweep is long, and something may be built meanwhile
    system( 'cp', $small, $t->{program} ) == 0 or die "$small: not built (make small)";
    $w->{server} = $t->server( script => "password $password\n" . ( $how{script} // '' ), args => [ '--lifetime', 0 ] );    # a sweep is long
    $t->account( $w->{server}, 'okul', retention_days => 30, password_is => $password, %{ $how{keys} || {} } );
    $how{prepare}->($w);
    $t->clock( $w->{days} * DAY );
    $w->save;
    return $w;
}

# A run in which nothing goes wrong (syncs only take time here).
sub clean {
    my ( $w, @args ) = @_;
    my $t = $w->{t};
    local $t->{preload} = [ Popkeep::tools_dir() . '/faultshim.so' ];
    return $t->popkeep( @args ? @args : ( 'fetch', '-q' ), { env => { FAULTSHIM_NOSYNC => 1 } } );
}

sub dir { return $_[0]{t}->path( $_[1] ) }

sub save {
    my ($w) = @_;
    system 'rm', '-rf', $w->dir('start');
    make_path( $w->dir('start') );
    system( 'cp', '-a', ( map { $w->dir($_) } @parts ), $w->dir('start') ) == 0 or die 'cp';
    my %seen;
    for my $f ( glob("'@{[$w->dir('box')]}'/*.eml"), glob("'@{[$w->dir('box')]}'/gone/*.eml") ) {
        my ($name) = $f =~ m{([^/]*)$};
        $seen{$name} = slurp($f);
        $seen{$name} =~ s/\n/\r\n/g if $seen{$name} =~ /\r/;    # kept as it was on the wire
    }
    $w->{mail} = \%seen;    # all the server ever had
    return;
}

sub reset {
    my ($w) = @_;
    system 'rm', '-rf', map { $w->dir($_) } @parts;
    system( 'cp', '-a', ( map { $w->dir("start/$_") } @parts ), $w->dir('.') ) == 0 or die 'cp';
    $w->{t}{runs} = 0;
    unlink glob "'" . $w->dir('.') . "'/run-*";
    unlink $w->dir('count'), $w->dir('log');
    truncate $w->{server}{log}, 0;
    return;
}

# run(shim settings): the workload's run under the shim; how many calls there were.
sub run {
    my ( $w, %shim ) = @_;
    my $t = $w->{t};
    local $t->{preload} = $w->{shims} // [ Popkeep::tools_dir() . '/faultshim.so' ];
    my $root = Cwd::abs_path( $t->dir );
    $w->{shim_did} = $shim{DO};
    my %env = (
        COUNT  => "$root/count", ROOTS => "$root/state:$root/Mail", NOSYNC => 1,
        FSTYPE => $w->{fstype} // 'ef53', %{ $w->{shim} || {} }, %shim
    );
    unlink "$root/count";
    $w->{run} = $t->popkeep( @{ $w->{args} }, '--json', { env => { %{ $w->{env} || {} }, map { ( "FAULTSHIM_$_" => $env{$_} ) } grep { defined $env{$_} } keys %env } } );
    $w->{server}->log;    # its sessions have ended
    ( my $n, @{$w}{qw(went_wrong_at went_wrong)} ) = unpack 'qqZ*', slurp("$root/count") // "\0" x 48;
    return $n;
}

# What the run said of itself in JSON: [event, ...]. A process that was killed may leave half a line.
sub told {
    my ($w) = @_;
    require JSON::PP;
    my @events = map { eval { JSON::PP::decode_json($_) } || { event => 'garbage', text => $_ } } split /\n/, $w->{run}{out} // '';
    pop @events if @events && $events[-1]{event} eq 'garbage' && ( $w->{run}{exit} // 137 ) >= 128;
    return @events;
}

# Whether what the run told is what happened; '' if so.
sub fault_in_report {
    my ($w) = @_;
    my ( $exit, @events ) = ( $w->{run}{exit} // -1, $w->told );
    return '' if $exit == -1 && !@events;
    my ($garbage) = grep { $_->{event} eq 'garbage' } @events;
    return "no JSON: $garbage->{text}" if $garbage;
    my %n;
    $n{ $_->{event} }++ for @events;
    if ( $exit < 128 && !$w->{died} ) {
        my $sum = $events[-1] || {};
        return 'the last object is no summary' if ( $sum->{event} // '' ) ne 'summary';
        return "exit $exit, but the summary says $sum->{status}" if $sum->{status} != $exit;
        for my $pair ( [ fetched => 'message-stored' ], [ deleted => 'message-deleted' ], [ matched => 'message-matched' ] ) {
            my ( $key, $event ) = @$pair;
            return "$key: $sum->{$key}, but told of @{[$n{$event} // 0]}" if defined $sum->{$key} && $sum->{$key} != ( $n{$event} // 0 );
        }
    }
    my $stored = $w->{t}->stored('okul');
    for my $event ( grep { $_->{event} eq 'message-stored' } @events ) {
        my $octets = $stored->{ $event->{file} } // return "$event->{file} was told to be stored and is not there";
        $octets =~ s/\r?\n/\r\n/g unless $octets =~ /\r/;
        return "$event->{file} was told to be stored and holds something else" if sha256_hex($octets) ne $event->{sha256};
    }
    my %gone = map { ( 'u' . s/\.\w+$//r => 1 ) } $w->{server}->gone;
    for my $event ( grep { $_->{event} eq 'message-deleted' } @events ) {
        ( my $name = $event->{uidl} ) =~ s/^[^u]*//;
        $gone{$name} or return "$event->{uidl} was told to be deleted and is not";
    }
    return '';
}

# No output, no state and no mail holds the password.
sub fault_in_secrecy {
    my ($w) = @_;
    my $found = '';
    my $look  = sub {
        return if -d $_ || -S $_;
        my $text = slurp($_) // return;
        for my $secret (@secrets) { $found = "$_ holds the password" if index( $text, $secret ) >= 0 }
    };
    File::Find::find( { no_chdir => 1, wanted => $look }, grep { -e } ( map { $w->dir($_) } qw(state Mail home) ), glob "'" . $w->dir('.') . "'/run-*" );
    return $found;
}

# What is wrong now, whatever went wrong before; '' when nothing is. At any time:
sub fault_now {
    my ($w) = @_;
    my %have;
    my $stored = $w->{t}->stored('okul');
    my %ever = map { $_ => 1 } values %{ $w->{mail} };
    for my $name ( keys %$stored ) {
        $have{ $stored->{$name} }++;
        $ever{ $stored->{$name} } or return "new/ holds $name, which is no message the server ever had";
    }
    for my $name ( $w->{server}->gone ) {
        $have{ $w->{mail}{$name} } or return "$name was deleted at the server and is not here";
    }
    return $w->fault_in_report;
}

# After a clean run:
sub fault_after {
    my ($w) = @_;
    # --adopt is given again only if nothing of it was recorded
    my ( $command, @options ) = @{ $w->{args} };
    @options = () if ( $w->{t}->journal('okul') // '' ) =~ /adopting/;
    my $run = $w->clean( $command, @options );
    my $said = ": $run->{out}$run->{err}";
    return "the clean run ended with " . ( $run->{exit} // 'a time-out' ) . $said if ( $run->{exit} // -1 ) != 0;
    my $fault = $w->fault_now;
    return $fault if $fault;
    my ( @want, @have );
    @want = sort values %{ $w->{mail} };
    @have = @{ $w->{t}->stored_octets('okul') };
    return 'stored ' . @have . ', not ' . @want . " messages$said" if "@have" ne "@want" || @have != @want;
    my @tmp = $w->{t}->tmp_files('okul');
    return "left in tmp/: @tmp" if @tmp;
    return 'still at the server: ' . join ' ', $w->{server}->left if $w->{deletes} && $w->{server}->left != ( $w->{stay} // 0 );
    $run = $w->clean( 'verify', '-q' );
    return "verify ends with $run->{exit}: $run->{out}$run->{err}" if ( $run->{exit} // -1 ) != 0;
    return $w->fault_in_secrecy;
}

# Prove that the workload does what it is for; the number of calls.
sub undisturbed {
    my ($w) = @_;
    $w->reset;
    my $n = $w->run( KINDS => changing );
    Test::More::is( $w->{run}{exit}, 0, "$w->{name}: undisturbed, $n calls that change something" ) or Test::More::diag( $w->{run}{err} );
    Test::More::ok( $w->{proves}->( $w->{t}, $w ), "$w->{name}: does what it is for" ) if $w->{proves};
    my $fault = $w->fault_now || $w->fault_after;
    Test::More::is( $fault, '', "$w->{name}: undisturbed, all is well" );
    return $n;
}

# One point: reset, go wrong, look (ending => also at how the run ended), a clean run, look.
sub point {
    my ( $w, %shim ) = @_;
    my $ending = delete $shim{ending};
    $w->reset;
    $w->run(%shim);
    return $w->fault_now || ( $ending ? $ending->($w) : '' ) || $w->fault_after;
}

# The same with a power cut there (model: see Popkeep::PowerCut).
sub power_cut {
    my ( $w, $model, @at ) = @_;
    $w->reset;
    my $root = Cwd::abs_path( $w->dir('.') );
    my $disk = Popkeep::PowerCut->new( roots => [ "$root/state", "$root/Mail" ], maildirs => "$root/Mail" );
    $w->run( KINDS => changing, AT => $_, DO => 'kill', LOG => "$root/log" ) for @at;
    $disk->read_log("$root/log")->cut($model);
    return $w->fault_now || $w->fault_after;
}

# ---- the workloads ----

# Interrupt the first fetch while a batch is being named, so that intents, tmp/ and new/ all hold something.
sub prepare_interrupted {
    my ( $w, @at ) = @_;
    my $links = ( $w->{shim} || {} )->{NO_RENAME2};
    $w->{t}->mails( 'box', mails( 1 .. 20 ) );
    $w->run( @at ? @at : ( KINDS => $links ? 'link' : 'renameat2', AT => 14 ), DO => 'kill' );
    die "$w->{name}: nothing was interrupted" if ( $w->{run}{exit} // 0 ) == 0;
    return;
}

sub prepare_old {    # many records of deleted mail, enough to be worth a compaction, and old enough for the archive
    my ($w) = @_;
    my $t = $w->{t};
    $t->mails( 'box', mails( 1 .. 12 ) );
    $w->clean;
    for my $day ( 31, 32 ) { $t->clock( $day * DAY ); $w->clean }    # deleted; seen to be gone
    $t->mails( 'box', mails( 13 .. 16 ) );
    $t->clock( 100 * DAY );
    $w->clean;
    $t->clock( 180 * DAY );
    $t->mails( 'box', mails( 17 .. 19 ) );
    return;
}

sub prepare_archived {    # the same once more: the archive has something already
    my ($w) = @_;
    my $t = $w->{t};
    prepare_old($w);
    for my $day ( 180, 212, 213 ) { $t->clock( $day * DAY ); $w->clean }
    $t->clock( 320 * DAY );
    $t->mails( 'box', mails( 20 .. 22 ) );
    $w->{archived} = -s $t->state_file( 'okul', 'archive' );
    return;
}

sub prepare_missing {    # files that were lost, and more mail
    my ($w) = @_;
    $w->{t}->mails( 'box', mails( 1 .. 12 ) );
    $w->clean;
    my @paths = sort { -s $a <=> -s $b } $w->{t}->stored_paths('okul');
    unlink @paths[ 1, 3, 5, 7, 9, 11 ];
    $w->{t}->mails( 'box', mails( 13 .. 16 ) );
    return;
}

sub prepare_renamed {    # the server has other UIDLs overnight
    my ($w) = @_;
    $w->{t}->mails( 'box', mails( 1 .. 12 ) );
    $w->clean;
    $w->{server}->restart("password $password\nuidl-prefix z\n");
    $w->{t}->mails( 'box', mails( 13 .. 16 ) );
    return;
}

sub prepare_foreign {    # a Maildir that other programs filled
    my ($w) = @_;
    my %mail = mails( 1 .. 15 );
    $w->{t}->mails( 'box', %mail );
    $mail{'0008.eml'} =~ s/\n/\r\n/g;
    my @names = sort keys %mail;
    make_path( map { $w->dir("Mail/okul/$_") } qw(tmp new cur .Eski .Eski/new .Eski/cur .Eski/tmp) );
    spew( $w->dir("Mail/okul/new/1600000000.$_.host"), $mail{ $names[$_] } ) for 0 .. 6;
    spew( $w->dir("Mail/okul/cur/1600000000.$_.host:2,S"), $mail{ $names[$_] } ) for 7 .. 11;
    return;
}

my %kinds = (
    first => { prepare => sub { $_[0]{t}->mails( 'box', mails( 1 .. 20 ) ) } },
    more  => {
        prepare => sub { my ($w) = @_; $w->{t}->mails( 'box', mails( 1 .. 12 ) ); $w->clean; $w->{t}->mails( 'box', mails( 13 .. 20 ) ) }
    },
    delete => {
        prepare => sub { my ($w) = @_; $w->{t}->mails( 'box', mails( 1 .. 14 ) ); $w->clean; $w->{t}->mails( 'box', mails( 15 .. 17 ) ) },
        days => 31, deletes => 1, stay => 3
    },
    'delete most' => {    # the guard for another mailbox must not take popkeep's own deletions for one
        prepare => sub { my ($w) = @_; $w->{t}->mails( 'box', mails( 1 .. 24 ) ); $w->clean; $w->{t}->mails( 'box', mails( 25 .. 29 ) ) },
        days => 31, deletes => 1, stay => 5
    },
    'delete at once' => { prepare => sub { $_[0]{t}->mails( 'box', mails( 1 .. 16 ) ) }, keys => { retention_days => 0 }, deletes => 1 },
    recovery => { prepare => \&prepare_interrupted },
    'recovery, early' => { prepare => sub { prepare_interrupted( $_[0], KINDS => 'fdatasync', AT => 3 ) } },
    'recovery, late'  => { prepare => sub { prepare_interrupted( $_[0], KINDS => 'write', AT => 26 ) } },
    compaction => {
        proves => sub { my $archive = slurp( $_[0]->state_file( 'okul', 'archive' ) ) // ''; return $archive =~ /^G /m },
        prepare => \&prepare_old, days => 180, deletes => 1, stay => 3 },
    'compaction, second' => {
        proves => sub { my ( $t, $w ) = @_; return $w->{archived} && -s $t->state_file( 'okul', 'archive' ) > $w->{archived} },
        prepare => \&prepare_archived, days => 320, deletes => 1, stay => 3 },
    adopt   => { prepare => \&prepare_foreign, args => [ 'fetch', '--adopt' ] },
    missing => { prepare => \&prepare_missing, args => [ 'fetch', '--missing' ] },
    renamed => { prepare => \&prepare_renamed },
    'cut line' => { prepare => sub { $_[0]{t}->mails( 'box', mails( 1 .. 20 ) ) }, script => "cut-after 350000\n" },
);
my %ways = ( '' => {}, ', one fsync a file' => { fstype => '1021994' }, ', by links' => { shim => { NO_RENAME2 => 1 } } );

# All of them, or those named; `make check` has some ways of some only.
sub workloads {
    my (@names) = @_;
    if ( !@names ) {
        @names = map { my $kind = $_; map { "$kind$_" } sort keys %ways } sort keys %kinds;
        @names = grep { $kinds{$_} || /^(?:first|recovery), [ob]/ } @names unless $ENV{POPKEEP_CRASH};
    }
    return map {
        my ( $kind, $way ) = /^(.*?)(, one fsync a file|, by links)?$/;
        Popkeep::Crash->new( name => $_, %{ $kinds{$kind} }, %{ $ways{ $way // '' } } )
    } @names;
}

1;
