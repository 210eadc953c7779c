/* SPDX-License-Identifier: ISC */
/*
 * What is fetched and what is deleted (ledger/plan.h, retention.h): any ledger against any listing.
 * The input makes records, then lists messages, then chooses the policy. Must hold: a message is
 * passed over, and may be deleted, only by the identity rule, counted here anew in the plainest
 * way; no record stands for two messages; nothing is due that is young, held, not stored or over
 * the limit.
 */
#include "records.h"

#include "popkeep/base/mem.h"
#include "popkeep/ledger/plan.h"

enum { RECORDS_MAX = 120, MESSAGES_MAX = 40 };

struct world {
    struct ledger *l;
    struct plan_message messages[MESSAGES_MAX];
    size_t n;
    struct plan plan;
    bool drift;
};

static void make_ledger(struct world *w, struct fuzz *f)
{
    struct err e = ERR_INIT;
    w->l = ledger_new();
    for (size_t n = fuzz_octet(f) % RECORDS_MAX; n > 0 && f->rest.n > 0; n--) {
        struct record r = records_make(f, w->l);
        (void)ledger_apply(w->l, &r, false, &e);
    }
    /* recovery settles them before anything is planned */
    for (uint32_t i = 0; i < ledger_count(w->l); i++) {
        const struct ledger_entry *en = ledger_entry(w->l, i);
        struct record r = {.kind = REC_VOID, .time = 1700000000, .id = en->id};
        if (en->state == LEDGER_INTENT)
            FUZZ_HOLDS(ledger_apply(w->l, &r, false, &e) == 0);
    }
    w->drift = sv_eq(ledger_mark(w->l, "sizes-drift"), SV("yes"));
}

/* Most of them have the UIDL, and half the size, of some record. */
static void make_listing(struct world *w, struct fuzz *f)
{
    uint32_t count = ledger_count(w->l);
    w->n = fuzz_octet(f) % MESSAGES_MAX;
    for (size_t i = 0; i < w->n; i++) {
        unsigned how = fuzz_octet(f);
        const struct ledger_entry *en =
            count > 0 ? ledger_entry(w->l, (uint32_t)fuzz_octet(f) % count) : NULL;
        struct plan_message *m = &w->messages[i];
        *m = (struct plan_message){.number = (uint32_t)i + 1, .size = fuzz_octet(f)};
        if (en != NULL && (how & 3) != 0) {
            m->uidl = en->uidl_n > 0 ? en->uidl : NULL;
            m->uidl_n = en->uidl_n;
        } else if ((how & 4) != 0) {
            m->uidl = "made-up";
            m->uidl_n = 7;
        }
        if (en != NULL && (how & 8) != 0)
            m->size = en->size;
        if ((how & 0xf0) == 0)
            m->size = RECORD_NO_SIZE;
    }
}

static bool is_here(const struct ledger_entry *en)
{
    return en->state == LEDGER_STORED || en->state == LEDGER_ASKED;
}

static struct sv uidl_of(const struct ledger_entry *en)
{
    return sv_make(en->uidl, en->uidl_n);
}

static struct sv listed_uidl(const struct plan_message *m)
{
    return sv_make(m->uidl, m->uidl_n);
}

/* The identity rule. */
static bool may_be_passed_over(const struct world *w, const struct plan_message *m)
{
    size_t records = 0, records_of_size = 0, listed = 0, listed_of_size = 0;
    if (m->uidl_n == 0 || m->size == RECORD_NO_SIZE)
        return false;
    for (uint32_t i = 0; i < ledger_count(w->l); i++) {
        const struct ledger_entry *en = ledger_entry(w->l, i);
        bool same = is_here(en) && sv_eq(uidl_of(en), listed_uidl(m));
        records += same;
        records_of_size += same && (w->drift || en->size == m->size);
    }
    for (size_t i = 0; i < w->n; i++) {
        bool same = sv_eq(listed_uidl(&w->messages[i]), listed_uidl(m));
        listed += same;
        listed_of_size += same && (w->drift || w->messages[i].size == m->size);
    }
    return listed <= records && listed_of_size <= records_of_size;
}

static void check_plan(const struct world *w)
{
    const struct plan *p = &w->plan;
    uint64_t known = 0;
    FUZZ_HOLDS(p->n == w->n);
    for (size_t i = 0; i < w->n; i++) {
        const struct plan_item *item = &p->items[i];
        const struct plan_message *m = &w->messages[i];
        if (item->why != PLAN_KNOWN) {
            FUZZ_HOLDS(!item->settled && item->entry == LEDGER_NONE);
            /* or it would be fetched at each run; with sizes that drift, till it has a size */
            FUZZ_HOLDS(w->drift || !may_be_passed_over(w, m));
            continue;
        }
        known++;
        FUZZ_HOLDS(item->settled && item->entry < ledger_count(w->l));
        const struct ledger_entry *en = ledger_entry(w->l, item->entry);
        FUZZ_HOLDS(may_be_passed_over(w, m));
        FUZZ_HOLDS(is_here(en) && sv_eq(uidl_of(en), listed_uidl(m)));
        FUZZ_HOLDS(w->drift || en->size == m->size);
        for (size_t k = 0; k < i; k++)
            FUZZ_HOLDS(p->items[k].entry != item->entry);
    }
    FUZZ_HOLDS(p->known_n == known && p->known_n + p->fetch_n == w->n);
}

