/* SPDX-License-Identifier: ISC */
/* One connection: buffers, TLS, deliberate slowness and cuts, the log (wire.h). */
#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void wire_sleep_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

void wire_log(struct wire *w, char kind, const void *text, size_t n)
{
    struct timespec t;
    const unsigned char *p = text;

    if (!w->log)
        return;
    clock_gettime(CLOCK_REALTIME, &t);
    fprintf(w->log, "%lld.%06ld %u %lu %c ", (long long)t.tv_sec, t.tv_nsec / 1000, w->session,
            w->flights, kind);
    for (size_t i = 0; i < n && i < 300 && p[i] != '\n'; i++) {
        if (p[i] == '\r' && (i + 1 == n || p[i + 1] == '\n'))
            break;
        if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\')
            putc(p[i], w->log);
        else
            fprintf(w->log, "\\x%02x", p[i]);
    }
    putc('\n', w->log);
}

void wire_event(struct wire *w, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    wire_log(w, '*', text, n < 0 ? 0 : (size_t)n);
    if (w->log)
        fflush(w->log);
}

bool wire_dead(const struct wire *w)
{
    return w->dead;
}

static void hang_up(struct wire *w)
{
    w->dead = true;
    if (w->fd >= 0) {
        wire_event(w, "end flights=%lu in=%llu out=%llu", w->flights,
                   (unsigned long long)w->octets_in, (unsigned long long)w->octets_out);
        close(w->fd);
    }
    w->fd = -1;
    if (w->ssl)
        SSL_free(w->ssl);
    w->ssl = NULL;
}

int wire_open(struct wire *w, int fd, SSL_CTX *ctx, const struct wire_manners *how)
{
    int yes = 1;

    w->how = *how;
    w->fd = fd;
    w->cut_at = how->cut_after;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* no 40 ms for each answer */
    w->sent = true; /* the client waits for the greeting only after our handshake messages */
    wire_event(w, "connect");
    if (how->plain)
        return 0;
    w->ssl = SSL_new(ctx);
    if (w->ssl && (how->raw_cut || how->split_seed)) {
        BIO *below = wire_raw_bio(w);

        SSL_set_bio(w->ssl, below, below);
    } else if (w->ssl) {
        SSL_set_fd(w->ssl, fd);
    }
    if (!w->ssl || SSL_accept(w->ssl) != 1) {
        unsigned long code = ERR_peek_last_error();
        const char *why = ERR_reason_error_string(code);

        wire_event(w, "tls-failed %s", why ? why : "connection closed");
        hang_up(w);
        return -1;
    }
    wire_event(w, "tls %s sni=%s", SSL_get_version(w->ssl),
               SSL_get_servername(w->ssl, TLSEXT_NAMETYPE_host_name)
                   ? SSL_get_servername(w->ssl, TLSEXT_NAMETYPE_host_name)
                   : "-");
    w->sent = false;
    return 0;
}

/* Writes all; on failure the connection is dead. */
static void send_piece(struct wire *w, const char *p, size_t n)
{
    while (n && !w->dead) {
        ssize_t k;

        if (w->ssl) {
            ERR_clear_error();
            k = SSL_write(w->ssl, p, (int)n);
        } else {
            k = send(w->fd, p, n, MSG_NOSIGNAL);
            if (k < 0 && errno == EINTR)
                continue;
        }
        if (k <= 0) {
            wire_event(w, "write failed: the client is gone");
            hang_up(w);
            return;
        }
        p += k;
        n -= (size_t)k;
        w->octets_out += (uint64_t)k;
        w->sent = true;
    }
}

static size_t piece_size(struct wire *w, size_t n)
{
    size_t max = n;

    if (w->how.split_seed)
        max = wire_random_size(w, n);
    else if (w->how.chunk > 0)
        max = (size_t)w->how.chunk;
    else if (w->how.trickle_octets > 0)
        max = (size_t)w->how.trickle_octets;
    return max < n ? max : n;
}

/* The line is cut as the script wants it. */
static void cut_line(struct wire *w, const char *which, uint64_t octets)
{
    w->cut_at = w->how.cut_in = 0;
    wire_event(w, "cut after %llu octets %s", (unsigned long long)octets, which);
    if (w->how.cut_stalls)
        wire_drain(w);
    else if (w->how.cut_by_rst)
        wire_reset(w);
    else
        wire_close(w);
}

void wire_flush(struct wire *w)
{
    const char *p = w->out;
    size_t n = w->out_n;
    bool cut = w->cut_at && w->octets_out + n >= w->cut_at;

    w->out_n = 0;
    if (cut)
        n = (size_t)(w->cut_at - w->octets_out);
    while (n && !w->dead) {
        size_t k = piece_size(w, n);

        send_piece(w, p, k);
        p += k;
        n -= k;
        if (w->how.trickle_ms && n)
            wire_sleep_ms(w->how.trickle_ms);
    }
    if (cut && !w->dead)
        cut_line(w, "sent", w->octets_out);
}

