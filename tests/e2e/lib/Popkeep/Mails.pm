# SPDX-License-Identifier: ISC
# Mail for tests: a made-up set of everything that is odd, the real collection where there is one, and what
# becomes of mail by popkeep's own rules, worked out a second time.
package Popkeep::Mails;
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Time::Local qw(timegm_modern);

# [name, octets], ...: octets as a server finds them in its own Maildir. Each is unlike the others but for "twin".
sub odd {
    my $received = "Received: from a (b; c) by mx.okul.example (x);\n\tTue, 3 Nov 2026 09:08:07 +0300 (TRT)\n";
    my $twin     = "Subject: twin\nFrom: a\@example.org\n\nthe same, octet for octet\n";
    return (
        [ 'plain',          $received . "Subject: plain\n\nbody\n" ],
        [ 'empty',          '' ],
        [ 'one octet',      'x' ],
        [ 'only line ends', "\n\n\n" ],
        [ 'header only',    "Subject: header only\n" ],
        [ 'header, no end', "Subject: header, no end" ],
        [ 'no header',      "\nbody alone\n" ],
        [ 'no final newline',  "Subject: no final newline\n\nthe end comes suddenly" ],
        [ 'long lines',        "Subject: " . 'l' x 70_000 . "\n\n" . ( 'm' x 70_000 . "\n" ) x 3 . 'n' x 70_000 ],
        [ 'a long line in 8 bits', "Subject: long\n\n" . "\xe7\xfe\x00\xff" x 20_000 . "\n" ],
        [ 'NUL',               "Subject: N\0UL\n\n\0\0a\0\n\0\n" ],
        [ 'bare CR',           "Subject: bare CR\n\na\rb\r\r\nc\r" ],
        [ 'bare CR at once',   "\rSubject: bare CR at once\n\nx\n" ],
        [ 'mixed ends',        "Subject: mixed\r\nTo: a\n\none\r\ntwo\nthree\r\n\nfour\n\r" ],
        [ 'CRLF throughout',   "Subject: CRLF\r\n\r\nbody\r\n" ],
        [ 'ISO-8859-9',        "Subject: \xdd\xfeg\xfcn \xe7a\xf0r\xfds\xfd\nFrom: \xd6\xf0retmen <a\@okul.example>\n\n\xdd\xd0\xde\xfd\xf0\xfe\n" ],
        [ 'windows-1254',      "Subject: \x93\xddmza\x94 \x85 \x80\x96\x97\nTo: M\xfcd\xfcr <b\@okul.example>\n\n\x8e\x9e\x9f\n" ],
        [ 'UTF-8',             "Subject: \xc4\xb0l\xc3\xa7e toplant\xc4\xb1s\xc4\xb1\n\n\xe2\x98\x83\n" ],
        [ 'dots',              "Subject: dots\n\n.\n..\n...\n.a\n\n. \n.\r.\n.\n" ],
        [ 'a dot at the end',  "Subject: a dot at the end\n\n." ],
        [ 'dots alone',        "\n.\n" ],    # not in the first line: Dovecot 2.3 does not double a dot there
        [ 'like a status line', "+OK 12 octets\n-ERR no\n.\n+OK\n" ],
        [ 'From_',             "From a\@example.org Tue Nov  3 09:08:07 2026\nSubject: From_\n\nFrom here on\n>From there\n" ],
        [ 'twin', $twin ],
        [ 'twin', $twin ],
        [ 'twin', $twin ],
        [ 'date in the future',   "Received: by mx; Tue, 3 Nov 2099 09:08:07 +0000\nSubject: future\n\nx\n" ],
        [ 'no date that parses',  "Received: by mx; yesterday\nReceived: by mx; Tue, 3 Nov 2026 09:08:07 +0000\nSubject: never\n\nx\n" ],
        [ 'a bare CR late', large( 700_000, 'late' ) . "a\rb\n" ],
        [ 'large',          large( 3_000_000, 'large' ) ],
    );
}

# A message of about so many octets, every line of it different, so that a piece lost or doubled shows.
sub large {
    my ( $octets, $name ) = @_;
    my $head = "Subject: $name\nFrom: a\@example.org\n\n";
    my $lines = int( ( $octets - length $head ) / 79 );
    return $head . join '', map { sprintf "%010d %s\n", $_, 'abcdefghijklmnopqrstuvwxyz.ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789_xx' } 1 .. $lines;
}

# The collection of real mail beside the tree, where there is one: [name, octets], ...
sub collection {
    my $dir = Popkeep::top_dir() . '/../shared/mail';
    return map { [ s{^\Q$dir\E/}{}r, Popkeep::slurp($_) ] } sort grep { -f && !/\.SOURCE$/ } glob "'$dir'/*/*";
}

# The lossless rule: LF ends if the wire had nothing but CRLF, else as it was on the wire.
sub file_form {
    my ( $wire, $line_endings ) = @_;
    return $wire if $line_endings eq 'crlf' || $wire =~ /\r(?!\n)|(?<!\r)\n/;
    return $wire =~ s/\r\n/\n/gr;
}

