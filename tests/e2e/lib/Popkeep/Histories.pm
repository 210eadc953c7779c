# SPDX-License-Identifier: ISC
# Random histories of one account: mail arrives, other clients delete, servers list a part or give new UIDLs, lines are cut,
# runs are killed or lose power, clocks go wrong, a mail reader moves and deletes files. After every run the files and the
# server are held against a plain model of what popkeep promises. A history is text, one step a line, so that a failing
# one can be shrunk, printed and played again.
package Popkeep::Histories;
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use List::Util qw(max min);
use POSIX ();
use Time::HiRes qw(time sleep);
use Popkeep;
use Popkeep::Schema;
use Popkeep::Mails;
use Popkeep::PowerCut;

use constant { CONTENTS => 24, POOL => 25, HANGS_S => 60 };

# ---- mail: contents by number; no two have one size on the wire, so that a UIDL that is used again can be told apart ----

my ( @eml, %content_of );

sub make_contents {
    my %taken;
    for my $c ( 0 .. CONTENTS - 1 ) {
        my $text = "Received: by mx; Tue, 3 Nov 2020 09:08:07 +0000\nSubject: $c\n\n" . ".\n" . "line \xe7 $c\n" x ( $c * 3 );
        $text = ''                                                          if $c == 0;
        $text = "Subject: no line end at the end of this $c"                if $c == 1;
        $text = Popkeep::Mails::large( 40_000, $c )                         if $c == 2;
        $text = Popkeep::Mails::large( 39_000, $c ) . "a\rb\n"              if $c == 3;
        my $size = sub { my $lf = () = $_[0] =~ /\n/g; return length( $_[0] ) + $lf + ( $_[0] =~ /[^\n]\z/ ? 2 : 0 ) };
        $text .= "x\n" while $taken{ $size->($text) }++;
        push @eml, $text;
    }
    return;
}

sub stored_form {    # of a content, as it is to lie in the Maildir
    my ( $c, $crlf ) = @_;
    my $text = $eml[$c];
    $text .= "\n" if $text =~ /[^\n]\z/;
    $text =~ s/\n/\r\n/g if $crlf || $text =~ /\r/;
    return $text;
}

# ---- one playground for many histories ----

sub new {
    my ($class) = @_;
    make_contents() unless @eml;
    my $t = Popkeep->new;
    my $h = bless { t => $t, steps => 0, runs => 0 }, $class;
    ( my $small = Popkeep::program() ) =~ s{/popkeep$}{/tests/popkeep-small};
    $h->{program} = $t->path('popkeep-small');    # a copy: something may be built meanwhile
    system( 'cp', $small, $h->{program} ) == 0 or die "$small: not built (make small)";
    my $certs = $t->path('certs');                # and of these
    mkdir $certs;
    system( 'cp', ( map { Popkeep::certs_dir() . "/good.$_" } qw(pem key) ), $certs ) == 0 or die 'cp';
    $h->{server} = $t->server( args => [ '--lifetime', 0, '--reread', '--certs', $certs ] );
    my $cert = "$certs/good.pem";
    chomp( $h->{pin} = `openssl x509 -in $cert -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64` );
    $h->{root} = Cwd::abs_path( $t->dir );
    return $h;
}

sub begin {
    my ( $h, %setup ) = @_;
    my $t = $h->{t};
    for my $part (qw(state Mail box)) { remove_tree( $t->path($part) ); mkdir $t->path($part), 0700 or die "$part: $!" }
    unlink $t->path('log');
    %$h = (
        ( map { $_ => $h->{$_} } qw(t steps runs program server pin root) ),
        setup => \%setup, serial => 0,  now => 0,  wrong => 0, slack => 5, file => {}, ids => 0,
        least => {},      most   => {}, removed => {}, gone => {}, whole => 1
    );
    $t->forget_accounts;
    $t->account(
        $h->{server}, 'okul',
        retention_days => $setup{retention}, line_endings => $setup{ends},
        max_delete     => $setup{max_delete} || undef,
        tls_pin        => "sha256//$h->{pin}", tls_ca_file => undef
    );
    %content_of = map { stored_form( $_, $setup{ends} eq 'crlf' ) => $_ } 0 .. CONTENTS - 1;
    return;
}

