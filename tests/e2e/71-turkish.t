#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# popkeep in Turkish: whole lines, as an administrator reads them, in tr_TR.UTF-8 and with LANGUAGE=tr in C.UTF-8. What programs
# read (exit status, JSON) is the same as in English, and no catalogue of a stranger is believed.
# only: e2e
use strict;
use warnings;
use utf8;
use Encode qw(decode);
use JSON::PP qw(decode_json);
use Popkeep;
use POSIX ();
binmode $_, ':utf8' for map { Test::More->builder->$_ } qw(output failure_output todo_output);

plan( skip_all => 'no catalogue: msgfmt is missing' ) unless -s Popkeep::top_dir() . '/build/share/locale/tr/LC_MESSAGES/popkeep.mo';

# What differs from run to run is made the same.
sub lines {
    my ( $t, $text ) = @_;
    my $dir = $t->dir;
    for ( $text = decode( 'UTF-8', $text ) ) {
        s/\Q$dir\E/DIR/g;
        s/127\.0\.0\.1:\d+/127.0.0.1:PORT/g;
        s/port \d+/port PORT/g;
        s/\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\dZ| UTC))?/WHEN/g;
        s/\d+ (?:gün|sa|dk|sn)(?: \d+ (?:gün|sa|dk|sn))?/SPAN/g;
        s/\(\d+ ms\)/(MS)/g;
        s{sha256//\S{44}}{PIN}g;
        s/^popkeep: root olarak .*\n//mg;
    }
    return $text;
}

# glibc 2.39 and its kin look at LANGUAGE no longer in C.UTF-8: gettext(1) tells.
my $minds_c_utf8 = do {
    local %ENV = ( %ENV, %{ Popkeep::turkish('C.UTF-8') } );
    decode( 'UTF-8', `gettext popkeep 'login refused' 2>/dev/null` ) eq 'oturum açma reddedildi';
};

