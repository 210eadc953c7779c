#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# fetch --missing where messages are alike: what was lost comes back, once, and the next run is content.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Popkeep;

my $t = Popkeep->new;
my $twin = "Subject: twice the same\n\nbody\n";
$t->mails( 'box', '0001.eml' => $twin, '0002.eml' => $twin, '0003.eml' => "Subject: another\n\nbody\n" );
my $s = $t->server( script => '' );
$t->account( $s, 'okul', retention_days => 30 );

sub lose { my (@like) = @_; for my $p ( $t->stored_paths('okul') ) { unlink $p or die $! if grep { slurp($p) eq $_ } @like } return }
sub octets { return join '|', @{ $t->stored_octets('okul') } }
my $all = join '|', sort $twin, $twin, "Subject: another\n\nbody\n";

sub content {    # --missing once more: nothing is left to do
    my ($what) = @_;
    my $before = () = $s->arguments('RETR');
    $t->popkeep( 'fetch', '--missing' )->exits(0);
    is( ( scalar( () = $s->arguments('RETR') ) ), $before, "$what: not fetched again and again" );
    is( octets(), $all, "$what: nothing doubled" );
    return;
}

$t->popkeep('-q')->exits(0);
is( octets(), $all, 'stored' );

lose($twin);
is( octets(), "Subject: another\n\nbody\n", 'both twins are lost' );
$t->popkeep( 'fetch', '--missing' )->exits(0);
is( octets(), $all, 'both come back' );
content('after both were lost');

my ($one) = grep { slurp($_) eq $twin } $t->stored_paths('okul');
unlink $one or die $!;
$t->popkeep( 'fetch', '--missing' )->exits(0);
is( octets(), $all, 'one of two comes back' );
content('after one of two was lost');

lose($twin);
$s->restart("uidl-prefix x\n");
$t->popkeep( 'fetch', '--missing' )->exits(0);
is( octets(), $all, 'lost files come back under new UIDLs, too' );
content('after the UIDLs changed');

$t->clock( 31 * DAY );
$t->popkeep('-q')->exits(0);
is( scalar( $s->left ), 0, 'and all of it is deleted when due' );

# The file of one twin is lost and the other is listed no more: its record takes over the UIDL. The first one must not stand
# for it as well, or the next message that is given this UIDL would pass for known.
{
    my $u = Popkeep->new;
    $u->mails( 'box', '0001.a.eml' => $twin, '0002.b.eml' => $twin );
    my $g = $u->server( script => "uidl tail\n" );
    $u->account( $g, 'okul', retention_days => 30 );
    $u->popkeep('-q')->exits(0);
    my ($of_a) = ( $u->journal('okul') // '' ) =~ /^I (?:\S+ ){3}ua .* (\S+) \S+$/m;
    unlink $u->path("Mail/okul/new/$of_a") or die "$of_a: $!";
    unlink $u->path('box/0002.b.eml') or die $!;
    $u->popkeep( 'fetch', '--missing' )->exits(0);
    is( scalar @{ $u->stored_octets('okul') }, 1, 'the other file stands for it' );
    ( my $third = $twin ) =~ s/body/BODY/;
    $u->mails( 'box', '0003.a.eml' => $third );
    $u->popkeep('-q')->exits(0);
    is_deeply( $u->stored_octets('okul'), [ sort $twin, $third ], 'a third message of that UIDL and size is stored' );
    $u->popkeep('-q')->exits(0);
    $u->last_run->is_silent('and that is all');
}
done_testing();
