#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Mail that breaks what mail should be: it comes through octet for octet, in every way it may travel.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;
use Popkeep::Faults 'servers';

my %odd = (
    'a plain mail'                  => [ eml => "Subject: a\n\nb\n" ],
    'NUL octets'                    => [ raw => "Subject: a\r\n\r\nb\0c\0\r\n\0\r\n" ],
    'a line of 70,000 octets'       => [ eml => "Subject: a\n\n" . ( 'x' x 70_000 ) . "\n" ],
    'a line of 1,000,000 octets'    => [ eml => "Subject: a\n\n" . ( 'y' x 1_000_000 ) . "\nend\n" ],
    'a bare CR'                     => [ raw => "Subject: a\r\n\r\none\rtwo\r\n" ],
    'CR CR LF'                      => [ raw => "Subject: a\r\n\r\none\r\r\ntwo\r\n" ],
    'a CR as the last octet'        => [ raw => "Subject: a\r\n\r\none\r" ],
    'bare LFs'                      => [ raw => "Subject: a\r\n\r\none\ntwo\r\nthree\n\r\n" ],
    'a bare LF in the very end'     => [ raw => "Subject: a\r\n\r\n" . ( "line\r\n" x 40_000 ) . "last\nline\r\n" ],
    'an empty message'              => [ eml => '' ],
    'one line end'                  => [ eml => "\n" ],
    'a header only'                 => [ eml => "Subject: a\nFrom: b\@okul.example\n" ],
    'no header at all'              => [ eml => "\njust a body\n" ],
    'no final line end'             => [ eml => "Subject: a\n\nb" ],
    'From_ lines'                   => [ eml => "From a\@okul.example Mon Jan  1\nSubject: a\n\nFrom here on\n>From there\n" ],
    'dot lines'                     => [ eml => "Subject: a\n\n.\n..\n...\n.x\n.\n" ],
    'a dot first of all'            => [ eml => ".\n" ],
    'a dot in the header'           => [ eml => ".Subject: a\n\nb\n" ],
    'a status line as text'         => [ eml => "Subject: a\n\n+OK 3 messages\n-ERR no\n.\n+OK\n" ],
    '8-bit octets'                  => [ eml => "Subject: \xfe\xff\xe7\n\n" . join( '', map { chr } grep { $_ != 10 && $_ != 13 } 1 .. 255 ) . "\n" ],
    'a CTRL-Z'                      => [ eml => "Subject: a\n\nb\x1ac\n" ],
    '5 MB'                          => [ eml => "Subject: big\n\n" . ( ( 'z' x 75 . "\n" ) x 68_985 ) ],
    '5 MB that become odd at the end' => [ raw => "Subject: big\r\n\r\n" . ( ( 'z' x 74 . "\r\n" ) x 68_985 ) . "\r\rx\n\r\n" ],
    'a header of 200 kB'            => [ eml => join( '', map { "X-H$_: " . ( 'h' x 60 ) . "\n" } 1 .. 2900 ) . "\nb\n" ],
    'a Received line of the year 9999' => [ eml => "Received: by x; Fri, 31 Dec 9999 23:59:59 +0000\nDate: never\n\nb\n" ],
);
my ( %mails, $n );
for my $what ( sort keys %odd ) { $mails{ sprintf '%04d.%s', ++$n, $odd{$what}[0] } = $odd{$what}[1] }

my @ways = (
    [ 'all at once',          '' ],
    [ 'one by one',           "capa TOP UIDL USER\n" ],
    [ '7 octets a record',    "chunk 7\n", qr/5 MB|1,000,000|header of|70,000|very end/ ],
    [ 'with TLS 1.2',         "tls-max 1.2\n" ],
    [ 'kept with CRLF',       '', undef, 'crlf' ],
);
for my $way (@ways) {
    my ( $what, $script, $without, $ends ) = @$way;
    my ( %some, $i );
    for my $name ( sort keys %odd ) {
        $i++;
        $some{ sprintf '%04d.%s', $i, $odd{$name}[0] } = $odd{$name}[1] unless $without && $name =~ $without;
    }
    bad_server "every odd mail, $what",
      mails => \%some, script => $script, account => { $ends ? ( line_endings => $ends ) : () },
      exit  => 0, ( $ends ? ( content => [ map { wire_form( $_, $some{$_} ) } keys %some ] ) : ( stored => 'all' ) ),
      then  => [ { exit => 0, silent => 1, not_sent => qr/^RETR/ }, { args => ['verify'], exit => 0 },
        { clock => 31 * DAY, exit => 0, gone => [ sort keys %some ] } ],
      after => 0;
}

# Each alone as well: as the last message nothing but the NOOP follows it.
my $k = 0;
for my $name ( sort grep { !/MB|header of|1,000,000/ } keys %odd ) {
    bad_server "alone: $name", mails => { "0001.$odd{$name}[0]" => $odd{$name}[1] }, script => ++$k % 2 ? '' : "capa UIDL USER\n",
      exit => 0, stored => 'all', then => { exit => 0, silent => 1, not_sent => qr/^RETR/ }, after => 0;
}

bad_server 'no mail at all', mails => {}, exit => 0, silent => 1, stored => [], after => 0;

bad_server 'octets 1 by 1', mails => { map { ( "$_.eml" => "Subject: $_\n\n.\n..\nend" ) } 1 .. 9 }, script => "chunk 1\n", exit => 0, stored => 'all';

done_testing();
