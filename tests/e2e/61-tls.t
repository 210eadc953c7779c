#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e san
# Certificates and handshakes with each fault there is: whoever lets one pass hands the password of a school to a stranger.
# Beside 14-tls.t; the table of certificates is in tests/tools/mkcert.c.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;
use Popkeep::Faults 'tls';

my $anything = qr/./;                                    # nothing at all is sent to a server that was not accepted
my $login    = qr/^(?:USER|PASS|AUTH)|secret|AG9n/;
my $pop      = 'pop.okul.example';

# ---- certificates that must not pass ----
for my $c (    # certificate, name it must be for (none: 127.0.0.1), what is said
    [ cnip         => undef,              qr/not for 127\.0\.0\.1 but for okul\.example/ ],
    [ dnsip        => undef,              qr/not for 127\.0\.0\.1/ ],
    [ otherip      => undef,              qr/not for 127\.0\.0\.1 but for 127\.0\.0\.2/ ],
    [ mapped       => undef,              qr/not for 127\.0\.0\.1/ ],
    [ mail         => $pop,               qr/no host at all/ ],
    [ nul          => $pop,               qr/not for \Q$pop\E|chain is faulty/ ],
    [ star         => $pop,               qr/not for \Q$pop\E but for \*/ ],
    [ star         => 'localhost',        qr/not for localhost but for \*/ ],
    [ stars        => $pop,               qr/not for \Q$pop\E/ ],
    [ stardomain   => 'okul.example',     qr/not for okul\.example/ ],
    [ stardomain   => $pop,               qr/not for \Q$pop\E/ ],
    [ starpart     => $pop,               qr/not for \Q$pop\E/ ],
    [ starinside   => $pop,               qr/not for \Q$pop\E/ ],
    [ starip       => undef,              qr/not for 127\.0\.0\.1/ ],
    [ starpuny     => 'xn--a.okul.example', qr/not for xn--a\.okul\.example/ ],
    [ hostile      => $pop,               qr/not for \Q$pop\E but for x\.okul\.example, -;\\x1b\[31m/ ],
    [ expiredinter => undef,              qr/certificate of its issuer "expired intermediate" expired \d+ d/ ],
    [ weakinter    => undef,              qr/an issuer's key or signature is too weak/ ],
    [ noca         => undef,              qr/chain is faulty/ ],
    [ notpermitted => $pop,               qr/chain is faulty \(permitted subtree violation\)/ ],
    [ excluded     => 'localhost',        qr/chain is faulty \(excluded subtree violation\)/ ],
    [ toolong      => undef,              qr/chain is faulty \(path length/ ],
    [ nosigning    => undef,              qr/chain is faulty/ ],
    [ md5          => undef,              qr/too weak/ ],
    [ rsa1536      => undef,              qr/too weak/ ],
    [ brokensign   => undef,              qr/chain is faulty \(certificate signature failure\)/ ],
    [ codesigning  => undef,              qr/not meant for a TLS server/ ],
    [ certsign     => undef,              qr/not meant for a TLS server/ ],
    [ critical     => undef,              qr/chain is faulty \(unhandled critical extension\)/ ],
    [ version1     => undef,              qr/no host at all/ ],
    [ justexpired  => undef,              qr/it expired .* ago/ ],
    [ backwards    => undef,              qr/expired|not valid yet/ ],
    [ longago      => undef,              qr/it expired \d+ d/ ],
    [ nextcentury  => undef,              qr/not valid yet/ ],
  )
{
    my ( $name, $for, $why ) = @$c;
    bad_server "certificate $name" . ( $for ? " for $for" : '' ) . ': not accepted, nothing sent, and it is said why',
      cert => $name, account => { tls_name => $for }, args => [ 'fetch', '-vvv' ],
      exit => 12, says => $why, never_says => qr/[\x00-\x08\x0b-\x1f]|secret/, not_sent => $anything, stored => [], after => 0;
}

# ---- and those that must ----
for my $c ( [ 'permitted', $pop ], [ 'upper', $pop ], ['longchain'], ['p384'], ['ed25519'], ['nousage'], ['forever'] ) {
    my ( $name, $for ) = @$c;
    bad_server "certificate $name is accepted", cert => $name, account => { tls_name => $for }, exit => 0, stored => 'all', after => 0;
}
bad_server 'the bare name of a host is meant where a certificate ends it with a dot, or nothing is sent',
  cert => 'dotted', account => { tls_name => $pop }, exit => 12, not_sent => $anything, after => 0;
bad_server 'a key on a curve too short for today',
  cert => 'p192', exit => 69, not_sent => $anything, says => qr/no TLS version or cipher in common/, stored => [], after => 0;
bad_server 'a chain of hundreds of certificates is not read to its end',
  cert => 'hugechain', exit => 69, not_sent => $anything, says => qr/TLS handshake/, stored => [], after => 0;

# ---- handshakes that end early ----
for my $how ( '', ' rst' ) {
    for my $n ( 1, 3, 5, 50, 122, 130, 300, 600, 800 ) {
        bad_server 'the handshake ' . ( $how ? 'is reset' : 'ends' ) . " after $n octets: temporary, nothing sent",
          script => "raw-cut $n$how\n", exit => 75, not_sent => $anything, says => qr/TLS handshake/, stored => [],
          check  => sub { is( $_[1]->sessions, 1, 'one connection' ) };
    }
    for my $n ( 1500, 1600, 1700 ) {    # handshake over; in the middle of a later record
        bad_server( ( $how ? 'a reset' : 'an end' ) . " in the middle of a TLS record, after $n octets: nothing of it is taken for whole",
            script => "session 1 {\nraw-cut $n$how\n}\n", check => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:0|10|75)$/, 'exit status ' . $_[2]->exit ) } );
    }
}
for my $n ( 230, 300, 330 ) {
    bad_server "an end without TLS's goodbye after $n octets of answers: nothing is taken for whole, and it is complete in the end",
      script => "session 1 {\nno-close-notify\ncut-after $n\n}\n",
      $n > 250 ? ( exit => 0, stored => 'all' ) : ( exit => 75, stored => [] );
}
# After TLS's goodbye nothing is the server's any more, whoever sends it.
my $junk_script = join '', map { "$_\n" } 'capa none', 'send "+OK ready\r\n"', 'expect "CAPA"', 'send "-ERR\r\n"', 'expect "USER *"', 'send "+OK\r\n"',
  'expect "PASS *"', 'send "+OK\r\n"', 'expect "CAPA"', 'send "-ERR\r\n"', 'expect "STAT"', 'send "+OK 1 20\r\n"', 'expect "UIDL"', 'send "+OK\r\n1 a\r\n.\r\n"',
  'expect "LIST"', 'send "+OK\r\n1 20\r\n.\r\n"', 'expect "RETR 1"';
