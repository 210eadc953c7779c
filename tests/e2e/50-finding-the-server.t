#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# A wrong host name: where a person gives up before the first mail is saved.
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my $s = $t->server( script => '', cert => 'wrongname' );    # for pop. and mail.okul.example
$t->account( $s, 'okul', user => 'mudur@okul.example', host => 'posta.okul.example' );
$t->{preload} = [ Popkeep::tools_dir() . '/hostshim.so' ];

my $run = $t->popkeep( 'check', { env => { HOSTSHIM => 'pop.okul.example,pop3.okul.example' } } );
$run->exits(69);
$run->says( qr/there is no host posta\.okul\.example/, 'the name that is wrong is told' );
$run->says( qr/pop\.okul\.example answers at port \d+ as a POP3 server.*host = pop\.okul\.example/, 'and the usual one that answers' );
$run->says( qr/pop3\.okul\.example answers at port \d+, but its certificate was not accepted/, 'one that cannot be verified is not recommended' );
is( join( ' ', $s->commands ), '', 'nothing is sent to a server that was only tried, least of all a password' );

$run = $t->popkeep( 'check', { env => { HOSTSHIM => '' } } );
$run->exits(69);
unlike( $run->err, qr/answers/, 'no guess where nothing answers' );

done_testing();
