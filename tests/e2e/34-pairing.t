# SPDX-License-Identifier: ISC
# State and Maildir belong together: with one half missing or another's, nothing is downloaded twice, nothing deleted,
# nothing even connected to, and the message names both and what to do. Commands that only look change no byte.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use File::Find ();
use File::Path qw(make_path remove_tree);
use Popkeep;

my %mail = map { ( "000$_.eml" => "Subject: $_\n\nbody of $_\n" ) } 1 .. 5;
my @all = map { $mail{$_} } sort keys %mail;

sub fresh {
    my (%keys) = @_;
    my $t = Popkeep->new;
    $t->mails( 'box', %mail );
    my $s = $t->server;
    $t->account( $s, 'okul', retention_days => 30, %keys );
    return ( $t, $s );
}

sub used { my ( $t, $s ) = fresh(@_); $t->popkeep('-q')->exits( 0, 'a first run' ); return ( $t, $s ) }

# Every name below these folders with its kind, time and content.
sub picture {
    my @lines;
    File::Find::find( { no_chdir => 1, wanted => sub {
        my @st = lstat;
        push @lines, join ' ', $_, $st[2], $st[7], -f _ ? ( $st[9], sha256_hex( slurp($_) ) ) : -l _ ? readlink : ();
    } }, grep { -e } @_ );
    return join "\n", sort @lines;
}

