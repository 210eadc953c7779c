/* SPDX-License-Identifier: ISC */
/* If these fail, a password goes to the wrong server, a run hangs for ever, or a user is told
 * something false about why the server was refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/net/cert.h"
#include "popkeep/net/conn.h"
#include "popkeep/net/guess.h"

#include "tls_server.h"

#include <fcntl.h>
#include <signal.h>

enum { SHORT_MS = 120, LONG_MS = 5000 };

static EVP_PKEY *ca_key, *mid_key, *leaf_key, *weak_key;
static X509 *ca, *mid, *stranger_ca;
static char ca_file[64], mid_file[64], junk_file[64];
static time_t now;

static void write_pem(char path[64], X509 *x)
{
    FILE *f;

    snprintf(path, 64, "/tmp/popkeep-test-XXXXXX");
    f = fdopen(mkstemp(path), "w");
    if (x != NULL)
        PEM_write_X509(f, x);
    else
        fputs("this is no certificate\n", f);
    fclose(f);
}

static int set_up(void **state)
{
    struct cert_spec root = {.cn = "Okul Test CA", .ca = true};
    struct cert_spec middle = {.cn = "Okul Test Intermediate", .ca = true};
    struct cert_spec other = {.cn = "Nobody's CA", .ca = true};

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    now = time(NULL);
    ca_key = EVP_EC_gen("P-256");
    mid_key = EVP_EC_gen("P-256");
    leaf_key = EVP_EC_gen("P-256");
    weak_key = EVP_RSA_gen(1024);
    ca = cert_make(&root, ca_key);
    stranger_ca = cert_make(&other, mid_key);
    middle.issuer = ca;
    middle.issuer_key = ca_key;
    mid = cert_make(&middle, mid_key);
    write_pem(ca_file, ca);
    write_pem(mid_file, mid);
    write_pem(junk_file, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(ca_file);
    unlink(mid_file);
    unlink(junk_file);
    X509_free(ca);
    X509_free(mid);
    X509_free(stranger_ca);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(mid_key);
    EVP_PKEY_free(leaf_key);
    EVP_PKEY_free(weak_key);
    return 0;
}

static X509 *leaf_of_ca(const char *cn, const char *san)
{
    struct cert_spec s = {.cn = cn, .san = san, .issuer = ca, .issuer_key = ca_key};

    return cert_make(&s, leaf_key);
}

static struct conn_target target_of(const struct server *s, const char *tls_name)
{
    return (struct conn_target){.host = "127.0.0.1",
                                .port = (unsigned)s->port,
                                .tls_name = tls_name,
                                .tls_ca_file = ca_file,
                                .connect_ms = LONG_MS,
                                .handshake_ms = LONG_MS};
}

static void assert_says(const struct err *e, const char *words)
{
    if (strstr(e->text, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, e->text);
}

static void assert_says_not(const struct err *e, const char *words)
{
    if (strstr(e->text, words) != NULL)
        fail_msg("\"%s\" is in: %s", words, e->text);
}

/* --- the certificate --- */

/* One connection to a server with that certificate (taken over); the error goes to *e. */
static int connect_once(struct server *s, const char *tls_name, const char *file,
                        const unsigned char (*pins)[HASH_OCTETS], size_t n_pins, struct err *e)
{
    struct conn *c = NULL;
    struct conn_target t;
    int rc;

    if (s->key == NULL)
        s->key = leaf_key;
    server_start(s);
    t = target_of(s, tls_name);
    t.tls_ca_file = file;
    t.pins = pins;
    t.n_pins = n_pins;
    rc = conn_open(&c, &t, now, e);
    if (rc == 0)
        conn_close(c, true);
    server_stop(s);
    X509_free(s->leaf);
    s->leaf = NULL;
    if (rc != 0) {
        assert_null(c);
        assert_int_equal(s->app_octets,
                         0); /* nothing at all was told to a server that was refused */
        assert_int_equal(strlen(e->text) < ERR_TEXT_MAX - 1, 1);
        assert_says_not(e, "port 110");
    }
    return rc;
}

static void refused(X509 *leaf, const char *tls_name, struct err *e)
{
    struct server s = {.leaf = leaf};

    *e = (struct err)ERR_INIT;
    assert_int_equal(connect_once(&s, tls_name, ca_file, NULL, 0, e), -1);
    assert_int_equal(e->status, ST_CERT);
    assert_false(e->line_cut);
    assert_says(e, "sha256//");
}

static void accepted(X509 *leaf, const char *tls_name)
{
    struct server s = {.leaf = leaf};
    struct err e = ERR_INIT;

    if (connect_once(&s, tls_name, ca_file, NULL, 0, &e) != 0)
        fail_msg("%s", e.text);
    assert_true(s.close_notify);
}

