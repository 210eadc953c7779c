/* SPDX-License-Identifier: ISC */
/* The TLS context, the handshake, and what its failures mean. */
#include "popkeep/net/tls.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/net/cert_report.h"
#include "popkeep/net/guess.h"
#include "popkeep/net/resume.h"
#include "popkeep/net/tcp.h"
#include "popkeep/net/wait.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* One read(2) fetches up to four TLS records: fewer system calls on a fast line. */
enum { TLS_READ_BUFFER = 4 * 16704, TLS_SECURITY_LEVEL = 2, TLS_BANNER_MS = 1000 };

/* What tls_prepare has loaded: parsing the authorities of a usual system takes longer than all else
 * in a short session. Set before any worker is forked, never changed after. */
static struct {
    X509_STORE *store;
    char *ca_file; /* null: the system's */
} tls_shared;

static bool tls_is_shared(const char *ca_file)
{
    if (tls_shared.store == NULL || ca_file == NULL || tls_shared.ca_file == NULL)
        return tls_shared.store != NULL && ca_file == tls_shared.ca_file;
    return strcmp(ca_file, tls_shared.ca_file) == 0;
}

static int tls_load_ca_file(SSL_CTX *ctx, const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    unsigned long why;

    if (fd < 0)
        return err_sys(e, ST_CONFIG, errno, "cannot open tls_ca_file %s", path);
    close(fd);
    ERR_clear_error();
    if (SSL_CTX_load_verify_file(ctx, path) != 1) {
        why = ERR_peek_error();
        if (ERR_SYSTEM_ERROR(why)) /* it could not be read: that says nothing of what it holds */
            return err_sys(e, err_status_of(ERR_GET_REASON(why), ST_CONFIG), ERR_GET_REASON(why),
                           "cannot read tls_ca_file %s", path);
        err_set(e, ST_CONFIG, "tls_ca_file %s holds no certificate that can be read (%s)", path,
                tls_reason(ERR_peek_last_error()));
        return err_advise(e, "it must be in PEM form: -----BEGIN CERTIFICATE-----");
    }
    /* what the user put into the file is trusted by itself, be it an intermediate or a server's */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
    return 0;
}

int tls_context(SSL_CTX **out, const struct conn_target *t, struct err *e)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    *out = NULL;
    if (ctx == NULL ||
        SSL_CTX_set_min_proto_version(ctx, t->tls_1_3_only ? TLS1_3_VERSION : TLS1_2_VERSION) !=
            1 ||
        SSL_CTX_set_max_proto_version(ctx, 0) != 1) {
        SSL_CTX_free(ctx);
        return err_set(e, ST_SOFTWARE, "OpenSSL cannot set up TLS (%s)",
                       tls_reason(ERR_peek_last_error()));
    }
    SSL_CTX_set_security_level(ctx, TLS_SECURITY_LEVEL);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx,
                                   SSL_SESS_CACHE_OFF); /* kept by resume.c, not by the context */
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, TLS_READ_BUFFER);
    if (tls_is_shared(t->tls_ca_file)) {
        SSL_CTX_set1_cert_store(ctx, tls_shared.store);
        if (t->tls_ca_file != NULL)
            X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
    } else if (t->tls_ca_file == NULL) {
        (void)SSL_CTX_set_default_verify_paths(ctx); /* an empty store refuses every server */
    } else if (tls_load_ca_file(ctx, t->tls_ca_file, e) != 0) {
        SSL_CTX_free(ctx);
        return -1;
    }
    *out = ctx;
    return 0;
}

void tls_prepare(const char *ca_file)
{
    struct conn_target target = {.tls_ca_file = ca_file};
    struct err ignored = ERR_INIT;
    SSL_CTX *ctx;
    SSL *ssl;

    if (tls_shared.store != NULL || tls_context(&ctx, &target, &ignored) != 0) {
        ERR_clear_error(); /* no worker is to find the trace of it and take it for its own */
        return;
    }
    tls_shared.store = SSL_CTX_get_cert_store(ctx);
    X509_STORE_up_ref(tls_shared.store);
    tls_shared.ca_file = ca_file == NULL ? NULL : mem_strdup(ca_file);
    ssl = SSL_new(ctx); /* the algorithms it looks up stay known */
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    ERR_clear_error();
}

const char *tls_reason(unsigned long code)
{
    const char *s = ERR_reason_error_string(code);

    return s != NULL ? s : tr("no reason given");
}

/* What ends a handshake, by OpenSSL's reason. */
enum tls_end { TLS_NOTHING_COMMON, TLS_NAME_REFUSED, TLS_CLIENT_CERT, TLS_SERVER_FAULT };