my $junk_mail = 'Subject: a\r\n\r\nwhole\r\n';
for my $junk ( [ 'clear text', '.\r\n+OK\r\n+OK\r\n' ], [ 'a record', '\x17\x03\x03\x00\x13abcdefghijklmnopqrs' ], [ 'octets of no meaning', '\x00\xff\x15' ] ) {
    my ( $what, $octets ) = @$junk;
    bad_server "$what after TLS's goodbye in the middle of a message: nothing of it is taken for whole",
      script => qq{session 1 {\n${junk_script}send "+OK\\r\\n$junk_mail"\ngoodbye\nsend-raw "$octets"\ndrain\n}\nsession 2+ {\nlogin "-ERR [SYS/TEMP] later"\n}\n},
      exit => 75, stored => [], gone => [];
    bad_server "$what after TLS's goodbye at the end of a session: done all the same",
      script => qq{session 1 {\n${junk_script}send "+OK\\r\\n$junk_mail.\\r\\n"\nexpect "NOOP"\nsend "+OK\\r\\n"\nexpect "QUIT"\nsend "+OK\\r\\n"\ngoodbye\nsend-raw "$octets"\n}\n},
      mails => {}, exit => 0, content => ["Subject: a\n\nwhole\n"], never_says => qr/TLS/, after => 0;
}
bad_server 'no handshake at all in time', script => "tls-stall\n", account => { timeout => 1 }, exit => 75, says => qr/TLS handshake within/, not_sent => $anything, after => 0;

# ---- what is not TLS, or not as it should be ----
for my $o (
    [ 'an alert first of all'         => '\x15\x03\x03\x00\x02\x02\x28',             69 ],
    [ 'an alert of internal error'    => '\x15\x03\x03\x00\x02\x02\x50',             75 ],
    [ 'a goodbye first of all'        => '\x15\x03\x03\x00\x02\x01\x00',             75 ],
    [ 'a record that never ends'      => '\x16\x03\x03\x40\x00\x02',                 75 ],
    [ 'a record that is too long'     => '\x16\x03\x03\xff\xff\x02\x00\x00\x46',     69 ],
    [ 'a hello of nonsense'           => '\x16\x03\x03\x00\x08\x02\x00\x00\x04\xff\xff\xff\xff', 69 ],
    [ 'mail before the handshake'     => '\x17\x03\x03\x00\x05+OK\r\n',               69 ],
    [ 'SSL 2'                         => '\x80\x0b\x04\x00\x00\x00\x02\x00\x00\x00\x10', 69 ],
    [ 'SSL 3'                         => '\x16\x03\x00\x00\x04\x0e\x00\x00\x00',      69 ],
    [ 'a greeting in clear text'      => '+OK ready\r\n',                             69 ],
    [ 'one octet'                     => '\x16',                                      75 ],
  )
{
    my ( $what, $octets, $exit ) = @$o;
    bad_server "$what in place of TLS's answer: nothing of the login is sent",
      script => qq{plain\nsend "$octets"\nsleep 50\nclose\n}, account => { timeout => 5 }, exit => $exit, not_sent => $login, stored => [], after => 0;
}
bad_server 'clear text that plays along: no login is sent without TLS',
  script => qq{plain\nsend "+OK ready\\r\\n"\nexpect-any 5\n}, exit => 69, says => qr/without TLS/, not_sent => $login, stored => [], after => 0;
