#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# --json: every event of every command is what popkeep-json.schema.json says, whatever a server sends, and says where it went
# wrong and what the server said. If not, the dashboard of a district stops at the first odd mail, or shows a good run.
# (Every other test holds its --json runs against the schema as well.)
use strict;
use warnings;
use JSON::PP ();
use Popkeep;
use Popkeep::Schema;

my $schema = 'examples/popkeep-json.schema.json';
my %lines;    # event => a line of it

sub look {
    my ($run) = @_;
    for ( split /^/, $run->out ) { $lines{$1} //= $_ if /"event":"([\w-]+)"/ }
    return $run->json;
}

# ---- every command, from its first event to its last
my $t = Popkeep->new;
$t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody $_\n" ) } 1 .. 4 );
my $s = $t->server( script => qq(on RETR 4 send "-ERR not this one\\r\\n"\n) );
$t->account( $s, 'okul', retention_days => 1, quota_mb => 100, deadline => '2099-01-01' );

# What began and ended it: "command accounts -> status accounts failed"
sub frame {
    my ( $want, @args ) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @events = look( $t->popkeep( '--json', @args ) );
    my ( $first, $last ) = @events[ 0, -1 ];
    is( "$first->{event} $first->{command} " . ( $first->{accounts} // '?' ) . " -> $last->{event} $last->{status} $last->{accounts} $last->{accounts_failed}",
        "run-start $want", "popkeep @args" );
    is( $last->{status}, $t->last_run->exit, '... ends with the exit status' );
    return @events;
}
my @check = frame( 'check 1 -> summary 0 1 0', 'check' );
ok( !( grep { exists $_->{stored} } @check ), 'check does not read the journal, and says nothing of what is stored' );
my ($start) = frame( 'fetch 1 -> summary 0 1 0', '-n' );
ok( $start->{dry_run}, 'a dry run says so' );
my @events = frame( 'fetch 1 -> summary 10 1 1', 'fetch' );
is( join( ' ', map { $_->{event} } grep { $_->{event} !~ /^(?:progress|note)$/ } @events ),
    'run-start account-start message-failed message-stored message-stored message-stored message-kept message-kept message-kept message-kept account-end summary',
    'a fetch tells all there is' );
my %of = map { ( $_->{event} => $_ ) } @events;
is_deeply( [ @{ $of{'account-start'} }{qw(account host port maildir)} ], [ 'okul', '127.0.0.1', $s->port, $t->path('Mail/okul') ], 'the account that is begun' );
is_deeply( [ @{ $of{'message-failed'} }{qw(status status_name stage number uidl server_text)} ], [ 10, 'incomplete', 'fetching', 4, 'u0004', 'not this one' ], 'a failed message' );
is( join( ' ', sort map { $_->{reason} } grep { $_->{event} eq 'message-kept' } @events ), 'not-stored young young young', 'why messages are kept' );
ok( ( grep { $_->{event} eq 'note' && $_->{stage} eq 'connection' } @events ), 'notes have a stage' );
frame( 'status 1 -> summary 0 1 0', 'status' );
frame( 'verify 1 -> summary 10 1 1', 'verify', '--server' );
frame( 'providers 0 -> summary 0 0 0', 'providers' );
frame( 'fetch ? -> summary 64 0 0', 'nobody' );
my @runs = map { $_->{run} } map { frame( 'status 1 -> summary 0 1 0', 'status' ) } 1, 2;
isnt( $runs[0], $runs[-1], 'each run has a name of its own' );

# what is left of the kinds of events
$s->restart("uidl-prefix x\n");
look( $t->popkeep('--json') );
$t->clock( 2 * DAY );
look( $t->popkeep( '--json', '-n' ) );
$s->restart("on QUIT send \"-ERR busy\\r\\n\"\n");
my ($quit) = grep { $_->{event} eq 'warning' } look( $t->popkeep('--json') );
is_deeply( [ @$quit{qw(status stage server_text)} ], [ 10, 'quitting', 'busy' ], 'a warning that changes the exit status' );
$s->restart('');
look( $t->popkeep('--json') );

# a deletion that the server refuses: the message is still there, and why
my $r = Popkeep->new;
$r->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody $_\n" ) } 1 .. 3 );
$r->account( $r->server( script => join '', map { qq(session $_ {\non DELE @{[3 - $_]} send "-ERR [SYS/TEMP] locked\\r\\n"\n}\n) } 1, 2 ), 'okul', retention_days => 0 );
my @refusal = look( $r->popkeep('--json') );
is_deeply( [ map { [ @$_{qw(uidl reason server_text)} ] } grep { $_->{event} eq 'message-kept' } @refusal ], [ [ 'u0002', 'refused', '[SYS/TEMP] locked' ] ], 'a refused deletion' );
is_deeply( [ @{ $refusal[-1] }{qw(status deleted due)} ], [ 0, 2, 1 ], '... is still due' );
like( $r->popkeep( '-v' )->out, qr/^keep  u0002  \(the server does not delete it now; the next run asks again\)$/m, '... for people, too' );
like( $r->last_run->out, qr/1 due for deletion waits for a later run/, '... and counted' );

# ---- errors: where it was, and what the server said
my @broken = (
    [ 'password',   78, undef,           '', password_file => $t->path('nowhere') ],
    [ 'local',      73, undef,           '', maildir => '/proc/popkeep/Mail' ],
    [ 'connection', 75, undef,           undef ],
    [ 'tls',        12, undef,           '', cert => 'selfsigned' ],
    [ 'tls',        69, undef,           'plain' ],
    [ 'greeting',   69, 'closed',        qq(on GREETING send "-ERR closed\\r\\n") ],
    [ 'greeting',   69, '* OK imap',     qq(on GREETING send "* OK imap\\r\\n") ],
    [ 'login',      77, '[AUTH] no',     qq(login "-ERR [AUTH] no") ],
    [ 'login',      75, '[IN-USE] busy', qq(login "-ERR [IN-USE] busy") ],
    [ 'listing',    76, 'what?',         qq(on STAT send "what?\\r\\n") ],
    [ 'listing',    75, undef,           qq(on LIST close) ],
    [ 'fetching',   76, 'and?',          qq(capa TOP UIDL USER\non RETR 1 after "and?\\r\\n"\non RETR 2 after "and?\\r\\n"\non RETR 3 after "and?\\r\\n") ],
    [ 'deleting',   76, 'what?',         qq(on DELE send "what?\\r\\n"), retention_days => 0 ],
);
for my $case (@broken) {
    my ( $stage, $status, $said, $script, %keys ) = @$case;
    my $b = Popkeep->new;
    $b->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody $_\n" ) } 1 .. 3 );
    my $cert = delete $keys{cert};
    my $server = defined $script ? $b->server( script => "$script\n", $cert ? ( cert => $cert ) : () ) : undef;
    $b->account( $server, 'okul', defined $server ? () : ( port => 1 ), %keys );
    my @said = look( $b->popkeep('--json') );
    my ($error) = grep { $_->{event} eq 'error' } @said;
    my ($end) = grep { $_->{event} eq 'account-end' } @said;
    is_deeply( [ @$error{qw(status stage server_text)} ], [ $status, $stage, $said ], "$stage: where it ended, and what the server said" ) or diag $b->last_run->out;
    is_deeply( [ @$end{qw(status stage)} ], [ $status, $stage ], '... stands at the end of the account, too' );
}
my ($early) = grep { $_->{event} eq 'error' } $t->popkeep( '-c', $t->path('nowhere'), '--json' )->json;
is( $early->{stage}, 'configuration', 'a configuration that cannot be read' );

# ---- any octets. Each of these stands in a UIDL, in the answer to RETR, and behind -ERR at the login
my @octets = (
    [ 'every octet but line ends', join( '', map { chr } grep { $_ != 10 && $_ != 13 } 0 .. 255 ) ],
    [ 'NUL first',                 "\0abc" ],
    [ 'C0 and DEL',                join( '', map { chr } 1 .. 9, 11, 12, 14 .. 31, 127 ) ],
    [ 'C1 in UTF-8',               join( '', map { "\xc2" . chr } 0x80 .. 0x9f ) ],
    [ 'text from right to left',   "a\xe2\x80\xaegnp.exe\xe2\x80\xac\xe2\x81\xa6\xd8\x9c\xe2\x80\x8f" ],
    [ 'line separators',           "a\xe2\x80\xa8b\xe2\x80\xa9c\xc2\x85" ],
    [ 'surrogates',                "\xed\xa0\x80 \xed\xbf\xbf \xed\xa0\xbd\xed\xb8\x80" ],
    [ 'over-long forms',           "\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf\xc1\xbf" ],
    [ 'past the last character',   "\xf4\x90\x80\x80\xf8\x88\x80\x80\x80\xfe\xff" ],
    [ 'torn characters',           "\xc3" . 'x' . "\xe2\x82" . 'y' . "\xf0\x9f\x98" ],
    [ 'astral characters',         "\xf0\x9f\x98\x80\xf3\xa0\x81\xbf\xf4\x8f\xbf\xbf" ],
    [ 'not characters',            "\xef\xbf\xbe\xef\xbf\xbf\xef\xb7\x90\xef\xbb\xbf" ],
    [ 'JSON in JSON',              q(","event":"summary","status":0}{"v":1\\) ],
    [ 'backslashes',               '\\\\u0000\\"\\n\\' ],
    [ '4 KiB',                     "\xff\0\"\\" x 120 . "\xe2\x80\xae" x 800 . 'z' x 1000 ],
);

sub quoted { my ($octets) = @_; return join '', map { sprintf '\\x%02x', ord } split //, $octets }

my $h = Popkeep->new;
my $n = 0;
$h->mails( 'box', map { ( sprintf( '%04d.eml', ++$n ) => "Subject: $n\n\nbody $n\n" ) } @octets );
my $uidls = join '', map { my $i = $_; sprintf qq(on UIDL line %d send "%d %s\\r\\n"\n), $i, $i, quoted( $octets[ $i - 1 ][1] =~ s/[ \t]//gr =~ s/\A(.{900}).*\z/$1/sr ) } 1 .. @octets;
my $refused = join '', map { sprintf qq(on RETR %d send "-ERR %s\\r\\n"\n), $_, quoted( substr $octets[ $_ - 1 ][1], 0, 3000 ) } 1 .. @octets;
my $hostile = $h->server( script => $uidls . $refused );
$h->account( $hostile, 'okul', retention_days => 0 );
my @failed = grep { $_->{event} eq 'message-failed' } look( $h->popkeep('--json') );
is( scalar @failed, scalar @octets, 'whatever is behind -ERR: each message is told of' );
ok( ( grep { length $_->{server_text} } @failed ) == @octets, '... with what the server said' );
$hostile->restart($uidls);
my @kept = map { look( $h->popkeep( '--json', @$_ ) ) } ['-n'], ['fetch'], ['fetch'], [ 'verify', '--server' ], ['status'];
is( scalar( grep { $_->{event} eq 'message-stored' } @kept ), scalar @octets, 'whatever a UIDL is: each message is told of' );
is( scalar( grep { !defined } map { $_->{uidl} } grep { $_->{event} eq 'message-stored' } @kept ), 0, '... by its name' );
for my $case (@octets) {
    my ( $what, $text ) = @$case;
    my $l = Popkeep->new;
    my $server = $l->server( script => qq(capa TOP UIDL USER\non PASS send "-ERR @{[quoted( substr $text, 0, 3000 )]}\\r\\n"\n) );
    $l->account( $server, 'okul' );
    my ($error) = grep { $_->{event} eq 'error' } look( $l->popkeep('--json') );
    is_deeply( [ @$error{qw(status stage)} ], [ 77, 'login' ], "-ERR with $what" );
    unlike( $error->{server_text}, qr/[^\x20-\x{10ffff}]|[\x7f-\x9f]/, '... is escaped' );
    cmp_ok( length $error->{server_text}, '<', 1100, '... and no longer than anybody reads' );
}
my $odd = Popkeep->new;
$odd->mails( 'box', '0001.eml' => "Subject: 1\n\nbody\n" );
$odd->account( $odd->server, 'okul', maildir => $odd->path("Mail/a\"\\\xe2\x80\xae\xc3\xa7") );
my ($path) = map { $_->{maildir} } grep { $_->{event} eq 'account-start' } look( $odd->popkeep('--json') );
like( $path, qr{/Mail/a"\\\x{202e}\x{e7}\z}, 'a folder of any name' );

# ---- the validator can say no, and the schema leaves nothing open that it names
is( join( ' ', sort keys %lines ), join( ' ', sort keys %{ Popkeep::Schema::known() } ), 'every kind of event was seen' );
for my $kind ( sort keys %lines ) {
    my $line = $lines{$kind} =~ s/\n\z//r;
    is( join( '; ', Popkeep::Schema::faults_of_line( $line, [] ) ), '', "$kind: good as it is" );
    my $event = JSON::PP::decode_json($line);
    my @taken;
    for my $field ( sort keys %$event ) {
        my $value = $event->{$field};
        my @others = ( { %$event, $field => undef }, { %$event, $field => [undef] } );
        push @others, { %$event, $field => JSON::PP::is_bool($value) ? 'true' : ref $value ? {} : $value =~ /^-?\d+\z/ ? "x$value" : 4711 };
        push @taken, map { "$field: " . JSON::PP->new->canonical->encode($_) } grep { Popkeep::Schema::is_good($_) } @others;
    }
    my %less = %$event;
    for my $field ( Popkeep::Schema::always($kind) ) {
        delete local $less{$field};
        push @taken, "without $field" if Popkeep::Schema::is_good( \%less );
    }
    push @taken, 'with more' if Popkeep::Schema::is_good( { %$event, more => 1 } );
    is( join( "\n", @taken ), '', '... and nothing else' );
}
isnt( join( '', Popkeep::Schema::faults($_) ), '', 'refused: ' . substr( $_, 0, 40 ) =~ s/\n//r )
  for "{}\n", "[]\n", '{"v":1}', "\n", "x\n", "{\"v\":1,\"event\":\"summary\",\"event\":\"summary\"}\n", $lines{summary}, $lines{'run-start'}, "$lines{'run-start'}$lines{summary}$lines{summary}", map { "$lines{'run-start'}$lines{$_}$lines{summary}" } 'account-start', 'account-end';

# ---- other readers, where there are some
my $all = join '', map { $lines{$_} } sort keys %lines;
spew( $h->path('lines'), $all, $h->popkeep( '--json', '-n' )->out );
my $count = () = slurp( $h->path('lines') ) =~ /\n/g;
if ( my ($jq) = grep { -x } '/usr/bin/jq', '/usr/local/bin/jq' ) {
    is( scalar( my @got = `$jq -c . '@{[$h->path('lines')]}' 2>&1` ), $count, 'jq reads the same lines' );
}
if ( `python3 -c 'from jsonschema import Draft202012Validator; print(1)' 2>/dev/null` =~ /1/ ) {
    my $program = <<'PYTHON';
import json, sys
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator, n = Draft202012Validator(schema), 0
for line in open(sys.argv[2], encoding="utf-8"):
    n += 1
    for fault in validator.iter_errors(json.loads(line)):
        print(fault.message[:200])
print(n)
PYTHON
    spew( $h->path('validate.py'), $program );
    is( `python3 '@{[$h->path('validate.py')]}' '$schema' '@{[$h->path('lines')]}' 2>&1`, "$count\n", 'the schema is one, and another validator agrees' );
}
note("$Popkeep::Schema::count lines");
done_testing();
