#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The page that popkeep report writes. It is all that a headmaster or a district's administrator ever sees of popkeep:
# if it cannot be opened, or shows green where there is trouble, nobody looks further. (How it looks in a browser:
# make check-report.)
use strict;
use warnings;
use Popkeep;

my $t = Popkeep->new;
$t->mails( 'box', map { ( "000$_.eml" => "Subject: $_\n\nbody\n" ) } 1 .. 3 );
my $s   = $t->server;
my $bad = $t->server( script => qq(login "-ERR [AUTH] <b>no</b>"\n) );
$t->account( $s,   'ada',   quota_mb => 500, deadline => '2100-01-01' );
$t->account( $bad, 'bursa', user     => q{<script>alert("x")</script>&'} );
$t->popkeep;
my $page = $t->path('out/index.html');
my $text = '';

sub report {
    my @args = @_;
    my $how = ref $args[-1] ? pop @args : {};
    $how->{env} = { LC_ALL => 'C', %{ $how->{env} // {} } };
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $run = $t->popkeep( 'report', $t->path('out'), @args, $how );
    $text = -e $page ? slurp($page) : '';
    return $run;
}

sub is_whole {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $said = `xmllint --noout --nonet '$page' 2>&1`;
    return is( $said, '', "$name: whole, and well-formed to a strict parser" );
}

report()->exits(0);
is_whole('in English');
is( $t->last_run->out . $t->last_run->err, '', 'a timer hears nothing of a report that went well' );
like( $text, qr/<html xmlns="[^"]+" lang="en"/, 'without a locale it is English' );
like( $text, qr{>bursa<small>&lt;script&gt;alert\(&quot;x&quot;\)&lt;/script&gt;&amp;&#39;</small>.*<li>The last run: the login was refused</li>}s, 'a user name is text, whatever is in it' );
ok( index( $text, '>bursa<' ) < index( $text, '>ada<' ), 'trouble stands first' );
is( ( stat $page )[2] & 0777,               0644, 'the page may be served' );
is( ( stat $t->path('out') )[2] & 0777,     0700, '... once its folder may be read' );
is( join( ' ', glob $t->path('out') . '/*' ), $page, 'nothing else is left there' );

chmod 0640, $page;
my $before = ( stat $page )[1];
report( '--lang', 'tr' )->exits(0);
is_whole('in Turkish');
like( $text, qr/lang="tr".*İlgilenilmesi gereken hesaplar var.*Son çalışma: oturum açma reddedildi/s, '--lang tr' );
is( ( stat $page )[2] & 0777, 0640, 'permissions that it was given stay' );
isnt( ( stat $page )[1], $before, 'a new file took the place of the old one, which a browser may be reading' );

for my $case (
    [ { LANG => 'tr_TR.UTF-8' }, 'tr' ], [ { LANG => 'en_US.UTF-8', LC_MESSAGES => 'tr_TR.UTF-8' }, 'tr' ], [ { LC_ALL => 'C', LANG => 'tr_TR.UTF-8', LANGUAGE => 'tr' }, 'en' ],
    [ { LANG => 'de_DE.UTF-8', LANGUAGE => 'de:tr:en' }, 'tr' ], [ { LANG => 'de_DE.UTF-8', LANGUAGE => '' }, 'en' ]
  ) {
    my ( $env, $lang ) = @$case;
    report( { env => { LC_ALL => '', LC_MESSAGES => '', LANG => '', LANGUAGE => '', %$env } } )->exits(0);
    like( $text, qr/ lang="$lang"/, join ' ', 'the language of', map { "$_=$env->{$_}" } sort keys %$env );
}

report( { env => { TZ => 'Europe/Istanbul' } } );
like( $text, qr/ \(UTC\+3\)</, 'times are those of the clocks there' );

subtest 'one account, one page' => sub {
    report('ada')->exits(0);
    is_whole('a healthy account');
    like( $text, qr/All accounts are well/, 'all is well' );
    unlike( $text, qr/bursa/, 'the other is not named' );
    like( $text, qr{\d+\xc2\xa0B</small>.*<title>\d+ \w+ \d+: 3 messages</title>}s, 'how much is stored, and when it came' );
};

subtest 'a journal that cannot be read is on the page' => sub {
    my $journal = $t->path('state/ada/journal');
    my $whole   = slurp($journal);
    spew( $journal, $whole =~ s/^H /h /r );
    report()->exits(65);
    is_whole('a damaged journal');
    like( $text, qr{>ada<ul class="why"><li>Its journal cannot be read: [^<]*line 1[^<]*damaged[^<]*</li>}, 'with what is wrong' );
    $t->last_run->says(qr/^ada: .*line 1 .*is damaged/m);
    spew( $journal, $whole );
};

subtest 'JSON and a terminal' => sub {
    my @events = report('--json')->json;
    is( join( ' ', map { $_->{event} } @events ), 'run-start' . ' account-start account-status account-end' x 2 . ' summary', 'the events of status' );
    is( $events[0]{command}, 'report', '... under its own name' );
    like( report( { tty => 1 } )->out, qr{/out/index\.html: 2 accounts\r?$}m, 'a person is told what to open' );
    is( $t->popkeep( '-q', 'report', $t->path('out'), { tty => 1 } )->out, '', '... unless quiet' );
};

subtest 'what cannot be written, and words that are wrong' => sub {
    $t->popkeep('report');
    $t->last_run->exits(64);
    $t->last_run->says(qr/report needs the folder for its page: popkeep report DIR/);
    report( '--lang', 'de' )->exits(64);
    $t->last_run->says(qr/--lang de: there are en and tr/);
    $t->popkeep( 'fetch', '--lang', 'tr' )->exits(64);
    report('nobody')->exits(64);
    spew( $t->path('file'), 'x' );
    $t->popkeep( 'report', $t->path('file/below') );
    $t->last_run->exits(73);
    $t->last_run->says(qr{^popkeep: cannot open the folder .*/file: Not a directory$}m);
    my ($error) = grep { $_->{event} eq 'error' } $t->popkeep( '--json', 'report', $t->path('file/below') )->json;
    is( $error->{status}, 73, '... in JSON as well' );
    mkdir $t->path('out/index.html.d');
    unlink $page;
    mkdir $page;
    $t->popkeep( 'report', $t->path('out') );
    $t->last_run->exits(73);
    ok( !-e "$page.new", 'nothing half-written is left' );
};
done_testing();
