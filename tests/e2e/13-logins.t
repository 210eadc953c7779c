#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Logins that fail, and how. A wrong guess here locks out a whole school, or calls for a new password that was right.
use strict;
use warnings;
use Popkeep;
use Popkeep::Case;
use Popkeep::Faults 'servers';

my $lockstep = "capa TOP UIDL USER\n";
my $secret   = qr/^(?:USER|PASS|AUTH)/;

my %later = ( after => { clock => 120 } );    # what said LOGIN-DELAY is left alone for a minute

# ---- the greeting: nothing is sent to a server that refuses ------------------------------------

for my $g (
    [ '-ERR [IN-USE] mailbox busy'     => 75 ],
    [ '-ERR [SYS/TEMP] try later'      => 75 ],
    [ '-ERR [LOGIN-DELAY] not so fast' => 75 ],
    [ '-ERR [SYS/PERM] not for you'    => 69 ],
    [ '-ERR go away'                   => 69 ],
    [ '-ERR'                           => 69 ],
  )
{
    bad_server "greeting \"$g->[0]\": $g->[1], and nothing is sent",
      script => qq{greeting "$g->[0]"\n},
      exit   => $g->[1], says => qr/refuses service/, not_sent => qr/./, stored => [], %later;
}

# ---- refusals at login -----------------------------------------------------------------------

for my $how ( '', "capa UIDL USER\n" ) {
    my $by = $how ? 'USER/PASS' : 'AUTH';
    for my $r (
        [ '[AUTH] wrong'             => 77, qr/login refused/ ],
        [ 'wrong'                    => 77, qr/login refused/ ],
        [ ''                         => 77, qr/no reason given/ ],
        [ '[in-use] busy'            => 75, qr/does not let .* in now/ ],
        [ '[LOGIN-DELAY] wait'       => 75, qr/does not let/ ],
        [ '[SYS/TEMP] backend down'  => 75, qr/does not let/ ],
        [ '[SYS/PERM] no mailbox'    => 69, qr/no mailbox/ ],
        [ 'internal server error'    => 77, qr/internal server error/ ],
        [ 'message is damaged'       => 77, qr/message is damaged/ ],
      )
    {
        bad_server "$by refused with \"$r->[0]\": $r->[1], tried once",
          script => qq{${how}login "-ERR $r->[0]"\n},
          exit   => $r->[1], says => $r->[2], stored => [], %later,
          check  => sub {
            my ( $t, $s ) = @_;
            is( scalar( grep { $_ =~ /^(?:PASS|AUTH)/ } $s->commands ), 1, 'one try' );
            is( $s->sessions, 1, 'one connection' );
          };
    }
}

bad_server 'a server that closes on a wrong password may mean just that: it is said, and not tried again',
  script => qq{${lockstep}on PASS close\n},
  exit   => 75, says => qr/some servers answer a wrong password so/, stored => [],
  check  => sub { my ( $t, $s ) = @_; is( $s->sessions, 1, 'not again' ) };
bad_server 'closed behind the refusal: the refusal counts',
  script => qq{login "-ERR [AUTH] no"\nlogin-close\n}, exit => 77, stored => [];
bad_server 'USER refused: no password is sent',
  script => qq{${lockstep}on USER send "-ERR [AUTH] who?\\r\\n"\n}, exit => 77, not_sent => qr/^PASS/, stored => [];

# ---- a password the server repeats -----------------------------------------------------------

for my $v ( 'fetch', 'check' ) {
    bad_server "a server that repeats the password: $v shows it nowhere",
      script  => qq{${lockstep}on PASS send "-ERR unknown command PASS secret-of-okul\\r\\n"\n},
      account => { password_is => 'secret-of-okul' },
      args    => [ $v, '-vvv' ], exit => 77, says => qr/repeats the password/, never_says => qr/secret-of-okul/, after => 0;
}
bad_server 'the same with AUTH PLAIN, in base64',
  script  => qq{on AUTH send "-ERR AUTH PLAIN AG9ncmV0bWVuAHNlY3JldC1vZi1va3Vs?\\r\\n"\n},
  account => { password_is => 'secret-of-okul' },
  args    => [ 'fetch', '-vvv' ], exit => 77, never_says => qr/secret-of-okul|AG9ncmV0/, after => 0;
bad_server 'and without being a POP3 answer at all',
  script  => qq{${lockstep}on PASS send "PASS secret-of-okul\\r\\n"\n},
  account => { password_is => 'secret-of-okul' },
  args    => [ 'fetch', '-vvv' ], exit => 76, never_says => qr/secret-of-okul/, after => 0;
