#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# --metrics: a file for node_exporter that says what happened, of all accounts, and is never seen half. If not, the alarm that a
# school's mail is not saved stays silent.
use strict;
use warnings;
use Popkeep;
use Time::Local qw(timegm_modern);

my $promtool = $ENV{PROMTOOL} // ( grep { -x } map { "$_/promtool" } split /:/, $ENV{PATH} )[0];    # make check-metrics names it

# What a file says: {name => {labels => value}}. Strict: one line that the format does not know costs the whole file.
sub read_metrics {
    my ( $file, $name ) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $text = slurp($file) // '';
    my ( %value, %help, %type, @faults, $family );
    push @faults, 'does not end with a line end' if $text !~ /\n\z/;
    for ( split /\n/, $text ) {
        if (/\A# HELP ([a-z_]+) \S.*[.]\z/) {
            push @faults, "$1 comes back" if $help{$1}++;
            $family = $1;
        }
        elsif (/\A# TYPE ([a-z_]+) gauge\z/) {
            push @faults, "$1: TYPE is not behind its HELP" if $type{$1}++ || $1 ne $family;
        }
        elsif (/\A(popkeep_[a-z_]+)((?:\{[a-z]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z]+="(?:[^"\\\n]|\\[\\"n])*")*\})?) (-?[0-9]+(?:\.[0-9]+)?)\z/) {
            push @faults, "$1 stands among $family" if $1 ne ( $family // '' ) || !$type{$1};
            push @faults, "$1$2 comes twice" if defined $value{$1}{$2};
            $value{$1}{$2} = $3;
        }
        else { push @faults, "no line of the format: $_" }
    }
    push @faults, grep { !$value{$_} } keys %help;
    is( join( "\n", @faults ), '', "$name: each line is one of the format" );
    if ($promtool) {
        is( `LD_PRELOAD= $promtool check metrics < '$file' 2>&1` . ( $? >> 8 ), '0', '... and promtool has nothing against it' );
    }
    my @left = glob "'$file'.new*";
    is( "@left", '', '... nothing is left beside it' );
    return \%value;
}

my $t = Popkeep->new;
$t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody $_\n" ) } 1 .. 3 );
my $good = $t->server;
my $bad  = $t->server( script => qq(login "-ERR [AUTH] no"\n) );
$t->account( $good, 'okul', retention_days => 1, quota_mb => 5, deadline => '2099-01-01' );
$t->account( $bad,  'bad',  user => 'u' );
$t->account( $good, 'yeni', user => 'y' );
$t->account( $good, 'off',  user => 'z', disabled => 'yes' );
my $file = $t->path('popkeep.prom');
my $began = time;
$t->popkeep( '-q', '--metrics', $file, 'okul', 'bad' )->exits(77);
my $v = read_metrics( $file, 'a run over two of four accounts' );
is( sprintf( '%04o', ( stat $file )[2] & 07777 ), '0644', 'node_exporter may read it' );
is_deeply(
    { map { ( $_ => $v->{"popkeep_$_"} ) } qw(accounts accounts_failed run_status run_accounts run_accounts_failed run_stored_messages run_stored_bytes run_deleted_messages) },
    {   accounts => { '' => 3 }, accounts_failed => { '' => 1 }, run_status => { '' => 77 }, run_accounts => { '' => 2 }, run_accounts_failed => { '' => 1 },
        run_stored_messages => { '' => 3 }, run_stored_bytes => { '' => 3 * length "Subject: 1\n\nbody 1\n" }, run_deleted_messages => { '' => 0 } },
    'the run' );
sub of { my ($figure) = @_; return { map { ( /"(.*)"/ ? $1 : $_, $v->{"popkeep_$figure"}{$_} ) } keys %{ $v->{"popkeep_$figure"} } } }
is_deeply( of('last_run_status'), { okul => 0, bad => 77 }, 'how each last run ended' );
is_deeply( of('health'), { okul => 0, bad => 2, yeni => 1 }, 'how each account stands' );
is_deeply( of('stored_messages'), { okul => 3, bad => 0, yeni => 0 }, 'an account that never ran is there, too' );
is_deeply( [ of('server_messages'), of('unsaved_messages'), of('due_messages') ], [ { okul => 3 }, { okul => 0 }, { okul => 0 } ], 'what is on the server' );
is_deeply( of('mailbox_quota_bytes'), { okul => 5_000_000 }, 'what the mailbox may hold' );
is_deeply( of('deadline_timestamp_seconds'), { okul => timegm_modern( 0, 0, 0, 1, 0, 2099 ) }, 'the deadline' );
my $success = of('last_success_timestamp_seconds');
ok( $success->{okul} >= $began && $success->{okul} <= time && $success->{bad} == 0 && $success->{yeni} == 0, 'the last success, or 0' );
cmp_ok( of('certificate_expiry_timestamp_seconds')->{okul}, '>', time, 'the end of the certificate' );
ok( ( grep { $_ >= $began } values %{ $v->{popkeep_run_timestamp_seconds} } ) && ( grep { $_ < 60 } values %{ $v->{popkeep_run_duration_seconds} } ), 'when and how long' );