sub now { return time + $_[0]{now} }

# ---- the server ----

sub box {    # names in the order in which they are listed: SERIAL.CONTENT-UIDL.eml
    my ($h) = @_;
    opendir my $d, $h->{t}->path('box') or die "box: $!";
    return sort grep { /\.eml$/ } readdir $d;
}

sub content { return $_[0] =~ /^\d+\.(\d+)\./ ? $1 : die $_[0] }

sub rename_mail {
    my ( $h, $name, $uidl ) = @_;
    ( my $new = $name ) =~ s/[^.]*(?=\.eml$)/$uidl/;
    rename $h->{t}->path("box/$name"), $h->{t}->path("box/$new") or die "$name: $!";
    return;
}

my %steps = (
    arrive => sub {
        my ( $h, $c, $uidl ) = @_;
        spew( $h->{t}->path( sprintf 'box/%06d.%d.%s.eml', ++$h->{serial}, $c, $uidl ), $eml[$c] );
        return;
    },
    vanish => sub {
        my ( $h, $i ) = @_;
        my @box = box($h) or return;
        unlink $h->{t}->path( "box/" . $box[ $i % @box ] );
        return;
    },
    empty => sub { my ($h) = @_; unlink map { $h->{t}->path("box/$_") } box($h); return },
    renumber => sub {
        my ( $h, $word ) = @_;
        my $n = 0;
        rename_mail( $h, $_, $word . ++$n ) for box($h);
        return;
    },
    swap => sub {    # two messages have one another's UIDL from now on
        my ( $h, $i, $j ) = @_;
        my @box = box($h) or return;
        my ( $a, $b ) = @box[ $i % @box, $j % @box ];
        return if $a eq $b;
        my ( $of_a, $of_b ) = map { /([^.]*)\.eml$/ } $a, $b;
        rename_mail( $h, $a, $of_b );
        rename_mail( $h, $b, $of_a );
        return;
    },
    hours => sub { my ( $h, $n ) = @_; $h->{now} += $n * 3600; return },
    clock => sub {    # wrong by so many seconds
        my ( $h, $s ) = @_;
        $h->{wrong} = $s;
        $h->{slack} = 2 * 3600 + 5;    # less than an hour is not noticed
        return;
    },
    reader => sub {
        my ( $h, $what, $i ) = @_;
        my @files = sort { $a->{id} <=> $b->{id} } grep { !$_->{edited} } values %{ $h->{file} } or return;
        return reader( $h, $what, $files[ $i % @files ] );
    },
    run    => \&run,
    verify => sub {
        my ($h) = @_;
        my $exit = popkeep( $h, [ 'verify', 'okul' ] );
        return $exit == 0 || ( edited($h) && $exit == 65 ) || !-d $h->{t}->path('state/okul') ? look( $h, {} ) : "verify ended with $exit: $h->{said}";
    },
    dry => sub {
        my ($h) = @_;
        script($h);
        my $before = state_of($h);
        my $exit = popkeep( $h, [ 'fetch', '--dry-run', '-q', 'okul' ] );
        return "a dry run changed something: $h->{said}" if state_of($h) ne $before;
        return $exit == 0 || $exit == 11 || ( edited($h) && $exit == 65 ) ? '' : "a dry run ended with $exit: $h->{said}";
    },
);

