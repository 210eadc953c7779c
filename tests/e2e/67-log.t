#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e
# --log: what a run said is still there when somebody asks a month later, though logrotate took the file away in between;
# a log that cannot be written keeps no mail from being stored, and is told of.
use strict;
use warnings;
use Popkeep;
use Cwd qw(abs_path);

my $password = 'cok Gizli-Parola 9137';
my $t        = Popkeep->new;
my $log      = $t->path('popkeep.log');
$t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody $_\n" ) } 1 .. 3 );
my $s = $t->server( script => qq(password "$password"\n) );
$t->account( $s, 'okul', password_is => $password );

my $head = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \d+/;

my $from = 0;
sub new_lines {    # what was appended since the last look
    my $new = substr slurp($log), $from;
    $from += length $new;
    return $new;
}

# ---- what stands in it
umask 0;
$t->popkeep( '--log', $log )->exits(0);
my $first = new_lines();
like( $first, qr/\A$head result okul: 3 new messages \(\d+ B\) stored; 3 on the server, 0 left to fetch\n$head result 1 account: 3 new messages .*\n\z/,
    'time, process, level and text; a run ends with its sum' );
is( ( stat $log )[2] & 07777, 0600, 'for its owner alone' );
like( $t->last_run->out, qr/\Aokul: 3 new messages/, 'it is printed as ever' );
$t->popkeep( '-q', '--log', $log )->is_silent('-q: nothing is printed');
like( new_lines(), qr/\A$head result 1 account: nothing new; 3 on the server, 0 left to fetch\n\z/, '... but the log tells that a run took place' );
$t->popkeep( '-v', '--log', $log, 'check' )->exits(0);
like( new_lines(), qr/^$head note okul: connected to .*\n(?:.*\n)*$head result okul: .*ready/m, '-v: notes, and results of check' );

# ---- no secret, and nothing that a server can bend
$s->restart(qq(login "-ERR \\x1b[31mno\\x0b2026-01-01T00:00:00Z 1 result all is well \\xe2\\x80\\xae"\n));
$t->popkeep( '-vvv', '--log', $log )->exits(77);
my $said = new_lines();
like( $said, qr/^$head error okul: login refused for ogretmen by 127\.0\.0\.1: /m, 'an error' );
like( $said, qr/^$head error     /m, '... and each line of its advice has the head' );
ok( !( grep { !/^$head (?:error|warning|result|note) [ -~\x80-\xff]*\z/ } split /\n/, $said ), 'every line has the form of the manual' );
unlike( $said, qr/[\x00-\x09\x0b-\x1f\x7f]|\xe2\x80\xae/, 'no control character of the server' );
unlike( $said, qr/^2026-01-01/m, '... and no line of its making' );
unlike( slurp($log), qr/Gizli/, 'no password, also at -vvv' );
$s->restart(qq(password "$password"\n));
$t->popkeep( '-q', 'okul' )->exits(0);

