#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Many accounts in few lines: files that are included, profiles, names in paths and commands, accounts that are switched off. A school
# whose file is passed over without a word has no backup.
use strict;
use warnings;
use Popkeep;
use File::Path qw(make_path);

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my $s    = $t->server;
my $conf = $t->path('popkeep.conf');
my $d    = $t->path('conf.d');
make_path($d);

my $dir = $t->dir;
my $ca  = do { $t->account( $s, 'x' ); slurp($conf) =~ /^tls_ca_file = (.*)$/m; my $ca = $1; $t->forget_accounts; $ca };
sub main_conf { my ($more) = @_; return spew( $conf, "include = conf.d/*.conf\n[defaults]\nhost = 127.0.0.1\nport = @{[ $s->port ]}\ntls_ca_file = $ca\ntls_name = localhost\nmaildir = $dir/Mail/%d/%u\n" . ( $more // '' ) ) }
sub popkeep { return $t->popkeep( '-c', $conf, @_, { no_config => 1 } ) }
sub names { return join ' ', map { $_->{account} // () } grep { $_->{event} =~ /^(?:account-end|status)$/ } $_[0]->json }

# ---- three schools, three ways to the password
spew( "$dir/secret-by-name", "secret\n" );
chmod 0600, "$dir/secret-by-name";
main_conf("[profile asks-pass]\npassword_command = cat $dir/secret-%a\n");
spew( "$d/1.conf", "[account by-name]\nuser = 706590\@Okul.example\nprofile = asks-pass\n" );
spew( "$d/2.conf", "[account by-file]\nuser = 706591\@okul.example\npassword_file = $dir/secret-by-name\n" );
spew( "$d/3.conf", "[account inside]\nuser = 706592\@okul.example\npassword = secret\n" );
chmod 0600, "$d/3.conf";
spew( "$d/4.conf~", "this is what an editor left\n" );
my $run = popkeep( '--json', 'fetch' );
$run->exits( 0, 'three files, three schools: all are fetched' );
is( join( ' ', sort split / /, names($run) ), 'by-file by-name inside', 'each of them' );
for my $user ( 706590 .. 706592 ) {
    my @new = glob "$dir/Mail/okul.example/$user\@*/new/*";
    is( scalar @new, 1, "the mail of $user lies in the folder of its domain and user" );
}
popkeep('check')->exits( 0, 'and check agrees' );

# ---- passwords in an included file are looked after like those of the first
chmod 0644, "$d/3.conf";
popkeep('fetch')->exits( 78, 'an included file with a password is open to others: 78' );
$t->last_run->says( qr{\Q$d\E/3\.conf holds a password, but its permissions \(0644\)},  'names the file' );
$t->last_run->says( qr{it holds a password in line 3}, 'and the line' );
chmod 0600, "$d/3.conf";
chmod 0666, "$d/1.conf";
popkeep( '-q', 'fetch' )->exits( 0, 'one without a password may be read by all' );

# ---- wrong ones are named with their own place
sub refused { my ( $text, $words, $name ) = @_; spew( "$d/5.conf", $text ); popkeep('status')->exits( 78, $name ); return $t->last_run->says( $words, '... with its place' ) }
refused( "# a comment\n[account x]\nusr = a\n",   qr{^popkeep: \Q$d\E/5\.conf:3: unknown key "usr"; did you mean "user"},     'a wrong key in an included file' );
refused( "user = a\n",                            qr{^popkeep: \Q$d\E/5\.conf:1: user stands before any section},              'a key before its sections' );
refused( "[account inside]\nuser = a\@okul.example\n",          qr{^popkeep: \Q$d\E/5\.conf:1: account inside stands already in \Q$d\E/3\.conf:1}, 'a name that another file has' );
refused( "[account x]\nuser = 706592\@okul.example\n", qr{^popkeep: \Q$d\E/5\.conf:1: accounts inside \(\Q$d\E/3\.conf:1\) and x have the same maildir}, 'the folder of another account' );
refused( "[account x]\nuser = 706593\n",          qr{^popkeep: \Q$conf\E:7: account x \(\Q$d\E/5\.conf:1\): maildir: %d is the domain of the user, who has none}, 'a user without a domain' );
refused( "[account x]\nuser = a\@b/../../../etc\n", qr{^popkeep: \Q$conf\E:7: account x .*%d would put},                         'a domain that leads elsewhere' );
refused( "[account x]\nuser = a\@okul.example\nprofile = ask-pass\n", qr{^popkeep: \Q$d\E/5\.conf:3: unknown profile "ask-pass"; did you mean "asks-pass"}, 'a profile that is not there' );
refused( "include = *.conf\n",                    qr{^popkeep: \Q$d\E/5\.conf:1: \Q$d\E/1\.conf is read already},            'files in a circle' );
refused( "include = ../popkeep.conf\n",           qr{^popkeep: \Q$d\E/5\.conf:1: \Q$d\E/\.\./popkeep\.conf is read already, as \Q$conf\E}, 'the first file again, by another name' );
refused( "include = nowhere.conf\n",              qr{^popkeep: \Q$d\E/5\.conf:1: cannot open \Q$d\E/nowhere\.conf: No such file}, 'a file that is not there' );
refused( "\ninclude = .\n",                       qr{^popkeep: \Q$d\E/5\.conf:2: \Q$d\E/\. is a folder, not a file},           'a folder' );
unlink "$d/5.conf";
symlink( 'loop', $t->path('loop') );
refused( "include = ../loop/*.conf\n", qr{loop}, 'a folder that cannot be read is not an empty one' );
unlink "$d/5.conf";

# ---- relative to the file, not to the folder one stands in
{
    my $elsewhere = $t->popkeep( '-c', '../popkeep.conf', 'status', '--json', { no_config => 1, dir => $d } );
    $elsewhere->exits( 0, 'called from elsewhere' );
    is( names($elsewhere), 'by-name by-file inside', 'the same accounts' );
}

# ---- switched off
spew( "$d/2.conf", slurp("$d/2.conf") . "disabled = yes\n" );
is( names( popkeep( '--json', 'status' ) ), 'by-name inside', 'a disabled account is in no run of all' );
is( names( popkeep( '--json', 'status', 'by-*' ) ), 'by-name', 'nor in one of a pattern' );
is( names( popkeep( '--json', 'status', 'by-file' ) ), 'by-file', 'but its name still means it' );
popkeep( 'status', 'by-f*' )->exits( 64, 'a pattern that only it matches' );
$t->last_run->says( qr/every account that matches "by-f\*" is disabled/, 'says why there is none' );
spew( $_, slurp($_) . "disabled = yes\n" ) for "$d/1.conf", "$d/3.conf";
popkeep('fetch')->exits( 78, 'a run of nothing is no success' );
$t->last_run->says( qr/every account of .* is disabled/, 'and says so' );

# ---- a file for each of a thousand schools
{
    my $many = $t->path('many');
    make_path("$many/conf.d");
    spew( "$many/popkeep.conf", "[defaults]\nprovider = meb-k12\nmaildir = /backup/%a\ninclude = conf.d/*.conf\n" );
    spew( sprintf( '%s/conf.d/%06d.conf', $many, $_ ), sprintf( "[account %06d]\nuser = %06d\@meb.k12.tr\n", $_, $_ ) ) for 1 .. 1000;
    my $all = $t->popkeep( '-c', "$many/popkeep.conf", 'status', '--json', { no_config => 1 } );
    $all->exits( 0, 'a thousand files' );
    my @names = split / /, names($all);
    is( scalar @names, 1000, 'a thousand accounts' );
    is( "@names[ 0, 1, 999 ]", '000001 000002 001000', 'in the order of the names of their files' );
}
# ---- a folder whose own name looks like a pattern: its files are read, not passed over without a word
{
    my $odd = $t->path('a[b]*?\\c');
    make_path("$odd/conf.d");
    spew( "$odd/popkeep.conf",     "[defaults]\nprovider = meb-k12\nmaildir = $odd/%a\ninclude = one.conf\ninclude = conf.d/*.conf\n" );
    spew( "$odd/one.conf",         "[account one]\nuser = 1\@meb.k12.tr\n" );
    spew( "$odd/conf.d/two.conf",  "[account two]\nuser = 2\@meb.k12.tr\n" );
    my $status = sub { $t->popkeep( '-c', $_[0], qw(--json status), { no_config => 1, env => { HOME => $odd } } ) };
    $status->("$odd/popkeep.conf")->exits( 0, 'include in a folder whose name looks like a pattern' );
    is( names( $t->last_run ), 'one two', '... every account is there' );
    spew( "$d/../home.conf", "[defaults]\nprovider = meb-k12\nmaildir = $odd/%a\ninclude = ~/one.conf\ninclude = ~/conf.d/t*.conf\n" );
    is( names( $status->("$d/../home.conf") ), 'one two', '... below the home folder, too' );
}

done_testing();
