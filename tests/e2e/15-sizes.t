#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Sizes are hints: wrong ones never fail a message, never make a run endless, never fetch all again for ever.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;
use Popkeep::Faults 'servers';

my $none = qr/^(?:RETR|DELE)/;

for my $size ( 'lf', 'kib', 'fixed 0', 'fixed 1', 'plus 100', 'fixed 9223372036854775807', 'fixed 4294967296' ) {
    my $huge = $size =~ /\d{10}/;
    bad_server "sizes of the kind \"$size\" do not matter",
      script => "list-size $size\n",
      exit   => 0, stored => 'all',
      then   => [ { exit => 0, silent => 1, not_sent => $none }, { clock => 31 * DAY, exit => 0, gone => [qw(0001.eml 0002.eml 0003.eml)] } ],
      after  => 0
      unless $huge;
    next unless $huge;
    bad_server "a size of the kind \"$size\" is no reason to refuse the mail for want of space",
      script => qq{on LIST line 2 send "2 } . ( split / /, $size )[1] . qq{\\r\\n"\n},
      exit   => 0, stored => 'all', then => [ { exit => 0, silent => 1, not_sent => $none } ], after => 0;
}
bad_server 'a size beyond 64 bits is no number: the server is at fault, not popkeep',
  script => qq{on LIST line 2 send "2 99999999999999999999999\\r\\n"\n}, exit => 76, says => qr/size/, stored => [];
bad_server 'a negative size', script => qq{on LIST line 2 send "2 -48\\r\\n"\n}, exit => 76, says => qr/size/, stored => [];

bad_server 'sizes that drift while the mail stays: marked, said once, nothing doubled, and deleted in time',
  exit => 0, stored => 'all',
  then => [
    { script => "list-size plus 7\n", exit => 0, stored => 'all', says => qr/another size/ },
    { script => "list-size plus 8\n", exit => 0, stored => 'all', not_sent => $none, never_says => qr/another size/ },
    { script => "list-size lf\n", clock => 31 * DAY, exit => 0, stored => 'all', gone => [qw(0001.eml 0002.eml 0003.eml)], not_sent => qr/^RETR/ },
  ],
  after => 0;

bad_server 'mailutils adds to a mail when it is first fetched: other size, other octets; both are kept',
  exit => 0, stored => 'all',
  then => [
    {
        script => qq{on LIST line 2 send "2 104\\r\\n"\non RETR 2 send "+OK\\r\\nX-UIDL: abc\\r\\nSubject: mail 2\\r\\n\\r\\nBody of mail 2.\\r\\nline\\r\\nline\\r\\n.\\r\\n"\n},
        exit => 0, sent => qr/^RETR 2/,
        check => sub { my ($t) = @_; is( scalar @{ $t->stored_octets('okul') }, 4, 'the changed one beside the first' ) }
    },
    { exit => 0, silent => 1, not_sent => $none }
  ],
  after => 0;

# ---- RETR refused ----------------------------------------------------------------------------

for my $how ( '', "capa TOP UIDL USER\n" ) {
    my $way = $how ? 'one by one' : 'pipelined';
    bad_server "one refused RETR ($way): the others are stored, it is said which, the next run tries again",
      script => qq{${how}on RETR 2 send "-ERR [SYS/TEMP] message 2 is locked\\r\\n"\n},
      exit   => 10, stored => [ '0001.eml', '0003.eml' ], says => qr/message 2 could not be fetched.*is locked/, sent => qr/^QUIT/,
      then   => [ { exit => 10, stored => [ '0001.eml', '0003.eml' ], sent => qr/^RETR 2/, not_sent => qr/^RETR [13]/ } ];
    bad_server "every RETR refused ($way)",
      script => qq{${how}on RETR send "-ERR no\\r\\n"\n}, exit => 10, stored => [],
      then   => [ { clock => 31 * DAY, exit => 10, gone => [], not_sent => qr/^DELE/ } ];
    bad_server "the last RETR refused ($way)",
      script => qq{${how}on RETR 3 send "-ERR no\\r\\n"\n}, exit => 10, stored => [ '0001.eml', '0002.eml' ];
}
bad_server 'a mail another client deletes in the meantime (Dovecot: expunged): not stored, said, gone from the next listing',
  script => qq{on RETR 2 send "-ERR Message 2 expunged.\\r\\n"\n}, exit => 10, stored => [ '0001.eml', '0003.eml' ],
  then   => [ { script => '', before => sub { my ($t) = @_; unlink $t->path('box/0002.eml') }, exit => 0, silent => 1, stored => [ '0001.eml', '0003.eml' ] } ],
  after  => 0;

done_testing();
