/* SPDX-License-Identifier: ISC */
/* The identity rule: the listing is grouped by UIDL and each group laid beside its records. */
#include "popkeep/ledger/plan.h"
#include "popkeep/ledger/index.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"

#include <stdlib.h>
#include <string.h>

/* ---- claims ---- */

static bool has_bit(const struct plan *p, const uint8_t *bits, uint32_t entry)
{
    return entry / 8 < p->claimed_cap && (bits[entry / 8] >> (entry % 8) & 1) != 0;
}

static void set_bit(uint8_t *bits, uint32_t entry)
{
    bits[entry / 8] = (uint8_t)(bits[entry / 8] | 1U << (entry % 8));
}

static bool is_claimed(const struct plan *p, uint32_t entry)
{
    return has_bit(p, p->claimed, entry);
}

static uint8_t *grown(uint8_t *bits, size_t from, size_t to)
{
    bits = mem_realloc(bits, to, 1);
    memset(bits + from, 0, to - from);
    return bits;
}

static void claim(struct plan *p, uint32_t entry)
{
    size_t need = entry / 8 + (size_t)1;
    if (need > p->claimed_cap) {
        size_t cap = need + need / 4 + 64;
        p->claimed = grown(p->claimed, p->claimed_cap, cap);
        p->spent = grown(p->spent, p->claimed_cap, cap);
        p->claimed_cap = cap;
    }
    set_bit(p->claimed, entry);
}

static void unclaim(struct plan *p, uint32_t entry)
{
    if (!is_claimed(p, entry))
        return;
    p->claimed[entry / 8] = (uint8_t)(p->claimed[entry / 8] & ~(1U << (entry % 8)));
    memset(p->spent, 0, p->claimed_cap); /* it may stand in any of the chains */
}

/* ---- messages and records of one UIDL ---- */

struct row {
    uint64_t size;
    int64_t stored_at; /* records */
    uint32_t id;       /* records: id; messages: item */
    uint32_t at;       /* index of the entry; item */
    uint8_t state;     /* records */
    bool taken;
};

struct rows {
    struct row *v;
    size_t n, cap;
};

struct work {
    struct plan *p;
    const struct ledger *l;
    uint32_t *next; /* the other items with the same UIDL, from the first on */
    bool *follows;  /* it is not the first */
    struct index heads;
    bool drift;
    bool nameless; /* a message is listed without UIDL */
    struct rows listed, records;
    uint8_t *kept; /* a bit an entry in state ASKED: listed again */
};

static void add_row(struct rows *r, struct row row)
{
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 16;
        r->v = mem_realloc(r->v, r->cap, sizeof *r->v);
    }
    r->v[r->n++] = row;
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_rows(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    if (a->size != b->size)
        return compare(a->size, b->size);
    if (a->state != b->state)
        return compare(a->state, b->state);
    if (a->stored_at != b->stored_at)
        return a->stored_at < b->stored_at ? -1 : 1;
    return compare(a->id, b->id);
}

static void sort_rows(struct rows *r)
{
    if (r->n > 1)
        qsort(r->v, r->n, sizeof *r->v, compare_rows);
}

static size_t run_end(const struct rows *r, size_t from)
{
    size_t to = from;
    while (to < r->n && r->v[to].size == r->v[from].size)
        to++;
    return to;
}

static void pair(struct work *w, struct row *message, struct row *record)
{
    message->taken = record->taken = true;
    w->p->items[message->at] = (struct plan_item){record->at, PLAN_KNOWN, true};
    claim(w->p, record->at);
}

/* Both sorted by size: each size's messages beside its records. A size listed more often than
 * recorded leaves all its messages open: which of them the records stand for cannot be known. */
static void pair_by_size(struct work *w)
{
    struct rows *m = &w->listed, *r = &w->records;
    for (size_t i = 0, j = 0; i < m->n && m->v[i].size != RECORD_NO_SIZE;) {
        while (j < r->n && r->v[j].size < m->v[i].size)
            j++;
        size_t i_end = run_end(m, i), j_end = j;
        if (j < r->n && r->v[j].size == m->v[i].size)
            j_end = run_end(r, j);
        bool enough = i_end - i <= j_end - j;
        for (size_t k = i; k < i_end; k++) {
            w->p->items[m->v[k].at].why = j_end > j ? PLAN_TOO_OFTEN : PLAN_OTHER_SIZE;
            if (enough)
                pair(w, &m->v[k], &r->v[j + (k - i)]);
        }
        i = i_end;
        j = j_end;
    }
}

