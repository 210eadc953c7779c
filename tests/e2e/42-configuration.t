#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Which configuration and which state are taken, and what is said when there is none. With the wrong one a second
# copy of everything is made, or mail is judged by another account's rules.
use strict;
use warnings;
use Popkeep;
use File::Path qw(make_path);

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my $s = $t->server;

# ---- none at all: a first example
my $run = $t->popkeep( { no_config => 1 } );
$run->exits( 78, 'no configuration: 78' );
my $home = $t->path('home');
like( $run->err, qr{neither \Q$home\E/\.config/popkeep/popkeep\.conf nor /etc/popkeep/popkeep\.conf is there}, 'says where it looked' );
like( $run->err, qr/^  \[account \w+\]\n  provider = meb-k12\n  user = \S+\n  password_file = \S+\n  maildir = \S+$/m, 'shows a first example' );
is( $run->out, '', 'on stderr alone' );
my $example = join "\n", $run->err =~ /^  (\S.*)$/mg;
spew( $t->path('first.conf'), "$example\n" );
$t->popkeep( '-c', $t->path('first.conf'), 'status', { no_config => 1 } )->exits( 0, 'that example is a valid configuration' );

# ---- the order of places
sub place {
    my ( $path, $name ) = @_;
    spew( $path, "[account $name]\nhost = 127.0.0.1\nuser = u\nmaildir = ~/Mail/$name\n" );
    return $path;
}

sub takes {
    my ( $want, $env, @args ) = @_;
    my $got = $t->popkeep( @args, '--json', 'status', { no_config => 1, env => $env } );
    my ($account) = map { $_->{account} // () } $got->json;
    return is( $account // $got->err, $want, "takes the configuration of $want" );
}
place( "$home/.config/popkeep/popkeep.conf", 'home' );
takes( 'home', {} );
my %env = ( XDG_CONFIG_HOME => $t->path('xdg') );
place( $t->path('xdg/popkeep/popkeep.conf'), 'xdg' );
takes( 'xdg', {%env} );
$env{POPKEEP_CONFIG} = place( $t->path('by-variable.conf'), 'variable' );
takes( 'variable', {%env} );
takes( 'option', {%env}, '-c', place( $t->path('by-option.conf'), 'option' ) );
takes( 'home', { POPKEEP_CONFIG => '', XDG_CONFIG_HOME => '' } );
$t->popkeep( 'status', { no_config => 1, env => { POPKEEP_CONFIG => '/nowhere/popkeep.conf' } } )->exits( 78, 'a named one that is not there: 78' )
  && $t->last_run->says(qr{cannot open /nowhere/popkeep\.conf: No such file});

# ---- one that cannot be read
$t->popkeep( '-c', $t->dir, 'status', { no_config => 1 } )->exits(78) && $t->last_run->says(qr/is a folder, not a file/);
SKIP: {
    my $shut = place( $t->path('shut.conf'), 'shut' );
    chmod 0, $shut;
    if ( $> == 0 ) {    # root reads everything: somebody else tries
        chmod 0755, $t->dir;
        my $said = `setpriv --reuid 65534 --regid 65534 --clear-groups @{[Popkeep::program()]} -c $shut status 2>&1`;
        is( $? >> 8, 78, 'one that may not be read: 78' );
        like( $said, qr/cannot open .*: Permission denied/, 'says why' );
    }
    else {
        $t->popkeep( '-c', $shut, 'status', { no_config => 1 } )->exits( 78, 'one that may not be read: 78' );
        $t->last_run->says( qr/cannot open .*: Permission denied/, 'says why' );
    }
}
for (
    [ "[account a]\nhost = x.okul.example\nuser = u\nmaildir = ~/M\nretentiondays = 3\n", qr/:5: .*retentiondays.*did you mean "?retention_days/ ],
    [ "[acount a]\n",                                                                   qr/:1: / ],
    [ "[account a]\nhost = x.okul.example\nuser = u\n",                                 qr/:1: account a: maildir is missing/ ],
    [ "[account a]\nuser = u\nmaildir = ~/M\n",                                         qr/:1: account a: host is missing; give provider or host/ ],
    [ '',                                                                               qr/no account/i ],
    [ "[account a]\nhost = x.okul.example\nuser = u\nmaildir = ~/M\nretention_days = 30 # a month\n", qr/:5: .*own line/ ],
  )
{
    my ( $text, $says ) = @$_;
    $t->config($text);
    $t->popkeep('--json')->exits( 78, "refused: " . ( split /\n/, $text || 'an empty file' )[-1] );
    like( $t->last_run->err, $says, '... saying where and what' );
    my @events = $t->last_run->json;
    is( join( ' ', map { "$_->{event}=" . ( $_->{status} // "" ) } @events ), 'run-start= error=78 summary=78', '... and JSON has it, too' );
}

# ---- a password that others may read
for my $mode ( 0604, 0640, 0660, 0620, 0606 ) {
    my $ok = $mode == 0640 && $> == 0 ? 0 : 78;
    my $file = $t->config("[account a]\nhost = 127.0.0.1\nport = 9\nuser = u\npassword = geheim\nmaildir = ~/M\n");
    chmod $mode, $file;
    my $r = $t->popkeep('status');
    is( $r->exit, $ok, sprintf 'inline password, file mode %04o: %d', $mode, $ok );
    like( $r->err, qr/permissions \(\Q@{[sprintf '%04o', $mode]}\E\) let .* at it\n.*chmod 600.*\n.*password in line 5/, '... says what to do, and why' ) if $ok;
    unlike( $r->err . $r->out, qr/geheim/, '... without the password' );
}
my $open = $t->config("[account a]\nhost = 127.0.0.1\nuser = u\nmaildir = ~/M\n");
chmod 0644, $open;
$t->popkeep('status')->exits( 0, 'without a password in it, anybody may read the configuration' );

# ---- the order of states
sub state_in {
    my ( $want, $env, %defaults ) = @_;
    $t->forget_accounts;
    $t->{defaults} = { state_dir => undef, %defaults };
    ( my $name = $want ) =~ s{/}{-}g;
    $name =~ s/^\W+//;
    $t->account( $s, $name );
    $t->popkeep( { env => $env } )->exits( 0, "run with the state in $want" );
    return ok( -s $t->path("$want/$name/journal"), "the journal is in $want" );
}
make_path( map { $t->path($_) } qw(first second) );
my %where = ( XDG_STATE_HOME => $t->path('xdg-state') );
state_in( 'home/.local/state/popkeep', {} );
state_in( 'xdg-state/popkeep',         {%where} );
$where{STATE_DIRECTORY} = join ':', map { $t->path($_) } qw(first second);
state_in( 'first', {%where} );
state_in( 'own',   {%where}, state_dir => $t->path('own') );
is( ( stat $t->path('own') )[2] & 0777, 0700, 'the state folder is for its owner alone' );
done_testing();
