#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Mail is deleted from a real server when it is due and in the order of its age, and a dry run says beforehand exactly what
# the run will do, changing nothing itself: who believes it loses nothing they meant to keep.
use strict;
use warnings;
use POSIX qw(strftime);
use Popkeep;
use Popkeep::Client;
use Popkeep::Dovecot;
use Popkeep::Mails;

my $why = Popkeep::Dovecot::missing();
plan skip_all => $why if $why;

sub mail { my ($n) = @_; return "Subject: mail $n\n\nbody $n\n" }
sub listed { my ($d) = @_; return Popkeep::Client->fetch_all( $d->port, 'ogretmen', 'secret' ) }

# What events of one kind say, in their order: "UIDL reason".
sub told {
    my ( $run, $event, $action ) = @_;
    return join "\n", map { "$_->{uidl} $_->{reason}" }
      grep { $_->{event} eq $event && ( !$action || $_->{action} eq $action ) } $run->json;
}
sub uidls_of { return join ' ', map { (split)[0] } split /\n/, $_[0] }

my $logged = 0;    # octets of deletions.jsonl seen so far

sub new_deletions {
    my ( $t, $name ) = @_;
    my $text = substr $t->deletions($name), $logged;
    $logged += length $text;
    return join ' ', map { /"uidl":"([^"]*)"/ } split /\n/, $text;
}

# A snapshot of all that popkeep keeps: journal, deletions, Maildir with times.
sub kept {
    my ( $t, $name ) = @_;
    my $at = Popkeep::Mails::files( $t->path("Mail/$name") );
    return join "\n", $t->journal($name) // 'no journal', $t->deletions($name), map { "$at->{$_} " . ( stat $at->{$_} )[9] } sort keys %$at;
}

