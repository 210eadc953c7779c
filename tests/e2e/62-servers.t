#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e san
# More servers that were met in the field or that somebody could write to do harm, beside those of 10 to 19: each ends as it should,
# and in order again, every mail is here once.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;
use Popkeep::Faults 'servers';

my $lockstep = "capa TOP UIDL USER\n";
my $none     = qr/^(?:RETR|DELE)/;
my $all      = [qw(0001.eml 0002.eml 0003.eml)];
my @stored   = ( exit => 0, stored => 'all' );
my %due      = ( clock => 31 * DAY );
my %mails    = three();

sub wire { return wire_form( $_[0], $mails{ $_[0] } ) }
sub quoted { return $_[0] =~ s/\r/\\r/gr =~ s/\n/\\n/gr =~ s/"/\\"/gr }

# ---- sizes ----
for my $size ( 2**31 - 1, 2**31, 2**32 - 1, 2**32, '9223372036854775807', '0' ) {
    bad_server "a message said to have $size octets is fetched, kept and deleted like the others",
      script => qq{on LIST line 2 send "2 $size\\r\\n"\non STAT send "+OK 3 $size\\r\\n"\n}, @stored,
      then   => [ { exit => 0, silent => 1, not_sent => $none }, { %due, exit => 0, gone => $all } ], after => 0;
}
for my $size ( '9223372036854775808', '18446744073709551615', '18446744073709551616', '0x10', '1e9', '+48', '48.5', '' ) {
    bad_server "a size of \"$size\" is no number, or is one: never a wrong deletion, never a lost mail",
      script => qq{on LIST line 2 send "2 $size\\r\\n"\n},
      check  => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:0|76)$/, 'exit status ' . $_[2]->exit ) },
      then   => { %due, not_sent => qr/^DELE 2/ };
}
bad_server 'the answer to RETR says another size than LIST, and both are wrong',
  script => qq{list-size plus 1000\non RETR 2 send "+OK 3 octets\\r\\n@{[ quoted( wire('0002.eml') ) ]}.\\r\\n"\n}, @stored,
  then   => { exit => 0, silent => 1, not_sent => $none }, after => 0;
bad_server 'qmail-pop3d, GreenMail: a blank line more at the end than stored, in each run the same',
  script  => qq{on RETR 2 send "+OK\\r\\n@{[ quoted( wire('0002.eml') ) ]}\\r\\n.\\r\\n"\n},
  exit    => 0, content => [ map { $_ eq '0002.eml' ? "$mails{$_}\n" : $mails{$_} } sort keys %mails ],
  then    => [ { exit => 0, silent => 1, not_sent => $none }, { %due, exit => 0, gone => $all } ], after => 0;

# ---- ends of messages ----
bad_server 'Exchange 2000 glues the dot to the last character: never two mails in one file',
  script => qq{on RETR 1 send "+OK\\r\\nSubject: a\\r\\n\\r\\nend.\\r\\n"\n}, account => { timeout => 2 }, speed => 5,
  check  => sub {
    my ( $t, $s, $run ) = @_;
    is( $run->exit, 10, 'exit status' );
    my %want = reverse %mails;
    is( join( '', grep { !$want{$_} } @{ $t->stored_octets('okul') } ), '', 'only whole mail' );
  },
  not_sent => qr/^DELE/;
bad_server 'the same one by one',
  script => qq{${lockstep}on RETR 1 send "+OK\\r\\nSubject: a\\r\\n\\r\\nend.\\r\\n"\n}, account => { timeout => 2 }, speed => 5,
  exit   => 10, stored => [ '0002.eml', '0003.eml' ], not_sent => qr/^DELE/;
for my $end ( '. \r\n', '.\t\r\n', '.\0\r\n', ' .\r\n', '.\r\r\n' ) {
    bad_server "the line \"$end\" is no end of a message",
      script => qq{${lockstep}session 1 {\non RETR 1 send "+OK\\r\\nSubject: a\\r\\n\\r\\none\\r\\n${end}two\\r\\n.\\r\\n"\n}\n}, mails => { '0001.eml' => "x\n" },
      exit   => 0, check => sub { my ($mail) = @{ $_[0]->stored_octets('okul') }; like( $mail, qr/^two/m, 'what is behind it is part of the mail' ) },
      then   => { exit => 0, silent => 1 }, after => 0;
}
bad_server 'a message without its end, then the end of the line: it is not whole, and fetched again',
  script => "session 1 {\non RETR 3 line 7 close\n}\n", @stored;