sub w_of { my ($file) = @_; my $bare = () = $file =~ /(?<!\r)\n/g; return length($file) + $bare }

# The time in the top Received line, if there is one of the usual form; '' if there is no Received line.
sub received {
    my ($wire) = @_;
    my $head = substr $wire, 0, 16_384;
    $head =~ s/\r?\n\r?\n.*//s;
    $head =~ s/\r?\n(?=[ \t])//g;
    my ($value) = $head =~ /^Received\s*:(.*?)\r?$/mi or return '';
    my ( $d, $mon, $y, $h, $m, $s, $sign, $zh, $zm ) =
      $value =~ /;\s*(?:\w{3}, )?\s*(\d{1,2}) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) ([-+])(\d\d)(\d\d)\s*(?:\([^()]*\)\s*)?$/
      or return undef;
    my %month = map { ( qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec) )[$_] => $_ } 0 .. 11;
    return undef if !defined $month{$mon};
    my $t = eval { timegm_modern( $s, $m, $h, $d, $month{$mon}, $y ) } // return undef;
    return $t - "${sign}1" * ( $zh * 3600 + $zm * 60 );
}

# What the journal knows: UIDL => [{id, uidl, size, wire_octets, file_octets, wire_sha, file_sha, name, state}, ...],
# read as popkeep-journal(5) says, checksums left aside.
sub entries {
    my ($journal) = @_;
    my %by_id;
    for ( split /\n/, $journal ) {
        my @f = map { s/%([0-9A-Fa-f]{2})/chr hex $1/ger } split / /;
        if ( $f[0] eq 'I' ) {
            my %e;
            @e{qw(id replaces uidl size wire_octets file_octets wire_sha file_sha name)} = @f[ 2 .. 10 ];
            delete $by_id{ $e{replaces} };
            $by_id{ $e{id} } = { %e, state => 'I' };
        }
        elsif ( $f[0] =~ /^[SDG]$/ ) {
            $by_id{ $f[2] }{state} = $f[0];
            $by_id{ $f[2] }{stored_at} = $f[3] if $f[0] eq 'S';
        }
        elsif ( $f[0] eq 'V' ) { delete $by_id{ $f[2] } }
        elsif ( $f[0] eq 'K' ) { @{ $by_id{ $f[2] } }{qw(uidl size)} = @f[ 3, 4 ] }
    }
    my %by_uidl;
    push @{ $by_uidl{ $_->{uidl} } }, $_ for sort { $a->{id} <=> $b->{id} } values %by_id;
    return \%by_uidl;
}

# Where a message lies: {base name => path} of a Maildir and its subfolders.
sub files {
    my ($maildir) = @_;
    my %at;
    for my $path ( glob("'$maildir'/{new,cur}/*"), glob("'$maildir'/.*/{new,cur}/*") ) {
        my ($base) = $path =~ m{([^/]*?)(?::2,[^/]*)?$};
        $at{$base} = $path;
    }
    return \%at;
}

# faults([number, uidl, wire], ...; journal =>, maildir =>, line_endings =>, since => time before the run): everything
# that is not as a second client saw it on the wire, in words; none: ().
sub faults {
    my ( $seen, %how ) = @_;
    my ( $entries, $at ) = ( entries( $how{journal} ), files( $how{maildir} ) );
    my @faults;
    push @faults, scalar( keys %$at ) . ' files for ' . scalar(@$seen) . ' messages' if keys %$at != @$seen;
    for my $row (@$seen) {
        my ( $number, $uidl, $wire ) = @$row;
        my $say = sub { push @faults, "message $number ($uidl): $_[0]" };
        my $e = shift @{ $entries->{$uidl} || [] };
        if ( !$e || $e->{state} ne 'S' ) { $say->('not recorded as stored'); next }
        if ( !$at->{ $e->{name} } ) { $say->("no file $e->{name}"); next }
        my $file = Popkeep::slurp( $at->{ $e->{name} } );
        my $want = file_form( $wire, $how{line_endings} );
        $say->( 'other octets: ' . length($file) . ' instead of ' . length $want ) if $file ne $want;
        $say->("the journal has another hash of the wire form")  if $e->{wire_sha} ne sha256_hex($wire);
        $say->("the journal has another hash of the file")       if $e->{file_sha} ne sha256_hex($want);
        $say->("the journal has $e->{wire_octets} octets on the wire") if $e->{wire_octets} != length $wire;
        $say->("the journal has $e->{file_octets} octets in the file") if $e->{file_octets} != length $want;
        my $sizes = sprintf ',S=%d,W=%d', length $want, w_of($want);
        $say->("the name $e->{name} should end $sizes") if $e->{name} !~ /\Q$sizes\E$/;
        my ( $mtime, $time ) = ( ( stat $at->{ $e->{name} } )[9], received($wire) );
        next if !defined $time;    # of another form than this parser knows
        if ( $time eq '' ) { $say->('no Received, but the mtime is not that of the run') if abs( $mtime - $how{since} ) > 600 }
        elsif ( $mtime != $time ) { $say->("mtime $mtime, the top Received says $time") }
    }
    return @faults;
}

1;
