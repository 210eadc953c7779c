#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# only: e2e
# Completion in bash, zsh and fish, each asked as a user asks it, by the scripts that are installed. A wrong word
# completed is a wrong command run; an error printed in the middle of a command line is worse than no completion.
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
$t->account( undef, $_, host => 'pop.okul.example', user => $_ ) for '706590', '706591', 'bilgi@okul.example';
my $config = $t->path('popkeep.conf');
my $broken = chmod( 0600, spew( $t->path('broken.conf'), "[account x]\nnonsense = 1\n" ) ) && $t->path('broken.conf');
my %script = map { ( $_ => spew( $t->path("completion/$_"), $t->popkeep( 'completion', $_, { no_config => 1 } )->out ) ) } qw(bash zsh fish);
spew( $t->path('completion/_popkeep'), slurp( $script{zsh} ) );
symlink Popkeep::program(), $t->path('popkeep') or die "popkeep: $!";
my $work = $t->path('work');
spew( "$work/schools.csv", '' );
mkdir "$work/reports";

# ---- how each shell is asked; what it offers, sorted. bash as its own line editor would call the function:
spew( $t->path('ask.bash'), <<'END' );
source "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=1 COMP_WORDS=()
_popkeep
printf '%s\n' "${COMPREPLY[@]}"
END

# zsh in a pseudo-terminal, since its completion lives in the line editor alone; compadd is where all offers go through.
spew( $t->path('ask.zsh'), <<'END' );
zmodload zsh/zpty || exit 3
zpty shell zsh -f -i
zpty -w shell "PROMPT= ; fpath=(${1:h} \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w shell 'compadd () {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    typeset -a hits
    builtin compadd -A hits "$@"
    for hit in $hits; do print -r -- "OFFER:$hit"; done
    builtin compadd "$@"
}
ask () { print; zle complete-word; print; print -r -- OFFERS""END }
zle -N ask; bindkey "^I" ask
print -r -- ALL""SET'
while zpty -r shell line; do [[ $line == *ALLSET* ]] && break; done
zpty -w -n shell "$2"$'\t'
while zpty -r shell line; do
    line=${line%%$'\r'*}
    case $line in
    OFFERSEND) break ;;
    OFFER:*) print -r -- ${line#OFFER:} ;;
    *) print -r -- "$line" >&2 ;;
    esac
done
zpty -d shell
END
spew( $t->path('ask.fish'), "source \$argv[1]\ncomplete -C \$argv[2]\n" );

