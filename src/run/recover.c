/* SPDX-License-Identifier: ISC */
/*
 * Recovery. The journal was synced when it was opened, so each intent read here is on the disk; its
 * file was synced before the intent was, so whatever has its name is whole unless something else
 * spoiled it (hence the hash).
 */
#include "popkeep/run/recover.h"

#include "popkeep/base/mem.h"
#include "popkeep/sys/clock.h"

struct recovery {
    uint32_t *publish; /* found in tmp/: to be named */
    size_t n_publish;
    uint32_t *stored; /* durable when new/ is synced */
    size_t n_stored;
    uint32_t *lost;
    size_t n_lost;
};

static int sort_intent(struct recovery *r, uint32_t index, const struct ledger_entry *en,
                       struct maildir *m, struct finder *f, struct err *e)
{
    bool in_tmp = false;

    switch (finder_check_and_sync(f, en->name, en->file_octets, en->file_sha, e)) {
    case FINDER_OK:
        r->stored[r->n_stored++] = index;
        return 0;
    case FINDER_ERROR:
        return -1;
    case FINDER_MISSING:
    case FINDER_CHANGED:
    default:
        break;
    }
    if (maildir_recover_tmp(m, en->name, en->file_octets, en->file_sha, &in_tmp, e) < 0)
        return -1;
    if (in_tmp)
        r->publish[r->n_publish++] = index;
    else
        r->lost[r->n_lost++] = index;
    return 0;
}

static int settle(struct recovery *r, struct book *b, struct maildir *m, struct err *e)
{
    for (size_t i = 0; i < r->n_publish; i++) {
        if (maildir_publish(m, ledger_entry(b->ledger, r->publish[i])->name, e) < 0)
            return -1;
        r->stored[r->n_stored++] = r->publish[i];
    }
    if (maildir_sync_new(m, e) < 0)
        return -1;
    for (size_t i = 0; i < r->n_stored; i++)
        if (book_stored(b, r->stored[i], clock_wall_s(), e) < 0)
            return -1;
    for (size_t i = 0; i < r->n_lost; i++)
        if (book_simple(b, REC_VOID, r->lost[i], e) < 0)
            return -1;
    return book_commit(b, e);
}

/* What a run would find, without touching anything: for a dry run. A file still in tmp/ counts as
 * lost. */
static int look_only(struct book *b, struct finder *f, struct err *e)
{
    for (uint32_t i = 0; i < ledger_count(b->ledger); i++) {
        const struct ledger_entry *en = ledger_entry(b->ledger, i);
        int rc;

        if (en->state != LEDGER_INTENT)
            continue;
        switch (finder_check(f, en->name, en->file_octets, en->file_sha, e)) {
        case FINDER_ERROR:
            return -1;
        case FINDER_OK:
            rc = book_stored(b, i, clock_wall_s(), e);
            break;
        case FINDER_MISSING:
        case FINDER_CHANGED:
        default:
            rc = book_simple(b, REC_VOID, i, e);
            break;
        }
        if (rc < 0)
            return -1;
    }
    return 0;
}

int recover_intents(struct book *b, struct maildir *m, struct finder *f, struct tell *t,
                    struct err *e)
{
    uint64_t n = ledger_count_state(b->ledger, LEDGER_INTENT);
    struct recovery r = {0};
    size_t swept = 0;
    int rc = -1;

    if (b->lock_fd < 0)
        return look_only(b, f, e);
    if (n > 0) {
        r.publish = mem_zalloc(n, sizeof *r.publish);
        r.stored = mem_zalloc(n, sizeof *r.stored);
        r.lost = mem_zalloc(n, sizeof *r.lost);
        for (uint32_t i = 0; i < ledger_count(b->ledger); i++) {
            const struct ledger_entry *en = ledger_entry(b->ledger, i);
            if (en->state == LEDGER_INTENT && sort_intent(&r, i, en, m, f, e) < 0)
                goto out;
        }
        if (settle(&r, b, m, e) < 0)
            goto out;
        tell_text(t, EVENT_NOTE,
                  "the last run was interrupted; messages completed: %zu, to be fetched again: %zu",
                  r.n_stored, r.n_lost);
    }
    /* only now: what the intents needed from tmp/ has its name */
    if (maildir_sweep(m, &swept, e) < 0)
        goto out;
    rc = 0;
out:
    free(r.publish);
    free(r.stored);
    free(r.lost);
    return rc;
}
