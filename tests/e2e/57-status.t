#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What a monitor reads between runs: how full the mailbox is, until when the certificate is valid, how bad an account
# stands. If it is wrong, a mailbox fills up and bounces mail while every light is green.
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody\n" ) } 1 .. 3 );
my $s = $t->server;
$t->account( $s, 'okul', retention_days => 30 );

sub event {
    my ($of) = @_;
    my ($event) = grep { $_->{event} eq 'account-status' } ( $of // $t )->popkeep( '--json', 'status' )->json;
    return $event;
}

sub marks {
    my %mark = $t->journal('okul') =~ /^M \d+ (\S+) (.*) [0-9a-f]{8}$/mg;
    return \%mark;
}

my $e = event();
is_deeply( [ @$e{qw(health trouble)} ], [ 'late', ['never-run'] ], 'never run: late' );
ok( !exists $e->{$_}, "... and $_ is not known" ) for qw(used_octets quota_percent certificate_expires success_age_s);

$t->popkeep->exits(0);
my ($octets) = map { $_->{text} =~ /^\+OK 3 (\d+)/ } $s->log( kind => 'S' );
$e = event();
is_deeply( [ @$e{qw(health trouble used_octets)} ], [ 'well', [], $octets ], 'after a run: well, and as full as STAT says' );
cmp_ok( $e->{success_age_s}, '<', 60, 'the last success was just now' );
like( $e->{certificate_expires}, qr/^20\d\d-\d\d-\d\dT/, 'the end of the certificate is known' );
is( $s->arguments('STAT'), 1, 'for all that, STAT was sent once' );

my $lines = () = $t->journal('okul') =~ /\n/g;
$t->popkeep->is_silent;
is( ( () = $t->journal('okul') =~ /\n/g ) - $lines, 2, 'a run in which nothing changed adds its record and the end of the group alone' );

subtest 'what a run deletes does not fill the mailbox any more' => sub {
    $t->clock( 31 * DAY );
    $t->popkeep->exits(0);
    is( event()->{used_octets}, 0,     'all is gone' );
    is( marks()->{mailbox},     '0%200', '... as the journal says' );
    $t->popkeep->exits(0);
    is( event()->{used_octets}, 0, '... and the next run finds it so' );
    $t->clock(0);
};

subtest 'a certificate that ends soon is told of once' => sub {
    $t->clock( 355 * DAY );
    $t->popkeep->exits(0);
    $t->last_run->says(qr/\Aokul: warning: the server's certificate ends on \d{4}-\d\d-\d\d, in 9 d( \d+ h)?; once it has ended nothing can be fetched/);
    $t->popkeep->is_silent;
    my $e = event();
    is_deeply( [ @$e{qw(health trouble)} ], [ 'well', ['certificate'] ], 'status: a remark, no trouble' );
    like( $e->{text}, qr/^the server's certificate ends on \d{4}-\d\d-\d\d, in 9 d/, '... in words' );
    $t->clock( 366 * DAY );
    $t->popkeep->exits(12);
    $e = event();
    is_deeply( [ @$e{qw(health trouble)} ], [ 'trouble', [qw(stale last-run certificate)] ], 'once it has ended: trouble' );
    like( $e->{text}, qr/^the server's certificate ended on/m, '... in words' );
    $t->clock(0);
};

subtest 'a server with a pinned key may have any dates' => sub {
    my $t = Popkeep->new;
    $t->mails( 'box', '1.eml' => "Subject: 1\n\nbody\n" );
    my $s = $t->server;
    $t->account( $s, 'okul' );
    my ($pin) = $t->popkeep('check')->out =~ m{(sha256//[\w+/=]+)};
    $t->forget_accounts;
    $t->account( $s, 'okul', tls_pin => $pin, tls_ca_file => undef );
    $t->clock( 355 * DAY );
    $t->popkeep->exits(0);
    is( $t->last_run->err, '', 'no warning' );
    my $e = event($t);
    is_deeply( [ @$e{qw(health trouble certificate_expires)} ], [ 'well', [], undef ], 'no word of the certificate' );
};

subtest 'a server that refuses the login has shown its certificate' => sub {
    my $t = Popkeep->new;
    my $s = $t->server( script => qq(login "-ERR [AUTH] no"\n) );
    $t->account( $s, 'okul' );
    $t->popkeep->exits(77);
    my $e = event($t);
    is_deeply( [ @$e{qw(health trouble)} ], [ 'trouble', [qw(no-success last-run)] ], 'trouble' );
    like( $e->{certificate_expires}, qr/^20/, 'its end is known' );
    ok( !exists $e->{used_octets}, '... but not how full the mailbox is' );
};

for my $case ( [ 'STAT that says nothing', qq(on STAT send "-ERR\\r\\n"\n), 'LIST' ], [ 'STAT with nonsense', qq(on STAT send "+OK many\\r\\n"\n), 'LIST' ], [ 'sizes that nobody tells', qq(on STAT send "-ERR\\r\\n"\non LIST send "-ERR\\r\\n"\n), undef ] ) {
    my ( $name, $script, $from ) = @$case;
    my $t = Popkeep->new;
    $t->mails( 'box', '1.eml' => "Subject: 1\n\nbody\n" );
    my $s = $t->server( script => $script );
    $t->account( $s, 'okul' );
    $t->popkeep;
    my $e = event($t);
    is( $e->{used_octets}, $from ? length "Subject: 1\r\n\r\nbody\r\n" : undef, "$name: " . ( $from ? "the sum of $from" : 'it is not known how full the mailbox is' ) );
}
subtest 'against quota_mb and deadline' => sub {
    my $t = Popkeep->new;
    $t->mails( 'box', '1.eml' => "Subject: 1\n\nbody\n" );
    my $s = $t->server( script => qq(on STAT send "+OK 1 959999999\\r\\n"\n) );
    $t->account( $s, 'okul', quota_mb => 1000, deadline => '2027-02-28' );
    $t->popkeep->exits(0);
    my $e = event($t);
    is_deeply( [ @$e{qw(used_octets quota_octets quota_percent deadline)} ], [ 959999999, 1000000000, 95, '2027-02-28T00:00:00Z' ], 'percent is rounded down' );
    is_deeply( [ @$e{qw(health trouble text)} ], [ 'trouble', ['full'], 'the mailbox is 95 % full' ], 'hardly any room left: trouble' );
    $s->restart(qq(on STAT send "+OK 1 899999999\\r\\n"\n));
    $t->popkeep->exits(0);
    $e = event($t);
    is_deeply( [ @$e{qw(quota_percent health)} ], [ 89, 'well' ], 'room again: well' );
};
subtest 'a first run that ends before there is a journal' => sub {
    my $t = Popkeep->new;
    my $s = $t->server;
    $t->account( $s, 'okul', password_file => $t->path('none') );
    $t->popkeep->exits(78);
    my $e = event($t);
    is_deeply( [ @$e{qw(health status)}, join ' ', @{ $e->{trouble} } ], [ 'trouble', 78, 'no-success last-run' ], 'it was run, and somebody has to do something' );
};
subtest 'many accounts are a table, the worst first' => sub {
    my $t = Popkeep->new;
    $t->mails( 'box', '1.eml' => "Subject: 1\n\nbody\n" );
    my $s = $t->server;
    my $bad = $t->server( script => qq(login "-ERR [AUTH] no"\n) );
    $t->account( $s, 'ada',   quota_mb => 500, deadline => '2100-01-01' );
    $t->account( $bad, 'bursa', user => 'b' );
    $t->account( $s, 'can',   user => 'c' );
    $t->popkeep( 'ada', 'bursa' );
    my $run = $t->popkeep('status');
    $run->exits(0);
    my ( $head, @line ) = split /\n/, $run->out;
    like( $head, qr/^STATE    ACCOUNT  LAST SUCCESS  STORED  ON SERVER  DUE  QUOTA  DEADLINE$/, 'a head' );
    like( $line[0], qr/^TROUBLE  bursa    never .*  no run has succeeded yet; the last run ended with 77: login refused$/, 'trouble first, and why' );
    like( $line[1], qr/^late     can      never .*  it has never been run$/, 'then what is late' );
    like( $line[2], qr/^well     ada      \d+ s ago  +1  +1  +0  +0 %  +\d+ d$/, 'then the rest' );
    is( $line[3], '3 accounts: 1 well, 1 late, 1 in trouble', 'and the counts' );
    unlike( $run->out, qr/\e/, 'no colour in a pipe' );
    is( scalar( split /\n/, $t->popkeep( '-q', 'status' )->out ), 4, '-q leaves out what is well' );
    is( $t->popkeep( '-q', 'status', 'ada' )->out, '', '... all of it, if need be' );
    $t->popkeep( '-v', 'status' );
    $t->last_run->prints(qr/^ada\n    last success   .*^    mailbox        \d+ B of 500\.0 MB, 0 % full\n.*^bursa\n.*^can\n/ms, '-v tells of each at length');
    my $journal = $t->path('state/ada/journal');
    spew( $journal, slurp($journal) =~ s/^H /h /r );
    $run = $t->popkeep('status');
    $run->exits(65);
    like( $run->out, qr/^TROUBLE  ada      \? .*journal.*damage/m, 'a journal that cannot be read is trouble as well' );
};

subtest 'colour is for terminals that want it' => sub {
    my $t = Popkeep->new;
    my $s = $t->server;
    $t->account( $s, 'ada' );
    $t->account( $s, 'can', user => 'c' );
    like( $t->popkeep( 'status', { tty => 1, env => { TERM => 'xterm' } } )->out, qr/^\e\[33mlate\e\[0m +ada /m, 'on a terminal' );
    unlike( $t->popkeep( 'status', { tty => 1, env => { TERM => 'xterm', NO_COLOR => '1' } } )->out, qr/\e/, 'not with NO_COLOR' );
    like( $t->popkeep( 'status', { tty => 1, env => { TERM => 'xterm', NO_COLOR => '' } } )->out, qr/\e/, '... unless it is empty' );
    unlike( $t->popkeep( 'status', { tty => 1, env => { TERM => 'dumb' } } )->out, qr/\e/, 'not on a dumb one' );
};

subtest 'a thousand journals are not read to tell how things stand' => sub {
    my $t = Popkeep->new;
    $t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody\n" ) } 1 .. 3 );
    my $s = $t->server;
    $t->account( $s, 'ada', retention_days => 30, quota_mb => 1 );
    $t->account( $s, 'can', user => 'c' );
    $t->popkeep->exits(0);
    my $brief = $t->path('state/ada/brief');
    my $table = sub { $t->popkeep( 'status', @_ )->out =~ s/\d+ s ago/now/gr };
    my $quick = $table->( { strace => 1 } );
    ok( -s $brief, 'a run leaves what status needs' );
    like( slurp( $t->last_run->{strace} ), qr/openat\([^)]*"brief"/, 'that is what it reads' );
    unlike( slurp( $t->last_run->{strace} ), qr/openat\([^)]*"journal"/, 'the journals are not opened' );
    is( ( stat $brief )[2] & 0777, 0600, 'nobody else may read it' );
    unlink $brief;
    is( $table->(), $quick, 'read from the journal it is the same' );
    ok( !-e $brief, '... and status writes nothing' );
    $t->popkeep->exits(0);
    is( $table->(), $quick, 'the next run writes it again' );

    my $journal = $t->path('state/ada/journal');
    my $whole   = slurp($journal);
    spew( $journal, $whole =~ s/^S /s /mr );
    is( $t->popkeep('status')->exit, 65, 'a journal that was changed is read' );
    utime( ( stat $brief )[ 8, 9 ], $journal );
    $t->popkeep->exits(65);
    ok( !-e $brief, 'a run that finds the journal damaged leaves nothing that says otherwise' );
    like( $table->(), qr/^TROUBLE  ada /m, '... so that status tells of it' );

    spew( $journal, $whole );
    $t->popkeep->exits(0);
    my $good = slurp($brief);
    for my $bad ( '', 'x' x 100, substr( $good, 0, -1 ), $good =~ s/3/4/r, "$good\n" ) {
        spew( $brief, $bad );
        is( $table->(), $quick, 'one that is torn or not ours is passed over' );
    }
    spew( $brief, $good );
    rename $t->path('Mail/ada'), $t->path('Mail/away');
    like( $table->(), qr/^TROUBLE  ada .* the Maildir is not there/m, 'a Maildir that is gone is noticed all the same' );
    rename $t->path('Mail/away'), $t->path('Mail/ada');
    $t->clock( 8 * DAY );
    like( $table->(), qr/^late   ada .* no success for 8 d/m, '... and the time that passes' );
};
done_testing();
