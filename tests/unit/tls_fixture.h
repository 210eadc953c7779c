/* SPDX-License-Identifier: ISC */
/*
 * What the tests of the room net share: authorities, keys, files of authorities, and one connection
 * to one server of tls_server.h. Include it behind cmocka.h, in one .c of a program.
 */
#ifndef POPKEEP_TEST_TLS_FIXTURE_H
#define POPKEEP_TEST_TLS_FIXTURE_H

#include "popkeep/net/conn.h"

#include "tls_server.h"

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

#endif
