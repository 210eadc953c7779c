# SPDX-License-Identifier: ISC
# What `make check-faults` counts: a test says to which group its cases belong, and how many were violations of what
# popkeep promises.
#
#   use Popkeep::Faults 'tls';               each test of the file at top level (a subtest is one) is a case of the group
#   use Popkeep::Faults;                     or the file counts for itself:
#   faults_counted( 'kill', 2167, scalar @bad, $skipped );
package Popkeep::Faults;
use strict;
use warnings;
use Test::More ();

my $group;

sub import {
    my ( $class, $name ) = @_;
    my $to = caller;
    no strict 'refs';
    *{"${to}::faults_counted"} = \&faults_counted;
    $group = $name;
    return;
}

sub faults_counted {
    my ( $name, $cases, $violations, $skipped ) = @_;
    printf "# faults: %s: %d cases, %d violations, %d skipped\n", $name, $cases, $violations, $skipped // 0;
    return;
}

END {
    if ( defined $group ) {
        my @tests = Test::More->builder->details;
        my $skipped = grep { ( $_->{type} // '' ) eq 'skip' } @tests;
        faults_counted( $group, @tests - $skipped, scalar( grep { !$_->{ok} } @tests ), $skipped );
    }
}

1;
