#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Many accounts in one run: each is done whatever becomes of the others, and exit status, summary and JSON say the
# same. If they differ, a script believes that a school's mail is saved which is not.
use strict;
use warnings;
use Popkeep;
use JSON::PP ();

my $t = Popkeep->new;
$t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody $_\n" ) } 1 .. 3 );
my $good = $t->server;

# One JSON object a line, "v":1 first, the last one the summary with the exit status; %accounts: name => status.
sub json_of {
    my ( $run, $want, $name ) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @lines = split /^/, $run->out;
    my @bad = grep { !/\A\{"v":1,"event":"[a-z-]+"[,}].*\}\n\z/ || !eval { JSON::PP->new->utf8->decode($_) } } @lines;
    is( join( '', @bad ), '', "$name: every line is a JSON object that begins with v and event" );
    my @events = $run->json;
    is( join( ' ', map { $_->{event} eq 'summary' ? 'summary' : () } @events ), 'summary', '... one summary' );
    is( $events[-1]{event}, 'summary', '... at the end' );
    is( $events[-1]{status}, $run->exit, '... with the exit status' );
    is_deeply( { map { $_->{event} eq 'account-end' ? ( $_->{account} => $_->{status} ) : () } @events }, $want, '... and the status of each account' );
    is( $events[-1]{accounts}, scalar keys %$want, '... which it counts' );
    is( $events[-1]{accounts_failed}, scalar( grep { $_ } values %$want ), '... also those that failed' );
    return @events;
}

# ---- one of each, the good ones between bad ones
my %bad = (
    77 => $t->server( script => qq(login "-ERR [AUTH] no"\n) ),
    75 => $t->server( script => qq(login "-ERR [IN-USE] busy"\n) ),
    69 => $t->server( script => qq(on GREETING send "-ERR closed for ever\\r\\n"\n) ),
    76 => $t->server( script => qq(on STAT send "what?\\r\\n"\n) ),
    12 => $t->server( cert => 'selfsigned' ),
    10 => $t->server( script => qq(on RETR 2 send "-ERR not now\\r\\n"\n) ),
);
$t->account( $good, 'good-a' );
$t->account( $bad{$_}, "bad-$_", user => "u$_" ) for sort keys %bad;
$t->account( $good, 'bad-78', user => 'u78', password_file => $t->path('nowhere') );
$t->account( $good, 'bad-73', user => 'u73', maildir => '/proc/popkeep/Mail' );
$t->account( $good, 'good-b', user => 'another', maildir => $t->path('Mail/good-b') );
my %want = ( 'good-a' => 0, 'good-b' => 0, 'bad-78' => 78, 'bad-73' => 73, map { ( "bad-$_" => $_ ) } keys %bad );

for my $jobs ( 1, 8 ) {
    my $run = $t->popkeep( '--json', '-j', $jobs );
    json_of( $run, \%want, "ten accounts, $jobs at a time" );
    is( $run->exit, 73, '... the worst counts' );
    is( scalar $t->stored_paths($_), 3, "... $_ is complete" ) for qw(good-a good-b);
    is( scalar $t->stored_paths('bad-10'), 2, '... the incomplete one has the rest' );
}