static void test_good(void **state)
{
    struct server s = {.leaf = leaf_of_ca("cn", "DNS:pop.okul.example"), .key = leaf_key};
    struct err e = ERR_INIT;
    struct conn *c;
    struct conn_target t;
    char pin[CERT_PIN_TEXT];

    (void)state;
    server_start(&s);
    t = target_of(&s, "pop.okul.example");
    assert_int_equal(conn_open(&c, &t, now, &e), 0);
    cert_pin_text(pin, s.leaf);
    assert_string_equal(conn_info(c)->pin, pin);
    assert_string_equal(conn_info(c)->tls_version, "TLSv1.3");
    assert_string_equal(conn_info(c)->subject, "CN=cn");
    assert_int_equal(conn_info(c)->not_after / 10, (now + 86400) / 10);
    assert_ptr_equal(strstr(conn_info(c)->address, "127.0.0.1:"), conn_info(c)->address);
    assert_false(conn_info(c)->resumed);
    conn_close(c, false);
    server_stop(&s);
    assert_string_equal(s.sni, "pop.okul.example");
    assert_false(s.close_notify);
    X509_free(s.leaf);
}

static void test_names(void **state)
{
    struct err e;

    (void)state;
    accepted(leaf_of_ca("cn", "DNS:other.example,DNS:POP.okul.example"), "pop.okul.example");
    accepted(leaf_of_ca("cn", "DNS:pop.okul.example"), "pop.okul.example."); /* rooted name */
    accepted(leaf_of_ca("cn", "DNS:*.okul.example"), "pop.okul.example");
    accepted(leaf_of_ca("cn", "IP:127.0.0.1"), NULL);
    refused(leaf_of_ca("cn", "DNS:*.okul.example"), "a.pop.okul.example", &e);
    refused(leaf_of_ca("cn", "DNS:*.okul.example"), "okul.example", &e);
    refused(leaf_of_ca("cn", "DNS:p*.okul.example"), "pop.okul.example", &e);
    refused(leaf_of_ca("cn", "DNS:mail.example.net,IP:192.0.2.7,IP:2001:db8::7"),
            "pop.okul.example", &e);
    assert_says(&e,
                "it is not for pop.okul.example but for mail.example.net, 192.0.2.7, 2001:db8::7");
    assert_says(&e, "tls_name");
    assert_says_not(&e, "clock here is wrong");
}

static void test_localhost(void **state)
{
    struct server s = {.leaf = leaf_of_ca("cn", "DNS:localhost"), .key = leaf_key};
    struct err e = ERR_INIT;
    struct conn_target t;
    struct conn *c;

    (void)state;
    server_start(&s); /* at 127.0.0.1 only: where localhost is ::1 too, that one is tried in vain */
    t = target_of(&s, NULL);
    t.host = "localhost";
    if (conn_open(&c, &t, now, &e) != 0)
        fail_msg("%s", e.text);
    conn_close(c, true);
    server_stop(&s);
    assert_string_equal(s.sni, "localhost");
    X509_free(s.leaf);
    s = (struct server){.leaf = leaf_of_ca("cn", "IP:127.0.0.1")};
    assert_int_equal(connect_once(&s, NULL, ca_file, NULL, 0, &e), 0);
    assert_string_equal(s.sni, ""); /* an address is no server name (RFC 6066, 3) */
    s = (struct server){.leaf = leaf_of_ca("cn", "IP:127.0.0.2")};
    assert_int_equal(connect_once(&s, "127.0.0.2", ca_file, NULL, 0, &e), 0);
    assert_string_equal(s.sni, "");
}

static void test_names_that_must_not_count(void **state)
{
    struct cert_spec nul = {
        .cn = "cn", .nul_name = "pop.okul.example", .issuer = ca, .issuer_key = ca_key};
    struct err e;

    (void)state;
    refused(leaf_of_ca("pop.okul.example", NULL), "pop.okul.example", &e); /* CN only */
    assert_says(&e, "names no host");
    assert_says(&e, "\"pop.okul.example\"");
    refused(cert_make(&nul, leaf_key), "pop.okul.example", &e);
    assert_says(&e, "pop.okul.example\\x00.evil.example");
    refused(leaf_of_ca("cn", "DNS:127.0.0.1"), NULL, &e); /* an address as a DNS name */
    refused(leaf_of_ca("cn", "DNS:pop.okul.example"), NULL, &e);
    assert_says(&e, "it is not for 127.0.0.1 but for pop.okul.example");
    assert_says(&e, "certificates are mostly for names");
    assert_says(&e, "tls_pin");
}

