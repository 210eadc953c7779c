#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The tool the other tests stand on: a broken server would make them prove nothing.
use strict;
use warnings;
use Popkeep;
use Popkeep::Client;

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\n.dot\nlast", '0002.raw' => "Subject: b\r\n\r\nbody\0\r\n", '0003.eml' => '' );

sub talk {    # a client logged in to a server with this script
    my ( $script, %how ) = @_;
    my $s = $t->server( script => $script, %how );
    my $c = Popkeep::Client->new( $s->port );
    return ( $s, $c );
}

{
    my ( $s, $c ) = talk('');
    is( $c->line, '+OK ready', 'greets' );
    $c->login( 'x', 'secret' );
    is( $c->say('STAT'), '+OK 3 47', 'counts octets as they are on the wire' );
    is( join( '|', $c->lines('LIST') ), '1 26|2 21|3 0', 'lists sizes' );
    is( join( '|', $c->lines('UIDL') ), '1 u0001|2 u0002|3 u0003', 'names messages' );
    is( $c->mail('RETR 1'), "Subject: a\r\n\r\n.dot\r\nlast\r\n", 'doubles dots, ends the last line' );
    is( $c->mail('RETR 2'), "Subject: b\r\n\r\nbody\0\r\n", 'hands over NUL and CRLF untouched' );
    is( $c->mail('TOP 1 0'), "Subject: a\r\n\r\n", 'TOP stops after the header' );
    is( $c->say('DELE 1'), '+OK', 'marks' );
    is( $c->say('QUIT'), '+OK bye', 'says goodbye' );
    is( join( ' ', $s->gone ), '0001.eml', 'QUIT deletes' );
    is( join( ' ', $s->left ), '0002.raw 0003.eml', 'and nothing else' );
    is( $s->flights(1), scalar( $s->commands ), 'in lock-step each command is a flight' );
    $s->stop;
}
{
    my ( $s, $c ) = talk(<<'END');
capa none
on RETR 1 send "-ERR cannot open\r\n"
on UIDL line 2 send "2 other\r\n"
on NOOP nth 2 then-close
session 2 {
    login "-ERR [AUTH] no"
    login-close
}
END
    $c->line;
    is( $c->say('CAPA'), '-ERR unknown command', 'capa none' );
    $c->login( 'x', 'secret' );
    is( $c->say('RETR 1'), '-ERR cannot open', 'a row answers instead of the command' );
    is( join( '|', $c->lines('UIDL') ), '1 u0002|2 other', 'a row replaces a line' );
    is( $c->say('NOOP'), '+OK', 'nth: not the first' );
    is( $c->say('NOOP'), '+OK', 'nth: the second answers' );
    is( $c->line, undef, 'and closes' );
    my $second = Popkeep::Client->new( $s->port );
    $second->line;
    is( $second->say('USER x'), '+OK', 'second session' );
    is( $second->say('PASS secret'), '-ERR [AUTH] no', 'has rows of its own' );
    is( $second->line, undef, 'closed after the refusal' );
    is( $s->sessions, 2, 'sessions are counted' );
    $s->stop;
}
{
    my ( $s, $c ) = talk(<<'END');
send "+OK hello\r\n"
expect "USER *"
send "+OK\r\n"
expect "QUIT"
END
    is( $c->line, '+OK hello', 'raw: greets as told' );
    is( $c->say('USER a'), '+OK', 'raw: goes on when the pattern fits' );
    $c->send("NOOP\r\n");
    is( $c->line, undef, 'raw: closes when it does not' );
    ok( ( grep { /^unexpected/ } $s->events ), 'and logs it' );
    $s->stop;
}
{
    my ( $s, $c ) = talk("cut-after 20\nchunk 1\n");
    is( $c->line, '+OK ready', 'one octet a record' );
    $c->send("CAPA\r\n");
    is( $c->rest, "+OK\r\nTOP\r", 'cut after so many octets' );
    $s->stop;
}
{
    my ( $s, $c ) = talk("retr-marks-gone\nlisting-first 1\n");
    $c->line;
    $c->login( 'x', 'secret' );
    is( $c->say('STAT'), '+OK 1 21', 'a part of the mailbox is listed' );
    $c->mail('RETR 1');
    $c->say('QUIT');
    is( join( ' ', $s->hidden ), '0002.raw', 'retrieved mail is listed no more' );
    $s->stop;
}
{
    my $s = $t->server( script => "tls-max 1.1\n" );
    my $c = Popkeep::Client->new( $s->port, '-tls1_2' );
    is( $c->line, undef, 'no version in common' );
    $c->finish;
    ok( ( grep { /^tls-failed/ } $s->events ), 'is logged' );
    is( scalar( $s->commands ), 0, 'and no command came' );
}
{
    my $s = eval { $t->server( script => "on RETR jump\n" ) };
    like( $@, qr/script:1: unknown action: jump/, 'a script with a mistake is refused' );
}
done_testing();
