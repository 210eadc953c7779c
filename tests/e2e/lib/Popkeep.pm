# SPDX-License-Identifier: ISC
# What an end-to-end test stands on: a folder of its own, servers, a configuration, runs of popkeep and
# looks at what they left behind. The guide is tests/README.md; core Perl only.
package Popkeep;
use strict;
use warnings;
use Cwd qw(abs_path getcwd);
use Exporter ();
use Fcntl qw(:flock);
use File::Basename qw(basename dirname);
use File::Path qw(make_path remove_tree);
use POSIX qw(:sys_wait_h);
use Test::More ();
use Time::HiRes qw(time sleep);
use Popkeep::Server;

our @ISA    = ('Exporter');
our @EXPORT = qw(DAY slurp spew until_it workers);
use constant DAY => 86_400;

sub import {    # a test gets Test::More with it
    my ($class) = @_;
    Test::More->export_to_level( 1, $class );
    $class->export_to_level( 1, $class );
    return;
}

my $top = abs_path( dirname(__FILE__) . '/../../..' );
my %children;      # pid => what it is; all of them are ended with the test
my $owner = $$;    # a forked child of the test must not clean up for it
my @folders;

sub top_dir   { return $top }
sub tools_dir { return $ENV{POPKEEP_TOOLS} || "$top/build/tests/tools" }
sub program   { return $ENV{POPKEEP}       || "$top/build/popkeep" }

sub slurp {
    my ($path) = @_;
    open my $fh, '<:raw', $path or return undef;
    local $/;
    return scalar <$fh> // '';
}

sub spew {
    my ( $path, @bytes ) = @_;
    make_path( dirname($path) );
    open my $fh, '>:raw', $path or die "$path: $!";
    print {$fh} @bytes;
    close $fh or die "$path: $!";
    return $path;
}

# ---- processes -------------------------------------------------------------------------------

# spawn(\@command, stdin/stdout/stderr => file, env => {...}, dir => folder): a child that ends when we do.
sub spawn {
    my ( $command, %how ) = @_;
    my $pid = fork // die "fork: $!";
    if ( !$pid ) {
        $how{stdin} //= '/dev/null';
        open STDIN, '<', $how{stdin} or die "$how{stdin}: $!";
        if ( $how{stdout} ) { open STDOUT, '>>', $how{stdout} or die "$how{stdout}: $!" }
        if ( $how{stderr} ) { open STDERR, '>>', $how{stderr} or die "$how{stderr}: $!" }
        chdir $how{dir} if $how{dir};
        if ( $how{env} ) { %ENV = %{ $how{env} } }
        exec { tools_dir() . '/tether' } 'tether', @$command or POSIX::_exit(127);
    }
    $children{$pid} = $command->[0];
    return $pid;
}

# Wait at most that long; the wait status, or undef after ending it by force.
sub reap {
    my ( $pid, $seconds ) = @_;
    my $until = time + $seconds;
    my $pause = 0.001;
    while (1) {
        my $got = waitpid $pid, WNOHANG;
        if ( $got == $pid || $got < 0 ) {
            delete $children{$pid};
            return $got < 0 ? 0 : $?;
        }
        last if time > $until;
        sleep $pause;
        $pause *= 1.5 if $pause < 0.02;
    }
    kill KILL => $pid;
    waitpid $pid, 0;
    delete $children{$pid};
    return undef;
}

# Wait until the condition holds; false, and a word of it, if it does not within 30 s.
sub until_it {
    my ( $what, $holds ) = @_;
    my $until = time + 30;
    until ( $holds->() ) {
        if ( time > $until ) { Test::More::diag("waited in vain for: $what"); return 0 }
        sleep 0.005;
    }
    return 1;
}