void wire_put(struct wire *w, const void *data, size_t n)
{
    const char *p = data;

    while (n && !w->dead) {
        size_t room = sizeof w->out - w->out_n;
        size_t k = n < room ? n : room;

        memcpy(w->out + w->out_n, p, k);
        w->out_n += k;
        p += k;
        n -= k;
        if (w->out_n == sizeof w->out)
            wire_flush(w);
    }
}

static bool readable_within(struct wire *w, int ms)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};

    if (w->ssl && SSL_has_pending(w->ssl))
        return true;
    return poll(&p, 1, ms) == 1;
}

/* Blocks for more input behind what there is; our answers go out first, unless the client has gone
 * on without waiting for them. False: the client is gone. */
static bool read_more(struct wire *w)
{
    size_t room;
    ssize_t k;
    bool waits;

    if (w->dead)
        return false;
    if (w->in_from) {
        memmove(w->in, w->in + w->in_from, w->in_n);
        w->in_from = 0;
    }
    if (w->in_n >= sizeof w->in - 1)
        return false;
    waits = (w->sent || w->out_n) && !readable_within(w, (int)w->how.coalesce_ms);
    if (waits) {
        wire_flush(w);
        if (w->dead)
            return false;
        w->flights++;
        w->sent = false;
    }
    if (w->how.cut_in && w->octets_in >= w->how.cut_in) {
        wire_flush(w);
        if (!w->dead)
            cut_line(w, "received", w->octets_in);
        return false;
    }
    room = sizeof w->in - 1 - w->in_n;
    if (w->how.cut_in && room > w->how.cut_in - w->octets_in)
        room = (size_t)(w->how.cut_in - w->octets_in);
    if (w->log) /* before each wait, answered or not: tests wait for what stands there */
        fflush(w->log);
    if (w->how.idle_s && !readable_within(w, (int)w->how.idle_s * 1000)) {
        wire_event(w, "idle for %ld s", w->how.idle_s);
        wire_close(w);
        return false;
    }
    do {
        ERR_clear_error();
        errno = 0;
        k = w->ssl ? SSL_read(w->ssl, w->in + w->in_n, (int)room)
                   : read(w->fd, w->in + w->in_n, room);
    } while (k < 0 && !w->ssl && errno == EINTR);
    if (k <= 0) {
        bool bye = w->ssl && SSL_get_error(w->ssl, (int)k) == SSL_ERROR_ZERO_RETURN;

        wire_event(w, "client closed%s",
                   !w->ssl ? ""
                   : bye   ? " with close_notify"
                           : " without close_notify");
        if (bye)
            wire_flush(w); /* it may still want to read */
        hang_up(w);
        return false;
    }
    if (waits && w->how.delay_ms)
        wire_sleep_ms(w->how.delay_ms);
    w->in_n += (size_t)k;
    w->octets_in += (uint64_t)k;
    return true;
}

long wire_line(struct wire *w, char **line)
{
    size_t seen = 0;

    for (;;) {
        char *start = w->in + w->in_from;
        char *lf = memchr(start + seen, '\n', w->in_n - seen);

        if (lf) {
            size_t whole = (size_t)(lf - start) + 1;
            size_t n = whole - 1;

            w->in_from += whole;
            w->in_n -= whole;
            if (n && start[n - 1] == '\r')
                n--;
            start[n] = '\0';
            *line = start;
            wire_log(w, 'C', start, n);
            return (long)n;
        }
        seen = w->in_n;
        if (!read_more(w)) {
            if (seen)
                wire_event(w, "%zu octets without a line end were left", seen);
            return -1;
        }
    }
}

bool wire_has_more(struct wire *w)
{
    return w->in_n > 0 || (!w->dead && readable_within(w, 0));
}

void wire_drop_input(struct wire *w)
{
    while (!w->dead && readable_within(w, 0)) {
        w->in_n = w->in_from = 0;
        if (!read_more(w))
            return;
    }
    w->in_n = w->in_from = 0;
}

void wire_drain(struct wire *w)
{
    do
        w->in_n = w->in_from = 0;
    while (read_more(w));
}

void wire_goodbye(struct wire *w)
{
    wire_flush(w);
    if (!w->dead && w->ssl && !w->how.no_close_notify)
        SSL_shutdown(w->ssl);
    w->how.no_close_notify = true;
}

void wire_close(struct wire *w)
{
    char waste[4096];
    struct pollfd p;

    if (w->dead)
        return;
    if (!w->cut_at || w->octets_out < w->cut_at)
        wire_flush(w);
    if (w->dead)
        return;
    wire_goodbye(w);
    wire_event(w, "server closes");
    shutdown(w->fd, SHUT_WR);
    /* closing with unread input would send RST and could take our last octets with it */
    p = (struct pollfd){.fd = w->fd, .events = POLLIN};
    while (poll(&p, 1, 1000) == 1 && read(w->fd, waste, sizeof waste) > 0)
        ;
    hang_up(w);
}

void wire_reset(struct wire *w)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (w->dead)
        return;
    wire_event(w, "server resets");
    setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    hang_up(w);
}