bad_server 'a message whose end is cut after its dot',
  script => qq{session 1 {\non RETR 3 send "+OK\\r\\n@{[ quoted( wire('0003.eml') ) ]}.\\r"\non NOOP close\n}\n}, @stored;
bad_server 'a message that begins with dots',
  mails => { '0001.eml' => "..\n.\n\n...\n", '0002.eml' => ".\n.\n" }, @stored;

# ---- listings ----
for my $row (
    [ 'leading blanks'     => ' 2 u0002' ],
    [ 'a tab for a blank'  => '2\tu0002' ],
    [ 'leading zeros'      => '0002 u0002' ],
    [ 'a blank at the end' => '2 u0002 ' ],
    [ 'an empty line'      => '' ],
    [ 'no number'          => 'u0002' ],
    [ 'a number too high'  => '4294967298 u0002' ],
    [ 'a status line'      => '+OK 2 u0002' ],
  )
{
    bad_server "a UIDL line with $row->[0]: understood, or refused; never a wrong deletion",
      script => qq{on UIDL line 2 send "$row->[1]\\r\\n"\n},
      check  => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:0|10|76)$/, 'exit status ' . $_[2]->exit ) },
      after  => { %due, last => 1, check => sub { is( scalar @{ $_[0]->stored_octets('okul') }, 3, 'each once' ) } };
}
for my $row ( [ 'no size' => '2' ], [ 'two blanks' => '2  48' ], [ 'a tab' => '2\t48' ], [ 'text' => '2 48 octets' ], [ 'the size first' => '48 2' ] ) {
    bad_server "a LIST line with $row->[0]",
      script => qq{on LIST line 2 send "$row->[1]\\r\\n"\n},
      check  => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:0|10|76)$/, 'exit status ' . $_[2]->exit ) };
}
for my $which (qw(UIDL LIST)) {
    bad_server "$which in any order",
      script => qq{on $which line 1 send "} . ( $which eq 'UIDL' ? '3 u0003' : '3 51' ) . qq{\\r\\n"\non $which line 3 send "} . ( $which eq 'UIDL' ? '1 u0001' : '1 45' ) . qq{\\r\\n"\n},
      @stored, then => { exit => 0, silent => 1 };
    bad_server "more lines of $which than STAT said: all of them count",
      script => qq{on STAT send "+OK 1 10\\r\\n"\n}, @stored;
    bad_server "fewer lines of $which than STAT said",
      script => qq{on STAT send "+OK 900 10\\r\\n"\n}, @stored;
    bad_server "$which that does not end is not read for ever",
      script => qq{${lockstep}on $which before "+OK\\r\\n" \non $which before "} . ( join '', map { "$_ 1\\r\\n" } 1 .. 900 ) . qq{"\non $which silent\n}, account => { timeout => 1 },
      exit   => 75, stored => [], not_sent => $none;
    bad_server "$which lists message numbers up to 2^32",
      script => qq{on $which line 3 send "3 } . ( $which eq 'UIDL' ? 'u0003' : '51' ) . qq{\\r\\n4294967295 7\\r\\n"\n},
      check  => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:0|10|76)$/, 'exit status ' . $_[2]->exit ) };
}
bad_server 'UIDL refused for once in a mailbox known by UIDL: compared by content, nothing twice, nothing deleted that is not known',
  @stored, then => [
    { script => qq{on UIDL send "-ERR [SYS/TEMP] index is being rebuilt\\r\\n"\n}, stored => 'all', not_sent => qr/^DELE/ },
    { %due, stored => 'all', not_sent => qr/^DELE/ },
    { script => '', exit => 0, stored => 'all', gone => $all } ], after => 0;
bad_server 'UIDL empty while LIST is not: fetched or not, nothing twice and nothing deleted',
  @stored, then => [
    { %due, script => qq{on UIDL send "+OK\\r\\n.\\r\\n"\n}, stored => 'all', not_sent => qr/^DELE/ },
    { script => '', exit => 0, stored => 'all', gone => $all } ], after => 0;
