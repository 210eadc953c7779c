/* SPDX-License-Identifier: ISC */
/* If these fail, a run hangs for ever, loses what a server said last, or takes another kind of
 * server for a fault of the network. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/net/conn.h"
#include "popkeep/net/guess.h"
#include "popkeep/net/wait.h"

#include "tls_fixture.h"

#include <dlfcn.h>
#include <netdb.h>

/* --- what is no TLS server, or none we can talk to --- */

static void test_other_servers(void **state)
{
    static const struct {
        enum server_mode mode;
        const char *text, *says;
    } cases[] = {
        {SERVER_PLAIN, "220 smtp.okul.example ESMTP\r\n", "a server for outgoing mail (SMTP)"},
        {SERVER_PLAIN, "220-smtp.okul.example\r\n220 hello\r\n",
         "a server for outgoing mail (SMTP)"},
        {SERVER_PLAIN, "* OK [CAPABILITY IMAP4rev1] ready\r\n", "an IMAP server"},
        {SERVER_PLAIN, "+OK POP3 ready\r\n", "a POP3 server that speaks without TLS"},
        {SERVER_PLAIN, "-ERR busy\r\n", "it says \"-ERR busy\""},
        {SERVER_PLAIN, "SSH-2.0-OpenSSH_9.2\r\n", "an SSH server"},
        {SERVER_ANSWERS, "HTTP/1.1 400 Bad Request\r\n\r\n", "a web server"},
        {SERVER_PLAIN, "\x1b]0;gotcha\a\r\n", "is no TLS server: it says \"\\x1b]0;gotcha\\x07\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server s = {.mode = cases[i].mode, .text = cases[i].text};
        struct err e = ERR_INIT;

        assert_int_equal(connect_once(&s, NULL, ca_file, NULL, 0, &e), -1);
        assert_says(&e, cases[i].says);
        assert_int_equal(e.status, ST_UNAVAILABLE);
        assert_says(&e, "995");
    }
}

static void test_guess_on_995(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(guess_explain(SV("+OK hi\r\n"), "pop.okul.example", 995, &e), -1);
    assert_says(&e, "operator has to switch TLS on");
    assert_int_equal(guess_explain(SV("+OK hi\r\n"), "pop.okul.example", 1995, &e), -1);
    assert_says(&e, "port = 995");
    assert_true(guess_is_tls(0x16));
    assert_false(guess_is_tls('+'));
}

static void test_no_version_in_common(void **state)
{
    struct server s = {.leaf = leaf_of_ca("cn", "DNS:a.example"), .max_proto = TLS1_1_VERSION};
    struct conn_target t;
    struct conn *c;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(connect_once(&s, "a.example", ca_file, NULL, 0, &e), -1);
    assert_int_equal(e.status, ST_UNAVAILABLE);
    assert_says(&e, "no TLS version or cipher in common");
    assert_says(&e, "1.2 or newer");
    s = (struct server){.leaf = leaf_of_ca("cn", "DNS:a.example"),
                        .max_proto = TLS1_2_VERSION,
                        .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"}; /* an EC key cannot use it */
    assert_int_equal(connect_once(&s, "a.example", ca_file, NULL, 0, &e), -1);
    assert_int_equal(e.status, ST_UNAVAILABLE);
    s = (struct server){
        .leaf = leaf_of_ca("cn", "DNS:a.example"), .key = leaf_key, .max_proto = TLS1_2_VERSION};
    server_start(&s);
    t = target_of(&s, "a.example");
    t.tls_1_3_only = true;
    assert_int_equal(conn_open(&c, &t, now, &e), -1);
    server_stop(&s);
    assert_int_equal(e.status, ST_UNAVAILABLE);
    assert_says(&e, "tls_min");
    X509_free(s.leaf);
}

static void test_silent_and_closing(void **state)
{
    struct server s = {.mode = SERVER_SILENT};
    struct conn_target t;
    struct conn *c;
    struct err e = ERR_INIT;

    (void)state;
    server_start(&s);
    t = target_of(&s, NULL);
    t.handshake_ms = SHORT_MS;
    assert_int_equal(conn_open(&c, &t, now, &e), -1);
    server_stop(&s);
    assert_int_equal(e.status, ST_TEMP);
    assert_true(e.line_cut);
    assert_says(&e, "did not complete the TLS handshake");
    s = (struct server){.mode = SERVER_CLOSES};
    assert_int_equal(connect_once(&s, NULL, ca_file, NULL, 0, &e), -1);
    assert_int_equal(e.status, ST_TEMP);
    assert_true(e.line_cut);
}

static void test_refused_and_unknown_host(void **state)
{
    struct server s = {.mode = SERVER_CLOSES};
    struct conn_target t;
    struct conn *c;
    struct err e = ERR_INIT;

    (void)state;
    server_start(&s); /* for a port that is certainly free afterwards */
    server_stop(&s);
    t = target_of(&s, NULL);
    assert_int_equal(conn_open(&c, &t, now, &e), -1);
    assert_int_equal(e.status, ST_TEMP);
    assert_false(e.line_cut);
    assert_says(&e, "127.0.0.1");
    assert_says(&e, "nothing listens there");
    e = (struct err)ERR_INIT;
    t.host = "2001:db8::g"; /* neither address nor name: no name server is asked */
    assert_int_equal(conn_open(&c, &t, now, &e), -1);
    assert_int_equal(e.status, ST_UNAVAILABLE);
    assert_says(&e, "2001:db8::g");
}

/* --- several addresses --- */

/* In front of the C library's: "two.okul.example" has one address at each of these ports. */
static int two_ports[2];

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    char port[16];
    int rc;

    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (strcmp(host, "two.okul.example") != 0)
        return real(host, service, hints, out);
    snprintf(port, sizeof port, "%d", two_ports[0]);
    rc = real("127.0.0.1", port, hints, out);
    snprintf(port, sizeof port, "%d", two_ports[1]);
    return rc != 0 ? rc : real("127.0.0.1", port, hints, &(*out)->ai_next);
}

/* The first server stands as given, the second one is good; has the second one been asked? */
static int open_two(struct server *first, bool up, int handshake_ms, bool *asked, struct err *e)
{
    struct server second = {.leaf = leaf_of_ca("cn", "DNS:two.okul.example"), .key = leaf_key};
    struct conn_target t;
    struct conn *c = NULL;
    int rc;

    server_start(first);
    if (!up)
        server_stop(first);
    server_start(&second);
    two_ports[0] = first->port;
    two_ports[1] = second.port;
    t = target_of(&second, NULL);
    t.host = "two.okul.example";
    t.handshake_ms = handshake_ms;
    rc = conn_open(&c, &t, now, e);
    conn_close(c, true);
    server_stop(&second);
    if (up)
        server_stop(first);
    X509_free(second.leaf);
    X509_free(first->leaf);
    *asked = second.shook;
    return rc;
}

static void test_several_addresses(void **state)
{
    struct server s = {.mode = SERVER_CLOSES};
    struct err e = ERR_INIT;
    int64_t start = wait_now_ms();
    bool asked;
    int took;

    (void)state;
    assert_int_equal(open_two(&s, false, LONG_MS, &asked, &e), 0); /* refused */
    assert_true(asked);
    took = (int)(wait_now_ms() - start); /* under valgrind a handshake is slow */
    s = (struct server){.mode = SERVER_SILENT};
    assert_int_equal(open_two(&s, true, SHORT_MS + 3 * took, &asked, &e), 0);
    s = (struct server){.mode = SERVER_CLOSES};
    assert_int_equal(open_two(&s, true, LONG_MS, &asked, &e), 0);
    /* a wrong certificate is told, not tried around */
    s = (struct server){.leaf = leaf_of_ca("cn", "DNS:evil.example"), .key = leaf_key};
    assert_int_equal(open_two(&s, true, LONG_MS, &asked, &e), -1);
    assert_int_equal(e.status, ST_CERT);
    assert_false(asked);
}

static void test_all_addresses_refuse(void **state)
{
    struct server s = {.mode = SERVER_CLOSES};
    struct conn_target t;
    struct conn *c;
    struct err e = ERR_INIT;
    char both[2][32];

    (void)state;
    for (int i = 0; i < 2; i++) {
        s.stop = false;
        server_start(&s);
        server_stop(&s);
        two_ports[i] = s.port;
        snprintf(both[i], sizeof both[i], "127.0.0.1:%d", s.port);
    }
    t = target_of(&s, NULL);
    t.host = "two.okul.example";
    assert_int_equal(conn_open(&c, &t, now, &e), -1);
    assert_int_equal(e.status, ST_TEMP);
    assert_says(&e, both[0]);
    assert_says(&e, both[1]);
}

static void test_connect_deadline(void **state)
{
    /* a full queue of connections nobody accepts: Linux answers no further one */
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    struct server s = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct err e = ERR_INIT;
    struct conn_target t;
    struct conn *c;
    int filler[4];

    (void)state;
    assert_int_equal(bind(s.listener, (const void *)&a, sizeof a), 0);
    assert_int_equal(listen(s.listener, 0), 0);
    getsockname(s.listener, (void *)&a, &n);
    s.port = ntohs(a.sin_port);
    for (int i = 0; i < 4; i++) {
        filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(filler[i], (const void *)&a, sizeof a);
    }
    t = target_of(&s, NULL);
    t.connect_ms = SHORT_MS;
    assert_int_equal(conn_open(&c, &t, now, &e), -1);
    assert_int_equal(e.status, ST_TEMP);
    assert_true(e.line_cut);
    assert_says(&e, "no answer within");
    for (int i = 0; i < 4; i++)
        close(filler[i]);
    close(s.listener);
}

/* --- the stream --- */

struct pair {
    struct server s;
    struct conn *c;
};

static void pair_open(struct pair *p, void (*talk)(struct server *, SSL *, int), size_t amount,
                      int max_proto)
{
    struct conn_target t;
    struct err e = ERR_INIT;

    p->s = (struct server){.leaf = leaf_of_ca("cn", "DNS:a.example"),
                           .key = leaf_key,
                           .talk = talk,
                           .amount = amount,
                           .max_proto = max_proto};
    server_start(&p->s);
    t = target_of(&p->s, "a.example");
    if (conn_open(&p->c, &t, now, &e) != 0)
        fail_msg("%s", e.text);
}

static void pair_close(struct pair *p, bool clean)
{
    conn_close(p->c, clean);
    server_stop(&p->s);
    X509_free(p->s.leaf);
}

static enum conn_result once(struct pair *p, struct buf *out, char *in, size_t cap, size_t *got,
                             int ms, struct err *e)
{
    return conn_exchange(p->c, out, in, cap, got, ms, false, e);
}

/* Until something other than data comes; the number of octets. */
static size_t read_to_end(struct pair *p, enum conn_result *end, struct err *e)
{
    static char in[65536];
    struct buf out = BUF_INIT(16);
    size_t all = 0, got;

    while ((*end = once(p, &out, in, sizeof in, &got, LONG_MS, e)) == CONN_READ)
        all += got;
    return all;
}

static void talk_echo(struct server *s, SSL *ssl, int fd)
{
    char part[16384];
    int n;

    (void)fd;
    while ((n = SSL_read(ssl, part, sizeof part)) > 0) {
        s->app_octets += (size_t)n;
        SSL_write(ssl, part, n);
    }
    s->close_notify = SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN;
}

static void test_echo_and_timeouts(void **state)
{
    struct pair p;
    struct buf out = BUF_INIT(100);
    struct err e = ERR_INIT;
    uint64_t sent, received;
    char in[100];
    size_t got;

    (void)state;
    pair_open(&p, talk_echo, 0, TLS1_2_VERSION);
    assert_string_equal(conn_info(p.c)->tls_version, "TLSv1.2");
    assert_int_equal(once(&p, &out, in, sizeof in, &got, 0, &e), CONN_TIMEOUT);
    buf_add_c(&out, "NOOP\r\n");
    assert_int_equal(once(&p, &out, in, 4, &got, LONG_MS, &e), CONN_READ);
    assert_int_equal(got,
                     4); /* the rest waits in TLS, not in the socket: no poll may be made for it */
    assert_int_equal(once(&p, &out, in, sizeof in, &got, LONG_MS, &e), CONN_READ);
    assert_memory_equal(in, "\r\n", 2);
    assert_int_equal(once(&p, &out, in, sizeof in, &got, SHORT_MS, &e), CONN_TIMEOUT);
    assert_int_equal(conn_exchange(p.c, &out, in, sizeof in, &got, LONG_MS, true, &e), CONN_SENT);
    conn_counts(p.c, &sent, &received);
    assert_int_equal(sent, 6);
    assert_int_equal(received, 6);
    pair_close(&p, true);
    assert_true(p.s.close_notify);
    buf_free(&out);
}

/* Sends all of its amount before it reads anything: whoever does the same on the other side hangs.
 */
static void talk_stubborn(struct server *s, SSL *ssl, int fd)
{
    static char part[100000];
    char in[16384];
    size_t done = 0;

    (void)fd;
    memset(part, 'x', sizeof part);
    for (; done < s->amount; done += sizeof part) {
        if (done > s->amount / 2 && done - sizeof part <= s->amount / 2 &&
            SSL_version(ssl) == TLS1_3_VERSION)
            SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
        if (SSL_write(ssl, part, sizeof part) <= 0)
            return;
    }
    while (s->app_octets < s->amount) {
        int n = SSL_read(ssl, in, sizeof in);
        if (n <= 0)
            return;
        for (int i = 0; i < n; i++)
            if (in[i] != 'y')
                return;
        s->app_octets += (size_t)n;
    }
    SSL_shutdown(ssl);
}

static void full_duplex(int max_proto)
{
    enum { AMOUNT = 12000000 };
    static char in[65536], piece[100000];
    struct pair p;
    struct buf out = BUF_INIT(AMOUNT + 10);
    struct err e = ERR_INIT;
    size_t all = 0, got, given = 0;
    enum conn_result r;

    pair_open(&p, talk_stubborn, AMOUNT, max_proto);
    memset(piece, 'y', sizeof piece);
    buf_add(&out, piece, sizeof piece);
    given = sizeof piece;
    while ((r = conn_exchange(p.c, &out, in, sizeof in, &got, LONG_MS, given < AMOUNT, &e)) ==
               CONN_READ ||
           r == CONN_SENT) {
        all += got;
        while (given < AMOUNT &&
               out.n < 1000000) { /* the buffer moves while a write is half done */
            buf_add(&out, piece, sizeof piece);
            given += sizeof piece;
        }
    }
    if (r == CONN_ERROR)
        fail_msg("%s", e.text);
    assert_int_equal(r, CONN_EOF);
    assert_int_equal(all, AMOUNT);
    pair_close(&p, true);
    assert_int_equal(p.s.app_octets, AMOUNT);
    buf_free(&out);
}

static void test_full_duplex(void **state)
{
    (void)state;
    full_duplex(TLS1_2_VERSION);
    full_duplex(TLS1_3_VERSION); /* with a change of keys in the middle */
}

static void talk_amount(SSL *ssl, size_t amount)
{
    static const char part[10000];

    for (size_t done = 0; done < amount; done += sizeof part)
        SSL_write(ssl, part, sizeof part);
}

static void talk_no_notify(struct server *s, SSL *ssl, int fd)
{
    talk_amount(ssl, s->amount);
    shutdown(fd, SHUT_WR);
}

static void talk_notify(struct server *s, SSL *ssl, int fd)
{
    (void)fd;
    talk_amount(ssl, s->amount);
    SSL_shutdown(ssl);
}

static void talk_half_record(struct server *s, SSL *ssl, int fd)
{
    talk_amount(ssl, s->amount);
    send(fd, "\x17\x03\x03\x40\x00half a record", 18, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
}

static void talk_reset(struct server *s, SSL *ssl, int fd)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};

    (void)ssl;
    (void)s;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

static void talk_junk(struct server *s, SSL *ssl, int fd)
{
    talk_amount(ssl, s->amount);
    send(fd, "\x17\x03\x03\x00\x20this record was not encrypted...", 37, MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
}

static void talk_renegotiate(struct server *s, SSL *ssl, int fd)
{
    (void)fd;
    talk_amount(ssl, s->amount);
    SSL_renegotiate(ssl);
    SSL_do_handshake(ssl);
    talk_amount(ssl, s->amount);
    server_drain(s, ssl);
}

static void test_no_renegotiation(void **state)
{
    static char in[65536];
    struct buf out = BUF_INIT(16);
    struct pair p;
    struct err e = ERR_INIT;
    size_t all = 0, got;
    enum conn_result r;

    (void)state;
    pair_open(&p, talk_renegotiate, 100000, TLS1_2_VERSION);
    while ((r = once(&p, &out, in, sizeof in, &got, all < 100000 ? LONG_MS : SHORT_MS, &e)) ==
           CONN_READ)
        all += got;
    assert_true(all >= 100000); /* refused by an alert; whether the server goes on is its affair */
    assert_true(r == CONN_TIMEOUT || r == CONN_EOF || r == CONN_ERROR);
    pair_close(&p, true);
    assert_int_equal(p.s.hellos, 1);
}

static void test_ends(void **state)
{
    static const struct {
        void (*talk)(struct server *, SSL *, int);
        enum conn_result end;
        bool whole;
    } cases[] = {
        {talk_notify, CONN_EOF, true},      {talk_no_notify, CONN_EOF, true},
        {talk_half_record, CONN_EOF, true}, {talk_reset, CONN_ERROR, false},
        {talk_junk, CONN_ERROR, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair p;
        struct err e = ERR_INIT;
        enum conn_result end, again;
        size_t all;

        pair_open(&p, cases[i].talk, 300000, 0);
        all = read_to_end(&p, &end, &e);
        if (cases[i].whole)
            assert_int_equal(all, 300000); /* what came before the end is delivered */
        assert_int_equal(end, cases[i].end);
        if (end == CONN_ERROR) {
            assert_int_equal(e.status, ST_TEMP);
            assert_true(e.line_cut);
        }
        assert_int_equal(read_to_end(&p, &again, &e), 0);
        assert_int_equal(again, end);
        pair_close(&p, true);
    }
}

/* --- the interrupt --- */

static volatile int flag;

static void *raise_flag(void *arg)
{
    struct timespec t = {.tv_nsec = 50000000};

    (void)arg;
    nanosleep(&t, NULL);
    flag = SIGTERM;
    return NULL;
}

static void test_interrupt(void **state)
{
    struct pair p;
    struct buf out = BUF_INIT(100);
    struct err e = ERR_INIT;
    struct conn_target t;
    struct conn *c;
    pthread_t thread;
    int64_t started;
    char in[100];
    size_t got;

    (void)state;
    flag = 0;
    conn_set_interrupt(&flag);
    pair_open(&p, talk_echo, 0, 0);
    started = wait_now_ms();
    pthread_create(&thread, NULL, raise_flag, NULL);
    assert_int_equal(once(&p, &out, in, sizeof in, &got, LONG_MS, &e), CONN_INTERRUPTED);
    assert_true(wait_now_ms() - started < LONG_MS / 2);
    pthread_join(thread, NULL);
    buf_add_c(&out, "QUIT\r\n");
    assert_int_equal(once(&p, &out, in, sizeof in, &got, LONG_MS, &e), CONN_INTERRUPTED);
    assert_int_equal(out.n, 6);
    t = target_of(&p.s, "a.example");
    assert_int_equal(conn_open(&c, &t, now, &e), -1);
    assert_int_equal(e.status, ST_TEMP);
    conn_set_interrupt(NULL); /* to say good-bye in order */
    assert_int_equal(once(&p, &out, in, sizeof in, &got, LONG_MS, &e), CONN_READ);
    assert_int_equal(got, 6);
    pair_close(&p, true);
    conn_close(NULL, true);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_servers),
        cmocka_unit_test(test_guess_on_995),
        cmocka_unit_test(test_no_version_in_common),
        cmocka_unit_test(test_silent_and_closing),
        cmocka_unit_test(test_refused_and_unknown_host),
        cmocka_unit_test(test_several_addresses),
        cmocka_unit_test(test_all_addresses_refuse),
        cmocka_unit_test(test_connect_deadline),
        cmocka_unit_test(test_echo_and_timeouts),
        cmocka_unit_test(test_full_duplex),
        cmocka_unit_test(test_no_renegotiation),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_interrupt),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
