#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# A worker gives up what it does not need before it reads a server's first octet. If this fails, a hole in popkeep or
# OpenSSL is a hole in all of the owner's files; or it works on the developer's machine alone.
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
my %mail = map { ( "000$_.eml" => "Subject: $_\n\nbody\n" ) } 1 .. 3;
$t->mails( 'box', %mail );
my $s = $t->server;
$t->account( $s, 'okul', retention_days => 30 );

my ($can) = $t->popkeep('--version')->out =~ /^workers give up: (.*)$/m;
ok( $can, '--version says what this kernel lets a worker give up' );
my $all = $can eq 'no new privileges, writes (Landlock), calls (seccomp)';
my $san = ( $ENV{POPKEEP_SUITE} // '' ) eq 'san';
is( $can, 'nothing', 'a build with sanitizers gives up nothing' ) if $san;

# taken over in the middle of a run
my $victim = Popkeep::spew( $t->path('victim'), "other mail\n" );
my %try = ( TRESPASS_FILE => $t->path('planted'), TRESPASS_VICTIM => $victim );
{
    local $t->{preload} = [ Popkeep::tools_dir() . '/trespassshim.so' ];
    my $run = $t->popkeep( { env => \%try } )->exits( 0, 'a worker that is taken over' ) && $t->last_run;
    if ($all) {
        $run->says(qr/^trespass: create=13 append=13 unlink=13 exec=1 ptrace=1 listen=1$/m);
        is( Popkeep::slurp($victim), "other mail\n", '... could not touch other files' );
        ok( !-e $t->path('planted'), '... nor make any' );
    }
    else {
        $run->says(qr/^trespass: create=/m);
    }
}
is_deeply( $t->stored_octets('okul'), [ sort values %mail ], 'all mail is stored all the same' );

# all that a run does works confined: deletions, compaction, verify, check
$t->clock( 31 * DAY );
$t->popkeep('-v')->exits( 0, 'deleting' );
unlike( $t->last_run->err, qr/does not let a worker/, '-v names only what is missing' ) if $all;
is( join( ' ', $s->gone ), '0001.eml 0002.eml 0003.eml', 'deleted when due' );
$t->popkeep($_)->exits( 0, $_ ) for qw(check verify status);
$t->popkeep( 'verify', '--server' )->exits( 0, 'verify --server' );
$t->popkeep('--dry-run')->exits( 0, '--dry-run' );

# an older kernel: it works all the same, and says what it had to do without
{
    local $t->{preload} = [ Popkeep::tools_dir() . '/oldkernelshim.so' ];
    $t->popkeep('--version')->prints( $san ? qr/^workers give up: nothing$/m : qr/^workers give up: no new privileges$/m );
    my $run = $t->popkeep('-v')->exits( 0, 'an older kernel' ) && $t->last_run;
    $run->says(qr/this system does not let a worker give up: writes \(Landlock\), calls \(seccomp\)$/m) unless $san;
    $t->popkeep->exits( 0, '... without -v' );
    $t->last_run->is_silent;
}
done_testing();
