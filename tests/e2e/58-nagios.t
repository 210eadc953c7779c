#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# popkeep status --nagios: one line and 0, 1, 2 or 3, whatever happens. A monitor that gets anything else shows "unknown" for ever,
# or green while a school's mail is not saved.
use strict;
use warnings;
use POSIX qw(strftime);
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody $_\n" ) } 1 .. 3 );
my $good = $t->server;
$t->account( $good, 'okul', quota_mb => 5, deadline => strftime( '%Y-%m-%d', gmtime( time + 40 * DAY ) ) );
$t->account( $t->server( script => qq(login "-ERR [AUTH] no"\n) ), 'bad', user => 'u' );
$t->account( $t->server( script => qq(on RETR 2 send "-ERR [SYS/TEMP] later\\r\\n"\n) ), 'part', user => 'p' );
$t->account( $good, 'yeni', user => 'y' );
my @words = qw(OK WARNING CRITICAL UNKNOWN);

# One line, its word that of the status, figures as plugins give them.
sub told {
    my ( $exit, $pattern, @args ) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $run = $t->popkeep( 'status', '--nagios', @args );
    my $name = join ' ', '--nagios', map { ref() ? () : $_ } @args;
    $run->exits( $exit, "$name: $words[$exit]" );
    my $figure = qr/[a-z]+=-?\d+(?:s|%)?;(?:\d+:?)?;(?:\d+:?)?;\d*/;
    like( $run->out, $exit == 3 ? qr/\AUNKNOWN - [^|\n]+\n\z/ : qr/\A$words[$exit] - [^|\n]+ \| $figure(?: $figure)*\n\z/, '... a line of a plugin' );
    like( $run->out, $pattern, '... says what it is' );
    is( $run->err, '', '... and nothing else' );
    return;
}
told( 1, qr/^WARNING - 1 mailbox, 1 warning: okul \(never run\) \| accounts=1;;;0 critical=0;;;0 warning=1;;;0 deadline=/, 'okul' );
$t->popkeep('-q')->exits(77);
told( 0, qr/^OK - 1 mailbox, last success \d+ s ago \|.* age=\d+s;86400;604800;0 unsaved=0;;;0 full=0%;80;;0 certificate=\d+s;1209600:;259200:;/, 'okul' );
told( 2, qr/^CRITICAL - 4 mailboxes, 2 critical: bad \(no-success, last run ended with 77 login\); part \(no-success\)/ );
told( 2, qr/ 1 critical: bad .* \| accounts=2;;;0 critical=1;;;0 warning=0;;;0 /, 'bad', 'okul' );
told( 0, qr/^OK - 2 mailboxes, last success at most \d+ s ago \|/, 'okul', 'yeni' );
told( 1, qr/ 1 warning: okul \(deadline in \d+ days\) /, '-w', 'deadline=50d', '-c', 'deadline=1d', 'okul', 'yeni' );

# a message that does not come, then time
$good->restart(qq(on RETR send "-ERR no\\r\\n"\n));
$t->mails( 'box', '0004.eml' => "Subject: 4\n\nbody\n" );
$t->popkeep( '-q', 'okul' )->exits(10);
told( 0, qr/ unsaved=1;;;0 /, 'okul' );
told( 1, qr/ 1 warning: okul \(1 not saved\) .* unsaved=1;0;5;0 /, '-w', 'unsaved=0', '-c', 'unsaved=5', 'okul' );
told( 2, qr/ 1 critical: okul \(1 not saved\) /, '--critical=unsaved=0', 'okul' );
$t->clock( 2 * DAY );
told( 1, qr/ okul \(last success 2 days ago\) /, 'okul' );
told( 0, qr/ age=17\d{4}s;259200;604800;0 /, '-w', '3d', 'okul' );
told( 2, qr/ okul \(last success 2 days ago\) .* age=17\d{4}s;43200;86400;0 /, '-w', '12h', '-c', '1d', 'okul' );
$t->clock( 9 * DAY );
told( 2, qr/ okul \(last run ended with 10 incomplete, last success 9 days ago\) /, 'okul' );
$t->clock(0);

# ---- what is wrong on this side
my $maildir = $t->path('Mail/okul');
rename $maildir, "$maildir.away";
told( 2, qr/ okul \(no-maildir\) /, 'okul' );
rename "$maildir.away", $maildir;
my $journal = $t->state_file( 'okul', 'journal' );
my $text    = slurp($journal);
substr( my $damaged = $text, length($text) / 3, 1 ) ^= "\x01";
spew( $journal, $damaged );
told( 2, qr/ okul \(journal\) /, 'okul' );
spew( $journal, $text );
told( 3, qr/no account named "nobody"/, 'nobody' );
told( 3, qr/there is no account to look at/, '--shard', '1/200', 'okul' ) if $t->popkeep( 'status', '--json', '--shard', '1/200', 'okul' )->out !~ /account-start/;
told( 3, qr/give minutes, hours or days/, '-w', '5' );
told( 3, qr/there is a limit of age, unsaved/, '-w', 'size=5' );
told( 3, qr/the critical limit of age is reached before that of a warning/, '-w', '2d', '-c', '1d' );
told( 3, qr/does not go with --json/, '--json' );
told( 3, qr/does not go with --metrics/, '--metrics', $t->path('m') );
told( 3, qr/unknown option --nonsense/, '--nonsense' );
my $run = $t->popkeep( '-c', $t->path('nowhere'), 'status', '--nagios' );
$run->exits( 3, 'no configuration' );
$run->prints(qr/\AUNKNOWN - cannot open .*nowhere: No such file or directory\n\z/);
$t->popkeep('--nagios')->exits( 3, 'another command' );
$t->popkeep( 'status', '-w', '1d' )->exits( 64, 'limits without --nagios' );
$t->popkeep( 'status', '--nagios', '--help' )->exits( 0, 'help stays help' );
$t->last_run->prints(qr/usage: popkeep/);

# a monitor matches English, and reads no mark of a language
my $turkish = { env => Popkeep::turkish() };
told( 0, qr/^OK - 1 mailbox, /, 'yeni', $turkish );
told( 3, qr/^UNKNOWN - no account named /, 'nobody', $turkish );
done_testing();
