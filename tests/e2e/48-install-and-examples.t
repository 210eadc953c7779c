#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What is installed, and the examples: people copy them as they are.
use strict;
use warnings;
use Popkeep;
use Cwd qw(getcwd);
use File::Find qw(find);

my $t    = Popkeep->new;
my $dest = $t->path('stage');

sub make {
    my (@args) = @_;
    local @ENV{qw(LD_PRELOAD MAKEFLAGS MFLAGS MAKELEVEL)} = ( '', '', '', '' );
    my $out = join '', map { my $w = $_; $w =~ s/'/'\\''/g; "'$w' " } @args;
    $out = `make $out 2>&1`;
    return ( $? >> 8, $out );
}

sub files_in {
    my ($dir) = @_;
    my %mode;
    find( { no_chdir => 1, wanted => sub { $mode{ substr $_, length($dir) + 1 } = sprintf '%04o', ( stat $_ )[2] & 07777 if -f $_ } }, $dir ) if -d $dir;
    return \%mode;
}

# ---- install, uninstall
my $umask = umask 077;    # an administrator's must not make the manual unreadable
my ( $status, $out ) = make( 'install', "DESTDIR=$dest", 'PREFIX=/usr' );
umask $umask;
is( $status, 0, 'make install' ) or diag $out;
my %want = ( 'usr/bin/popkeep' => '0755' );
$want{"usr/share/man/man1/$_"} = '0644' for qw(popkeep.1);
$want{"usr/share/man/man5/$_"} = '0644' for qw(popkeep.conf.5 popkeep-journal.5 popkeep-json.5);
$want{"usr/share/$_"} = '0644' for map { m{^man/(\w+)/(.*\.(\d))$} ? "man/$1/man$3/$2" : () } glob 'man/*/*.[15]';
$want{'usr/share/locale/tr/LC_MESSAGES/popkeep.mo'} = '0644';
$want{"usr/share/doc/popkeep/$_"} = '0644' for qw(README CHANGES LICENSE);
$want{"usr/share/doc/popkeep/$_"} = -x $_ ? '0755' : '0644' for grep { -f } glob 'examples/* examples/*/*';
$want{"usr/share/$_"} = '0644' for 'bash-completion/completions/popkeep', 'zsh/site-functions/_popkeep', 'fish/vendor_completions.d/popkeep.fish';
is_deeply( files_in($dest), \%want, 'every file is there, readable for all' );
my @shut;
find( { no_chdir => 1, wanted => sub { push @shut, $_ if -d $_ && $_ ne $dest && ( ( stat $_ )[2] & 0055 ) != 0055 } }, $dest );
is( "@shut", '', '... and so is every folder' );
like( `LD_PRELOAD= $dest/usr/bin/popkeep --version`, qr/\Apopkeep \d/, 'the installed program runs' );

# what makes a hole in it harder to use; gcc and the linker leave such flags out without a word when they are misspelt
my $elf = `LD_PRELOAD= readelf -hldW $dest/usr/bin/popkeep 2>&1`;
like( $elf, qr/Type: +DYN/, 'position-independent' );
like( $elf, qr/GNU_RELRO/, 'relocations are made read-only' );
like( $elf, qr/BIND_NOW/, '... at the start' );
like( $elf, qr/GNU_STACK +(?:0x\S+ +)+RW /, 'no code on the stack' );
like( `LD_PRELOAD= nm -D $dest/usr/bin/popkeep 2>&1`, qr/__stack_chk_fail.*_chk\b|_chk\b.*__stack_chk_fail/s, 'stack and string functions are watched' );
spew( "$dest/usr/share/doc/popkeep/mine", 'x' );
( $status, $out ) = make( 'uninstall', "DESTDIR=$dest", 'PREFIX=/usr' );
is( $status, 0, 'make uninstall' ) or diag $out;
is_deeply( [ keys %{ files_in($dest) } ], ['usr/share/doc/popkeep/mine'], 'nothing of ours is left, nothing of others removed' );
unlink "$dest/usr/share/doc/popkeep/mine";
make( 'uninstall', "DESTDIR=$dest", 'PREFIX=/usr' );
ok( !-e "$dest/usr/share/doc/popkeep", 'nor is our folder' );
( $status, $out ) = make('help');
like( $out, qr/make demo.*make check.*make install.*make uninstall.*make clean/s, 'make help names the targets' );

