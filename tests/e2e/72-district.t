#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e
# A district's mailboxes on a real Dovecot, a few of them broken, each in another way: exit status, summary, JSON, metrics,
# status and --nagios tell the same story, and it is the true one. If not, somebody believes that a school's mail is saved which is not.
# POPKEEP_DISTRICT: how many mailboxes (make check-district: 1,000).
use strict;
use warnings;
use Popkeep;
use Popkeep::Dovecot;
use Time::HiRes qw(time);

my $why = Popkeep::Dovecot::missing();
plan skip_all => $why if $why;
my $n       = $ENV{POPKEEP_DISTRICT} || 200;
my @schools = map { sprintf 'okul%04d', $_ } 1 .. $n;
sub mail { my ( $school, $k ) = @_; return "Subject: $school $k\n\n" . "$k of $school\n" x ( 20 * $k ) }

my $d = Popkeep::Dovecot->new( users => \@schools, extra => <<'END' );
service pop3-login {
  service_count = 0
  client_limit = 1000
}
service pop3 {
  service_count = 1000
}
END
for my $school (@schools) { $d->add_for( $school, map { mail( $school, $_ ) } 1 .. 2 ) }
my $t    = Popkeep->new;
my $prom = $t->path('popkeep.prom');
chmod 0600, spew( $t->path('password'), "secret\n" ), spew( $t->path('wrong'), "wrong\n" );
chmod 0644, spew( $t->path('open'), "secret\n" );

# Some schools are at scripted servers, which are in order at first.
my %box = ( '0001.eml' => "Subject: 1\n\nbody\n", '0002.eml' => "Subject: 2\n\nbody\n", '0003.eml' => "Subject: 3\n\nbody\n" );
$t->mails( 'box', map { ( $_ => $box{$_} ) } '0001.eml', '0002.eml' );
my %server;

# What befalls a school: status, reason in JSON, what stderr says, keys of the account (of the broken one), what is done to it
my $off = 'okul0013';
my $state = sub { my ( $school, @file ) = @_; return join '/', $t->path('state'), $school, @file };
my %broken = (
    okul0007 => [ 77, '', qr/login refused/, { password_file => $t->path('wrong') } ],
    okul0037 => [ 78, '', qr/Maildir/, {}, sub { my ($school) = @_; rename $t->path("Mail/$school"), $t->path("Mail/$school.away") or die } ],
    okul0047 => [ 73, '', qr/cannot create/, {}, sub { my $lock = $state->( $_[0], 'lock' ); unlink $lock; mkdir $lock or die } ],
    okul0067 => [ 78, '', qr/permissions/, { password_file => $t->path('open') } ],
    okul0087 => [ 69, '', qr/yok\.okul\.example/, {} ],    # the name server knows it no more
    okul0097 => [ 65, '', qr/journal/, {}, \&spoil ],
    okul0107 => [ 70, '', qr/no event/, {} ],    # nonsenseshim
);
sub scripted {
    my ( $school, $status, $says, $script, %keys ) = @_;
    $server{$school} = $t->server;
    $broken{$school} = [ $status, $script =~ /IN-USE/ ? 'in-use' : '', $says, \%keys, sub { unlink $state->( $school, 'tls-session' ); $server{$school}->restart($script) } ];
    return;
}
scripted( 'okul0017', 12, qr/certificate/, "cert selfsigned\n" );
scripted( 'okul0027', 75, qr/does not let .* in now/, qq(login "-ERR [IN-USE] busy"\n) );
scripted( 'okul0057', 75, qr/silent for 2 seconds/, "on LIST silent\n", timeout => 2 );
scripted( 'okul0077', 76, qr/\S/, qq(on STAT send "what?\\r\\n"\n) );
scripted( 'okul0117', 69, qr/refuses service/, qq(on GREETING send "-ERR [SYS/PERM] closed\\r\\n"\n) );

sub spoil {
    my ($school) = @_;
    my $text = slurp( $state->( $school, 'journal' ) );
    substr( $text, 60, 1 ) ^= "\x01";
    return spew( $state->( $school, 'journal' ), $text );
}
my @good = grep { !$broken{$_} && $_ ne $off } @schools;

