#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# A resumed TLS session saves the server work. It must never save us a check: the certificate is judged in each run.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my $s = $t->server( script => '' );
$t->account( $s, 'okul' );

sub resumed { return $_[0]->err =~ /, resumed$/m ? 1 : 0 }

my $run = $t->popkeep('-v');
$run->exits(0);
is( resumed($run), 0, 'the first run has nothing to resume' );
my $file = $t->state_file( 'okul', 'tls-session' );
ok( -s $file, 'the session is kept' );
is( ( stat $file )[2] & 07777, 0600, 'for nobody else to read' );
$run = $t->popkeep('-v');
$run->exits(0);
is( resumed($run), 1, 'the second run resumes it' );

spew( $file, substr( slurp($file), 0, -20 ) );
$run = $t->popkeep('-v');
$run->exits(0);
is( resumed($run), 0, 'a torn file is no harm' );

$t->clock( 2 * DAY );
$run = $t->popkeep('-v');
$run->exits(0);
is( resumed($run), 0, 'an old session is not offered' );
$t->clock(0);

# The name that is verified changes: the kept session must not carry the old judgement over.
$t->popkeep('-q')->exits(0);
my $seen = $s->sessions;
$t->forget_accounts;
$t->account( $s, 'okul', tls_name => 'mail.example.org' );
$run = $t->popkeep('-v');
$run->exits(12);
is( ( scalar grep { /^(AUTH|USER|PASS)/ } $s->commands( session => $seen + 1 ) ), 0, 'no credentials for the wrong name' );

# The account's trust changes: a pin of another key.
$t->forget_accounts;
$t->account( $s, 'okul', tls_pin => 'sha256//' . ( 'A' x 43 ) . '=' );
$t->popkeep('-v')->exits(12);

done_testing();
