#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Whole runs seen from below: a log of their system calls shows that every sync returned before the DELE it protects was
# sent. Without it a power cut could take mail that the server has already deleted.
use strict;
use warnings;
use Cwd ();
use Popkeep;
use Popkeep::Mails;

plan skip_all => 'strace is not installed' unless grep { -x "$_/strace" } split /:/, $ENV{PATH};

sub mail { my ($n) = @_; return "Subject: mail $n\n\n" . "body $n\n" x $n }

# Mails of every way into the Maildir: small ones, ones that come in pieces, one that changes its form in the middle.
my %mail = ( ( map { sprintf( '%04d.eml', $_ ) => mail($_) } 1 .. 20 ),
    '0021.eml' => Popkeep::Mails::large( 1_500_000, 'pieces' ),
    '0022.raw' => Popkeep::Mails::large( 700_000, 'late' ) =~ s/\n/\r\n/gr . "a\rb\r\n",
    '0023.eml' => mail(23) );

# ---- stored and deleted in one run ----

my $t = Popkeep->new;
$t->mails( 'box', %mail );
my $s = $t->server;
$t->account( $s, 'okul', retention_days => 0 );
my $uidls = $s->uidls;
my $run = $t->popkeep( '-vvv', { strace => 1 } );
$run->exits( 0, 'retention_days = 0' );
is( scalar( my @gone = $s->gone ), scalar keys %mail, 'all is stored and deleted' );
$t->syncs_hold( $run, 'okul', $uidls );

# ---- what the checker says of that very log when a call is missing, late or failed ----

my @log = split /^/, slurp( $run->{strace} );

sub refuses {
    my ( $what, @lines ) = @_;
    my $log = spew( $t->path('doctored'), @lines );
    my $pid = Popkeep::spawn( [ $^X, Popkeep::top_dir() . '/tests/check-syncs', '--journal', $t->state_file( 'okul', 'journal' ), $log,
            map { "$_=$uidls->{$_}" } keys %$uidls ], stdout => "$log.out", stderr => "$log.out" );
    my $status = Popkeep::reap( $pid, 120 );
    return ok( defined $status && $status >> 8 == 1, "refused: $what" );
}