for my $junk ( [ 'clear text', '+OK 5\r\n' ], [ 'a false record', '\x17\x03\x03\x00\x13abcdefghijklmnopqrs' ], [ 'an alert in clear text', '\x15\x03\x03\x00\x02\x02\x28' ] ) {
    bad_server "$junk->[0] put between the records of TLS: it is no answer of the server",
      script => qq{send "+OK ready\\r\\n"\nexpect "CAPA"\nsend "+OK\\r\\nUIDL\\r\\n.\\r\\n"\nsend-raw "$junk->[1]"\nexpect-any\ndrain\n},
      check  => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:69|75|76)$/, 'exit status ' . ( $_[2]->exit // 'none' ) ) }, stored => [], not_sent => qr/^PASS|^AUTH/;
}

# ---- the name asked for, and what a server says of its certificate ----
my %by_name = ( cert => 'wildcard', account => { tls_name => $pop } );
for my $max (qw(1.2 1.3)) {
    bad_server "TLS $max: a server that does not know the name asked for: said so, nothing sent",
      %by_name, script => "tls-max $max\nrefuse-name fatal\n", exit => 69, says => [ qr/does not know itself by that name/, qr/is host \(or tls_name\) the name/ ],
      not_sent => $anything, stored => [], after => 0;
    bad_server "TLS $max: one that only warns of it, its certificate being for that name, is fetched from",
      %by_name, script => "tls-max $max\nrefuse-name warning\n", exit => 0, stored => 'all', after => 0;
    bad_server "TLS $max: one that warns of it, and whose certificate is for another name",
      cert => 'wrongname', account => { tls_name => 'imap.okul.example' }, script => "tls-max $max\nrefuse-name warning\n", exit => 12, not_sent => $anything, after => 0;
    for my $o ( [ 'of nonsense', 'nonsense' ], [ 'cut short', '\x30\x82\x01' ], [ '"try later"', '\x30\x03\x0a\x01\x03' ], [ 'of nothing', '' ] ) {
        bad_server "TLS $max: an OCSP answer $o->[0] is none that was asked for",
          script => qq{tls-max $max\nstaple "$o->[1]"\n}, exit => 0, stored => 'all', after => 0;
    }
}

# ---- versions, ciphers, keys of a session ----
for my $ciphers (qw(NULL-SHA256 ADH-AES128-SHA256 PSK-AES128-CBC-SHA256)) {
    bad_server "the cipher $ciphers alone: nothing in common",
      script => "tls-max 1.2\ntls-ciphers $ciphers:\@SECLEVEL=0\n", exit => 69, not_sent => $anything, stored => [], after => 0;
}
bad_server 'a server that wants a certificate of ours: said, and no login sent',
  script => "demand-cert\n", exit => 69, says => qr/client certificate/, not_sent => $login, stored => [], after => 0;
bad_server 'the same in TLS 1.2',
  script => "tls-max 1.2\ndemand-cert\n", exit => 69, not_sent => $login, stored => [], after => 0;
bad_server 'a new handshake in the session (TLS 1.2) is refused; no login is sent after it to another',
  script => qq{tls-max 1.2\nsend "+OK ready\\r\\n"\nexpect "CAPA"\nrenegotiate\nsend "+OK\\r\\nUIDL\\r\\n.\\r\\n"\nexpect-any 9\n},
  check  => sub { ok( ( $_[2]->exit // -1 ) =~ /^(?:69|75|76)$/, 'exit status ' . ( $_[2]->exit // 'none' ) ) }, not_sent => qr/^PASS|^AUTH/, stored => [];
bad_server 'new keys in the session (TLS 1.3) do no harm', script => <<'END', exit => 0, stored => [];
session 1 {
    send "+OK ready\r\n"
    expect "CAPA"
    update-key
    send "+OK\r\nUIDL\r\n.\r\n"
    expect "USER *"
    send "+OK\r\n"
    expect "PASS *"
    update-key
    send "+OK\r\n"
    expect "CAPA"
    send "+OK\r\nUIDL\r\n.\r\n"
    expect "STAT"
    send "+OK 0 0\r\n"
    update-key
    expect "UIDL"
    send "+OK\r\n.\r\n"
    expect "LIST"
    send "+OK\r\n.\r\n"
    expect "QUIT"
    send "+OK\r\n"
}
END
done_testing();
