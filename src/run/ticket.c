/* SPDX-License-Identifier: ISC */
/* One line that says for whom and when, then the octets of net/resume. */
#include "popkeep/run/ticket.h"

#include "popkeep/base/ascii.h"
#include "popkeep/store/cache.h"

#define TICKET_FILE "tls-session"

static void put_target(struct buf *b, const struct account *a)
{
    (void)buf_addf(b, "%s:%u/%d", a->host, a->port, (int)a->tls_min);
}

void ticket_load(struct buf *out, int dir_fd, const struct account *a, int64_t now)
{
    struct buf file = BUF_INIT(TICKET_MAX), target = BUF_INIT(1024);
    struct sv rest, line;
    uint64_t when = 0;

    cache_get(dir_fd, TICKET_FILE, &file);
    rest = buf_sv(&file);
    line = sv_token(&rest, '\n');
    put_target(&target, a);
    if (sv_eq(sv_token(&line, ' '), buf_sv(&target)) && ascii_u64(line, INT64_MAX, &when) == 0 &&
        (int64_t)when <= now && now - (int64_t)when < TICKET_AGE_S)
        (void)buf_add_secret(out, rest.p, rest.n);
    buf_wipe(&file);
    buf_free(&target);
}

void ticket_save(int dir_fd, const struct account *a, int64_t now, struct sv session)
{
    struct buf file = BUF_INIT(TICKET_MAX);

    put_target(&file, a);
    (void)buf_addf(&file, " %lld\n", (long long)now);
    if (session.n > 0 && buf_add_secret(&file, session.p, session.n) == 0)
        cache_put(dir_fd, TICKET_FILE, buf_sv(&file));
    buf_wipe(&file);
}
