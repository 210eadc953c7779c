#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e san
# Configurations with every mistake that people make, and with ones made by chance: each is refused with the file, the line and words
# that say what to do, or means what it says. One that was half understood would delete mail that was to be kept.
use strict;
use warnings;
use Popkeep;
use Popkeep::Crash qw(sample);
use Popkeep::Faults;
use JSON::PP ();

local $ENV{POPKEEP_CRASH} = 'all' if ( $ENV{POPKEEP_FAULTS} // '' ) eq 'all';
my $t    = Popkeep->new;
my $conf = $t->path('bad.conf');
my $host = "host = pop.okul.example\n";
my $head = "[account a]\n${host}user = a\@okul.example\nmaildir = /m/a\n";
my ( $cases, @bad ) = (0);

sub shown { my ($text) = @_; $text = substr( $text, 0, 60 ) . '...' if length $text > 60; return JSON::PP->new->latin1->allow_nonref->encode($text) }

sub look { spew( $conf, $_[0] ); chmod 0600, $conf; return $t->popkeep( '-c', $conf, 'status', { no_config => 1 } ) }

# Refused: 78, FILE:LINE (0: the file alone) and the words, and nothing that a terminal would take for orders.
sub refused {
    my ( $text, $line, $words ) = @_;
    my $run = look($text);
    my $where = $line ? qr/^popkeep: \Q$conf\E:$line: / : qr/^popkeep: .*\Q$conf\E/;
    my $ok = ( $run->exit // -1 ) == 78 && $run->err =~ /$where/m && $run->err =~ $words && $run->err !~ /[^\x20-\x7e\n\x80-\xff]/;
    $cases++;
    return ok( 1, 'refused: ' . shown($text) ) if $ok;
    push @bad, $text;
    ok( 0, 'refused: ' . shown($text) );
    return diag( 'exit ' . ( $run->exit // 'none' ) . ': ' . $run->err . $run->out . "wanted: line $line, $words" );
}

# ---- a value that cannot be: in an account at line 5, in [defaults] at line 2 ----
my ( @rows, $listening );
my @values = (
    ( map { [ port => $_, qr/port must be a whole number from 1 to 65535, not/ ] } '0', '-1', '65536', '+995', '995x', '9 95', '0x3e3', '99999999999999999999999', '9.95' ),
    ( map { [ timeout => $_, qr/timeout must be a whole number from 1 to 3600, not/ ] } '0', '3601', '-5', '1.5', '20s', '2m' ),
    ( map { [ retention_days => $_, qr/retention_days must be "never" or a whole number from 0 to 36500, not/ ] } '-1', '36501', 'Never', 'NEVER', 'no', '30d', '30 days', '1e2', '30,5', 'infinite' ),
    ( map { [ max_delete => $_, qr/max_delete must be a whole number from 1/ ] } '0', '-1', 'no', 'all', '1000000001' ),
    ( map { [ delete_requires_copy => $_, qr/delete_requires_copy must be yes or no, not/ ] } 'Yes', 'true', '1', 'on', 'never' ),
    ( map { [ tls => $_, qr/tls = $_ .*never sends a password in clear text.*implicit/ ] } 'no', 'none', 'off' ),
    ( map { [ tls => $_, qr/tls = $_ is not built yet; use implicit/ ] } 'stls', 'starttls' ),
    [ tls => 'yes', qr/tls must be implicit, not "yes"/ ],
    ( map { [ tls_min => $_, qr/tls_min = $_ is unsafe and left out on purpose/ ] } '1.0', '1.1' ),
    ( map { [ tls_min => $_, qr/tls_min must be 1\.2 or 1\.3, not/ ] } '1.4', 'TLS1.2', '2', 'tlsv1.2' ),
    ( map { [ auth => $_, qr/auth = $_ is unsafe and left out on purpose/ ] } 'apop', 'ntlm', 'cram-md5', 'digest-md5' ),
    ( map { [ auth => $_, qr/auth = $_ is not built yet/ ] } 'xoauth2', 'scram-sha-256', 'external' ),
    [ auth => 'PLAIN', qr/auth must be auto, plain or user, not "PLAIN"/ ],
    ( map { [ pipelining => $_, qr/pipelining must be auto, always or never, not/ ] } 'yes', 'no', 'on' ),
    ( map { [ line_endings => $_, qr/line_endings must be lf or crlf, not/ ] } 'LF', 'unix', 'cr' ),
    ( map { [ tls_name => $_, qr/tls_name is no host name or address/ ] } 'a b', '-x.example', 'x..example', 'x.example.', '*.okul.example', 'pop3s://x.example', 'x_.ex ample', "a\@b.example", '1.2.3', '1.2.3.400', 'x:995', '[::1', 'okul.example/' ),
    ( map { [ tls_pin => $_, qr{tls_pin must be sha256// and the 44 characters} ] } 'sha1//abc', 'abc', 'sha256//', 'sha256//' . 'A' x 44, 'sha256//' . 'A' x 42 . '=', 'sha256//' . 'A' x 43 . '= x', 'SHA256//' . 'A' x 43 . '=' ),
    ( map { [ tls_ca_file => $_, qr/tls_ca_file must not be a relative path like "\Q$_\E"/ ] } 'ca.pem', './ca.pem', 'etc/ca.pem' ),
    [ tls_ca_file => '/etc/../ca.pem', qr/must not hold "\.\."/ ],
    [ tls_ca_file => '~root/ca.pem',   qr{must be an absolute path or begin with "~/"} ],
    [ tls_ca_file => '/etc/%h/ca.pem', qr/"%" is reserved; write "%%"/ ],
    ( map { [ quota_mb => $_, qr/quota_mb must be a whole number from 1/ ] } '0', '-5', '2 GB', '1.5' ),
    ( map { [ deadline => $_, qr/deadline must be a day written like 2027-02-28, not/ ] } '2027-02-30', '28.02.2027', '2027-2-8', 'tomorrow', '2027-02-28 00:00', '@180000000' ),
    [ tls_ca_file => '/',              qr/must not be the root folder/ ],
    [ tls_ca_file => '"/etc/ca.pem"',  qr/values are not quoted/ ],
    [ tls_ca_file => '/' . 'x/' x 2500, qr/octets|too long/ ],
    [ password_file => 'secret',       qr/password_file must not be a relative path/ ],
    [ password_command => 'echo %x',   qr/password_command: "%" is reserved/ ],
    [ password_command => 'date +%',   qr/password_command: "%" is reserved/ ],
    [ password_command => 'echo a ; echo b', qr/" ;" cannot stand in this file.*write the ";" without a blank/ ],
    [ password => 'a ;b',              qr/" ;" cannot stand in this file.*password_file/ ],
    ( map { [ password_credential => $_, qr/password_credential is the name given to LoadCredential=/ ] } 'a/b', '.hidden', '../x' ),
    ( map { [ run_as => $_, qr/run_as must be the name of a user of this system/ ] } '-root', 'a b', 'x' x 33, 'a:b', "\xc3\xa7" ),
    [ provider => 'okul',              qr/unknown provider "okul"/ ],
    [ provider => 'hotmail.example',   qr/unknown provider/ ],
    [ timeout => "20\t# long",         qr/" #" in a value; a comment stands on its own line/ ],
    [ timeout => '20 ; long',          qr/" ;" in a value; a comment stands on its own line/ ],
    [ timeout => '',                   qr/timeout has no value/ ],
    [ timeout => "\xff\xfe",           qr/the value is not UTF-8/ ],
);
for my $v (@values) {
    my ( $key, $value, $words ) = @$v;
    push @rows, [ "${head}$key = $value\n", 5, $words ];
    push @rows, [ "[defaults]\n$key = $value\n\n$head", 2, $words ] unless $key =~ /^tls_ca_file|^password|^provider/;
}

# ---- values of keys that must be there ----
my @own = (
    [ "[account a]\n${host}user = a\tb\nmaildir = /m\n",    3, qr/user must not hold a tab/ ],
    [ "[account a]\n${host}user = a\nmaildir = Mail\n",     4, qr/maildir must not be a relative path like "Mail"/ ],
    [ "[account a]\n${host}user = a\nmaildir = ~ali/Mail\n", 4, qr/must be an absolute path or begin with "~/ ],
    [ "[account a]\n${host}user = a\nmaildir = /m/../n\n",  4, qr/must not hold "\.\."/ ],
    [ "[account a]\n${host}user = a\nmaildir = /\n",        4, qr/root folder/ ],
    [ "[account a]\n${host}user = a\nmaildir = /m/%x\n",    4, qr/"%" is reserved.*%a, %u and %d/ ],
    [ "[account a]\n${host}user = a\nmaildir = %a/m\n",     4, qr/maildir must not be a relative path/ ],
    [ "[account a]\n${host}user = a\nmaildir = /m/%d\n",    4, qr/%d is the domain of the user, who has none/ ],
    [ "[account a]\n${host}user = ../x\nmaildir = /m/%u\n", 4, qr/%u would put "\.\.\/x" into it/ ],
    [ "[account a]\n${host}user = x\@..\nmaildir = /m/%d\n", 4, qr/%d would put "\.\." into it/ ],
    ( map { [ "[account a]\n${host}user = $_\nmaildir = /m\npassword_command = pass '%u'\n", 5, qr/%u would put .* into a command/ ] } 'a;b', "a'b", 'a b', '$(reboot)', '-x', 'a|b', "\xc3\xa7" ),
    [ "[account a]\n${host}user = a\ndisabled = true\n",    4, qr/disabled must be yes or no/ ],
    [ "[account a]\n${host}user = a\nprofile = schol\n[profile school]\n", 4, qr/unknown profile "schol"; did you mean "school"/ ],
    [ "[account a]\n${host}user = a\nprofile = p\n",        4, qr/unknown profile "p"; write a section/ ],
    [ "[defaults]\nmaildir = /m/%d/%a\n[account a]\n${host}user = a\n", 2, qr/account a \(.*:3\): maildir: %d is the domain/ ],
    [ "[account a]\n${host}user = a\nmaildir =\n",          4, qr/maildir has no value/ ],
    [ "[account a]\nhost =\nuser = a\nmaildir = /m\n",      2, qr/host has no value/ ],
    [ "[account a]\nhost = http://x.example\nuser = a\nmaildir = /m\n", 2, qr/bare name of the server/ ],
    [ "[account a]\nhost = x.example:995\nuser = a\nmaildir = /m\n", 2, qr/the number belongs in "port"/ ],
    [ "[account a]\nhost = a\@x.example\nuser = a\nmaildir = /m\n", 2, qr/not an e-mail address/ ],
    [ "[account a]\nhost = 300.1.1.1\nuser = a\nmaildir = /m\n", 2, qr/four numbers from 0 to 255/ ],
    [ "[account a]\nhost = \xc3\xb6kul.example\nuser = a\nmaildir = /m\n", 2, qr/"xn--" form/ ],
    [ "[account a]\nhost = " . ( 'x' x 64 ) . ".example\nuser = a\nmaildir = /m\n", 2, qr/no host name/ ],
    [ "[account a]\nhost = mail.okul.example\nport = 993\nuser = a\nmaildir = /m\n", 3, qr/port 993 is for IMAP/ ],
    [ "[account a]\n${host}port = 25\nuser = a\nmaildir = /m\n", 3, qr/port 25 is for outgoing mail/ ],
    [ "[account a]\n${host}port = 110\nuser = a\nmaildir = /m\n", 3, qr/port 110 begins in clear text/ ],
    [ "[account a]\nprovider = meb-k12\nuser = 706590\nmaildir = /m\n", 3, qr/wants the whole address/ ],
    [ "[account a]\n${host}maildir = /m\n",                 1, qr/account a: user is missing/ ],
    [ "[account a]\n${host}user = a\n",                     1, qr/account a: maildir is missing/ ],
    [ "[account a]\nuser = a\nmaildir = /m\n",              1, qr/account a: host is missing/ ],
    [ "\n\n[account a]\n",                                  3, qr/account a: host is missing/ ],
    [ "[defaults]\n${host}",                                1, qr/no account/ ],
    [ '',                                                   1, qr/no account/ ],
    [ "# only a comment\n\n",                               1, qr/no account/ ],
);

# ---- where things stand ----
my @places = (
    [ "host = x.example\n$head",                            1, qr/stands before any section/ ],
    [ "[defaults]\nuser = a\n$head",                        2, qr/belongs in \[account NAME\]/ ],
    [ "[defaults]\nmaildir = /m\n$head",                    2, qr/belongs in \[account NAME\]/ ],
    ( map { [ "${head}$_\n", 5, qr/belongs in \[defaults\]/ ] } 'jobs = 3', 'per_host = 2', 'state_dir = /s' ),
    ( map { [ "[defaults]\njobs = $_\n$head", 2, qr/jobs must be a whole number from 1 to 256/ ] } 0, 257, 'many' ),
    ( map { [ "[defaults]\nper_host = $_\n$head", 2, qr/per_host must be a whole number from 1 to 64/ ] } 0, 65 ),
    [ "[defaults]\nstate_dir = state\n$head",               2, qr/state_dir must not be a relative path/ ],
    [ "[defaults]\nmaildir = /m/%d\n$head",                  2, qr/must hold %a or %u/ ],
    [ "[defaults]\nstate_dir = /m/%a\n$head",                2, qr/"%" is reserved/ ],
    [ "[defaults]\nprofile = p\n$head",                      2, qr/belongs in \[account NAME\]/ ],
    [ "[profile p]\nprofile = q\n$head",                     2, qr/belongs in \[account NAME\]/ ],
    [ "[profile p]\nuser = q\n$head",                        2, qr/belongs in \[account NAME\]/ ],
    [ "[profile p]\njobs = 2\n$head",                        2, qr/belongs in \[defaults\]/ ],
    [ "[profile p]\n[profile p]\n$head",                     2, qr/profile p stands already in line 1/ ],
    [ "[profile]\n$head",                                    1, qr/the profile has no name/ ],
    [ "[profiles x]\n$head",                                 1, qr/did you mean \[profile NAME\]/ ],
    [ "include = nowhere.conf\n$head",                       1, qr/cannot open .*nowhere\.conf/ ],
    [ "include = /\n$head",                                  1, qr/is a folder, not a file/ ],
    [ "include = bad.conf\n$head",                           1, qr/is read already/ ],
    [ "[defaults]\ninclude = *.conf\n$head",                 2, qr/is read already/ ],
    [ "include = ~root/x.conf\n$head",                       1, qr/include: "~"/ ],
    [ "include = %a.conf\n$head",                            1, qr/include: "%" is reserved/ ],
    [ "include =\n$head",                                    1, qr/include has no value/ ],
    [ "[defaults]\n[defaults]\n$head",                      2, qr/\[defaults\] stands already in line 1/ ],
    [ "${head}user = b\n",                                  5, qr/user is repeated; it stands already in line 3/ ],
    [ "${head}password = a\npassword_file = /p\n",          6, qr/password_file beside password \(line 5\)/ ],
    [ "${head}password_command = a\npassword_credential = p\n", 6, qr/give the password in one way/ ],
    [ "$head\n$head",                                       6, qr/account a stands already in line 1/ ],
    [ "$head\n[account b]\n${host}user = b\nmaildir = /m/a\n", 6, qr/have the same maildir/ ],
    [ "$head\n[account b]\n${host}user = b\nmaildir = /m//./a/\n", 6, qr/have the same maildir/ ],
    [ "${head}retention_days = 3\n[account b]\n${host}user = a\@okul.example\nmaildir = /m/b\n", 6, qr/read the same mailbox/ ],
    [ "[account]\n$host",                                   1, qr/the account has no name/ ],
    [ "[account ]\n$host",                                  1, qr/the account has no name/ ],
    [ "[account \"a\"]\n$host",                             1, qr/not quoted/ ],
    [ "[account .a]\n$host",                                1, qr/must not begin with a dot/ ],
    [ "[account a/b]\n$host",                               1, qr/made of A-Z a-z 0-9/ ],
    [ "[account a b]\n$host",                               1, qr/made of A-Z a-z 0-9/ ],
    [ "[account \xc3\xa7]\n$host",                          1, qr/made of A-Z a-z 0-9/ ],
    [ '[account ' . ( 'n' x 500 ) . "]\n$host",             1, qr/at most \d+/ ],
    [ "[acount a]\n$host",                                  1, qr/did you mean \[account NAME\]/ ],
    [ "[Account a]\n$host",                                 1, qr/unknown section|did you mean/ ],
    [ "[default]\n$host",                                   1, qr/did you mean \[defaults\]/ ],
    [ "[DEFAULTS]\n$host",                                  1, qr/unknown section|did you mean/ ],
    [ "[accounta]\n$host",                                  1, qr/unknown section/ ],
    [ "[]\n$host",                                          1, qr/unknown section/ ],
    [ "[account a\n$host",                                  1, qr/"\]" is missing/ ],
    [ "[account a] # mine\n$host",                          1, qr/text after "\]"/ ],
    [ "[account a]]\n$host",                                1, qr/text after "\]"/ ],
    ( map { [ "${head}$_->[0] = x\n", 5, qr/unknown key.*did you mean "$_->[1]"/ ] } [ 'pasword', 'password' ], [ 'retention', 'retention_days' ], [ 'server', 'host' ], [ 'login', 'user' ],
        [ 'retention-days', 'retention_days' ], [ 'time_out', 'timeout' ], [ 'Port', 'port' ], [ 'folder', 'maildir' ], [ 'keep', 'retention_days' ] ),
    [ "${head}colour = x\n",                                5, qr/unknown key "colour"/ ],
    [ "${head}= x\n",                                       5, qr/no key before "="/ ],
    [ "${head}timeout\n",                                   5, qr/=/ ],
    [ "${head}timeout: 20\n",                               5, qr/=/ ],
    [ "${head}timeout 20\n",                                5, qr/=/ ],
    [ "${head}include = /etc/popkeep.d\n",                  5, qr/belongs in \[defaults\]/ ],
    [ "poll pop.okul.example proto pop3\n",                 1, qr/./ ],
    [ "{ \"accounts\": [] }\n",                             1, qr/./ ],
);

# ---- octets ----
my @octets = (
    [ "${head}timeout = 2\0000\n",                          5, qr/NUL octet; is this a plain text file/ ],
    [ "${head}timeout = 2\x{1b}[31m\n",                     5, qr/control character/ ],
    [ "${head}timeout = 20\r30\n",                          5, qr/control character/ ],
    [ "${head}# \x07\ntimeout = \x07\n",                    qr/[56]/, qr/control character/ ],
    [ "\xff\xfe[\0a\0c\0c\0",                               1, qr/plain text file|control|NUL|UTF/ ],
    [ "\x7fELF\x02\x01\x01\0\0\0",                          1, qr/NUL octet|control/ ],
    [ "PK\x03\x04\n",                                       1, qr/control/ ],
    [ "${head}password = " . ( 'p' x 10_000 ) . "\n",       5, qr/the line has \d+ octets; at most \d+/ ],
    [ "${head}# " . ( 'c' x 70_000 ) . "\ntimeout = 0\n",   6, qr/timeout must be/ ],
    [ $head . "\n" x 70_000 . "timeout = 0\n",              70_005, qr/timeout must be/ ],
    [ "${head}\xe2\x80\xaetimeout = 20\n",                  5, qr/unknown key/ ],
    [ "${head}timeout\xc2\xa0= 20\n",                       5, qr/unknown key/ ],
    [ "\xef\xbb\xbf\xef\xbb\xbf$head",                      1, qr/./ ],
);
refused(@$_) for sample( 90, @rows, @own, @places, @octets );

# ---- what is not a plain file ----
for my $f (
    [ 'a folder',                sub { mkdir $_[0] },                      qr/is a folder, not a file/ ],
    [ 'nothing',                 sub { },                                  qr/cannot open .*No such file/ ],
    [ 'a link to nowhere',       sub { symlink '/nowhere/conf', $_[0] },   qr/cannot open/ ],
    [ 'a link to itself',        sub { symlink $_[0], $_[0] },             qr/cannot open/ ],
    [ 'a socket',                sub { require IO::Socket::UNIX; $listening = IO::Socket::UNIX->new( Local => $_[0], Listen => 1 ) }, qr/cannot open/ ],
    [ 'a device without an end', sub { symlink '/dev/zero', $_[0] },       qr/./ ],
    [ 'a file of 300 MB',        sub { spew( $_[0], '' ); truncate $_[0], 300_000_000 }, qr/./ ],
  )
{
    my ( $what, $make, $words ) = @$f;
    my $path = $t->path('odd.conf');
    system 'rm', '-rf', $path;
    $make->($path);
    my $run = $t->popkeep( '-c', $path, 'status', { no_config => 1, timeout => 20 } );
    my $ok = ( $run->exit // -1 ) == 78 && $run->err =~ $words;
    $cases++;
    push @bad, $what unless $ok;
    ok( $ok, "$what for a configuration is refused at once" ) or diag( ( $run->exit // 'it hung' ) . ': ' . $run->err );
    system 'rm', '-rf', $path;
}

# ---- and those that are right ----
{    # popkeep -c <(generate)
    my $pipe = $t->path('pipe');
    POSIX::mkfifo( $pipe, 0600 );
    my $run = $t->start( '-c', $pipe, 'status', { no_config => 1 } );
    open my $fh, '>', $pipe or die "$pipe: $!";
    print {$fh} $head;
    close $fh;
    $run->finish->exits( 0, 'a pipe is read to its end' );
    $cases++;
}
my @good = (
    $head,
    "\xef\xbb\xbf$head",
    $head =~ s/\n/\r\n/gr,
    $head =~ s/\n\z//r,
    "; a comment\n# another = one\n\n  \t\n$head",
    "[defaults]\nretention_days = 30\ntimeout=60\n jobs = 8\n[account  a ]\n${host}user=a#b;c\nmaildir = ~/Mail/a b\npassword = x=y:z#[] \"q\"\n",
    "include = /nowhere/*.conf\n[profile p]\n${host}maildir = ~/%d/%u/%a%%\npassword_file = /p/%a\n[account a]\nprofile = p\nuser = a\@okul.example\ndisabled = no\n",
    "$head\n[account b]\nprovider = meb-k12\nuser = 706590\@meb.k12.tr\nmaildir = /m/b\nretention_days = never\ntls_pin = sha256//" . 'A' x 43 . "=\npassword_command = pass show okul\n",
);
for my $text (@good) {
    my $run = look($text);
    $cases++;
    push @bad, $text if ( $run->exit // -1 ) != 0;
    $run->exits( 0, 'accepted: ' . shown($text) );
}

# ---- mistakes made by chance: refused with a line, or accepted; never a crash, never a hang ----
my @pieces = ( "\n", '[', ']', '=', ' ', ' ;', ' #', '%', '%%', '"', "\0", "\xff", "\r", "\t", '~/', '..', '/', '-1', '0', '99999999999999999999', 'never', '[account a]', '[account b]', '[defaults]', '[profile p]', "include = x\n", '%a', '%u', '%d', 'profile = p',
    'password = x', 'retention_days', 'x' x 500, 'x' x 3000, "\xef\xbb\xbf", '[account ' . 'y' x 200 . ']' );
srand( $ENV{POPKEEP_SEED} // 20261122 );
my ( $refused, $accepted, @wrong ) = ( 0, 0 );
for my $n ( sample( 100, 1 .. 3000 ) ) {
    my $text = $good[ rand @good ];
    for ( 0 .. rand 4 ) {
        my $at  = int rand( 1 + length $text );
        my $how = int rand 7;
        if    ( $how == 0 ) { substr( $text, $at, 0, $pieces[ rand @pieces ] ) }
        elsif ( $how == 1 ) { substr( $text, $at, 1 + int rand 9, '' ) }
        elsif ( $how == 2 ) { substr( $text, $at, 1, chr int rand 256 ) if $at < length $text }
        elsif ( $how == 3 ) { my @l = split /(?<=\n)/, $text; @l = @l[ sort { rand() <=> 0.5 } 0 .. $#l ]; $text = join '', @l }
        elsif ( $how == 4 ) { my @l = split /(?<=\n)/, $text; splice @l, rand @l, 1; $text = join '', @l }
        elsif ( $how == 5 ) { my @l = split /(?<=\n)/, $text; splice @l, rand @l, 0, $l[ rand @l ] if @l; $text = join '', @l }
        else                { $text = substr $text, 0, $at }
    }
    my $run = look($text);
    my $exit = $run->exit // -1;
    $cases++;
    $exit == 0 ? $accepted++ : $refused++;
    next if $exit == 0;
    next if $exit == 78 && $run->err =~ /^popkeep: \Q$conf\E:(\d+): \S/m && $1 >= 1 && $1 <= 1 + ( $text =~ tr/\n// );
    push @wrong, "mutant $n, exit $exit: " . $run->err . shown($text);
}
is( join( "\n", @wrong[ 0 .. ( @wrong > 3 ? 3 : $#wrong ) ] ), '', "of mutants $accepted were accepted, $refused refused with a line, none otherwise" );
cmp_ok( $refused, '>', $accepted / 5, 'and there were of both' );
push @bad, @wrong;
faults_counted( 'configuration', $cases, scalar @bad );
done_testing();
