/* SPDX-License-Identifier: ISC */
/* The stream: opening by one address after the other, and full-duplex exchange on one thread. */
#include "popkeep/net/conn.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/net/cert.h"
#include "popkeep/net/resume.h"
#include "popkeep/net/tcp.h"
#include "popkeep/net/tls.h"
#include "popkeep/net/wait.h"
#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Writing stops after so much to look whether there is something to read; a server that stops
 * reading until its answers are taken would block us otherwise. */
enum {
    CONN_POP3S = 995,
    CONN_WRITE_SLICE = 65536,
    CONN_ADDRESSES = 16,
    CONN_NOTES = 6,
    CONN_WHERE_MAX = 400
};

struct conn {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
    struct cert_check check;
    STACK_OF(X509) * chain; /* as the server showed it */
    struct conn_info info;
    uint64_t sent;
    uint64_t received;
    bool eof;
    short read_waits;  /* what the last SSL_read and SSL_write asked to wait for: poll(2) events; */
    short write_waits; /* TLS may have to write to read on and the other way round */
    bool write_broken; /* nothing can be sent any more; what came may still be read */
    bool broken;       /* *error says why */
    struct err error;
};

/* --- opening --- */

static void conn_fill_info(struct conn *c)
{
    const X509 *leaf = c->check.leaf;

    (void)snprintf(c->info.tls_version, sizeof c->info.tls_version, "%s", SSL_get_version(c->ssl));
    (void)snprintf(c->info.cipher, sizeof c->info.cipher, "%s", SSL_get_cipher_name(c->ssl));
    cert_pin_text(c->info.pin, leaf);
    cert_subject_text(c->info.subject, sizeof c->info.subject, leaf);
    c->info.not_after = cert_not_after(leaf);
    c->info.resumed = SSL_session_reused(c->ssl) == 1;
}

static void conn_shown_host(char *out, size_t cap, const struct conn_target *t)
{
    text_escape_to(out, cap, sv_of(t->host));
}

/* One address: TCP, then TLS. On failure nothing of it stays open. */
static int conn_try(struct conn *c, const struct conn_target *t, const struct addrinfo *a,
                    int64_t now_s, bool *reached, struct err *e)
{
    char where[CONN_WHERE_MAX], host[280];

    *reached = false;
    tcp_address_text(c->info.address, a);
    c->fd = tcp_connect(a, t->connect_ms, e);
    if (c->fd < 0)
        return -1;
    *reached = true;
    conn_shown_host(host, sizeof host, t);
    (void)snprintf(where, sizeof where, tr("%s port %u (%s)"), host, t->port, c->info.address);
    c->check = (struct cert_check){
        .pins = t->pins, .n_pins = t->n_pins, .ca_file = t->tls_ca_file, .now_s = now_s};
    if (tls_handshake(&c->ssl, c->ctx, c->fd, t, where, &c->check, &c->chain, e) != 0) {
        cert_check_free(&c->check);
        close(c->fd);
        c->fd = -1;
        return -1;
    }
    conn_fill_info(c);
    cert_check_free(&c->check);
    return 0;
}

/* Why each address failed, gathered into one error. */
struct conn_notes {
    struct buf text;
    unsigned n;
    unsigned refused;
    bool line_cut;
    struct err last;
};

static void conn_note(struct conn_notes *n, const struct err *e)
{
    struct sv first = sv_of(e->text); /* it begins with the address; advice is left out */

    n->last = *e;
    n->line_cut = n->line_cut || e->line_cut;
    if (e->sys_errno == ECONNREFUSED)
        n->refused++;
    if (n->n++ >= CONN_NOTES)
        return;
    if (n->n > 1)
        (void)buf_add_c(&n->text, "; ");
    (void)buf_add_sv(&n->text, sv_token(&first, '\n'));
}