sub configure {
    my ($broken) = @_;
    my $ca   = Popkeep::certs_dir() . '/ca.pem';
    my $text = "[defaults]\nhost = 127.0.0.1\nport = @{[$d->port]}\ntls_ca_file = $ca\ntimeout = 60\njobs = 32\nper_host = 32\n"
      . "password_file = @{[$t->path('password')]}\nstate_dir = @{[$t->path('state')]}\n\n";
    for my $school (@schools) {
        my %keys = ( user => $school, maildir => $t->path("Mail/$school"), $broken && $broken{$school} ? %{ $broken{$school}[3] } : () );
        $keys{port} = $server{$school}->port if $server{$school};
        @keys{qw(host tls_name port)} = ( 'yok.okul.example', '127.0.0.1', $d->port ) if $school eq 'okul0087';
        $keys{disabled} = 'yes' if $broken && $school eq $off;
        $text .= "[account $school]\n" . join( '', map { "$_ = $keys{$_}\n" } sort keys %keys ) . "\n";
    }
    $t->config($text);
    return;
}

my $run;

# ---- all is well
configure(0);
$t->{preload} = [ map { Popkeep::tools_dir() . "/$_" } qw(hostshim.so nonsenseshim.so) ];
my %well = ( HOSTSHIM => 'yok.okul.example' );
my %ill  = ( NONSENSE => 'okul0107' );
$run = $t->popkeep( '--json', '--metrics', $prom, 'fetch', { timeout => 300, env => \%well } );
diag( sprintf '%d mailboxes, first fetch: %.1f s', $n, $run->{seconds} );
$run->exits( 0, "$n mailboxes on one server" ) or diag( $run->err );
is( ( $run->json )[-1]{fetched}, 2 * $n, 'two messages each' );
is( ( $run->json )[-1]{accounts_failed}, 0, 'no trouble' );

# ---- a dozen are broken; everybody gets more mail
configure(1);
for my $school ( sort keys %broken ) { $broken{$school}[4] && $broken{$school}[4]->($school) }
$d->add_for( $_, mail( $_, 3 ) ) for @schools;
$t->mails( 'box', '0003.eml' => $box{'0003.eml'} );
$t->clock(60);
$run = $t->popkeep( '--json', '--metrics', $prom, 'fetch', { timeout => 300, env => \%ill } );
diag( sprintf '%d mailboxes, %d broken: %.1f s', $n, scalar keys %broken, $run->{seconds} );

# exit status
$run->exits( 70, 'the worst of them is the exit status' );

# JSON
my @events = $run->json;
my $sum    = $events[-1];
my %end    = map { $_->{event} eq 'account-end' ? ( $_->{account} => $_ ) : () } @events;
my %want   = ( ( map { ( $_ => 0 ) } @good ), map { ( $_ => $broken{$_}[0] ) } keys %broken );
is_deeply( { map { ( $_ => $end{$_}{status} ) } keys %end }, \%want, 'JSON: how each ended' );
is( join( ' ', map { "$_ $end{$_}{reason}" } grep { $end{$_}{reason} } sort keys %end ), 'okul0027 in-use', '... and a reason where it is known' );
is( "$sum->{event} $sum->{status} $sum->{accounts} $sum->{accounts_failed} $sum->{fetched}",
    join( ' ', 'summary', 70, $n - 1, scalar keys %broken, scalar @good ), '... and the summary' );
my %errors;
push @{ $errors{ $_->{account} } }, $_ for grep { $_->{event} eq 'error' } @events;
is( join( ' ', sort keys %errors ), join( ' ', sort keys %broken ), '... an error for each that failed, and for no other' );
is( join( ' ', grep { $errors{$_}[-1]{status} != $want{$_} } sort keys %errors ), '', '... of the same status' );

# for people: stderr has the same, in whole
my %told;
my $err = $run->err;
push @{ $told{$1} }, $2 while $err =~ /^(okul\d+): (.*)$/mg;
is( join( ' ', sort keys %told ), join( ' ', sort keys %broken ), 'stderr: those that failed, and no others' );
for my $school ( sort keys %broken ) {
    ok( ( grep { $_ =~ $broken{$school}[2] } @{ $told{$school} || [] } ), "... $school ($want{$school}): $broken{$school}[2]" ) or diag( @{ $told{$school} || [] } );
}

