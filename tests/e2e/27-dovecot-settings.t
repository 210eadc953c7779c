#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# One real server, set up as different administrators do, and changed under popkeep's feet: new UIDLs for all mail, mail
# that another client took or brought back. Nothing is stored twice, and its age is not forgotten.
# only: e2e
use strict;
use warnings;
use Popkeep;
use Popkeep::Client;
use Popkeep::Dovecot;
use Popkeep::Mails;

my $why = Popkeep::Dovecot::missing();
plan skip_all => $why if $why;

sub mail { my ($n) = @_; return "Subject: mail $n\n\nbody $n\n" }
sub listed { my ($d) = @_; return Popkeep::Client->fetch_all( $d->port, 'ogretmen', 'secret' ) }

# What Dovecot remembers of a mailbox, thrown away: it gives every message another UIDL.
sub forget {
    my ($d) = @_;
    unlink glob( $d->maildir_of('ogretmen') . '/dovecot*' );
    return;
}

# ---- all UIDLs change ----

{
    my $d = Popkeep::Dovecot->new( mails => [ ( map { mail($_) } 1 .. 25 ), mail(25) ] );
    my $t = Popkeep->new;
    $t->account( $d, 'okul', retention_days => 30 );
    $t->popkeep->exits(0);
    my $files = Popkeep::Mails::files( $t->path('Mail/okul') );
    my @before = map { $_->[1] } listed($d);
    forget($d);
    sleep 1 while time == ( stat $t->state_file( 'okul', 'journal' ) )[9];    # its UIDLs hold the second of their making
    my @after = map { $_->[1] } listed($d);
    isnt( $before[0], $after[0], 'the server gives new UIDLs' );
    $t->clock( 20 * DAY );
    $t->popkeep->exits( 0, 'all UIDLs are new' );
    is_deeply( Popkeep::Mails::files( $t->path('Mail/okul') ), $files, 'nothing is stored twice' );
    is( $d->left, 26, 'nothing is deleted before its time' );
    $t->popkeep->exits(0);
    $t->last_run->is_silent('known from then on');
    $t->clock( 31 * DAY );
    $t->popkeep->exits(0);
    is( $d->left, 0, 'the age still counts from when it was stored' );
}

# ---- another client takes mail away, and brings some back ----

{
    my $d = Popkeep::Dovecot->new( mails => [ map { mail($_) } 1 .. 6 ] );
    my $t = Popkeep->new;
    $t->account( $d, 'okul', retention_days => 30 );
    $t->popkeep->exits(0);
    my $c = Popkeep::Client->new( $d->port );
    $c->line;
    $c->login( 'ogretmen', 'secret' );
    $c->say("DELE $_") for 2, 3;
    $c->say('QUIT');
    $c->finish;
    $d->add( mail(2) );    # moved out and in again by a mail program: the same octets, another UIDL
    $t->popkeep->exits(0);
    is( scalar @{ $t->stored_octets('okul') }, 6, 'what came back is not stored twice' );
    $t->clock( 31 * DAY );
    $t->popkeep->exits(0);
    is( $d->left, 0, 'and is deleted in its time' );
    is( scalar @{ $t->stored_octets('okul') }, 6, 'the local copies stay' );
}

# ---- settings ----

my %settings = (
    'UIDLs of file names'     => "pop3_uidl_format = %f\n",
    'UIDLs of GUIDs'          => "pop3_uidl_format = %g\n",
    'deleted mail is only hidden' => "pop3_delete_type = flag\npop3_deleted_flag = \"\$POP3Deleted\"\n",
    'sizes as they are on the disk' => "pop3_fast_size_lookups = yes\n",
    'no flags are set'        => "pop3_no_flag_updates = yes\n",
    'TLS 1.2'                 => undef,
);
for my $what ( sort keys %settings ) {
    my @mails = map { $_->[1] } Popkeep::Mails::odd();
    my $extra = $settings{$what} ? "protocol pop3 {\n$settings{$what}}\n" : "ssl_cipher_list = ECDHE+AESGCM\nssl_min_protocol = TLSv1.2\n";
    my $d = Popkeep::Dovecot->new( mails => \@mails, extra => $extra );
    my @seen = listed($d);
    my $t = Popkeep->new;
    my $before = time;
    $t->account( $d, 'okul' );
    $t->popkeep->exits( 0, $what );
    my %want = map { Popkeep::Mails::file_form( $_->[2], 'lf' ) => 1 } @seen;
    my %have = map { $_ => 1 } @{ $t->stored_octets('okul') };
    is_deeply( \%have, \%want, 'stored as a second client saw it' );
    is( scalar @{ $t->stored_octets('okul') }, scalar @seen, 'each of them once' );
    $t->popkeep->exits(0);
    $t->last_run->is_silent('known from then on');
    $t->forget_accounts;
    $t->account( $d, 'okul', retention_days => 0 );
    $t->popkeep->exits(0);
    is( scalar( my @left = listed($d) ), 0, 'all deleted' );
    $t->popkeep->exits(0);
    $t->last_run->is_silent('nothing left');
}
done_testing();
