#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What was stored can be proven, what was lost can be fetched again, and a lost state folder costs neither mail nor a
# second copy of it: against a real Dovecot.
use strict;
use warnings;
use File::Path qw(make_path remove_tree);
use Popkeep;
use Popkeep::Client;
use Popkeep::Dovecot;
use Popkeep::Mails;

my $why = Popkeep::Dovecot::missing();
plan skip_all => $why if $why;

my @mails = map { $_->[1] } Popkeep::Mails::odd();
my $d = Popkeep::Dovecot->new( mails => \@mails );
my @seen = Popkeep::Client->fetch_all( $d->port, 'ogretmen', 'secret' );
my $t = Popkeep->new;
$t->account( $d, 'okul' );
my $before = time;

sub sound {
    my ( $name, $what, %how ) = @_;
    my @faults = Popkeep::Mails::faults( \@seen, journal => $t->journal($name), maildir => $t->path("Mail/$name"),
        line_endings => 'lf', since => $before, %how );
    return is( join( "\n", @faults ), '', $what );
}
sub entry { my ( $name, $i ) = @_; return Popkeep::Mails::entries( $t->journal($name) )->{ $seen[$i][1] }[0] }
sub path_of { my ( $name, $i ) = @_; return Popkeep::Mails::files( $t->path("Mail/$name") )->{ entry( $name, $i )->{name} } }

# ---- check ----

$t->popkeep('check')->exits(0);
is( scalar( my @ok = $t->last_run->out =~ /\[ok\]/g ), 3, 'check: three ticks' );
ok( !-e $t->path('Mail/okul'), 'check stores nothing' );
is( $d->left, scalar @mails, 'nor deletes' );

# ---- verify, --missing ----

$t->popkeep->exits(0);
sound( 'okul', 'stored' );
$t->popkeep('verify')->exits(0);
$t->popkeep( 'verify', '--server' )->exits(0);
$t->last_run->prints( qr/everything the server lists is stored \(${\ scalar @mails}\)/, 'all the server lists is stored' );

my ( $lost, $spoiled ) = ( path_of( 'okul', 0 ), path_of( 'okul', 8 ) );
my $name = entry( 'okul', 0 )->{name};
unlink $lost or die $!;
$t->popkeep('verify')->exits( 0, 'a missing file is the owner\'s business' );
$t->last_run->prints( qr/1 no longer in the Maildir/, 'but is counted' );
$t->popkeep( 'verify', '--server' )->exits( 65, 'unless the server still has the message' );
$t->last_run->prints( qr/missing  \Q$name\E/, 'and named' );
my $octets = slurp($spoiled);
spew( $spoiled, substr( $octets, 0, -1 ) . "\r" );
my $journal = $t->journal('okul');
$t->popkeep('verify')->exits( 65, 'a changed file' );
$t->last_run->prints( qr/changed  \Q@{[ entry( 'okul', 8 )->{name} ]}\E/, 'is named' );
is( $t->journal('okul'), $journal, 'verify writes nothing' );
spew( $spoiled, $octets );

$t->popkeep->exits(0);
$t->last_run->is_silent('a plain fetch leaves a removed message alone');
$t->popkeep( 'fetch', '--missing' )->exits(0);
sound( 'okul', 'fetch --missing stores it again, and nothing else' );
$t->popkeep( 'verify', '--server' )->exits(0);
$t->popkeep->exits(0);
$t->last_run->is_silent('once');

$d->add("Subject: not yet fetched\n\nx\n");
$t->popkeep( 'verify', '--server' )->exits( 10, 'a message that is not stored yet' );
$t->last_run->prints( qr/^not stored  /m, 'is named' );
$t->popkeep->exits(0);
@seen = Popkeep::Client->fetch_all( $d->port, 'ogretmen', 'secret' );
push @mails, 'another';

# ---- the state is lost ----

my $maildir = $t->path('Mail/okul');
make_path( map { "$maildir/.Eski/$_" } qw(tmp new cur) );
rename path_of( 'okul', 3 ), "$maildir/.Eski/cur/" . entry( 'okul', 3 )->{name} . ':2,S' or die $!;
rename path_of( 'okul', 7 ), "$maildir/cur/" . entry( 'okul', 7 )->{name} . ':2,RS' or die $!;
my $files = Popkeep::Mails::files($maildir);
remove_tree( $t->path('state/okul') );
$t->popkeep->exits( 78, 'a Maildir without its state' );
$t->last_run->says( qr{state: +\Q@{[ $t->path('state/okul') ]}\E.*Maildir: +\Q$maildir\E.*--adopt}s, 'names both and the remedy' );
is_deeply( Popkeep::Mails::files($maildir), $files, 'nothing is stored' );
$t->popkeep( 'fetch', '--adopt' )->exits(0);
is_deeply( Popkeep::Mails::files($maildir), $files, '--adopt: nothing is stored twice' );
sound( 'okul', 'and every message has its record, UIDL and size' );
$t->popkeep->exits(0);
$t->last_run->is_silent('the next run has nothing to do');
$t->popkeep( 'verify', '--server' )->exits(0);

# One message is neither here nor in the state any more: only that is stored.
unlink path_of( 'okul', 5 ) or die $!;
remove_tree( $t->path('state/okul') );
$t->popkeep( 'fetch', '--adopt' )->exits(0);
is( scalar( keys %{ Popkeep::Mails::files($maildir) } ), scalar @mails, 'what was missing is stored' );
sound( 'okul', 'as it was' );

# The adopted may be deleted in their time, counted from the adoption.
$t->forget_accounts;
$t->account( $d, 'okul', retention_days => 30 );
$t->clock( 29 * DAY );
$t->popkeep->exits(0);
is( $d->left, scalar @mails, 'day 29 after the adoption: all there' );
$t->clock( 31 * DAY );
$t->popkeep( { timeout => 120 } )->exits(0);
is( $d->left, 0, 'day 31: all deleted' );
$t->clock(0);

# ---- with CRLF ----

my $crlf = Popkeep::Dovecot->new( mails => [ map { $_->[1] } Popkeep::Mails::odd() ] );
@seen = Popkeep::Client->fetch_all( $crlf->port, 'ogretmen', 'secret' );
$t->forget_accounts;
$t->account( $crlf, 'crlf', line_endings => 'crlf' );
$t->popkeep->exits(0);
$files = Popkeep::Mails::files( $t->path('Mail/crlf') );
remove_tree( $t->path('state/crlf') );
$t->popkeep( 'fetch', '--adopt' )->exits(0);
is_deeply( Popkeep::Mails::files( $t->path('Mail/crlf') ), $files, 'line_endings = crlf: --adopt stores nothing twice' );
sound( 'crlf', 'and knows every message', line_endings => 'crlf' );
done_testing();