static void test_hostile_names_are_escaped_and_bounded(void **state)
{
    struct cert_spec s = {.cn = "\x1b[31mred", .issuer = ca, .issuer_key = ca_key};
    char san[20000] = "DNS:first.example";
    struct err e;
    size_t n = strlen(san);

    (void)state;
    while (n < sizeof san - 80)
        n += (size_t)snprintf(san + n, sizeof san - n, ",DNS:%060d.example", 7);
    s.san = san;
    refused(cert_make(&s, leaf_key), "pop.okul.example", &e);
    assert_says(&e, "\"\\x1b[31mred\"");
    assert_says(&e, "first.example, ");
    assert_says(&e, " more");
    assert_says(&e, "tls_pin"); /* the advice was not pushed out */
}

static void test_dates(void **state)
{
    struct cert_spec s = {
        .cn = "cn", .san = "DNS:pop.okul.example", .issuer = ca, .issuer_key = ca_key};
    struct err e;
    char day[24];

    (void)state;
    s.from_s = -20 * 86400;
    s.to_s = -10 * 86400 - 1800;
    refused(cert_make(&s, leaf_key), "pop.okul.example", &e);
    assert_says(&e, "it expired 10 d ago");
    assert_says(&e, "the clock here says 20");
    assert_says(&e, "has to renew the certificate");
    assert_says_not(&e, "it is not for");
    refused(cert_make(&s, leaf_key), "pop.example.org", &e); /* both faults are told */
    assert_says(&e, "it expired 10 d ago");
    assert_says(&e, "it is not for pop.example.org but for pop.okul.example");
    s.from_s = 10 * 86400 + 1800;
    s.to_s = 20 * 86400;
    refused(cert_make(&s, leaf_key), "pop.okul.example", &e);
    assert_says(&e, "it is not valid yet (starts in 10 d)");
    assert_says(&e, "if the clock here is wrong, set it");
    snprintf(day, sizeof day, "%s", "valid 20");
    assert_says(&e, day);
}

static void test_chains(void **state)
{
    struct cert_spec self = {.cn = "box", .san = "DNS:pop.okul.example"};
    struct cert_spec below = {.cn = "cn", .san = "DNS:pop.okul.example"};
    struct server s = {0};
    struct err e = ERR_INIT;

    (void)state;
    refused(cert_make(&self, leaf_key), "pop.okul.example", &e);
    assert_says(&e, "it is self-signed");
    below.issuer = mid;
    below.issuer_key = mid_key;
    refused(cert_make(&below, leaf_key), "pop.okul.example", &e);
    assert_says(&e,
                "\"Okul Test Intermediate\" is unknown here and the server sent no intermediate");
    s.leaf = cert_make(&below, leaf_key);
    s.chain[0] = mid;
    assert_int_equal(connect_once(&s, "pop.okul.example", ca_file, NULL, 0, &e), 0);
    s = (struct server){.leaf = cert_make(&below, leaf_key)}; /* the intermediate as tls_ca_file */
    assert_int_equal(connect_once(&s, "pop.okul.example", mid_file, NULL, 0, &e), 0);
    below.issuer = stranger_ca;
    s = (struct server){.leaf = cert_make(&below, leaf_key), .chain = {stranger_ca}};
    assert_int_equal(connect_once(&s, "pop.okul.example", ca_file, NULL, 0, &e), -1);
    assert_int_equal(e.status, ST_CERT);
    assert_says(&e, "the authority \"Nobody's CA\", which is not trusted here");
    assert_says(&e, "tls_ca_file was used");
}

static void test_forged_issuer(void **state)
{
    /* names our authority, signed by somebody else */
    struct cert_spec s = {
        .cn = "cn", .san = "DNS:pop.okul.example", .issuer = ca, .issuer_key = mid_key};
    struct cert_spec by_leaf = {.cn = "cn", .san = "DNS:pop.okul.example", .issuer_key = leaf_key};
    struct server server = {0};
    struct err e;

    (void)state;
    refused(cert_make(&s, leaf_key), "pop.okul.example", &e);
    /* an ordinary certificate of our authority used as if it were an authority */
    by_leaf.issuer = leaf_of_ca("no authority", "DNS:evil.example");
    server.leaf = cert_make(&by_leaf, leaf_key);
    server.chain[0] = by_leaf.issuer;
    e = (struct err)ERR_INIT;
    assert_int_equal(connect_once(&server, "pop.okul.example", ca_file, NULL, 0, &e), -1);
    assert_int_equal(e.status, ST_CERT);
    X509_free(by_leaf.issuer);
}

