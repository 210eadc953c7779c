/* SPDX-License-Identifier: ISC */
/*
 * What a server shows before it is trusted (net/cert.h, cert_report.h, guess.h), and a kept TLS
 * session (resume.h). The first octet chooses. Certificates are DER, one behind another, the
 * server's first; there is no authority that anybody trusts. Must hold: nothing is accepted but by
 * its pin; each refusal is explained in words that can be shown, with advice; a kept session of any
 * octets is not offered.
 */
#include "fuzz.h"

#include "popkeep/net/cert_report.h"
#include "popkeep/net/guess.h"
#include "popkeep/net/resume.h"

enum { CERTS_MAX = 6 };

static SSL_CTX *context(void)
{
    static SSL_CTX *ctx;
    if (ctx == NULL)
        ctx = SSL_CTX_new(TLS_client_method());
    FUZZ_HOLDS(ctx != NULL);
    return ctx;
}

static STACK_OF(X509) * certificates(struct sv der)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    const unsigned char *p = (const unsigned char *)der.p, *end = p + der.n;
    while (p < end && sk_X509_num(chain) < CERTS_MAX) {
        X509 *x = d2i_X509(NULL, &p, end - p);
        if (x == NULL)
            break;
        sk_X509_push(chain, x);
    }
    return chain;
}

static void describe(const struct cert_check *c)
{
    char subject[64], pin[CERT_PIN_TEXT];
    cert_subject_text(subject, sizeof subject, c->leaf);
    FUZZ_HOLDS(strlen(subject) < sizeof subject && fuzz_printable(sv_of(subject), ""));
    cert_pin_text(pin, c->leaf);
    FUZZ_HOLDS(strlen(pin) == strlen("sha256//") + 44);
    (void)cert_not_after(c->leaf);
    (void)cert_not_before(c->leaf);
}

static void report(const struct cert_check *c)
{
    struct err e = ERR_INIT;
    FUZZ_HOLDS(cert_report(c, "pop.example.org port 995 (192.0.2.1)", &e) == -1);
    fuzz_error_is_good(&e);
    FUZZ_HOLDS(e.status == ST_CERT);
    FUZZ_HOLDS(strstr(e.text, "sha256//") != NULL && strchr(e.text, '\n') != NULL);
}

static void judge(struct sv der, unsigned how)
{
    static const unsigned char pins[1][HASH_OCTETS] = {"no key has this hash"};
    STACK_OF(X509) *chain = certificates(der);
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    struct cert_check c = {.name = (how & 8) != 0 ? "192.0.2.1" : "pop.example.org",
                           .now_s = (how & 16) != 0 ? 4102444800 : 1763800000,
                           .ca_file = (how & 32) != 0 ? "/ca.pem" : NULL,
                           .pins = pins,
                           .n_pins = (how & 64) != 0};
    FUZZ_HOLDS(store != NULL);
    if (sk_X509_num(chain) > 0) {
        FUZZ_HOLDS(X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(context()),
                                       sk_X509_value(chain, 0), chain) == 1);
        FUZZ_HOLDS(X509_STORE_CTX_set_default(store, "ssl_server") == 1);
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store);
        X509_VERIFY_PARAM_set_time(param, (time_t)c.now_s);
        if ((how & 8) == 0)
            FUZZ_HOLDS(X509_VERIFY_PARAM_set1_host(param, c.name, 0) == 1);
        FUZZ_HOLDS(!cert_check_chain(&c, store));
        FUZZ_HOLDS(c.ran && !c.accepted && c.faults != 0 && c.leaf != NULL);
        describe(&c);
        report(&c);
    }
    X509_STORE_CTX_free(store);
    cert_check_free(&c);
    sk_X509_pop_free(chain, X509_free);
}

static void offer(struct sv kept)
{
    SSL *ssl = SSL_new(context());
    struct cert_check c = {.name = "pop.example.org", .now_s = 1763800000};
    STACK_OF(X509) *chain = NULL;
    FUZZ_HOLDS(ssl != NULL);
    resume_offer(ssl, context(), kept, &c, &chain);
    FUZZ_HOLDS(chain == NULL && !c.accepted && c.leaf == NULL);
    FUZZ_HOLDS(SSL_get0_session(ssl) == NULL);
    SSL_free(ssl);
}

static void guess(struct sv first)
{
    struct err e = ERR_INIT;
    FUZZ_HOLDS(guess_explain(first, "pop.example.org", 995, &e) == -1);
    fuzz_error_is_good(&e);
    FUZZ_HOLDS(e.status == ST_UNAVAILABLE);
    if (first.n > 0)
        (void)guess_is_tls(first.p[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    unsigned how = fuzz_octet(&f);
    char *copy = fuzz_copy(f.rest);
    struct sv octets = sv_make(copy, f.rest.n);
    if ((how & 3) == 1)
        offer(octets);
    else if ((how & 3) == 2)
        guess(octets);
    else
        judge(octets, how);
    free(copy);
    return 0;
}
