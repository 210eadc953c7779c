#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Servers that break the framing of POP3. A client that trusts them stores cut or merged mail, and deletes the rest.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;
use Popkeep::Faults 'servers';

my $lockstep = "capa TOP UIDL USER\n";
my $day31    = 31 * DAY;

bad_server 'CRLF . CRLF alone ends a message: a bare-LF dot line is part of the mail, not its end',
  mails  => { '0001.eml' => "x\n", '0002.eml' => "Subject: next\n\nbody\n" },
  script => <<'END',
on RETR 1 send "+OK\r\nSubject: smuggled\r\n\r\nbefore\n.\nafter\r\n\n.\r\nFrom: x\r\n.\nstill\r\n.\r\n"
END
  exit  => 0, sent => qr/^QUIT/, after => 0,
  content => [ "Subject: smuggled\r\n\r\nbefore\n.\nafter\r\n\n.\r\nFrom: x\r\n\nstill\r\n", "Subject: next\n\nbody\n" ],
  then => { exit => 0, silent => 1 };

bad_server 'a server that ends every line in a bare LF is read throughout',
  script => "lineend lf\n",
  exit   => 0, content => [ map { "Subject: mail $_\n\nBody of mail $_.\n" . ( "line\n" x $_ ) } 1 .. 3 ],
  after  => 0;

bad_server 'a bare LF in one status line of a CRLF server is an error at once, not a wait',
  script => qq{on STAT send "+OK 3 100\\n"\n},
  exit   => 76, says => qr/bare LF/, stored => [], not_sent => qr/QUIT/;

bad_server 'a CRLF lost before the final dot costs five seconds a message, no mail',
  mails  => { '0001.eml' => "Subject: a\n\nlost end\n", '0002.eml' => "Subject: b\n\nwhole\n" },
  script => qq{${lockstep}on RETR 1 send "+OK\\r\\nSubject: a\\r\\n\\r\\nlost end\\n.\\r\\n"\n},
  speed  => 10,
  exit   => 0, says => qr/does not end messages as POP3 demands/, content => [ "Subject: a\r\n\r\nlost end\n", "Subject: b\n\nwhole\n" ],
  sent   => qr/^QUIT/, after => 0;

bad_server 'a pause behind a bare-LF dot line is no end of the message',
  mails  => { '0001.eml' => "Subject: a\n\nx\n" },
  script => <<"END", speed => 10,
$lockstep
on RETR 1 send "+OK\\r\\nSubject: a\\r\\n\\r\\nx\\n.\\r\\n"
on NOOP nth 1 send "more of it\\r\\n.\\r\\n+OK\\r\\n"
END
  exit => 0, never_says => qr/does not end messages/, content => ["Subject: a\r\n\r\nx\n.\r\nmore of it\r\n"], after => 0;

bad_server 'a bare-LF end met while commands are in flight: never two mails in one file, never one under the UIDL of another',
  mails => { map { ( "000$_.eml" => "Subject: $_\n\nmail $_\n" ) } 1 .. 4 },
  script => qq{on RETR 2 send "+OK\\r\\nSubject: 2\\r\\n\\r\\nmail 2\\n.\\r\\n"\n}, speed => 10,
  exit  => 0, says => qr/does not end messages as POP3 demands/,
  content => [ "Subject: 1\n\nmail 1\n", "Subject: 2\r\n\r\nmail 2\n", "Subject: 3\n\nmail 3\n", "Subject: 4\n\nmail 4\n" ],
  then  => [ { exit => 0, silent => 1, args => [ 'fetch' ] } ],
  after => 0;

bad_server 'a message that falls silent while commands are in flight is fetched again one by one',
  mails => { map { ( "000$_.eml" => "Subject: $_\n\nmail $_\n" ) } 1 .. 4 },
  script => <<'END', speed => 5, account => { timeout => 10 },
session 1 {
    on RETR 2 send "+OK\r\nSubject: 2\r\n\r\nmail 2\n.\r\n"
    on RETR 3 silent
    on RETR 4 silent
    on NOOP silent
}
END
  exit => 0, stored => 'all', sent => qr/QUIT/;

bad_server 'a server that does not double dots would hand over a cut mail: it is voided, the others are stored, nothing is deleted then or later',
  mails  => { '0001.eml' => "Subject: a\n\none\n.\ntwo\n", '0002.eml' => "Subject: b\n\nbody\n" },
  script => "no-stuff\n",
  exit   => 76, says => qr/double.*the other messages were fetched/s, stored => ['0002.eml'], not_sent => qr/QUIT|DELE/, gone => [],
  then   => [ { clock => $day31, exit => 76, stored => ['0002.eml'], not_sent => qr/QUIT|DELE/, gone => [] } ];

bad_server 'the same one by one: the dot line is in the last message',
  mails  => { '0001.eml' => "Subject: a\n\nbody\n", '0002.eml' => "Subject: b\n\none\n.\ntwo\n" },
  script => "${lockstep}no-stuff\n",
  exit   => 76, says => qr/double/, stored => ['0001.eml'], not_sent => qr/QUIT|DELE/, gone => [];

bad_server 'octets behind the end of a message: it is not taken as whole',
  script => qq{on RETR 2 after "\\n\\r\\n.\\r\\n"\n},
  exit   => 76, stored => [ '0001.eml', '0003.eml' ], not_sent => qr/QUIT/;

bad_server '+ok and -err in lower case are understood',
  script => qq{greeting "+ok ready"\non STAT send "+ok 3 120\\r\\n"\non RETR 2 send "-err no\\r\\n"\n},
  exit   => 10, stored => [ '0001.eml', '0003.eml' ];

