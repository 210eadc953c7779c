#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# tests/deps installs what a machine lacks: nobody's packages change unasked, and no server is started for it.
# A copy of the script with another place for policy-rc.d runs among stand-ins for apt-get, sudo, id and cc.
use strict;
use warnings;
use Popkeep;

my $t      = Popkeep->new;
my $bin    = $t->path('bin');
my $policy = $t->path('policy-rc.d');
my $script = slurp('tests/deps');
is( ( $script =~ s{^policy=/usr/sbin/policy-rc\.d$}{policy=$policy}mg ), 1, 'the script has one place for policy-rc.d' );
my $certificates = $t->path('ca-certificates.crt');
is( ( $script =~ s{^certificates=.*$}{certificates='/nowhere $certificates'}mg ), 1, '... and one for certificates' );
spew( $certificates, 'x' );
spew( $t->path('deps'), $script );

my %stand_in = (
    'id'        => 'echo $UID_IS',
    'cc'        => 'if grep -q "$LACKS"; then exit 1; fi',
    'apt-cache' => 'exit 0',
    'sudo'      => 'echo "sudo" >>"$LOG"; exec "$@"',
    'apt-get'   => 'echo "apt-get $*: $(cat "$POLICY" 2>/dev/null | tr "\n" " ")" >>"$LOG"; if [ -n "$KILL" ]; then kill -TERM $PPID; fi; exit ${FAILS:-0}',
);
for my $name ( keys %stand_in ) { spew( "$bin/$name", "#!/bin/sh\n$stand_in{$name}\n" ); chmod 0755, "$bin/$name" }

# deps(uid, args, {answer => text: on a terminal, ...}): exit status, output, what apt-get and sudo were called with.
sub deps {
    my ( $uid, $args, %how ) = @_;
    unlink $t->path('log');
    local %ENV = ( PATH => $how{path} // "$bin:$ENV{PATH}", UID_IS => $uid, CC => 'cc', LOG => $t->path('log'), POLICY => $policy, LACKS => $how{lacks} // 'openssl',
        FAILS => $how{fails} // 0, KILL => $how{kill} // '' );
    my $command = "/bin/sh '@{[$t->path('deps')]}' $args";
    my $said    = defined $how{answer}
      ? `printf '%s' '$how{answer}' | /usr/bin/script -qec "$command" /dev/null 2>&1`
      : `$command 2>&1 </dev/null`;
    return ( $? & 127 ? 128 + ( $? & 127 ) : $? >> 8, $said, slurp( $t->path('log') ) // '' );
}
my $installs = qr/^apt-get .*\binstall --no-install-recommends libssl-dev: #!\/bin\/sh exit 101 $/m;

my ( $status, $said, $log ) = deps( 1000, 'build', lacks => 'no-such-header' );
is( "$status$said$log", '0', 'nothing is missing: nothing is said or done' );

( $status, $said, $log ) = deps( 0, '--list build' );
is( "$status$log", '1', '--list installs nothing, even as root' );
like( $said, qr/^missing: libssl-dev\ninstall with: apt-get install .*libssl-dev$/m, '... and names the package and the command' );

( $status, $said, $log ) = deps( 1000, 'build' );
is( "$status$log", '1', 'no terminal, no root: nothing is installed' );
like( $said, qr/^missing: libssl-dev\ninstall with: sudo apt-get install/m, '... but named' );

( $status, $said, $log ) = deps( 0, 'build' );
is( $status, 0, 'no terminal, root: installed' );
like( $log, $installs, '... while services may not be started' );
ok( !-e $policy, '... only meanwhile' );

for ( [ '', 'a script' ], [ 1, 'that fails' ] ) {
    my ( $fails, $name ) = @$_;
    chmod 0750, spew( $policy, "#!/bin/sh\n# ours\nexit 104\n" );
    ( $status, $said, $log ) = deps( 0, 'build', fails => $fails || 0 );
    is( $status ? 1 : 0, $fails ? 1 : 0, 'the machine has a policy-rc.d of its own' . ( $fails ? ', apt-get fails' : '' ) );
    like( $log, $installs, '... which is out of the way meanwhile' );
    is( slurp($policy) . sprintf( ' %04o', ( stat $policy )[2] & 07777 ), "#!/bin/sh\n# ours\nexit 104\n 0750", '... and put back as it was' );
    is( ( () = $log =~ /\binstall\b/g ), 2, '... after a second try with new package lists' ) if $fails;
}
( $status, $said, $log ) = deps( 0, 'build', kill => 1 );
isnt( $status, 0, 'ended in the middle' );
is( slurp($policy), "#!/bin/sh\n# ours\nexit 104\n", '... it is put back, too' );
unlink $policy;
symlink '/nowhere/policy', $policy;
deps( 0, 'build' );
is( readlink $policy, '/nowhere/policy', 'so is a symbolic link that leads nowhere' );
unlink $policy;
is( join( ' ', glob $t->path('policy-rc.d*') ), '', 'nothing is left beside it' );

( $status, $said, $log ) = deps( 1000, 'build', answer => "n\n" );
is( "$status$log", '1', 'asked on a terminal, answered no: nothing is installed' );
like( $said, qr/these packages are needed: libssl-dev\r?\nInstall them with "sudo apt-get install --no-install-recommends libssl-dev"\? \[Y\/n\]/, '... the question names packages and command' );
for my $yes ( "y\n", "\n", "Yes\n" ) {
    ( $status, $said, $log ) = deps( 1000, 'build', answer => $yes );
    is( $status, 0, 'answered ' . ( $yes =~ s/\n//r || 'with return' ) . ': installed' );
    like( $log, qr/^sudo\n$installs/m, '... through sudo' );
}
( $status, $said, $log ) = deps( 1000, 'build', answer => "maybe\n" );
is( "$status$log", '1', 'any other answer is a no' );

unlink $certificates;
( $status, $said, $log ) = deps( 0, '--list build', lacks => 'no-such-header' );
is( "$status$log", '0', 'only certificates are missing: it can be compiled' );
like( $said, qr/\Aca-certificates is missing: [^\n]*\n\z/, '... and that is said' );
( $status, $said, $log ) = deps( 0, '--list build' );
is( $status, 1, 'a header, too: it cannot' );
like( $said, qr/^missing: libssl-dev ca-certificates$/m, '... and both are named' );
( $status, $said, $log ) = deps( 0, 'build', lacks => 'no-such-header' );
like( $log, qr/ install --no-install-recommends ca-certificates:/, 'certificates are installed with what popkeep needs' );
( $status, $said, $log ) = deps( 0, 'demo', lacks => 'no-such-header' );
is( "$status$said$log", '0', '... but the demo goes without' );
spew( $certificates, 'x' );

my $bare = $t->path('bare');    # a system without apt-get
mkdir $bare;
for my $name (qw(sh cat tr grep)) { my ($path) = grep { -x } map { "$_/$name" } qw(/usr/bin /bin); symlink $path, "$bare/$name" }
symlink "$bin/$_", "$bare/$_" for qw(id cc);
( $status, $said, $log ) = deps( 0, 'build', path => $bare );
is( $status, 1, 'no apt-get: nothing can be installed' );
like( $said, qr/libssl-dev\nthis system has no apt-get; install their equivalents/, '... and that is said' );
( $status, $said ) = deps( 0, 'nonsense' );
is( $status, 64, 'a wrong word: 64' );
done_testing();
