/* SPDX-License-Identifier: ISC */
/* Verification of the server's certificate. The report on a refused one is in cert_report.c. */
#include "popkeep/net/cert.h"
#include "popkeep/base/text.h"
#include "popkeep/net/tcp.h"
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

static const struct {
    int error;
    enum cert_fault fault;
} cert_errors[] = {
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, CERT_NO_ISSUER},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, CERT_NO_ISSUER},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, CERT_NO_ISSUER},
    {X509_V_ERR_CERT_UNTRUSTED, CERT_NO_ISSUER},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, CERT_SELF_SIGNED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, CERT_UNKNOWN_ROOT},
    {X509_V_ERR_CERT_HAS_EXPIRED, CERT_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, CERT_NOT_YET},
    {X509_V_ERR_HOSTNAME_MISMATCH, CERT_NAME},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, CERT_NAME},
    {X509_V_ERR_EE_KEY_TOO_SMALL, CERT_WEAK},
    {X509_V_ERR_CA_KEY_TOO_SMALL, CERT_WEAK},
    {X509_V_ERR_CA_MD_TOO_WEAK, CERT_WEAK},
    {X509_V_ERR_INVALID_PURPOSE, CERT_PURPOSE},
    {X509_V_ERR_CERT_REJECTED, CERT_PURPOSE},
    {X509_V_ERR_CERT_REVOKED, CERT_REVOKED},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, CERT_BAD_CHAIN},
    {X509_V_ERR_INVALID_CA, CERT_BAD_CHAIN},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, CERT_BAD_CHAIN},
    {X509_V_ERR_PERMITTED_VIOLATION, CERT_BAD_CHAIN},
    {X509_V_ERR_EXCLUDED_VIOLATION, CERT_BAD_CHAIN},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, CERT_BAD_CHAIN},
};

static enum cert_fault cert_fault_of(int error)
{
    for (size_t i = 0; i < sizeof cert_errors / sizeof cert_errors[0]; i++)
        if (cert_errors[i].error == error)
            return cert_errors[i].fault;
    return CERT_OTHER;
}

static void cert_keep(X509 **slot, X509 *x)
{
    if (x == NULL || *slot == x)
        return;
    X509_free(*slot);
    X509_up_ref(x);
    *slot = x;
}

/* Called by OpenSSL for each fault it finds; 1 lets it go on and find the next one. */
static int cert_on_fault(int ok, X509_STORE_CTX *store)
{
    struct cert_check *c = X509_STORE_CTX_get_app_data(store);
    int error = X509_STORE_CTX_get_error(store);
    enum cert_fault fault;

    if (ok == 1)
        return 1;
    fault = cert_fault_of(error);
    c->faults |= fault;
    if (fault & (CERT_OTHER | CERT_BAD_CHAIN))
        c->other_error = error;
    if ((fault & (CERT_EXPIRED | CERT_NOT_YET | CERT_WEAK)) != 0 &&
        X509_STORE_CTX_get_error_depth(store) > 0)
        cert_keep(&c->faulty_issuer, X509_STORE_CTX_get_current_cert(store));
    return 1;
}

static void cert_key_hash(unsigned char out[HASH_OCTETS], const X509 *x)
{
    unsigned char *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

    memset(out, 0, HASH_OCTETS);
    if (n > 0)
        hash_once(der, (size_t)n, out);
    OPENSSL_free(der);
}

static bool cert_pinned(const struct cert_check *c)
{
    unsigned char key[HASH_OCTETS];
    static const unsigned char none[HASH_OCTETS];

    cert_key_hash(key, c->leaf);
    if (memcmp(key, none, HASH_OCTETS) == 0) /* a key that could not be read matches no pin */
        return false;
    for (size_t i = 0; i < c->n_pins; i++)
        if (memcmp(key, c->pins[i], HASH_OCTETS) == 0)
            return true;
    return false;
}

/* The error decides which alert the server gets to see. */
static int cert_judge(struct cert_check *c, X509_STORE_CTX *store, int error)
{
    if (c->n_pins > 0)
        c->faults = cert_pinned(c) ? 0 : CERT_PIN;
    c->accepted = c->leaf != NULL && c->faults == 0;
    if (c->accepted)
        error = X509_V_OK;
    else if (error == X509_V_OK)
        error = X509_V_ERR_APPLICATION_VERIFICATION;
    X509_STORE_CTX_set_error(store, error);
    return c->accepted ? 1 : 0;
}

