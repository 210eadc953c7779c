#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# TLS faults, certificates and ports of something else: not one octet of a login may leave.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;
use Popkeep::Faults 'tls';

my $secret = qr/./;    # nothing at all is sent to a server that was not accepted

sub pin_of {           # of a certificate of the tests, as tls_pin wants it
    my ($name) = @_;
    my $dir = Popkeep::certs_dir();
    my $sha = `openssl x509 -in '$dir/$name.pem' -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl base64`;
    chomp $sha;
    return "sha256//$sha";
}

# ---- certificates ----------------------------------------------------------------------------

for my $c (
    [ expired    => qr/expired/ ],
    [ notyet     => qr/not valid yet/ ],
    [ wrongname  => qr/not for 127\.0\.0\.1 but for mail\.okul\.example/ ],
    [ cnonly     => qr/no host at all in subjectAltName/ ],
    [ nameonly   => qr/not for 127\.0\.0\.1 but for localhost/ ],
    [ wildcard   => qr/not for 127\.0\.0\.1/ ],
    [ selfsigned => qr/self-signed|itself/ ],
    [ stranger   => qr/authority/ ],
    [ nointer    => qr/intermediate|issuer|authority/ ],
    [ clientonly => qr/not meant for a TLS server/ ],
  )
{
    my ( $name, $why ) = @$c;
    bad_server "certificate $name: not accepted, nothing sent, and it is said why",
      cert => $name, exit => 12, says => [ $why, qr/tls_pin/ ], not_sent => $secret, stored => [], after => 0;
}
for my $name (qw(rsa1024 sha1)) {
    bad_server "certificate $name is too weak",
      cert => $name, not_sent => $secret, stored => [], after => 0,
      exit => 12, says => qr/weak|short|SHA-?1/i;
}
for my $name (qw(good rsa chain)) {
    bad_server "certificate $name is accepted", cert => $name, exit => 0, stored => 'all', after => 0;
}
bad_server 'a certificate that is not accepted is not tried again in the run',
  cert => 'expired', exit => 12, after => 0, check => sub { my ( $t, $s ) = @_; is( $s->sessions, 1, 'one connection' ) };
bad_server 'check says the same',
  cert => 'stranger', args => ['check'], exit => 12, not_sent => $secret, after => 0;
bad_server 'a name in the configuration that the certificate has',
  cert => 'wrongname', account => { tls_name => 'pop.okul.example' }, exit => 0, stored => 'all', after => 0;
bad_server 'a wildcard covers one label', cert => 'wildcard', account => { tls_name => 'pop.okul.example' }, exit => 0, stored => 'all', after => 0;
bad_server 'and not two', cert => 'wildcard', account => { tls_name => 'a.pop.okul.example' }, exit => 12, not_sent => $secret, after => 0;
bad_server 'nor none', cert => 'wildcard', account => { tls_name => 'okul.example' }, exit => 12, not_sent => $secret, after => 0;

# ---- pins ------------------------------------------------------------------------------------

for my $name (qw(good expired selfsigned wrongname)) {
    bad_server "the pinned key of certificate $name suffices",
      cert => $name, account => { tls_pin => pin_of($name) }, exit => 0, stored => 'all', after => 0;
}
bad_server 'another key than the pinned one: even a good certificate is not accepted, and the key seen is shown',
  account => { tls_pin => pin_of('selfsigned') }, exit => 12, says => qr/\Q@{[ pin_of('good') ]}\E/, not_sent => $secret, stored => [], after => 0;

# ---- versions --------------------------------------------------------------------------------

bad_server 'TLS 1.2 only (nginx by default)', script => "tls-max 1.2\n", exit => 0, stored => 'all', after => 0;
bad_server 'TLS 1.1 only: no version in common',
  script => "tls-max 1.1\n", exit => 69, says => qr/no TLS version or cipher in common/, not_sent => $secret, after => 0;
bad_server 'TLS 1.0 only', script => "tls-max 1.0\n", exit => 69, not_sent => $secret, after => 0;
bad_server 'tls_min 1.3 refuses a server of 1.2', script => "tls-max 1.2\n", account => { tls_min => '1.3' }, exit => 69, says => qr/tls_min/,
  not_sent => $secret, after => 0;

# ---- other things on the port ----------------------------------------------------------------

for my $p (
    [ 'SMTP',                '220 mail.okul.example ESMTP\r\n', qr/SMTP/ ],
    [ 'IMAP',                '* OK IMAP4rev1 ready\r\n',        qr/IMAP/ ],
    [ 'HTTP',                'HTTP/1.1 400 Bad Request\r\n\r\n', qr/web server/ ],
    [ 'SSH',                 'SSH-2.0-OpenSSH_9.2\r\n',         qr/SSH/ ],
    [ 'POP3 in clear text',  '+OK ready\r\n',                    qr/without TLS/ ],
    [ 'octets of no meaning', '\0\1\2\3\n',                      qr/no TLS server/ ],
  )
{
    my ( $what, $octets, $word ) = @$p;
    $octets =~ s/\\1\\2\\3/\\x01\\x02\\x03/;
    bad_server "$what without TLS: it is named, and no password sent",
      script => qq{plain\nsend "$octets"\nsleep 200\n}, exit => 69, says => $word, not_sent => qr/^(?:USER|PASS|AUTH|CAPA)/, after => 0;
    next if $what =~ /clear|meaning/;
    bad_server "$what inside TLS: it is named, and no password sent",
      script => qq{send "$octets"\ndrain\n}, exit => 69, says => $word, not_sent => qr/^(?:USER|PASS|AUTH|CAPA)/, after => 0;
}
bad_server 'a server that closes at once is temporary', script => "plain\nclose\n", exit => 75, after => 0;
bad_server 'a server that resets at once is temporary', script => "plain\nrst\n", exit => 75, after => 0;
bad_server 'no goodbye in TLS does no harm', script => "no-close-notify\n", exit => 0, stored => 'all', after => 0;
{
    my $t = Popkeep->new;
    my $s = $t->server( script => '' );
    $t->account( $s, 'okul' );
    $s->stop;
    $t->popkeep('fetch')->exits( 75, 'nobody listens: temporary' );
}
done_testing();