sub ask {
    my ( $shell, $line ) = @_;
    my @command = $shell eq 'bash' ? qw(bash --norc --noprofile) : $shell eq 'zsh' ? qw(zsh -f) : qw(fish --no-config);
    my %env = ( PATH => $t->dir . ":$ENV{PATH}", HOME => $t->path('home'), LC_ALL => 'C.UTF-8', TERM => 'dumb' );
    my $file = $shell eq 'zsh' ? $t->path('completion/_popkeep') : $script{$shell};
    unlink $t->path('offers'), $t->path('said');
    my $pid = Popkeep::spawn( [ @command, $t->path("ask.$shell"), $file, $line ], stdout => $t->path('offers'), stderr => $t->path('said'), env => \%env, dir => $work );
    my $status = Popkeep::reap( $pid, 60 );
    defined $status or fail("$shell hung");
    my %offers = map { s/\t.*//s; s/ +\z//; ( $_ => 1 ) } grep { /\S/ } split /\r?\n/, slurp( $t->path('offers') );
    my $said = slurp( $t->path('said') ) =~ s/^\Q$line\E\s*\z//mr;
    return ( join( ' ', sort keys %offers ), $said );
}

sub offers {
    my ( $shell, $line, $want, $name ) = @_;
    my ( $got, $said ) = ask( $shell, $line );
    s{(^| )(?:--\w+=)?\Q$work\E/}{$1}g for $got;
    s{(^| )--config=}{$1}g, s{/(?= |\z)}{}g for $got;
    return ref $want ? like( $got, $want, "$shell: $name" ) : is( $got, $want, "$shell: $name" ) || diag $said;
}

my @options = do { my $help = $t->popkeep( '--help', { no_config => 1 } )->out; $help =~ /^ +(?:-\w, )? *(--[\w-]+)/mg };
my @commands = map { /^  (\w+) / ? $1 : () } split /\n/, $t->popkeep( '--help', { no_config => 1 } )->out;
cmp_ok( scalar @options, '>', 12, 'there are options' );
cmp_ok( scalar @commands, '>', 5, '... and commands' );

for my $shell (qw(bash zsh fish)) {
SKIP: {
        skip "$shell is not installed", 1 unless grep { -x "$_/$shell" } split /:/, $ENV{PATH};
        my $all = join ' ', sort @commands;
        offers( $shell, 'popkeep ', $all, 'the commands' );
        offers( $shell, 'popkeep che', 'check', 'the one that is meant' );
        offers( $shell, "popkeep -c $config 70", '706590 706591', 'accounts, of the configuration named' );
        offers( $shell, "popkeep --config=$config fetch 70", '706590 706591', '... behind a command' );
        offers( $shell, "popkeep -c $config fetch 706590 b", 'bilgi@okul.example', '... and another' );
        offers( $shell, "popkeep -c $config bilgi\@o", qr/^(?:bilgi\@)?okul\.example$/, 'a name with an at sign' );
        offers( $shell, 'popkeep providers ', '', 'what takes no words gets none' );
        offers( $shell, 'popkeep completion ', 'bash fish zsh', 'words of its own' );
        my @for_status = ask( $shell, 'popkeep status --' );
        like( $for_status[0], qr/--shard/, "$shell: status has --shard" );
        unlike( $for_status[0], qr/--(?:missing|server|jobs)/, '... but no option of other commands' );
        my ($for_all) = ask( $shell, 'popkeep --' );
        is( join( ' ', grep { $for_all !~ /(?:^| )\Q$_\E(?: |\z)/ } @options ), '', "$shell: every option is offered before a command" );
        offers( $shell, 'popkeep -c ', 'reports schools.csv', 'files where a file is wanted' );
        offers( $shell, 'popkeep import sch', 'schools.csv', '... for a command, too' );
        offers( $shell, 'popkeep report ', 'reports', 'and folders where a folder is wanted' );
        offers( $shell, 'popkeep --log=sch', 'schools.csv', '... behind an equals sign' ) if $shell ne 'fish';
        offers( $shell, 'popkeep --jobs ', '', 'nothing where a number is wanted' );

        # nothing is printed over the line that is being typed
        for my $file ( $broken, $t->path('nowhere.conf') ) {
            my ( $got, $said ) = ask( $shell, "popkeep -c $file fetch 7" );
            is( $got, '', "$shell: a configuration that cannot be used offers nothing" );
            unlike( $said . $got, qr/popkeep:|nonsense|no such|cannot/i, '... and says nothing' );
        }
    }
}

# ---- the command itself
$t->popkeep( 'completion', 'accounts' )->exits(0);
is( $t->last_run->out, "706590\n706591\nbilgi\@okul.example\n", 'the accounts, a line each' );
spew( $t->path('off.conf'), "[account off]\nhost = pop.okul.example\nuser = a\nmaildir = /m\ndisabled = yes\n" );
is( $t->popkeep( '-c', $t->path('off.conf'), 'completion', 'accounts', { no_config => 1 } )->out, "off\n", 'a disabled one may be meant, too, even if there is no other' );
$t->popkeep( 'completion', 'tcsh' )->exits(64);
$t->last_run->says(qr/^popkeep: completion needs the name of a shell: bash, zsh or fish$/m);
$t->popkeep('completion')->exits(64);
$t->popkeep( 'completion', 'bash', 'zsh' )->exits(64);
$t->popkeep( 'completion', 'bash', { no_config => 1 } )->exits( 0, 'the scripts need no configuration' );
done_testing();
