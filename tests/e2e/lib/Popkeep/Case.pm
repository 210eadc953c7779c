# SPDX-License-Identifier: ISC
# A bad server as one table row: what it does, what popkeep must make of it, and that in the end every
# message is stored exactly once. tests/README.md tells the keys.
package Popkeep::Case;
use strict;
use warnings;
use Exporter ();
use Popkeep;
use Test::More ();

our @ISA    = ('Exporter');
our @EXPORT = qw(bad_server three wire_form stored_form);

# Three small mails, told apart by content and length.
sub three {
    return map { ( "000$_.eml" => "Subject: mail $_\n\nBody of mail $_.\n" . ( "line\n" x $_ ) ) } 1 .. 3;
}

# The octets of a maildrop file on the wire, dots not doubled (as popserver sends it).
sub wire_form {
    my ( $name, $octets ) = @_;
    $octets .= "\r\n" if $name =~ /\.raw$/ && $octets =~ /[^\n]\z/;
    return $octets if $name =~ /\.raw$/;
    $octets =~ s/\r?\n/\r\n/g;
    $octets .= "\r\n" if $octets =~ /[^\n]\z/;
    return $octets;
}

# What a Maildir file must hold: LF ends only if nothing but CRLF came.
sub stored_form {
    my ($wire) = @_;
    return $wire if $wire =~ /\r(?!\n)/ || $wire =~ /(?<!\r)\n/;
    return $wire =~ s/\r\n/\n/gr;
}

sub list { return !defined $_[0] ? () : ref $_[0] eq 'ARRAY' ? @{ $_[0] } : ( $_[0] ) }

# What is misspelt would be looked at by nobody.
my %known = map { $_ => 1 } qw(exit says prints never_says silent sent not_sent stored content gone args check speed clock before add script
  last mails cert account setup then after);
sub refuse_unknown { my ($row) = @_; $known{$_} or die "bad_server: there is no key $_\n" for sort keys %$row; return }

# One step of a case: perhaps another server, another time, more mail; a run; what must be true then.
sub step {
    my ( $t, $s, $account, $mails, $want, $what ) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    refuse_unknown($want);
    if ( $want->{add} ) {
        $t->mails( 'box', %{ $want->{add} } );
        %$mails = ( %$mails, %{ $want->{add} } );
    }
    if ( exists $want->{script} ) { $s->restart( $want->{script} ) }
    $want->{before}->( $t, $s ) if $want->{before};
    $t->clock( $want->{clock} ) if exists $want->{clock};
    $t->speed( $want->{speed} ) if exists $want->{speed};
    my $commands = () = $s->log;
    my $run = $t->popkeep( list( $want->{args} // 'fetch' ) );
    $run->exits( $want->{exit}, "$what: exit status $want->{exit}" ) if defined $want->{exit};
    $run->says( $_, "$what: says $_" ) for list( $want->{says} );
    $run->prints( $_, "$what: prints $_" ) for list( $want->{prints} );
    Test::More::unlike( $run->out . $run->err, $_, "$what: never says $_" ) for list( $want->{never_says} );
    $run->is_silent("$what: nothing to say") if $want->{silent};
    my @sent = map { $_->{text} } grep { $_->{kind} eq 'C' } splice @{ [ $s->log ] }, $commands;

    for my $pattern ( list( $want->{sent} ) ) {
        Test::More::ok( ( grep { $_ =~ $pattern } @sent ), "$what: the server was sent $pattern" );
    }
    for my $pattern ( list( $want->{not_sent} ) ) {
        Test::More::is( join( ' | ', grep { $_ =~ $pattern } @sent ), '', "$what: the server was not sent $pattern" );
    }
    if ( exists $want->{stored} ) {
        my @names = $want->{stored} eq 'all' ? sort keys %$mails : list( $want->{stored} );
        holds( $t, $account, [ map { stored_form( wire_form( $_, $mails->{$_} ) ) } @names ], "$what: the Maildir holds @names" );
    }
    holds( $t, $account, $want->{content}, "$what: the Maildir holds what came" ) if $want->{content};
    Test::More::is( join( ' ', $s->gone ), join( ' ', list( $want->{gone} ) ), "$what: deleted on the server" ) if exists $want->{gone};
    Test::More::is( join( ' ', $t->tmp_files($account) ), '', "$what: nothing is left in tmp/" );
    $want->{check}->( $t, $s, $run ) if $want->{check};
    return;
}

sub short { return length $_[0] > 200 ? substr( $_[0], 0, 200 ) . '... ' . length $_[0] : $_[0] }

sub holds {
    my ( $t, $account, $expected, $what ) = @_;
    my @got  = @{ $t->stored_octets($account) };
    my @want = sort @$expected;
    my $ok   = @got == @want && !grep { $got[$_] ne $want[$_] } 0 .. $#got;
    return Test::More::ok( 1, $what ) if $ok;
    Test::More::ok( 0, $what );
    Test::More::diag( Test::More::explain( { got => [ map { short($_) } @got ], expected => [ map { short($_) } @want ] } ) );
    return;
}

# bad_server 'what a user loses', KEY => VALUE, ...: a subtest of its own folder, server and account.
sub bad_server {
    my ( $title, %c ) = @_;
    refuse_unknown( \%c );
    return Test::More::subtest(
        $title => sub {
            my $t     = Popkeep->new;
            my %mails = $c{mails} ? %{ $c{mails} } : three();
            $t->mails( 'box', %mails );
            my $s = $t->server( script => $c{script}, map { $_ => $c{$_} } grep { defined $c{$_} } qw(cert) );
            my $account = $t->account( $s, 'okul', retention_days => 30, %{ $c{account} || {} } );
            $c{setup}->( $t, $s ) if $c{setup};
            my %first = map { $_ => $c{$_} } grep { exists $c{$_} }
              qw(exit says prints never_says silent sent not_sent stored content gone args check speed clock before);
            step( $t, $s, $account, \%mails, \%first, 'run 1' );
            my $n = 1;
            step( $t, $s, $account, \%mails, $_, 'run ' . ++$n ) for list( $c{then} );
            if ( !exists $c{after} || $c{after} ) {    # the server is put in order: nothing lost, nothing doubled
                step( $t, $s, $account, \%mails,
                    { script => '', exit => 0, stored => 'all', ref $c{after} ? %{ $c{after} } : () }, 'in order again' );
                step( $t, $s, $account, \%mails, { exit => 0, silent => 1, stored => 'all', not_sent => qr/^RETR|^DELE/ }, 'once more' )
                  unless ref $c{after} && $c{after}{last};
            }
            $s->stop;
        }
    );
}

1;