# the Maildirs
my @wrong = grep {
    my $school = $_;
    join( '|', @{ $t->stored_octets($school) } ) ne join '|', sort map { mail( $school, $_ ) } 1 .. 3;
} @good;
is( "@wrong", '', 'each good one has its three messages' );
@wrong = grep {
    my $school = $_;
    my $maildir = -d $t->path("Mail/$school.away") ? "$school.away" : $school;
    join( '|', @{ $t->stored_octets($maildir) } ) ne join '|', sort $server{$school} ? @box{qw(0001.eml 0002.eml)} : map { mail( $school, $_ ) } 1 .. 2;
} ( sort keys %broken ), $off;
is( "@wrong", '', '... and every other still its two' );

# the dashboard
my %metric;
for ( split /\n/, slurp($prom) ) { $metric{$1}{ $2 // '' } = $3 if /^(popkeep_\w+)(?:\{account="([^"]*)"\})? (\S+)$/ }
is( join( ' ', map { $metric{"popkeep_$_"}{''} } qw(run_status run_accounts run_accounts_failed run_stored_messages) ),
    join( ' ', 70, $n - 1, scalar keys %broken, scalar @good ), 'metrics: the run' );
is_deeply( $metric{popkeep_last_run_status}, \%want, '... and how each account stands' );

# status: table, JSON, exit status
my $status = $t->popkeep( '--json', 'status' );
my %stands = map { $_->{event} eq 'account-status' ? ( $_->{account} => $_ ) : () } $status->json;
my %ends_as = map { ( $_ => $stands{$_}{status} // 65 ) } keys %want;    # a damaged journal tells nothing
is_deeply( \%ends_as, \%want, 'status: how the last run of each ended' );
is( join( ' ', grep { ( $stands{$_}{health} // 'trouble' ) ne 'well' } sort keys %want ), join( ' ', sort keys %broken ), '... those that failed are not well, all others are' );
my $table = $t->popkeep('status')->exits(65) ? $t->last_run->out : '';
is( join( ' ', sort map { /^(?!well)\w+ +(okul\d+) / ? $1 : () } split /\n/, $table ), join( ' ', sort keys %broken ), '... and so it stands in the table' ) or diag( $table );

my @critical = grep { $want{$_} != 75 } sort keys %broken;    # what is temporary may pass
$t->popkeep( 'status', '--nagios' )->exits( 2, 'status --nagios: critical' );
$t->last_run->prints( qr/\ACRITICAL - @{[$n - 1]} mailboxes, @{[scalar @critical]} critical: $critical[0] \(.* \| accounts=@{[$n - 1]};;;0 critical=@{[scalar @critical]};/, '... and whose' );

# ---- the summary for people says it once more; what can be mended is mended and done
$run = $t->popkeep( 'fetch', { timeout => 300, env => \%ill } );
$run->exits( 70, 'a run for people' );
$run->prints( qr/^@{[$n - 1]} accounts: nothing new stored; .*; @{[scalar keys %broken]} accounts not complete\n\z/m, 'its last line counts the same' );
configure(0);
rename $t->path('Mail/okul0037.away'), $t->path('Mail/okul0037') or die $!;
rmdir $state->( 'okul0047', 'lock' ) or die $!;
spoil('okul0097');    # twice is none
$_->restart('') for values %server;
$run = $t->popkeep( '--json', 'fetch', { timeout => 300, env => \%well } );
$run->exits( 0, 'mended, all are done' );
is( ( $run->json )[-1]{fetched}, 1 + keys %broken, '... with the message that was missing' );
$status = $t->popkeep( '--json', 'status' )->exits(0) && $t->last_run;
is( join( ' ', map { $_->{event} eq 'account-status' && $_->{health} ne 'well' ? $_->{account} : () } $status->json ), '', '... and status has nothing to say' );
$t->popkeep( 'status', '--nagios' )->exits( 0, '... nor has --nagios' );
$t->last_run->prints( qr/\AOK - $n mailboxes, /, '... and it counts all of them' );
done_testing();