/* Sizes drift: what has no partner of its own size takes any record that is left, but for one
 * without a size: that one has to be given its size first, by its octets, or it would never be due.
 */
static void pair_the_rest(struct work *w)
{
    size_t j = 0;
    for (size_t i = 0; i < w->listed.n; i++) {
        struct row *m = &w->listed.v[i];
        if (m->taken || m->size == RECORD_NO_SIZE)
            continue;
        while (j < w->records.n && w->records.v[j].taken)
            j++;
        if (j < w->records.n && w->records.v[j].size != RECORD_NO_SIZE) /* which sorts last */
            pair(w, m, &w->records.v[j]);
    }
}

/* Whether a message of this UIDL may be this record's, though it could not be said which. */
static bool may_be_listed(const struct work *w, const struct row *record, bool too_often)
{
    const struct rows *m = &w->listed;
    bool sizeless = m->v[m->n - 1].size == RECORD_NO_SIZE; /* sorts last */
    if (sizeless || (too_often && (w->drift || record->size == RECORD_NO_SIZE)))
        return true;
    size_t low = 0, high = m->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (m->v[mid].size < record->size)
            low = mid + 1;
        else
            high = mid;
    }
    return low < m->n && m->v[low].size == record->size && !m->v[low].taken;
}

static void note_asked(struct work *w, bool too_often)
{
    for (size_t j = 0; j < w->records.n; j++) {
        const struct row *r = &w->records.v[j];
        if (r->state != LEDGER_ASKED || (!r->taken && !may_be_listed(w, r, too_often)))
            continue;
        set_bit(w->kept, r->at);
        w->p->back[w->p->n_back++] = r->at;
    }
}

static void collect(struct work *w, uint32_t head, bool *returned)
{
    struct sv uidl = sv_make(w->p->messages[head].uidl, w->p->messages[head].uidl_n);
    w->listed.n = w->records.n = 0;
    *returned = false;
    for (uint32_t i = head; i != LEDGER_NONE; i = w->next[i])
        add_row(&w->listed, (struct row){.size = w->p->messages[i].size, .id = i, .at = i});
    for (uint32_t i = ledger_by_uidl(w->l, uidl, LEDGER_NONE); i != LEDGER_NONE;
         i = ledger_by_uidl(w->l, uidl, i)) {
        const struct ledger_entry *en = ledger_entry(w->l, i);
        if (en->state == LEDGER_STORED || en->state == LEDGER_ASKED)
            add_row(&w->records,
                    (struct row){en->size, en->stored_at, en->id, i, en->state, false});
        *returned = *returned || en->state == LEDGER_GONE;
    }
    sort_rows(&w->listed);
    sort_rows(&w->records);
}

static void plan_group(struct work *w, uint32_t head)
{
    bool returned;
    collect(w, head, &returned);
    bool too_often = w->listed.n > w->records.n;
    enum plan_why why = w->records.n > 0 ? PLAN_TOO_OFTEN : returned ? PLAN_RETURNED : PLAN_NEW;
    for (size_t i = 0; i < w->listed.n; i++)
        w->p->items[w->listed.v[i].at].why =
            (uint8_t)(w->listed.v[i].size == RECORD_NO_SIZE ? PLAN_NO_SIZE : why);
    if (!too_often) {
        pair_by_size(w);
        if (w->drift)
            pair_the_rest(w);
    }
    note_asked(w, too_often);
}

/* ---- the whole listing ---- */

static bool same_uidl(const void *ctx, uint32_t item)
{
    const struct plan_message *const *m = ctx; /* the array, the message looked for */
    return m[0][item].uidl_n == m[1]->uidl_n &&
           memcmp(m[0][item].uidl, m[1]->uidl, m[1]->uidl_n) == 0;
}