# ---- logrotate: renamed, made anew, cut in place
rename $log, "$log.1";
$t->popkeep( '--log', $log )->exits(0);
ok( -s $log, 'renamed: a new one is begun' );
for my $way (qw(rename create copytruncate)) {
    my $n = 4 + keys %{ $t->stored('okul') };
    my ( $a, $b ) = map { sprintf '%04d.eml', $n + $_ } 0, 1;
    $t->mails( 'box', $a => "Subject: a $way\n\nbody\n", $b => "Subject: b $way\n\nbody\n" );
    $s->restart(qq(password "$password"\non QUIT delay 1000\n));
    unlink $log;
    my $run = $t->start( '-v', '--log', $log, 'okul' );
    until_it( 'a message', sub { ( slurp($log) // '' ) =~ /stored/ } );
    is( join( ' ', grep { ( readlink $_ // '' ) eq $log } glob '/proc/[0-9]*/fd/*' ), '', 'between two texts nobody has the log open: no worker gets at it' );
    if   ( $way eq 'copytruncate' ) { spew( "$log.2", slurp($log) ); truncate $log, 0 }
    else                            { rename $log, "$log.2" }
    if ( $way eq 'create' ) { spew( $log, '' ); chmod 0640, $log }
    $run->finish->exits( 0, "$way in the middle of a run" );
    my ( $before, $after ) = ( slurp("$log.2"), slurp($log) );
    like( $before, qr/ result okul: stored  /, '... what was said before is in the old one' );
    like( $after, qr/\A$head result okul: 2 new messages .*\n$head result 1 account: .*\n\z/, '... and the rest in the new one' );
    is( ( stat $log )[2] & 07777, 0640, '... whose rights are logrotate\'s' ) if $way eq 'create';
}
$s->restart(qq(password "$password"\n));

# ---- the log of what could not begin
$from = -s $log;
$t->popkeep( '--log', $log, 'nobody' )->exits(64);
like( new_lines(), qr/\A$head error popkeep: no command or account named "nobody"/, 'an error before any account is in it, too' );

# ---- failing
for my $bad ( [ 'no folder', $t->path('none/popkeep.log'), qr/cannot open the log .*: No such file/ ], [ 'a folder', $t->path('Mail'), qr/cannot open the log / ],
    [ 'a link', $t->path('link.log'), qr/is a symbolic link, which is not followed/ ], [ 'a FIFO', $t->path('fifo'), qr/cannot open the log|not a regular file/ ],
    [ 'a full disk', '/dev/full', qr/is not a regular file/ ] )
{
    my ( $what, $path, $says ) = @$bad;
    symlink $log, $path if $what eq 'a link';
    system 'mkfifo', $path if $what eq 'a FIFO';
    my $name = 'more-' . ( $what =~ s/\W//gr ) . '.eml';
    $t->mails( 'box', $name => "Subject: $what\n\nbody\n" );
    $t->popkeep( '--log', $path )->exits( 74, "$what: 74 at the end" );
    is( scalar( () = $t->last_run->err =~ /^popkeep: .*$says/mg ), 1, '... it is told once' ) or diag $t->last_run->err;
    $t->last_run->prints( qr/1 new message /, '... and the mail is stored' );
}
$t->popkeep( '--json', '--log', $t->path('none/x') )->exits(74);
is( ( $t->last_run->json )[-1]{status}, 74, 'the summary says it, too' );
$t->popkeep( '--log', '' )->exits(64);
$t->popkeep( 'status', '--log', $log )->exits(64);

# ---- a relative path is that of where popkeep was started, and two runs at a time do not mix their lines
$t->popkeep( '--log', 'here.log', { dir => $t->path('home') } )->exits(0);
ok( -s $t->path('home/here.log'), 'a relative path' );

# ---- the example
my ($logrotate) = grep { -x } '/usr/sbin/logrotate';
my $example = slurp('examples/logrotate');
like( $example, qr{^/var/log/popkeep/\*\.log \{$}m, 'examples/logrotate names a place' );
if ($logrotate) {
    mkdir $t->path('rotated'), 0700;
    rename $log, $t->path('rotated/popkeep.log');
    $example =~ s{^/var/log/popkeep/}{@{[abs_path($t->path('rotated'))]}/}m;
    $example =~ s/^\s+(?:su|create) .*\n//mg;
    chmod 0600, spew( $t->path('logrotate.conf'), $example );
    my $out = `LD_PRELOAD= $logrotate -f -s @{[$t->path('logrotate.state')]} @{[$t->path('logrotate.conf')]} 2>&1`;
    is( $? >> 8, 0, 'logrotate takes it' ) or diag $out;
    $t->popkeep( '--log', $t->path('rotated/popkeep.log') )->exits(0);
    like( slurp( $t->path('rotated/popkeep.log') ), qr/\A$head result 1 account: /, '... and the next run begins a new one' );
    my @kept = grep { -s } glob $t->path('rotated/popkeep.log?*');
    is( scalar @kept, 1, '... beside the old one' );
}
done_testing();