/* In place of X509_verify_cert inside the handshake. */
static int cert_verify(X509_STORE_CTX *store, void *arg)
{
    struct cert_check *c = arg;
    STACK_OF(X509) * chain;
    int error, rc;

    c->ran = true;
    c->faults = 0;
    cert_keep(&c->leaf, X509_STORE_CTX_get0_cert(store));
    c->n_sent = sk_X509_num(X509_STORE_CTX_get0_untrusted(store));
    if (c->leaf == NULL)
        return 0;
    X509_STORE_CTX_set_app_data(store, c);
    X509_STORE_CTX_set_verify_cb(store, cert_on_fault);
    rc = X509_verify_cert(store);
    error = X509_STORE_CTX_get_error(store);
    chain = X509_STORE_CTX_get0_chain(store);
    if (chain != NULL && sk_X509_num(chain) > 0)
        cert_keep(&c->top, sk_X509_value(chain, sk_X509_num(chain) - 1));
    /* our callback never says no: whatever ends it otherwise, or is left in the error, is a fault
     */
    if (c->faults == 0 && (rc != 1 || error != X509_V_OK)) {
        c->faults = CERT_OTHER;
        c->other_error = error != X509_V_OK ? error : X509_V_ERR_UNSPECIFIED;
    }
    return cert_judge(c, store, error);
}

int cert_check_install(struct cert_check *c, SSL_CTX *ctx, SSL *ssl, char *sni, struct err *e)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    unsigned char ip[16];
    int ip_octets = tcp_literal(c->name, ip);
    int ok;

    SSL_CTX_set_cert_verify_callback(ctx, cert_verify, c);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    X509_VERIFY_PARAM_set_time(param, (time_t)c->now_s);
    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (ip_octets > 0)
        ok = X509_VERIFY_PARAM_set1_ip(param, ip, (size_t)ip_octets);
    else
        ok = c->name[0] != '\0' && SSL_set1_host(ssl, c->name);
    if (ok && sni != NULL && tcp_literal(sni, ip) == 0) /* RFC 6066, 3: no literal addresses */
        ok = SSL_set_tlsext_host_name(ssl, sni) == 1;
    if (!ok)
        return err_set(e, ST_CONFIG, "\"%s\" cannot be the name of a TLS server", c->name);
    return 0;
}

bool cert_check_chain(struct cert_check *c, X509_STORE_CTX *store)
{
    return cert_verify(store, c) == 1;
}

void cert_check_forget(struct cert_check *c)
{
    cert_check_free(c);
    c->faults = 0;
    c->other_error = c->n_sent = 0;
    c->ran = c->accepted = false;
}

void cert_check_free(struct cert_check *c)
{
    X509_free(c->leaf);
    X509_free(c->top);
    X509_free(c->faulty_issuer);
    c->leaf = c->top = c->faulty_issuer = NULL;
}

void cert_pin_format(char out[CERT_PIN_TEXT], const unsigned char key[HASH_OCTETS])
{
    static const char scheme[] = "sha256//";

    memcpy(out, scheme, sizeof scheme);
    EVP_EncodeBlock((unsigned char *)out + sizeof scheme - 1, key, HASH_OCTETS);
}

void cert_pin_text(char out[CERT_PIN_TEXT], const X509 *x)
{
    unsigned char key[HASH_OCTETS];

    cert_key_hash(key, x);
    cert_pin_format(out, key);
}

void cert_subject_text(char *out, size_t cap, const X509 *x)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *p = NULL;
    long n;

    out[0] = '\0';
    if (bio == NULL)
        return;
    /* all but the quoting of 8-bit characters: UTF-8 stays readable, text_escape sees to the rest
     */
    X509_NAME_print_ex(bio, X509_get_subject_name(x), 0,
                       XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    n = BIO_get_mem_data(bio, &p);
    if (n > 0)
        text_escape_to(out, cap, sv_make(p, (size_t)n));
    BIO_free(bio);
}

static int64_t cert_seconds(const ASN1_TIME *t, int64_t otherwise)
{
    struct tm tm;

    if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
        return otherwise;
    return text_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                      tm.tm_sec);
}

int64_t cert_not_after(const X509 *x)
{
    return cert_seconds(X509_get0_notAfter(x), INT64_MAX);
}

int64_t cert_not_before(const X509 *x)
{
    return cert_seconds(X509_get0_notBefore(x), INT64_MIN);
}
