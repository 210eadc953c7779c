/* SPDX-License-Identifier: ISC */
/* If these fail, a password goes to the wrong server, or a user is told something false about why a
 * certificate was refused and does the wrong thing about it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/net/cert.h"

#include "tls_fixture.h"

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
    assert_in_range(conn_info(c)->not_after, now + 86400 - 60, now + 86400 + 60);
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
    now += 2 * 86400; /* it is the caller's clock that counts */
    refused(leaf_of_ca("cn", "DNS:pop.okul.example"), "pop.okul.example", &e);
    assert_says(&e, "it expired");
    now -= 2 * 86400;
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
    s.sha1 = true;
    refused(cert_make(&s, leaf_key), "pop.okul.example", &e);
    assert_says(&e, "its key or signature is too weak");
    s.sha1 = false;
    s.eku = "clientAuth";
    refused(cert_make(&s, leaf_key), "pop.okul.example", &e);
    assert_says(&e, "not meant for a TLS server");
}

static void test_name_constraints(void **state)
{
    struct cert_spec bound = {.cn = "Bound CA",
                              .ca = true,
                              .constraints = "permitted;DNS:okul.example",
                              .issuer = ca,
                              .issuer_key = ca_key};
    struct cert_spec below = {.cn = "cn", .issuer_key = mid_key};
    struct server s = {0};
    struct err e = ERR_INIT;

    (void)state;
    below.issuer = cert_make(&bound, mid_key);
    below.san = "DNS:pop.okul.example";
    s = (struct server){.leaf = cert_make(&below, leaf_key), .chain = {below.issuer}};
    assert_int_equal(connect_once(&s, "pop.okul.example", ca_file, NULL, 0, &e), 0);
    below.san = "DNS:pop.example.org"; /* an authority for okul.example only */
    s = (struct server){.leaf = cert_make(&below, leaf_key), .chain = {below.issuer}};
    assert_int_equal(connect_once(&s, "pop.example.org", ca_file, NULL, 0, &e), -1);
    assert_int_equal(e.status, ST_CERT);
    assert_says(&e, "its chain is faulty");
    X509_free(below.issuer);
}

static void test_expired_issuer(void **state)
{
    struct cert_spec old = {.cn = "Old CA",
                            .ca = true,
                            .from_s = -20 * 86400,
                            .to_s = -10 * 86400 - 1800,
                            .issuer = ca,
                            .issuer_key = ca_key};
    struct cert_spec below = {.cn = "cn", .san = "DNS:pop.okul.example", .issuer_key = mid_key};
    struct server s;
    struct err e = ERR_INIT;

    (void)state;
    below.issuer = cert_make(&old, mid_key);
    s = (struct server){.leaf = cert_make(&below, leaf_key), .chain = {below.issuer}};
    assert_int_equal(connect_once(&s, "pop.okul.example", ca_file, NULL, 0, &e), -1);
    assert_int_equal(e.status, ST_CERT);
    assert_says(&e, "the certificate of its issuer \"Old CA\" expired 10 d ago");
    X509_free(below.issuer);
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
        cmocka_unit_test(test_name_constraints),
        cmocka_unit_test(test_expired_issuer),
        cmocka_unit_test(test_system_store),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_ca_file),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
