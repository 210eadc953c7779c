#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# --adopt over a state that knows the mail already: a backup program or a mail reader gave the files other names. If this
# fails, mail is stored twice, or what the server says of one message is taken for another one.
use strict;
use warnings;
use Popkeep;

sub renamed {    # every file under a name popkeep has never given
    my ($t) = @_;
    my $n = 0;
    mkdir $t->path('Mail/okul/cur');
    for my $path ( sort $t->stored_paths('okul') ) { rename $path, $t->path( 'Mail/okul/cur/160000000' . $n++ . '.other.host:2,S' ) or die $! }
    return $n;
}

my %mail = map { ( "000$_.eml" => "Subject: mail $_\n\nbody $_\n" ) } 1 .. 3;

# ---- what is still on the server ----
{
    my $t = Popkeep->new;
    $t->mails( 'box', %mail );
    my $s = $t->server;
    $t->account( $s, 'okul', retention_days => 30 );
    $t->popkeep('-q')->exits(0);
    is( renamed($t), 3, 'three files have other names' );
    $t->popkeep( 'fetch', '--adopt' )->exits(0);
    $t->last_run->says(qr/3 files taken into the journal/);
    $t->popkeep( 'fetch', '--missing', '-q' )->exits( 0, 'adopted: nothing is missing' );
    is_deeply( $t->stored_octets('okul'), [ sort values %mail ], 'nothing is stored twice' );
    is( scalar( $s->arguments('RETR') ), 3, '... nor fetched twice' );
    $t->popkeep('verify')->exits(0);
    $t->clock( 31 * DAY );
    $t->popkeep('-q')->exits(0);
    is( scalar( $s->left ), 0, 'deleted in its time' );
}

# ---- what has been deleted there, and whose UIDL the server gives to another message ----
{
    my $t = Popkeep->new;
    $t->mails( 'box', %mail );
    my $s = $t->server;
    $t->account( $s, 'okul', retention_days => 30 );
    $t->popkeep('-q')->exits(0);
    for my $day ( 31, 32 ) {
        $t->clock( $day * DAY );
        $t->popkeep('-q')->exits(0);
    }
    is( scalar( $s->left ), 0, 'deleted, and known to be gone' );
    renamed($t);
    $t->popkeep( 'fetch', '--adopt' )->exits(0);
    ( my $new = $mail{'0002.eml'} ) =~ s/body/BODY/;    # the same size, too
    $t->mails( 'box', '0002.eml' => $new );
    $t->popkeep('-q')->exits(0);
    is_deeply( $t->stored_octets('okul'), [ sort values %mail, $new ], 'the other message is stored' );
    $t->clock( 64 * DAY );
    $t->popkeep('-q')->exits(0);
    is( scalar( $s->left ), 0, '... and deleted in its time' );
    $t->popkeep('verify')->exits(0);
}

# ---- what was to be deleted there when the line was lost: gone or not, who knows ----
{
    my $t = Popkeep->new;
    $t->mails( 'box', %mail );
    my $s = $t->server;
    $t->account( $s, 'okul', retention_days => 30 );
    $t->popkeep('-q')->exits(0);
    $s->restart("on QUIT rst\n");
    $t->clock( 31 * DAY );
    $t->popkeep('-q')->exits( 10, 'no answer to QUIT' );
    is( scalar( $s->left ), 3, 'nothing was deleted' );
    renamed($t);
    $s->restart("uidl-prefix v\n");
    $t->popkeep( 'fetch', '--adopt' )->exits(0);
    is_deeply( $t->stored_octets('okul'), [ sort values %mail ], 'and nothing is stored twice' );
    $t->clock( 62 * DAY );
    $t->popkeep('-q')->exits(0);
    is( scalar( $s->left ), 0, 'deleted in the end' );
}
done_testing();
