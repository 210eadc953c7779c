# SPDX-License-Identifier: ISC
# Wrong clocks and changed mailboxes must never delete what is not due: deletions are held (11), downloads never are, and
# --confirm-delete says that all is right. Days are 86,400 s from the moment a copy became durable.
use strict;
use warnings;
use Popkeep;

sub mail { return map { ( sprintf( '%04d.eml', $_ ) => "Subject: $_\n\nbody of $_\n" ) } @_ }

# A mailbox with mails 1 to 5 stored at $at (seconds since 1970); the clock stands still in each run.
my $pin;

sub pin {    # holds whatever the date
    my ($s) = @_;
    return $pin //= do {
        my $cert = Popkeep::certs_dir() . '/good.pem';
        my $hash = `openssl x509 -in $cert -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64`;
        chomp $hash;
        "sha256//$hash";
    };
}

sub surroundings {
    my ( $at, %keys ) = @_;
    my $t = Popkeep->new;
    $t->mails( 'box', mail( 1 .. 5 ) );
    my $s = $t->server;
    $t->account( $s, 'okul', retention_days => 30, tls_pin => pin($s), tls_ca_file => undef, %keys );
    $t->{preload} = [ Popkeep::tools_dir() . '/clockshim.so' ];
    run_at( $t, $at, '-q' )->exits( 0, 'stored' ) if defined $at;
    return ( $t, $s );
}

# run_at(t, wall clock, args..., {boot => seconds more since boot}): the time since boot keeps step unless told otherwise.
my $T0 = 1_800_000_000;    # 2027

sub run_at {
    my ( $t, $at, @args ) = @_;
    my %how = ref $args[-1] ? %{ pop @args } : ();
    my $boot = $how{boot} // $at - $T0 + 100 * DAY;
    return $t->popkeep( @args, { env => { CLOCKSHIM_AT => $at, CLOCKSHIM_BOOT_OFFSET => $boot } } );
}

sub stored_at {
    my ($t) = @_;
    my ($time) = $t->journal('okul') =~ /^S \d+ 1 (\d+) /m or die 'no S';
    return $time;
}

# ---- the day ----
{
    my ( $t, $s ) = surroundings($T0);
    is( stored_at($t), $T0, 'the age counts from the moment the copy was durable' );
    run_at( $t, $T0 + 30 * DAY - 1, '-q' )->exits( 0, 'a second before the 30 days are over' );
    is( scalar( $s->left ), 5, 'a second before: nothing is deleted' );
    run_at( $t, $T0 + 30 * DAY, '-q' )->exits( 0, '30 days later to the second' );
    is( scalar( $s->left ), 0, '30 days later to the second: deleted' );
    is( scalar @{ $t->stored_octets('okul') }, 5, 'the copies stay' );
}
for my $days ( 0, 1, 36_500 ) {
    my ( $t, $s ) = surroundings( undef, retention_days => $days );
    run_at( $t, $T0, '-q' )->exits( 0, "retention $days" );
    is( scalar( $s->left ), $days ? 5 : 0, "retention $days: " . ( $days ? 'kept at first' : 'deleted in the same session' ) );
    next unless $days == 1;
    run_at( $t, $T0 + DAY - 1, '-q' );
    is( scalar( $s->left ), 5, 'retention 1: not a second early' );
    run_at( $t, $T0 + DAY, '-q' );
    is( scalar( $s->left ), 0, 'retention 1: after 86,400 s' );
}

# ---- the clock stands before the newest record ----
{
    my ( $t, $s ) = surroundings($T0);
    my $due = $T0 + 40 * DAY;
    $t->mails( 'box', mail( 6, 7 ) );
    $t->forget_accounts;
    $t->account( $s, 'okul', retention_days => 'never', tls_pin => pin($s), tls_ca_file => undef );
    run_at( $t, $due, '-q' )->exits( 0, 'two more, nothing deleted yet' );
    $t->forget_accounts;
    $t->account( $s, 'okul', retention_days => 30, tls_pin => pin($s), tls_ca_file => undef );

    $t->mails( 'box', mail(8) );
    my $run = run_at( $t, $due - 3601 );
    $run->exits( 11, 'one hour and a second back: deletions are held' );
    $run->says( qr/clock stands more than an hour before/, 'one hour and a second back: says why' );
    $run->says( qr/--confirm-delete/,                        'one hour and a second back: says what to do' );
    is( scalar( $s->left ), 8, 'one hour and a second back: nothing is deleted' );
    is( scalar @{ $t->stored_octets('okul') }, 8, 'one hour and a second back: the download is not held' );
    run_at( $t, $due - 3601, '-q' )->exits( 11, 'held as long as it lasts' );
    run_at( $t, $due - 3600, '-q' )->exits( 0, 'one hour back is no reason' );
    is( scalar( $s->left ), 3, 'one hour back: what is due is deleted' );
}

