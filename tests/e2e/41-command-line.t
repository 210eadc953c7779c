#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The command line. A slip that is taken for something else fetches, or deletes, what nobody asked for.
# suites: valgrind
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my $s = $t->server;
$t->account( $s, 'okul' );
$t->account( $s, 'lise', maildir => $t->path('Mail/lise'), user => 'mudur' );

# What is refused as wrong usage, and what the message must hold. Nothing may have been connected.
my @wrong = (
    [ '--hlep',                                   qr/unknown option --hlep; did you mean --help\?/ ],
    [ '--dryrun',                                 qr/did you mean --dry-run\?/ ],
    [ '--confrim-delete',                         qr/did you mean --confirm-delete\?/ ],
    [ '--zzzzzzzz',                               qr/unknown option --zzzzzzzz; popkeep --help lists them/ ],
    [ '-x',                                       qr/unknown option -x/ ],
    [ '-qx',                                      qr/unknown option -qx/ ],
    [ '--dry',                                    qr/unknown option --dry/ ],
    [ 'chek',                                     qr/no command or account named "chek"; did you mean "check"\?/ ],
    [ 'okkul',                                    qr/no command or account named "okkul"; did you mean "okul"\?/ ],
    [ 'fetch', 'okkul',                           qr/no account named "okkul"; did you mean "okul"\?/ ],
    [ 'fetch', 'check',                           qr/no account named "check"/ ],
    [ 'okul', 'check',                            qr/no account named "check"; a command comes before the accounts/ ],
    [ 'OKUL',                                     qr/did you mean "okul"\?/ ],
    [ 'fetch', 'z*',                              qr/no account named "z\*"/ ],
    [ '',                                         qr/no command or account named ""/ ],
    [ '-',                                        qr/no command or account named "-"/ ],
    [ '--', '--help',                             qr/no command or account named "--help"/ ],
    [ '--as-of', '2027-01-01',                    qr/--as-of goes with --dry-run only/ ],
    [ '--as-of', '2027-13-01', '-n',              qr/2027-13-01: not a date; write 2026/ ],
    [ '--as-of', 'tomorrow', '-n',                qr/tomorrow: not a date/ ],
    [ '-n', '--as-of',                            qr/--as-of needs DATE/ ],
    [ '-n', '--adopt',                            qr/--adopt changes the journal and does not go with --dry-run/ ],
    [ '-n', '--confirm-delete',                   qr/--confirm-delete changes the journal/ ],
    [ '-j', '0',                                  qr/--jobs 0: give a number from 1 to 256/ ],
    [ '-j257',                                    qr/--jobs 257: give a number/ ],
    [ '--jobs=3x',                                qr/--jobs 3x: give a number/ ],
    [ '-j',                                       qr/--jobs needs N/ ],
    [ '--json=yes',                               qr/--json takes no value/ ],
    [ '--config=',                                qr/--config needs FILE/ ],
    [ '--server',                                 qr/--server does not go with fetch, only with verify/ ],
    [ 'fetch', '--server', '-j2',                 qr/--server does not go with fetch/ ],
    [ 'verify', '--missing',                      qr/--missing does not go with verify, only with fetch/ ],
    [ 'status', '-j', '2',                        qr/--jobs does not go with status, only with fetch, check, verify/ ],
    [ 'check', '-n',                              qr/--dry-run does not go with check/ ],
    [ 'status', '--adopt',                        qr/--adopt does not go with status/ ],
    [ 'verify', '--confirm-delete',               qr/--confirm-delete does not go with verify/ ],
    [ 'providers', 'okul',                        qr/providers takes no accounts/ ],
);
for (@wrong) {
    my @args = @$_;
    my $says = pop @args;
    my $run  = $t->popkeep(@args);
    my $name = join ' ', map { length ? $_ : "''" } @args;
    ok( ( $run->exit // -1 ) == 64 && $run->out eq '' && $run->err =~ $says && $run->err =~ /\A(popkeep: .*\n)(popkeep --help.*\n)?\z/,
        "refused with 64 and one message: $name" )
      or diag( 'exit ', $run->exit // 'none', ': ', $run->out, $run->err );
}
is( scalar $s->sessions, 0, 'no slip led to a connection' );

# Forms that are right
for my $form ( [ '--help' ], [ '-h' ], [ '-qvh', 'nonsense' ], [ 'check', '--help' ] ) {
    my $run = $t->popkeep(@$form)->prints(qr/\Apopkeep keeps .*^usage: popkeep \[OPTIONS\]/ms);
    is( $t->last_run->exit . '|' . $t->last_run->err, '0|', "@$form: 0, help on stdout alone" );
}
for my $form ( ['--version'], ['-V'] ) {
    $t->popkeep( @$form, { no_config => 1 } )->prints(qr/\Apopkeep \d+\.\d+\.\d+\nworkers give up: .+\n\z/);
    is( $t->last_run->exit . '|' . $t->last_run->err, '0|', "@$form: 0, version on stdout alone" );
}
my $help = $t->popkeep('--help')->out;
ok( !( grep { length > 100 } split /\n/, $help ), 'the help fits a terminal' );

sub would_fetch {    # a dry run of exactly these accounts
    my ( $want, @args ) = @_;
    my $run = $t->popkeep( '--json', @args );
    my @seen = sort map { $_->{account} } grep { $_->{event} eq 'account-end' } $run->json;
    is( "@seen", $want, "@args: $want" );
    return is( $run->exit, 0, '... and 0' );
}
would_fetch( 'lise okul', '-n' );
would_fetch( 'okul',      '-qn', 'okul' );
would_fetch( 'okul',      'fetch', '--dry-run', '--', 'okul' );
would_fetch( 'okul',      'okul', '-n' );
would_fetch( 'lise',      '-vn', 'l*' );
would_fetch( 'okul',      '-n', '[op]kul' );
would_fetch( 'lise okul', '-n', '-j1', '?*', 'okul' );
would_fetch( 'okul',      '-n', '--as-of=2030-01-01', 'okul' );
would_fetch( 'okul',      '-n', '--as-of', '2030-01-01 08:00', 'okul' );
would_fetch( 'okul',      '-n', '--as-of', '2030-01-01T08:00:00Z', 'okul' );
is( scalar $t->stored_paths('okul'), 0, 'a dry run stored nothing' );
ok( !-e $t->state_file( 'okul', 'journal' ), 'and left no state' );

for my $form (
    [ '-c', $t->path('popkeep.conf') ], [ '-c' . $t->path('popkeep.conf') ], [ '-qc', $t->path('popkeep.conf') ],
    [ '--config', $t->path('popkeep.conf') ], [ '--config=' . $t->path('popkeep.conf') ] )
{
    $t->popkeep( @$form, 'status', 'okul', { no_config => 1 } )->exits( 0, 'configuration given as ' . substr $form->[0], 0, 9 );
}

# An account may be called like a command: behind a command it is meant.
$t->forget_accounts;
$t->account( $s, 'check' );
would_fetch( 'check', '-n', 'fetch', 'check' );
$t->popkeep( 'check', 'check' )->exits( 0, 'check of the account check' );
done_testing();
