/* SPDX-License-Identifier: ISC */
/* Below TLS: its octets go out in random segments, or end in the middle of a record (wire.h). */
#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <sys/socket.h>
#include <unistd.h>

/* xorshift64*: the same sizes for the same seed, everywhere. */
static uint64_t next_random(struct wire *w)
{
    if (!w->random)
        w->random = w->how.split_seed * 0x9e3779b97f4a7c15 + 1;
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return w->random * 0x2545f4914f6cdd1d;
}

size_t wire_random_size(struct wire *w, size_t max)
{
    static const size_t limits[] = {1, 3, 20, 200, 1500, 16384};
    size_t limit = limits[(next_random(w) >> 33) % (sizeof limits / sizeof *limits)];

    limit = limit < max ? limit : max;
    return limit < 2 ? 1 : 1 + (size_t)((next_random(w) >> 33) % limit);
}

static int send_whole(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

void wire_put_raw(struct wire *w, const void *p, size_t n)
{
    wire_flush(w);
    if (!w->dead && send_whole(w->fd, p, n) < 0)
        wire_event(w, "write failed: the client is gone");
}

static void cut_below(struct wire *w)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    wire_event(w, "cut after %llu octets of TLS", (unsigned long long)w->raw_out);
    if (w->how.cut_by_rst) { /* closed by dup2: the descriptor's number stays ours */
        int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        dup2(other, w->fd);
        close(other);
    } else {
        shutdown(w->fd, SHUT_WR);
    }
}

static int raw_write(BIO *b, const char *p, int n)
{
    struct wire *w = BIO_get_data(b);
    size_t left = (size_t)n;

    while (left) {
        size_t k = w->how.split_seed ? wire_random_size(w, left) : left;

        if (w->how.raw_cut && w->raw_out + k > w->how.raw_cut)
            k = (size_t)(w->how.raw_cut - w->raw_out);
        if (k && send_whole(w->fd, p, k) < 0)
            return -1;
        p += k;
        left -= k;
        w->raw_out += k;
        if (w->how.raw_cut && w->raw_out >= w->how.raw_cut) {
            cut_below(w);
            return -1;
        }
    }
    return n;
}

static int raw_read(BIO *b, char *p, int n)
{
    struct wire *w = BIO_get_data(b);
    ssize_t k;

    do
        k = read(w->fd, p, (size_t)n);
    while (k < 0 && errno == EINTR);
    return (int)k;
}

static long raw_ctrl(BIO *b, int what, long number, void *p)
{
    (void)b;
    (void)number;
    (void)p;
    return what == BIO_CTRL_FLUSH;
}

BIO *wire_raw_bio(struct wire *w)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "raw");
    BIO *b;

    BIO_meth_set_write(method, raw_write);
    BIO_meth_set_read(method, raw_read);
    BIO_meth_set_ctrl(method, raw_ctrl);
    b = BIO_new(method);
    BIO_set_data(b, w);
    BIO_set_init(b, 1);
    return b;
}