static int conn_all_failed(const struct conn_notes *n, const struct conn_target *t, struct err *e)
{
    char host[280];

    conn_shown_host(host, sizeof host, t);
    err_set(e, ST_TEMP, "cannot connect to %s port %u (%s%s)", host, t->port,
            n->text.p != NULL ? n->text.p : tr("no address"), n->n > CONN_NOTES ? "; ..." : "");
    e->sys_errno = n->last.sys_errno;
    e->line_cut = n->line_cut;
    if (n->n > 0 && n->refused == n->n && t->port == CONN_POP3S)
        err_advise(e, "nothing listens there now: is the host right?");
    else if (n->n > 0 && n->refused == n->n)
        err_advise(e, "nothing listens there now: is port %u right? POP3 over TLS is mostly at 995",
                   t->port);
    return -1;
}

/* Whether another address may do better: a certificate or a kind of server that is wrong at one of
 * them is for the user to know, not to be tried around. */
static bool conn_may_go_on(const struct err *e)
{
    return e->status == ST_TEMP && !wait_interrupted();
}

static int conn_try_all(struct conn *c, const struct conn_target *t, const struct addrinfo *list,
                        int64_t now_s, struct err *e)
{
    struct conn_notes notes = {.text = BUF_INIT(2048)};
    struct err one = ERR_INIT;
    int rc = -1, tried = 0;
    bool reached = false;

    for (const struct addrinfo *a = list; a != NULL && tried < CONN_ADDRESSES; a = a->ai_next) {
        tried++;
        err_clear(&one);
        rc = conn_try(c, t, a, now_s, &reached, &one);
        if (rc == 0 || !conn_may_go_on(&one))
            break;
        conn_note(&notes, &one);
    }
    if (t->at_tls != NULL)
        *t->at_tls = rc != 0 && reached;
    if (rc != 0 && tried > 0 && (!conn_may_go_on(&one) || (tried == 1 && reached)))
        *e = one;
    else if (rc != 0)
        conn_all_failed(&notes, t, e);
    buf_free(&notes.text);
    return rc;
}

void conn_prepare(const char *tls_ca_file)
{
    tls_prepare(tls_ca_file);
}

int conn_open(struct conn **out, const struct conn_target *t, int64_t now_s, struct err *e)
{
    struct conn *c = mem_zalloc(1, sizeof *c);
    struct addrinfo *list = NULL;
    int rc = -1;

    *out = NULL;
    c->fd = -1;
    if (wait_interrupted()) {
        err_set(e, ST_TEMP, "interrupted");
        goto out;
    }
    if (tls_context(&c->ctx, t, e) != 0 || tcp_resolve(&list, t->host, t->port, e) != 0)
        goto out;
    rc = conn_try_all(c, t, list, now_s, e);
out:
    if (list != NULL)
        freeaddrinfo(list);
    if (rc != 0) {
        SSL_CTX_free(c->ctx);
        free(c);
        return -1;
    }
    *out = c;
    return 0;
}

const struct conn_info *conn_info(const struct conn *c)
{
    return &c->info;
}

/* --- exchange --- */

static short conn_events(int want)
{
    if (want == SSL_ERROR_WANT_READ)
        return POLLIN;
    return want == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
}

static int conn_break(struct conn *c, int want, int errnum)
{
    unsigned long code = ERR_peek_error();

    c->broken = true;
    /* RFC 8446 4.4.2.4: in TLS 1.3 this comes only after the client's side of the handshake */
    if (want == SSL_ERROR_SSL && ERR_GET_REASON(code) == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED)
        return err_set(&c->error, ST_UNAVAILABLE,
                       "%s demands a client certificate, which popkeep has not", c->info.address);
    if (want == SSL_ERROR_SSL)
        err_set(&c->error, ST_TEMP, "the TLS connection to %s broke: %s", c->info.address,
                tls_reason(code));
    else if (errnum != 0)
        err_sys(&c->error, ST_TEMP, errnum, "the connection to %s broke", c->info.address);
    else
        err_set(&c->error, ST_TEMP, "the connection to %s broke", c->info.address);
    c->error.line_cut = true;
    return -1;
}