static void group_by_uidl(struct work *w)
{
    struct plan *p = w->p;
    index_reset(&w->heads, (uint32_t)p->n);
    for (uint32_t i = 0; i < p->n; i++) {
        const struct plan_message *m = &p->messages[i];
        p->items[i] = (struct plan_item){LEDGER_NONE, PLAN_NO_UIDL, false};
        w->next[i] = LEDGER_NONE;
        if (m->uidl == NULL || m->uidl_n == 0) {
            w->nameless = true;
            continue;
        }
        const struct plan_message *key[2] = {p->messages, m};
        uint64_t hash = hash_mix(m->uidl, m->uidl_n);
        uint32_t *slot = index_find(&w->heads, hash, same_uidl, key);
        if (slot == NULL) {
            index_put(&w->heads, hash, i);
            continue;
        }
        uint32_t first = index_item(slot);
        w->next[i] = w->next[first];
        w->next[first] = i;
        w->follows[i] = true;
    }
}

static void find_gone(struct work *w)
{
    uint32_t count = ledger_count(w->l);
    for (uint32_t i = 0; i < count; i++)
        if (ledger_entry(w->l, i)->state == LEDGER_ASKED && (w->kept[i / 8] >> (i % 8) & 1) == 0)
            w->p->gone[w->p->n_gone++] = i;
}

static void count_up(struct plan *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->items[i].why == PLAN_KNOWN) {
            p->known_n++;
            continue;
        }
        p->fetch_n++;
        if (p->messages[i].size != RECORD_NO_SIZE)
            p->fetch_octets += p->messages[i].size;
    }
}

void plan_make(struct plan *p, const struct plan_message *messages, size_t n,
               const struct ledger *l)
{
    size_t asked = (size_t)ledger_count_state(l, LEDGER_ASKED);
    *p = (struct plan){.n = n, .messages = messages};
    p->items = mem_zalloc(n, sizeof *p->items);
    p->gone = mem_zalloc(asked, sizeof *p->gone);
    p->back = mem_zalloc(asked, sizeof *p->back);
    p->claimed_cap = ledger_count(l) / 8 + (size_t)1;
    p->claimed = mem_zalloc(p->claimed_cap, 1);
    p->spent = mem_zalloc(p->claimed_cap, 1);
    struct work w = {.p = p, .l = l};
    w.drift = sv_eq_c(ledger_mark(l, "sizes-drift"), "yes");
    w.next = mem_zalloc(n, sizeof *w.next);
    w.follows = mem_zalloc(n, sizeof *w.follows);
    w.kept = mem_zalloc(p->claimed_cap, 1);
    group_by_uidl(&w);
    /* in the order of the listing, which is mostly that of the entries in memory */
    for (uint32_t i = 0; i < n; i++)
        if (p->messages[i].uidl_n > 0 && p->messages[i].uidl != NULL && !w.follows[i])
            plan_group(&w, i);
    if (asked > 0 && !w.nameless)
        find_gone(&w);
    count_up(p);
    index_free(&w.heads);
    free(w.next);
    free(w.follows);
    free(w.kept);
    free(w.listed.v);
    free(w.records.v);
}

void plan_free(struct plan *p)
{
    free(p->items);
    free(p->gone);
    free(p->back);
    free(p->claimed);
    free(p->spent);
    *p = (struct plan){.n = 0};
}

/* ---- fetching ---- */

void plan_refetch(struct plan *p, size_t item)
{
    struct plan_item *it = &p->items[item];
    if (it->why != PLAN_KNOWN)
        return;
    it->why = PLAN_MISSING;
    it->settled = false;
    p->known_n--;
    p->fetch_n++;
    if (p->messages[item].size != RECORD_NO_SIZE)
        p->fetch_octets += p->messages[item].size;
}

/* The states are in the order in which they are preferred. */
static bool is_better(const struct ledger_entry *a, const struct ledger_entry *b)
{
    if (a->state != b->state)
        return a->state < b->state;
    if (a->stored_at != b->stored_at)
        return a->stored_at < b->stored_at;
    return a->id < b->id;
}

/* A new entry stands in front in its chain, and is settled before the next question. So a walk that
 * found all claimed need not be done again: or a server with thousands of equal messages would cost
 * the square of them. */
