#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Servers that IPv6 reaches, and those whose IPv6 address is dead. If this fails, mail is not fetched from a server that
# has just been given an AAAA record.
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my $six = $t->server( args => [ '--listen', '::1' ] );
$t->account( $six, 'okul', host => '::1' );
$t->popkeep('check')->exits( 0, 'an IPv6 address' );
$t->last_run->prints(qr{^\[ok\]\s+connection.*::1}m);
$t->popkeep('-v')->exits( 0, '... fetches' );
is_deeply( $t->stored_octets('okul'), ["Subject: a\n\nbody\n"], '... and stores' );

$t->forget_accounts;
$t->account( $six, 'okul', host => '[::1]' );
$t->popkeep->exits( 0, 'the address in brackets is the same server' );
$t->last_run->is_silent;

# A name with both addresses, whichever of them answers
$t->{preload} = [ Popkeep::tools_dir() . '/hostshim.so' ];
for my $listen ( '::1', '127.0.0.1' ) {
    my $s = $t->server( args => [ '--listen', $listen ] );
    $t->forget_accounts;
    $t->account( $s, 'okul', host => 'pop.okul.example', tls_name => 'localhost' );
    $t->popkeep( 'check', { env => { HOSTSHIM_BOTH => 'pop.okul.example' } } )->exits( 0, "both addresses, only $listen answers" );
    $s->stop;
}
done_testing();
