/* SPDX-License-Identifier: ISC */
/* Keeping a TLS session for the next run. Form: blocks of a 4-octet length (big endian) and DER:
 * the session, then each certificate. */
#include "popkeep/net/resume.h"

#include <openssl/err.h>

static int put_block(struct buf *out, const unsigned char *der, int n)
{
    unsigned char head[4] = {(unsigned char)((unsigned)n >> 24), (unsigned char)((unsigned)n >> 16),
                             (unsigned char)((unsigned)n >> 8), (unsigned char)n};

    if (der == NULL || n <= 0 || n > RESUME_MAX)
        return -1;
    if (buf_add_secret(out, head, sizeof head) < 0)
        return -1;
    return buf_add_secret(out, der, (size_t)n);
}

/* The next block off the front; an empty one at the end or when the length makes no sense. */
static struct sv take_block(struct sv *rest)
{
    const unsigned char *p = (const unsigned char *)rest->p;
    struct sv block = SV_NULL;
    size_t n;

    if (rest->n < 4)
        return block;
    n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | (size_t)p[3];
    if (n == 0 || n > rest->n - 4)
        return block;
    block = sv_make(rest->p + 4, n);
    *rest = sv_from(*rest, 4 + n);
    return block;
}

static SSL_SESSION *take_session(struct sv *rest)
{
    struct sv block = take_block(rest);
    const unsigned char *p = (const unsigned char *)block.p;

    return block.n == 0 ? NULL : d2i_SSL_SESSION(NULL, &p, (long)block.n);
}

static STACK_OF(X509) * take_chain(struct sv *rest)
{
    STACK_OF(X509) *chain = sk_X509_new_null();

    while (chain != NULL && rest->n > 0 && sk_X509_num(chain) < RESUME_CERTS) {
        struct sv block = take_block(rest);
        const unsigned char *p = (const unsigned char *)block.p;
        X509 *x = block.n == 0 ? NULL : d2i_X509(NULL, &p, (long)block.n);

        if (x == NULL || sk_X509_push(chain, x) <= 0) {
            X509_free(x);
            sk_X509_pop_free(chain, X509_free);
            return NULL;
        }
    }
    return chain;
}

/* The same judgement as in a handshake, on the kept certificates. */
static bool still_good(SSL *ssl, SSL_CTX *ctx, STACK_OF(X509) * chain, struct cert_check *check)
{
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    bool ok = false;

    if (store != NULL &&
        X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(ctx), sk_X509_value(chain, 0), chain) ==
            1 &&
        X509_STORE_CTX_set_default(store, "ssl_server") == 1 &&
        X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(store), SSL_get0_param(ssl)) == 1)
        ok = cert_check_chain(check, store) && check->accepted;
    X509_STORE_CTX_free(store);
    return ok;
}

static bool belongs_together(SSL_SESSION *session, STACK_OF(X509) * chain)
{
    X509 *peer = SSL_SESSION_get0_peer(session);

    return peer != NULL && sk_X509_num(chain) > 0 && X509_cmp(peer, sk_X509_value(chain, 0)) == 0 &&
           SSL_SESSION_is_resumable(session);
}

void resume_offer(SSL *ssl, SSL_CTX *ctx, struct sv kept, struct cert_check *check,
                  STACK_OF(X509) * *chain)
{
    SSL_SESSION *session = take_session(&kept);
    STACK_OF(X509) *certs = session == NULL ? NULL : take_chain(&kept);

    *chain = NULL;
    if (certs != NULL && belongs_together(session, certs) && still_good(ssl, ctx, certs, check) &&
        SSL_set_session(ssl, session) == 1) {
        *chain = certs;
    } else {
        cert_check_forget(check);
        sk_X509_pop_free(certs, X509_free);
    }
    SSL_SESSION_free(session);
    ERR_clear_error();
}

int resume_keep(struct buf *out, SSL *ssl, const STACK_OF(X509) * chain)
{
    SSL_SESSION *session = SSL_get1_session(ssl);
    unsigned char *der = NULL;
    int rc = -1, n;

    if (session == NULL || chain == NULL || !SSL_SESSION_is_resumable(session))
        goto out;
    n = i2d_SSL_SESSION(session, &der);
    rc = put_block(out, der, n);
    OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
    for (int i = 0; rc == 0 && i < sk_X509_num(chain) && i < RESUME_CERTS; i++) {
        der = NULL;
        n = i2d_X509(sk_X509_value(chain, i), &der);
        rc = put_block(out, der, n);
        OPENSSL_free(der);
    }
out:
    SSL_SESSION_free(session);
    return rc;
}
