# SPDX-License-Identifier: ISC
# Whether lines of --json are what examples/popkeep-json.schema.json says: a validator for as much of JSON Schema (draft
# 2020-12) as stands in it. A word of the schema that it does not know ends the test: nothing is passed over.
#   Popkeep::Schema::faults(TEXT)    what is wrong with the lines of a run, and their order, as text; none: nothing. That the
#                                    end is missing, of a process that was killed, is no fault with `torn => 1`.
# Every run of a test that has --json among its arguments is looked at (Popkeep.pm, finish).
package Popkeep::Schema;
use strict;
use warnings;
use B ();
use JSON::PP ();
use Popkeep ();

our $count = 0;    # lines looked at
my ( $schema, $check );
my %known;    # event => {field => 1}
my $parser = JSON::PP->new->utf8;

# A function that takes a value and returns what is wrong with it, as a list.
sub compile {
    my ($s) = @_;
    my @parts;
    for my $word ( sort keys %$s ) {
        next if $word =~ /^(?:\$schema|\$id|\$defs|title|description|then)$/;
        no strict 'refs';
        my $make = 'Popkeep::Schema'->can( 'word_' . $word =~ s/^\$//r ) or die "the validator does not know $word";
        push @parts, $make->( $s->{$word}, $s );
    }
    return sub {
        my ($value) = @_;
        return map { $_->($value) } @parts;
    };
}

my %compiled;

sub word_ref {
    my ($ref) = @_;
    my ($name) = $ref =~ m{^#/\$defs/([\w-]+)$} or die "the validator does not know the reference $ref";
    my $target = $schema->{'$defs'}{$name} or die "$ref leads nowhere";
    return sub { return ( $compiled{$name} ||= compile($target) )->( $_[0] ) };
}

my $encoder = JSON::PP->new->allow_nonref->allow_blessed->ascii;
sub shown { my ($value) = @_; return substr $encoder->encode($value), 0, 80 }

# JSON::PP gives a string its string flag, a number its number flag alone (as long as it is not used as a string).
sub is_string { return !ref $_[0] && ( B::svref_2object( \$_[0] )->FLAGS & B::SVf_POK() ) != 0 }

my %types = (
    object  => sub { ref $_[0] eq 'HASH' },
    array   => sub { ref $_[0] eq 'ARRAY' },
    string  => sub { is_string( $_[0] ) },
    boolean => sub { JSON::PP::is_bool( $_[0] ) },
    integer => sub { my ($v) = @_; return defined $v && !ref $v && !is_string($v) && $v =~ /^-?(?:0|[1-9]\d*)\z/ },
);

sub word_type {
    my ($type) = @_;
    my $is = $types{$type} or die "the validator does not know the type $type";
    return sub { return $is->( $_[0] ) ? () : 'is no ' . $type . ': ' . shown( $_[0] ) };
}

sub word_const {
    my ($want) = @_;
    my ( $string, $fault ) = ( is_string($want), 'is not ' . shown($want) );
    return sub { my ($v) = @_; return defined $v && is_string($v) == $string && $v eq $want ? () : $fault };
}

sub word_enum {
    my ($list) = @_;
    my %one = map { ( $_ => 1 ) } @$list;
    my $strings = is_string( $list->[0] );
    return sub { my ($v) = @_; return defined $v && !ref $v && is_string($v) == $strings && $one{$v} ? () : 'is none of the words: ' . shown($v) };
}

sub word_pattern {
    my ($pattern) = @_;
    my $re = qr/$pattern/;
    return sub { return !is_string( $_[0] ) || ( $_[0] =~ $re && $_[0] !~ /\n/ ) ? () : "is not like $pattern: " . shown( $_[0] ) };
}

sub word_minimum {
    my ($least) = @_;
    return sub { return ref $_[0] || !defined $_[0] || is_string( $_[0] ) || $_[0] >= $least ? () : "is below $least: $_[0]" };
}

sub word_required {
    my ($names) = @_;
    return sub {
        my ($o) = @_;
        return ref $o eq 'HASH' ? map { exists $o->{$_} ? () : "has no $_" } @$names : ();
    };
}

sub word_properties {
    my ($of) = @_;
    my %check = map { ( $_ => compile( $of->{$_} ) ) } keys %$of;
    return sub {
        my ($o) = @_;
        return () if ref $o ne 'HASH';
        return map { my $name = $_; map { "$name $_" } $check{$name}->( $o->{$name} ) } grep { exists $o->{$_} } sort keys %check;
    };
}

sub word_items {
    my ($of) = @_;
    my $check = compile($of);
    return sub { my ($a) = @_; return ref $a eq 'ARRAY' ? map { $check->($_) } @$a : () };
}

sub word_uniqueItems {
    return sub {
        my ($a) = @_;
        my %seen;
        return ref $a eq 'ARRAY' && grep( { $seen{ shown($_) }++ } @$a ) ? 'has something twice' : ();
    };
}

sub word_allOf {
    my ($list) = @_;
    my @checks = map { compile($_) } @$list;
    return sub { my ($value) = @_; return map { $_->($value) } @checks };
}

sub word_if {
    my ( $condition, $s ) = @_;
    my ( $if, $then ) = ( compile($condition), compile( $s->{then} ) );
    return sub { my ($value) = @_; return $if->($value) ? () : $then->($value) };
}

sub load {
    return if $check;
    $schema = $parser->decode( Popkeep::slurp( Popkeep::top_dir() . '/examples/popkeep-json.schema.json' ) );
    my $whole = compile($schema);
    for my $event ( map { $_->{if}{properties}{event}{const} } @{ $schema->{allOf} } ) {
        $known{$event} = { map { ( $_ => 1 ) } qw(v event), keys %{ $schema->{'$defs'}{$event}{properties} } };
    }
    $check = $whole;
    return;
}

sub known { load(); return \%known }

# The fields that such an event always has.
sub always {
    my ($event) = @_;
    load();
    return ( qw(v event time run), @{ $schema->{'$defs'}{$event}{required} } );
}

# What is wrong with an event. The schema allows what it does not know; of this version all must be known.
sub faults_of_event {
    my ($event) = @_;
    load();
    my @faults = $check->($event);
    my $known = $known{ ref $event eq 'HASH' ? $event->{event} // '' : '' } or return ( @faults, 'is an unknown event' );
    return ( @faults, map { $known->{$_} ? () : "has the unknown field $_" } sort keys %$event );
}

sub is_good { my @faults = faults_of_event( $_[0] ); return !@faults }

# Strictly one object a line, UTF-8 without controls, no name twice. The event goes to the end of the list.
sub faults_of_line {
    my ( $line, $events ) = @_;
    my $text = $line;
    return 'is no UTF-8' if !utf8::decode($text);
    return 'holds a control, a line separator or what turns the direction of writing' if $text =~ /[\x00-\x1f\x7f-\x9f\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]/;
    my $event = eval { $parser->decode($line) };
    return "is no JSON: $@" if ref $event ne 'HASH';
    push @$events, $event;
    my %seen;
    my @twice = grep { $seen{$_}++ } $text =~ /[{,]"(\w+)":(?:"(?:[^"\\]|\\.)*"|[^",]+|\[[^]]*\])/g;
    return ( ( map { "has the name $_ twice" } @twice ), faults_of_event($event) );
}

