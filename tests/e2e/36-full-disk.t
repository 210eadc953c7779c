# SPDX-License-Identifier: ISC
# Disks that are too small, for the mail or for the state: 73 or 74 with the path, nothing half is kept, nothing is
# deleted, and with room again the next run completes.
use strict;
use warnings;
use Popkeep;
use Popkeep::Mails;

# Room for so much, at $dir: a file system of its own where that is allowed, else a limit on the size of files.
my @mounted;

sub small_disk {
    my ( $dir, $size ) = @_;
    mkdir $dir;
    system("mount -t tmpfs -o size=$size,mode=0700 none '$dir' 2>/dev/null") == 0 or return 0;
    push @mounted, $dir;
    return 1;
}
END { my $s = $?; system 'umount', '-l', $_ for @mounted; $? = $s }

sub fetch_limited {    # with `ulimit -f BLOCKS` (of 1024 octets)
    my ( $t, $blocks, @args ) = @_;
    my $wrap = Popkeep::spew( $t->path('limited'), "#!/bin/bash\nulimit -f $blocks\nexec '" . Popkeep::program() . "' \"\$@\"\n" );
    chmod 0755, $wrap;
    local $t->{program} = $wrap;
    return $t->popkeep(@args);
}

my %mail = ( '0001.eml' => "Subject: small\n\nx\n", '0002.eml' => Popkeep::Mails::large( 3_000_000, 'two' ), '0003.eml' => "Subject: small too\n\ny\n" );
my @all = sort values %mail;

# ---- a limit on file sizes: the mail ----
{
    my $t = Popkeep->new;
    $t->mails( 'box', %mail );
    my $s = $t->server;
    $t->account( $s, 'okul', retention_days => 0 );
    my $run = fetch_limited( $t, 500, 'fetch' );
    $run->exits( 74, 'a message larger than files may be' );
    $run->says( qr{Mail/okul/tmp/}, 'a message larger than files may be: says where' );
    $run->says( qr/ulimit -f/,      'a message larger than files may be: says why' );
    is( scalar( $s->left ), 3, 'a message larger than files may be: nothing is deleted' );
    is( scalar( $t->tmp_files('okul') ), 0, 'a message larger than files may be: nothing half is left' );
    is( scalar( grep { $_ eq 'QUIT' } $s->commands ), 0, 'a message larger than files may be: no QUIT' );
    $t->popkeep('-q')->exits( 0, 'the limit raised' );
    is_deeply( $t->stored_octets('okul'), \@all, 'the limit raised: all is stored once' );
    is( scalar( $s->left ), 0, 'the limit raised: and deleted, as asked for' );
}

# ---- a limit on file sizes: the journal ----
{
    my $t = Popkeep->new;
    $t->mails( 'box', map { ( sprintf( '%04d.eml', $_ ) => "Subject: $_\n\nx\n" ) } 1 .. 30 );
    my $s = $t->server;
    $t->account( $s, 'okul', retention_days => 0 );
    my $run = fetch_limited( $t, 2, 'fetch' );
    ok( $run->exit == 74 || $run->exit == 73, 'no room for the journal: ' . $run->exit );
    $run->says( qr{state/okul/journal}, 'no room for the journal: says where' );
    is( scalar( $s->left ), 30, 'no room for the journal: nothing is deleted' );
    $t->popkeep('-q')->exits( 0, 'room for the journal' );
    is( scalar @{ $t->stored_octets('okul') }, 30, 'room for the journal: all is stored once' );
}

# ---- a full disk ----
{
    my $t = Popkeep->new;
    my %many = map { ( sprintf( '%04d.eml', $_ ) => Popkeep::Mails::large( 3_000_000, "m$_" ) ) } 1 .. 24;
    $t->mails( 'box', %many );
    my $s = $t->server( script => "list-size fixed 100\n" );
    $t->account( $s, 'okul', retention_days => 0 );
    my $own = small_disk( $t->path('Mail'), '67m' );    # 64 MiB are asked to be free beforehand
    my $run = $own ? $t->popkeep('fetch') : fetch_limited( $t, 2000, 'fetch' );
    ok( ( grep { $run->exit == $_ } 73, 74 ), 'the disk fills up: ' . $run->exit );
    $run->says( $own ? qr/no space left on the disk/ : qr/limit on file sizes/, 'the disk fills up: said' );
    $run->says( qr{Mail/okul}, 'the disk fills up: and where' );
    is( scalar( $s->left ), 24, 'the disk fills up: nothing is deleted' );
    is( scalar( $t->tmp_files('okul') ), 0, 'the disk fills up: nothing half is left' );
    my %whole = map { $_ => 1 } values %many;
    is( scalar( grep { !$whole{$_} } @{ $t->stored_octets('okul') } ), 0, 'the disk fills up: what is kept is whole' );
    if ($own) {
        system( 'mount', '-o', 'remount,size=200m', $t->path('Mail') ) == 0 or die 'remount';
    }
    $t->popkeep('-q')->exits( 0, 'room again' );
    is_deeply( $t->stored_octets('okul'), [ sort values %many ], 'room again: all is stored once' );
    is( scalar( $s->left ), 0, 'room again: and deleted, as asked for' );
}

