/* SPDX-License-Identifier: ISC */
/* If these fail, answers are taken for those of other commands, a session hangs, or a cut mail
 * passes for a whole one. Every transcript is fed whole, octet by octet and in random pieces. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/pop3/engine.h"
#include "popkeep/base/text.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 24, SPLITS = 200 };

struct command {
    enum pop3_verb verb;
    uint32_t number;
};

/* A session whose events are written down: "G+text" greeting, "R1+text" or "R1-text" reply to the
 * command with tag 1, "C1text" prompt, "L1text" line, "D1octets" data (in one, whatever the
 * pieces), "E1" end ("e1": bare), "!76" error; between them "|". */
struct session {
    struct engine *en;
    struct buf out, log;
    struct err e;
    enum pop3_event_kind last;
    bool failed;
};

static void open_session(struct session *s)
{
    *s = (struct session){.en = engine_new(), .out = BUF_INIT(MOST), .log = BUF_INIT(MOST)};
}

static void close_session(struct session *s)
{
    engine_free(s->en);
    buf_free(&s->out);
    buf_free(&s->log);
}

static void send_command(struct session *s, enum pop3_verb verb, uint32_t number, const char *arg,
                         uint64_t tag)
{
    assert_int_equal(engine_send(s->en, verb, number, sv_of(arg), tag, &s->out, &s->e), 0);
}

static void write_down(struct session *s, const struct pop3_event *ev)
{
    static const char letters[] = {[POP3_GREETING] = 'G', [POP3_REPLY] = 'R', [POP3_CONTINUE] = 'C',
                                   [POP3_LINE] = 'L',     [POP3_DATA] = 'D',  [POP3_END] = 'E'};
    if (ev->kind != POP3_DATA || s->last != POP3_DATA) {
        if (s->log.n > 0)
            buf_add_char(&s->log, '|');
        buf_add_char(&s->log, ev->bare_end ? 'e' : letters[ev->kind]);
        if (ev->kind != POP3_GREETING)
            buf_addf(&s->log, "%u", (unsigned)ev->tag);
        if (ev->kind == POP3_GREETING || ev->kind == POP3_REPLY)
            buf_add_char(&s->log, ev->ok ? '+' : '-');
    }
    buf_add_sv(&s->log, ev->text);
    s->last = ev->kind;
}

/* The piece lies in memory of its own size, gone afterwards: what is read outside is found. */
static void feed(struct session *s, struct sv piece)
{
    char *copy = malloc(piece.n + 1);
    assert_non_null(copy);
    char *p = copy + 1; /* the last octet is the last one allocated */
    memcpy(p, piece.p, piece.n);
    struct sv in = sv_make(p, piece.n);
    struct pop3_event ev;
    while (!s->failed) {
        if (engine_next(s->en, &in, &ev, &s->e) != 0) {
            s->failed = true;
            buf_addf(&s->log, "%s!%d", s->log.n > 0 ? "|" : "", (int)s->e.status);
            assert_true(s->e.text[0] != '\0');
        } else if (ev.kind == POP3_MORE) {
            assert_int_equal(in.n, 0);
            break;
        } else {
            write_down(s, &ev);
        }
    }
    free(copy);
}

static void check_log(const struct session *s, struct sv expected)
{
    if (sv_eq(buf_sv(&s->log), expected))
        return;
    struct buf b = BUF_INIT(MOST);
    text_escape(&b, buf_sv(&s->log), 2000);
    buf_add_c(&b, "\nexpected: ");
    text_escape(&b, expected, 2000);
    print_error("got:      %s\n", b.p);
    buf_free(&b);
    fail();
}

/* All commands are in flight when the first octet comes. size 0: random pieces. */
static void run(const struct command *c, struct sv wire, struct sv expected, size_t size)
{
    struct session s;
    open_session(&s);
    for (unsigned i = 0; c != NULL && c[i].verb != POP3_VERBS; i++)
        send_command(&s, c[i].verb, c[i].number, NULL, i + 1);
    for (size_t at = 0; at < wire.n;) {
        size_t n = size > 0 ? size : 1 + (size_t)rand() % 11;
        n = n < wire.n - at ? n : wire.n - at;
        feed(&s, sv_make(wire.p + at, n));
        at += n;
    }
    check_log(&s, expected);
    close_session(&s);
}