# ---- --confirm-delete: the clock is right now and was wrong before ----
{
    my ( $t, $s ) = surroundings( $T0 + 5000 * DAY );    # stored under a clock 14 years ahead
    my $run = run_at( $t, $T0, '-q' );
    $run->exits( 0, 'the clock was set right, nothing is due' );
    run_at( $t, $T0 + 31 * DAY, '-q' );
    is( scalar( $s->left ), 5, 'records from the future are never due' );
    run_at( $t, $T0 + 31 * DAY, '-q', '--confirm-delete' )->exits( 0, '--confirm-delete' );
    is( scalar( $s->left ), 5, '--confirm-delete: they count from now, so nothing is due yet' );
    run_at( $t, $T0 + 61 * DAY - 1, '-q' )->exits( 0, 'not yet' );
    is( scalar( $s->left ), 5, 'a second before 30 days after the confirmation' );
    run_at( $t, $T0 + 61 * DAY, '-q' )->exits( 0, 'now' );
    is( scalar( $s->left ), 0, '30 days after the confirmation' );
}

# ---- far ahead ----
for my $case ( [ '400 days and a second', 400 * DAY + 1, 11 ], [ '400 days', 400 * DAY, 0 ], [ 'the year 2040', 2_208_988_800 - $T0, 11 ] ) {
    my ( $name, $ahead, $exit ) = @$case;
    my ( $t, $s ) = surroundings($T0);
    $t->mails( 'box', mail(6) );
    my $run = run_at( $t, $T0 + $ahead );
    $run->exits( $exit, "$name ahead" );
    is( scalar( $s->left ), $exit ? 6 : 1, "$name ahead: " . ( $exit ? 'nothing is deleted' : 'deleted' ) );
    is( scalar @{ $t->stored_octets('okul') }, 6, "$name ahead: the download is not held" );
    next unless $exit;
    $run->says( qr/more than 400 days after the last run/, "$name ahead: says why" );
    run_at( $t, $T0 + $ahead + 60, '-q' )->exits( 11, "$name ahead: one such run does not make it right" );
    is( scalar( $s->left ), 6, "$name ahead, once more: nothing is deleted" );
    run_at( $t, $T0 + $ahead + 120, '-q', '--confirm-delete' )->exits( 0, "$name ahead, --confirm-delete" );
    is( scalar( $s->left ), 1, "$name ahead, --confirm-delete: what is due by it is deleted" );

    ( $t, $s ) = surroundings($T0);    # and when the clock was wrong
    run_at( $t, $T0 + $ahead, '-q' )->exits( 11, "$name ahead by mistake" );
    $run = run_at( $t, $T0 + DAY, '-q' );
    is( scalar( $s->left ), 5, "$name ahead by mistake, then right: nothing is deleted" );
    run_at( $t, $T0 + DAY, '-q', '--confirm-delete' )->exits( 0, "$name ahead by mistake, then right and confirmed" );
    is( scalar( $s->left ), 5, "$name ahead by mistake: confirmed, and nothing is due" );
    run_at( $t, $T0 + 30 * DAY, '-q' )->exits( 0, "$name ahead by mistake: 30 days after it was stored" );
    is( scalar( $s->left ), 0, "$name ahead by mistake: deleted when due by the right clock" );
}

# ---- 1970: a machine whose clock has not been set yet ----
{
    my ( $t, $s ) = surroundings(100);
    is( scalar @{ $t->stored_octets('okul') }, 5, 'in 1970 mail is stored' );
    my $run = run_at( $t, $T0, '-q', { boot => 100 * DAY } );
    $run->exits( 11, 'stored in 1970, the clock set later: held' );
    is( scalar( $s->left ), 5, 'stored in 1970: not 57 years old' );
    ( $t, $s ) = surroundings($T0);
    $t->mails( 'box', mail(6) );
    run_at( $t, 100 );
    ok( ( grep { $t->last_run->exit == $_ } 0, 11 ), '1970 after 2027: runs' );
    is( scalar( $s->left ), 6, '1970 after 2027: nothing is deleted' );
    is( scalar @{ $t->stored_octets('okul') }, 6, '1970 after 2027: the download is not held' );
}

