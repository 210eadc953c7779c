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
done_testing();