static void run_all(const struct command *c, struct sv wire, struct sv expected)
{
    run(c, wire, expected, wire.n);
    run(c, wire, expected, 1);
    run(c, wire, expected, 2);
    run(c, wire, expected, 3);
    srand(1939);
    for (int i = 0; i < SPLITS; i++)
        run(c, wire, expected, 0);
}

#define CHECK(commands, wire, expected) run_all(commands, SV(wire), SV(expected))
#define COMMANDS(...)                                                                              \
    (const struct command[])                                                                       \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            POP3_VERBS, 0                                                                          \
        }                                                                                          \
    }

static void test_greetings(void **state)
{
    (void)state;
    CHECK(NULL, "+OK\r\n", "G+");
    CHECK(NULL, "+OK Dovecot ready. <1@h>\r\n", "G+Dovecot ready. <1@h>");
    CHECK(NULL, "+ok\tready \n", "G+ready");
    CHECK(NULL, "-ERR [SYS/TEMP] busy\r\n", "G-[SYS/TEMP] busy");
    CHECK(NULL, "+OKAY\r\n", "!69");
    CHECK(NULL, "\r\n+OK\r\n", "!69");
    CHECK(NULL, "220 mx.example.org ESMTP\r\n", "!69");
    CHECK(NULL, "\x15\x03\x01", "!69");
    CHECK(NULL, "\xff\xfb\x01", "!69");
}