uint32_t plan_match(const struct plan *p, const struct ledger *l, size_t item,
                    const unsigned char wire_sha[HASH_OCTETS], uint64_t wire_octets)
{
    uint32_t first = ledger_by_content(l, wire_sha, wire_octets, LEDGER_NONE);
    uint32_t best = LEDGER_NONE;
    bool all_claimed = true;
    for (uint32_t i = first; i != LEDGER_NONE && !has_bit(p, p->spent, i);
         i = ledger_by_content(l, wire_sha, wire_octets, i)) {
        if (is_claimed(p, i))
            continue;
        all_claimed = false;
        if (i != p->items[item].entry &&
            (best == LEDGER_NONE || is_better(ledger_entry(l, i), ledger_entry(l, best))))
            best = i;
    }
    if (all_claimed && first / 8 < p->claimed_cap)
        set_bit(p->spent, first);
    return best;
}

void plan_settle(struct plan *p, size_t item, uint32_t entry)
{
    struct plan_item *it = &p->items[item];
    if (it->entry != LEDGER_NONE)
        unclaim(p, it->entry);
    it->entry = entry;
    it->settled = true;
    claim(p, entry);
}

uint64_t plan_old(const struct plan *p, const struct ledger *l)
{
    uint32_t before = ledger_old_before(l);
    uint64_t old = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct plan_item *it = &p->items[i];
        old += it->settled && (it->why == PLAN_MISSING || ledger_entry(l, it->entry)->id < before);
    }
    return old;
}

/* ---- deletions ---- */

struct due {
    int64_t stored_at;
    uint32_t id;
    uint32_t item;
};

static int compare_due(const void *pa, const void *pb)
{
    const struct due *a = pa, *b = pb;
    if (a->stored_at != b->stored_at)
        return a->stored_at < b->stored_at ? -1 : 1;
    return compare(a->id, b->id);
}

static enum retention_why judge_item(const struct plan *p, const struct ledger *l, size_t i,
                                     const struct retention_policy *policy)
{
    const struct plan_message *m = &p->messages[i];
    bool has_uidl = m->uidl != NULL && m->uidl_n > 0;
    if (p->items[i].settled)
        return retention_judge(ledger_entry(l, p->items[i].entry), has_uidl,
                               m->size != RECORD_NO_SIZE, policy);
    return policy->days < 0 ? RETENTION_NEVER : RETENTION_NOT_STORED;
}

size_t plan_due(const struct plan *p, const struct ledger *l, const struct retention_policy *policy,
                enum retention_hold hold, enum retention_why *judge, uint32_t *order)
{
    struct due *due = mem_zalloc(p->n, sizeof *due);
    size_t n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        judge[i] = judge_item(p, l, i, policy);
        if (judge[i] != RETENTION_DUE)
            continue;
        const struct ledger_entry *en = ledger_entry(l, p->items[i].entry);
        if (hold != HOLD_NONE)
            judge[i] = RETENTION_HELD;
        else
            due[n++] = (struct due){en->stored_at, en->id, i};
    }
    if (n > 1)
        qsort(due, n, sizeof *due, compare_due);
    size_t most = n < policy->max_delete ? n : (size_t)policy->max_delete;
    for (size_t i = 0; i < n; i++) {
        if (i < most)
            order[i] = due[i].item;
        else
            judge[due[i].item] = RETENTION_LIMIT;
    }
    free(due);
    return most;
}

struct words {
    const char *word;
    const char *text;
};

static const struct words whys[] = {
    [PLAN_KNOWN] = {"known", N_("already stored")},
    [PLAN_NEW] = {"new", N_("new")},
    [PLAN_NO_UIDL] = {"no-uidl", N_("the server gives no UIDL for it")},
    [PLAN_NO_SIZE] = {"no-size", N_("the server gives no size for it")},
    [PLAN_OTHER_SIZE] = {"other-size", N_("its UIDL is known with another size")},
    [PLAN_TOO_OFTEN] = {"too-often", N_("its UIDL is listed more often than it is stored")},
    [PLAN_RETURNED] = {"returned", N_("listed again after it was gone")},
    [PLAN_MISSING] = {"missing", N_("its local file is missing")},
};

const char *plan_why_text(enum plan_why w)
{
    return tr(whys[w].text);
}

const char *plan_why_word(enum plan_why w)
{
    return whys[w].word;
}