bad_server 'a login that works leaves no password in the trace',
  script  => '', args => [ 'fetch', '-vvv' ], exit => 0, says => qr/AUTH PLAIN \*\*\*/, never_says => qr/secret|AG9ncmV0/, after => 0;

# ---- refused again and again -----------------------------------------------------------------

bad_server 'refused three runs in a row, an account is left alone for six hours: fail2ban bans a school for less',
  script => qq{login "-ERR [AUTH] no"\n},
  args => [], exit => 77,
  then => [
    { args => [], exit => 77, sent => $secret },
    { args => [], exit => 77, sent => $secret },
    { args => [], exit => 77, says => qr/refused in the last 3 runs.*next try/s, not_sent => qr/./ },
    { args => [ 'fetch', 'okul' ], exit => 77, sent => $secret },
    { args => [], exit => 77, not_sent => qr/./ },
    { clock => 5 * 3600, args => [], exit => 77, not_sent => qr/./ },
    { clock => 7 * 3600, args => [], exit => 77, sent => $secret },
    { args => [], exit => 77, not_sent => qr/./ },
    {
        before => sub { spew( $_[0]->path('okul.password'), "another\n" ) if -e $_[0]->path('okul.password') or die 'no password file' },
        args => [], exit => 77, sent => $secret,
    },
    { args => [], exit => 77, not_sent => qr/./ },
    {
        before => sub {
            my ($t) = @_;
            $t->forget_accounts;
            $t->account( $t->{server}, 'okul', retention_days => 30, auth => 'user' );
        },
        args => [], exit => 77, sent => $secret
    },
  ],
  after => { args => [ 'fetch', 'okul' ] };

# ---- capabilities ----------------------------------------------------------------------------

bad_server 'CAPA unknown (popa3d, solid-pop3d): USER/PASS, one by one',
  script => "capa none\n", exit => 0, stored => 'all', sent => qr/^PASS/,
  check => sub { my ( $t, $s ) = @_; cmp_ok( $s->flights(1), '>=', 12, 'no pipelining' ) };
bad_server 'CAPA known only after the login: what it says then is used',
  script => "capa none\ncapa-after TOP UIDL PIPELINING\n", exit => 0, stored => 'all',
  check => sub { my ( $t, $s ) = @_; cmp_ok( $s->flights(1), '<=', 9, 'pipelining' ) };
bad_server 'a second CAPA that says less: pipelining ends with the announcement',
  script => "capa UIDL USER PIPELINING\ncapa-after UIDL USER\n", exit => 0, stored => 'all',
  check => sub { my ( $t, $s ) = @_; cmp_ok( $s->flights(1), '>=', 12, 'no pipelining' ) };
bad_server 'a second CAPA refused: the first stands',
  script => qq{on CAPA nth 2 send "-ERR not now\\r\\n"\n}, exit => 0, stored => 'all',
  check => sub { my ( $t, $s ) = @_; cmp_ok( $s->flights(1), '<=', 9, 'pipelining' ) };
bad_server 'joke capabilities and lines of 400 octets',
  script => 'capa AUSPEX CELERITY "X-' . ( 'y' x 400 ) . qq{" PIPELINE EXPIRENEVER UIDL "SASL" "EXPIRE" "LOGIN-DELAY x"\n}, exit => 0, stored => 'all';
bad_server 'lower-case capabilities', script => qq{capa uidl user pipelining "sasl plain"\n}, exit => 0, stored => 'all', sent => qr/^AUTH/;
bad_server 'a long password goes behind the prompt, "+" without a blank',
  script  => 'sasl-prompt "+"' . "\npassword " . ( 'p' x 300 ) . "\n",
  account => { password_is => 'p' x 300 }, exit => 0, stored => 'all', after => 0;
bad_server 'a server that asks for the SASL response for ever gets it once',
  script => "session 1 {\n" . qq{send "+OK\\r\\n"\nexpect "CAPA"\nsend "+OK\\r\\nUIDL\\r\\nSASL PLAIN\\r\\n.\\r\\n"\n} . qq{expect-any\nsend "+ \\r\\n"\n} x 50 . "}\n",
  exit   => 76, stored => [], after => 0;
bad_server 'solid-pop3d closes after five errors in a session: so many are never spent',
  script => "capa none\nmax-errors 5\n", exit => 0, stored => 'all';

done_testing();