# ---- later runs: what they touch changes, the rest stays
chmod 0640, $file;
symlink 'popkeep.prom', $t->path('link.prom');
$t->clock( 2 * DAY );
$t->popkeep( '-q', '--metrics', $t->path('link.prom'), 'yeni' )->exits(0);
ok( -l $t->path('link.prom'), 'a link stays one' );
$v = read_metrics( $file, 'a run over the third' );
is( sprintf( '%04o', ( stat $file )[2] & 07777 ), '0640', 'permissions somebody gave it stay' );
is_deeply( of('last_run_status'), { okul => 0, bad => 77, yeni => 0 }, 'the other two as they were' );
is_deeply( of('last_success_timestamp_seconds')->{okul}, $success->{okul}, '... their times too' );
$good->restart(qq(on RETR send "-ERR no\\r\\n"\n));
$t->mails( 'box', '0004.eml' => "Subject: 4\n\nbody 4\n" );
$t->popkeep( '-q', '--metrics', $file, 'okul' )->exits(10);
$v = read_metrics( $file, 'a message that does not come' );
is_deeply( of('unsaved_messages'), { okul => 1, yeni => 0 }, 'is not saved' );
is_deeply( [ map { $_->{okul} } of('last_run_deleted_messages'), of('server_messages') ], [ 3, 4 ], '... while three old ones are deleted' );

# ---- status: no run; parts
$t->popkeep( 'status', '--metrics', $file )->exits(0);
$v = read_metrics( $file, 'popkeep status' );
ok( !( grep { /^popkeep_run_/ } keys %$v ), 'tells of no run' );
is_deeply( of('last_run_status'), { okul => 10, bad => 77, yeni => 0 }, '... but of all accounts' );
my %seen;
for my $i ( 1, 2 ) {
    $t->popkeep( 'status', '--shard', "$i/2", '--metrics', $t->path("part$i.prom") )->exits(0);
    $v = read_metrics( $t->path("part$i.prom"), "part $i" );
    is_deeply( [ keys %{ $v->{popkeep_accounts} } ], [qq({shard="$i/2"})], '... says so' );
    $seen{$_}++ for keys %{ of('stored_messages') };
}
is_deeply( \%seen, { okul => 1, bad => 1, yeni => 1 }, 'each account is in one part' );
my $journal = $t->state_file( 'okul', 'journal' );
my $text    = slurp($journal);
substr( $text, length($text) / 3, 1 ) ^= "\x01";
spew( $journal, $text );
$t->popkeep( '-q', 'status', '--metrics', $file )->exits(65);
$v = read_metrics( $file, 'a journal that cannot be read' );
is_deeply( [ map { $_->{okul} } of('last_run_status'), of('health') ], [ 65, 2 ], 'is trouble' );

# ---- when it cannot be written: said, 74, the mail is done, what is there stays
$t->mails( 'box', '0005.eml' => "Subject: 5\n\nbody 5\n" );
$good->restart('');
mkdir $t->path('folder');
for my $case ( [ 'none/x.prom', qr/cannot create .*none.*No such file/ ], [ 'folder', qr/folder is there and is no file/ ] ) {
    my ( $name, $said ) = @$case;
    my $before = slurp($file);
    my $run = $t->popkeep( '-q', '--json', '--metrics', $t->path($name), 'yeni' );
    $run->exits( 74, "$name: status 74" );
    $run->says( $said, '... and why' );
    my ($summary) = grep { $_->{event} eq 'summary' } $run->json;
    is( $summary->{status}, 74, '... in the summary, too' );
}
is( scalar @{ $t->stored_octets('yeni') }, 5, 'the mail is done all the same' );
my @left = glob "'" . $t->dir . "'/*.new-*";
is( "@left", '', 'nothing is left beside' );
$t->popkeep( '-q', '--metrics', '/dev/full', 'yeni' )->exits( 74, 'a device is not replaced' );
ok( -c '/dev/full', '... it is still there' );
$t->popkeep( '-n', '--metrics', $file )->exits(64);
$t->last_run->says(qr/--metrics tells of real runs and does not go with --dry-run/);
$t->popkeep( 'check', '--metrics', $file )->exits(64);
$t->popkeep('--metrics=')->exits(64);

# ---- no reader sees a half: it has its name only when it is whole
my $traced = $t->popkeep( '-q', 'status', 'yeni', '--metrics', $file, { strace => 1 } );
my @calls = grep { /\Q$file\E/ && / = (?!-1)/ } split /\n/, slurp( $traced->{strace} );
my ($opened) = grep { $calls[$_] =~ /O_WRONLY/ } 0 .. $#calls;
my ($written) = grep { $calls[$_] =~ /\bwrite\(/ } reverse 0 .. $#calls;
my ($renamed) = grep { $calls[$_] =~ /\brename/ } 0 .. $#calls;
ok( defined $renamed && $opened < $written && $written < $renamed && !( grep { /O_WRONLY|\bwrite\(/ && !/\.new-\d+/ } @calls ), 'written beside, then renamed' ) or diag join "\n", @calls;
done_testing();
