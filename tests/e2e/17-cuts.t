#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Lines that are cut, fall silent or crawl, at every stage: after one undisturbed run all mail is stored exactly once,
# and at no moment was anything deleted that was not stored.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;
use Popkeep::Faults 'servers';

my $lockstep = "capa TOP UIDL USER\n";

# ---- cut at many octets of the whole session -------------------------------------------------

sub cut_session {    # one server; its first session ends after $n octets of answers. How much of a session was that?
    my ( $n, $rst, $script ) = @_;
    my $t     = Popkeep->new;
    my %mails = three();
    $t->mails( 'box', %mails );
    my $s = $t->server( script => "${script}session 1 {\ncut-after $n$rst\n}\n" );
    $t->account( $s, 'okul', retention_days => 0 );
    my @wrong;
    my $run = $t->popkeep('fetch');
    push @wrong, 'exit ' . ( $run->exit // 'none' ) if !defined $run->exit || $run->exit !~ /^(?:0|10|75)$/;
    my %stored = map { $_ => 1 } @{ $t->stored_octets('okul') };
    push @wrong, "$_ deleted, not stored" for grep { !$stored{ $mails{$_} } } $s->gone;
    my $second = $t->popkeep('fetch');
    push @wrong, 'then exit ' . ( $second->exit // 'none' ) if ( $second->exit // -1 ) != 0;
    push @wrong, 'not each once' if join( '|', @{ $t->stored_octets('okul') } ) ne join( '|', sort values %mails );
    push @wrong, 'left in tmp/'  if $t->tmp_files('okul');
    push @wrong, 'not all gone'  if $s->left;
    my %logged;
    $logged{$_}++ for $t->deletions('okul') =~ /"uidl":"(u\d+)"/g;
    push @wrong, 'log ' . join ' ', map { "$_:$logged{$_}" } sort keys %logged
      if join( ' ', map { "$_:$logged{$_}" } sort keys %logged ) ne 'u0001:1 u0002:1 u0003:1';
    my ($out) = map { /^end .* out=(\d+)/ ? $1 : () } $s->events( session => 1 );
    $s->stop;
    system 'rm', '-rf', $t->dir unless @wrong;
    return ( $out // 0, @wrong ? "after $n octets$rst: " . join( '; ', @wrong ) . "\n" . $run->err . $second->err : () );
}

for my $way ( [ 'pipelined', '', '', 7 ], [ 'one by one', '', $lockstep, 19 ], [ 'by reset', ' rst', '', 41 ] ) {
    my ( $what, $rst, $script, $pace ) = @$way;
    my ( @wrong, $cuts );
    for ( my $n = 1 ; ; $n += $pace ) {
        my ( $out, @why ) = cut_session( $n, $rst, $script );
        push @wrong, @why;
        $cuts++;
        last if $out < $n || $n > 5000;
    }
    is( join( "\n", @wrong ), '', "cut after each of $cuts numbers of octets ($what): each mail once, none deleted too early" );
    cmp_ok( $cuts, '>', 5, 'and there were so many' );
}

# ---- reconnecting ----------------------------------------------------------------------------

my %six = map { ( "000$_.eml" => "Subject: $_\n\n" . ( "mail $_\n" x 40 ) ) } 1 .. 6;

bad_server 'cut between messages: connected again at once, complete in one run',
  mails  => \%six, script => "session 1 {\non RETR 3 then-close\n}\n",
  exit   => 0, stored => 'all', check => sub { is( $_[1]->sessions, 2, 'two sessions' ) };
bad_server 'cut in the middle of a message',
  mails => \%six, script => "session 1 {\non RETR 4 line 20 close\n}\n",
  exit  => 0, stored => 'all', check => sub { is( $_[1]->sessions, 2, 'two sessions' ) };
bad_server 'cut in every session: connected again, then the next run goes on where this one ended',
  mails => \%six, script => "${lockstep}on RETR nth 3 close\n",
  exit  => 10,
  check => sub {
    my ( $t, $s ) = @_;
    is( $s->sessions, 3, 'three sessions' );
    my %want = reverse %six;
    is( join( ' ', grep { !$want{$_} } @{ $t->stored_octets('okul') } ), '', 'only whole mail is stored' );
  };
bad_server 'connected again, the same mails have other numbers: UIDLs count',
  mails  => \%six, script => "session 1 {\non RETR 3 line 20 close\n}\nsession 2+ {\nreverse\n}\n",
  exit   => 0, stored => 'all', check => sub { is( $_[1]->sessions, 2, 'two sessions' ) };
bad_server 'connected again, it is another mailbox with the same numbers and UIDLs of its own',
  mails  => \%six, script => "session 1 {\non RETR 3 line 20 close\n}\nsession 2+ {\nuidl-prefix Z\n}\n",
  exit   => 0, stored => 'all';
bad_server 'cut without any progress: another message is tried, in case it is those alone; then only deletions are',
  mails => \%six, script => "on RETR close\n", exit => 75, stored => [], not_sent => qr/^QUIT/,
  check => sub { is( join( ' ', $_[1]->arguments('RETR') ), '1 6 5 4', 'four sessions, each to another one' ) },
  then  => [ {
    exit  => 75, stored => [], says => qr/not asked for any more: 3;/, sent => qr/^QUIT/,
    check => sub { is( $_[1]->sessions, 8, 'four sessions' ); is( scalar $_[1]->arguments( 'RETR', session => 8 ), 0, 'the last without RETR' ) }
  } ];
bad_server 'cut, then the login is refused: not tried again',
  mails => \%six, script => qq{session 1 {\n${lockstep}on RETR 3 close\n}\nsession 2+ {\nlogin "-ERR [AUTH] no"\n}\n},
  exit  => 77, check => sub { is( $_[1]->sessions, 2, 'two sessions' ) };

# ---- silence ---------------------------------------------------------------------------------

# All at once: each an account with its own server in the same run.
{
    my @stages = (
        [ 'TLS handshake'   => 'tls-stall' ],
        [ greeting          => 'on GREETING silent' ],
        [ CAPA              => 'on CAPA silent' ],
        [ 'CAPA, its end'   => 'on CAPA line 3 silent' ],
        [ USER              => 'on USER silent' ],
        [ PASS              => 'on PASS silent' ],
        [ 'second CAPA'     => 'on CAPA nth 2 silent' ],
        [ STAT              => 'on STAT silent' ],
        [ UIDL              => 'on UIDL silent' ],
        [ 'a line of UIDL'  => 'on UIDL line 2 silent' ],
        [ LIST              => 'on LIST silent' ],
        [ 'a line of LIST'  => 'on LIST line 3 silent' ],
        [ RETR              => 'on RETR 2 silent',        0 ],
        [ 'a line of RETR'  => 'on RETR 1 line 4 silent', 0 ],

        # here something had been gained: connected again, and complete in the same run
        [ 'a later RETR'    => 'on RETR 2 line 4 silent', 0 ],
        [ 'the end of RETR' => 'on RETR 3 line 6 silent', 0 ],
        [ NOOP              => 'on NOOP silent',          0 ],
        [ DELE              => 'on DELE 2 silent',        0 ],
        [ QUIT              => 'on QUIT silent',          10 ],
    );
    my $t     = Popkeep->new;
    my %mails = three();
    my @servers;
    for my $i ( 0 .. $#stages ) {
        my $box = "box$i";
        $t->mails( $box, %mails );
        my $script = ( $stages[$i][0] eq 'TLS handshake' ? '' : $lockstep ) . "session 1 {\n$stages[$i][1]\n}\n";
        push @servers, $t->server( script => $script, box => $box );
        $t->account( $servers[-1], "a$i", timeout => 3, retention_days => 0 );
    }
    $t->defaults( jobs => 32, per_host => 32 );
    my $run = $t->popkeep( 'fetch', '--json' );
    $run->exits( 75, 'silence is temporary' );
    my %status = map { $_->{account} => $_->{status} } grep { $_->{event} eq 'account-end' } $run->json;
    for my $i ( 0 .. $#stages ) {
        my $want = $stages[$i][2] // 75;
        is( $status{"a$i"}, $want, "silent at $stages[$i][0]: $want" );
        is( join( ' ', $servers[$i]->gone ), '', 'nothing was deleted' ) if $want;
    }
    cmp_ok( $run->{seconds}, '<', 30, 'and no account waited much longer than its time-out' );
    $t->popkeep('fetch')->exits( 0, 'then all are in order' );
    for my $i ( 0 .. $#stages ) {
        is( join( '|', @{ $t->stored_octets("a$i") } ), join( '|', sort values %mails ), "after silence at $stages[$i][0]: each mail once" );
        is( join( ' ', $servers[$i]->left ), '', 'and deleted' );
    }
}

bad_server 'a server that sends a few octets a second would hold a scheduled run for hours: given up after five minutes',
  mails  => { '0001.eml' => "Subject: b\n\n" . ( 'slow ' x 2000 ) . "\n" },
  script => "session 1 {\ntrickle 4 5\n}\n", speed => 40, account => { timeout => 120 },
  exit   => 75, says => qr/less than 1024 octets a second over 5 minutes/, stored => [], gone => [];

bad_server 'a server that cuts clients silent for two seconds: a run without pauses never meets it',
  script => "idle-limit 2\n", exit => 0, stored => 'all';

bad_server 'a distant server', script => "delay 50\n", exit => 0, stored => 'all',
  check => sub { cmp_ok( $_[1]->flights(1), '<=', 9, 'few round trips' ) };

done_testing();
