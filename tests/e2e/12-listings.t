#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Listings that lie. Whoever trusts a UIDL alone skips mail that was never fetched, fetches all of it again, or deletes
# the wrong one.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;
use Popkeep::Faults 'servers';
use File::Find qw(find);

my $none    = qr/^(?:RETR|DELE)/;
my %distant = ( clock => 31 * DAY );

# ---- no UIDL, no LIST ------------------------------------------------------------------------

bad_server 'without UIDL every run compares all by content: nothing doubled, nothing ever deleted, and it is said',
  script => "uidl none\n",
  exit   => 0, stored => 'all', says => qr/has no UIDL.*nothing is ever deleted/s,
  then   => [
    { exit => 0, stored => 'all', sent => qr/^RETR 3/, never_says => qr/has no UIDL/ },
    { %distant, exit => 0, stored => 'all', not_sent => qr/^DELE/, gone => [] },
    { script => '', exit => 0, stored => 'all', says => undef },
  ];

bad_server 'without LIST sizes are unknown: everything is fetched, nothing deleted',
  script => qq{on LIST send "-ERR no such command\\r\\n"\n},
  exit   => 0, stored => 'all',
  then   => [ { %distant, exit => 0, stored => 'all', not_sent => qr/^DELE/, gone => [] } ];

bad_server 'a server that refuses both UIDL and LIST cannot be used',
  script => qq{uidl none\non LIST send "-ERR no such command\\r\\n"\n},
  exit   => 69, says => qr/refuses both UIDL and LIST/, stored => [], not_sent => $none;

bad_server 'STAT is a hint: refused or nonsense, it does no harm',
  script => qq{session 1 {\non STAT send "-ERR not today\\r\\n"\n}\nsession 2+ {\non STAT send "+OK 1000000 -1\\r\\n"\n}\n},
  exit   => 0, stored => 'all', then => [ { exit => 0, silent => 1 } ];

# ---- single messages without UIDL ------------------------------------------------------------

for my $how ( [ 'a blank UIDL', 'send "2 \r\n"' ], [ 'a UIDL line without UIDL', 'send "2\r\n"' ], [ 'a missing UIDL line', 'drop' ] ) {
    bad_server "$how for one message: it is fetched each run and never deleted, the others are",
      script => "on UIDL line 2 $how->[1]\n",
      exit   => 0, stored => 'all',
      then   => [
        { exit => 0, stored => 'all', sent => qr/^RETR 2/, not_sent => qr/^RETR [13]/ },
        { %distant, exit => 0, stored => 'all', gone => [ '0001.eml', '0003.eml' ], not_sent => qr/^DELE 2/ },
      ],
      after => { clock => 31 * DAY, last => 1, gone => [qw(0001.eml 0002.eml 0003.eml)] };
}

bad_server 'three blanks between number and UIDL are one',
  script => join( '', map { qq{on UIDL line $_ send "$_   u000$_  \\r\\n"\n} } 1 .. 3 ),
  exit   => 0, stored => 'all', then => [ { exit => 0, silent => 1, not_sent => $none } ];

bad_server 'a third field in LIST is nobody\'s business',
  script => join( '', map { qq{on LIST line $_ send "$_ 4711 16\\r\\n"\n} } 1 .. 3 ),
  exit   => 0, stored => 'all', then => [ { exit => 0, silent => 1, not_sent => $none } ];

# ---- UIDLs that are not unique ---------------------------------------------------------------

bad_server 'one UIDL for two different mails: both are stored, neither is taken for the other',
  script => qq{on UIDL line 2 send "2 u0001\\r\\n"\n},
  exit   => 0, stored => 'all',
  then   => [ { exit => 0, stored => 'all', not_sent => $none }, { %distant, exit => 0, gone => [qw(0001.eml 0002.eml 0003.eml)] } ];

bad_server 'one UIDL for all',
  script => "uidl same\n", exit => 0, stored => 'all', then => [ { exit => 0, stored => 'all', not_sent => $none } ];

bad_server 'two identical mails under one UIDL (popa3d): two files',
  mails  => { '0001.eml' => "Subject: x\n\nsame\n", '0002.eml' => "Subject: x\n\nsame\n" },
  script => "uidl hash\n",
  exit   => 0, stored => 'all', then => [ { exit => 0, stored => 'all', silent => 1, not_sent => $none } ];

