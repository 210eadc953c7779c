#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Presets, wrong servers and what a refused login is told. Who copied the wrong line out of the ministry's
# instructions must read the right one, not a timeout.
use strict;
use warnings;
use Popkeep;
use JSON::PP ();

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );

# ---- refused before anything is connected: keys, what the message must hold
my $k12 = 'epostagelen\.meb\.k12\.tr, port 995: write provider = meb-k12';
my @refused = (
    [ { host => 'epostagiden.meb.k12.tr' },                       qr/:\d+: host epostagiden\.meb\.k12\.tr is an outgoing \(SMTP\) server; the incoming \(POP3\) server is $k12/ ],
    [ { host => 'epostagiden.meb.k12.tr', port => 465 },          qr/outgoing \(SMTP\) server; the incoming \(POP3\) server is $k12/ ],
    [ { host => 'EPOSTAGIDEN.MEB.K12.TR' },                       qr/provider = meb-k12/ ],
    [ { host => 'eposta.meb.k12.tr' },                            qr/is a web address, not a mail server; .*$k12/ ],
    [ { host => 'mebbis.meb.gov.tr' },                            qr/is MEBB\xc4\xb0S.*$k12/ ],
    [ { host => 'smtp.gmail.com' },                               qr/outgoing \(SMTP\) server; .*pop\.gmail\.com, port 995: write provider = gmail/ ],
    [ { host => 'smtp.okul.example' },                            qr/outgoing \(SMTP\) server; .*pop\.okul\.example or mail\.okul\.example/ ],
    [ { host => 'imap.okul.example' },                            qr/IMAP server.*pop\.okul\.example/ ],
    [ { host => 'imap.mail.me.com' },                             qr/iCloud does not offer POP3/ ],
    [ { host => 'smtp.mail.me.com' },                             qr/iCloud does not offer POP3/ ],
    [ { host => 'pop.icloud.com' },                               qr/iCloud does not offer POP3/ ],
    [ { host => 'posta.ktun.edu.tr' },                            qr/web address.*provider = gmail/ ],
    [ { host => 'gmail.com' },                                    qr/behind the @; .*provider = gmail/ ],
    [ { host => 'meb.k12.tr' },                                   qr/behind the @; .*provider = meb-k12/ ],
    ( map { [ { host => 'pop.okul.example', port => $_ }, qr/:\d+: port $_ is for outgoing mail \(SMTP\); POP3 over TLS is on port 995/ ] } 25, 465, 587 ),
    ( map { [ { host => 'pop.okul.example', port => $_ }, qr/:\d+: port $_ is for IMAP/ ] } 143, 993 ),
    [ { host => 'pop.okul.example', port => 110 },                qr/port 110 begins in clear text/ ],
    [ { host => 'pop.okul.example', port => 467 },                qr/port 467 .*misprint/ ],
    [ { host => 'pop.okul.example', tls => 'stls' },              qr/stls.*not built yet/ ],
    [ { provider => 'meb-k12', user => '706590' },                qr/provider meb-k12 wants the whole address; write it, for example user = 706590\@meb\.k12\.tr/ ],
    [ { provider => 'meb_k12', user => 'a@meb.k12.tr' },          qr/did you mean "?meb-k12/ ],
    [ { provider => 'outlook', user => 'a@outlook.com' },         qr/provider.*outlook.*OAuth2.*not built yet/s ],
    [ { host => 'pop.okul.example', auth => 'xoauth2' },          qr/xoauth2.*not built yet/ ],
    [ { host => 'pop.okul.example', auth => 'ntlm' },             qr/ntlm/i ],
    [ { host => 'pop3s://pop.okul.example' },                     qr/pop\.okul\.example/ ],
    [ { host => 'pop.okul.example:995' },                         qr/the number belongs in "port"/ ],
);
for (@refused) {
    my ( $keys, $says ) = @$_;
    $t->forget_accounts;
    $t->account( undef, 'okul', host => undef, port => undef, tls_ca_file => undef, user => 'okul@okul.example', %$keys );
    my $run  = $t->popkeep('check');
    my $name = join ', ', map { "$_ = $keys->{$_}" } sort keys %$keys;
    ok( ( $run->exit // -1 ) == 78 && $run->out eq '' && $run->err =~ $says, "78 and the right one: $name" ) or diag( $run->exit, ': ', $run->out, $run->err );
}

# ---- the hint of a preset, on a server that stands in for the provider's
my $s     = $t->server( script => qq(login "-ERR [AUTH] Authentication failed."\npassword kisa\n) );
my %here  = ( host => '127.0.0.1', port => $s->port );
my %hints = (
    'meb-k12' => [ '706590@meb.k12.tr', qr/MEBB\xc4\xb0S > Ki\xc5\x9fisel Kullan\xc4\xb1c\xc4\xb1 > Ki\xc5\x9fisel Bilgiler > Uygulama \xc5\x9eifreleri/, qr/at least 10 characters/, qr/Ajanda Kodu gerekmez/, qr/MEBB\xc4\xb0S web \xc5\x9fifresi de\xc4\x9fil/ ],
    'meb'     => [ 'ad.soyad@meb.gov.tr', qr/E-posta \xc5\x9eifresi/, qr/not the one of MEBB\xc4\xb0S/ ],
    'gmail'   => [ 'okul@gmail.com', qr/app password/, qr/Y\xc3\xb6nlendirme ve POP\/IMAP \xe2\x86\x92 POP'u etkinle\xc5\x9ftir/, qr/no longer exists/ ],
    'yandex'  => [ 'okul@yandex.com', qr/app password/ ],
);
for my $provider ( sort keys %hints ) {
    my ( $user, @says ) = @{ $hints{$provider} };
    $t->forget_accounts;
    $t->account( $s, "a-$provider", provider => $provider, %here, user => $user, password_is => 'kisa' );
    $t->popkeep('fetch')->exits( 77, "$provider: a refused login is 77" );
    my $fetch = $t->last_run->err;
    my $check = $t->popkeep('check');
    for my $says (@says) {
        like( $fetch, $says, '... fetch prints the hint' );
        like( $check->out . $check->err, $says, '... and so does check' );
    }
    like( $check->out, qr/^\[ok\]     connection .*^\[FAILED\] login/ms, '... at the step that failed' );
    like( $fetch, qr/^a-$provider: login refused for \Q$user\E by 127\.0\.0\.1: .*Authentication failed\./, '... after what the server said' );
    unlike( $fetch, qr/110|without TLS|accept any/, '... and advises nothing dangerous' );
}
my ($hint) = map { $_->{hint} // () } $t->popkeep( '--json', 'fetch', 'a-yandex' )->json;
like( $hint, qr/app password/, 'JSON has the hint as a field' );

$t->forget_accounts;
$t->account( $s, 'own', %here );
$t->popkeep('fetch')->exits( 77, 'without a preset' );
$t->last_run->says( qr/^own: login refused .*\n    The server does not always say why\..*one made for mail programs/ms, '... a refused login is explained as well' );

# ---- a short password is only warned of
$s->restart("password kisa\n");
$t->forget_accounts;
$t->account( $s, 'okul', provider => 'meb-k12', %here, user => '706590@meb.k12.tr', password_is => 'kisa' );
$t->popkeep('check')->exits( 0, 'a short password that works is accepted' );
$t->last_run->says( qr/^okul: warning: the password has fewer than 10 characters/m, '... with a warning' );
$t->last_run->says( qr/Uygulama \xc5\x9eifreleri/, '... and where to make one' );
$t->popkeep('fetch')->exits( 0, 'fetch does not repeat it' );
unlike( $t->last_run->err, qr/fewer than/ );
$s->restart("password 0123456789\n");
$t->forget_accounts;
$t->account( $s, 'okul', provider => 'meb-k12', %here, user => '706590@meb.k12.tr', password_is => '0123456789' );
unlike( $t->popkeep('check')->exits(0) && $t->last_run->err, qr/fewer than/, 'ten characters are enough' );

# ---- nothing in a preset deletes
$t->clock( 400 * DAY );
$t->popkeep('fetch');
is( join( ' ', $s->gone ), '', 'a preset alone never deletes' );
$t->clock(0);

# ---- the three ticks
my $check = $t->popkeep('check')->exits(0) && $t->last_run->out;
like( $check, qr/^\[ok\]     connection  127\.0\.0\.1:\d+, TLSv1\.3, certificate for .* valid until \d{4}-\d\d-\d\d, key sha256\/\/\S{44} \(\d+ ms\)\n\[ok\]     login       706590\@meb\.k12\.tr \(\d+ ms\)\n\[ok\]     mailbox     1 message, \d+ B.* \(\d+ ms\)\n/m, 'three ticks with result and time' );

# ---- the list of presets
my $list = $t->popkeep( 'providers', { no_config => 1 } )->exits( 0, 'providers needs no configuration' ) && $t->last_run->out;
like( $list, qr/^meb-k12 +epostagelen\.meb\.k12\.tr:995 /m, 'the first preset' );
like( $list, qr/^outlook .*\n.*OAuth2/m, '... one that cannot be used says so' );
unlike( $list, qr/Uygulama/, '... no hints' );
like( $t->popkeep( '-v', 'providers' )->out, qr/Uygulama \xc5\x9eifreleri/, '... but with -v' );
my %by_name = map { ( $_->{name} => $_ ) } grep { $_->{event} eq 'provider' } $t->popkeep( '--json', 'providers' )->json;
is_deeply( [ @{ $by_name{'meb-k12'} }{qw(host port)} ], [ 'epostagelen.meb.k12.tr', 995 ], 'JSON has host and port' );
is_deeply( [ map { $by_name{$_}{usable} ? 1 : 0 } qw(gmail outlook) ], [ 1, 0 ], '... and whether it can be used' );
done_testing();
