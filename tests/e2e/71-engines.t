#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e
# The examples that spread a run over machines, with engines that only pass the command on (a real Slurm: make
# check-slurm; the schema of Kubernetes: make check-kubernetes). If they are wrong, accounts are done twice or never.
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', '0001.eml' => "Subject: a\n\nbody\n" );
my $s     = $t->server;
my @names = map { 706590 + $_ } 0 .. 11;
$t->account( $s, $_, user => "u$_" ) for @names;
my $bin = $t->path('bin');

sub stub { my ( $name, $text ) = @_; chmod 0755, spew( "$bin/$name", "#!/bin/sh\n$text" ); return }

# popkeep that also keeps a record of its calls, each machine or task having its own number in WHERE
stub( 'popkeep', "echo \"\$WHERE popkeep \$*\" >> '@{[$t->path('calls')]}'\nexec '@{[Popkeep::program()]}' -c '@{[$t->path('popkeep.conf')]}' --json \"\$@\"\n" );

sub run {
    my ( $env, @command ) = @_;
    unlink map { $t->path($_) } qw(out said);
    my %env = ( PATH => "$bin:$ENV{PATH}", HOME => $t->path('home'), LC_ALL => 'C.UTF-8', %$env );
    my $pid = Popkeep::spawn( \@command, stdout => $t->path('out'), stderr => $t->path('said'), env => \%env );
    my $status = Popkeep::reap( $pid, 120 );
    return ( defined $status ? $status >> 8 : -1, map { slurp( $t->path($_) ) } qw(out said) );
}

sub accounts_in { return sort map { /"event":"account-end".*?"account":"(\w+)"/ ? $1 : () } split /\n/, $_[0] }

stub( 'srun', "exec \"\$@\"\n" );

# ---- Slurm: the part is the place in the array
my %all;
for my $task ( 0 .. 2 ) {
    my ( $status, $out ) = run( { WHERE => $task, SLURM_ARRAY_TASK_ID => $task + 5, SLURM_ARRAY_TASK_MIN => 5, SLURM_ARRAY_TASK_MAX => 7, SLURM_ARRAY_TASK_COUNT => 3 },
        '/bin/sh', 'examples/slurm-array.sbatch' );
    is( $status, 0, "task $task" );
    $all{$_}++ for accounts_in($out);
}
is_deeply( \%all, { map { ( $_ => 1 ) } @names }, 'an array that begins with 5: each account in one task' );
my %array = ( WHERE => 0, SLURM_ARRAY_TASK_ID => 1, SLURM_ARRAY_TASK_MIN => 1, SLURM_ARRAY_TASK_MAX => 1, SLURM_ARRAY_TASK_COUNT => 1,
    SLURM_ARRAY_JOB_ID => 99 );
stub( 'scontrol', "echo \"scontrol \$*\"\n" );
stub( 'sleep', 'exit 0' );
for my $code ( 0, 10, 69, 75, 77 ) {
    stub( 'popkeep', "exit $code\n" );
    my ( $status, $out ) = run( \%array, '/bin/sh', 'examples/slurm-array.sbatch' );
    is( $status, $code, "popkeep's $code is the task's" );
    is( $out, $code == 69 || $code == 75 ? "scontrol requeue 99_1\n" : '', '... and only temporary trouble is tried again' );
}
stub( 'popkeep', "exit 75\n" );
is( ( run( { %array, SLURM_RESTART_COUNT => 2 }, '/bin/sh', 'examples/slurm-array.sbatch' ) )[1], '', '... twice at the most' );
is( ( run( { %array, SLURM_ARRAY_TASK_MAX => 9, SLURM_ARRAY_TASK_COUNT => 5 }, '/bin/sh', 'examples/slurm-array.sbatch' ) )[0], 64, 'gaps in the array are refused' );

# ---- GNU parallel: ssh is the machine's own shell here
SKIP: {
    skip 'GNU parallel is not installed', 1 unless `parallel --version 2>/dev/null` =~ /GNU parallel/;
    my $program = Popkeep::program();
    stub( 'popkeep', "echo \"\$WHERE popkeep \$*\" >> '@{[$t->path('calls')]}'\n[ ! -e '@{[$t->path('codes')]}' ] || exit \$(sed -n \"s/^\$WHERE //p\" '@{[$t->path('codes')]}')\n"
          . "exec '$program' -c '@{[$t->path('popkeep.conf')]}' --json \"\$@\"\n" );
    stub( 'ssh', <<'END' );
while [ "${1#-}" != "$1" ]; do shift 2; done
host=$1
shift
WHERE=$host exec /bin/sh -c "$*"
END
    my $hosts = spew( $t->path('hosts'), "# machines\nalpha\n\nuser\@beta\ngamma\n" );
    unlink $t->path('calls');
    my ( $status, $out, $said ) = run( {}, '/bin/sh', 'examples/parallel-ssh.sh', $hosts );
    is( $status, 0, 'parallel-ssh.sh' ) or diag $said;
    is( join( '', sort split /^/, slurp( $t->path('calls') ) ),
        "alpha popkeep --shard 1/3 fetch\ngamma popkeep --shard 3/3 fetch\nuser\@beta popkeep --shard 2/3 fetch\n", 'each machine has its part, by its line' );
    is( join( ' ', accounts_in($out) ), "@names", 'together they do every account once' );
    ok( !( grep { !/^(?:alpha|user\@beta|gamma)\t\{/ } split /\n/, $out ), '... and each line says whose it is' );
    unlink $t->path('calls');
    ( $status, $out ) = run( {}, '/bin/sh', 'examples/parallel-ssh.sh', $hosts, '70659?', '706600' );
    is( join( ' ', accounts_in($out) ), join( ' ', grep { /^70659.$|^706600$/ } @names ), 'patterns go to popkeep as they are' );

    # the worst of them, in popkeep's order
    for my $case ( [ '0 75 10', 75 ], [ '77 12 0', 12 ], [ '0 0 11', 11 ], [ '255 0 10', 75 ], [ '0 1 0', 1 ], [ '70 78 12', 70 ] ) {
        my ( $codes, $want ) = @$case;
        my @codes = split / /, $codes;
        spew( $t->path('codes'), "alpha $codes[0]\nuser\@beta $codes[1]\ngamma $codes[2]\n" );
        is( ( run( {}, '/bin/sh', 'examples/parallel-ssh.sh', $hosts ) )[0], $want, "$codes: $want" );
    }
    my ($order) = slurp('examples/parallel-ssh.sh') =~ /^for status in 64 (.*) 255 (?=10 11; do$)/m;
    my ($manual) = slurp('man/popkeep.1') =~ /in the order ([0-9 \n]+)\./;
    is( "$order 10 11 0", join( ' ', split ' ', $manual ), 'the order is the manual\'s' );
    is( ( run( {}, '/bin/sh', 'examples/parallel-ssh.sh', spew( $t->path('none'), "# none\n" ) ) )[0], 64, 'no machine' );
}
done_testing();