# ---- a message without an end ----
# The server says 100 octets and sends until the disk is full: nothing of it stays, and another account, with its mail elsewhere, is done.
{
    my $t = Popkeep->new;
    $t->mails( 'box', '0001.eml' => "Subject: small\n\nx\n" );
    my $good = $t->server;
    my $bad = $t->server( box => 'none', script => join '', map { "$_\n" } 'send "+OK ready\r\n"', 'expect "CAPA"', 'send "-ERR\r\n"', 'expect "USER *"',
        'send "+OK\r\n"', 'expect "PASS *"', 'send "+OK\r\n"', 'expect "CAPA"', 'send "-ERR\r\n"', 'expect "STAT"', 'send "+OK 1 100\r\n"', 'expect "UIDL"',
        'send "+OK\r\n1 a\r\n.\r\n"', 'expect "LIST"', 'send "+OK\r\n1 100\r\n.\r\n"', 'expect "RETR 1"', 'send "+OK\r\n"',
        'flood "' . 'and so on ' x 80 . '\r\n"' );
    mkdir $t->path('Mail/small');
    my $own = small_disk( $t->path('Mail/small'), '70m' );
    $t->account( $bad, 'endless', maildir => $t->path('Mail/small/endless'), retention_days => 0 );
    $t->account( $good, 'okul', retention_days => 0 );
    my $run = $own ? $t->popkeep( 'fetch', '--json' ) : fetch_limited( $t, 2000, 'fetch', '--json' );
    $run->exits( 74, 'a message without an end fills the disk' );
    my %status = map { $_->{account} => $_->{status} } grep { $_->{event} eq 'account-end' } $run->json;
    is_deeply( \%status, { endless => 74, okul => 0 }, 'a message without an end: the other account is done' );
    like( $run->out, $own ? qr/no space left on the disk/ : qr/limit on file sizes/, 'a message without an end: said' );
    is_deeply( [ map { glob( $t->path("Mail/small/endless/$_/*") ) } qw(tmp new cur) ], [], 'a message without an end: nothing of it stays' );
    is( scalar @{ $t->stored_octets('okul') }, 1, 'a message without an end: the mail of the other is stored' );
    is( scalar( $good->left ), 0, 'a message without an end: and deleted' );
    is( scalar( grep { /^(?:DELE|QUIT)/ } $bad->commands ), 0, 'a message without an end: no DELE, no QUIT' );
}

# ---- too little beforehand ----
{
    my $t   = Popkeep->new;
    my $own = small_disk( $t->path('Mail'), '67m' );
    my $n   = $own ? 24 : 900;
    $t->mails( 'box', map { ( sprintf( '%04d.eml', $_ ) => "Subject: $_\n\nx\n" ) } 1 .. $n );
    my $s = $t->server( script => 'list-size fixed ' . ( $own ? 3_000_000 : 1_000_000_000 ) . "\n" );
    $t->account( $s, 'okul' );
    $t->popkeep('fetch')->exits( 73, 'more is listed than there is room for' );
    $t->last_run->says( qr{not enough space.*Mail/okul}s, 'too little room: said beforehand' );
    is( scalar( $s->arguments('RETR') ), 0, 'too little room: nothing is downloaded' );
}

# ---- no room for the state ----
{
    my $t = Popkeep->new;
    $t->mails( 'box', map { ( sprintf( '%04d.eml', $_ ) => "Subject: $_\n\nx\n" ) } 1 .. 40 );
    my $s = $t->server;
    $t->account( $s, 'okul', retention_days => 0 );
    my $own = small_disk( $t->path('state'), '12k' );
    my $run = $own ? $t->popkeep('fetch') : fetch_limited( $t, 4, 'fetch' );
    ok( ( grep { $run->exit == $_ } 73, 74 ), 'the disk of the state is full: ' . $run->exit );
    $run->says( qr{/state\b}, 'the disk of the state is full: says where' );
    is( scalar( $s->left ), 40, 'the disk of the state is full: nothing is deleted' );
    if ($own) {
        system( 'mount', '-o', 'remount,size=10m', $t->path('state') ) == 0 or die 'remount';
    }
    $t->popkeep('-q')->exits( 0, 'room for the state again' );
    is( scalar @{ $t->stored_octets('okul') }, 40, 'room for the state again: all is stored once' );
    is( scalar( $t->tmp_files('okul') ), 0, 'room for the state again: nothing is left in tmp/' );
}

done_testing();