static const struct {
    int reason;
    enum tls_end end;
} tls_ends[] = {
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, TLS_NOTHING_COMMON},
    {SSL_R_UNSUPPORTED_PROTOCOL, TLS_NOTHING_COMMON},
    {SSL_R_WRONG_SSL_VERSION, TLS_NOTHING_COMMON},
    {SSL_R_WRONG_VERSION_NUMBER, TLS_NOTHING_COMMON},
    {SSL_R_INAPPROPRIATE_FALLBACK, TLS_NOTHING_COMMON},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, TLS_NOTHING_COMMON},
    {SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY, TLS_NOTHING_COMMON},
    {SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER, TLS_NOTHING_COMMON},
    {SSL_R_NO_CIPHERS_AVAILABLE, TLS_NOTHING_COMMON},
    {SSL_R_UNKNOWN_CIPHER_RETURNED, TLS_NOTHING_COMMON},
    {SSL_R_WRONG_CIPHER_RETURNED, TLS_NOTHING_COMMON},
    {SSL_R_DH_KEY_TOO_SMALL, TLS_NOTHING_COMMON},
    {SSL_R_WRONG_CURVE, TLS_NOTHING_COMMON},
    {SSL_R_WRONG_SIGNATURE_TYPE, TLS_NOTHING_COMMON},
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, TLS_NOTHING_COMMON},
    {SSL_R_TLSV1_UNRECOGNIZED_NAME, TLS_NAME_REFUSED},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, TLS_CLIENT_CERT},
    {SSL_R_TLSV1_ALERT_INTERNAL_ERROR, TLS_SERVER_FAULT},
};

static int tls_explain(unsigned long code, const struct conn_target *t, const char *where,
                       struct err *e)
{
    int reason = ERR_GET_REASON(code);

    for (size_t i = 0; i < sizeof tls_ends / sizeof tls_ends[0]; i++) {
        if (tls_ends[i].reason != reason)
            continue;
        switch (tls_ends[i].end) {
        case TLS_NOTHING_COMMON:
            err_set(e, ST_UNAVAILABLE,
                    "%s has no TLS version or cipher in common with popkeep (%s)", where,
                    tls_reason(code));
            if (t->tls_1_3_only)
                return err_advise(e, "popkeep needs TLS 1.3, as tls_min says; without tls_min it "
                                     "takes 1.2 too");
            return err_advise(e, "popkeep needs TLS 1.2 or newer, as RFC 8996 demands since 2021; "
                                 "the server's operator has to switch that on, there is no other "
                                 "way");
        case TLS_NAME_REFUSED:
            err_set(e, ST_UNAVAILABLE, "%s does not know itself by that name (TLS alert \"%s\")",
                    where, tls_reason(code));
            return err_advise(e, "is host (or tls_name) the name that the provider gives?");
        case TLS_CLIENT_CERT:
            return err_set(e, ST_UNAVAILABLE,
                           "%s demands a client certificate, which popkeep has not", where);
        case TLS_SERVER_FAULT:
            return err_set(e, ST_TEMP, "%s ended the TLS handshake: a fault at its side (%s)",
                           where, tls_reason(code));
        }
    }
    return err_set(e, ST_UNAVAILABLE, "the TLS handshake with %s failed: %s", where,
                   tls_reason(code));
}

/* The first octets that came: OpenSSL keeps them to itself. */
struct tls_first {
    char p[GUESS_OCTETS];
    size_t n;
};

static long tls_on_read(BIO *bio, int oper, const char *argp, size_t len, int argi, long argl,
                        int rc, size_t *processed)
{
    struct tls_first *f = (void *)BIO_get_callback_arg(bio);

    (void)len;
    (void)argi;
    (void)argl;
    if (oper == (BIO_CB_READ | BIO_CB_RETURN) && rc > 0 && f->n < sizeof f->p) {
        size_t n = *processed < sizeof f->p - f->n ? *processed : sizeof f->p - f->n;

        memcpy(f->p + f->n, argp, n);
        f->n += n;
    }
    return rc;
}

