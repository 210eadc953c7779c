# SPDX-License-Identifier: ISC
# What --dry-run says after a run that was killed is what the next run does: names that are there are not fetched again, and
# looking changes nothing, neither the journal nor the Maildir.
# only: e2e
use strict;
use warnings;
use Popkeep;
use Popkeep::Crash;

my ($w) = Popkeep::Crash::workloads('recovery');    # 20 messages, killed while a batch was being named
$w->reset;
my $t = $w->{t};

sub all_files { return join "\n", map { $_ => -d $_ ? '' : slurp($_) } sort map { glob "'" . $t->path($_) . "'/*" } qw(state/okul Mail/okul/new Mail/okul/tmp) }

my $here   = @{ $t->stored_octets('okul') };
my $before = all_files();
my $run    = $w->clean( 'fetch', '--dry-run' );
is( $run->{exit}, 0, 'a dry run after a kill' );
my ($would) = $run->{out} =~ /would fetch (\d+) messages/;
is( $would, 20 - $here, 'fetches what has no name yet, and nothing else' ) or diag( $run->{out} . $run->{err} );
is( all_files(), $before, 'and changes nothing' );
is( $w->fault_after, '', 'the next run makes all of it good' );
done_testing();
