#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# mkmailbox.pl DIR [--count N] [--seed N] [--now SECONDS]: a made-up mailbox of a school, NNNN.eml in DIR, oldest
# first, spread over the sixty days before --now. The same seed and time give the same octets. Nobody in it exists.
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use MIME::Base64 qw(encode_base64);
use MIME::QuotedPrint qw(encode_qp);
use POSIX qw(strftime);

my $dir = shift @ARGV // die "usage: mkmailbox.pl DIR [--count N] [--seed N] [--now SECONDS]\n";
my %opt = ( '--count' => 236, '--seed' => 1923, '--now' => time, @ARGV );
srand $opt{'--seed'};
POSIX::setlocale( POSIX::LC_ALL(), 'C' );

sub pick { return $_[ rand @_ ] }

my $school = 'Atatürk Ortaokulu';
my @people = (
    [ 'Ayşe Yıldırım',   'ayse.yildirim@okul.example' ],   [ 'Mehmet Çelik',  'mehmet.celik@okul.example' ],
    [ 'Gülşen Öztürk',   'gulsen.ozturk@okul.example' ],   [ 'İbrahim Şahin', 'ibrahim.sahin@okul.example' ],
    [ 'Zeynep Doğan',    'zeynep.dogan@okul.example' ],    [ 'Hüseyin Güneş', 'huseyin.gunes@okul.example' ],
    [ 'Fatma Işık',      'fatma.isik@example.org' ],       [ 'Ömer Kılıç',    'omer.kilic@example.org' ],
    [ 'Çiğdem Aydın',    'cigdem.aydin@example.org' ],     [ 'Uğur Yağcı',    'ugur.yagci@example.org' ],
);
my @offices = (
    [ 'İlçe Millî Eğitim Müdürlüğü', 'ilce@example.org' ], [ 'Destek Hizmetleri Bölümü', 'destek@example.org' ],
    [ 'Okul Aile Birliği', 'aile.birligi@okul.example' ],
);
my $me = [ 'Müdür Yardımcısı', 'mudur.yardimcisi@okul.example' ];