bad_server 'bare +OK, and +OK with any text',
  script => qq{greeting "+OK"\non USER send "+OK\\r\\n"\non NOOP send "+OK -ERR is not meant\\r\\n"\n},
  exit   => 0, stored => 'all';

bad_server 'an unsolicited -ERR between messages is the end of the session, not of the mail',
  script => qq{${lockstep}session 1 {\non LIST after "-ERR shutting down\\r\\n"\non RETR silent\n}\n}, account => { timeout => 1 },
  exit   => 75, says => qr/shutting down/, stored => [], gone => [];

bad_server 'an unsolicited +OK: the answers no longer belong to the questions',
  script => qq{${lockstep}on RETR 1 after "+OK twice\\r\\n"\n},
  exit   => 76, not_sent => qr/QUIT/, gone => [];

bad_server 'one answer too many while commands are in flight: no mail is stored with it in front',
  script => qq{on RETR 1 after "+OK twice\\r\\n"\n},
  exit   => 0, stored => 'all', check => sub { is( $_[1]->sessions, 2, 'asked one by one' ) };
my %sized = map { ( "000$_.eml" => "Subject: $_\n\n" . ( 'x' x ( 10 * $_ ) ) . "\n" ) } 1 .. 6;
for my $which ( 2, 6 ) {
    bad_server "an answer left out while commands are in flight (RETR $which): no mail is stored under the UIDL of another",
      mails  => \%sized, script => "session 1 {\non RETR $which silent\n}\n", account => { timeout => 2 },
      exit   => 0, stored => 'all', not_sent => qr/^DELE/,
      then   => [ { clock => 31 * DAY, before => sub { unlink $_[0]->path('box/0003.eml') }, exit => 0, stored => 'all', gone => [ map { "000$_.eml" } 1, 2, 4, 5, 6 ] } ],
      after  => 0;
}
bad_server 'an -ERR that belongs to nothing while commands are in flight',
  mails  => \%sized, script => "session 1 {\non RETR 2 before \"-ERR hiccup\\r\\n\"\n}\n",
  exit   => 0, stored => 'all',
  then   => [ { clock => 31 * DAY, before => sub { unlink $_[0]->path('box/0003.eml') }, exit => 0, stored => 'all', gone => [ map { "000$_.eml" } 1, 2, 4, 5, 6 ] } ],
  after  => 0;
bad_server 'a whole message sent twice',
  mails  => \%sized, script => "session 1 {\non RETR 2 after \"+OK\\r\\nSubject: 2\\r\\n\\r\\n" . ( 'x' x 20 ) . "\\r\\n.\\r\\n\"\n}\n",
  exit   => 0, stored => 'all', then => { exit => 0, silent => 1 };
bad_server 'answers in another order than asked',
  mails  => \%sized,
  script => "session 1 {\non RETR 3 silent\non RETR 4 after \"+OK\\r\\nSubject: 3\\r\\n\\r\\n" . ( 'x' x 30 ) . "\\r\\n.\\r\\n\"\n}\n",
  exit   => 0, stored => 'all', then => { exit => 0, silent => 1 };

bad_server 'a mail that begins like an answer is stored as it is',
  mails  => { '0001.eml' => "+OK 5 octets\nSubject: a\n\nb\n", '0002.eml' => "-- \nb\n", three() },
  exit   => 0, stored => 'all', then => { exit => 0, silent => 1, sent => qr/^STAT/, not_sent => qr/^RETR/ };

bad_server 'a login answered twice',
  script => qq{${lockstep}on PASS after "+OK again\\r\\n"\n},
  exit   => 76, says => qr/nothing was asked/, stored => [], not_sent => qr/STAT|RETR|QUIT/;

bad_server 'CAPA without an end is not read for ever',
  script => qq{greeting "+OK"\nsession 1 {\nsend "+OK ready\\r\\n"\nexpect "CAPA"\nsend "+OK\\r\\n"\nflood "X-JUNK\\r\\n"\n}\n},
  exit   => 76, says => qr/CAPA has more than/, stored => [];

bad_server 'a status line without an end is not read for ever',
  script => qq{session 1 {\nsend "+OK ready\\r\\n"\nexpect "CAPA"\nsend "-ERR "\nflood "x"\n}\n},
  exit   => 76, says => qr/more than \d+ octets/, stored => [];

bad_server 'a greeting without an end is not read for ever',
  script => qq{session 1 {\nsend "+OK "\nflood "x"\n}\n},
  exit   => 69, stored => [];

bad_server 'an -ERR full of escape sequences does not reach the terminal',
  script => qq{on RETR 1 send "-ERR \\x1b[2J\\x1b]0;owned\\x07 \\xff\\r\\n"\n},
  exit   => 10, stored => [ '0002.eml', '0003.eml' ], never_says => qr/[\x1b\x07]/;

bad_server 'an answer of several kilobytes to RETR does no harm',
  script => 'on RETR 2 send "-ERR ' . ( 'very sorry ' x 400 ) . qq{\\r\\n"\n},
  exit   => 10, stored => [ '0001.eml', '0003.eml' ];

bad_server 'one octet a TLS record', script => "chunk 1\n", exit => 0, stored => 'all';
bad_server 'an end split into its octets, with pauses', script => "trickle 1 2\n", mails => { '0001.eml' => "S: a\n\n.\n..\n" },
  exit => 0, stored => 'all';
bad_server 'a server that says nothing but nonsense after the login',
  script => qq{on STAT send "what?\\r\\n"\n}, exit => 76, says => qr/no POP3 answer/, stored => [];

done_testing();
