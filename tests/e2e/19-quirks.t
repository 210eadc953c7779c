#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Pipelining that does not work, mailboxes shown in parts, servers that delete by themselves, UTF8 that comes and goes.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;
use Popkeep::Faults 'servers';

my $plain = qq{capa TOP UIDL USER PIPELINING};

# ---- pipelining ------------------------------------------------------------------------------

bad_server 'Courier loses what follows PASS: nothing is sent before its answer',
  script => "$plain\nlose-after-pass\n", exit => 0, stored => 'all',
  then   => { add => { '0004.eml' => "Subject: 4\n\nfour\n" }, exit => 0, stored => 'all' };
bad_server 'the same behind AUTH',
  script => "lose-after-pass\n", exit => 0, stored => 'all', then => { add => { '0004.eml' => "Subject: 4\n\nfour\n" }, exit => 0, stored => 'all' };

bad_server 'o2.pl hangs up when the pipelining it announces is used: goes without, in this run and from then on',
  script => "pipelining-hangup\n",
  exit   => 0, stored => 'all', check => sub { is( $_[1]->sessions, 2, 'one session was lost' ) },
  then   => { add => { '0004.eml' => "Subject: 4\n\nfour\n" }, exit => 0, stored => 'all', check => sub { is( $_[1]->sessions, 3, 'none any more' ) } };
bad_server 'a server that answers the first command of a flight and loses the others: goes without, now and later',
  script => <<'END', account => { timeout => 2 },
session 1 {
    send "+OK\r\n"
    expect "CAPA"
    send "+OK\r\nUIDL\r\nPIPELINING\r\n.\r\n"
    expect "USER *"
    send "+OK\r\n"
    expect "PASS *"
    send "+OK\r\n"
    expect "CAPA"
    send "+OK\r\nUIDL\r\nPIPELINING\r\n.\r\n"
    expect "STAT"
    send "+OK 3 129\r\n"
    drain
}
END
  exit => 0, stored => 'all',
  then => { add => { '0004.eml' => "Subject: 4\n\nfour\n" }, exit => 0, stored => 'all',
    check => sub { my ( $t, $s ) = @_; is( $s->sessions, 3, 'no session lost' ); cmp_ok( $s->flights(3), '>=', 9, 'one by one' ) } };
bad_server 'check finds its way to such a server too', script => "pipelining-hangup\n", args => ['check'], exit => 0, prints => qr/3 messages/;
bad_server 'verify --server too', exit => 0, stored => 'all', then => { script => "pipelining-hangup\n", args => [ 'verify', '--server' ], exit => 0 };
bad_server 'pipelining = never', account => { pipelining => 'never' }, exit => 0, stored => 'all',
  check => sub { cmp_ok( $_[1]->flights(1), '>=', 11, 'one by one' ) };
bad_server 'pipelining = always: in flights though the server does not announce it', account => { pipelining => 'always' },
  script => "capa TOP UIDL USER\n", exit => 0, stored => 'all', check => sub { cmp_ok( $_[1]->flights(1), '<=', 9, 'in flights' ) };
bad_server 'pipelining = always, and the server hangs up on it: said in each run, nothing is doubled',
  account => { pipelining => 'always' }, script => "capa TOP UIDL USER\npipelining-hangup\n", exit => 75, stored => [], then => { exit => 75, stored => [] };
bad_server 'check names a server without UIDL, and one that deletes by itself',
  script => qq{uidl none\ncapa TOP USER "EXPIRE 3"\n}, args => ['check'], exit => 0, prints => qr/3 messages, .*no UIDL;/, says => qr/deletes mail after 3 days \(EXPIRE\)/;
bad_server 'a dry run of retention 0 under a clock that is held says that what it would fetch would not be deleted',
  account => { retention_days => 0 }, exit => 0, gone => [ map { "000$_.eml" } 1 .. 3 ],
  then => {
    clock => -2 * 3600, add => { '0004.eml' => "Subject: mail 4\n\nlate\n" }, args => [ 'fetch', '-n', '-v' ],
    exit => 11, prints => qr/u0004/, says => qr/before the newest record/, not_sent => qr/^(?:RETR|DELE)/
  },
  after => { clock => 0 };
bad_server 'STAT, UIDL, LIST and RETR go in flights only if PIPELINING is announced',
  script => "capa TOP UIDL USER\n", exit => 0, stored => 'all',
  check => sub { cmp_ok( $_[1]->flights(1), '>=', 12, 'one by one' ) };
bad_server 'and then they do', exit => 0, stored => 'all', check => sub { cmp_ok( $_[1]->flights(1), '<=', 8, 'in flights' ) };
bad_server 'a line that falls silent once does not make an account slow for ever',
  script => "session 1 {\non RETR 2 line 2 silent\n}\n", account => { timeout => 2 }, exit => 0, stored => 'all',
  then   => { script => '', add => { map { ( "001$_.eml" => "Subject: 1$_\n\nx\n" ) } 0 .. 9 }, exit => 0, stored => 'all',
    check => sub { my ( $t, $s ) = @_; cmp_ok( $s->flights( $s->sessions ), '<=', 8, 'pipelining again' ) } };
bad_server 'nor does a line that is cut in the middle of a listing',
  exit => 0, stored => 'all',
  then => [
    { script => "on UIDL close\n", exit => 75 },
    { script => '', exit => 0, silent => 1 },
    { add => { map { ( "001$_.eml" => "Subject: 1$_\n\nx\n" ) } 0 .. 9 }, exit => 0, stored => 'all',
      check => sub { my ( $t, $s ) = @_; cmp_ok( $s->flights( $s->sessions ), '<=', 8, 'pipelining still' ) } } ];
