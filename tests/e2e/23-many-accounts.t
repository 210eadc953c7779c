#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Forty schools at once from one real server: each Maildir gets its own mail and no other's, and never more connections are
# open than per_host and jobs allow, or the provider would lock the whole district out.
use strict;
use warnings;
use Popkeep;
use Popkeep::Dovecot;
use Time::HiRes qw(sleep);

my $why = Popkeep::Dovecot::missing();
plan skip_all => $why if $why;

my @schools = map { sprintf 'okul%02d', $_ } 1 .. 40;
my $d = Popkeep::Dovecot->new( users => \@schools );
sub mail { my ( $school, $n ) = @_; return "Subject: $school $n\n\n" . "$school $n\n" x ( 200 * $n ) }
for my $school (@schools) { $d->add_for( $school, map { mail( $school, $_ ) } 1 .. 5 ) }

# Connections open on popkeep's side to the server's port.
sub connections {
    my $port = sprintf ':%04X', $d->port;
    return scalar grep { my @f = split; @f > 3 && $f[2] =~ /$port$/ && $f[3] eq '01' } split /\n/, slurp('/proc/net/tcp');
}

# A run, and the most connections seen at any moment of it.
sub watched {
    my ( $t, @args ) = @_;
    my $run = $t->start(@args);
    my $most = 0;
    while (1) {
        my $n = connections();
        $most = $n if $n > $most;
        last if !-d "/proc/$run->{pid}" || ( slurp("/proc/$run->{pid}/stat") // ') Z' ) =~ /\) Z/;
        sleep 0.001;
    }
    return ( $run->finish, $most );
}

sub wrong_maildirs {
    my ($t) = @_;
    my @wrong;
    for my $school (@schools) {
        push @wrong, $school if join( '|', @{ $t->stored_octets($school) } ) ne join '|', sort map { mail( $school, $_ ) } 1 .. 5;
    }
    return "@wrong";
}

sub district {
    my (%defaults) = @_;
    my $t = Popkeep->new;
    $t->defaults(%defaults);
    $t->account( $d, $_, user => $_ ) for @schools;
    return $t;
}

my $t = district( jobs => 8, per_host => 3 );
my ( $run, $most ) = watched( $t, 'fetch' );
$run->exits( 0, 'forty accounts, eight at a time, three a host' );
is( wrong_maildirs($t), '', 'each has its own mail' );
cmp_ok( $most, '<=', 3, 'never more than per_host connections' );
cmp_ok( $most, '>=', 2, 'but several at once' );
$run->prints( qr/^40 accounts: 200 new messages/m, 'one summary of all' );
$t->popkeep('fetch')->exits(0);
$t->last_run->is_silent('then nothing is new');

$t = district( jobs => 8, per_host => 40 );
( $run, $most ) = watched( $t, '-j', 5, 'fetch' );
$run->exits( 0, '-j 5' );
cmp_ok( $most, '<=', 5, 'never more than --jobs connections' );
is( wrong_maildirs($t), '', 'each has its own mail' );

$t = district( jobs => 8, per_host => 8 );
( $run, $most ) = watched( $t, '--json', 'fetch', 'okul0*', 'okul40' );
$run->exits( 0, 'ten of them by name' );
cmp_ok( $most, '<=', 8, 'jobs = 8' );
my @done = map { $_->{account} } grep { $_->{event} eq 'account-end' } $run->json;
is( join( ' ', sort @done ), join( ' ', @schools[ 0 .. 8, 39 ] ), 'those and no others' );
my ($summary) = grep { $_->{event} eq 'summary' } $run->json;
is( "$summary->{accounts} $summary->{fetched} $summary->{accounts_failed}", '10 50 0', 'the summary counts them' );

# One bad account does not stop the others, and decides the exit status.
$t = district( jobs => 8, per_host => 8 );
$t->account( $d, 'okul41', user => 'okul01', password_is => 'wrong' );
$t->popkeep('fetch')->exits( 77, 'one login is refused' );
is( wrong_maildirs($t), '', 'all others are fetched' );
is( join( ' ', grep { !/^okul41:/ } $t->last_run->err =~ /^(\S+: .*)/mg ), '', 'only that one is told of' );
done_testing();