sub script {    # what the server is to be like
    my ( $h, $text ) = @_;
    spew( "$h->{server}{base}.script", "uidl tail\n", $h->{setup}{capa} ? "capa TOP UIDL USER\n" : '', $text // '' );
    return;
}

sub state_of {
    my ($h) = @_;
    my @sum;
    for my $dir ( 'state/okul', map { "Mail/okul/$_" } qw(tmp new cur) ) {
        push @sum, map { $_ => -d $_ ? '' : slurp($_) } sort glob "'" . $h->{t}->path($dir) . "'/*";
    }
    return join "\n", grep { !/ticket/ } @sum;
}

# ---- the owner's mail reader ----

sub reader {
    my ( $h, $what, $f ) = @_;
    my ($base) = $f->{path} =~ m{([^/]*?)(?::2,[A-Z]*)?$};
    my $maildir = $h->{t}->path('Mail/okul');
    if ( $what eq 'delete' ) {
        unlink $f->{path} or return "$f->{path}: $!";
        $h->{removed}{ $f->{c} }++;
        delete $h->{file}{$base};
        return;
    }
    if ( $what eq 'edit' ) {
        open my $fh, '>>', $f->{path} or die "$f->{path}: $!";
        print {$fh} "and more\n";
        close $fh;
        $h->{removed}{ $f->{c} }++;
        $f->{edited} = 1;
        return;
    }
    my ( $folder, $flags ) = $what eq 'folder' ? ( '/.Eski', 'S' ) : ( '', $what );
    make_path( map { "$maildir$folder/$_" } qw(cur new tmp) );
    my $to = "$maildir$folder/cur/$base:2,$flags";
    rename $f->{path}, $to or return "$f->{path}: $!";
    $f->{path} = $to;
    return;
}

# ---- runs ----

sub popkeep {
    my ( $h, $args, %shim ) = @_;
    my $t = $h->{t};
    my ( $out, $err ) = map { $t->path("run.$_") } qw(out err);
    my $preload = join ':', map { Popkeep::tools_dir() . "/$_.so" } qw(faultshim clockshim);
    my %env = (
        PATH => $ENV{PATH}, HOME => $t->path('home'), LC_ALL => 'C.UTF-8', TZ => 'UTC', LD_PRELOAD => $preload,
        CLOCKSHIM_OFFSET       => $h->{now} + $h->{wrong}, CLOCKSHIM_BOOT_OFFSET => $h->{now}, CLOCKSHIM_SPEED => 4,
        FAULTSHIM_NOSYNC       => 1, FAULTSHIM_COUNT => "$h->{root}/count", FAULTSHIM_FSTYPE => $h->{setup}{fstype},
        FAULTSHIM_ROOTS        => "$h->{root}/state:$h->{root}/Mail",
        map { ( "FAULTSHIM_$_" => $shim{$_} ) } keys %shim
    );
    $env{FAULTSHIM_NO_RENAME2} = 1 if $h->{setup}{links};
    unlink $t->path('count');
    my $pid = fork // die "fork: $!";
    if ( !$pid ) {
        %ENV = %env;
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>', $out or die;
        open STDERR, '>', $err or die;
        exec { $h->{program} } 'popkeep', '-c', $t->path('popkeep.conf'), @$args or POSIX::_exit(127);
    }
    my $hung;
    local $SIG{ALRM} = sub { $hung = 1; kill KILL => $pid };
    alarm HANGS_S;
    waitpid $pid, 0;
    alarm 0;
    my $status = $?;
    $h->{runs}++;
    $h->{out}  = slurp($out);
    $h->{said} = $h->{out} . slurp($err);
    ( undef, my $went_wrong_at ) = unpack 'qq', slurp( $t->path('count') ) // "\0" x 16;
    $h->{disturbed} = $went_wrong_at != 0;
    sessions_end($h);
    return $hung ? 'a time-out' : $status & 127 ? 128 + ( $status & 127 ) : $status >> 8;
}

# What popkeep sent last must have reached the maildrop, however busy the machine is: the next history takes it away.
sub sessions_end {
    my ($h) = @_;
    my $log = $h->{server}{log};
    for my $try ( 1 .. 10_000 ) {
        die "a session of the server does not end\n" if $try == 10_000;
        my $text = slurp($log) // '';
        my $open = () = $text =~ /^\S+ \d+ \d+ \* connect/mg;
        my $done = () = $text =~ /^\S+ \d+ \d+ \* end /mg;
        last if $open <= $done;
        sleep 0.002;
    }
    truncate $log, 0;
    return;
}

# run [missing] [confirm] [bend NAME N] [kill KINDS AT | fail KINDS AT ERRNO | power KINDS AT MODEL SEED]
sub run {
    my ( $h, @words ) = @_;
    my $t = $h->{t};
    my ( @options, %shim, $bend, $how_many, $power, $disk );
    my $script = '';
    while ( defined( my $word = shift @words ) ) {
        if    ( $word eq 'missing' ) { push @options, '--missing' }
        elsif ( $word eq 'confirm' ) { push @options, '--confirm-delete' }
        elsif ( $word eq 'bend' ) { $bend = shift @words; $how_many = shift @words; $script .= bend( $bend, $how_many ) }
        elsif ( $word eq 'kill' )  { @shim{qw(KINDS AT)} = splice @words, 0, 2; $shim{DO} = 'kill' }
        elsif ( $word eq 'fail' )  { @shim{qw(KINDS AT DO)} = splice @words, 0, 3 }
        elsif ( $word eq 'power' ) { @shim{qw(KINDS AT)} = splice @words, 0, 2; $shim{DO} = 'kill'; $power = [ splice @words, 0, 2 ] }
        else                       { die "run: $word" }
    }
    delete $shim{KINDS} if ( $shim{KINDS} // '' ) eq 'any';
    script( $h, $script );
    my @box = box($h);
    my %here;
    $here{ content($_) }++ for @box;
    $h->{most}{$_} = max( $h->{most}{$_} // 0, $here{$_} ) for keys %here;
    if ($power) {
        unlink "$h->{root}/log";
        $shim{LOG} = "$h->{root}/log";
        $disk = Popkeep::PowerCut->new( roots => [ "$h->{root}/state", "$h->{root}/Mail" ], maildirs => "$h->{root}/Mail" );
    }
    my $exit = popkeep( $h, [ 'fetch', '-q', '--json', @options, 'okul' ], %shim );
    my $disturbed = $h->{disturbed};
    if ($power) {
        srand $power->[1];
        $disk->read_log("$h->{root}/log")->cut( $power->[0] );
    }
    my %listed;
    $listed{ content($_) }++ for listed( $bend, $how_many, @box );
    my $fault = look( $h, { exit => $exit, missing => scalar( grep { $_ eq '--missing' } @options ), listed => \%listed, power => !!$power } );
    return $fault if $fault;
    my $plain = !$bend && !$disturbed && !$power;
    return ending( $h, $exit, $plain, \%listed );
}

# How many copies somebody has changed: a run, dry or not, and verify say so by 65 when they come upon one.
sub edited { my ($h) = @_; return scalar grep { $_->{edited} } values %{ $h->{file} } }

# How a run may end in which nothing went wrong, and what it must have said.
sub ending {
    my ( $h, $exit, $plain, $listed ) = @_;
    my $before = $h->{whole};
    $h->{whole} = $plain;
    return "hung: $h->{said}" if $exit eq 'a time-out';
    my ($fault) = Popkeep::Schema::faults( $h->{out}, torn => $exit >= 128 || $exit == 74 );
    return "JSON: $fault" if defined $fault;
    return '' unless $plain;
    return "ended with $exit though nothing went wrong: $h->{said}" unless $exit == 0 || $exit == 11 || ( edited($h) && $exit == 65 );
    my @tmp = $h->{t}->tmp_files('okul');
    return "left in tmp/: @tmp" if @tmp;
    my $stored = () = $h->{out} =~ /"event":"message-stored"/g;
    return "said $stored stored, but $h->{fresh} files are new: $h->{said}" if $before && $stored != $h->{fresh};
    my $deleted = () = $h->{out} =~ /"event":"message-deleted"/g;
    return "said $deleted deleted, but the server deleted $h->{freshly_gone}: $h->{said}" if $deleted != $h->{freshly_gone};
    return '';
}

# What of the box was listed under a bend.
sub listed {
    my ( $bend, $n, @box ) = @_;
    $bend //= '';
    return ()                                   if $bend eq 'nothing';
    return @box[ 0 .. min( $n, $#box + 1 ) - 1 ] if $bend eq 'first';
    return @box[ max( 0, @box - $n ) .. $#box ] if $bend eq 'last';
    return @box;
}

my %bends = (
    first      => 'listing-first %d',
    last       => 'listing-last %d',
    nothing    => qq{on LIST send "+OK\\r\\n.\\r\\n"\non UIDL send "+OK\\r\\n.\\r\\n"},
    cut        => 'cut-after %d',
    reset      => 'cut-after %d rst',
    retr       => 'on RETR nth %d send "-ERR [SYS/TEMP] later\r\n"',
    'retr-cut' => 'on RETR nth %d cut 60',
    'retr-rst' => 'on RETR nth %d rst',
    dele       => 'on DELE nth %d send "-ERR no\r\n"',
    'dele-cut' => 'on DELE nth %d cut 2',
    ignored    => 'dele-ignored',
    quit       => 'on QUIT send "-ERR not now\r\n"',
    'quit-cut' => 'on QUIT cut 1',
    'quit-rst' => 'on QUIT rst',
    unsized    => 'on LIST send "-ERR no\r\n"',
    unnamed    => 'uidl none',
    'list-line' => 'on LIST line %d drop',
    'uidl-line' => 'on UIDL line %d drop',
    reverse    => 'reverse',
    hides      => "retr-marks-gone\ncapa TOP UIDL USER PIPELINING \"EXPIRE 0\"",
    refused    => 'login "-ERR [AUTH] no"',
    busy       => 'greeting "-ERR [IN-USE] busy"',
    plus       => 'list-size plus %d',
);

sub bend {
    my ( $name, $n ) = @_;
    my $text = $bends{$name} // die "bend: $name";
    return ( $text =~ /%d/ ? sprintf( $text, $n ) : $text ) . "\n";
}

# ---- what must hold after any run ----

sub look {
    my ( $h, $run ) = @_;
    my $fault = files( $h, $run ) || deleted( $h, $run );
    return $fault && "$fault: " . ( $h->{said} // '' ) if $fault;
    my ( %live, %edited );
    $_->{edited} ? $edited{ $_->{c} }++ : $live{ $_->{c} }++ for values %{ $h->{file} };
    for my $c ( 0 .. CONTENTS - 1 ) {
        my $n = $live{$c} // 0;
        return "content $c is stored $n times, at most $h->{most}{$c} were ever in the box: $h->{said}" if $n > ( $h->{most}{$c} // 0 );
        my $removed = $h->{removed}{$c} // 0;
        my $listed  = $run->{listed}{$c} // 0;
        if ( defined $run->{exit} && $run->{exit} eq '0' ) {
            my $have = $n + ( $run->{missing} ? $edited{$c} // 0 : $removed );    # --missing: what has no file at all
            return "exit 0, but of content $c $listed were listed and $n are stored: $h->{said}" if $have < $listed;
            $h->{least}{$c} = max( $h->{least}{$c} // 0, $listed );
        }
        return "content $c is stored $n times, not $h->{least}{$c}: $h->{said}" if $n + $removed < ( $h->{least}{$c} // 0 );
    }
    return '';
}

sub files {
    my ( $h, $run ) = @_;
    my ( %there, @fresh );
    $h->{fresh} = 0;
    for my $dir ( map { $h->{t}->path("Mail/okul/$_") } qw(new cur .Eski/new .Eski/cur) ) {
        opendir my $d, $dir or next;
        for my $name ( grep { !/^\./ } readdir $d ) {
            ( my $base = $name ) =~ s/:2,.*//;
            return "$base is there twice" if $there{$base};
            $there{$base} = "$dir/$name";
        }
    }
    for my $base ( sort keys %there ) {
        my $f = $h->{file}{$base};
        my @st = stat $there{$base};
        next if $f && $f->{edited};
        next if $f && $f->{stat} eq "@st[1,7,9]";
        my $c = $content_of{ slurp( $there{$base} ) };
        return "$base holds what no server sent" if !defined $c;
        return "$base has changed"               if $f && $f->{c} != $c;
        if ( !$f ) {
            $f = $h->{file}{$base} = { c => $c, id => 0, seen => now($h) };
            push @fresh, $base;
        }
        $f->{stat} = "@st[1,7,9]";
        $f->{path} = $there{$base};
    }
    $h->{file}{$_}{id} = ++$h->{ids} for sort { $h->{file}{$a}{c} <=> $h->{file}{$b}{c} || $a cmp $b } @fresh;
    $h->{fresh} = @fresh;
    for my $base ( sort keys %{ $h->{file} } ) {
        return "$base is gone, and its owner did not remove it" unless $there{$base};
        $h->{file}{$base}{path} = $there{$base};
    }
    return '';
}

# Deleted at the server only what has been here, whole, for the days, and still is.
sub deleted {
    my ( $h, $run ) = @_;
    my $days = $h->{setup}{retention};
    my ( %now_gone, %now_hidden );
    $h->{freshly_gone} = 0;
    for my $kind (qw(gone hidden)) {
        opendir my $d, $h->{t}->path("box/$kind") or next;
        for my $name ( grep { /\.eml$/ && !$h->{gone}{$_}++ } readdir $d ) {
            $kind eq 'gone' ? $now_gone{ content($name) }++ : $now_hidden{ content($name) }++;
            $h->{freshly_gone}++ if $kind eq 'gone';
        }
    }
    return 'deleted at the server, but retention_days = never' if %now_gone && $days eq 'never';
    my ( %old, %live );
    for my $f ( grep { !$_->{edited} } values %{ $h->{file} } ) {
        $live{ $f->{c} }++;
        $old{ $f->{c} }++ if $days ne 'never' && now($h) - $f->{seen} >= $days * DAY - $h->{slack};
    }
    for my $c ( keys %now_gone ) {
        my ( $n, $old ) = ( $now_gone{$c}, $old{$c} // 0 );
        return "$n of content $c deleted at the server, but only $old are here and $days days old" if $n > $old;
    }
    for my $c ( keys %now_hidden ) {
        my $n = ( $live{$c} // 0 ) + ( $h->{removed}{$c} // 0 );
        return "$now_hidden{$c} of content $c hidden by the server after QUIT, but only $n were ever here" if $now_hidden{$c} > $n;
    }
    return '';
}

# ---- playing ----

# One line a step, `setup` first; '' or what is wrong.
sub play {
    my ( $h, @lines ) = @_;
    my ( undef, %setup ) = split ' ', $lines[0];
    $h->begin(%setup);
    for my $i ( 1 .. $#lines ) {
        my ( $word, @args ) = split ' ', $lines[$i];
        $h->{steps}++;
        print STDERR "# $lines[$i]\n" if $ENV{POPKEEP_SHOW};
        my $began = time;
        my $fault = ( $steps{$word} || die "no step is called $word" )->( $h, @args );
        printf STDERR "# %.1f s: %s\n%s", time - $began, $lines[$i], $h->{said} if $ENV{POPKEEP_SHOW} && time - $began > 1;
        return "step $i ($lines[$i]): $fault" if $fault;
    }
    my $fault = $h->end;
    return $fault ? "at the end: $fault" : '';
}

# All is well again: whatever came before, everything is stored, and in the end deleted.
sub end {
    my ($h) = @_;
    $h->{wrong} = 0;
    my $fault = run( $h, 'confirm' );
    return $fault if $fault;
    my $exit = run( $h, 'missing' );
    return $exit if $exit;
    return 'a second clean run stored something: ' . $h->{said} if $h->{fresh} && !%{ $h->{removed} };
    return '' if $h->{setup}{retention} eq 'never';
    $h->{now} += ( $h->{setup}{retention} + 2 ) * DAY;
    for ( 1 .. 2 + ( $h->{setup}{max_delete} ? 20 : 0 ) ) {
        $fault = run( $h, 'confirm' );
        return $fault if $fault;
        $h->{now} += 2 * DAY;
    }
    my @left = box($h);
    return "still at the server: @left: $h->{said}" if @left && !%{ $h->{removed} };
    return '';
}

# ---- making them up ----

sub any { return $_[ int rand @_ ] }

sub weighted {
    my ($table) = @_;
    my $sum = 0;
    $sum += $_->[0] for @$table;
    my $at = rand $sum;
    for (@$table) { return $_->[1] if ( $at -= $_->[0] ) < 0 }
    return $table->[0][1];
}

my $new_uidl = 0;

sub a_uidl {
    my ($manner) = @_;
    return $manner eq 'reuse' ? 'p' . int rand POOL : 's' . ++$new_uidl;
}

my @kinds = (
    qw(any any any write unlink send read),
    'renameat2,link', 'fsync,fdatasync,syncfs', 'create,open', 'renameat,truncate', 'close,utimens'
);

sub an_accident {
    my $kinds = any(@kinds);
    my $at = 1 + int( rand( $kinds eq 'any' ? 12 : 4 )**2 );
    my $which = rand;
    return "kill $kinds $at" if $which < 0.45;
    return "fail $kinds $at " . any( 5, 28, 122, 30, 24, 'short' ) if $which < 0.7;
    return "power $kinds $at " . any(qw(none all prefix some some)) . ' ' . int rand 1e6;
}

sub a_bend {
    my ($manner) = @_;
    my @names = sort grep { $_ ne 'plus' || $manner eq 'drift' } keys %bends;
    my $name = $manner eq 'drift' && rand() < 0.5 ? 'plus' : any(@names);
    my $n = $name =~ /^(cut|reset)$/ ? int( 10**( 1 + rand 3.3 ) ) : $name eq 'plus' ? int rand 500 : 1 + int rand 8;
    return "bend $name $n";
}

sub a_run {
    my ($manner) = @_;
    my @words = ('run');
    push @words, 'missing' if rand() < 0.12;
    push @words, 'confirm' if rand() < 0.08;
    push @words, a_bend($manner) if rand() < 0.35;
    push @words, an_accident()   if rand() < 0.4;
    return join ' ', @words;
}

my @table = (
    [ 34, sub { 'arrive ' . int( rand CONTENTS ) . ' ' . a_uidl( $_[0] ) } ],
    [ 6,  sub { 'vanish ' . int rand 50 } ],
    [ 0.7, sub { 'empty' } ],
    [ 1, sub { 'renumber ' . ( $_[0] eq 'reuse' ? 'p' : 'r' . ++$new_uidl . 'x' ) } ],
    [ 1.5, sub { $_[0] eq 'reuse' ? 'swap ' . int( rand 50 ) . ' ' . int rand 50 : 'hours 1' } ],
    [ 9, sub { 'hours ' . any( 1, 5, 24, 100, 24 * 20, 24 * 31, 24 * 100 ) } ],
    [ 3, sub { 'clock ' . any( 0, 0, 0, 1800, -1800, -7200, -3 * DAY, 2 * DAY, 300 * DAY, 500 * DAY ) } ],
    [ 6, sub { 'reader ' . any( 'S', 'S', 'FS', 'folder' ) . ' ' . int rand 100 } ],
    [ 1.2, sub { 'reader ' . any( 'delete', 'delete', 'edit' ) . ' ' . int rand 100 } ],
    [ 1.5, sub { 'verify' } ],
    [ 1,   sub { 'dry' } ],
    [ 30, \&a_run ],
);

# A history of about so many steps.
sub make_up {
    my ( $class, $seed, $length ) = @_;
    srand $seed;
    $new_uidl = 0;
    my $manner = any(qw(plain plain reuse reuse drift));
    my $kept = rand() < 0.7;    # in most the owner removes nothing: what must be there is exact then
    my @lines = join ' ', 'setup', retention => any( 'never', 0, 1, 30, 30, 30 ), ends => any( 'lf', 'lf', 'lf', 'lf', 'lf', 'crlf' ),
      fstype => any( 'ef53', 'ef53', '1021994' ), links => any( 0, 0, 0, 0, 1 ), capa => any( 0, 0, 0, 1 ), max_delete => any( 0, 0, 0, 0, 0, 3 );
    while ( @lines < $length ) {
        my $line = weighted( \@table )->($manner);
        push @lines, $line unless $kept && $line =~ /^reader (?:delete|edit)/;
    }
    return @lines;
}

# The same fault in fewer steps: leave out ever smaller parts as long as it still fails.
sub shrink {
    my ( $h, $until, @lines ) = @_;
    my ( $setup, @steps ) = @lines;
    my $fault = '';
    for ( my $size = int( @steps / 2 ); $size >= 1; $size = $size > 1 ? int( $size / 2 ) : 0 ) {
        for ( my $at = 0; $at < @steps && time < $until; ) {
            my @fewer = @steps;
            splice @fewer, $at, $size;
            my $still = eval { $h->play( $setup, @fewer ) } || $@;
            if ($still) { @steps = @fewer; $fault = $still }
            else        { $at += $size }
        }
    }
    return ( $fault, $setup, @steps );
}

1;
