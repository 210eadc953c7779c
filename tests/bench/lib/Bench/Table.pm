# SPDX-License-Identifier: ISC
# What the bench tells: plain tables for people to stdout and to result.txt, every run with all figures to result.tsv.
package Bench::Table;
use strict;
use warnings;

my @figures = qw(wall_s user_s sys_s maxrss_kib pss_kib private_kib switches status);

sub new {
    my ( $class, $dir ) = @_;
    my $t = bless { dir => $dir, terminal => -t STDERR }, $class;
    for my $kind (qw(txt tsv)) {
        open $t->{$kind}, '>', "$dir/result.$kind" or die "$dir/result.$kind: $!\n";
        $t->{$kind}->autoflush(1);
    }
    print { $t->{tsv} } join( "\t", 'part', 'contestant', 'rtt_ms', @figures, 'note' ), "\n";
    return $t;
}

sub doing {    # what is being measured now
    my ( $t, $what ) = @_;
    print STDERR $t->{terminal} ? "\r\e[K$what" : "# $what\n";
    return;
}

sub say_lines {
    my ( $t, @lines ) = @_;
    print STDERR "\r\e[K" if $t->{terminal};
    print {$_} map { s/\s+$//r . "\n" } @lines for \*STDOUT, $t->{txt};
    return;
}

sub note { my ( $t, @lines ) = @_; return $t->say_lines(@lines) }

sub raw {
    my ( $t, $part, $name, $rtt, $r ) = @_;
    print { $t->{tsv} } join( "\t", $part, $name, $rtt, ( map { $r->{$_} // '' } @figures ), $r->{note} // '' ), "\n";
    return;
}

sub median {
    my @n = sort { $a <=> $b } @_;
    return @n % 2 ? $n[ $#n / 2 ] : ( $n[ @n / 2 - 1 ] + $n[ @n / 2 ] ) / 2;
}

# A table: the first column is flush left, and so is the last when it holds words.
sub text {
    my ( $t, $title, $head, @rows ) = @_;
    my @wide;
    for my $row ( $head, @rows ) {
        for my $i ( 0 .. $#$row ) {
            my $n = length( $row->[$i] // '' );
            $wide[$i] = $n if $n > ( $wide[$i] // 0 );
        }
    }
    my $words = grep { ( $_->[-1] // '' ) =~ /[a-z]/ } @rows;
    my @lines = ( '', $title, '' );
    for my $row ( $head, @rows ) {
        push @lines, join '  ', map {
            my $left = $_ == 0 || ( $_ == $#wide && $words );
            sprintf $left ? '%-*s' : '%*s', $wide[$_], $row->[$_] // ''
        } 0 .. $#wide;
    }
    return $t->say_lines(@lines);
}

# Times of several contestants at several distances.
sub times {
    my ( $t, $title, $runs, $rtts, $names ) = @_;
    my @rows;
    for my $rtt (@$rtts) {
        my $wire = $runs->{$rtt}{wire} && median( map { $_->{wall_s} } @{ $runs->{$rtt}{wire} } );
        for my $name (@$names) {
            my @r = @{ $runs->{$rtt}{$name} || [] } or next;
            my %m = map { my $key = $_; ( $key => median( map { $_->{$key} } @r ) ) } qw(wall_s user_s sys_s maxrss_kib pss_kib private_kib);
            my ($note) = grep { defined && length } map { $_->{note} } @r;
            my ( $least, $most ) = ( sort { $a <=> $b } map { $_->{wall_s} } @r )[ 0, -1 ];
            push @rows, [
                $name, $rtt, sprintf( '%.2f', $m{wall_s} ), @r > 1 ? sprintf( '%.2f-%.2f', $least, $most ) : '',
                $wire && !$note ? sprintf( '%.2f', $m{wall_s} / $wire ) : '', sprintf( '%.2f', $m{user_s} ), sprintf( '%.2f', $m{sys_s} ),
                ( map { sprintf '%.1f', $m{$_} / 1024 } qw(maxrss_kib pss_kib private_kib) ), $note // ''
            ];
        }
    }
    return $t->text( $title,
        [ '', 'RTT ms', 'wall s', 'range', 'ratio', 'user s', 'sys s', 'largest process MiB', 'memory MiB', 'private MiB', '' ], @rows );
}

sub done {
    my ($t) = @_;
    print STDERR "\r\e[K" if $t->{terminal};
    print STDERR "written to $t->{dir}/result.txt and result.tsv\n";
    return;
}

1;
