/* SPDX-License-Identifier: ISC */
/* The ledger becomes records again. */
#include "popkeep/ledger/ledger.h"
#include "popkeep/ledger/ledger_inside.h"

#include <string.h>

struct writer {
    const struct ledger *l;
    int64_t now;
    int64_t archive_before;
    int (*each)(void *ctx, const struct record *r, bool to_archive, struct err *e);
    void *ctx;
    struct err *e;
};

static int put(const struct writer *w, const struct record *r, bool to_archive)
{
    return w->each(w->ctx, r, to_archive, w->e);
}

static int put_kind(const struct writer *w, char kind, const struct ledger_entry *en, int64_t time,
                    bool to_archive)
{
    struct record r = {.kind = (enum record_kind)kind, .time = time, .id = en->id};
    r.stored_at = en->stored_at;
    r.quits = en->quits;
    r.asked_at = en->asked_at;
    return put(w, &r, to_archive);
}

static int put_intent(const struct writer *w, const struct ledger_entry *en, bool to_archive)
{
    struct record r = {
        .kind = REC_INTENT,
        .time = en->stored_at,
        .id = en->id,
        .replaces = ledger_replaceable(w->l, en->replaces) ? en->replaces : 0,
        .uidl = sv_make(en->uidl, en->uidl_n),
        .size = en->size,
        .wire_octets = en->wire_octets,
        .file_octets = en->file_octets,
        .name = sv_of(en->name),
    };
    memcpy(r.wire_sha, en->wire_sha, HASH_OCTETS);
    memcpy(r.file_sha, en->file_sha, HASH_OCTETS);
    return put(w, &r, to_archive);
}

static int put_entry(const struct writer *w, const struct ledger_entry *en)
{
    static const char *const ways[LEDGER_STATES] = {
        [LEDGER_INTENT] = "",  [LEDGER_STORED] = "S", [LEDGER_ASKED] = "SD",
        [LEDGER_GONE] = "SDG", [LEDGER_VOID] = "V",   [LEDGER_REPLACED] = "V",
    };
    bool lost = en->state == LEDGER_VOID || en->state == LEDGER_REPLACED;
    /* what the archive tells of a lost one must not come to life again */
    if (lost ? !en->in_archive : en->archived && !en->redated)
        return 0;
    bool to_archive = en->state == LEDGER_GONE && (en->archived || en->gone_at < w->archive_before);
    if (put_intent(w, en, to_archive) != 0)
        return -1;
    for (const char *k = ways[en->state]; *k; k++) {
        int64_t time = *k == REC_DELETE ? en->asked_at
                       : *k == REC_GONE ? en->gone_at
                                        : en->stored_at;
        if (put_kind(w, *k, en, time, to_archive) != 0)
            return -1;
    }
    return 0;
}

/* Entries of the last boot, or all others. An entry must come before the one that is to replace it:
 * that is in state INTENT, and these come last. */
static int put_entries(const struct writer *w, bool last_boot, bool intents)
{
    for (uint32_t i = 0; i < ledger_count(w->l); i++) {
        const struct ledger_entry *en = ledger_entry(w->l, i);
        bool of_last = w->l->boot != 0 && en->boot == w->l->boot;
        if (intents != (en->state == LEDGER_INTENT) || (!intents && of_last != last_boot))
            continue;
        if (put_entry(w, en) != 0)
            return -1;
    }
    return 0;
}

static int put_header(const struct writer *w)
{
    const struct ledger_header *h = ledger_header(w->l);
    if (!h->any)
        return 0;
    struct record r = {
        .kind = REC_HEADER,
        .time = w->now,
        .version = RECORD_VERSION,
        .journal_id = sv_of(h->journal_id),
        .host = sv_of(h->host),
        .port = h->port,
        .user = sv_of(h->user),
        .maildir = sv_of(h->maildir),
    };
    return put(w, &r, false);
}

static int put_mark(const struct writer *w, struct sv name, struct sv value)
{
    struct record r = {.kind = REC_MARK, .time = w->now, .name = name, .value = value};
    return put(w, &r, false);
}