static void test_strangers(void **state)
{
    static const struct {
        const char *first, *what;
    } cases[] = {
        {"220 smtp.example.org ESMTP Postfix\r\n", "an SMTP server (outgoing mail)"},
        {"220-ftp.example.org ESMTP\r\n", "an SMTP server (outgoing mail)"},
        {"554 no\r\n", "an SMTP server (outgoing mail)"},
        {"220 FTP server ready\r\n", "an FTP server"},
        {"* OK [CAPABILITY IMAP4rev1] Dovecot\r\n", "an IMAP server"},
        {"* BYE\r\n", "an IMAP server"},
        {"HTTP/1.1 400 Bad Request\r\n", "a web server"},
        {"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server"},
        {"+OK\r\n", NULL},
        {"hello\r\n", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *what = engine_stranger(sv_of(cases[i].first));
        if (cases[i].what == NULL) {
            assert_null(what);
            continue;
        }
        assert_string_equal(what, cases[i].what);
        struct session s;
        open_session(&s);
        feed(&s, sv_of(cases[i].first));
        assert_int_equal(s.e.status, ST_UNAVAILABLE);
        assert_non_null(strstr(s.e.text, cases[i].what));
        assert_non_null(strstr(s.e.text, "995"));
        close_session(&s);
    }
}

static void test_session(void **state)
{
    const struct command *c =
        COMMANDS({POP3_CAPA, 0}, {POP3_CAPA, 0}, {POP3_STAT, 0}, {POP3_LIST, 0}, {POP3_UIDL, 0},
                 {POP3_LIST, 2}, {POP3_UIDL, 2}, {POP3_DELE, 1}, {POP3_QUIT, 0});
    (void)state;
    CHECK(c,
          "+OK hi\r\n+OK\r\nTOP\r\nUIDL\r\n.\r\n-ERR what\r\n+OK 2 320\r\n"
          "+OK\r\n1 120\r\n2 200\r\n.\r\n+OK\r\n.\r\n+OK 2 200\r\n-ERR [SYS/PERM]\r\n+OK\r\n+OK "
          "bye\r\n"
          "anything behind the answer to QUIT\r\n",
          "G+hi|R1+|L1TOP|L1UIDL|E1|R2-what|R3+2 320|R4+|L41 120|L42 200|E4|R5+|E5|R6+2 200|"
          "R7-[SYS/PERM]|R8+|R9+bye");
    /* lines of a block that begin with a dot, or are empty, or hold odd octets */
    CHECK(COMMANDS({POP3_UIDL, 0}), "+OK\r\n+OK\r\n..1\r\n\r\n1 a\rb\0\x80\r\n.\r\n",
          "G+|R1+|L1.1|L1|L11 a\rb\0\x80|E1");
}

static void test_pipelined_messages(void **state)
{
    const struct command *c = COMMANDS({POP3_RETR, 1}, {POP3_RETR, 2}, {POP3_NOOP, 0});
    (void)state;
    CHECK(c,
          "+OK\r\n+OK 1 octets\r\nSubject: a\r\n\r\n..\r\n+OK\r\n.\r\n"
          "+OK\r\nb\n.\r\nc\0\r\r\n.\r\n+OK\r\n",
          "G+|R1+1 octets|D1Subject: a\r\n\r\n.\r\n+OK\r\n|E1|R2+|D2b\n.\r\nc\0\r\r\n|E2|R3+");
    CHECK(c, "+OK\r\n-ERR expunged\r\n+OK\r\n.\r\n+OK\r\n", "G+|R1-expunged|R2+|E2|R3+");
}

static void test_lf_server(void **state)
{
    const struct command *c =
        COMMANDS({POP3_UIDL, 0}, {POP3_RETR, 1}, {POP3_RETR, 2}, {POP3_NOOP, 0});
    (void)state;
    CHECK(c, "+OK\n+OK\n1 a\r\n2 b\n.\n+OK\na\n..b\n.\n+OK\r\nc\r\n..\n.\r\n+OK\n",
          "G+|R1+|L11 a|L12 b|E1|R2+|D2a\n.b\n|E2|R3+|D3c\r\n.\n|E3|R4+");
}

/* RFC 1939 gives two words and no others; a guess would assign answers to the wrong commands. */
static void test_bad_answers(void **state)
{
    const struct command *noop = COMMANDS({POP3_NOOP, 0});
    (void)state;
    CHECK(noop, "+OK\r\n\r\n", "G+|!76"); /* Exchange to DELE */
    CHECK(noop, "+OK\r\nOK\r\n", "G+|!76");
    CHECK(noop, "+OK\r\n+ OK\r\n", "G+|!76");
    CHECK(noop, "+OK\r\n+OKAY\r\n", "G+|!76");
    CHECK(noop, "+OK\r\n-ERROR\r\n", "G+|!76");
    CHECK(noop, "+OK\r\n+OK fine\n", "G+|!76"); /* at once, not a wait */
    CHECK(noop, "+OK\r\n+ok\r\n", "G+|R1+");
    CHECK(noop, "+OK\r\n-Err x\r\n", "G+|R1-x");
    CHECK(COMMANDS({POP3_UIDL, 0}), "+OK\r\n+OK\r\n1 a\n2 b\r\n.\r\n", "G+|R1+|!76");
    struct session s;
    open_session(&s);
    send_command(&s, POP3_DELE, 12, NULL, 0);
    feed(&s, SV("+OK\r\n\x1b[2Jhello\r\n"));
    assert_int_equal(s.e.status, ST_PROTOCOL);
    assert_non_null(strstr(s.e.text, "DELE 12"));
    assert_non_null(strstr(s.e.text, "hello"));
    assert_null(strchr(s.e.text, '\x1b'));
    struct sv more = SV("+OK\r\n"); /* an error is final */
    struct pop3_event ev;
    assert_int_equal(engine_next(s.en, &more, &ev, &s.e), -1);
    close_session(&s);
}

/* An undoubled dot in a mail ends it early; the rest must void it, or the mail is deleted cut. */
static void test_surplus_octets(void **state)
{
    const struct command *c = COMMANDS({POP3_RETR, 1}, {POP3_NOOP, 0});
    (void)state;
    CHECK(c, "+OK\r\n+OK\r\na\r\n.\r\nrest\r\n.\r\n+OK\r\n", "G+|R1+|D1a\r\n|E1|!76");
    CHECK(c, "+OK\r\n+OK\r\na\r\n.\r\n\n\r\n.\r\n+OK\r\n",
          "G+|R1+|D1a\r\n|E1|!76"); /* hMailServer */
    struct session s;
    open_session(&s);
    send_command(&s, POP3_RETR, 1, NULL, 1);
    feed(&s, SV("+OK\r\n+OK\r\na\r\n.\r\nrest"));
    assert_int_equal(s.e.status, ST_PROTOCOL);
    assert_non_null(strstr(s.e.text, "double"));
    close_session(&s);
}

static void test_unsolicited(void **state)
{
    (void)state;
    CHECK(NULL, "+OK\r\n+OK\r\n", "G+|!76");
    CHECK(NULL, "+OK\r\nhello\r\n", "G+|!76");
    CHECK(NULL, "+OK\r\n-ERR idle timeout\r\n", "G+|!75");
    CHECK(COMMANDS({POP3_NOOP, 0}), "+OK\r\n+OK\r\n+OK\r\n", "G+|R1+|!76"); /* FTGate */
    struct session s;
    open_session(&s);
    feed(&s, SV("+OK\r\n-ERR idle timeout, closing\r\n"));
    assert_true(s.e.line_cut);
    assert_non_null(strstr(s.e.text, "idle timeout, closing"));
    close_session(&s);
}

static void test_auth(void **state)
{
    static const char *const wires[] = {"+OK\r\n+\r\n+ YQ==\r\n+YWI=\r\n+OK in\r\n",
                                        "+OK\r\n+ \r\n+\tYQ==\r\n+ YWI=\r\n+OK in\r\n"};
    (void)state;
    for (size_t i = 0; i < 2; i++)
        run_all(COMMANDS({POP3_AUTH, 0}), sv_of(wires[i]), SV("G+|C1|C1YQ==|C1YWI=|R1+in"));
    CHECK(COMMANDS({POP3_AUTH, 0}), "+OK\r\n-ERR [AUTH] no\r\n", "G+|R1-[AUTH] no");
    CHECK(COMMANDS({POP3_NOOP, 0}), "+OK\r\n+\r\n", "G+|!76");
    struct session s;
    open_session(&s);
    assert_int_equal(engine_send(s.en, POP3_AUTH_LINE, 0, SV("x"), 0, &s.out, &s.e), -1);
    assert_int_equal(s.e.status, ST_SOFTWARE);
    feed(&s, SV("+OK\r\n"));
    send_command(&s, POP3_AUTH, 0, "PLAIN", 7);
    feed(&s, SV("+\r\n"));
    send_command(&s, POP3_AUTH_LINE, 0, "c2VjcmV0", 0);
    enum pop3_verb verb;
    uint64_t tag;
    assert_int_equal(engine_in_flight(s.en), 1);
    assert_true(engine_oldest(s.en, &verb, &tag) && verb == POP3_AUTH && tag == 7);
    feed(&s, SV("+OK\r\n"));
    assert_int_equal(engine_in_flight(s.en), 0);
    assert_false(engine_oldest(s.en, &verb, &tag));
    assert_string_equal(s.out.p, "AUTH PLAIN\r\nc2VjcmV0\r\n");
    check_log(&s, SV("G+|C7|R7+"));
    close_session(&s);
}

/* An answer that is none may repeat the command: the error must not show the password. */
static void test_no_echo_of_the_password(void **state)
{
    static const char *const answers[] = {"PASS geheim\r\n", "+OK geheim\n", "-ERRgeheim\r\n"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct session s;
        open_session(&s);
        feed(&s, SV("+OK\r\n"));
        send_command(&s, POP3_PASS, 0, "geheim", 1);
        feed(&s, sv_of(answers[i]));
        assert_int_equal(s.e.status, ST_PROTOCOL);
        assert_non_null(strstr(s.e.text, "PASS"));
        assert_null(strstr(s.e.text, "geheim"));
        close_session(&s);
    }
}

static void test_codes(void **state)
{
    static const struct {
        const char *text;
        enum pop3_code code;
    } cases[] = {
        {"[IN-USE] busy", POP3_CODE_IN_USE},
        {"[in-use/x] busy", POP3_CODE_IN_USE},
        {"[LOGIN-DELAY]wait", POP3_CODE_LOGIN_DELAY},
        {"[AUTH] no", POP3_CODE_AUTH},
        {"[sys/temp/disk] no", POP3_CODE_SYS_TEMP},
        {"[SYS/PERM]", POP3_CODE_SYS_PERM},
        {"[UTF8]", POP3_CODE_UTF8},
        {"[SYS/OTHER] no", POP3_CODE_OTHER},
        {"[SYS] no", POP3_CODE_OTHER},
        {"[AUTHX] no", POP3_CODE_OTHER},
        {"[IN-USE", POP3_CODE_NONE},
        {"[in use] no", POP3_CODE_NONE},
        {"[] no", POP3_CODE_NONE},
        {"no [AUTH]", POP3_CODE_NONE},
        {"", POP3_CODE_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct engine *en = engine_new();
        struct err e = ERR_INIT;
        struct pop3_event ev;
        char line[64];
        (void)snprintf(line, sizeof line, "-ERR %s\r\n", cases[i].text);
        struct sv in = sv_of(line);
        assert_int_equal(engine_next(en, &in, &ev, &e), 0);
        assert_int_equal(ev.kind, POP3_GREETING);
        assert_int_equal(ev.code, cases[i].code);
        engine_free(en);
    }
}

/* A line of `n` octets, line end included. */
static void add_line(struct buf *b, const char *begin, size_t n)
{
    size_t start = b->n;
    buf_add_c(b, begin);
    while (b->n < start + n - 2)
        buf_add_char(b, 'x');
    buf_add_c(b, "\r\n");
}

static void test_line_limits(void **state)
{
    (void)state;
    for (int over = -1; over <= 1; over++) {
        for (int where = 0; where < 3; where++) {
            struct buf wire = BUF_INIT(MOST);
            size_t n = (size_t)(POP3_STATUS_MAX + over);
            add_line(&wire, "+OK ", where == 0 ? n : 10);
            add_line(&wire, "+OK ", where == 1 ? n : 10);
            add_line(&wire, "1 ", where == 2 ? n : 10);
            buf_add_c(&wire, ".\r\n");
            for (size_t size = 1; size <= wire.n; size = size * 7 + 1) {
                struct session s;
                open_session(&s);
                send_command(&s, POP3_UIDL, 0, NULL, 1);
                for (size_t at = 0; at < wire.n; at += size)
                    feed(&s, sv_make(wire.p + at, size < wire.n - at ? size : wire.n - at));
                assert_int_equal(s.failed, over > 0);
                if (over > 0)
                    assert_int_equal(s.e.status, where == 0 ? ST_UNAVAILABLE : ST_PROTOCOL);
                close_session(&s);
            }
            buf_free(&wire);
        }
    }
}

/* A server that sends without end takes no memory. A message's line has no maximum. */
static void test_endless(void **state)
{
    char chunk[4096];
    struct session s;
    (void)state;
    open_session(&s);
    send_command(&s, POP3_CAPA, 0, NULL, 1);
    feed(&s, SV("+OK\r\n+OK\r\n"));
    for (int i = 0; i < POP3_CAPA_LINES_MAX; i++)
        feed(&s, SV("X-NEVER-ENDING\r\n"));
    assert_false(s.failed);
    feed(&s, SV("X-NEVER-ENDING\r\n"));
    assert_int_equal(s.e.status, ST_PROTOCOL);
    close_session(&s);

    open_session(&s);
    send_command(&s, POP3_RETR, 1, NULL, 1);
    feed(&s, SV("+OK\r\n+OK\r\n"));
    memset(chunk, '.', sizeof chunk);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 2000; i++) {
        struct sv in = sv_make(chunk, sizeof chunk);
        struct pop3_event ev;
        while (engine_next(s.en, &in, &ev, &s.e) == 0 && ev.kind == POP3_DATA)
            ;
        assert_int_equal(ev.kind, POP3_MORE);
    }
    assert_int_equal(mallinfo2().uordblks, before);
    close_session(&s);
}

/* Lock-step with a server that loses a CR before the final dot. */
static void probe_session(const char *message, bool may, const char *behind, const char *expected)
{
    size_t m = strlen(message), n = strlen(behind);
    for (size_t size = 1; size <= m + n; size++) {
        struct session s;
        open_session(&s);
        feed(&s, SV("+OK\r\n"));
        send_command(&s, POP3_RETR, 1, NULL, 1);
        feed(&s, SV("+OK\r\n"));
        for (size_t at = 0; at < m; at += size)
            feed(&s, sv_make(message + at, size < m - at ? size : m - at));
        assert_int_equal(engine_maybe_ended(s.en), may);
        if (!may) {
            assert_int_equal(engine_probe(s.en, 2, &s.out, &s.e), -1);
            assert_int_equal(s.e.status, ST_SOFTWARE);
            close_session(&s);
            continue;
        }
        assert_int_equal(engine_probe(s.en, 2, &s.out, &s.e), 0);
        assert_true(sv_ends(buf_sv(&s.out), SV("NOOP\r\n")));
        assert_false(engine_maybe_ended(s.en));
        for (size_t at = 0; at < n; at += size)
            feed(&s, sv_make(behind + at, size < n - at ? size : n - at));
        check_log(&s, sv_of(expected));
        close_session(&s);
    }
}

/* While commands are in flight an end without CRLF swallows the answers behind it; asked one by one
 * there is nothing to doubt. */
static void test_doubt(void **state)
{
    (void)state;
    for (unsigned in_flight = 1; in_flight <= 2; in_flight++) {
        struct session s;
        open_session(&s);
        feed(&s, SV("+OK\r\n"));
        for (unsigned i = 1; i <= in_flight; i++)
            send_command(&s, POP3_RETR, i, "", i);
        feed(&s, SV("+OK\r\na\n.\r\n"));
        assert_false(engine_in_doubt(s.en));
        feed(&s, SV("+OK\r\n"));
        assert_int_equal(engine_in_doubt(s.en), in_flight > 1);
        feed(&s, SV(".\r\n"));
        assert_false(engine_in_doubt(s.en));
        close_session(&s);
    }
}

static void test_probe(void **state)
{
    (void)state;
    probe_session("a\n.\r\n", true, "+OK\r\n", "G+|R1+|D1a\n|e1|R2+");
    probe_session("a\n.\n", true, "-ERR what\r\n", "G+|R1+|D1a\n|e1|R2-what");
    probe_session("a\r\n.\n", true, "+OK x\r\n", "G+|R1+|D1a\r\n|e1|R2+x");
    /* the server had only paused: all of it is the message's */
    probe_session("a\n.\r\n", true, "b\r\n.\r\n+OK\r\n", "G+|R1+|D1a\n.\r\nb\r\n|E1|R2+");
    probe_session("a\n.\r\n", true, ".\r\n+OK\r\n", "G+|R1+|D1a\n.\r\n|E1|R2+");
    probe_session("a\n.\n", true, "+OKAY\r\n.\r\n+OK\r\n", "G+|R1+|D1a\n.\n+OKAY\r\n|E1|R2+");
    probe_session("a\n.\n", true, "-ER\r\n.\r\n+OK\r\n", "G+|R1+|D1a\n.\n-ER\r\n|E1|R2+");
    probe_session("a\n.\n", true, "+OK x\n.\n\r\n.\r\n+OK\r\n",
                  "G+|R1+|D1a\n.\n+OK x\n.\n\r\n|E1|R2+");
    probe_session("a\r\n.\n", true, "..\r\n.\r\n+OK\r\n", "G+|R1+|D1a\r\n\n..\r\n|E1|R2+");
    probe_session("a\n", false, "", "");
    probe_session("a\r\n", false, "", "");
    probe_session("a.\r\n", false, "", "");
    probe_session("a\n.\r\nb", false, "", "");
}

/* With more in flight the next answers come of themselves: nothing is to be asked. */
static void test_no_probe_when_pipelined(void **state)
{
    struct session s;
    (void)state;
    open_session(&s);
    send_command(&s, POP3_RETR, 1, NULL, 1);
    send_command(&s, POP3_NOOP, 0, NULL, 2);
    feed(&s, SV("+OK\r\n+OK\r\na\n.\r\n"));
    assert_false(engine_maybe_ended(s.en));
    close_session(&s);
}

static void eof_after(const struct command *c, const char *wire, int status, const char *says)
{
    struct session s;
    open_session(&s);
    for (unsigned i = 0; c != NULL && c[i].verb != POP3_VERBS; i++)
        send_command(&s, c[i].verb, c[i].number, NULL, i + 1);
    feed(&s, sv_of(wire));
    int r = engine_eof(s.en, &s.e);
    assert_int_equal(r, status == ST_OK ? 0 : -1);
    assert_int_equal(s.e.status, status);
    if (says != NULL)
        assert_non_null(strstr(s.e.text, says));
    if (status == ST_TEMP)
        assert_true(s.e.line_cut);
    close_session(&s);
}

static void test_eof(void **state)
{
    (void)state;
    eof_after(NULL, "", ST_TEMP, "greeting");
    eof_after(NULL, "+OK", ST_TEMP, "greeting");
    eof_after(NULL, "* OK IMAP4rev1", ST_UNAVAILABLE, "an IMAP server");
    eof_after(NULL, "+OK\r\n", ST_OK, NULL);
    eof_after(COMMANDS({POP3_RETR, 5}), "+OK\r\n", ST_TEMP, "before the answer to RETR 5");
    eof_after(COMMANDS({POP3_RETR, 5}), "+OK\r\n+OK\r\na\r\n.\r", ST_TEMP,
              "middle of the answer to RETR 5");
    eof_after(COMMANDS({POP3_UIDL, 0}), "+OK\r\n+OK\r\n1 a\r\n", ST_TEMP, "UIDL");
    eof_after(COMMANDS({POP3_QUIT, 0}), "+OK\r\n+OK\r\n", ST_OK, NULL);
    eof_after(COMMANDS({POP3_QUIT, 0}), "+OK\r\n", ST_TEMP, "QUIT");
}

/* Nasty messages, stuffed, pipelined, under random pieces: what was put in comes out. */
static void test_random_messages(void **state)
{
    static const char alphabet[] = "\r\n\r\n..+-OKa";
    (void)state;
    srand(2449);
    for (int i = 0; i < 400; i++) {
        struct buf wire = BUF_INIT(MOST), log = BUF_INIT(MOST);
        buf_add_c(&wire, "+OK\r\n");
        buf_add_c(&log, "G+");
        for (int k = 1; k <= 2; k++) {
            struct buf m = BUF_INIT(MOST);
            for (int n = rand() % 40; n > 0; n--)
                buf_add_char(&m, alphabet[(size_t)rand() % sizeof alphabet]);
            buf_add_c(&m, "\r\n");
            buf_add_c(&wire, "+OK\r\n");
            for (size_t j = 0; j < m.n; j++) {
                if (m.p[j] == '.' && (j == 0 || (j > 1 && memcmp(m.p + j - 2, "\r\n", 2) == 0)))
                    buf_add_char(&wire, '.');
                buf_add_char(&wire, m.p[j]);
            }
            buf_add_c(&wire, ".\r\n");
            buf_addf(&log, "|R%d+|D%d", k, k);
            buf_add_sv(&log, buf_sv(&m));
            buf_addf(&log, "|E%d", k);
            buf_free(&m);
        }
        buf_add_c(&wire, "+OK\r\n");
        buf_add_c(&log, "|R3+");
        const struct command *c = COMMANDS({POP3_RETR, 1}, {POP3_RETR, 2}, {POP3_NOOP, 0});
        run(c, buf_sv(&wire), buf_sv(&log), wire.n);
        run(c, buf_sv(&wire), buf_sv(&log), 1);
        for (int j = 0; j < 5; j++)
            run(c, buf_sv(&wire), buf_sv(&log), 0);
        buf_free(&wire);
        buf_free(&log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_greetings),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_pipelined_messages),
        cmocka_unit_test(test_lf_server),
        cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_surplus_octets),
        cmocka_unit_test(test_unsolicited),
        cmocka_unit_test(test_auth),
        cmocka_unit_test(test_no_echo_of_the_password),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_line_limits),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_doubt),
        cmocka_unit_test(test_no_probe_when_pipelined),
        cmocka_unit_test(test_eof),
        cmocka_unit_test(test_random_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