/* No TLS comes: take the rest of the line, for a second at most. */
static int tls_not_tls(struct tls_first *f, int fd, int64_t deadline, const struct conn_target *t,
                       struct err *e)
{
    if (deadline > wait_now_ms() + TLS_BANNER_MS)
        deadline = wait_now_ms() + TLS_BANNER_MS;
    while (f->n < sizeof f->p && memchr(f->p, '\n', f->n) == NULL &&
           wait_for(fd, POLLIN, deadline) == WAIT_READY) {
        ssize_t k = recv(fd, f->p + f->n, sizeof f->p - f->n, 0);

        if (k > 0)
            f->n += (size_t)k;
        else if (k == 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    return guess_explain(sv_make(f->p, f->n), t->host, t->port, e);
}

static int tls_wait(int fd, int want, int64_t deadline, const struct conn_target *t,
                    const char *where, struct err *e)
{
    switch (wait_for(fd, want == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN, deadline)) {
    case WAIT_INTERRUPTED:
        return err_set(e, ST_TEMP, "interrupted during the TLS handshake with %s", where);
    case WAIT_TIMEOUT:
        err_set(e, ST_TEMP, "%s did not complete the TLS handshake within %d s", where,
                (t->handshake_ms + 999) / 1000);
        return err_cut(e);
    case WAIT_READY:
        break;
    }
    return 0;
}

static int tls_failed(SSL *ssl, int want, int errnum, const struct conn_target *t,
                      const char *where, const struct cert_check *check, struct err *e)
{
    unsigned long code = ERR_peek_error(); /* the first in the queue is the cause */

    if (check->ran && !check->accepted)
        return cert_report(check, where, e);
    if (want == SSL_ERROR_SSL && code != 0 &&
        ERR_GET_REASON(code) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return tls_explain(code, t, where, e);
    if (errnum != 0 && want == SSL_ERROR_SYSCALL) {
        err_sys(e, ST_TEMP, errnum, "%s broke the connection during the TLS handshake", where);
    } else {
        err_set(e, ST_TEMP, "%s closed the connection during the TLS handshake", where);
    }
    (void)err_cut(e);
    if (BIO_number_read(SSL_get_rbio(ssl)) == 0)
        err_advise(e,
                   "if this stays so, the server is perhaps no TLS server: is port %u right? POP3 "
                   "over TLS is mostly at 995",
                   t->port);
    return -1;
}

static int tls_run(SSL *ssl, int fd, const struct conn_target *t, const char *where,
                   const struct cert_check *check, struct err *e)
{
    int64_t deadline = wait_now_ms() + t->handshake_ms;
    struct tls_first first = {.n = 0};
    int rc = 1;

    BIO_set_callback_ex(SSL_get_rbio(ssl), tls_on_read);
    BIO_set_callback_arg(SSL_get_rbio(ssl), (void *)&first);
    while (rc > 0) {
        int done, want;

        ERR_clear_error();
        errno = 0;
        done = SSL_connect(ssl);
        if (done == 1) {
            rc = 0;
            break;
        }
        want = SSL_get_error(ssl, done);
        if (first.n > 0 && !guess_is_tls(first.p[0]))
            rc = tls_not_tls(&first, fd, deadline, t, e);
        else if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE)
            rc = tls_failed(ssl, want, errno, t, where, check, e);
        else if (tls_wait(fd, want, deadline, t, where, e) != 0)
            rc = -1;
    }
    BIO_set_callback_ex(SSL_get_rbio(ssl), NULL);
    BIO_set_callback_arg(SSL_get_rbio(ssl), NULL);
    return rc;
}

static int tls_offer_and_run(SSL *ssl, SSL_CTX *ctx, int fd, const struct conn_target *t,
                             const char *where, struct cert_check *check, STACK_OF(X509) * *chain,
                             struct err *e)
{
    if (t->kept.n > 0)
        resume_offer(ssl, ctx, t->kept, check, chain);
    return tls_run(ssl, fd, t, where, check, e);
}

/* A name for SNI and the certificate is written without the dot that ends a full DNS name. */
static char *tls_plain_name(const char *name)
{
    size_t n = strlen(name);

    return mem_strndup(name, n > 1 && name[n - 1] == '.' ? n - 1 : n);
}

int tls_handshake(SSL **out, SSL_CTX *ctx, int fd, const struct conn_target *t, const char *where,
                  struct cert_check *check, STACK_OF(X509) * *chain, struct err *e)
{
    char *name = tls_plain_name(t->tls_name != NULL ? t->tls_name : t->host);
    char *host = tls_plain_name(t->host);
    unsigned char ip[16];
    SSL *ssl = SSL_new(ctx);
    int rc = -1;

    *chain = NULL;
    check->name = name;
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        err_set(e, ST_SOFTWARE, "OpenSSL cannot set up a connection");
    /* tls_name is the name the server's certificate is known to be for: ask for that certificate */
    else if (cert_check_install(check, ctx, ssl, tcp_literal(name, ip) > 0 ? host : name, e) == 0)
        rc = tls_offer_and_run(ssl, ctx, fd, t, where, check, chain, e);
    if (rc == 0 && (!check->ran || !check->accepted || SSL_get_verify_result(ssl) != X509_V_OK))
        rc = err_set(e, ST_CERT, "%s was not verified", where);
    check->name = NULL;
    free(name);
    free(host);
    if (rc != 0) {
        sk_X509_pop_free(*chain, X509_free);
        *chain = NULL;
        SSL_free(ssl);
        return -1;
    }
    if (SSL_session_reused(ssl) != 1) {
        sk_X509_pop_free(*chain, X509_free);
        *chain = X509_chain_up_ref(SSL_get_peer_cert_chain(ssl));
    }
    *out = ssl;
    return 0;
}