bad_server 'a third mail comes under a UIDL already listed twice: it is not taken for one of those',
  mails  => { '0001.eml' => "Subject: x\n\naaaa\n", '0002.eml' => "Subject: x\n\nbbbb\n" },
  script => "uidl same\n",
  exit   => 0, stored => 'all',
  then   => [ { add => { '0003.eml' => "Subject: x\n\ncccc\n" }, exit => 0, stored => 'all', sent => qr/^RETR 3/ } ];

bad_server 'a UIDL used again for another mail of another size: the new one is fetched, the old one stays',
  exit => 0, stored => 'all',
  then => [
    {
        script => qq{on UIDL line 4 send "4 u0001\\r\\n"\non UIDL line 1 drop\non LIST line 1 drop\n},
        add    => { '0004.eml' => "Subject: other\n\nquite another mail\n" },
        exit   => 0, stored => 'all', sent => qr/^RETR 4/
    }
  ];

# ---- other UIDLs for the same mail -----------------------------------------------------------

bad_server 'a renumbered mailbox: recognised by content, no second file, and the age counts from the first time',
  exit => 0, stored => 'all',
  then => [
    { clock => 20 * DAY, script => "uidl-prefix X\n", exit => 0, stored => 'all', sent => qr/^RETR 3/ },
    { exit => 0, silent => 1, not_sent => $none },
    { %distant, exit => 0, gone => [qw(0001.eml 0002.eml 0003.eml)], stored => 'all' },
  ],
  after => 0;

bad_server 'most of a mailbox renumbered and unknown by content: deletions are held until it is confirmed',
  mails => { map { ( sprintf( '%04d.eml', $_ ) => "Subject: m $_\n\nmail $_\n" ) } 1 .. 24 },
  exit  => 0, stored => 'all',
  then  => [
    {
        before => sub {
            my ($t) = @_;
            spew( $t->path( sprintf 'box/%04d.eml', $_ ), "Subject: another mailbox\n\n$_\n" ) for 1 .. 24;
        },
        script => "uidl-prefix Y\n", %distant, args => 'fetch', exit => 0,
        not_sent => qr/^DELE/, gone => [],
        check => sub { my ($t) = @_; is( scalar @{ $t->stored_octets('okul') }, 48, 'the old mailbox and the new one' ) }
    },
    { clock => 62 * DAY, exit => 11, says => qr/--confirm-delete/, not_sent => qr/^DELE/, gone => [] },
    { clock => 63 * DAY, args => [ 'fetch', '--confirm-delete' ], exit => 0, sent => qr/^DELE/ },
  ],
  after => 0;

bad_server 'mail that vanishes from the listing and returns is not stored twice',
  exit => 0, stored => 'all',
  then => [
    { script => "listing-first 1\n", exit => 0, not_sent => $none },
    { script => '', exit => 0, stored => 'all', silent => 1, not_sent => $none },
  ];

bad_server 'an empty listing forgets nothing',
  exit => 0, stored => 'all',
  then => [
    { script => qq{on UIDL send "+OK\\r\\n.\\r\\n"\non LIST send "+OK\\r\\n.\\r\\n"\non STAT send "+OK 0 0\\r\\n"\n}, exit => 0, not_sent => $none },
    { script => '', exit => 0, stored => 'all', silent => 1, not_sent => $none },
    { %distant, exit => 0, gone => [qw(0001.eml 0002.eml 0003.eml)] },
  ],
  after => 0;

bad_server 'WildDuck lists the newest 250: older ones come back as newer ones go, and are not fetched again',
  mails  => { map { ( sprintf( '%04d.eml', $_ ) => "Subject: m $_\n\nmail $_\n" ) } 1 .. 260 },
  script => "listing-last 250\n",
  exit   => 0,
  check  => sub { my ($t) = @_; is( scalar @{ $t->stored_octets('okul') }, 250, '250 are there' ) },
  then   => [
    { before => sub { my ($t) = @_; unlink $t->path( sprintf 'box/%04d.eml', $_ ) for 251 .. 260 }, exit => 0,
        check => sub { my ($t) = @_; is( scalar @{ $t->stored_octets('okul') }, 260, 'the ten older ones too' ) } },
    { exit => 0, silent => 1, not_sent => $none },
  ],
  after => 0;

bad_server 'solid-pop3d numbers the same mails otherwise each session: UIDLs count, not numbers',
  exit => 0, stored => 'all',
  then => [
    { clock => 2 * DAY, script => "reverse\n", add => { '0004.eml' => "Subject: new\n\nmail\n" }, exit => 0, stored => 'all', not_sent => qr/^RETR [234]/ },
    { %distant, exit => 0, sent => qr/^DELE 4/, not_sent => qr/^DELE 1/, gone => [qw(0001.eml 0002.eml 0003.eml)] },
  ],
  after => 0;

