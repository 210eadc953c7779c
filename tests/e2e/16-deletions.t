#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Deletions that are refused, ignored, half done or not asked for: nothing is lost, nothing asked for without end,
# and the log of deletions tells the truth.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;
use Popkeep::Faults 'servers';

my $all      = [qw(0001.eml 0002.eml 0003.eml)];
my $lockstep = "capa TOP UIDL USER\n";
my @stored   = ( exit => 0, stored => 'all' );    # the first run of most cases
my %due      = ( clock => 31 * DAY );

sub logged {    # how often each UIDL stands in the log of deletions
    my ( $t, %want ) = @_;
    my %n;
    $n{ JSON::PP::decode_json($_)->{uidl} }++ for split /\n/, $t->deletions('okul');
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is( join( ' ', map { "$_:$n{$_}" } sort keys %n ), join( ' ', map { "$_:$want{$_}" } sort keys %want ), 'the log of deletions' );
}
require JSON::PP;
my %once = ( u0001 => 1, u0002 => 1, u0003 => 1 );

bad_server 'the usual: deleted when due, logged once each, not asked for again',
  @stored,
  then  => [ { %due, exit => 0, gone => $all, check => sub { logged( $_[0], %once ) } }, { exit => 0, silent => 1, not_sent => qr/^DELE/, check => sub { logged( $_[0], %once ) } } ],
  after => 0;

for my $how ( '', $lockstep ) {
    my $way = $how ? 'one by one' : 'pipelined';
    bad_server "DELE refused for one ($way): it stays, the others go, the next run tries again, no error",
      @stored,
      then => [
        { %due, script => qq{${how}on DELE 2 send "-ERR locked\\r\\n"\n}, exit => 0, gone => [ '0001.eml', '0003.eml' ] },
        { script => $how, exit => 0, gone => $all, check => sub { logged( $_[0], %once ) } },
      ],
      after => 0;

    bad_server "DELE answered by an empty line ($way, Exchange): protocol error without QUIT, so nothing is deleted and nothing lost",
      @stored,
      then => [
        { %due, script => qq{${how}on DELE 2 send "\\r\\n"\n}, exit => 76, gone => [], not_sent => qr/^QUIT/, stored => 'all', check => sub { logged( $_[0] ) } },
        { script => $how, exit => 0, gone => $all, stored => 'all', check => sub { logged( $_[0], %once ) } },
      ],
      after => 0;

    bad_server "the line is cut between DELE and QUIT ($way): nothing was deleted; the next run does it",
      @stored,
      then => [
        { %due, script => qq{${how}on QUIT close\n}, exit => 10, gone => [], says => qr/QUIT was not answered/, check => sub { logged( $_[0] ) } },
        { script => $how, exit => 0, gone => $all, stored => 'all', check => sub { logged( $_[0], %once ) } },
      ],
      after => 0;

    bad_server "the line is cut in the middle of the DELEs ($way)",
      @stored,
      then => [
        { %due, script => qq{${how}on DELE 2 then-close\n}, exit => 75, gone => [] },
        { script => $how, exit => 0, gone => $all, stored => 'all', check => sub { logged( $_[0], %once ) } },
      ],
      after => 0;
}

bad_server 'a server that deletes although QUIT never came: the next listing says so, each is logged once',
  @stored,
  then => [
    { %due, script => "dele-at-once\non QUIT close\n", exit => 10, gone => $all },
    { script => '', exit => 0, gone => $all, not_sent => qr/^DELE|^RETR/, check => sub { logged( $_[0], %once ) } },
    { exit => 0, silent => 1, check => sub { logged( $_[0], %once ) } },
  ],
  after => 0;

bad_server 'QUIT refused, and nothing deleted',
  @stored,
  then => [
    { %due, script => qq{on QUIT send "-ERR some messages not removed\\r\\n"\n}, exit => 10, says => qr/refused QUIT/, gone => [], check => sub { logged( $_[0] ) } },
    { script => '', exit => 0, gone => $all, check => sub { logged( $_[0], %once ) } },
  ],
  after => 0;

bad_server 'QUIT refused, though it deleted: the next listing decides',
  @stored,
  then => [
    { %due, script => qq{dele-at-once\non QUIT send "-ERR oops\\r\\n"\n}, exit => 10, gone => $all },
    { script => '', exit => 0, gone => $all, not_sent => qr/^DELE|^RETR/, check => sub { logged( $_[0], %once ) } },
  ],
  after => 0;

