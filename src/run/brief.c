/* SPDX-License-Identifier: ISC */
/* The journal's stamp, the counts, and a group of records that a journal might hold. */
#include "popkeep/run/brief.h"

#include "popkeep/base/ascii.h"
#include "popkeep/store/cache.h"
#include "popkeep/sys/clock.h"

enum { BRIEF_MAX = 1024 * 1024, STAMP_MAX = 256 };

void brief_count(struct brief *b, const struct ledger *l)
{
    *b = (struct brief){.intents = (int64_t)ledger_count_state(l, LEDGER_INTENT)};
    for (uint32_t i = 0; i < ledger_count(l); i++) {
        const struct ledger_entry *en = ledger_entry(l, i);
        if (!ledger_has_file(en))
            continue;
        b->stored++;
        b->stored_octets =
            event_plus(b->stored_octets, (int64_t)(en->file_octets & (uint64_t)INT64_MAX));
    }
}

static int add_record(void *ctx, const struct record *r, bool to_archive, struct err *e)
{
    (void)to_archive;
    (void)e;
    group_add(ctx, r);
    return 0;
}

void brief_save(const struct book *b)
{
    struct buf file = BUF_INIT(BRIEF_MAX);
    struct err ignored = ERR_INIT;
    struct brief n;
    struct group g;

    if (journal_pending(b->journal) > 0) { /* writing failed: the ledger is ahead of its journal */
        cache_drop(b->dir_fd, BRIEF_FILE);
        return;
    }
    group_init(&g);
    brief_count(&n, b->ledger);
    cache_stamp(&file, b->dir_fd, "journal");
    (void)buf_addf(&file, "\n%lld %lld %lld\n", (long long)n.stored, (long long)n.stored_octets,
                   (long long)n.intents);
    if (ledger_brief(b->ledger, clock_wall_s(), add_record, &g, &ignored) == 0) {
        group_end(&g);
        if (buf_add_sv(&file, buf_sv(&g.text)) == 0)
            cache_put(b->dir_fd, BRIEF_FILE, buf_sv(&file));
    }
    group_free(&g);
    buf_free(&file);
}

static bool take(struct sv *line, int64_t *n)
{
    uint64_t value;

    if (ascii_u64(sv_token(line, ' '), INT64_MAX, &value) < 0)
        return false;
    *n = (int64_t)value;
    return true;
}

static int apply(void *ledger, const struct record *r, struct err *e)
{
    return ledger_apply(ledger, r, false, e);
}

/* The stamp is taken before the file is read: a run that ends in between makes it another one. */
bool brief_load(struct brief *b, struct ledger *l, int dir_fd)
{
    struct buf stamp = BUF_INIT(STAMP_MAX), file = BUF_INIT(BRIEF_MAX);
    struct err ignored = ERR_INIT;
    struct sv rest, line;
    size_t good = 0;
    bool ok;

    cache_stamp(&stamp, dir_fd, "journal");
    cache_get(dir_fd, BRIEF_FILE, &file);
    rest = buf_sv(&file);
    line = sv_token(&rest, '\n');
    ok = stamp.n > 0 && sv_eq(line, buf_sv(&stamp));
    line = sv_token(&rest, '\n');
    ok = ok && take(&line, &b->stored) && take(&line, &b->stored_octets) &&
         take(&line, &b->intents) && record_scan(rest, apply, l, &good, &ignored) == 0 &&
         good == rest.n && good > 0;
    buf_free(&stamp);
    buf_wipe(&file);
    return ok;
}