static bool stands_for_one(const struct world *w, uint32_t entry)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->plan.items[i].entry == entry)
            return true;
    return false;
}

static void check_gone_and_back(const struct world *w)
{
    for (size_t i = 0; i < w->plan.n_gone; i++) {
        const struct ledger_entry *en = ledger_entry(w->l, w->plan.gone[i]);
        FUZZ_HOLDS(en->state == LEDGER_ASKED && !stands_for_one(w, w->plan.gone[i]));
        for (size_t k = 0; k < w->n; k++)
            FUZZ_HOLDS(w->messages[k].uidl_n > 0);
    }
    for (size_t i = 0; i < w->plan.n_back; i++)
        FUZZ_HOLDS(ledger_entry(w->l, w->plan.back[i])->state == LEDGER_ASKED);
}

/* Some of what is to be fetched turns out to be there. */
static void match_some(struct world *w, struct fuzz *f)
{
    for (size_t i = 0; i < w->n; i++) {
        unsigned char sha[HASH_OCTETS];
        uint64_t octets = fuzz_octet(f);
        memset(sha, (int)fuzz_octet(f) % 4, sizeof sha);
        if (w->plan.items[i].settled)
            continue;
        uint32_t entry = plan_match(&w->plan, w->l, i, sha, octets);
        if (entry == LEDGER_NONE)
            continue;
        const struct ledger_entry *en = ledger_entry(w->l, entry);
        FUZZ_HOLDS(is_here(en) || en->state == LEDGER_GONE);
        FUZZ_HOLDS(memcmp(en->wire_sha, sha, sizeof sha) == 0 && en->wire_octets == octets);
        FUZZ_HOLDS(!stands_for_one(w, entry));
        struct record r = {.kind = REC_REKEY, .time = 1700000000, .id = en->id};
        struct err e = ERR_INIT;
        r.uidl = w->messages[i].uidl_n > 0 ? listed_uidl(&w->messages[i]) : SV_NULL;
        r.size = w->messages[i].size;
        FUZZ_HOLDS(ledger_apply(w->l, &r, false, &e) == 0);
        plan_settle(&w->plan, i, entry);
    }
}

static void check_due(const struct world *w, const struct retention_policy *policy,
                      enum retention_hold hold)
{
    enum retention_why judge[MESSAGES_MAX];
    uint32_t order[MESSAGES_MAX];
    size_t due = plan_due(&w->plan, w->l, policy, hold, judge, order), counted = 0;
    FUZZ_HOLDS(due <= w->n && due <= policy->max_delete);
    FUZZ_HOLDS(due == 0 || (hold == HOLD_NONE && policy->days >= 0));
    for (size_t i = 0; i < w->n; i++)
        counted += judge[i] == RETENTION_DUE;
    FUZZ_HOLDS(counted == due);
    for (size_t i = 0; i < due; i++) {
        FUZZ_HOLDS(order[i] < w->n && judge[order[i]] == RETENTION_DUE);
        const struct plan_item *item = &w->plan.items[order[i]];
        FUZZ_HOLDS(item->settled && item->entry != LEDGER_NONE);
        const struct ledger_entry *en = ledger_entry(w->l, item->entry);
        FUZZ_HOLDS(en->state == LEDGER_STORED && en->uidl_n > 0);
        FUZZ_HOLDS(sv_eq(uidl_of(en), listed_uidl(&w->messages[order[i]])));
        FUZZ_HOLDS(policy->days == 0 ||
                   policy->now - en->stored_at >= policy->days * RETENTION_DAY_S);
        if (i > 0)
            FUZZ_HOLDS(ledger_entry(w->l, w->plan.items[order[i - 1]].entry)->stored_at <=
                       en->stored_at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    struct world *w = mem_zalloc(1, sizeof *w);
    struct retention_policy policy = {.days = (int64_t)(fuzz_octet(&f) % 64) - 1,
                                      .max_delete = fuzz_octet(&f)};
    policy.now = 1700000000 + (int64_t)(int16_t)fuzz_number(&f, 2) * 4096;
    unsigned how = fuzz_octet(&f);
    if (policy.max_delete > 200)
        policy.max_delete = UINT64_MAX;
    make_ledger(w, &f);
    make_listing(w, &f);
    plan_make(&w->plan, w->messages, w->n, w->l);
    check_plan(w);
    check_gone_and_back(w);
    match_some(w, &f);
    FUZZ_HOLDS(plan_old(&w->plan, w->l) <= w->n);
    check_due(w, &policy, HOLD_NONE);
    check_due(w, &policy, (enum retention_hold)(1 + how % HOLD_UTF8));
    for (size_t i = 0; i < w->n && policy.days > 0; i++) { /* to the second */
        if (!w->plan.items[i].settled)
            continue;
        policy.now = ledger_entry(w->l, w->plan.items[i].entry)->stored_at +
                     policy.days * RETENTION_DAY_S - (int64_t)(how & 1);
        check_due(w, &policy, HOLD_NONE);
    }
    bool jump;
    (void)retention_clock(w->l, policy.now, how, SV("boot-a"), &jump);
    (void)retention_uidls(w->l, w->n, plan_old(&w->plan, w->l), how);
    plan_free(&w->plan);
    ledger_free(w->l);
    free(w);
    return 0;
}
