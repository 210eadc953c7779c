#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The disk fails while the server breaks the protocol: one cause must not hide the other, or what is half named in new/
# is fetched and stored a second time.
use strict;
use warnings;
use Cwd ();
use FindBin;
use lib "$FindBin::Bin/lib";
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', ( map { sprintf( '%04d.eml', $_ ) => "Subject: $_\n\nbody\n" } 1 .. 20 ), '0021.eml' => "Subject: 21\n\none\n.\ntwo\n" );
my $s = $t->server( script => "no-stuff\n" );
$t->account( $s, 'okul' );

{
    local $t->{preload} = [ Popkeep::tools_dir() . '/faultshim.so' ];
    my $root = Cwd::abs_path( $t->dir );
    $t->popkeep( 'fetch', { env => { FAULTSHIM_COUNT => "$root/count", FAULTSHIM_ROOTS => "$root/Mail",
        FAULTSHIM_KINDS => 'renameat2', FAULTSHIM_AT => 7, FAULTSHIM_DO => 5 } } );
}
$t->last_run->exits( 74, 'the failing disk is what is told' );
is( $s->sessions, 1, 'no second session goes on beside half a batch' );
is( scalar @{ $t->stored_octets('okul') }, 6, 'it failed between two names' );

$s->restart('');
$t->popkeep('-q')->exits(0);
is( scalar @{ $t->stored_octets('okul') }, 21, 'the next run completes it: nothing lost, nothing doubled' );
is( join( ' ', grep { /^RETR/ } $s->commands( session => $s->sessions ) ), 'RETR 21', 'and fetches only what it has not' );

# EXPIRE 0: what was retrieved is deleted at QUIT, so a record whose file is gone is no copy.
my $e = Popkeep->new;
$e->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n", '0002.eml' => "Subject: b\n\nbody\n" );
my $g = $e->server( script => qq{capa TOP UIDL USER "EXPIRE 0"\n} );
$e->account( $g, 'okul' );
$e->popkeep('-q')->exits(0);
unlink( ( $e->stored_paths('okul') )[0] ) or die $!;
$g->restart(qq{capa TOP UIDL USER "EXPIRE 0"\nuidl-prefix x\n});
$e->popkeep('-q')->exits(0);
is( scalar @{ $e->stored_octets('okul') }, 2, 'where QUIT deletes, a message whose file is lost is stored again' );

# Nor is one whose file its owner has changed: what was sent would be nowhere.
my $copy = ( grep { slurp($_) =~ /Subject: b/ } $e->stored_paths('okul') )[0];
spew( $copy, slurp($copy) =~ s/body/BODY/r );
$g->restart(qq{capa TOP UIDL USER "EXPIRE 0"\nuidl-prefix y\n});
$e->popkeep('-q')->exits(0);
is_deeply( [ grep { /Subject: b/ } @{ $e->stored_octets('okul') } ], [ "Subject: b\n\nBODY\n", "Subject: b\n\nbody\n" ], '... nor one that was changed' );
is( scalar @{ $e->stored_octets('okul') }, 3, '... and nothing else' );

# Where a rename is not one step on the disk, a copy that a mail reader has moved is made sure of before QUIT.
mkdir $e->path('Mail/okul/cur');
for my $path ( $e->stored_paths('okul') ) { ( my $to = $path ) =~ s{/new/(.*)}{/cur/$1:2,S}; rename $path, $to or die $! }
$g->restart(qq{capa TOP UIDL USER "EXPIRE 0"\nuidl-prefix z\n});
{
    my $root = Cwd::abs_path( $e->dir );
    local $e->{preload} = [ Popkeep::tools_dir() . '/faultshim.so' ];
    $e->popkeep( '-q', '-vvv', { env => { FAULTSHIM_COUNT => "$root/count", FAULTSHIM_ROOTS => "$root/Mail:$root/state", FAULTSHIM_FSTYPE => '1021994',
        FAULTSHIM_KINDS => 'fsync,fdatasync', FAULTSHIM_LOG => "$root/log" } } )->exits(0);
    my $log = slurp("$root/log");
    my $n = () = $log =~ m{Mail/okul/cur}g;
    cmp_ok( $n, '>=', 4, 'two copies that were moved are synced, and the folder they are in' );
}

done_testing();
