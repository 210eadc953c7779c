# SPDX-License-Identifier: ISC
# Months of a mailbox in seconds: whatever servers, disks, clocks, power and mail readers do one after the other, mail that was
# listed and fetched is stored once and whole, and only what has been kept for its days is deleted at the server.
#
#   POPKEEP_STEPS=50000 POPKEEP_SEED=7    so many steps, beginning with that seed (each history takes the next one)
#   POPKEEP_HISTORY=FILE                  play this one (as it was printed when it failed); POPKEEP_SHOW=1 names each step
# only: e2e
use strict;
use warnings;
use Time::HiRes qw(time);
use Popkeep;
use Popkeep::Faults;
use Popkeep::Histories;

my $h = Popkeep::Histories->new;
if ( my $file = $ENV{POPKEEP_HISTORY} ) {
    is( $h->play( grep { /\S/ && !/^#/ } split /\n/, slurp($file) ), '', "$file: all promises are kept" );
    done_testing();
    exit;
}
my $all   = ( $ENV{POPKEEP_FAULTS} // '' ) eq 'all';
my $steps = $ENV{POPKEEP_STEPS} // ( $all ? 100_000 : 400 );
my $seed  = $ENV{POPKEEP_SEED}  // 1;
my ( $bad, $n, $done ) = ( 0, 0, 0 );
while ( $h->{steps} < $steps && $bad < 5 ) {
    my @lines = Popkeep::Histories->make_up( $seed, 60 );
    my $fault = $h->play(@lines);
    $n++;
    note "$n histories, $h->{steps} steps, $bad bad; the last seed was $seed" if $n % 100 == 0;
    if ($fault) {
        $bad++;
        $done = $h->{steps};
        my ( $small, @fewer ) = $h->shrink( time + ( $all ? 600 : 60 ), @lines );
        $h->{steps} = $done;    # steps of the shrinking are no cases
        diag( "POPKEEP_SEED=$seed: $fault" );
        diag( join "\n", 'shrunk to this (POPKEEP_HISTORY=FILE plays it):', @fewer, "# $small" );
    }
    $seed++;
}
is( $bad, 0, "$n histories of $h->{steps} steps, $h->{runs} runs: all promises are kept" );
faults_counted( 'histories', $h->{steps}, $bad );
done_testing();