sub refused {
    my ( $t, $s, $name, @patterns ) = @_;
    my $sessions = $s->sessions;
    my $before = picture( $t->path('Mail') );
    my $journal = $t->journal('okul') // 'none';
    $t->popkeep('fetch')->exits( 78, "$name: refused" );
    $t->last_run->says( $_, "$name: says $_" ) for @patterns;
    is( $s->sessions, $sessions, "$name: the server is not even connected to" );
    is( picture( $t->path('Mail') ), $before, "$name: nothing is made or changed in the Maildir" );
    is( $t->journal('okul') // 'none', $journal, "$name: the journal is as it was" );
}

# ---- one half missing ----
{
    my ( $t, $s ) = used();
    my @both = ( qr{state: +\S*/state/okul}, qr{Maildir: +\S*/Mail/okul}, qr/--adopt okul/ );
    rename $t->path('Mail/okul'), $t->path('unmounted');
    refused( $t, $s, 'Maildir gone (its disk is not mounted)', qr/not mounted/, @both );
    mkdir $t->path('Mail/okul');
    refused( $t, $s, 'an empty mount point in its place', qr/not mounted/, @both );
    make_path( map { $t->path("Mail/okul/$_") } qw(tmp new cur) );
    refused( $t, $s, 'another, empty Maildir in its place', qr/no id file/, @both );
    remove_tree( $t->path('Mail/okul') );
    rename $t->path('unmounted'), $t->path('Mail/okul');
    $t->popkeep->exits( 0, 'mounted again' );
    $t->last_run->is_silent('mounted again: nothing new');

    rename $t->path('state/okul'), $t->path('lost');
    refused( $t, $s, 'state gone', qr/state that remembers/, @both );
    $t->popkeep( 'fetch', '--adopt', 'okul' )->exits( 0, 'state gone, --adopt' );
    is_deeply( $t->stored_octets('okul'), \@all, 'state gone, --adopt: nothing is stored a second time' );
    $t->clock( 31 * DAY );
    $t->popkeep('-q')->exits( 0, 'adopted mail, 31 days later' );
    is( scalar( $s->left ), 0, 'adopted mail is deleted when its time here is over' );

    my ( $u, $v ) = used();
    ( my $id ) = glob "'" . $u->path('Mail/okul') . "'/popkeep-*.id";
    spew( $id, 'f' x 32, "\n" );
    refused( $u, $v, "another's id", qr/ids\s+differ/ );
    $u->popkeep( 'fetch', '--adopt', '-q' )->exits( 0, "another's id, --adopt" );
    is_deeply( $u->stored_octets('okul'), \@all, "another's id, --adopt: nothing twice" );
    $u->popkeep('-q')->exits( 0, "another's id, adopted: the next run is as usual" );
    spew( $id, "not an id\n" );
    $u->popkeep;
    is( $u->last_run->exit, 65, 'an id file that holds no id' );
    $u->last_run->says( qr/popkeep-okul\.id/, 'an id file that holds no id: named' );
}

# ---- the Maildir lost for good ----
{
    my ( $t, $s ) = used();
    remove_tree( $t->path('Mail/okul') );
    $t->clock( 31 * DAY );
    $t->popkeep( 'fetch', '--adopt' )->exits( 0, 'Maildir lost, --adopt' );
    is( scalar( $s->left ), 5, 'Maildir lost, --adopt: what has no copy here any more is not deleted, however old' );
    $t->popkeep( 'fetch', '--missing', '-q' )->exits( 0, 'Maildir lost, --missing' );
    is_deeply( $t->stored_octets('okul'), \@all, 'Maildir lost, --missing: all is stored again, once' );
    $t->popkeep( 'verify', '-q' )->exits( 0, 'Maildir lost, --missing: verify is content' );
}

# ---- moved, renamed, another mailbox ----
{
    my ( $t, $s ) = used();
    rename $t->path('Mail/okul'), $t->path('Mail/yeni');
    $t->forget_accounts;
    $t->account( $s, 'okul', maildir => $t->path('Mail/yeni') );
    $t->popkeep('-q')->exits( 0, 'Maildir moved with its id: accepted' );
    is_deeply( $t->stored_octets('yeni'), \@all, 'Maildir moved with its id: nothing twice' );

    my $sessions = $s->sessions;
    for my $other ( [ user => 'mudur' ], [ host => 'localhost' ], [ port => 1 ] ) {
        $t->forget_accounts;
        $t->account( $s, 'okul', maildir => $t->path('Mail/yeni'), @$other );
        $t->popkeep->exits( 78, "another $other->[0] under the same name" );
        $t->last_run->says( qr/belongs to another mailbox.*ogretmen at 127\.0\.0\.1/, "another $other->[0]: says whose it is" );
    }
    is( $s->sessions, $sessions, 'another mailbox under the same name: not connected to' );

    $t->forget_accounts;
    $t->account( $s, 'baska', maildir => $t->path('Mail/yeni') );
    $t->popkeep->exits( 78, 'account renamed: refused, because its state is under the old name' );
    $t->last_run->says( qr/by the account okul.*--adopt baska/s, 'account renamed: says the old name, and what to do' );
    $t->popkeep->exits( 78, 'account renamed: refused again' );
    is_deeply( $t->stored_octets('yeni'), \@all, 'account renamed: nothing twice' );
    $t->popkeep( 'fetch', '--adopt', '-q' )->exits( 0, 'account renamed, --adopt' );
    is_deeply( $t->stored_octets('yeni'), \@all, 'account renamed, --adopt: nothing twice' );
}

# ---- another mailbox later goes into the same Maildir ----
{
    my ( $t, $s ) = used();
    $t->mails( 'box2', '0001.eml' => "Subject: of the other\n\nx\n" );
    my $s2 = $t->server( box => 'box2' );
    $t->forget_accounts;
    $t->account( $s2, 'ikinci', user => 'mudur', maildir => $t->path('Mail/okul') );
    $t->popkeep('-q')->exits( 0, 'another mailbox into the same Maildir' );
    is( scalar @{ $t->stored_octets('okul') }, 6, 'another mailbox into the same Maildir: stored beside the first' );
    $t->popkeep;
    $t->last_run->is_silent('another mailbox into the same Maildir, again: nothing new');
}

# ---- a Maildir of other programs ----
{
    my ( $t, $s ) = fresh();
    my $m = $t->path('Mail/okul');
    make_path( map { "$m/$_" } qw(tmp new cur .Sent/cur .Sent/new .Sent/tmp) );
    spew( "$m/cur/1600000001.V1I2.host:2,S", $all[0] );
    spew( "$m/.Sent/cur/1600000002.V1I3.host:2,RS", $all[1] );
    spew( "$m/new/1600000003.V1I4.host", "Subject: mine alone\n\nx\n" );
    spew( "$m/tmp/1600000004.V1I5.host", 'half' );
    spew( "$m/tmp/popkeep-baska.1600000005.M1P1Q1Rab", 'half' );
    spew( "$m/tmp/popkeep-okul.1600000005.M1P1Q1Rab", 'half' );
    spew( "$m/tmp/popkeep-okul.notes", 'not a name popkeep gives' );
    spew( "$m/dovecot-uidlist", '3 V1' );
    my $others = picture( "$m/cur/1600000001.V1I2.host:2,S", "$m/.Sent/cur", "$m/dovecot-uidlist", "$m/tmp/1600000004.V1I5.host" );
    $t->popkeep( 'fetch', '--adopt' )->exits( 0, "others' Maildir, --adopt" );
    $t->last_run->says( qr/3 files taken/, 'it says how many files it took in' );
    is( scalar( () = $t->stored_paths('okul') ), 2 + 3, 'what was there already is not downloaded' );
    is( picture( "$m/cur/1600000001.V1I2.host:2,S", "$m/.Sent/cur", "$m/dovecot-uidlist", "$m/tmp/1600000004.V1I5.host" ), $others,
        "others' files are untouched" );
    is( join( ' ', map { s{.*/}{}r } $t->tmp_files('okul') ),
        '1600000004.V1I5.host popkeep-baska.1600000005.M1P1Q1Rab popkeep-okul.notes', 'of tmp/ only own left-overs are swept' );
}

# ---- odd Maildirs ----
for my $case ( [ 'new is a file', sub { spew( "$_[0]/new", 'x' ) } ], [ 'new is a link', sub { mkdir "$_[0]/../elsewhere"; symlink '../elsewhere', "$_[0]/new" } ] ) {
    my ( $t, $s ) = fresh();
    my $m = $t->path('Mail/okul');
    make_path( "$m/tmp", "$m/cur" );
    $case->[1]->($m);
    my $exit = $t->popkeep->exit;
    is( $exit, 78, "$case->[0]: refused" );
    $t->last_run->says( qr{Mail/okul/new}, "$case->[0]: named" );
    is( $s->sessions, 0, "$case->[0]: not connected" );
    is( scalar( $s->left ), 5, "$case->[0]: nothing is deleted" );
}
{
    my ( $t, $s ) = fresh();
    mkdir $t->path('disk2');
    symlink $t->path('disk2'), $t->path('Mail/okul');
    $t->popkeep('-q')->exits( 0, 'the Maildir is a link to a folder: used' );
    is_deeply( $t->stored_octets('okul'), \@all, 'a linked Maildir holds the mail' );
    $t->popkeep;
    $t->last_run->is_silent('a linked Maildir, again: nothing new');

    make_path( my $plain = $t->path('Mail/duz') );
    $t->forget_accounts;
    $t->account( $s, 'duz', maildir => $plain );
    spew( "$plain/a-file", 'x' );
    $t->popkeep( '-q', 'duz' )->exits( 0, 'an existing folder becomes a Maildir' );
}

# ---- the journal damaged ----
{
    my ( $t, $s ) = used();
    my $path = $t->state_file( 'okul', 'journal' );
    my $whole = slurp($path);
    my $bad   = $whole;
    my $in = index( $whole, "\nI " ) + 20;
    substr( $bad, $in, 1 ) = substr( $bad, $in, 1 ) eq '1' ? '2' : '1';
    spew( $path, $bad );
    my $line = 1 + ( substr( $whole, 0, $in ) =~ tr/\n// );
    $t->clock( 31 * DAY );
    $t->mails( 'box', '0006.eml' => "Subject: 6\n\nx\n" );
    my $sessions = $s->sessions;
    $t->popkeep->exits( 65, 'journal damaged in the middle' );
    $t->last_run->says( qr{state/okul/journal\D+$line\b}, 'a damaged journal: file and line are named' );
    is( $s->sessions, $sessions, 'a damaged journal: not connected, nothing fetched or deleted' );
    is( slurp($path), $bad, 'a damaged journal stays as it is, for a look' );
    $t->popkeep( 'status', 'okul' );
    is( $t->last_run->exit, 65, 'status tells of a damaged journal' );

    for my $torn ( substr( $whole, -40 ), "I 1795351161 99 0 - u9 10", "\0\0\0\0" ) {
        spew( $path, $whole . $torn );
        my $before = picture( $t->path('state'), $t->path('Mail') );
        for my $look ( ['status'], [ 'fetch', '--dry-run' ], ['verify'], ['check'] ) {
            $t->popkeep(@$look)->exits( 0, "@$look, torn tail" );
            is( picture( $t->path('state'), $t->path('Mail') ), $before, "@$look changes no byte" );
        }
        $t->clock(0);
        $t->popkeep->exits( 0, 'a torn tail: the run goes on' );
        $t->last_run->says( qr{journal: \d+ octets.*cut off}, 'a torn tail: said' );
        is( scalar @{ $t->stored_octets('okul') }, 6, 'a torn tail: nothing is lost or twice' );
        $whole = slurp($path);
    }
}

# ---- looking changes nothing, in any state ----
for my $state ( [ 'nothing yet', 0 ], [ 'mail due', 31 ], [ 'a file changed', 31 ], [ 'a file lost', 31 ] ) {
    my ( $t, $s ) = $state->[1] ? used() : fresh();
    $t->clock( $state->[1] * DAY );
    my @files = $t->stored_paths('okul');
    spew( $files[0], "changed\n" ) if $state->[0] eq 'a file changed';
    unlink $files[0] if $state->[0] eq 'a file lost';
    $t->mails( 'box', '0007.eml' => "Subject: 7\n\nx\n" );
    my $before = picture( $t->path('state'), $t->path('Mail') );
    for my $look ( ['status'], [ 'fetch', '-n' ], ['verify'], [ 'verify', '--server' ], ['check'] ) {
        $t->popkeep(@$look);
        is( picture( $t->path('state'), $t->path('Mail') ), $before, "$state->[0]: @$look changes no byte (exit " . $t->last_run->exit . ')' );
    }
    is( scalar( $s->left ), 6, "$state->[0]: and nothing at the server" );
}

# ---- a read-only Maildir, as another than root ----
if ( $> == 0 ) {
    my $dir = "/tmp/popkeep-pairing-$$";
    my ( $t, $s ) = fresh();
    make_path("$dir/nobody");
    chmod 0755, $dir;
    my @nobody = ( getpwnam 'nobody' )[ 2, 3 ];
    chown @nobody, "$dir/nobody";
    system 'cp', Popkeep::certs_dir() . '/ca.pem', "$dir/ca.pem";
    chmod 0644, "$dir/ca.pem";
    $t->forget_accounts;
    $t->defaults( state_dir => "$dir/nobody/state" );
    $t->account( $s, 'okul', maildir => "$dir/nobody/Mail", run_as => 'nobody', tls_ca_file => "$dir/ca.pem" );
    $t->popkeep('-q')->exits( 0, 'run_as nobody' );
    is( ( stat "$dir/nobody/Mail/new" )[4], $nobody[0], 'run_as: the mail belongs to the user' );
    chmod 0555, "$dir/nobody/Mail/tmp";
    $t->mails( 'box', '0008.eml' => "Subject: 8\n\nx\n" );
    $t->popkeep->exits( 73, 'tmp/ not writable' );
    $t->last_run->says( qr{cannot create \S+/Mail/tmp/}, 'tmp/ not writable: says so' );
    is( scalar( $s->left ), 6, 'tmp/ not writable: nothing is deleted' );
    chmod 0700, "$dir/nobody/Mail/tmp";
    $t->popkeep('-q')->exits( 0, 'writable again' );
    is( scalar( () = glob "$dir/nobody/Mail/new/*" ), 6, 'writable again: all is there' );
    remove_tree($dir);
}

done_testing();
