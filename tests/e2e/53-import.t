#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# A list of schools becomes a configuration. A school that is lost on the way has no backup, and one with a typing error in it must not
# leave half a file behind.
use strict;
use warnings;
use Popkeep;
use Socket;

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my $s   = $t->server;
my $dir = $t->dir;
sub import_of { my ( $text, @args ) = @_; my $csv = $t->path('okullar.csv'); spew( $csv, $text ); return $t->popkeep( @args, 'import', $csv, { no_config => 1 } ) }

# ---- as a spreadsheet in Turkish writes it, to a real fetch
spew( "$dir/$_.pw", "secret\n" ) for 706590, 706591;
chmod 0600, glob "$dir/*.pw";
my $run = import_of( "\xef\xbb\xbfKurum Kodu;Okul Ad\xc4\xb1;E-Posta;Parola Dosyas\xc4\xb1;Sunucu\r\n"
      . "706590;\"Atat\xc3\xbcrk; \"\"Merkez\"\"\r\n\xc4\xb0lkokulu\";706590\@okul.example;$dir/706590.pw;127.0.0.1\r\n"
      . ";;;;\r\n706591;Cumhuriyet;706591\@okul.example;$dir/706591.pw;127.0.0.1\r\n" );
$run->exits( 0, 'a table is taken' );
is( $run->err, '', 'in silence' );
my $conf = $run->out;
like( $conf, qr{^\[profile okullar\]\nhost = 127\.0\.0\.1\nmaildir = ~/Mail/%a\npassword_file = \Q$dir\E/%a\.pw\n\n\[account 706590\]\nprofile = okullar\nuser = 706590\@okul\.example\n\n\[account 706591\]\n}m, 'what all share stands once' );
$t->account( $s, 'x' );
my ($ca) = slurp( $t->path('popkeep.conf') ) =~ /^tls_ca_file = (.*)$/m;
spew( $t->path('main.conf'), "include = schools.conf\n[defaults]\nport = @{[ $s->port ]}\ntls_ca_file = $ca\ntls_name = localhost\n" );
spew( $t->path('schools.conf'), $conf );
$t->popkeep( '-c', $t->path('main.conf'), 'fetch', { no_config => 1 } )->exits( 0, 'included, it works' );
is( scalar( () = glob "$dir/home/Mail/70659*/new/*" ), 2, 'and each school has its mail' );

# ---- the shortest: codes and addresses, from a pipe
spew( $t->path('codes'), "706590,706590\@meb.k12.tr\n000123,000123\@meb.k12.tr\n" );
$run = $t->popkeep( 'import', '-', { no_config => 1, stdin => $t->path('codes') } );
$run->exits( 0, 'from standard input, without a header' );
spew( $t->path('short.conf'), $run->out );
my $status = $t->popkeep( '-c', $t->path('short.conf'), '--json', 'status', { no_config => 1 } );
$status->exits( 0, 'what comes out is a configuration by itself' );
is( join( ' ', map { $_->{account} // () } grep { $_->{event} eq 'account-end' } $status->json ), '706590 000123', 'leading zeros stay' );
like( $run->out, qr{^#password_file = ~/\.config/popkeep/%a\.password$}m, 'and says where passwords may go' );

{    # as a program of another kind may hand it over, or inetd
    socketpair my $ours, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!";
    print {$ours} slurp( $t->path('codes') );
    close $ours;
    open my $stdin, '<&', \*STDIN or die $!;
    open STDIN, '<&', $its or die $!;
    is( `@{[Popkeep::program()]} import - 2>&1`, $run->out, 'from a socket, too' );
    open STDIN, '<&', $stdin or die $!;
}

$t->popkeep( 'import', 'examples/schools.csv', { no_config => 1 } )->exits( 0, 'the example' );

# ---- what is wrong: each with its line, and nothing on stdout
$run = import_of("code,address,password file\n706590,706590\@meb.k12.tr,/p/1\n706590,x\@meb.k12.tr,/p/2\n7,nobody,/p\n8,8\@meb.k12.tr,hunter2\n9,\"9\@meb.k12.tr,/p\n");
$run->exits( 78, 'a table with mistakes: 78' );
is( $run->out, '', 'nothing half written' );
my $csv = $t->path('okullar.csv');
for ( [ 3, qr/the code 706590 stands already in line 2/ ], [ 4, qr/"nobody" is no e-mail address/ ], [ 5, qr/the password file must be a path/ ], [ 6, qr/the quote that begins in this line does not end/ ] ) {
    $run->says( qr/^popkeep: \Q$csv\E:$_->[0]: $_->[1]/m, "line $_->[0] is named" );
}
$run->says( qr/^popkeep: nothing was written$/m, 'and that nothing was written' );
unlike( $run->err, qr/hunter2/, 'a password that got into the table is not shown' );
import_of("kod;e-posta;parola\n1;1\@meb.k12.tr;hunter2\n")->exits(78);
$t->last_run->says( qr/:1: the column "parola" seems to hold passwords/, 'a column of passwords is refused' );
import_of("\xff\xfek\0o\0d\0")->exits(78);
$t->last_run->says( qr/:1: the table is UTF-16; save it as "CSV UTF-8/, 'UTF-16, and how to save it' );
import_of("PK\x03\x04")->exits(78);
$t->last_run->says( qr/this is a workbook, not a CSV file/, 'a workbook, and how to save it' );
import_of('')->exits(78);
$t->last_run->says( qr/the table holds no mailbox/, 'an empty one' );
$t->popkeep( 'import', '/nowhere.csv', { no_config => 1 } )->exits(78);
$t->last_run->says( qr{cannot open /nowhere\.csv: No such file}, 'none' );
$t->popkeep( 'import', { no_config => 1 } )->exits( 64, 'no file named' );
$t->popkeep( 'import', 'a', 'b', { no_config => 1 } )->exits( 64, 'two files named' );
if ( -c '/dev/full' ) {
    my $full = `@{[Popkeep::program()]} import $dir/okullar.csv 2>&1 >/dev/full`;
    is( $? >> 8, 78, 'a wrong table stays 78' );
    spew( $csv, "1,1\@meb.k12.tr\n" );
    $full = `@{[Popkeep::program()]} import $csv 2>&1 >/dev/full`;
    is( $? >> 8, 74, 'a full disk is 74' );
}
done_testing();