static int put_marks(const struct writer *w)
{
    for (size_t i = 0; i < w->l->marks_n; i++) {
        const struct ledger_mark_value *m = &w->l->marks[i];
        if (put_mark(w, sv_of(m->name), sv_make(m->value, m->n)) != 0)
            return -1;
    }
    return 0;
}

static int put_run(const struct writer *w)
{
    const struct ledger_run *run = ledger_run(w->l);
    if (!run->any)
        return 0;
    struct record r = {
        .kind = REC_RUN,
        .time = run->time,
        .status = (uint32_t)run->status,
        .listed = run->listed,
        .listed_octets = run->listed_octets,
        .matched = run->matched,
        .fetched = run->fetched,
        .deleted = run->deleted,
        .boot_id = sv_of(run->boot_id),
        .boot_s = run->boot_s,
        .capabilities = sv_of(run->capabilities),
        .fingerprint = sv_of(run->fingerprint),
    };
    return put(w, &r, false);
}

/* Names the last boot; its offsets come with the totals. */
static int put_boot(const struct writer *w)
{
    const struct ledger *l = w->l;
    if (l->boots_n == 0)
        return 0;
    struct record r = {.kind = REC_BOOT, .time = w->now};
    r.boot_id = l->boot ? sv_of(l->boots[l->boot - 1].id) : SV_NULL;
    return put(w, &r, false);
}

static int put_totals(const struct writer *w)
{
    const struct ledger *l = w->l;
    const struct ledger_boot none = {.any = false};
    const struct ledger_boot *b = l->boot ? &l->boots[l->boot - 1] : &none;
    const int64_t v[LEDGER_TOTALS_N] = {
        [LEDGER_T_NEXT_ID] = l->next_id,
        [LEDGER_T_NEWEST] = l->newest,
        [LEDGER_T_TRUSTED] = l->trusted,
        [LEDGER_T_SUCCESS] = l->run.last_success,
        [LEDGER_T_REFUSED] = l->run.refused_in_a_row,
        [LEDGER_T_FAILED] = l->run.failed_in_a_row,
        [LEDGER_T_KNOWN] = (int64_t)l->run.known,
        [LEDGER_T_KNOWN_BEFORE] = l->run.known_before,
        [LEDGER_T_HOLD_BEFORE] = l->hold_before,
        [LEDGER_T_OFFSETS] = b->any,
        [LEDGER_T_LOW] = b->any ? b->low : 0,
        [LEDGER_T_HIGH] = b->any ? b->high : 0,
        [LEDGER_T_SUBTRACTED] = (int64_t)l->subtracted,
    };
    struct buf text = BUF_INIT(LEDGER_TOTALS_N * LEDGER_NUMBER_MAX);
    for (int i = 0; i < LEDGER_TOTALS_N; i++)
        buf_addf(&text, "%s%lld", i ? " " : "", (long long)v[i]);
    int result = put_mark(w, SV(LEDGER_TOTALS), buf_sv(&text));
    buf_free(&text);
    return result;
}

int ledger_snapshot(const struct ledger *l, int64_t now, int64_t archive_before,
                    int (*each)(void *ctx, const struct record *r, bool to_archive, struct err *e),
                    void *ctx, struct err *e)
{
    struct writer w = {l, now, archive_before, each, ctx, e};
    /* the marks come before all entries, which they would change again; entries of earlier boots
     * before the first record that names a boot */
    if (put_header(&w) != 0 || put_marks(&w) != 0 || put_entries(&w, false, false) != 0)
        return -1;
    if (put_run(&w) != 0 || put_boot(&w) != 0 || put_entries(&w, true, false) != 0)
        return -1;
    return put_entries(&w, false, true) != 0 ? -1 : put_totals(&w);
}

int ledger_brief(const struct ledger *l, int64_t now,
                 int (*each)(void *ctx, const struct record *r, bool to_archive, struct err *e),
                 void *ctx, struct err *e)
{
    struct writer w = {.l = l, .now = now, .each = each, .ctx = ctx, .e = e};

    if (put_header(&w) != 0 || put_marks(&w) != 0 || put_run(&w) != 0)
        return -1;
    return put_totals(&w);
}