bad_server 'LIST empty while UIDL is not',
  @stored, then => [
    { %due, script => qq{on LIST send "+OK\\r\\n.\\r\\n"\n}, stored => 'all' },
    { script => '', exit => 0, stored => 'all', gone => $all } ], after => 0;
{
    my $by_number = join '', map { qq{on UIDL line $_ send "$_ $_\\r\\n"\n} } 1 .. 9;
    bad_server 'numbers for UIDLs: another client deletes the first, and each number stands for another mail',
      mails  => { map { ( "000$_.eml" => "Subject: $_\n\n" . ( "$_\n" x ( 5 * $_ ) ) ) } 1 .. 5 },
      script => $by_number, @stored,
      then   => [
        { before => sub { unlink $_[0]->path('box/0001.eml') }, add => { '0006.eml' => "Subject: 6\n\nsix\n" }, exit => 0, stored => 'all' },
        { exit => 0, stored => 'all' },
        { %due, stored => 'all', check => sub {
            my ( $t, $s ) = @_;
            my %have = map { $_ => 1 } @{ $t->stored_octets('okul') };
            is( join( ' ', grep { !$have{ slurp( $t->path("box/gone/$_") ) } } $s->gone ), '', 'nothing deleted that is not stored' );
        } } ], after => 0;
    bad_server 'two mails of different sizes change their UIDLs with each other',
      @stored, then => [
        { script => qq{on UIDL line 1 send "1 u0002\\r\\n"\non UIDL line 2 send "2 u0001\\r\\n"\n}, stored => 'all' },
        { %due, script => '', stored => 'all' } ], after => { clock => 70 * DAY, last => 1, gone => $all };
}

# ---- answers ahead of time ----
bad_server 'all answers at once behind the greeting: no login is sent to it, or nothing believed',
  script => qq{send "+OK ready\\r\\n+OK\\r\\nUIDL\\r\\n.\\r\\n+OK\\r\\n+OK\\r\\n+OK\\r\\nUIDL\\r\\n.\\r\\n+OK 1 10\\r\\n+OK\\r\\n1 u1\\r\\n.\\r\\n+OK\\r\\n1 10\\r\\n.\\r\\n+OK\\r\\nSubject: false\\r\\n\\r\\nx\\r\\n.\\r\\n"\ndrain\n},
  exit   => 76, stored => [], not_sent => qr/^(?:USER|PASS|AUTH|RETR|DELE|QUIT)/;
bad_server 'the answer to CAPA comes with the greeting',
  script => qq{session 1 {\non GREETING send "+OK ready\\r\\n+OK\\r\\nUIDL\\r\\n.\\r\\n"\n}\n},
  exit   => 76, stored => [], not_sent => qr/^(?:USER|PASS|AUTH)/;
for my $event (qw(USER PASS STAT UIDL LIST)) {
    bad_server "an answer more behind that to $event",
      script => qq{${lockstep}session 1 {\non $event after "+OK\\r\\n"\n}\n},
      check  => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:0|76)$/, 'exit status ' . $_[2]->exit ) }, not_sent => qr/^DELE/;
    bad_server "an answer more behind that to $event, pipelined",
      script => qq{session 1 {\ncapa TOP UIDL USER PIPELINING\non $event after "+OK\\r\\n"\n}\n},
      check  => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:0|76)$/, 'exit status ' . $_[2]->exit ) }, not_sent => qr/^DELE/;
}
for my $how ( '', $lockstep ) {
    my $way = $how ? 'one by one' : 'pipelined';
    bad_server "an answer to DELE ahead of time ($way): what was not answered is not taken for deleted",
      @stored, then => [
        { %due, script => qq{${how}on DELE 1 after "+OK\\r\\n"\non DELE 3 send "-ERR no\\r\\n"\n}, stored => 'all' },
        { script => $how, exit => 0, gone => $all, stored => 'all' } ], after => 0;
    bad_server "the next message comes before it was asked for ($way)",
      script => qq{${how}session 1 {\non RETR 1 after "+OK\\r\\n@{[ quoted( wire('0002.eml') ) ]}.\\r\\n"\n}\n},
      check  => sub { my %want = reverse %mails; is( join( '', grep { !$want{$_} } @{ $_[0]->stored_octets('okul') } ), '', 'only whole mail' ) };
    bad_server "every DELE answered by an empty line ($way)",
      @stored, then => [
        { %due, script => qq{${how}on DELE send "\\r\\n"\n}, exit => 76, gone => [], stored => 'all' },
        { script => $how, exit => 0, gone => $all, stored => 'all' } ], after => 0;
    bad_server "an empty line before the answer to QUIT ($way): the next listing tells what was deleted",
      @stored, then => [
        { %due, script => qq{${how}on QUIT before "\\r\\n"\n}, exit => 10, stored => 'all' },
        { script => $how, exit => 0, gone => $all, stored => 'all', not_sent => qr/^RETR/ } ], after => 0;
    bad_server "a session with nothing but DELEs, each refused ($way)",
      @stored, then => [
        { %due, script => qq{${how}on DELE send "-ERR [SYS/TEMP] not now\\r\\n"\n}, exit => 0, gone => [], not_sent => qr/^RETR/ },
        { script => $how, exit => 0, gone => $all } ], after => 0;
    bad_server "a session with nothing but DELEs, cut ($way)",
      @stored, then => [
        { %due, script => qq{${how}on DELE close\n}, exit => 75, gone => [], not_sent => qr/^RETR/ },
        { script => $how, exit => 0, gone => $all } ], after => 0;
    bad_server "a session with nothing but DELEs, silent ($way)",
      @stored, account => { timeout => 1 }, then => [
        { %due, script => qq{${how}on DELE 2 silent\n}, exit => 75, gone => [], not_sent => qr/^RETR/ },
        { script => $how, exit => 0, gone => $all } ], after => 0;
}
bad_server 'a line without its end (node-pop3): waited for, then given up, and nothing taken for an answer',
  script => qq{${lockstep}on STAT send "+OK 3 144"\n}, account => { timeout => 1 }, exit => 75, stored => [], gone => [];
