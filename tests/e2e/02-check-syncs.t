#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The checker of system-call logs accepts a run as it should be and refuses it with any one call taken out or moved.
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
my $name = '1.M2P3Q4R5.okul,S=5,W=6';
my $sha  = 'a' x 64;
my $journal = $t->path('journal');
spew( $journal, "H 1 1 x h 995 u m 00000000\nI 5 7 0 u0001 6 6 5 $sha $sha $name 00000000\nS 5 7 5 0 0 00000000\nD 6 7 00000000\nE 4 00000000\n" );

my @log = (
    'openat(4</m/tmp>, "popkeep-okul.1", O_RDWR|O_CREAT|O_EXCL, 0600) = 8</m/tmp/popkeep-okul.1>',
    'write(8</m/tmp/popkeep-okul.1>, "data\n", 5) = 5',
    'syncfs(9</m/tmp>) = 0',
    qq{write(6</s/journal>, "I 5 7 0 u0001 6 6 5 $sha $sha $name 00000000\\nE 1 00000000\\n", 200) = 200},
    'fdatasync(6</s/journal>) = 0',
    qq{renameat2(4</m/tmp>, "popkeep-okul.1", 5</m/new>, "$name", RENAME_NOREPLACE) = 0},
    'fsync(5</m/new>) = 0',
    'write(6</s/journal>, "S 5 7 5 0 0 00000000\nE 1 00000000\n", 40) = 40',
    qq{openat(5</m/new>, "$name", O_RDONLY|O_CLOEXEC) = 8</m/new/$name>},
    'write(6</s/journal>, "D 6 7 00000000\nE 1 00000000\n", 40) = 40',
    'fdatasync(6</s/journal>) = 0',
    'write(2</dev/pts/0>, "okul > DELE 1\n", 14) = 14',
    'write(2</dev/pts/0>, "okul > QUIT\n", 12) = 12',
);

sub verdict {
    my @lines = map { s/\n/\\n/gr } @_;
    my $n = 0;
    spew( $t->path('log'), map { sprintf "77 %d.000000 %s\n", $n++, $_ } @lines );
    return system( qq{$^X tests/check-syncs --journal '$journal' '@{[ $t->path('log') ]}' 1=u0001 >'@{[ $t->path('out') ]}' 2>&1} ) >> 8;
}

is( verdict(@log), 0, 'a run as it should be' ) or diag slurp( $t->path('out') );
for my $i ( 2 .. 10 ) {
    next if $i == 5;    # without its name in new/ the file was stored by an earlier run
    my @without = @log;
    my ($gone) = splice @without, $i, 1;
    is( verdict(@without), 1, 'refused without ' . substr $gone, 0, 40 );
}
my @without = @log;
splice @without, 5, 1;
is( verdict(@without), 1, 'a file left in tmp/ at QUIT' );
for my $i ( 2, 4, 6, 10 ) {
    my @late = @log;
    push @late, splice @late, $i, 1;
    is( verdict(@late), 1, 'refused when late: ' . $log[$i] );
    my @failed = @log;
    $failed[$i] =~ s/= 0$/= -1 EIO (Input\/output error)/;
    is( verdict(@failed), 1, 'refused when failed: ' . $log[$i] );
}
my @threads = @log;    # the DELE leaves while the sync is still under way in another thread
$threads[10] = 'fdatasync(6</s/journal> <unfinished ...>';
splice @threads, 12, 0, '<... fdatasync resumed>) = 0';
is( verdict(@threads), 1, 'a sync that returns too late' );
done_testing();