# ---- the order of the manual: each pair of neighbours in it
my @order = grep { $want{"bad-$_"} } ( join( '', slurp('man/popkeep.1') // '' ) =~ /in the order ([0-9 \n]+)\./ ? split ' ', $1 : () );
cmp_ok( scalar @order, '>=', 8, 'the manual has an order' );
for my $i ( 0 .. $#order - 1 ) {
    my ( $worse, $better ) = @order[ $i, $i + 1 ];
    $t->popkeep( '-q', "bad-$better", "bad-$worse", 'good-a' )->exits( $worse, "$worse is worse than $better" );
}
$t->popkeep( '-q', "bad-$order[-1]", 'good-b' )->exits( $order[-1], "$order[-1] is worse than 0" );

# ---- for people
my $run = $t->popkeep('good-*')->exits(0) && $t->last_run;
$run->is_silent('several accounts, nothing to do: silence');
$t->mails( 'box', '0004.eml' => "Subject: 4\n\nbody\n" );
$t->popkeep('good-*')->prints( qr/^good-a: 1 new message \(\d+ B\) stored; 4 on the server, 0 left to fetch\n/m, 'a line an account' );
$t->last_run->prints( qr/^2 accounts: 2 new messages \(\d+ B\) stored; 8 on the server, 0 left to fetch\n\z/m, '... and their sum' );
$t->popkeep( 'good-a', 'bad-77' )->prints( qr/^2 accounts: nothing new.*; 1 account not complete\n\z/m, 'a failed one is counted in the last line' );
$t->last_run->says( qr/^bad-77: login refused for u77 by 127\.0\.0\.1: /m, '... and told by its name' );
for my $line ( grep { /\S/ } split /\n/, $t->popkeep('check')->err ) {
    like( $line, qr/^(?:(?:good|bad)-|popkeep: |\s)/, 'whose message it is stands in front' ) or last;
}

# ---- sums
my @events = json_of( $t->popkeep( '--json', '-n', 'good-*' ), { 'good-a' => 0, 'good-b' => 0 }, 'dry run' );
my %sum;
for my $event ( grep { $_->{event} eq 'account-end' } @events ) {
    $sum{$_} += $event->{$_} for grep { $event->{$_} =~ /^\d+$/ } qw(listed listed_octets known would_fetch would_delete due);
}
is( $events[-1]{$_}, $sum{$_}, "the summary sums $_ up" ) for sort keys %sum;
is( $events[-1]{listed}, 8, 'to a number that is right' );
for my $command ( ['check'], ['verify'], [ 'verify', '--server' ] ) {
    json_of( $t->popkeep( '--json', @$command, 'good-*' ), { 'good-a' => 0, 'good-b' => 0 }, "@$command" );
}
my @status = $t->popkeep( '--json', 'status' )->exits(0) && $t->last_run->json;
is( join( ' ', sort map { $_->{event} eq 'account-status' ? $_->{account} : () } @status ), join( ' ', sort keys %want ), 'status tells of all' );
is( $status[-1]{accounts}, scalar keys %want, '... and counts them' );
my ( $of77, $of73 ) = map { my $of = $_; grep { $_->{event} eq 'account-status' && $_->{account} eq $of } @status } 'bad-77', 'bad-73';
is( $of77->{status}, 77, '... knows how the last run ended' );
is_deeply( [ @{$of73}{qw(status trouble)} ], [ 73, [ 'no-success', 'last-run' ] ], '... also of one that never got as far as its record' );
my @providers = json_of( $t->popkeep( '--json', 'providers' ), {}, 'providers' );
cmp_ok( scalar @providers, '>', 5, 'providers speaks JSON, too' );
is( join( '', map { $_->{v} } @providers ), '1' x @providers, '... with v' );

# ---- a damaged journal spoils its own account alone
my $journal = $t->state_file( 'good-a', 'journal' );
my $text    = slurp($journal);
substr( $text, length($text) / 3, 1 ) ^= "\x01";
spew( $journal, $text );
json_of( $t->popkeep( '--json', 'fetch', 'good-*' ), { 'good-a' => 65, 'good-b' => 0 }, 'a damaged journal' );
$t->popkeep( 'status', 'good-*' )->exits( 65, 'status says it as well' );
$t->last_run->says(qr/^good-a: .*journal/m);
$t->last_run->prints( qr/good-b/, '... and tells of the other' );

# ---- a worker that is killed
$t->forget_accounts;
my $slow = $t->server( script => "on LIST silent\n" );
$t->account( $slow, 'killed' );
$t->account( $good, 'good-b', user => 'another' );
$run = $t->start( '--json', '-vvv' );
my $worker;
until_it( 'the other to end', sub { ( slurp( $run->{err_file} ) // '' ) =~ /killed > LIST/ && ( slurp( $run->{out_file} ) // '' ) =~ /"event":"account-end".*good-b/ } );
until_it( 'only this one', sub { ( $worker, my @others ) = workers( $run->{pid} ); return $worker && !@others } );
kill KILL => $worker;
$run->finish;
json_of( $run, { killed => 70, 'good-b' => 0 }, 'a worker that was killed' );
like( $run->err, qr/^killed: the worker process was ended by signal 9$/m, '... is said' );

# ---- the manual's fields: all that are given, and no others. A script waits for ever for one that never comes.
my ($section) = slurp('man/popkeep-json.5') =~ /^\.Sh EVENTS\n(.*?)^\.Sh /ms;
my %told = map { my ( $name, $part ) = /\A([\w-]+)\n(.*)\z/s; ( $name => { map { ( $_ => 1 ) } $part =~ /^\.Li (\w+)/mg } ) } $section =~ /^\.It Cm (.*?)(?=^\.It |\z)/msg;
%{ $told{$_} } = ( %{ $told{ $_ eq 'summary' ? 'account-end' : 'message-deleted' } }, %{ $told{$_} } ) for qw(summary message-kept message-planned);
my %seen;
my $m = Popkeep->new;
$m->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody $_\n" ) } 1 .. 3 );
my $school = $m->server;
$m->account( $school, 'okul', retention_days => 1, quota_mb => 500, deadline => '2100-01-01' );
$m->account( $school, 'new', user => 'mudur' );

sub look {
    my @found = $m->popkeep( '--json', @_ )->json;
    for my $event (@found) { $seen{ $event->{event} }{$_} = 1 for keys %$event }
    return @found;
}
look(@$_) for [ '-n', 'okul' ], [ '-v', 'fetch', 'okul' ], ['status'], [ 'check', 'okul' ];
my @kept = $m->stored_paths('okul');
unlink $kept[0];
spew( $kept[1], 'changed' );
$m->mails( 'box', '0004.eml' => "Subject: 4\n\nbody 4\n" );
look( 'verify', '--server', 'okul' );
$m->clock( 2 * DAY );
look( '-n', 'okul' );
$school->restart(qq(on DELE send "-ERR locked\\r\\n"\n));
look( '-v', 'fetch', 'okul' );
$school->restart('');
my ($gone) = grep { $_->{event} eq 'message-deleted' } look( '-v', 'fetch', 'okul' );
my ($line) = map { JSON::PP::decode_json($_) } split /\n/, $m->deletions('okul');
is( join( ' ', map { $gone->{$_} // 'none' } qw(uidl octets sha256 file) ), join( ' ', map { $line->{$_} // 'none' } qw(uidl octets sha256 file) ),
    'a deletion is told as it stands in deletions.jsonl' );
$school->restart(qq(login "-ERR [IN-USE] busy"\n));
look( "-v", "fetch", "okul" );
$school->restart(qq(login "-ERR [AUTH] no"\n));
look('check');
my %always = map { ( $_ => 1 ) } qw(v event time run account status_name);
for my $event ( sort keys %seen ) {
    is( join( ' ', grep { !$told{$event}{$_} && !$always{$_} } sort keys %{ $seen{$event} } ), '', "$event: every field is in the manual" );
}
for my $event (qw(run-start account-start message-stored message-deleted message-kept message-planned message-bad check-step account-status account-end)) {
    is( join( ' ', grep { !$seen{$event}{$_} } sort keys %{ $told{$event} } ), '', "$event: every field of the manual is given" );
}

# ---- a password command that waits (for a card, a network) holds up its own account alone
my $p = Popkeep->new;
$p->mails( 'box', '0001.eml' => "Subject: 1\n\nbody\n" );
my $lycee = $p->server;
my $flag = $p->path('go-on');
$p->account( $lycee, 'waits', password_file => undef, password_command => "while [ ! -e $flag ]; do sleep 0.05; done; echo secret" );
$p->account( $lycee, 'ready', user => 'mudur' );
my $both = $p->start;
ok( until_it( 'the other account', sub { @{ $p->stored_octets('ready') } == 1 } ), 'the other account is done while a password command waits' );
spew( $flag, '' );
$both->finish->exits( 0, '... and then this one' );
is( scalar @{ $p->stored_octets('waits') }, 1, '... is stored as well' );
done_testing();
