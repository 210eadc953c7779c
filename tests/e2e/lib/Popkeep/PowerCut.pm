# SPDX-License-Identifier: ISC
# What a power cut leaves of a run: the shim's log (tests/tools/faultshim.c) is replayed over the files as they were
# before. A sync makes certain what it covers and nothing else; of the rest any part may have reached the disk:
#
#   fsync/fdatasync of a file   its octets and length, not its name
#   fsync of a folder           the names in it; a rename is one step, certain with the folder it leads to
#   syncfs                      everything in the Maildir, nothing in the state folder (another disk)
package Popkeep::PowerCut;
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Find ();
use File::Path qw(make_path remove_tree);

# new(roots => [folders], maildirs => folder): the files there now are the certain ones.
sub new {
    my ( $class, %how ) = @_;
    my $p = bless { %how, node => {}, sure => {}, waiting => [], at => 0 }, $class;
    File::Find::find(
        {
            no_chdir => 1,
            wanted   => sub {
                my $path = $_;
                if ( -d $path ) { $p->{sure}{$path} = 'folder'; return }
                my $node = $p->{node}{ ( lstat $path )[1] } = { data => Popkeep::slurp($path) };
                $p->{sure}{$path} = $node;
            }
        },
        @{ $how{roots} }
    );
    return $p;
}

# read_log(file): take in what was added to it since.
sub read_log {
    my ( $p, $file ) = @_;
    open my $fh, '<:raw', $file or return $p;
    seek $fh, $p->{at}, 0;
    while ( defined( my $head = <$fh> ) ) {
        my ( $kind, $ino, $off, $n, $path, $other ) = $head =~ /^(\w) (\d+) (\d+) (\d+) (\S+) (\S+)\n$/ or die "log: $head";
        my $octets = '';
        read $fh, $octets, $n if $n;
        $p->call( $kind, $ino, $off, $octets, $path, $other );
    }
    $p->{at} = tell $fh;
    return $p;
}

sub call {
    my ( $p, $kind, $ino, $off, $octets, $path, $other ) = @_;
    my $w = { kind => $kind, path => $path, off => $off, octets => $octets, to => $other };
    if ( $kind eq 'C' ) { $p->{node}{$ino} = { data => '' } }    # a number may be used again
    $w->{node} = $p->{node}{$ino};
    $w->{folder} = dirname( $kind =~ /[RL]/ ? $other : $path ) if $kind =~ /[CRLUM]/;
    if    ( $kind eq 'S' ) { my $node = $w->{node}; $p->settle( sub { $_[0]{kind} =~ /[WT]/ && $_[0]{node} == $node } ) }
    elsif ( $kind eq 'D' ) { $p->settle( sub { defined $_[0]{folder} && $_[0]{folder} eq $path } ) }
    elsif ( $kind eq 'F' ) { $p->settle( sub { index( $_[0]{path}, "$p->{maildirs}/" ) == 0 } ) }
    else                   { push @{ $p->{waiting} }, $w }
    return;
}

sub settle {
    my ( $p, $covers ) = @_;
    my @rest;
    for my $w ( @{ $p->{waiting} } ) {
        if ( $covers->($w) ) {
            apply( $p->{sure}, $w );
            @rest = grep { !( defined $_->{folder} && $_->{kind} ne 'R' && $_->{path} eq $w->{path} ) } @rest if $w->{kind} eq 'R';
        }
        else { push @rest, $w }
    }
    $p->{waiting} = \@rest;
    return;
}

sub apply {
    my ( $names, $w, $torn ) = @_;
    my $node = $w->{node};
    if ( $w->{kind} eq 'W' ) {
        my $octets = $w->{octets};
        tear( \$octets, $w->{off}, $torn ) if defined $torn;
        my $gap = $w->{off} - length $node->{data};
        $node->{data} .= "\0" x $gap if $gap > 0;
        substr( $node->{data}, $w->{off}, length $octets ) = $octets if $w->{off} <= length $node->{data};
    }
    elsif ( $w->{kind} eq 'T' ) {
        my $gap = $w->{off} - length $node->{data};
        $gap > 0 ? ( $node->{data} .= "\0" x $gap ) : ( $node->{data} = substr $node->{data}, 0, $w->{off} );
    }
    elsif ( $w->{kind} eq 'C' ) { $names->{ $w->{path} } = $node }
    elsif ( $w->{kind} eq 'M' ) { $names->{ $w->{path} } = 'folder' }
    elsif ( $w->{kind} eq 'U' ) { delete $names->{ $w->{path} } }
    else {
        $names->{ $w->{to} } = $node;
        delete $names->{ $w->{path} } if $w->{kind} eq 'R';
    }
    return;
}

# Of a write only the first octets, and perhaps zeros for the rest; or one block of the disk in it holds zeros.
sub tear {
    my ( $octets, $off, $how ) = @_;
    my $n = length $$octets;
    if ( $how ne 'block' ) {
        my $keep = int rand( 1 + $n );
        substr( $$octets, $keep ) = $how eq 'zeros' ? "\0" x ( $n - $keep ) : '';
        return;
    }
    my $block = ( 512, 4096 )[ int rand 2 ];
    my $from  = int( ( $off + int rand( $n || 1 ) ) / $block ) * $block - $off;
    my $to    = $from + $block > $n ? $n : $from + $block;
    $from = 0 if $from < 0;
    substr( $$octets, $from, $to - $from ) = "\0" x ( $to - $from );
    return;
}

# cut(model): the files as they are after the power is back. Models: 'none' (only what is certain), 'all', 'prefix'
# (the calls up to one of them, that one perhaps torn), 'torn' (all of them, and the last write torn), 'some' (any of
# them, in their order, some writes torn).
sub cut {
    my ( $p, $model ) = @_;
    my %copy_of;
    my $copy = sub { my $n = $_[0]; return ref $n ? $copy_of{$n} //= {%$n} : $n };
    my %names = map { $_ => $copy->( $p->{sure}{$_} ) } keys %{ $p->{sure} };
    my @waiting = map { { %$_, node => $copy->( $_->{node} ) } } @{ $p->{waiting} };
    my $until = $model eq 'prefix' ? int rand( 1 + @waiting ) : @waiting;
    my @ways  = qw(cut zeros block);
    my $torn  = $model eq 'torn' ? $ways[ rand 3 ] : ( undef, @ways )[ rand 4 ];
    my ($last) = $model eq 'torn' ? grep { $waiting[$_]{kind} eq 'W' } reverse 0 .. $#waiting : $until - 1;
    for my $i ( 0 .. $#waiting ) {
        last if $model eq 'none' || $i >= $until;
        next if $model eq 'some' && rand() < 0.5;
        my $tears = $model ne 'all' && ( $i == ( $last // -1 ) || ( $model ne 'torn' && rand() < 0.1 ) );
        apply( \%names, $waiting[$i], $tears ? $torn : undef );
    }
    my @roots = @{ $p->{roots} };
    remove_tree($_) for @roots;
    make_path(@roots);
    my %written;
    for my $path ( sort keys %names ) {
        next unless -d dirname($path);    # a name in a folder whose own name is lost
        if ( !ref $names{$path} ) { mkdir $path, 0700; next }
        if ( $written{ $names{$path} } ) { link $written{ $names{$path} }, $path; next }
        Popkeep::spew( $path, $names{$path}{data} );
        chmod 0600, $path;
        $written{ $names{$path} } = $path;
    }
    return;
}

1;