bad_server 'a greeting without its line end', script => qq{on GREETING send "+OK ready"\n}, account => { timeout => 1 }, exit => 75, not_sent => qr/./;
bad_server 'blank lines between the answers',
  script => qq{session 1 {\non LIST before "\\r\\n"\n}\n}, exit => 76, stored => [], not_sent => $none;
bad_server 'an answer with a NUL in it', script => qq{on RETR 2 send "-ERR no\\0 mail\\r\\n"\n}, exit => 10, stored => [ '0001.eml', '0003.eml' ], never_says => qr/\0/;
bad_server 'an answer that turns the direction of the writing around', script => qq{on RETR 2 send "-ERR \\xe2\\x80\\xae[OK] \\xc2\\x9b31m\\r\\n"\n}, exit => 10,
  never_says => qr/\xe2\x80\xae|\xc2\x9b/;
bad_server '+OKAY is no +OK', script => qq{on STAT send "+OKAY 3 144\\r\\n"\n}, check => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:0|76)$/, 'exit status ' . $_[2]->exit ) };
bad_server 'NOOP refused: it only asks whether the session is in step', script => qq{on NOOP send "-ERR what is that\\r\\n"\n}, @stored;
bad_server 'NOOP refused one by one', script => qq{${lockstep}on NOOP send "-ERR what is that\\r\\n"\n}, @stored;
bad_server 'logged in, and STAT says one is not', script => qq{on STAT send "-ERR log in first\\r\\n"\non UIDL send "-ERR log in first\\r\\n"\non LIST send "-ERR log in first\\r\\n"\n},
  exit => 69, stored => [];

# ---- deletions ----
bad_server 'Exchange answers QUIT before it deletes: listed and asked for once more',
  @stored, then => [
    { %due, script => "dele-ignored\n", exit => 0, stored => 'all' },
    { exit => 0, stored => 'all', not_sent => qr/^RETR/ },
    { script => '', before => sub { my ($t) = @_; mkdir $t->path('box/gone'); rename $t->path("box/$_"), $t->path("box/gone/$_") for @$all }, exit => 0, stored => 'all',
      check => sub { my %n; $n{$_}++ for $_[0]->deletions('okul') =~ /"uidl":"(\w+)"/g; is( join( ' ', map { "$_:$n{$_}" } sort keys %n ), 'u0001:2 u0002:2 u0003:2', 'each was asked for twice, and is logged so' ) } } ],
  after => 0;
bad_server 'a server that deletes everything at the first DELE: the copies stay',
  @stored, then => { %due, script => "dele-at-once\non DELE 1 close\n", before => sub { unlink glob "'" . $_[0]->path('box') . "'/*.eml" if 0 }, exit => 75, stored => 'all' },
  after => { %due, last => 1, gone => $all };
bad_server 'a second login is refused for minutes: what was fetched before the cut stays, the rest comes later',
  mails  => { map { ( "000$_.eml" => "Subject: $_\n\nmail $_\n" ) } 1 .. 6 },
  script => qq{session 1 {\n${lockstep}on RETR 4 close\n}\nsession 2 {\nlogin "-ERR [LOGIN-DELAY] wait 5 minutes"\n}\n},
  exit   => 75, check => sub { is( scalar @{ $_[0]->stored_octets('okul') }, 2, 'two are here: no answer followed the third' ) }, 
  then   => { clock => 600, exit => 0, stored => 'all', not_sent => qr/^RETR [12]/ };