# ---- a jump while the machine runs ----
{
    my ( $t, $s ) = surroundings( undef, retention_days => 1 );
    run_at( $t, $T0, '-q', { boot => 1000 } )->exits( 0, 'stored' );
    my $run = run_at( $t, $T0 + 2 * DAY, { boot => 1000 + 3600 } );    # the clock went on 2 days, the machine one hour
    $run->exits( 0, 'the clock was set while the machine ran' );
    $run->says( qr/clock was set while the machine ran/, 'a jump within one boot: said' );
    is( scalar( $s->left ), 5, 'a jump within one boot: what was stored in it is not two days old' );
    run_at( $t, $T0 + 3 * DAY - 1, '-q', { boot => 1000 + 3600 + DAY - 1 } )->exits( 0, 'not yet' );
    is( scalar( $s->left ), 5, 'a jump: its age counts from when it was noticed' );
    run_at( $t, $T0 + 3 * DAY, '-q', { boot => 1000 + 3600 + DAY } )->exits( 0, 'a day after it was noticed' );
    is( scalar( $s->left ), 0, 'a jump: deleted a day after it was noticed' );
}

# ---- most UIDLs changed ----
sub box { my ( $t, @n ) = @_; unlink glob "'" . $t->path('box') . "'/*.eml"; return $t->mails( 'box', mail(@n) ) }
{
    my ( $t, $s ) = surroundings(undef);
    box( $t, 1 .. 24 );
    run_at( $t, $T0, '-q' )->exits( 0, '24 stored' );
    my $later = $T0 + 31 * DAY;
    box( $t, 1 .. 4, 101 .. 124 );    # another mailbox? 20 of 24 are gone, 24 of 28 are new
    my $run = run_at( $t, $later );
    $run->exits( 11, 'most known UIDLs gone, most listed new: held' );
    $run->says( qr/most messages known from the last run are gone/, 'UIDLs changed: says why' );
    is( scalar( $s->left ), 28, 'UIDLs changed: nothing is deleted' );
    is( scalar @{ $t->stored_octets('okul') }, 48, 'UIDLs changed: all that is new is stored' );
    run_at( $t, $later + 60, '-q' )->exits( 11, 'UIDLs changed: held also by the next run, to which nothing is new' );
    is( scalar( $s->left ), 28, 'UIDLs changed: nothing is deleted by the next run either' );
    box( $t, 1 .. 24 );
    run_at( $t, $later + 120, '-q' )->exits( 0, 'the old UIDLs are back: held no more' );
    is( scalar( $s->left ), 0, 'the old UIDLs are back: what is due is deleted' );
}
{
    my ( $t, $s ) = surroundings(undef);
    box( $t, 1 .. 24 );
    run_at( $t, $T0, '-q' );
    box( $t, 1 .. 4, 101 .. 124 );
    run_at( $t, $T0 + 31 * DAY, '-q' )->exits( 11, 'held' );
    run_at( $t, $T0 + 31 * DAY + 60, '-q', '--confirm-delete' )->exits( 0, 'UIDLs changed, --confirm-delete' );
    is( scalar( $s->left ), 24, 'UIDLs changed, --confirm-delete: what is due is deleted' );
    run_at( $t, $T0 + 31 * DAY + 120, '-q' )->exits( 0, 'and held no more' );
}
{
    my ( $t, $s ) = surroundings(undef);
    box( $t, 1 .. 24 );
    run_at( $t, $T0, '-q' );
    $s->restart('uidl-prefix z');    # a server moved: other UIDLs, the same mail
    run_at( $t, $T0 + 31 * DAY, '-q' )->exits( 0, 'renumbered with the same content: no reason' );
    is( scalar @{ $t->stored_octets('okul') }, 24, 'renumbered: nothing is stored twice' );
    is( scalar( $s->left ), 0, 'renumbered: the age goes on' );
}
{
    my ( $t, $s ) = surroundings(undef);
    box( $t, 1 .. 19 );
    run_at( $t, $T0, '-q' );
    box( $t, 1 .. 4, 101 .. 124 );
    run_at( $t, $T0 + 31 * DAY, '-q' )->exits( 0, 'fewer than 20 known: no reason' );
    is( scalar( $s->left ), 24, 'fewer than 20 known: what is due is deleted' );
}
{    # an empty listing between
    my ( $t, $s ) = surroundings(undef);
    box( $t, 1 .. 24 );
    run_at( $t, $T0, '-q' );
    box($t);
    run_at( $t, $T0 + DAY, '-q' )->exits( 0, 'the mailbox shows nothing for a day' );
    box( $t, 1 .. 24 );
    run_at( $t, $T0 + 2 * DAY, '-q' )->exits( 0, 'and then all again' );
    is( scalar @{ $t->stored_octets('okul') }, 24, 'an empty listing forgets nothing: nothing is stored twice' );
    run_at( $t, $T0 + 30 * DAY, '-q' )->exits( 0, '30 days after the first' );
    is( scalar( $s->left ), 0, 'an empty listing starts no clock anew' );
}

done_testing();
