# SPDX-License-Identifier: ISC
# Workloads that are run again and again from the same start, with one call going wrong (tests/tools/faultshim.c),
# and what must hold afterwards: nothing lost, nothing twice, nothing deleted that is not kept here.
package Popkeep::Crash;
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use Popkeep;
use Popkeep::PowerCut;

our @EXPORT_OK = qw(workloads sample);
use Exporter 'import';

my @parts = qw(state Mail box);

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
    $w->{server} = $t->server( script => $how{script} // '', args => [ '--lifetime', 0 ] );    # a sweep is long
    $t->account( $w->{server}, 'okul', retention_days => 30, %{ $how{keys} || {} } );
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
    local $t->{preload} = [ Popkeep::tools_dir() . '/faultshim.so' ];
    my $root = Cwd::abs_path( $t->dir );
    $w->{shim_did} = $shim{DO};
    my %env = (
        COUNT  => "$root/count", ROOTS => "$root/state:$root/Mail", NOSYNC => 1,
        FSTYPE => $w->{fstype} // 'ef53', %{ $w->{shim} || {} }, %shim
    );
    unlink "$root/count";
    $w->{run} = $t->popkeep( @{ $w->{args} }, { env => { map { ( "FAULTSHIM_$_" => $env{$_} ) } grep { defined $env{$_} } keys %env } } );
    $w->{server}->log;    # its sessions have ended
    ( my $n, @{$w}{qw(went_wrong_at went_wrong)} ) = unpack 'qqZ*', slurp("$root/count") // "\0" x 48;
    return $n;
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
    return '';
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
    return 'still at the server: ' . join ' ', $w->{server}->left if $w->{deletes} && $w->{server}->left != $w->{stay} // 0;
    return '';
}

# Prove that the workload does what it is for; the number of calls.
sub undisturbed {
    my ($w) = @_;
    $w->reset;
    my $n = $w->run;
    Test::More::is( $w->{run}{exit}, 0, "$w->{name}: undisturbed, $n calls" ) or Test::More::diag( $w->{run}{err} );
    Test::More::ok( $w->{proves}->( $w->{t} ), "$w->{name}: does what it is for" ) if $w->{proves};
    my $fault = $w->fault_after;
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
    $w->run( AT => $_, DO => 'kill', LOG => "$root/log" ) for @at;
    $disk->read_log("$root/log")->cut($model);
    return $w->fault_now || $w->fault_after;
}

# ---- the workloads ----

# Interrupt the first fetch while a batch is being named, so that intents, tmp/ and new/ all hold something.
sub prepare_interrupted {
    my ($w) = @_;
    $w->{t}->mails( 'box', mails( 1 .. 20 ) );
    $w->run( KINDS => 'renameat2', AT => 14, DO => 'kill' );
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
    'first, one fsync a file' => { prepare => sub { $_[0]{t}->mails( 'box', mails( 1 .. 20 ) ) }, fstype => '1021994' },
    'first, by links' => { prepare => sub { $_[0]{t}->mails( 'box', mails( 1 .. 20 ) ) }, shim => { NO_RENAME2 => 1 } },
    more  => {
        prepare => sub { my ($w) = @_; $w->{t}->mails( 'box', mails( 1 .. 12 ) ); $w->clean; $w->{t}->mails( 'box', mails( 13 .. 20 ) ) }
    },
    delete => {
        prepare => sub { my ($w) = @_; $w->{t}->mails( 'box', mails( 1 .. 14 ) ); $w->clean; $w->{t}->mails( 'box', mails( 15 .. 17 ) ) },
        days => 31, deletes => 1, stay => 3
    },
    recovery => { prepare => \&prepare_interrupted },
    'recovery, one fsync a file' => { prepare => \&prepare_interrupted, fstype => '1021994' },
    compaction => {
        proves => sub { my $archive = slurp( $_[0]->state_file( 'okul', 'archive' ) ) // ''; return $archive =~ /^G /m },
        prepare => \&prepare_old, days => 180, deletes => 1, stay => 3 },
    adopt => { prepare => \&prepare_foreign, args => [ 'fetch', '--adopt' ] },
);

sub workloads {
    my (@names) = @_;
    @names = sort keys %kinds unless @names;
    return map { Popkeep::Crash->new( name => $_, %{ $kinds{$_} } ) } @names;
}

1;