sub where { my ($pattern) = @_; return grep { $log[$_] =~ $pattern } 0 .. $#log }
my @storing = where(qr/ renameat2\(.*popkeep-okul/) or die;
my ($thread) = $log[ $storing[0] ] =~ /^(\d+)/;
my ($d) = where(qr/journal>.*"D /);
my ($dele) = where(qr/> DELE/);
my ($d_sync) = grep { $_ > $d } where(qr/fdatasync\(.*journal>/);
my ($data_sync) = grep { $log[$_] =~ /^$thread / } where(qr/ syncfs\(| fsync\(\S*tmp\/popkeep-/);
my ($i_sync) = grep { $log[$_] =~ /^$thread / } where(qr/ fdatasync\(.*journal>/);
my ($new_sync) = grep { $log[$_] =~ /^$thread / } where(qr{ (?:fsync|fdatasync|syncfs)\(\S*/Mail/okul/new>});
ok( defined $_, 'the log shows that call' ) for $d, $dele, $d_sync, $data_sync, $i_sync, $new_sync;
ok( $data_sync < $i_sync && $i_sync < $storing[0] && $storing[0] < $new_sync && $new_sync < $d && $d < $d_sync && $d_sync < $dele,
    'in the order promised' );

my %sync = ( 'the sync of the data' => $data_sync, 'the sync of the intents' => $i_sync, 'the sync of new/' => $new_sync,
    'the sync of the delete intents' => $d_sync );
for my $what ( sort keys %sync ) {
    my $i = $sync{$what};
    my @doctored = @log;
    $doctored[$i] = $log[$i] =~ s/ = 0$| <unfinished.*$/ = -1 EIO (Input\/output error)/r;
    refuses( "$what failed", @doctored );
    @doctored = @log;
    my ($line) = splice @doctored, $i, 1;
    refuses( "$what is missing", @doctored );
    splice @doctored, $dele, 0, $line;    # one line was taken out before: behind the first DELE
    refuses( "$what comes after the DELE", @doctored );
}
my @doctored = @log;
my ($name) = splice @doctored, $storing[3], 1;
refuses( 'a message that has no name in new/ at QUIT', @doctored );
@doctored = @log;
my ($line) = splice @doctored, $dele, 1;
splice @doctored, $data_sync, 0, $line;
refuses( 'a DELE sent before all', @doctored );
my ($copy) = ( where(qr/ openat\(\S*new>, .*O_RDONLY/) )[-1];
@doctored = @log;
splice @doctored, $copy, 1;
refuses( 'a DELE of a copy that was not read', @doctored );

# ---- deleted a month later, with new mail in the same run ----

$t = Popkeep->new;
$t->mails( 'box', %mail );
$s = $t->server;
$t->account( $s, 'okul', retention_days => 30 );
$run = $t->popkeep( '-vvv', { strace => 1 } );
$run->exits( 0, 'a first fetch' );
$t->syncs_hold( $run, 'okul', $s->uidls );
$t->mails( 'box', map { sprintf( '%04d.eml', $_ ) => mail($_) } 31 .. 40 );
$t->clock( 31 * DAY );
$uidls = $s->uidls;
$run = $t->popkeep( '-vvv', { strace => 1 } );
$run->exits( 0, 'a month later, new mail and deletions in one run' );
is( scalar( @gone = $s->gone ), scalar keys %mail, 'what is due is deleted' );
$t->syncs_hold( $run, 'okul', $uidls );

# ---- a copy that its owner's mail reader has moved ----

# The reader synced nothing. Where a rename is not one step on the disk, the copy could have no name at all after a power cut:
# its new one must be on the disk before the server is asked to delete.
$t = Popkeep->new;
$t->mails( 'box', map { sprintf( '%04d.eml', $_ ) => mail($_) } 1 .. 3 );
$s = $t->server;
$t->account( $s, 'okul', retention_days => 30 );
$t->popkeep->exits( 0, 'a first fetch' );
for ( glob $t->path('Mail/okul/new') . '/*' ) { rename $_, s{/new/([^/]+)$}{/cur/$1:2,S}r or die "$_: $!" }
$t->clock( 31 * DAY );
$uidls = $s->uidls;
{
    local $t->{preload} = [ Popkeep::tools_dir() . '/faultshim.so' ];
    my $root = Cwd::abs_path( $t->dir );
    $run = $t->popkeep( '-vvv', { strace => 1, env => { FAULTSHIM_COUNT => "$root/count", FAULTSHIM_ROOTS => "$root/state:$root/Mail",
        FAULTSHIM_FSTYPE => '1021994' } } );
}
$run->exits( 0, 'a month later, all is read and moved, on a file system that one syncfs does not do for' );
is( scalar( @gone = $s->gone ), 3, 'what is due is deleted' );
$t->syncs_hold( $run, 'okul', $uidls );
@log = split /^/, slurp( $run->{strace} );
($d) = where(qr/journal>.*"(?:[^"]*\\n)?D /);
is( scalar( grep { $_ < $d } where(qr{ fsync\(\S*/Mail/okul/cur/.*= 0$}) ), 3, 'each copy was synced before the delete intents' );
ok( ( grep { $_ < $d } where(qr{ fsync\(\S*/Mail/okul/cur>.*= 0$}) ) > 0, 'and so were their names' );

# ---- after a kill ----

# Where the run is killed (a number: at this write in the state folder, which are the lock, the header, then I, then S), what the next
# run finds, and that in numbers: names in new/, records I, records S.
my %small = map { sprintf( '%04d.eml', $_ ) => mail($_) } 1 .. 20;
my @kills = (
    [ 'syncfs,sync_file_range:signal=KILL:when=1', 'with everything in tmp/', \%mail, '0 0 0' ],
    [ 3,  'with everything in tmp/, synced', \%small, '0 0 0' ],
    [ 'renameat2:signal=KILL:when=1',  'with no name in new/ yet', \%mail, '0 23 0' ],
    [ 'renameat2:signal=KILL:when=5',  'with some names in new/',  \%mail, '4 23 0' ],
    [ 4,  'with all names in new/',   \%small, '20 20 0' ],
);

sub kill_at {
    my ($where) = @_;
    return $t->popkeep( 'fetch', { strace => 1, inject => $where } ) if $where =~ /=/;
    local $t->{preload} = [ Popkeep::tools_dir() . '/faultshim.so' ];
    my $root = Cwd::abs_path( $t->dir );
    return $t->popkeep( 'fetch', { env => { FAULTSHIM_COUNT => "$root/count", FAULTSHIM_ROOTS => "$root/state",
        FAULTSHIM_KINDS => 'write', FAULTSHIM_AT => $where, FAULTSHIM_DO => 'kill' } } );
}

for (@kills) {
    my ( $inject, $what, $mails, $state ) = @$_;
    $t = Popkeep->new;
    $t->mails( 'box', %$mails );
    $s = $t->server;
    $t->account( $s, 'okul', retention_days => 30 );
    kill_at($inject);
    isnt( $t->last_run->exit, 0, "killed $what" );
    my %records;
    $records{ substr $_, 0, 1 }++ for split /\n/, $t->journal('okul');
    is( join( ' ', scalar $t->stored_paths('okul'), map { $records{$_} // 0 } qw(I S) ), $state, 'just there' );
    is( scalar( @gone = $s->gone ), 0, 'nothing is deleted' );
    $t->forget_accounts;
    $t->account( $s, 'okul', retention_days => 0 );
    $uidls = $s->uidls;
    $run = $t->popkeep( '-vvv', { strace => 1 } );
    $run->exits( 0, 'the next run' );
    is( scalar( @gone = $s->gone ), scalar keys %$mails, 'stores and deletes all' );
    is( scalar @{ $t->stored_octets('okul') }, scalar keys %$mails, 'nothing is stored twice' );
    is( scalar( my @tmp = $t->tmp_files('okul') ), 0, 'nothing is left in tmp/' );
    $t->syncs_hold( $run, 'okul', $uidls );
    next if $state !~ / [1-9]/;
    @log = split /^/, slurp( $run->{strace} );
    refuses( 'a recovery without the sync of new/', grep { !m{fsync\(\S*/Mail/okul/(?:new|cur)>} } @log );
    refuses( 'a recovery without a sync of the data', grep { !m{fsync\(\S*/Mail/okul/(?:new|cur|tmp)/} } @log );
    my ($s) = where(qr/pwrite64\(.*journal>, "(?:[^"]*\\n)?S /);
    refuses( 'a recovery from a journal that was not synced', map { $_ < $s && $log[$_] =~ /fdatasync\(.*journal>/ ? () : $log[$_] } 0 .. $#log );
}
done_testing();