bad_server 'but an end of message that needs to be asked for does',
  mails  => { map { ( "000$_.eml" => "Subject: $_\n\nmail $_\n" ) } 1 .. 3 },
  script => qq{on RETR 2 send "+OK\\r\\nSubject: 2\\r\\n\\r\\nmail 2\\n.\\r\\n"\n}, speed => 10, exit => 0,
  then   => { add => { map { ( "001$_.eml" => "Subject: 1$_\n\nx\n" ) } 0 .. 4 }, exit => 0,
    check => sub { my ( $t, $s ) = @_; cmp_ok( $s->flights(3), '>=', 13, 'one by one' ) } },
  after => 0;
bad_server 'a mail with such octets in it costs one more connection, no second file',
  mails  => { '0001.eml' => "x\n", '0002.eml' => "S: b\n\nb\n" },
  script => qq{on RETR 1 send "+OK\\r\\nS: a\\r\\n\\r\\nx\\n.\\r\\n-- \\r\\nme\\r\\n.\\r\\n"\n},
  exit   => 0, content => [ "S: a\r\n\r\nx\n.\r\n-- \r\nme\r\n", "S: b\n\nb\n" ], check => sub { is( $_[1]->sessions, 2, 'two sessions' ) },
  then   => { exit => 0, silent => 1, not_sent => qr/^RETR/ }, after => 0;

bad_server 'perdition: little said before the login, more after it, what was pipelined lost',
  script => qq{capa UIDL "USER, mate"\ncapa-after TOP UIDL USER PIPELINING\nlose-after-pass\n}, exit => 0, stored => 'all';
bad_server 'twisted: joke capabilities, sizes too small, UIDL n without the number',
  script => "capa TOP USER UIDL PIPELINE CELERITY AUSPEX POTENCE\nlist-size lf\n", exit => 0, stored => 'all';

# ---- a part of the mailbox at a time ---------------------------------------------------------

my %many = map { ( sprintf( '%04d.eml', $_ ) => "Subject: $_\n\nmail $_\n" ) } 1 .. 230;
bad_server 'Gmail shows a part and hides what was fetched: said, 10, and complete after as many runs as it takes',
  mails  => \%many, script => qq{capa TOP UIDL USER PIPELINING "EXPIRE 0"\nlisting-first 200\nretr-marks-gone\n},
  exit   => 10, says => qr/part of the mailbox.*run again in 5 minutes/s,
  check  => sub { is( scalar @{ $_[0]->stored_octets('okul') }, 200, 'the first part' ) },
  then   => [ { exit => 0, stored => 'all' }, { exit => 0, stored => 'all', silent => 1 } ],
  after  => 0;
bad_server 'EXPIRE 0 and a local fault: no QUIT, so that nothing fetched is hidden before it is stored',
  mails  => { '0001.eml' => "S: a\n\nx\n", '0002.eml' => "S: b\n\n.\nx\n" },
  script => qq{capa TOP UIDL USER PIPELINING "EXPIRE 0"\nretr-marks-gone\nno-stuff\n}, exit => 76, not_sent => qr/^QUIT/,
  check  => sub { is( join( ' ', $_[1]->hidden ), '', 'nothing is hidden' ) },
  after  => { last => 1 };
bad_server 'EXPIRE 0 with a small mailbox is no part of one',
  script => qq{capa TOP UIDL USER PIPELINING "EXPIRE 0"\n}, exit => 0, stored => 'all', never_says => qr/part of/;
bad_server 'EXPIRE shorter than the retention: the server deletes first, and that is said',
  script => qq{capa TOP UIDL USER PIPELINING "EXPIRE 7"\n}, exit => 0, stored => 'all', says => qr/deletes mail after 7 days/;
bad_server 'EXPIRE longer than the retention, or NEVER, is not worth a word',
  script => qq{capa TOP UIDL USER PIPELINING "EXPIRE 60"\nsession 2 {\ncapa UIDL USER "EXPIRE NEVER"\n}\n}, exit => 0, never_says => qr/EXPIRE/,
  then   => { exit => 0, silent => 1 };
bad_server 'mail the server expires by itself is no error, and its copy stays',
  exit => 0, stored => 'all', then => { before => sub { unlink $_[0]->path('box/0001.eml') }, exit => 0, silent => 1, stored => 'all' }, after => 0;

# ---- UTF8 ------------------------------------------------------------------------------------

my $utf8 = "capa TOP UIDL UTF8 PIPELINING USER\n";
bad_server 'UTF8 announced is asked for before the login (Courier wraps 8-bit mail into another one otherwise)',
  script => $utf8, exit => 0, stored => 'all', sent => qr/^UTF8/,
  check  => sub { my ( $t, $s ) = @_; like( join( ' ', map { s/ .*//r } $s->commands ), qr/CAPA UTF8 USER PASS/, 'before' ) },
  after  => 0;
bad_server 'UTF8 that is no longer offered: fetched all the same, deletions held, and it is said',
  script => $utf8, exit => 0, stored => 'all',
  then   => [
    { script => '', clock => 31 * DAY, add => { '0004.eml' => "Subject: 4\n\nfour\n" }, exit => 11, stored => 'all', gone => [], says => qr/UTF8.*--confirm-delete/s },
    { script => $utf8, exit => 0, gone => [qw(0001.eml 0002.eml 0003.eml)] },
  ],
  after => 0;
bad_server 'UTF8 refused although announced', script => qq{${utf8}on UTF8 send "-ERR no\\r\\n"\n}, exit => 0, stored => 'all';
bad_server 'UTF8 that appears later is not used: mail would come in another form',
  exit => 0, stored => 'all', then => { script => $utf8, exit => 0, not_sent => qr/^UTF8/, silent => 1 };

done_testing();