# ---- backup.sh under plain shells, for each way a run can end
my @shells = grep { my ($program) = split; -x $program } '/bin/dash', '/bin/bash --posix', '/bin/bash', '/bin/busybox sh', '/usr/bin/busybox sh', '/bin/sh';
my $shell = $shells[0];
cmp_ok( scalar @shells, '>=', 2, 'there are several shells to try' );
my $stub = $t->path('bin');
spew( "$stub/logger", "#!/bin/sh\nwhile [ \"\$1\" != -- ]; do shift; done\nprintf 'log: %s\\n' \"\$2\"\n" );
chmod 0755, "$stub/logger";
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my $s = $t->server;
$t->account( $s, 'okul' );
spew( "$stub/popkeep", "#!/bin/sh\nexec '@{[Popkeep::program()]}' -c '@{[$t->path('popkeep.conf')]}' \"\$@\"\n" );
chmod 0755, "$stub/popkeep";

sub backup {
    my ( $want, $says, @args ) = @_;
    local $ENV{PATH} = "$stub:$ENV{PATH}";
    local $ENV{LD_PRELOAD} = '';
    my $said = `$shell examples/backup.sh @args 2>/dev/null`;
    is( $? >> 8, $want, "backup.sh ends with $want" );
    return like( $said, $says, '... and logs what it means' );
}
backup( 0, qr/^log: complete$/m );
$s->restart(qq(on RETR 2 send "-ERR no\\r\\n"\n));
$t->mails( 'box', '0002.eml' => "Subject: b\n\nbody\n" );
backup( 10, qr/^log: .*incomplete/m, 'okul' );
$s->restart(qq(login "-ERR [AUTH] no"\n));
backup( 77, qr/^log: login refused/m, 'okul' );
$s->restart(qq(login "-ERR [IN-USE] busy"\n));
backup( 75, qr/^log: not everything could be done now/m, 'okul' );
$s->restart("cert selfsigned\n");
unlink $t->state_file( 'okul', 'tls-session' );    # or this server would go on with the session of before
backup( 12, qr/^log: .*certificate/m );
backup( 64, qr/^log: wrong usage/m, 'okkul' );
$t->account( undef, 'neu', host => 'smtp.okul.example' );
backup( 78, qr/^log: wrong usage or configuration/m );
spew( "$stub/popkeep", "#!/bin/sh\nkill -TERM \$\$\n" );
backup( 143, qr/^log: popkeep failed with status 143/m );
my %branch = (
    0 => qr/complete/, 10 => qr/something is incomplete/, 11 => qr/deletions were held back.*--confirm-delete/, 12 => qr/certificate was not accepted/,
    64 => qr/wrong usage/, 65 => qr/local trouble/, 69 => qr/the server refuses/, 70 => qr/failed with status 70/, 73 => qr/local trouble/, 74 => qr/local trouble/,
    75 => qr/the next run tries again/, 76 => qr/failed with status 76/, 77 => qr/login refused/, 78 => qr/wrong usage or configuration/,
);
spew( "$stub/popkeep", qq(#!/bin/sh\n[ "\$*" = "--quiet fetch okul lise" ] || exit 99\nexit "\$(cat '$stub/status')"\n) );
for my $one (@shells) {
    $shell = $one;
    for my $status ( sort { $a <=> $b } keys %branch ) {
        spew( "$stub/status", $status );
        backup( $status, qr/\Alog: [^\n]*(?:$branch{$status})[^\n]*\n\z/, 'okul', 'lise' );
    }
}
like( `$shell -n examples/backup.sh 2>&1; echo ok`, qr/\Aok\n\z/, 'its syntax is plain sh' );

# every status of the manual has a branch, or goes to the last one
my $script = slurp('examples/backup.sh');
for my $code ( 10, 11, 12, 64, 65, 69, 73, 74, 75, 77, 78 ) { $script =~ /^[\d |]*\b$code\b[\d |]*\)$/m or fail("backup.sh knows nothing of $code") }

# ---- cron
my @lines = grep { /\S/ && !/^#/ } split /\n/, slurp('examples/crontab');
ok( !( grep { !/^[A-Z]+=\S/ && !/^(?:[\d,*\/-]+\s+){5}\S/ } @lines ), 'crontab: assignments and five fields of time' );
ok( !( grep { /%/ } @lines ), '... no %, which cron takes for a line end' );
for my $line ( slurp('README') =~ /^ +(\S+ \* \* \* \*.*)$/mg ) { like( $line, qr/popkeep -q$/, "README's cron line is quiet: $line" ) }
done_testing();