bad_server 'QUIT answered by nonsense',
  @stored,
  then => [
    { %due, script => qq{on QUIT send "bye bye\\r\\n"\n}, exit => 10, gone => [], check => sub { logged( $_[0] ) } },
    { script => '', exit => 0, gone => $all, check => sub { logged( $_[0], %once ) } },
  ],
  after => 0;

bad_server 'retention 0 without UIDL: nothing is deleted, and a dry run says the same',
  account => { retention_days => 0 }, script => "uidl none\n", args => [ 'fetch', '--dry-run' ], exit => 0, stored => [], not_sent => qr/^(?:RETR|DELE)/,
  then    => [ { exit => 0, stored => 'all', gone => [], not_sent => qr/^DELE/ }, { exit => 0, stored => 'all', gone => [] } ],
  after   => { gone => $all, last => 1 };

bad_server 'QUIT not answered in time, though it deleted',
  @stored, account => { timeout => 1 },
  then => [
    { %due, script => "on QUIT mute\n", exit => 10, says => qr/QUIT was not answered/ },
    { script => '', exit => 0, gone => $all, stored => 'all', not_sent => qr/^RETR/, check => sub { logged( $_[0], %once ) } },
  ],
  after => 0;

bad_server 'QUIT not answered after a run that only fetched: said, and all is stored all the same',
  script => "on QUIT close\n", exit => 10, stored => 'all', says => qr/QUIT was not answered/;

bad_server 'DELE without effect (Yandex, a setting of Gmail): asked three times, then once a day, said once, no error',
  @stored,
  then => [
    { %due, script => "dele-ignored\n", exit => 0, gone => [], sent => qr/^DELE 3/ },
    { exit => 0, sent => qr/^DELE 3/, never_says => qr/server keeps/ },
    { exit => 0, sent => qr/^DELE 3/, never_says => qr/server keeps/ },
    { exit => 0, not_sent => qr/^DELE/, says => qr/server keeps messages although/ },
    { exit => 0, not_sent => qr/^DELE|^RETR/, never_says => qr/server keeps messages/ },
    { clock => 31 * DAY + 25 * 3600, exit => 0, sent => qr/^DELE 3/, never_says => qr/server keeps messages/ },
    { exit => 0, not_sent => qr/^DELE/ },
    { clock => 34 * DAY, script => '', exit => 0, gone => $all, stored => 'all' },
  ],
  after => 0;

bad_server 'hMailServer: a session with nothing but DELE',
  @stored,
  then => [ { %due, exit => 0, sent => qr/^DELE 1/, not_sent => qr/^(?:RETR|TOP)/, gone => $all } ], after => 0;

bad_server 'retention 0: deleted in the same session, and not before it is stored',
  account => { retention_days => 0 }, exit => 0, stored => 'all', gone => $all, after => 0;

bad_server 'retention 0 with one refused RETR: that one stays',
  account => { retention_days => 0 }, script => qq{on RETR 2 send "-ERR no\\r\\n"\n},
  exit => 10, stored => [ '0001.eml', '0003.eml' ], gone => [ '0001.eml', '0003.eml' ],
  after => { gone => $all, last => 1 };

bad_server 'retention 0 and a server that does not double dots: nothing is deleted',
  account => { retention_days => 0 }, mails => { '0001.eml' => "S: a\n\nx\n", '0002.eml' => "S: b\n\none\n.\ntwo\n" },
  script => "no-stuff\n", exit => 76, gone => [], not_sent => qr/^(?:DELE|QUIT)/,
  after => { gone => [ '0001.eml', '0002.eml' ], last => 1 };

bad_server 'a due message whose UIDL now stands for another mail of the same size is the one thing no client can see; of another size it is kept',
  @stored,
  then => [
    {
        %due,
        before => sub { my ($t) = @_; spew( $t->path('box/0002.eml'), "Subject: quite another\n\nmail of another length\n" ) },
        exit   => 0, gone => [ '0001.eml', '0003.eml' ],
        check  => sub { is( scalar @{ $_[0]->stored_octets('okul') }, 4, 'the new one is stored beside' ) }
    }
  ],
  after => 0;

done_testing();
