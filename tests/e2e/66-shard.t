#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e
# One configuration over several machines: each account is done by exactly one part. Otherwise a school is fetched by
# nobody, and nobody notices.
use strict;
use warnings;
use Popkeep;
use Digest::SHA qw(sha256);

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my $s     = $t->server;
my @names = map { 706590 + $_ } 0 .. 11;
$t->account( $s, $_, user => "u$_" ) for @names;

sub part_of { my ( $name, $n ) = @_; return unpack( 'Q>', sha256($name) ) % $n + 1 }

sub served { return map { $_->{event} eq 'account-end' ? $_->{account} : () } $_[0]->json }

my %times;
for my $i ( 1 .. 3 ) {
    my $run = $t->popkeep( '--json', '--shard', "$i/3" );
    $run->exits( 0, "part $i of 3" );
    my @want = grep { part_of( $_, 3 ) == $i } @names;
    is( join( ' ', sort( served($run) ) ), "@want", '... is the one of the manual' );
    $times{$_}++ for served($run);
}
is_deeply( \%times, { map { ( $_ => 1 ) } @names }, 'all parts together: each account once' );
is( scalar( map { $t->stored_paths($_) } @names ), scalar @names, '... and its mail is here' );

# ---- with names and patterns
my ( $one, $other ) = map { my $i = $_; ( grep { part_of( $_, 3 ) == $i } @names )[0] } 1, 2;
is( join( ' ', served( $t->popkeep( '--json', '--shard=1/3', 'fetch', $one, $other ) ) ), $one, 'of the accounts named, those of the part' );
is( join( ' ', sort( served( $t->popkeep( '--json', '--shard=2/3', 'check', '70659?' ) ) ) ),
    join( ' ', grep { part_of( $_, 3 ) == 2 && /^70659.$/ } @names ), 'and of a pattern' );
for my $command ( 'status', 'verify' ) {
    my $out = $t->popkeep( $command, '-v', '--shard', '1/3' )->exits(0) && $t->last_run->out . $t->last_run->err;
    ok( $out =~ /$one/ && $out !~ /$other/, "$command tells of its part and leaves others alone" );
}

# ---- an empty part is no error: a job array may be larger than the configuration
$t->popkeep( '--shard', '1/3', $other )->exits(0);
$t->last_run->is_silent('an empty part says nothing');
$t->popkeep( '-v', '--shard', '1/3', $other )->exits(0);
$t->last_run->says( qr/^popkeep: part 1 of 3 has none of these accounts: nothing to do$/m, '... but with -v' );
my @events = $t->popkeep( '--json', '--shard', '1/3', $other )->json;
is( $events[-1]{accounts}, 0, '... and the summary counts none' );

# ---- and what is wrong is said before anything is done
for my $bad ( '0/3', '4/3', '3', '1/0', '/', '1/3/5' ) {
    $t->popkeep( '--shard', $bad )->exits( 64, "--shard $bad" );
    $t->last_run->says(qr{^popkeep: --shard \Q$bad\E: give I/N, such as 3/8});
}
$t->popkeep( 'providers', '--shard', '1/2' )->exits(64);
$t->popkeep( '--shard', '1/3', 'nobody' )->exits( 64, 'a name that is none is still found out' );
done_testing();