# The processes that a popkeep has started.
sub workers { my ($pid) = @_; return split ' ', slurp("/proc/$pid/task/$pid/children") // '' }

sub end_process {
    my ($pid) = @_;
    kill TERM => $pid;
    return reap( $pid, 5 );
}

END {
    if ( $$ == $owner ) {
        my $status = $?;
        end_process($_) for sort keys %children;
        my $keep = $ENV{POPKEEP_KEEP} || !Test::More->builder->is_passing;
        Test::More::diag("left for a look: $_") for $keep ? @folders : ();
        $keep or remove_tree($_) for @folders;
        $? = $status;
    }
}

# ---- certificates, made once -----------------------------------------------------------------

sub certs_dir {
    my $dir = "$top/build/tests/certs";
    make_path("$top/build/tests");
    open my $lock, '>', "$dir.lock" or die "$dir.lock: $!";
    flock $lock, LOCK_EX;
    if ( !-e "$dir/done" || -M "$dir/done" > 100 || -M "$dir/done" > -M tools_dir() . '/mkcert' ) {
        remove_tree( "$dir.new", "$dir.old" );
        system( tools_dir() . '/mkcert', "$dir.new" ) == 0 or die 'mkcert failed';
        spew( "$dir.new/done", '' );
        rename $dir, "$dir.old";    # other tests may be running with those
        rename "$dir.new", $dir or die "$dir: $!";
    }
    return $dir;
}

# ---- a test's surroundings -------------------------------------------------------------------

my $count = 0;

# Popkeep->new: a fresh folder with home/, state/ and Mail/; it stays when a test fails or POPKEEP_KEEP is set.
sub new {
    my ($class) = @_;
    my $suite = $ENV{POPKEEP_SUITE} || 'hand';
    my $dir = "$top/build/tmp/" . basename( $0, '.t' ) . "-$suite-$$-" . ++$count;
    remove_tree($dir);
    make_path( map { "$dir/$_" } qw(home state Mail) );
    push @folders, $dir;
    return bless { dir => $dir, accounts => [], defaults => {}, clock => 0, boot => 0, env => {}, runs => 0 }, $class;
}

sub dir  { return $_[0]{dir} }
sub path { return "$_[0]{dir}/$_[1]" }

# Put mail into a maildrop: mails('box', 'NAME.eml' => octets, ...). Returns the folder.
sub mails {
    my ( $t, $box, %mail ) = @_;
    make_path( $t->path($box) );
    spew( $t->path("$box/$_"), $mail{$_} ) for keys %mail;
    return $t->path($box);
}

# server(script => text, box => name, args => [...]): a Popkeep::Server, ended with the test.
sub server {
    my ( $t, %how ) = @_;
    my $box = $how{box} // 'box';
    make_path( $t->path($box) );
    return $t->{server} = Popkeep::Server->new( %how, dir => $t->{dir}, box => $t->path($box) );
}

# Append an account to the configuration, filled up for $server (a Popkeep::Server or ::Dovecot):
# account($server, 'name', key => value, ...); value undef leaves a key out that would be set.
sub account {
    my ( $t, $server, $name, %keys ) = @_;
    my %all = (
        host          => '127.0.0.1',
        port          => $server ? $server->port : 995,
        user          => 'ogretmen',
        tls_ca_file   => certs_dir() . '/ca.pem',
        password_file => $t->path("$name.password"),
        maildir       => $t->path("Mail/$name"),
        timeout       => 20,
        %keys
    );
    my $password = delete $all{password_is} // 'secret';
    if ( defined $all{password_file} && $all{password_file} eq $t->path("$name.password") ) {
        chmod 0600, spew( $t->path("$name.password"), "$password\n" );
    }
    push @{ $t->{accounts} }, "[account $name]\n" . join '',
      map { "$_ = $all{$_}\n" } grep { defined $all{$_} } sort keys %all;
    $t->write_config;
    return $name;
}

# Change keys of [defaults]; state_dir is set unless given.
sub defaults {
    my ( $t, %keys ) = @_;
    $t->{defaults}{$_} = $keys{$_} for keys %keys;
    $t->write_config;
    return;
}

sub write_config {
    my ($t) = @_;
    my %d = ( state_dir => $t->path('state'), %{ $t->{defaults} } );
    my $text = join '', "[defaults]\n", map { "$_ = $d{$_}\n" } grep { defined $d{$_} } sort keys %d;
    return $t->config( join "\n", $text, @{ $t->{accounts} } );
}

# Write this text as the configuration; its path.
sub config {
    my ( $t, $text ) = @_;
    my $path = spew( $t->path('popkeep.conf'), $text );
    chmod 0600, $path;
    return $path;
}

sub forget_accounts { $_[0]{accounts} = []; return }

# The clock of later runs: seconds ahead of now (and, boot => S, of the time since boot).
sub clock {
    my ( $t, $seconds, %how ) = @_;
    $t->{clock} = $seconds;
    $t->{boot}  = $how{boot} // $seconds;
    return;
}

# How many seconds of waiting (CLOCK_MONOTONIC: time-outs, rates) later runs live through in one second.
sub speed { my ( $t, $factor ) = @_; $t->{speed} = $factor; return }

# ---- runs ------------------------------------------------------------------------------------

sub run_environment {
    my ( $t, $extra ) = @_;
    my %env = ( PATH => $ENV{PATH}, HOME => $t->path('home'), LC_ALL => $ENV{LC_ALL} // 'C.UTF-8', TZ => 'UTC' );
    $env{LANGUAGE} = 'C';    # whatever catalogue is installed here: tests compare English words unless they ask for others
    for ( split /\n/, $ENV{POPKEEP_ENV} // '' ) {
        my ( $key, $value ) = split /=/, $_, 2;
        $env{$key} = $value;
    }
    my @preload = grep { defined } $env{LD_PRELOAD}, @{ $t->{preload} || [] };
    if ( $t->{clock} || $t->{boot} || $t->{speed} ) {
        push @preload, tools_dir() . '/clockshim.so';
        $env{CLOCKSHIM_SPEED}       = $t->{speed} if $t->{speed};
        $env{CLOCKSHIM_OFFSET}      = $t->{clock};
        $env{CLOCKSHIM_BOOT_OFFSET} = $t->{boot};
    }
    if (@preload) {    # the sanitizer's library must come first of all
        my ($asan) = `ldd @{[program()]} 2>/dev/null` =~ m{=> (\S*/libasan\S*)};
        $env{LD_PRELOAD} = join ':', grep { defined } $asan, @preload;
    }
    return { %env, %{ $t->{env} }, %{ $extra || {} } };
}

# The surroundings of a user who reads Turkish: turkish('C.UTF-8') has LANGUAGE instead of a locale of that language.
sub turkish {
    my ($locale) = @_;
    my %env = ( TEXTDOMAINDIR => "$top/build/share/locale", LOCPATH => "$top/build/locale" );
    return { %env, LC_ALL => $locale, LANGUAGE => 'tr' } if defined $locale;
    return { %env, LC_ALL => 'tr_TR.UTF-8', LANGUAGE => '' };
}

# start(args..., {options}): popkeep in the background; finish() gives the result.
# options: no_config, env => {}, stdin => file, strace => 1 (with inject => of strace), tty => 1, dir => folder, timeout => s
sub start {
    my ( $t, @args ) = @_;
    my %how = ref $args[-1] eq 'HASH' ? %{ pop @args } : ();
    my $n = ++$t->{runs};
    my ( $out, $err ) = map { $t->path("run-$n.$_") } qw(out err);
    my $env = $t->run_environment( $how{env} );
    my @command = ( $t->{program} // program(), $how{no_config} ? () : ( '-c', $t->path('popkeep.conf') ), @args );
    my %run = ( n => $n, began => time, timeout => $how{timeout} || ( $ENV{POPKEEP_WRAP} ? 300 : 60 ) );
    $run{is_json} = !$how{tty} && grep( { $_ eq '--json' } @args ) && !grep { $_ eq '--nagios' } @args;
    if ( $how{strace} ) {    # never with valgrind; nor can leaks be found under it
        $run{strace} = $t->path("run-$n.strace");
        $env->{ASAN_OPTIONS} =~ s/detect_leaks=1/detect_leaks=0/ if $env->{ASAN_OPTIONS};
    }
    elsif ( $ENV{POPKEEP_WRAP} ) {
        unshift @command, split / /, $ENV{POPKEEP_WRAP};
    }
    unshift @command, 'env', 'LD_PRELOAD=' . delete $env->{LD_PRELOAD} if $env->{LD_PRELOAD};
    if ( $how{strace} ) {
        my $calls = 'trace=' . Popkeep::syscalls();
        unshift @command, qw(strace -f -ttt -y -s 200000 -o), $run{strace}, '-e', $calls,
          $how{inject} ? ( '-e', "inject=$how{inject}" ) : ();
    }
    if ( $how{tty} ) {       # script(1) gives it a terminal; both outputs come as one
        my $quoted = join ' ', map { my $w = $_; $w =~ s/'/'\\''/g; "'$w'" } @command;
        @command = ( 'script', '-qec', $quoted, '/dev/null' );
    }
    $run{pid} = spawn( \@command, stdin => $how{stdin}, stdout => $out, stderr => $err, dir => $how{dir}, env => $env );
    return $t->{running} = bless { %run, out_file => $out, err_file => $err }, 'Popkeep::Run';
}

sub syscalls {
    return 'open,openat,openat2,creat,close,write,pwrite64,writev,pwritev,rename,renameat,renameat2,link,linkat,unlink,'
      . 'unlinkat,mkdir,mkdirat,fsync,fdatasync,syncfs,sync_file_range,ftruncate';
}

# syncs_hold($run, account, {number => UIDL}, check-syncs options...): a test of a run made with -vvv and strace => 1.
sub syncs_hold {
    my ( $t, $run, $account, $uidls, @options ) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $report = $run->{strace} . '.tap';
    my $pid = spawn( [ $^X, "$top/tests/check-syncs", @options, '--journal', $t->state_file( $account, 'journal' ),
            $run->{strace}, map { "$_=$uidls->{$_}" } sort keys %$uidls ], stdout => $report, stderr => $report );
    my $ok = Test::More::is( reap( $pid, 120 ), 0, 'every sync returned before the DELE it protects was sent' );
    Test::More::diag( slurp($report) ) unless $ok;
    return $ok;
}

# popkeep(args..., {options}): run it to its end.
sub popkeep {
    my ( $t, @args ) = @_;
    return $t->{last} = $t->start(@args)->finish;
}

sub last_run { return $_[0]{last} }

# ---- what a run left behind ------------------------------------------------------------------

# The mail stored for an account: base name (without flags) => octets.
sub stored {
    my ( $t, $name ) = @_;
    my $maildir = $t->path("Mail/$name");
    my %mail;
    for my $file ( glob("'$maildir'/new/*"), glob("'$maildir'/cur/*") ) {
        ( my $base = basename($file) ) =~ s/:2,.*//;
        $mail{$base} = slurp($file);
    }
    return \%mail;
}

# The octets of all stored mails, sorted: to compare with what is expected, whatever the names.
sub stored_octets {
    my ( $t, $name ) = @_;
    return [ sort values %{ $t->stored($name) } ];
}

sub stored_paths {
    my ( $t, $name ) = @_;
    my $maildir = $t->path("Mail/$name");
    my @paths = ( glob("'$maildir'/new/*"), glob("'$maildir'/cur/*") );
    return @paths;
}

sub tmp_files {
    my ( $t, $name ) = @_;
    my @paths = glob "'" . $t->path("Mail/$name") . "'/tmp/*";
    return @paths;
}

sub state_file { my ( $t, $name, $file ) = @_; return $t->path("state/$name/$file") }
sub journal    { my ( $t, $name ) = @_; return slurp( $t->state_file( $name, 'journal' ) ) }
sub deletions  { my ( $t, $name ) = @_; return slurp( $t->state_file( $name, 'deletions.jsonl' ) ) // '' }

package Popkeep::Run;    # one run: exit (128+N for a signal, undef when it had to be ended), out, err
use strict;
use warnings;

sub finish {
    my ($run) = @_;
    my $status = Popkeep::reap( $run->{pid}, $run->{timeout} );
    $run->{seconds} = Time::HiRes::time() - $run->{began};
    $run->{exit}    = !defined $status ? undef : $status & 127 ? 128 + ( $status & 127 ) : $status >> 8;
    $run->{out}     = Popkeep::slurp( $run->{out_file} );
    $run->{err}     = Popkeep::slurp( $run->{err_file} );
    $run->look_at_json if $run->{is_json};
    return $run;
}

# A killed run, or one whose stdout failed or that had no memory, may stop anywhere.
sub look_at_json {
    my ($run) = @_;
    require Popkeep::Schema;
    my $torn = !defined $run->{exit} || $run->{exit} >= 128 || $run->{exit} == 74 || ( $run->{exit} == 70 && $run->{err} =~ /out of memory/ );
    my @faults = Popkeep::Schema::faults( $run->{out}, torn => $torn ) or return;
    local $Test::Builder::Level = $Test::Builder::Level + 2;
    Test::More::fail('what --json printed is as popkeep-json.schema.json says');
    Test::More::diag($_) for @faults > 5 ? ( @faults[ 0 .. 4 ], '...' ) : @faults;
    return;
}

sub signal { my ( $run, $signal ) = @_; kill $signal => $run->{pid}; return $run }
sub exit   { return $_[0]{exit} }
sub out    { return $_[0]{out} }
sub err    { return $_[0]{err} }

# Tests, each one TAP line; a wrong exit status shows what was said.
sub exits {
    my ( $run, $want, $name ) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $ok = Test::More::is( $run->{exit}, $want, $name // "exit status $want" );
    Test::More::diag( "it said:\n" . substr( $run->{out} . $run->{err}, 0, 3000 ) ) unless $ok;
    return $ok;
}

sub says {    # on stderr
    my ( $run, $pattern, $name ) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::like( $run->{err}, $pattern, $name // "stderr says $pattern" );
}

sub prints {    # on stdout
    my ( $run, $pattern, $name ) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::like( $run->{out}, $pattern, $name // "stdout says $pattern" );
}

sub is_silent {
    my ( $run, $name ) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::is( $run->{out} . $run->{err}, '', $name // 'says nothing' );
}

sub json {    # the objects of --json
    my ($run) = @_;
    require JSON::PP;
    return map { JSON::PP::decode_json($_) } grep { /\S/ } split /\n/, $run->{out};
}

1;