# A dry run, then a real one: they must say and do the same. Returns the UIDLs deleted.
sub dry_then_real {
    my ( $t, $d, $what, $status ) = @_;
    my ( $before, $server ) = ( kept( $t, 'okul' ), join '|', $d->mails );
    my $dry = $t->popkeep( '--dry-run', '--json' );
    $dry->exits( $status, "$what: dry run" );
    is( kept( $t, 'okul' ), $before, "$what: a dry run changes no state and no Maildir" );
    is( join( '|', $d->mails ), $server, "$what: nor the mailbox" );
    my $text = $t->popkeep('--dry-run');
    my $real = $t->popkeep( '-v', '--json' );
    $real->exits( $status, "$what: the run" );
    my $deleted = new_deletions( $t, 'okul' );
    is( uidls_of( told( $dry, 'message-planned', 'delete' ) ), $deleted, "$what: deleted as foretold, in that order" );
    is( told( $dry, 'message-kept' ), told( $real, 'message-kept' ), "$what: kept as foretold, for the same reasons" );
    is( uidls_of( told( $real, 'message-deleted' ) ), $deleted, "$what: and told afterwards" );
    my @lines = $text->out =~ /would delete  .*?(\S+)  \(/g;
    is( scalar( @lines ), scalar( my @n = split / /, $deleted ), "$what: the text has as many lines" );
    return $deleted;
}

# ---- at once ----

{
    my $t = Popkeep->new;
    my $d = Popkeep::Dovecot->new( mails => [ map { mail($_) } 1 .. 30 ] );
    my @seen = listed($d);
    $t->account( $d, 'okul', retention_days => 0, max_delete => 25 );
    my $from = length $d->log_text;
    is( dry_then_real( $t, $d, 'retention_days = 0', 0 ), join( ' ', map { $_->[1] } @seen[ 0 .. 24 ] ), 'stored, deleted and logged in the same run' );
    is( join( ' ', map { ( $_->{retr} =~ s{/.*}{}r, $_->{del} ) } $d->sessions_ended( $from, 3 ) ), '0 0/30 0 0/30 30 25/30',
        'in the same session' );
    is_deeply( $t->stored_octets('okul'), [ sort map { mail($_) } 1 .. 30 ], 'all of it is stored' );
    $t->forget_accounts;
    $t->account( $d, 'okul', retention_days => 0 );
    $t->popkeep->exits(0);
    is( $d->left, 0, 'max_delete held for one run' );
    $t->popkeep->exits(0);
    $t->last_run->is_silent('then there is nothing to do');
    my %states = map { $_->{state} => 1 } map { @$_ } values %{ Popkeep::Mails::entries( $t->journal('okul') ) };
    is( join( ' ', keys %states ), 'G', 'and all of it is known to be gone' );
}

# ---- by age, a few a run ----

{
    my $t = Popkeep->new;
    $logged = 0;
    my $d = Popkeep::Dovecot->new( mails => [ map { mail($_) } 1 .. 6 ] );
    $t->account( $d, 'okul', retention_days => 30, max_delete => 4 );
    $t->popkeep->exits(0);
    $d->add( map { mail($_) } 7 .. 12 );
    $t->clock( 2 * DAY );
    my $dry = $t->popkeep('--dry-run');
    $dry->exits(0);
    is( scalar( my @n = $dry->out =~ /^would fetch  .*new/mg ), 6, 'a dry run names what it would fetch' );
    $t->popkeep->exits(0);
    my @uidl = map { $_->[1] } listed($d);
    my $in33days = strftime '%Y-%m-%dT%H:%M:%SZ', gmtime( time + 33 * DAY );
    my $as_of = uidls_of( told( $t->popkeep( '--dry-run', '--json', '--as-of', $in33days ), 'message-planned', 'delete' ) );

    $t->clock( 31 * DAY );
    is( dry_then_real( $t, $d, 'day 31', 0 ), "@uidl[0..3]", 'max_delete: the oldest four' );
    $t->last_run->prints( qr/"due":2/, 'two wait' );
    $t->clock( 33 * DAY );
    my $second = dry_then_real( $t, $d, 'day 33', 0 );
    is( $second, "@uidl[4..7]", 'then the next four' );
    is( $as_of, "@uidl[0..3]", '--as-of foretold the first four from the state of then' );
    $t->popkeep->exits(0);
    is( $d->left, 0, 'and the rest' );
}

# ---- a mixture ----

{
    my $t = Popkeep->new;
    $logged = 0;
    my $d = Popkeep::Dovecot->new( mails => [ map { mail($_) } 1 .. 8 ] );
    $t->account( $d, 'okul', retention_days => 30 );
    $t->popkeep->exits(0);
    $d->add( map { mail($_) } 9 .. 11 );
    $t->clock( 10 * DAY );
    $t->popkeep->exits(0);
    my @uidl = map { $_->[1] } listed($d);
    my $entries = Popkeep::Mails::entries( $t->journal('okul') );
    my $at = Popkeep::Mails::files( $t->path('Mail/okul') );
    my $file = sub { $at->{ $entries->{ $uidl[ $_[0] - 1 ] }[0]{name} } };
    unlink $file->(2) or die $!;
    spew( $file->(5), mail(5) =~ s/body/BODY/r );
    spew( $file->(6), mail(6) . "\n" );
    rename $file->(3), $t->path('Mail/okul/cur/') . $entries->{ $uidl[2] }[0]{name} . ':2,S' or die $!;
    $t->clock( 31 * DAY );
    is( dry_then_real( $t, $d, 'a mixture', 65 ), "@uidl[0,2,3,6,7]", 'what is due and has its copy' );
    is( told( $t->popkeep( '-v', '--json' ), 'message-kept' ), join( "\n", map { "$uidl[$_->[0] - 1] $_->[1]" }
        [ 9, 'young' ], [ 10, 'young' ], [ 11, 'young' ], [ 2, 'copy-missing' ], [ 5, 'copy-changed' ], [ 6, 'copy-changed' ] ),
        'each of the others with its reason' );
    is( join( '|', $d->mails ), join( '|', map { mail($_) } 2, 5, 6, 9, 10, 11 ), 'they are there' );

    $t->forget_accounts;
    $t->account( $d, 'okul', retention_days => 30, delete_requires_copy => 'no' );
    $t->clock( 32 * DAY );
    is( dry_then_real( $t, $d, 'delete_requires_copy = no', 0 ), "@uidl[1,4,5]", 'then the copy does not matter' );
}

# ---- the oldest cannot be deleted ----

{
    my $t = Popkeep->new;
    $logged = 0;
    my $d = Popkeep::Dovecot->new( mails => [ map { mail($_) } 1 .. 8 ] );
    $t->account( $d, 'okul', retention_days => 30, max_delete => 2 );
    $t->popkeep->exits(0);
    my @uidl = map { $_->[1] } listed($d);
    my $entries = Popkeep::Mails::entries( $t->journal('okul') );
    my $at = Popkeep::Mails::files( $t->path('Mail/okul') );
    unlink $at->{ $entries->{ $uidl[$_] }[0]{name} } or die $! for 0 .. 2;
    $t->clock( 31 * DAY );
    is( dry_then_real( $t, $d, 'the oldest without copies', 0 ), "@uidl[3,4]", 'max_delete is for what can be deleted' );
    $t->popkeep->exits(0) for 1 .. 2;
    is( join( '|', $d->mails ), join( '|', map { mail($_) } 1 .. 3 ), 'all others go in their turn' );
}
done_testing();
