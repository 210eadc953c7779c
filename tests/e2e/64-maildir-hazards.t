#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e san
# Maildirs that are not as they should be, or that others work in meanwhile: nothing is lost, nothing stored twice, nothing written elsewhere,
# and nothing deleted at the server that has no copy. Put in order, the next run ends with every mail once.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Path qw(make_path remove_tree);
use Popkeep;
use Popkeep::Faults 'maildir';
use Time::HiRes qw(time);

my $all  = ( $ENV{POPKEEP_FAULTS} // '' ) eq 'all';
my %mail = map { ( sprintf( '%04d.eml', $_ ) => "Subject: $_\n\nbody of $_\n" . "line\n" x $_ ) } 1 .. 60;

my $n_cases = 0;

sub one_case {    # a third of them, but all under POPKEEP_FAULTS=all
    my ( $what, $code ) = @_;
    return if !$all && $n_cases++ % ( ( $ENV{POPKEEP_SUITE} // '' ) eq 'san' ? 9 : 3 );
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return subtest( $what, $code );
}

sub mail { return map { my $name = sprintf '%04d.eml', $_; ( $name => $mail{$name} ) } @_ }

# Surroundings after a first run with mails 1 to 3; 4 and 5 are new at the server.
sub used {
    my (%keys) = @_;
    my $t = Popkeep->new;
    $t->mails( 'box', mail( 1 .. 3 ) );
    my $s = $t->server;
    $t->account( $s, 'okul', retention_days => 30, %keys );
    $t->popkeep('-q')->exits( 0, 'a first run' );
    $t->mails( 'box', mail( 4, 5 ) );
    return ( $t, $s, $t->path('Mail/okul') );
}

# At any time: what was deleted at the server is here; what is here is whole.
sub nothing_lost {
    my ( $t, $s, $dir ) = @_;
    my %have = map { ( slurp($_) // '' ) => 1 } grep { -f } glob("'$dir'/new/*"), glob("'$dir'/cur/*"), glob("'$dir'/.*/cur/*");
    my %sent = reverse %mail;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is( join( ' ', grep { !$have{ $mail{$_} } } $s->gone ), '', 'nothing is deleted at the server that is not here' );
    return is( scalar( grep { !$sent{$_} } keys %have ), 0, 'what is here is whole' );
}

sub in_order {    # the next run, and the one after it
    my ( $t, $s, $n, @args ) = @_;
    my $dir = $t->path('Mail/okul');
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $t->popkeep( 'fetch', '-q', @args )->exits( 0, 'in order again: exit status 0' );
    my @have = sort map { slurp($_) } grep { -f } glob("'$dir'/new/*"), glob("'$dir'/cur/*");
    my @want = sort values %{ { mail( 1 .. $n ) } };
    ok( "@have" eq "@want" && @have == @want, 'every mail once' ) or diag( @have . " of $n are here" );
    is( join( ' ', $t->tmp_files('okul') ), '', 'nothing in tmp/' );
    $t->popkeep( 'verify', '-q' )->exits( 0, 'verify is content' );
    return nothing_lost( $t, $s, $dir );
}

# ---- parts of a Maildir that are something else ----
for my $part (qw(new cur tmp)) {
    for my $how (
        [ 'a link to a folder elsewhere' => sub { my ( $p, $t ) = @_; make_path( $t->path('elsewhere') ); symlink $t->path('elsewhere'), $p } ],
        [ 'a link to nowhere'            => sub { symlink '/nowhere/at/all', $_[0] } ],
        [ 'a link to itself'             => sub { symlink $_[0], $_[0] } ],
        [ 'a file'                       => sub { spew( $_[0], "x\n" ) } ],
        [ 'a pipe'                       => sub { require POSIX; POSIX::mkfifo( $_[0], 0600 ) } ],
        [ 'missing'                      => sub { } ],
      )
    {
        one_case "$part is $how->[0]" => sub {
            my ( $t, $s, $dir ) = used();
            rename "$dir/$part", "$dir.aside" or die $!;
            $how->[1]->( "$dir/$part", $t );
            my $run = $t->popkeep('fetch');
            ok( ( $run->exit // -1 ) =~ /^(?:73|74|78)$/ || $how->[0] eq 'missing' && $run->exit == 0, 'exit status ' . ( $run->exit // 'none' ) ) or diag( $run->err );
            $run->says( qr{/okul/$part|Maildir|Mail/okul}, 'says which folder' ) if $run->exit;
            is( scalar( () = glob "'" . $t->path('elsewhere') . "'/*" ), 0, 'nothing is written elsewhere' );
            is( scalar( $s->left ), 5, 'nothing is deleted at the server' );
            if ( $run->exit ) {
                -d "$dir/$part" && !-l "$dir/$part" ? remove_tree("$dir/$part") : unlink "$dir/$part";
                rename "$dir.aside", "$dir/$part" or die $!;
                in_order( $t, $s, 5 );
            }
        };
    }
}
for my $how (
    [ 'a file' => sub { spew( $_[0], "x\n" ) } ],
    [ 'a link to nowhere' => sub { symlink '/nowhere', $_[0] } ],
    [ 'an mbox' => sub { spew( $_[0], "From a\@okul.example Mon Jan  1 00:00:00 2024\nSubject: a\n\nb\n" ) } ],
  )
{
    one_case "the Maildir is $how->[0]" => sub {
        my ( $t, $s, $dir ) = used();
        rename $dir, "$dir.aside";
        $how->[1]->($dir);
        my $run = $t->popkeep('fetch');
        ok( ( $run->exit // -1 ) =~ /^(?:73|74|78)$/, 'exit status ' . ( $run->exit // 'none' ) ) or diag( $run->err );
        unlink $dir;
        rename "$dir.aside", $dir;
        in_order( $t, $s, 5 );
    };
}
one_case 'the Maildir is reached by a link' => sub {
    my ( $t, $s, $dir ) = used();
    rename $dir, $t->path('real');
    symlink $t->path('real'), $dir;
    in_order( $t, $s, 5 );
};
for my $link ( 'popkeep-okul.id', '../../state/okul/journal', '../../state/okul/lock', '../../state/okul/deletions.jsonl', '../../state/okul/tls-session' ) {
    one_case "$link is a link to a file of somebody else: that file is not touched" => sub {
        my ( $t, $s, $dir ) = used();
        my $other = spew( $t->path('other'), "do not touch\n" );
        my $path = "$dir/$link";
        rename $path, "$path.aside";
        symlink $other, $path or die $!;
        $t->clock( 31 * DAY );
        my $run = $t->popkeep('fetch');
        is( slurp($other), "do not touch\n", 'not touched (exit ' . ( $run->exit // 'none' ) . ')' );
        nothing_lost( $t, $s, $dir );
        unlink $path;
        -e "$path.aside" ? rename( "$path.aside", $path ) : 1;
        in_order( $t, $s, 5 );
    };
}

# ---- as another user, on other file systems: as root only ----
sub as_nobody {    # a Maildir and state that belong to nobody
    my ($name) = @_;
    my $t = Popkeep->new;
    my $base = "/tmp/popkeep-hazards-$$-" . ( $name =~ s/\W//gr );
    remove_tree($base);
    make_path("$base/n");
    chmod 0755, $base;
    my @nobody = ( getpwnam 'nobody' )[ 2, 3 ];
    chown @nobody, "$base/n";
    system 'cp', Popkeep::certs_dir() . '/ca.pem', "$base/ca.pem";
    $t->mails( 'box', mail( 1 .. 3 ) );
    my $s = $t->server;
    $t->defaults( state_dir => "$base/n/state" );
    $t->account( $s, 'okul', maildir => "$base/n/Mail", run_as => 'nobody', tls_ca_file => "$base/ca.pem", retention_days => 30 );
    $t->popkeep('-q')->exits( 0, 'a first run' );
    $t->mails( 'box', mail( 4, 5 ) );
    return ( $t, $s, "$base/n/Mail", $base );
}
my @modes = (
    [ 'new/ is read-only',            sub { chmod 0500, "$_[0]/new" }, sub { chmod 0700, "$_[0]/new" } ],
    [ 'cur/ may not be read',         sub { chmod 0,    "$_[0]/cur" }, sub { chmod 0700, "$_[0]/cur" } ],
    [ 'tmp/ may not be entered',      sub { chmod 0600, "$_[0]/tmp" }, sub { chmod 0700, "$_[0]/tmp" } ],
    [ 'the Maildir may not be entered', sub { chmod 0,  $_[0] },       sub { chmod 0700, $_[0] } ],
    [ 'the Maildir is read-only, its folders are not', sub { chmod 0500, $_[0] }, sub { chmod 0700, $_[0] }, 1 ],
    [ 'new/ belongs to another user', sub { chown 1, 1, "$_[0]/new"; chmod 0777, "$_[0]/new" }, sub { chown( ( getpwnam 'nobody' )[ 2, 3 ], "$_[0]/new" ); chmod 0700, "$_[0]/new" } ],
    [ 'the Maildir belongs to another user', sub { chown 1, 1, $_[0]; chmod 0777, $_[0] }, sub { chown( ( getpwnam 'nobody' )[ 2, 3 ], $_[0] ); chmod 0700, $_[0] } ],
    [ 'the journal is read-only',     sub { chown 0, 0, "$_[0]/../state/okul/journal"; chmod 0444, "$_[0]/../state/okul/journal" },
        sub { chown( ( getpwnam 'nobody' )[ 2, 3 ], "$_[0]/../state/okul/journal" ); chmod 0600, "$_[0]/../state/okul/journal" } ],
    [ 'the state may not be entered', sub { chmod 0, "$_[0]/../state/okul" }, sub { chmod 0700, "$_[0]/../state/okul" } ],
);
for my $m (@modes) {
    my ( $what, $harm, $mend, $harmless ) = @$m;
  SKIP: {
        skip 'only root can be another user', 1 if $> != 0;
        one_case $what => sub {
            my ( $t, $s, $dir, $base ) = as_nobody($what);
            $harm->($dir);
            my $run = $t->popkeep('fetch');
            ok( ( $run->exit // -1 ) =~ ( $harmless ? qr/^0$/ : qr/^(?:73|74|77|78)$/ ), 'exit status ' . ( $run->exit // 'none' ) ) or diag( $run->err );
            is( scalar( $s->left ), 5, 'nothing is deleted' );
            $mend->($dir);
            $t->popkeep('-q')->exits( 0, 'mended' );
            is( scalar( () = glob "'$dir'/new/*" ), 5, 'every mail once' );
            is( scalar( () = glob "'$dir'/tmp/*" ), 0, 'nothing in tmp/' );
            remove_tree($base);
        };
    }
}
sub can_mount {
    my $at = Popkeep->new->path('mount');
    make_path($at);
    return 0 if $> != 0 || system("mount -t tmpfs tmpfs '$at' 2>/dev/null") != 0;
    system "umount -l '$at'";
    return 1;
}
my $can_mount = can_mount();

# Another file system in the place of one part, or of all of it (part ''), with these options.
sub other_file_system {
    my ( $part, $options ) = @_;
    my ( $t, $s, $dir ) = used();
    my $at = abs_path( $part ? "$dir/$part" : $dir );
    system 'cp', '-a', $at, "$at.copy";
    system("mount -t tmpfs -o size=200m,mode=0700,$options tmpfs '$at'") == 0 or return fail('mount');
    system "cp -a '$at.copy/.' '$at/'";
    system "mount -o remount,ro '$at'" if $options eq 'rw,size=201m';
    $t->mails( 'box', mail( 4 .. 40 ) ) unless $part;
    my $run = $t->popkeep('fetch');
    ok( ( $run->exit // -1 ) =~ ( $part eq 'cur' ? qr/^0$/ : qr/^(?:73|74|78)$/ ), 'exit status ' . ( $run->exit // 'none' ) ) or diag( $run->err );
    nothing_lost( $t, $s, $dir );
    is( scalar( $s->gone ), 0, 'nothing is deleted' );
    if ($part) { system "cp -a '$at/.' '$at.copy/'"; system "umount -l '$at'"; rmdir $at; rename "$at.copy", $at }
    else       { system "mount -o remount,rw,size=200m,nr_inodes=9999 '$at'" }
    in_order( $t, $s, $part ? 5 : 40 );
    system "umount -l '$at'" unless $part;
    return;
}
for my $o ( ( map { [ "$_/ is another file system", $_, 'rw' ] } qw(new tmp cur) ), [ 'no space is left', '', 'size=64k' ], [ 'no inode is left', '', 'nr_inodes=20' ], [ 'the file system is read-only', '', 'rw,size=201m' ] ) {
    my ( $what, @how ) = @$o;
  SKIP: {
        skip "$what: nothing can be mounted", 1 if !$can_mount && $all;
        if ( !$can_mount ) { note("left out here: $what: nothing can be mounted"); last SKIP }
        one_case $what => sub { other_file_system(@how) };
    }
}

# ---- calls that NFS and others answer strangely ----
for my $errno ( [ ESTALE => 116 ], [ EEXIST => 17 ], [ ENOTDIR => 20 ], [ EXDEV => 18 ], [ ETIMEDOUT => 110 ] ) {
    for my $kind (qw(renameat2 create open fsync syncfs fdatasync write unlink mkdir readdir)) {
        next if $errno->[0] ne 'ESTALE' && $kind !~ /renameat2|create/;
        next if !$all && $kind =~ /mkdir|unlink|fdatasync/;
        one_case "$errno->[0] from $kind, at each of the first calls" => sub {
            for my $at ( $all ? 1 .. 12 : ( 1, 4 ) ) {
                my ( $t, $s, $dir ) = used();
                my $root = abs_path( $t->dir );
                local $t->{preload} = [ Popkeep::tools_dir() . '/faultshim.so' ];
                my $run = $t->popkeep( 'fetch', { env => { FAULTSHIM_COUNT => "$root/count", FAULTSHIM_ROOTS => "$root/state:$root/Mail", FAULTSHIM_KINDS => $kind, FAULTSHIM_AT => $at,
                        FAULTSHIM_DO => $errno->[1] } } );
                ok( ( $run->exit // -1 ) =~ /^(?:0|10|65|73|74|75|78)$/, "call $at: exit status " . ( $run->exit // 'none' ) ) or diag( $run->err );
                local $t->{preload} = [];
                in_order( $t, $s, 5 );
                $s->stop;
            }
        };
    }
}

# ---- others at work in the same Maildir ----
# A second program, until told to stop: sub ($dir) again and again.
sub meanwhile {
    my ( $dir, $work ) = @_;
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    my $until = time + 120;
    while ( time < $until && getppid != 1 ) { $work->($dir); select undef, undef, undef, 0.0005 }
    require POSIX;
    POSIX::_exit(0);
}

sub no_longer { my ($pid) = @_; kill KILL => $pid; waitpid $pid, 0; return }

my %busy = (
    'marks mail as read and moves it to cur/' => sub {
        my ($dir) = @_;
        for ( glob "'$dir'/new/*" ) { my ($name) = m{([^/]+)\z}; rename $_, "$dir/cur/$name:2,S" }
    },
    'sets and takes flags all the time' => sub {
        my ($dir) = @_;
        for ( glob "'$dir'/new/*" ) { my ($name) = m{([^/]+)\z}; rename $_, "$dir/cur/$name:2," }
        for ( glob "'$dir'/cur/*" ) { my $to = /:2,S$/ ? s/:2,S$/:2,FS/r : s/:2,.*/:2,S/r; rename $_, $to }
    },
    'moves mail there and back' => sub {
        my ($dir) = @_;
        for ( glob "'$dir'/new/*" ) { my ($name) = m{([^/]+)\z}; rename $_, "$dir/cur/$name:2,S" }
        for ( glob "'$dir'/cur/*" ) { my ($name) = m{([^/]+):2,}; rename $_, "$dir/new/$name" }
    },
    'links each mail into another folder' => sub {
        my ($dir) = @_;
        make_path("$dir/.Kopya/$_") for qw(tmp new cur);
        for ( glob "'$dir'/new/*" ) { my ($name) = m{([^/]+)\z}; link $_, "$dir/.Kopya/cur/$name:2,S" }
    },
    'reads everything, tmp/ too' => sub { my ($dir) = @_; slurp($_) for glob "'$dir'/*/*" },
    'puts mail of its own there' => sub { my ($dir) = @_; for ( 1 .. 5 ) { my $n = "1600000000.$_.other"; next if -e "$dir/new/$n"; spew( "$dir/tmp/$n", "Subject: x\n\nother\n" ); rename "$dir/tmp/$n", "$dir/new/$n" } },
);
for my $what ( sort keys %busy ) {
    one_case "a mail program $what while runs fetch, and delete what is due" => sub {
        my ( $t, $s, $dir ) = used();
        my $pid = meanwhile( $dir, $busy{$what} );
        for my $round ( 1 .. 5 ) {
            $t->mails( 'box', mail( 10 * $round - 4 .. 10 * $round + 5 ) );
            my $run = $t->popkeep('-q');
            ok( ( $run->exit // -1 ) == 0, "round $round: exit status " . ( $run->exit // 'none' ) ) or diag( $run->err );
        }
        $t->clock( 31 * DAY );
        my $due = $t->popkeep('-q');
        ok( ( $due->exit // -1 ) =~ /^(?:0|10)$/, 'a run that deletes: exit status ' . ( $due->exit // 'none' ) ) or diag( $due->err );
        no_longer($pid);
        my %have;
        $have{ slurp($_) }++ for grep { !/other/ } glob("'$dir'/new/*"), glob("'$dir'/cur/*");
        is( join( ' ', map { $have{ $mail{ sprintf '%04d.eml', $_ } } // 0 } 1 .. 55 ), join( ' ', (1) x 55 ), 'every mail once' );
        is( scalar( keys %have ), 55, 'and no other' );
        is( join( ' ', grep { !$have{ $mail{$_} } } $s->gone ), '', 'nothing deleted that is not here' );
        $t->popkeep('-q')->exits( 0, 'one more run' );
        is( scalar( $s->left ), 0, 'all that is due is deleted' );
    };
}
one_case 'a mail program that removes what it has shown: nothing is fetched again, nothing of it deleted unseen' => sub {
    my ( $t, $s, $dir ) = used();
    my $pid = meanwhile( $dir, sub { unlink glob "'$_[0]'/new/*" } );
    for my $round ( 1 .. 4 ) { $t->mails( 'box', mail( 10 * $round .. 10 * $round + 5 ) ); $t->popkeep('-q')->exits( 0, "round $round" ) }
    no_longer($pid);
    unlink glob "'$dir'/new/*";
    my $n = () = $s->arguments('RETR');
    $t->popkeep('-q')->exits( 0, 'one more run' );
    is( scalar( () = $s->arguments('RETR') ), $n, 'nothing is fetched again' );
    $t->clock( 31 * DAY );
    $t->popkeep('-q');
    is( scalar( $s->gone ), 0, 'what has no copy any more is not deleted at the server' );
};
for my $cleaner ( [ 'tmp/ is swept by a cleaner while mail is being received' => sub { unlink glob "'$_[0]'/tmp/*" } ],
    [ 'tmp/ is taken away again and again' => sub { remove_tree("$_[0]/tmp") } ],
    [ 'new/ is taken away for moments' => sub { rename "$_[0]/new", "$_[0]/new-aside"; select undef, undef, undef, 0.002; rename "$_[0]/new-aside", "$_[0]/new" } ] )
{
    one_case $cleaner->[0] => sub {
        my ( $t, $s, $dir ) = used( retention_days => 0 );
        my $pid = meanwhile( $dir, $cleaner->[1] );
        for my $round ( 1 .. 4 ) {
            $t->mails( 'box', mail( 10 * $round .. 10 * $round + 5 ) );
            my $run = $t->popkeep('-q');
            ok( ( $run->exit // -1 ) =~ /^(?:0|10|65|73|74|75|78)$/, "round $round: exit status " . ( $run->exit // 'none' ) ) or diag( $run->err );
        }
        no_longer($pid);
        rename "$dir/new-aside", "$dir/new" if -d "$dir/new-aside";
        mkdir "$dir/tmp", 0700;
        nothing_lost( $t, $s, $dir );
        $t->popkeep( 'fetch', '-q' )->exits( 0, 'in order again' );
        my %have;
        $have{ slurp($_) }++ for glob("'$dir'/new/*"), glob("'$dir'/cur/*");
        is( join( ' ', map { $have{$_} } keys %have ), join( ' ', (1) x keys %have ), 'every mail once' );
        is( scalar( $s->left ), 0, 'all is fetched and deleted' );
        nothing_lost( $t, $s, $dir );
    };
}
for my $gone ( [ 'removed', sub { remove_tree( $_[0] ) } ], [ 'moved away', sub { rename $_[0], "$_[0].moved" } ] ) {
    one_case "the Maildir is $gone->[0] in the middle of a run" => sub {
        my $t = Popkeep->new;
        $t->mails( 'box', mail( 1 .. 30 ) );
        my $s = $t->server( script => "on RETR 20 delay 700\n" );
        $t->account( $s, 'okul', retention_days => 0 );
        my $dir = $t->path('Mail/okul');
        my $run = $t->start('fetch');
        until_it( 'RETR 20', sub { grep { $_->{text} =~ /^RETR 20/ } $s->log( now => 1 ) } );
        $gone->[1]->($dir);
        $run->finish;
        isnt( $run->exit, 0, 'that run does not end well' ) if $gone->[0] eq 'removed';    # moved, its folders are still open
        is( scalar( $s->gone ), 0, 'nothing is deleted at the server' ) if $gone->[0] eq 'removed';
        nothing_lost( $t, $s, -d "$dir.moved" ? "$dir.moved" : $dir );
        is( scalar( $s->left ) + scalar( $s->gone ), 30, 'and all is there or here' );
        if ( -d "$dir.moved" ) { remove_tree($dir); rename "$dir.moved", $dir; in_order( $t, $s, 30 ) }
        else {
            my $again = $t->popkeep('fetch');
            ok( ( $again->exit // -1 ) =~ /^(?:0|78)$/, 'the next run: exit status ' . ( $again->exit // 'none' ) );
            $t->popkeep( 'fetch', '--adopt', '-q' ) if $again->exit;
            $t->popkeep( 'fetch', '--missing', '-q' )->exits( 0, 'fetched anew' );
            is( join( "\0", @{ $t->stored_octets('okul') } ), join( "\0", sort values %{ { mail( 1 .. 30 ) } } ), 'every mail once' );
        }
    };
}

# ---- what else may lie there ----
one_case 'files with names of all kinds, folders, pipes and links among the mail' => sub {
    my ( $t, $s, $dir ) = used();
    for my $sub (qw(new cur)) {
        spew( "$dir/$sub/$_", "Subject: foreign\n\n$_\n" ) for 'plain', '.hidden', 'x' x 255, "with\nnewline", "\xff\xfe", ':2,', '1600000000.M1P1Q1R00000000.host,S=9999999999999999999999,W=1', '1600000000.M1.x:2,XYZ', ' ', '-rf', '$(touch owned)';
        mkdir "$dir/$sub/a folder";
        require POSIX;
        POSIX::mkfifo( "$dir/$sub/a-pipe", 0600 );
        symlink '/etc/passwd', "$dir/$sub/1600000000.M2P2Q2R00000000.host,S=1,W=1";
        symlink '/nowhere', "$dir/$sub/dangling";
    }
    $t->popkeep('-q')->exits( 0, 'a run' );
    $t->popkeep( 'verify', '-q' )->exits( 0, 'verify' );
    is( scalar( () = glob "'$dir'/new/*okul*" ), 0, 'no name of ours but in order' );
    $t->clock( 31 * DAY );
    $t->popkeep('-q')->exits( 0, 'deleting' );
    rename $t->path('state/okul'), $t->path('lost');
    my $adopt = $t->popkeep( 'fetch', '--adopt', { timeout => 60 } );
    $adopt->exits( 0, '--adopt reads them all, and no pipe' );
    ok( !-e $t->path('owned') && !-e 'owned', 'nothing is run' );
    nothing_lost_but( $t, $s, $dir );
};
sub nothing_lost_but { my ( $t, $s, $dir ) = @_; my %have = map { slurp($_) => 1 } grep { -f && !-l } glob "'$dir'/new/*"; return is( join( ' ', grep { !$have{ $mail{$_} } } $s->gone ), '', 'what was deleted is here' ) }

my $many = $all ? 1_000_000 : 20_000;
one_case "$many files of others in new/" => sub {
    my ( $t, $s, $dir ) = used();
    spew( "$dir/new/1600000000.0.other", "Subject: x\n\nx\n" );
    my $from = "$dir/new/1600000000.0.other";
    for my $n ( 1 .. $many - 1 ) {
        if ( $n % 50_000 == 0 ) { $from = spew( "$dir/new/1600000000.$n.other", "Subject: x\n\nx\n" ); next }    # a file has no more than 65,000 names
        link $from, "$dir/new/1600000000.$n.other" or die "link: $!";
    }
    my $run = $t->popkeep( '-q', { timeout => 300 } );
    $run->exits( 0, 'a run' );
    cmp_ok( $run->{seconds}, '<', 30, 'is not held up by them' );
    $t->clock( 31 * DAY );
    $run = $t->popkeep( '-q', { timeout => 300 } );
    $run->exits( 0, 'a run that deletes' );
    is( scalar( $s->gone ), 5, 'what is due is deleted' );
    cmp_ok( $run->{seconds}, '<', 60, 'in time' );
    system 'rm', '-rf', $dir;
};
done_testing();