for my $locale ( undef, $minds_c_utf8 ? 'C.UTF-8' : () ) {
    my $turkish = Popkeep::turkish($locale);
    my $in      = $locale // 'tr_TR.UTF-8';
    my $t       = Popkeep->new;
    $t->mails( 'box', map { ( "000$_.eml" => "Subject: ileti $_\n\nmerhaba $_\n" ) } 1 .. 3 );
    my $s = $t->server;
    $t->account( $s, 'okul', retention_days => 30 );

    my $says = sub {    # says(name, [args], exit, stdout, stderr)
        my ( $name, $args, $exit, $out, $err ) = @_;
        my $run = $t->popkeep( @$args, { env => $turkish } );
        is( $run->exit, $exit, "$in: $name" );
        is( lines( $t, $run->out ), $out, '... what it prints' );
        is( lines( $t, $run->err ), $err, '... and says' );
    };

    $says->( 'a dry run', ['-n'], 0, <<'TR', '' );
indirilecek  u0001  (31 B, yeni)
indirilecek  u0002  (31 B, yeni)
indirilecek  u0003  (31 B, yeni)
okul: indirilecek: 3 ileti (93 B), silinecek ileti yok; sunucuda 3 ileti
TR
    $says->( 'fetch', ['fetch'], 0, "okul: 3 yeni ileti (84 B) saklandı; sunucuda 3 ileti, indirilecek 0 ileti kaldı\n", '' );
    $says->( 'check', ['check'], 0, <<'TR', '' );
[tamam]  bağlantı    127.0.0.1:PORT, TLSv1.3, CN=localhost sertifikası WHEN tarihine kadar geçerli, anahtar PIN (MS)
[tamam]  oturum      ogretmen (MS)
[tamam]  kutu        3 ileti, 93 B; sunucunun sundukları: TOP USER UIDL PIPELINING RESP-CODES AUTH-RESP-CODE SASL-PLAIN (MS)
okul: hazır; sunucuda 3 ileti (93 B)
TR
    $says->( 'status', ['status'], 0, <<'TR', '' );
okul
    son başarı     WHEN (SPAN önce)
    saklanan       3 ileti
    sunucuda       son çalıştırmada 3 ileti (93 B)
    silme          sonraki silme: WHEN
    sertifika      geçerlilik sonu: WHEN (SPAN sonra)
    sunucu         127.0.0.1
    Maildir        DIR/Mail/okul
TR
    $says->( 'verify', [ 'verify', '--server' ], 0, "okul: saklanan 3 ileti denetlendi, hata yok; sunucunun listelediği her ileti saklanmış (3)\n", '' );

    my ($file) = sort $t->stored_paths('okul');
    spew( $file, "bozuk\n" );
    ( my $name = $file ) =~ s{.*/}{};
    my $run = $t->popkeep( 'verify', { env => $turkish } );
    is( $run->exit, 65, "$in: a changed file" );
    is( lines( $t, $run->out ), "değişmiş  $name  u0001  (dosya saklandığı gibi değil)\nokul: saklanan 3 ileti denetlendi, 1 ileti değişmiş\n",
        '... what it prints' );

    # a refused login, and an account that is well beside it
    $t->account( $s, 'veli', user => 'veli', password_is => 'olmaz' );
    $run = $t->popkeep( 'fetch', 'veli', { env => $turkish } );
    is( $run->exit, 77, "$in: a wrong password" );
    is( lines( $t, $run->err ), <<'TR', '... is told with what may be the reason' );
veli: veli için oturum açma reddedildi (127.0.0.1): [AUTH] wrong user name or password
    Sunucu nedenini her zaman söylemez. Olabilir: yanlış kullanıcı adı (çoğu adresin tamamını ister),
    yanlış ya da değiştirilmiş şifre (çoğu web sitesininkini değil, posta programları için
    oluşturulanı ister), kapatılmış bir hesap ya da bu posta kutusu için kapalı POP3.
TR
    $run = $t->popkeep( 'status', { env => $turkish } );
    is( lines( $t, $run->out ), <<'TR', "$in: status of several, its columns under each other" );
DURUM    HESAP  SON BAŞARI  SAKLANAN  SUNUCUDA  SİLİNECEK
SORUNLU  veli   hiç                0                       henüz hiçbir çalıştırma başarılı olmadı; son çalıştırma 77 ile bitti: oturum açma reddedildi
iyi      okul   SPAN önce          3         3          0
2 hesap: 1 iyi, 0 gecikmiş, 1 sorunlu
TR

    # JSON: not a word of Turkish, and the same as in English
    my @json = map {
        [
            map { delete @$_{qw(time ms pid run)}; $_ } map { decode_json($_) } split /\n/,
            $t->popkeep( '--json', 'fetch', 'veli', { env => $_ } )->out
        ]
    } $turkish, {};
    is_deeply( $json[0], $json[1], "$in: JSON is the same" );
    $run = $t->popkeep( '--json', 'fetch', 'veli', { env => $turkish } );
    like( $run->err, qr/^veli: login refused for veli/m, '... and so is what it says beside' );

    # a certificate that is not accepted
    $t->forget_accounts;
    $t->account( $t->server( cert => 'expired', box => 'other' ), 'okul2' );
    $says->( 'an expired certificate', [ 'check', 'okul2' ], 12, "[OLMADI] bağlantı    127.0.0.1\n", <<'TR' );
okul2: 127.0.0.1 port PORT (127.0.0.1:PORT) için sertifika kabul edilmedi: süresi SPAN önce dolmuş
    sertifika: konusu "localhost", adları localhost, 127.0.0.1, ::1, veren "popkeep test authority", geçerlilik WHEN - WHEN; buradaki saat WHEN
    anahtarı: PIN
    buradaki saat yanlışsa düzeltin; doğruysa sunucunun yöneticisi sertifikayı yenilemelidir
    sertifikası ne olursa olsun yalnızca bu anahtara güvenmek için: onu sunucunun yöneticisiyle telefonda ya da yüz yüze karşılaştırın, e-postayla değil, sonra tls_pin olarak yazın
TR

    # before there is a configuration
    $says->( 'a misspelt option', ['--dry-ron'], 64, '', "popkeep: bilinmeyen seçenek --dry-ron; bunu mu demek istediniz: --dry-run?\nkullanımı için: popkeep --help\n" );
    $run = $t->popkeep( '--help', { env => $turkish } );
    my @help = split /\n/, lines( $t, $run->out );
    is( $help[3], 'kullanım: popkeep [SEÇENEKLER] [KOMUT] [HESAP...]', "$in: --help" );
    my %at = map { /^(  (?:(?:-.|  )[, ] --)?[\w-]+(?: [^ a-z]+| bash\S+)? +)\S/ ? ( length $1 => 1 ) : () } @help;
    is( join( ' ', keys %at ), '27', '... all explanations begin in the same column' );
    is( scalar( grep { /\b(?:the|and|with|account)\b/ } @help ), 0, '... and no word is English' ) or diag join "\n", @help;
    for my $shell (qw(fish zsh)) {
        $run = $t->popkeep( 'completion', $shell, { env => $turkish } );
        like( lines( $t, $run->out ), qr/yeni postayı indirir.*sonuçları stdout\S+a JSON Lines olarak yazar|JSON Lines olarak yazar.*yeni postayı indirir/s, "$in: what $shell explains" );
        my $path = spew( $t->path("completion.$shell"), $run->out );
        is( system("command -v $shell >/dev/null || exit 0; $shell -n '$path'"), 0, '... in a script without mistakes' );
    }
    $t->config("[account okul]\nmaildirr = /x\n");
    $says->( 'a misspelt key', ['fetch'], 78, '', "popkeep: DIR/popkeep.conf:2: bilinmeyen anahtar \"maildirr\"; bunu mu demek istediniz: \"maildir\"?\n" );
}

