#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Every password a provider can give out reaches the server octet for octet, from each of the places it can be kept in.
# If this fails, people with an odd password cannot log in, or their account is locked after a few runs.
use strict;
use warnings;
use Popkeep;
use POSIX qw(mkfifo);
use Time::HiRes qw(sleep);

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my @passwords = (
    [ 'blanks inside',          'a b  c' ],
    [ 'blanks at the ends',     ' a b ', 'no' ],
    [ 'semicolon and hash',     'a;b#c #d' ],
    [ 'blank and semicolon',    'a ;b', 'no' ],
    [ 'quotes',                 q("it's" 'so') ],
    [ 'quotes around',          '"inside"' ],
    [ 'UTF-8',                  "\xc3\xa7a\xc4\x9fr\xc4\xb1 \xc5\x9fifre \xe2\x82\xac" ],
    [ '200 octets',             join( '', map { chr 33 + $_ * 7 % 90 } 1 .. 200 ), 'no' ],
    [ 'percent and backslash',  '%s%n\\n\\x41%%' ],
    [ 'like a comment',         '#;=[x]' ],
    [ 'one octet',              'x' ],
    [ 'stars',                  '***' ],
    [ 'dollar and backtick',    '$HOME`id`$(id)' ],
    [ 'octets that are no UTF-8', "\xe7a\xf0r\xfd" ],
);

sub quoted {
    my ($text) = @_;
    return '"' . join( '', map { sprintf '\\x%02x', ord } split //, $text ) . '"';
}
my $server = $t->server;
my ($file, $command) = ( $t->path('the.password'), "cat '" . $t->path('the.password') . "'" );
for (@passwords) {
    my ( $name, $password, $inline ) = @$_;
    for my $capa ( 'TOP UIDL USER', '"SASL PLAIN"' ) {
        $server->restart( 'password ' . quoted($password) . "\ncapa $capa\n" );
        chmod 0600, spew( $file, "$password\n" );
        my @ways = ( [ password_file => $file ], [ password_command => $command ], [ password_credential => 'the.password' ] );
        push @ways, [ password => $password ] unless $inline || $password =~ /[^\x00-\x7f]/ && $name =~ /no UTF-8/;
        my @bad;
        for my $way (@ways) {
            $t->forget_accounts;
            $t->account( $server, 'okul', password_file => undef, @$way );
            my $run = $t->popkeep( '-vvv', 'check', { env => { CREDENTIALS_DIRECTORY => $t->dir } } );
            push @bad, "$way->[0]: " . $run->out . $run->err if $run->exit != 0;
            push @bad, "$way->[0]: the password is shown" if length $password > 3 && index( $run->out . $run->err, $password ) >= 0;
        }
        is( join( '', @bad ), '', "$name: logs in with " . ( $capa =~ /PLAIN/ ? 'AUTH PLAIN' : 'PASS' ) . ' from ' . join ', ', map { $_->[0] =~ s/password_//r } @ways );
    }
}

# ---- line ends: exactly one is taken off
$server->restart("password \"geheim\"\n");
for ( [ "geheim", 0 ], [ "geheim\n", 0 ], [ "geheim\r\n", 0 ], [ "geheim\n\n", 78 ], [ "geheim \n", 77 ], [ "geheim\nx\n", 78 ], [ "ge\0heim\n", 78 ], [ "ge\rheim\n", 78 ], [ '', 78 ], [ "\n", 78 ] ) {
    my ( $content, $want ) = @$_;
    ( my $shown = $content ) =~ s/([\n\r\0])/{"\n"=>'\n',"\r"=>'\r',"\0"=>'\0'}->{$1}/ge;
    chmod 0600, spew( $file, $content );
    $t->forget_accounts;
    $t->account( $server, 'okul', password_file => $file );
    my $before = $server->sessions;
    my $run    = $t->popkeep('check')->exits( $want, "password file '$shown'" );
    is( $server->sessions - $before, 0, '... is not even connected with' ) if $want == 78;
    unlike( $t->last_run->out . $t->last_run->err, qr/geheim|heim/, '... and is not shown' );
}

# ---- places that are not right
sub refused {
    my ( $name, $says, @keys ) = @_;
    $t->forget_accounts;
    $t->account( $server, 'okul', password_file => undef, @keys );
    $t->popkeep('fetch')->exits( 78, "$name: 78" );
    return like( $t->last_run->err, $says, '... and says what is wrong' );
}
chmod 0644, spew( $file, "geheim\n" );
refused( 'a password file others may read', qr/popkeep\.conf:\d+: password_file .*permissions \(0644\) let other users at it\n.*chmod 600/, password_file => $file );
refused( 'no such password file', qr/popkeep\.conf:\d+: cannot open password_file .*No such file/, password_file => $t->path('none') );
refused( 'a folder as password file', qr/is no regular file/, password_file => $t->path('home') );
refused( 'a command that fails', qr/popkeep\.conf:\d+: password_command.*\b3\b/, password_command => 'exit 3' );
refused( 'a command without output', qr/password_command/, password_command => 'true' );
refused( 'a credential outside a unit', qr/CREDENTIALS_DIRECTORY is not set.*\n.*LoadCredential=okul:FILE/, password_credential => 'okul' );
refused( 'no password and no terminal', qr/there is no terminal to ask for the password on\n.*password_file, password_command or password_credential/ );

# ---- an agent that the command leaves running (gpg-agent, ssh): if it held the lock, no run would get through until it ends
my $pid_file = $t->path('agent.pid');
$t->forget_accounts;
$t->account( $server, 'okul', password_file => undef,
    password_command => "setsid sh -c 'echo \$\$ > $pid_file; exec sleep 100' & echo geheim" );
$t->popkeep('fetch')->exits( 0, 'a password command that leaves an agent behind' );
$t->popkeep('fetch')->exits( 0, '... which holds no lock of ours' );
for ( 1 .. 500 ) { last if ( slurp($pid_file) // '' ) =~ /\n/; sleep 0.01 }
is( kill( 'KILL', split ' ', slurp($pid_file) ), 1, '... and lives on' );

# ---- asked on a terminal
mkfifo( $t->path('keys'), 0600 ) or die $!;
sub typed {
    my ( $keys, @args ) = @_;
    open my $fh, '+<', $t->path('keys') or die $!;
    $t->forget_accounts;
    $t->account( $server, 'okul', password_file => undef );
    my $run = $t->start( @args, { tty => 1, stdin => $t->path('keys') } );
    for ( 1 .. 1000 ) { last if ( slurp( $run->{out_file} ) // '' ) =~ /Password of ogretmen \(account okul\): /; sleep 0.01 }
    syswrite $fh, $keys;
    return $run->finish;
}
typed( "geheim\n", 'check' )->exits( 0, 'a typed password logs in' );
unlike( $t->{running}->out, qr/geheim/, '... and is not echoed' );
typed( "falsch\n", 'check' )->exits( 77, 'a mistyped one is refused' );
done_testing();