# subject, text, attachment (name's stem and kind), who writes
my @kinds = (
    [ '%d/%s sınıfı veli toplantısı', "Sayın velimiz,\n\n%d/%s sınıfımızın veli toplantısı bu hafta saat 15.30'da konferans salonunda yapılacaktır.\nKatılımınızı önemle rica ederiz.", undef, 'people' ],
    [ 'DYK kursu açılış onayı (%d. sınıf)', "Destekleme ve yetiştirme kursu için başvuru listesi ektedir.\nAçılacak şubelerin onayını bekliyoruz.", [ 'dyk-basvuru-listesi', 'docx' ], 'people' ],
    [ 'Nöbet çizelgesi – %d. hafta', "Öğretmen nöbet çizelgesi güncellenmiştir.\nDeğişiklik isteyenler cuma gününe kadar bildirsin.", [ 'nobet-cizelgesi', 'pdf' ], 'people' ],
    [ 'Taşımalı eğitim: servis güzergâhı %d', "Taşımalı eğitim kapsamındaki servis güzergâhlarında değişiklik yapılmıştır.\nYeni güzergâh ve saatler ekte sunulmuştur.", [ 'servis-guzergahi', 'pdf' ], 'offices' ],
    [ 'Resmî yazı: %d sayılı genelge', "İlgi: (a) Bakanlığımızın genelgesi.\n\nİlgi genelge gereğince okulunuzda yapılacak işlemler ekte belirtilmiştir.\nGereğini bilgilerinize rica ederim.", [ 'resmi-yazi', 'pdf' ], 'offices' ],
    [ 'Ynt: %d. sınıf deneme sınavı sonuçları', "Merhaba,\n\nsonuçlara baktım, %d. sınıflarda belirgin bir yükseliş var.\nZümre toplantısında konuşalım.", undef, 'people' ],
    [ 'e-Okul not girişleri', "Birinci dönem not girişlerinin cuma günü mesai bitimine kadar tamamlanması gerekmektedir.", undef, 'offices' ],
    [ 'Okul gezisi izin belgesi', "Müze gezimiz için veli izin belgesi ektedir.\nİmzalı hâlini sınıf öğretmenine iletebilirsiniz.", [ 'izin-belgesi', 'docx' ], 'people' ],
    [ '%d Ekim etkinlik fotoğrafları', "Tören fotoğraflarından birkaçını paylaşıyorum.\nTümü okulun ortak klasöründe.", [ 'toren', 'png' ], 'people' ],
    [ 'Kantin denetim tutanağı', "Bu ayki kantin denetimine ilişkin tutanak ektedir.\n.\nNoktayla başlayan satır da olduğu gibi kalmalıdır.", [ 'tutanak', 'pdf' ], 'people' ],
    [ 'Rapor bildirimi', "Öğrencimiz %d gün raporludur.\nDevamsızlık girişinde dikkate alınmasını rica ederim.", undef, 'people' ],
    [ 'Öğretmenler kurulu gündemi', "Kurul gündemi:\n 1. Açılış ve yoklama\n 2. Bir önceki kararların okunması\n 3. Başarıyı artırıcı önlemler\n 4. Dilek ve temenniler", undef, 'offices' ],
    [ 'Bilgisayar laboratuvarı arızası', "Laboratuvardaki %d numaralı bilgisayar açılmıyor.\nServis kaydı oluşturuldu.", undef, 'people' ],
    [ 'Burs başvuru sonuçları', "Bursluluk başvuru sonuçları açıklanmıştır.\nİtirazlar beş iş günü içinde yapılabilir.", [ 'burs-sonuclari', 'pdf' ], 'offices' ],
);

# how a mail is written: charset and transfer encoding of its text
my @manners = (
    ( [ 'UTF-8', 'quoted-printable' ] ) x 4, ( [ 'UTF-8', 'base64' ] ) x 3, ( [ 'UTF-8', '8bit' ] ) x 2,
    ( [ 'ISO-8859-9', 'quoted-printable' ] ) x 3, ( [ 'ISO-8859-9', '8bit' ] ) x 2, ( [ 'windows-1254', 'quoted-printable' ] ) x 2,
    [ 'windows-1254', '8bit' ],
);

sub fits { my ( $text, $charset ) = @_; my $copy = $text; return eval { encode( $charset, $copy, Encode::FB_CROAK ); 1 } }

sub header_word {    # RFC 2047, in pieces short enough for a header line
    my ( $text, $charset ) = @_;
    return $text if $text =~ /^[\x20-\x7e]*$/;
    my @pieces = $text =~ /(.{1,18})/gs;
    return join "\n ", map { "=?$charset?B?" . encode_base64( encode( $charset, $_ ), '' ) . '?=' } @pieces;
}

sub address {
    my ( $who, $charset ) = @_;
    return header_word( $who->[0], $charset ) . " <$who->[1]>";
}

sub random_octets {
    my ($n) = @_;
    return pack 'L*', map { int rand 2**32 } 1 .. $n / 4;
}

sub png {    # a small picture: one colour a line
    require Compress::Zlib;
    my ( $w, $h ) = ( 160, 120 );
    my $rows = join '', map { "\0" . pack( 'C3', map { int rand 256 } 1 .. 3 ) x $w } 1 .. $h;
    my $chunk = sub { my ( $type, $data ) = @_; return pack( 'N', length $data ) . "$type$data" . pack( 'N', Compress::Zlib::crc32("$type$data") ) };
    return "\x89PNG\r\n\x1a\n" . $chunk->( 'IHDR', pack 'NNC5', $w, $h, 8, 2, 0, 0, 0 )
      . $chunk->( 'IDAT', Compress::Zlib::compress($rows) ) . $chunk->( 'tEXt', 'Comment' . "\0" . unpack 'H*', random_octets( 4000 + rand 20_000 ) ) . $chunk->( 'IEND', '' );
}