# From run-start to summary, each account from its start to its end, all of one run.
sub faults_of_order {
    my ( $whole, @events ) = @_;
    my ( @faults, %state, %runs );
    for my $event (@events) {
        my ( $kind, $account ) = ( $event->{event} // '', $event->{account} );
        $runs{ $event->{run} // '' } = 1;
        next if !defined $account;
        my $is = $state{$account} // 'not begun';
        push @faults, "$kind of $account, which is $is" if $is ne ( $kind eq 'account-start' ? 'not begun' : 'begun' );
        $state{$account} = $kind eq 'account-end' ? 'ended' : 'begun';
    }
    my @kinds = map { $_->{event} // '' } @events;
    push @faults, 'several runs: ' . join ' ', sort keys %runs if keys %runs > 1;
    push @faults, "begins with $kinds[0]" if @kinds && $kinds[0] ne 'run-start';
    push @faults, 'has several run-start' if grep( { $_ eq 'run-start' } @kinds ) > 1;
    return @faults if !$whole || !@kinds;
    push @faults, "ends with $kinds[-1]" if $kinds[-1] ne 'summary';
    push @faults, 'has several summaries' if grep( { $_ eq 'summary' } @kinds ) > 1;
    return ( @faults, map { $state{$_} eq 'ended' ? () : "has no end of $_" } sort keys %state );
}

sub faults {
    my ( $text, %how ) = @_;
    my @lines = split /^/, $text;
    pop @lines if $how{torn} && @lines && $lines[-1] !~ /\n\z/;
    my ( @faults, @events );
    for my $line (@lines) {
        push @faults, map { "$_, in: " . substr( $line, 0, 300 ) } $line !~ s/\n\z// ? 'is not ended' : faults_of_line( $line, \@events );
    }
    $count += @lines;
    return ( @faults, faults_of_order( !$how{torn}, @events ) );
}

1;