# ---- listings that disagree ------------------------------------------------------------------

bad_server 'new mail between UIDL and LIST: what only one of them lists is fetched, not deleted',
  script => qq{on UIDL line 3 drop\nsession 2+ {\non LIST line 1 drop\n}\n},
  exit   => 0, stored => 'all',
  then   => [ { exit => 0, stored => 'all', sent => qr/^RETR 1/ }, { %distant, exit => 0, gone => ['0002.eml'] } ],
  after  => { clock => 31 * DAY, last => 1 };

bad_server 'a message that only LIST knows is fetched or the run is not complete',
  script => qq{on LIST line 3 after "x"\non LIST line 3 send "3 51\\r\\n9 100\\r\\n"\n},
  exit   => 10, stored => 'all', says => qr/message 9 could not be fetched/;

for my $which (qw(UIDL LIST)) {
    my %line = ( UIDL => '2 other', LIST => '2 999' );
    bad_server "$which gives a number twice with different content: no message of it can be believed",
      script => qq{on $which line 3 before "$line{$which}\\r\\n"\n},
      exit   => 76, says => qr/message|$which/, stored => [], not_sent => $none;
    my %same = ( UIDL => '2 u0002', LIST => '2 48' );
    bad_server "$which gives a number twice with the same content: that is once",
      script => qq{on $which line 3 before "$same{$which}\\r\\n"\n},
      exit   => 0, stored => 'all';
}

for my $number ( '0', '-1', '99999999999999999999', 'x' ) {
    bad_server "the message number \"$number\" in LIST is the server's fault",
      script => qq{on LIST line 2 send "$number 10\\r\\n"\n},
      exit   => 76, says => qr/LIST/, stored => [], not_sent => $none;
}

# ---- strange UIDLs ---------------------------------------------------------------------------

my %odd = (
    'a path'                => '../../../owned',
    'slashes'               => '/etc/passwd',
    'two dots'              => '..',
    '8 bit'                 => '\xe7\xfe\xff\x80',
    'NUL'                   => 'a\0b',
    'an escape sequence'    => '\x1b[31mred',
    'blanks inside'         => 'one two  three',
    'quotes and backslash'  => 'a\"b\\\\c',
    'a journal line'        => 'x stored 1 2 3',
    'a flag'                => ':2,S',
    '4 KiB'                 => 'y' x 4000,
);
for my $what ( sort keys %odd ) {
    bad_server "a UIDL with $what is just octets, and never a file name",
      script => qq{on UIDL line 1 send "1 $odd{$what}\\r\\n"\n},
      exit   => 0, stored => 'all',
      check  => sub {
        my ($t) = @_;
        is( join( ' ', grep { !m{/[0-9]+\.M[0-9]+P[0-9]+Q[0-9]+R[0-9a-f]+\.[^/]+,S=\d+,W=\d+$} } $t->stored_paths('okul') ), '', 'names are our own' );
        my @owned;    # out of new/ and tmp/ the path leads to the test's folder, out of the state to the one above
        find( { no_chdir => 1, wanted => sub { push @owned, $_ if m{owned[^/]*\z} } }, $t->dir );
        push @owned, glob "'@{[$t->dir]}'/../*owned*";
        is( "@owned", '', 'nothing outside' );
      },
      then => [
        { exit => 0, stored => 'all', silent => 1, not_sent => $none },
        { args => [ 'status' ], exit => 0 },
        { %distant, args => [ '-v' ], exit => 0, gone => [qw(0001.eml 0002.eml 0003.eml)], never_says => qr/[\x00\x1b\x80-\xff]/ }
      ],
      after => 0;
}

bad_server 'a UIDL of 5 KiB is a broken server, not a broken popkeep',
  script => 'on UIDL line 1 send "1 ' . ( 'z' x 5120 ) . qq{\\r\\n"\n},
  exit   => 76, says => qr/UIDL/, stored => [], not_sent => $none;
bad_server 'a UIDL of 70,000 octets likewise',
  script => 'on UIDL line 1 send "1 ' . ( 'z' x 70_000 ) . qq{\\r\\n"\n},
  exit   => 76, stored => [], not_sent => $none;

bad_server 'UIDLs that differ in case only are different',
  script => qq{on UIDL line 1 send "1 ABC\\r\\n"\non UIDL line 2 send "2 abc\\r\\n"\n},
  exit   => 0, stored => 'all', then => [ { exit => 0, silent => 1, not_sent => $none } ];

done_testing();
