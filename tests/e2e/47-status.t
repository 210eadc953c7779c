#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What status tells without network. It is what an administrator looks at in the morning: if it hides trouble, nobody
# notices that mail has not been saved for a week.
# suites: valgrind
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody\n" ) } 1 .. 3 );
my $s = $t->server;
$t->account( $s, 'okul', retention_days => 30 );

sub status {
    my ( $want, $name, @args ) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $run = $t->popkeep( @args, 'status' )->exits( 0, $name ) && $t->last_run;
    like( $run->out, $want, '... and says so' );
    return $run;
}
status( qr/^okul\n    last success   never\n    stored         0 messages\n    on the server  not known yet\n.*^    trouble        it has never been run\n\z/ms, 'never run' );
$t->popkeep->exits(0);
my $fresh = status( qr/^    last success   \d{4}-\d\d-\d\d \d\d:\d\d UTC \(\d+ s ago\)\n    stored         3 messages\n    on the server  3 messages \(\d+ B\) at the last run\n    deletion       next deletion due \d{4}-\d\d-\d\d\n/m, 'after a run' );
unlike( $fresh->out, qr/trouble/, 'no trouble' );
is( $t->popkeep( '-q', 'status' )->out, '', '-q: nothing that needs looking at' );

unlink +( $t->stored_paths('okul') )[0];
status( qr/^    stored         3 messages, 1 of them no longer in the Maildir$/m, 'a copy its owner removed is counted' );
my ($event) = grep { $_->{event} eq 'account-status' } $t->popkeep( '--json', 'status' )->json;
is_deeply( [ @$event{qw(stored missing listed)} ], [ 3, 1, 3 ], '... in JSON as well' );

$t->clock( 8 * DAY );
status( qr/^    trouble        no success for 8 d/m, 'a week without success' );
like( $t->popkeep( '-q', 'status' )->out, qr/no success for 8 d/, '... with -q, too' );
$t->clock(0);

$s->restart(qq(login "-ERR [AUTH] no"\n));
$t->popkeep->exits(77) for 1 .. 2;
my $bad = status( qr/^    trouble        the last run ended with 77: login refused; the login was refused in the last 2 runs\n\z/m, 'what went wrong, in one line' );
like( $bad->out, qr/^    last run       /m, '... and when' );

rename $t->path('Mail/okul'), $t->path('Mail/away');
status( qr/the Maildir is not there; is a disk not mounted\?/, 'a Maildir that is gone' );
rename $t->path('Mail/away'), $t->path('Mail/okul');
$s->restart('');
$t->popkeep('okul')->exits(0);
unlike( $t->popkeep('status')->out, qr/trouble/, 'all well again' );

$t->account( $s, 'lise', user => 'mudur' );
$t->popkeep('status')->prints( qr/^late   lise     never  +0 +it has never been run$/m, 'a table when there are several' );
$t->popkeep( 'status', 'lise' )->prints( qr/\Alise\n    last success   never\n/, 'only one is asked for: the long form' );
$s->stop;
$t->popkeep('status')->exits( 0, 'no server is needed' );
done_testing();