/* Send what goes now; true if anything went. */
static bool conn_write_some(struct conn *c, struct buf *out)
{
    size_t done = 0;

    c->write_waits = 0;
    while (!c->write_broken && done < out->n && done < CONN_WRITE_SLICE) {
        size_t n = 0;
        int rc, want;

        ERR_clear_error();
        rc = SSL_write_ex(c->ssl, out->p + done, out->n - done, &n);
        if (rc == 1) {
            done += n;
            continue;
        }
        want = SSL_get_error(c->ssl, rc);
        c->write_waits = conn_events(want);
        if (c->write_waits != 0)
            break;
        /* "-ERR too many connections" and a close may have come together: read it first */
        c->write_broken = true;
    }
    c->sent += done;
    if (done > 0)
        buf_drop_front(out, done);
    return done > 0;
}

/* Take what has come, up to `cap`. Sets eof or broken at the end of the stream. */
static size_t conn_read_some(struct conn *c, char *in, size_t cap)
{
    size_t got = 0;

    while (got < cap && !c->eof && !c->broken) {
        size_t n = 0;
        int rc, want;

        ERR_clear_error();
        errno = 0;
        rc = SSL_read_ex(c->ssl, in + got, cap - got, &n);
        if (rc == 1) {
            got += n;
            if (SSL_has_pending(c->ssl) == 0)
                break; /* nothing read ahead: the next call would only hear EAGAIN */
            continue;
        }
        want = SSL_get_error(c->ssl, rc);
        c->read_waits = conn_events(want);
        if (c->read_waits != 0)
            break;
        if (want == SSL_ERROR_ZERO_RETURN || (want == SSL_ERROR_SYSCALL && errno == 0))
            c->eof = true;
        else
            conn_break(c, want, errno);
    }
    c->received += got;
    return got;
}

/* What there is to report without waiting; CONN_TIMEOUT: nothing. */
static enum conn_result conn_step(struct conn *c, struct buf *out, char *in, size_t cap,
                                  size_t *got, bool *moved, struct err *e)
{
    *moved = conn_write_some(c, out);
    *got = conn_read_some(c, in, cap);
    if (*got > 0)
        return CONN_READ;
    if (c->eof)
        return CONN_EOF;
    if (c->broken) {
        *e = c->error;
        return CONN_ERROR;
    }
    if (c->write_broken && out->n > 0) {
        err_set(e, ST_TEMP, "the connection to %s broke while sending", c->info.address);
        e->line_cut = true;
        return CONN_ERROR;
    }
    return CONN_TIMEOUT;
}

enum conn_result conn_exchange(struct conn *c, struct buf *out, char *in, size_t cap, size_t *got,
                               int timeout_ms, bool return_when_sent, struct err *e)
{
    int64_t deadline = wait_now_ms() + timeout_ms;

    *got = 0;
    if (wait_interrupted())
        return CONN_INTERRUPTED;
    for (;;) {
        bool moved;
        enum conn_result r = conn_step(c, out, in, cap, got, &moved, e);
        short events;

        if (r != CONN_TIMEOUT)
            return r;
        if (return_when_sent && out->n == 0)
            return CONN_SENT;
        if (moved)
            deadline = wait_now_ms() + timeout_ms;
        /* a write that stopped at its slice waits for nothing but its turn */
        events = c->read_waits;
        if (out->n > 0)
            events |= c->write_waits != 0 ? c->write_waits : POLLOUT;
        switch (wait_for(c->fd, events, deadline)) {
        case WAIT_INTERRUPTED:
            return CONN_INTERRUPTED;
        case WAIT_TIMEOUT:
            return CONN_TIMEOUT;
        case WAIT_READY:
            break;
        }
    }
}

void conn_set_interrupt(const volatile int *flag)
{
    wait_set_interrupt(flag);
}

void conn_counts(const struct conn *c, uint64_t *sent, uint64_t *received)
{
    *sent = c->sent;
    *received = c->received;
}

int conn_keep(const struct conn *c, struct buf *out)
{
    return resume_keep(out, c->ssl, c->chain);
}

void conn_close(struct conn *c, bool clean)
{
    if (c == NULL)
        return;
    if (clean && !c->broken && !c->write_broken) {
        ERR_clear_error();
        (void)SSL_shutdown(c->ssl); /* sends close_notify; the answer is not waited for */
    }
    sk_X509_pop_free(c->chain, X509_free);
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    if (c->fd >= 0)
        close(c->fd);
    ERR_clear_error();
    free(c);
}