static void test_weak_and_wrong_purpose(void **state)
{
    struct cert_spec s = {
        .cn = "cn", .san = "DNS:pop.okul.example", .issuer = ca, .issuer_key = ca_key};
    struct server server = {.leaf = cert_make(&s, weak_key), .key = weak_key};
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(connect_once(&server, "pop.okul.example", ca_file, NULL, 0, &e), -1);
    assert_int_equal(e.status, ST_CERT);
    assert_says(&e, "its key or signature is too weak");
    s.eku = "clientAuth";
    refused(cert_make(&s, leaf_key), "pop.okul.example", &e);
    assert_says(&e, "not meant for a TLS server");
}

static void test_system_store(void **state)
{
    struct server s = {.leaf = leaf_of_ca("cn", "DNS:pop.okul.example")};
    struct err e = ERR_INIT;

    (void)state;
    setenv("SSL_CERT_DIR", "/nonexistent", 1);
    setenv("SSL_CERT_FILE", "/nonexistent", 1);
    assert_int_equal(connect_once(&s, "pop.okul.example", NULL, NULL, 0, &e), -1);
    assert_int_equal(e.status, ST_CERT);
    assert_says(&e, "install the package ca-certificates");
    setenv("SSL_CERT_FILE", ca_file, 1);
    s = (struct server){.leaf = leaf_of_ca("cn", "DNS:pop.okul.example")};
    assert_int_equal(connect_once(&s, "pop.okul.example", NULL, NULL, 0, &e), 0);
    unsetenv("SSL_CERT_DIR");
    unsetenv("SSL_CERT_FILE");
}

static void test_pins(void **state)
{
    struct cert_spec bad = {.cn = "box", .san = "DNS:x.example", .from_s = -20, .to_s = -10};
    struct server s = {.leaf = cert_make(&bad, leaf_key)};
    unsigned char pins[2][HASH_OCTETS] = {{1, 2, 3}};
    unsigned char *der = NULL;
    struct err e = ERR_INIT;
    char pin[CERT_PIN_TEXT];
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(s.leaf), &der);

    (void)state;
    hash_once(der, (size_t)n, pins[1]);
    OPENSSL_free(der);
    cert_pin_text(pin, s.leaf);
    /* the second pin matches: self-signed, expired and of another name does not matter */
    assert_int_equal(connect_once(&s, "pop.okul.example", ca_file, (const void *)pins, 2, &e), 0);
    /* no pin matches: a certificate that is otherwise good does not help */
    s = (struct server){.leaf = leaf_of_ca("cn", "DNS:pop.okul.example")};
    assert_int_equal(connect_once(&s, "pop.okul.example", ca_file, (const void *)pins, 1, &e), -1);
    assert_int_equal(e.status, ST_CERT);
    assert_says(&e, "is not the pinned one");
    assert_says(&e, pin);
    assert_says(&e, "pinned: sha256//AQID");
}

static void test_ca_file(void **state)
{
    struct conn_target t = {.host = "127.0.0.1",
                            .port = 1,
                            .tls_ca_file = "/nonexistent/ca.pem",
                            .connect_ms = SHORT_MS,
                            .handshake_ms = SHORT_MS};
    struct err e = ERR_INIT;
    struct conn *c;

    (void)state;
    assert_int_equal(conn_open(&c, &t, now, &e), -1);
    assert_int_equal(e.status, ST_CONFIG);
    assert_says(&e, "/nonexistent/ca.pem");
    t.tls_ca_file = junk_file;
    assert_int_equal(conn_open(&c, &t, now, &e), -1);
    assert_int_equal(e.status, ST_CONFIG);
    assert_says(&e, "PEM");
}

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
    char in[100];
    size_t got;

    (void)state;
    flag = 0;
    conn_set_interrupt(&flag);
    pair_open(&p, talk_echo, 0, 0);
    pthread_create(&thread, NULL, raise_flag, NULL);
    assert_int_equal(once(&p, &out, in, sizeof in, &got, LONG_MS, &e), CONN_INTERRUPTED);
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
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_localhost),
        cmocka_unit_test(test_names_that_must_not_count),
        cmocka_unit_test(test_hostile_names_are_escaped_and_bounded),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_forged_issuer),
        cmocka_unit_test(test_weak_and_wrong_purpose),
        cmocka_unit_test(test_system_store),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_ca_file),
        cmocka_unit_test(test_other_servers),
        cmocka_unit_test(test_guess_on_995),
        cmocka_unit_test(test_no_version_in_common),
        cmocka_unit_test(test_silent_and_closing),
        cmocka_unit_test(test_refused_and_unknown_host),
        cmocka_unit_test(test_echo_and_timeouts),
        cmocka_unit_test(test_full_duplex),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_interrupt),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