my %maker = (
    pdf => [ 'application/pdf', sub {
        my $scan = random_octets( 8000 + int rand 120_000 );
        return "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
          . "3 0 obj\n<< /Length " . length($scan) . " >>\nstream\n$scan\nendstream\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n";
    } ],
    png  => [ 'image/png', \&png ],
    docx => [ 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
        sub { my $x = random_octets( 6000 + int rand 60_000 ); return "PK\x03\x04\x14\0\0\0\0\0" . $x . "PK\x05\x06" . "\0" x 18 } ],
);

sub encoded {
    my ( $octets, $how ) = @_;
    return $how eq 'base64' ? encode_base64($octets) : $how eq 'quoted-printable' ? encode_qp($octets) : $octets;
}

sub part {
    my ( $text, $charset, $how ) = @_;
    return "Content-Type: text/plain; charset=$charset\nContent-Transfer-Encoding: $how\n\n" . encoded( encode( $charset, $text ), $how );
}

sub mail {
    my ( $n, $when ) = @_;
    my ( $subject, $text, $attachment, $writers ) = @{ pick(@kinds) };
    my $from  = pick( $writers eq 'people' ? @people : @offices );
    my @blank = ( 5 + int rand 4, pick(qw(A B C D)) );
    $_ = sprintf $_, $_ =~ /%s/ ? @blank : /%d/ ? $blank[0] : () for $subject, $text;
    $text .= "\n\n-- \n$from->[0]\n$school\n";
    my ( $charset, $how ) = @{ pick(@manners) };
    ( $charset, $how ) = ( 'UTF-8', 'quoted-printable' ) unless fits( "$subject$text$from->[0]", $charset );
    my $date = strftime( '%a, %d %b %Y %H:%M:%S +0300', gmtime $when + 3 * 3600 );
    my $id   = sprintf '%d.%04d', $when, $n;
    my $head = join '',
        "Return-Path: <$from->[1]>\n",
        "Received: from mx.okul.example (mx.okul.example [192.0.2.25])\n\tby posta.okul.example with ESMTPS id $id\n\tfor <$me->[1]>; $date\n",
        "Date: $date\n", 'From: ', address( $from, $charset ), "\n", 'To: ', address( $me, $charset ), "\n",
        'Subject: ', header_word( $subject, $charset ), "\n", "Message-ID: <$id\@okul.example>\n", "MIME-Version: 1.0\n";
    return $head . part( $text, $charset, $how ) unless $attachment;
    my ( $type, $make ) = @{ $maker{ $attachment->[1] } };
    my $file = sprintf '%s-%d.%s', $attachment->[0], $n, $attachment->[1];
    my $border = "=_okul_$id";
    return $head . qq{Content-Type: multipart/mixed; boundary="$border"\n\n--$border\n} . part( $text, $charset, $how )
      . qq{\n--$border\nContent-Type: $type; name="$file"\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename="$file"\n\n}
      . encode_base64( $make->() ) . "\n--$border--\n";
}

mkdir $dir;
my @times = sort { $a <=> $b } map { int( $opt{'--now'} - 3600 - rand( 60 * 86_400 - 3600 ) ) } 1 .. $opt{'--count'};
my $octets = 0;
for my $n ( 1 .. $opt{'--count'} ) {
    my $mail = mail( $n, $times[ $n - 1 ] );
    utf8::downgrade($mail);
    open my $fh, '>:raw', sprintf( '%s/%04d.eml', $dir, $n ) or die "$dir: $!\n";
    print {$fh} $mail;
    close $fh or die "$dir: $!\n";
    $octets += length $mail;
}
print "$opt{'--count'} mails, $octets octets\n";