# ---- when it stays English
my $t = Popkeep->new;
my %turkish = %{ Popkeep::turkish() };
sub english { my ( $name, %env ) = @_; return like( $t->popkeep( '--dry-ron', { env => \%env } )->err, qr/^popkeep: unknown option /, $name ) }
english( 'English in the locale C', %turkish, LC_ALL => 'C' );
english( 'English where no catalogue is', %turkish, TEXTDOMAINDIR => $t->dir );
english( 'a relative TEXTDOMAINDIR is not followed', %turkish, TEXTDOMAINDIR => 'build/share/locale' );
SKIP: {
    my $latin5 = $t->path('latin5');
    mkdir $latin5;
    skip( 'no ISO-8859-9 here', 1 ) if system("localedef --no-archive -i tr_TR -f ISO-8859-9 $latin5/tr_TR >/dev/null 2>&1") >> 8 > 1 || !-d "$latin5/tr_TR";
    english( 'English on a terminal with other letters than UTF-8', %turkish, LC_ALL => 'tr_TR', LOCPATH => $latin5 );
}
like( $t->popkeep( '--dry-ron', { env => { %turkish, LC_ALL => '', LC_MESSAGES => 'tr_TR.UTF-8' } } )->err, qr/^popkeep: bilinmeyen/, 'LC_MESSAGES alone is enough: cron has no LC_CTYPE' );

# A catalogue holds formats for printf: a program with more rights than its user takes none from him.
SKIP: {
    skip( 'only root can give rights away', 4 ) if $> != 0;

    # a worker that has become another user speaks as its parent does, also where that user may not read the catalogue
    my $secret = $t->path('share');
    mkdir $secret, 0700;
    is( system( 'cp', '-r', "$turkish{TEXTDOMAINDIR}/tr", $secret ), 0, 'a catalogue only root can read' );
    $t->account( $t->server, 'okul', run_as => 'nobody', password_is => 'olmaz' );
    like( lines( $t, $t->popkeep( 'check', { env => { %turkish, TEXTDOMAINDIR => $secret } } )->err ),
        qr/^okul: ogretmen için oturum açma reddedildi .*kapatılmış bir hesap/ms, '... and what a worker with run_as says' );
    my $copy = $t->path('popkeep-of-root');
    spew( $copy, slurp( Popkeep::program() ) );
    my $as_nobody = sub {
        my ($mode) = @_;
        chmod $mode, $copy;
        my $pid = open( my $from, '-|' ) // die "fork: $!";
        if ( !$pid ) {
            open STDERR, '>&', \*STDOUT;
            POSIX::setgid(65534);
            POSIX::setuid(65534);
            %ENV = ( PATH => $ENV{PATH}, %turkish );
            exec $copy, '--dry-ron' or POSIX::_exit(127);
        }
        my $said = do { local $/; <$from> };
        close $from;
        return $said // '';
    };
    my $plain = $as_nobody->(0755);
    skip( 'nobody cannot reach the folder of this test', 2 ) unless $plain =~ /popkeep: /;
    like( $plain, qr/bilinmeyen/, 'a user without rights of his own reads Turkish' );
    like( $as_nobody->(04755), qr/^popkeep: unknown option/m, '... and English of a program that has more' );
    unlink $copy;
}
done_testing();