# ---- logins ----
bad_server 'AUTH PLAIN announced and not known: with USER and PASS it works, or it is said; never a second try of a refused password',
  script => qq{on AUTH send "-ERR unknown mechanism\\r\\n"\n}, check => sub {
    my ( $t, $s, $run ) = @_;
    ok( ( $run->exit // -1 ) =~ /^(?:0|69|77)$/, 'exit status ' . $run->exit );
  };
bad_server 'AUTH answered by +OK before the credentials: nobody is logged in by that', script => qq{sasl-prompt "+OK"\n}, check => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:0|69|75|76|77)$/, 'exit status ' . $_[2]->exit ) };
bad_server 'a SASL challenge that is no base64', script => qq{sasl-prompt "+ %%%%"\n}, check => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:0|76|77)$/, 'exit status ' . $_[2]->exit ) };
for ( [ 8000, 77 ], [ 10_000, 76 ] ) {
    bad_server "PASS answered by a line of $_->[0] octets", script => qq{${lockstep}on PASS send "-ERR @{[ 'y' x $_->[0] ]}\\r\\n"\n}, exit => $_->[1], stored => [];
}
bad_server 'the password is refused only after UIDL was sent along', script => qq{capa TOP UIDL USER PIPELINING\nlogin "-ERR [AUTH] no"\nlogin-close\n}, exit => 77, stored => [];
bad_server 'CAPA with a thousand lines', script => qq{on CAPA send "+OK\\r\\nUIDL\\r\\nUSER\\r\\n@{[ 'X-A\r\n' x 998 ]}.\\r\\n"\n}, @stored;
bad_server 'CAPA with one more', script => qq{on CAPA send "+OK\\r\\nUIDL\\r\\nUSER\\r\\n@{[ 'X-A\r\n' x 999 ]}.\\r\\n"\n}, exit => 76, stored => [], not_sent => qr/^PASS|^AUTH/;
bad_server 'CAPA with an end and more behind it', script => qq{session 1 {\non CAPA nth 1 after "X-MORE\\r\\n.\\r\\n"\n}\n}, exit => 76, stored => [], not_sent => qr/^PASS|^AUTH/;
bad_server 'CAPA cut in the middle', script => "session 1 {\non CAPA line 3 close\n}\n", exit => 75, stored => [];

# ---- contents ----
bad_server 'a mail that is another each time it is fetched (Exchange writes boundaries anew): cut once, stored once',
  mails  => { '0001.eml' => "Subject: a\n\nboundary 1\n" . "x\n" x 50, '0002.eml' => "Subject: b\n\nb\n" },
  script => qq{session 1 {\non RETR 1 line 20 close\non RETR 2 close\n}\nsession 2 {\non RETR 1 send "+OK\\r\\nSubject: a\\r\\n\\r\\nboundary 2\\r\\n.\\r\\n"\n}\n},
  then   => { check => sub { is( scalar @{ $_[0]->stored_octets('okul') }, 2, 'two mails, whichever way the first was written' ) }, exit => 0 }, after => 0;
bad_server 'fetched again because its file is lost, it is another: kept as it is now, once',
  @stored, then => [
    { before => sub { unlink grep { slurp($_) eq $mails{'0002.eml'} } $_[0]->stored_paths('okul') }, args => [ 'fetch', '--missing' ],
      script => qq{on RETR 2 send "+OK\\r\\nSubject: mail 2\\r\\n\\r\\nwritten anew\\r\\n.\\r\\n"\n}, exit => 0 },
    { args => [ 'fetch', '--missing' ], exit => 0, check => sub { is( scalar @{ $_[0]->stored_octets('okul') }, 3, 'three mails' ) } },
    { args => [ 'fetch', '--missing' ], script => '', exit => 0, check => sub { is( scalar @{ $_[0]->stored_octets('okul') }, 3, 'three mails' ) } } ], after => 0;
bad_server 'Geocities leaves out the first line of the header', script => "session 1 {\non RETR 2 line 1 drop\n}\n", exit => 0,
  then => { exit => 0, silent => 1, not_sent => $none }, after => 0;
my $long = ( $ENV{POPKEEP_FAULTS} // '' ) eq 'all' ? 100_000_000 : 3_000_000;
bad_server "one line of $long octets", mails => { '0001.eml' => "Subject: a\n\n" . 'z' x $long }, @stored;

done_testing();
