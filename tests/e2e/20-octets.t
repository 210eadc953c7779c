#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What is stored is what a real server sent, octet for octet, whatever the mail looks like; it is fetched once, deleted on
# day 31 and not before, and never when the copy is gone or was changed. Plainly over all real mail there is and a message
# of 50 MB, in the other suites over the made-up mail alone.
use strict;
use warnings;
use File::Path qw(make_path);
use Popkeep;
use Popkeep::Client;
use Popkeep::Dovecot;
use Popkeep::Mails;

my $why = Popkeep::Dovecot::missing();
plan skip_all => $why if $why;

my $all = ( $ENV{POPKEEP_SUITE} // 'e2e' ) eq 'e2e';
my @mails = Popkeep::Mails::odd();
push @mails, Popkeep::Mails::collection(), [ '50 MB', Popkeep::Mails::large( 50_000_000, '50 MB' ) ] if $all;
my $d = Popkeep::Dovecot->new( mails => [ map { $_->[1] } @mails ] );
my @seen = Popkeep::Client->fetch_all( $d->port, 'ogretmen', 'secret' );
is( scalar @seen, scalar @mails, @mails . ' messages on the server' );
note "$seen[$_][1]: $mails[$_][0]" for 0 .. $#mails;

my $t = Popkeep->new;
my %ways = ( lf => [ 'lf', 'auto' ], lockstep => [ 'lf', 'never' ], crlf => [ 'crlf', 'auto' ], crlfstep => [ 'crlf', 'never' ] );
my @names = $all ? qw(lf lockstep crlf) : sort keys %ways;

sub accounts {
    my (%keys) = @_;
    $t->forget_accounts;
    $t->account( $d, $_, line_endings => $ways{$_}[0], pipelining => $ways{$_}[1], %keys ) for @names;
    return;
}

my $before = time;
accounts();
$t->popkeep( 'fetch', { timeout => 300 } )->exits(0);
for my $name (@names) {
    my @faults = Popkeep::Mails::faults( \@seen, journal => $t->journal($name), maildir => $t->path("Mail/$name"),
        line_endings => $ways{$name}[0], since => $before );
    is( join( "\n", @faults[ 0 .. ( @faults > 20 ? 20 : $#faults ) ] ), '',
        "line_endings = $ways{$name}[0], pipelining = $ways{$name}[1]: stored as a second client saw it" );
    is( scalar( my @left = $t->tmp_files($name) ), 0, 'nothing is left in tmp/' );
}
is( $d->left, scalar @mails, 'nothing is deleted without retention_days' );
$t->popkeep( 'verify', { timeout => 300 } )->exits( 0, 'verify agrees' );

my $logged = length $d->log_text;
my %files = map { $_ => Popkeep::Mails::files( $t->path("Mail/$_") ) } @names;
$t->popkeep->exits(0);
$t->last_run->is_silent('a run that had nothing to do is silent');
my @ended = $d->sessions_ended( $logged, scalar @names );
is( join( ' ', map { "retr=$_->{retr} del=$_->{del}" } @ended ), join( ' ', ('retr=0/0 del=0/' . @mails) x @names ), 'and fetches nothing' );
is_deeply( { map { $_ => Popkeep::Mails::files( $t->path("Mail/$_") ) } @names }, \%files, 'and stores nothing' );

# From here on one account, which may delete.
@names = ('lf');
accounts( retention_days => 30 );
my %entry  = map { my $e = $_; $e->[0]{uidl} => $e->[0] } values %{ Popkeep::Mails::entries( $t->journal('lf') ) };
my %number = map { $mails[$_][0] => $_ } 0 .. $#mails;
my ( $removed, $changed, $read, $filed ) = @number{ 'plain', 'NUL', 'dots', 'bare CR' };
sub path_of { my ($i) = @_; return Popkeep::Mails::files( $t->path('Mail/lf') )->{ $entry{ $seen[$i][1] }{name} } }

unlink path_of($removed) or die;
my $octets = slurp( path_of($changed) );
spew( path_of($changed), $octets =~ s/a/b/r );
my $maildir = $t->path('Mail/lf');
rename path_of($read), "$maildir/cur/" . $entry{ $seen[$read][1] }{name} . ':2,FRS' or die $!;
make_path( map { "$maildir/.Ar&AV8-iv.2026/$_" } qw(tmp new cur) );
rename path_of($filed), "$maildir/.Ar&AV8-iv.2026/cur/" . $entry{ $seen[$filed][1] }{name} . ':2,S' or die $!;

$t->clock( 29 * DAY );
$t->popkeep->exits(0);
$t->last_run->is_silent('day 29: silent');
is( $d->left, scalar @mails, 'day 29: nothing is deleted' );

$t->clock( 31 * DAY );
$t->popkeep( { timeout => 120 } )->exits( 65, 'day 31: a changed file is told of' );
is( join( '|', map { substr $_, 0, 40 } $d->mails ), join( '|', map { substr $mails[$_][1], 0, 40 } sort { $a <=> $b } $removed, $changed ),
    'day 31: all is deleted but what is missing or changed here; what a mail program moved was found' );
my @deletions = map { /"uidl":"([^"]*)"/ } split /\n/, $t->deletions('lf');
is( join( ' ', sort @deletions ), join( ' ', sort map { $seen[$_][1] } grep { $_ != $removed && $_ != $changed } 0 .. $#seen ),
    'each deletion is in deletions.jsonl' );

spew( path_of($changed), $octets );
$t->clock( 32 * DAY );
$t->popkeep->exits( 0, 'a copy its owner removed is no error' );
is( join( '|', $d->mails ), $mails[$removed][1], 'the file is as it was again: deleted; the removed one stays' );
$t->popkeep->exits(0);
is( $d->left, 1, 'and stays' );
my %state = map { $_->[0]{uidl} => join '', map { $_->{state} } @$_ } values %{ Popkeep::Mails::entries( $t->journal('lf') ) };
is( join( ' ', grep { $state{$_} ne 'G' } sort keys %state ), $seen[$removed][1], 'every deletion is confirmed by a listing' );
done_testing();
