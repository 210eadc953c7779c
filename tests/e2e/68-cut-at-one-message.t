#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# A server that falls over one message (a broken index, a scanner that hangs): whatever it does at that one, all others
# must be saved and go on being deleted. If this fails, one bad mail keeps a school's whole mailbox from being backed up
# until the server deletes it.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;

my %mails = map { ( "000$_.eml" => "Subject: mail $_\n\n" . ( "line of mail $_\n" x ( 3 * $_ ) ) ) } 1 .. 6;
my @others = map { "000$_.eml" } 1, 3 .. 6;
for my $pipelining (qw(auto never)) {
    for my $what ( 'close', 'rst', 'line 4 close', 'line 4 rst', 'silent', 'line 4 silent', 'cut 30' ) {
        my %how = $what =~ /silent/ ? ( speed => 60 ) : ();
        bad_server "pipelining $pipelining: $what at one message",
          script  => "on RETR 2 $what\n",
          mails   => \%mails,
          account => { pipelining => $pipelining },
          exit    => 10,
          says    => qr/u0002: the connection ended twice while the server was to send this message; it is left out of this run/,
          stored  => \@others,
          sent    => qr/^QUIT/,
          gone    => [],
          %how,
          then => [
            { exit => 10, stored => \@others, clock => 31 * DAY, gone => \@others, %how },
            { script => "on RETR 1 $what\n", exit => 10, add => { '0007.eml' => "Subject: mail 7\n\nlater\n" }, stored => [ @others, '0007.eml' ], %how },
          ],
          after => { clock => 31 * DAY, speed => 1 };
    }
}

# Several of them: a session for each would leave none in which the others are deleted.
for my $pipelining (qw(auto never)) {
    for my $bad ( [ 1, 2 ], [ 5, 6 ], [ 2, 5 ], [ 1, 3, 6 ], [ 2, 3, 4 ] ) {
        my %bad    = map { ( "000$_.eml" => 1 ) } @$bad;
        my @good   = grep { !$bad{$_} } sort keys %mails;
        my $first;
        my $script = join '', map { "on RETR $_ close\n" } @$bad;
        bad_server "pipelining $pipelining: the connection ends at each of @$bad",
          script  => $script,
          mails   => \%mails,
          account => { pipelining => $pipelining },
          exit    => 10,
          says    => [ map { qr/u000$_: the connection ended while the server was to send this message, as it did at another one; it is left out/ } @$bad ],
          stored  => \@good,
          sent    => qr/^QUIT/,
          gone    => [],
          check   => sub { is( $first = $_[1]->sessions, 1 + @$bad, 'a new connection for each' ) },
          then    => [
            { exit => 10, stored => \@good, clock => 31 * DAY, gone => \@good, check => sub { is( $_[1]->sessions, 2 * $first, 'as many again' ) } }
          ],
          after   => { clock => 31 * DAY };
    }
}

# 3 comes just before one of them each time: no answer follows it that would prove it whole.
my @proven = map { "000$_.eml" } 4 .. 6;
bad_server 'more of them than a run connects again: what can be stored is, and one day deleted',
  script  => join( '', map { "on RETR $_ close\n" } 1, 2, 7, 8 ),
  mails   => { %mails, map { ( "000$_.eml" => "Subject: mail $_\n\nlast\n" ) } 7, 8 },
  account => { pipelining => 'never' },
  exit    => 75, stored => \@proven, gone => [],
  check   => sub { is( $_[1]->sessions, 4, 'three new connections' ) },
  then    => [ { exit => 75, clock => 31 * DAY, gone => [] }, { exit => 75, stored => \@proven, gone => \@proven } ],
  after   => { clock => 31 * DAY };
done_testing();
