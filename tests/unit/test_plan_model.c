/* SPDX-License-Identifier: ISC */
/*
 * Made-up histories: a server that adds, deletes, doubles, renumbers and hides mail, loses QUITs
 * and forgets UIDLs or sizes; runs that are killed anywhere, with the last group of the journal
 * whole, torn or never written. After each run: every file is wanted, none is there twice, and
 * nothing is due that is not stored.
 */
#include "ledger_help.h"

enum { CONTENTS = 14, SERVER_MAX = 60, FILES_MAX = 4000, POOL = 25, NONE = CONTENTS };

struct mail {
    uint32_t content;
    char uidl[16];
    uint64_t size;
};

struct world {
    /* the server */
    struct mail mail[SERVER_MAX];
    uint32_t mails;
    uint32_t serial;
    bool drifts, reuses;
    /* the disk */
    struct group journal;
    uint32_t file[FILES_MAX]; /* content by id, NONE: no such file */
    uint32_t ids;             /* no id so far is larger */
    /* what a witness remembers */
    uint32_t most[CONTENTS]; /* the most listed at once and fetched */
    bool removed[CONTENTS];  /* its owner removed a file */
    int64_t now;
    /* one run */
    struct ledger *l;
    struct plan plan;
    struct plan_message listed[SERVER_MAX];
    uint32_t from[SERVER_MAX]; /* the server's index of each listed one */
    uint32_t n;
    struct group group;
    bool killed;
};

static void new_uidl(struct world *w, char uidl[16])
{
    if (w->reuses)
        snprintf(uidl, 16, "u%u", (unsigned)below(POOL));
    else
        snprintf(uidl, 16, "s%u", (unsigned)w->serial++);
}

static void server_adds(struct world *w)
{
    if (w->mails == SERVER_MAX)
        return;
    struct mail *m = &w->mail[w->mails++];
    m->content = below(CONTENTS);
    m->size = 500 + m->content;
    new_uidl(w, m->uidl);
}

static void server_lives(struct world *w)
{
    for (uint32_t i = below(8); i > 0; i--)
        server_adds(w);
    for (uint32_t i = 0; i < w->mails; i++) {
        if (below(12) == 0)
            w->mail[i--] = w->mail[--w->mails];
        else if (w->drifts && below(3) == 0)
            w->mail[i].size = 500 + below(1000);
    }
    if (below(15) == 0)
        for (uint32_t i = 0; i < w->mails; i++)
            new_uidl(w, w->mail[i].uidl);
}

/* ---- the journal ---- */

static int load(void *ctx, const struct record *r, struct err *e)
{
    return ledger_apply(ctx, r, false, e);
}

static void open_journal(struct world *w)
{
    struct err e = ERR_INIT;
    size_t good;
    w->l = ledger_new();
    if (record_scan(buf_sv(&w->journal.text), load, w->l, &good, &e) != 0)
        fail_msg("%s", e.text);
    w->journal.text.n = good;
    group_init(&w->group);
    w->killed = false;
}

static void put(struct world *w, struct record r)
{
    struct err e = ERR_INIT;
    r.time = w->now;
    if (w->killed)
        return;
    if (ledger_apply(w->l, &r, false, &e) != 0)
        fail_msg("%s", e.text);
    group_add(&w->group, &r);
}

/* Write the group; now and then the run dies here, and any part of the group has reached the disk.
 */
static void commit(struct world *w)
{
    group_end(&w->group);
    size_t n = w->group.text.n;
    if (!w->killed && n > 0 && below(25) == 0) {
        w->killed = true;
        n = below(3) == 0 ? n : below((uint32_t)n);
    } else if (w->killed) {
        n = 0;
    }
    buf_add(&w->journal.text, w->group.text.p, n);
    group_clear(&w->group);
}

static void put_stored(struct world *w, uint32_t index, int64_t stored_at)
{
    const struct ledger_entry *en = ledger_entry(w->l, index);
    struct record r = rec('S', 0, en->id);
    r.stored_at = stored_at;
    r.quits = en->quits;
    r.asked_at = en->asked_at;
    put(w, r);
}

static void recover(struct world *w)
{
    for (uint32_t i = 0; i < ledger_count(w->l); i++) {
        const struct ledger_entry *en = ledger_entry(w->l, i);
        if (en->state != LEDGER_INTENT)
            continue;
        if (w->file[en->id] != NONE)
            put_stored(w, i, w->now);
        else
            put(w, rec('V', 0, en->id));
    }
    commit(w);
}

/* ---- one run ---- */

static void take_listing(struct world *w)
{
    bool partial = below(10) == 0, empty = below(25) == 0;
    bool no_uidl = below(20) == 0, no_size = below(20) == 0;
    w->n = 0;
    for (uint32_t i = 0; i < w->mails && !empty; i++) {
        const struct mail *m = &w->mail[i];
        if (partial && below(2))
            continue;
        w->from[w->n] = i;
        w->listed[w->n++] = (struct plan_message){
            i + 1, no_uidl ? 0 : (uint32_t)strlen(m->uidl), no_uidl ? NULL : m->uidl,
            no_size || below(60) == 0 ? RECORD_NO_SIZE : m->size};
    }
}

static bool has_file(const struct world *w, uint32_t index)
{
    return w->file[ledger_entry(w->l, index)->id] != NONE;
}

static void match(struct world *w, size_t item, uint32_t index)
{
    const struct plan_message *m = &w->listed[item];
    const struct ledger_entry *en = ledger_entry(w->l, index);
    struct sv uidl = sv_make(m->uidl, m->uidl_n);
    bool same_uidl = en->uidl_n > 0 && sv_eq(uidl, sv_make(en->uidl, en->uidl_n));
    bool keyed = m->uidl_n > 0 && m->size != RECORD_NO_SIZE;
    if (w->plan.items[item].why == PLAN_MISSING) {
        struct record own = rec('K', 0, ledger_entry(w->l, w->plan.items[item].entry)->id);
        own.size = RECORD_NO_SIZE;
        put(w, own);
    }
    if (keyed && same_uidl && en->size != RECORD_NO_SIZE && en->size != m->size) {
        assert_true(w->drifts); /* or other mail would be taken for this */
        put(w, rec_mark(0, "sizes-drift", "yes"));
    }
    if (keyed && (!same_uidl || en->size != m->size || en->state != LEDGER_STORED)) {
        struct record k = rec('K', 0, en->id);
        k.uidl = uidl;
        k.size = m->size;
        put(w, k);
    }
    plan_settle(&w->plan, item, index);
}

struct batch {
    uint32_t item[8], id[8], n;
};

static void commit_batch(struct world *w, struct batch *b)
{
    commit(w); /* I, before any name is in new/ */
    for (uint32_t i = 0; i < b->n; i++) {
        if (below(40) == 0)
            w->killed = true;
        if (w->killed)
            break;
        w->file[b->id[i]] = w->mail[w->from[b->item[i]]].content;
    }
    for (uint32_t i = 0; i < b->n && !w->killed; i++) {
        uint32_t index = ledger_index_of(w->l, b->id[i]);
        put_stored(w, index, w->now);
        plan_settle(&w->plan, b->item[i], index);
    }
    b->n = 0;
}

static void fetch_one(struct world *w, struct batch *b, uint32_t item)
{
    const struct plan_message *m = &w->listed[item];
    uint32_t content = w->mail[w->from[item]].content;
    struct record r = rec_intent(0, ledger_next_id(w->l), NULL, m->size, content, NULL);
    uint32_t index = plan_match(&w->plan, w->l, item, r.wire_sha, r.wire_octets);
    bool missing = w->plan.items[item].why == PLAN_MISSING;
    if (index != LEDGER_NONE)
        assert_int_equal(w->file[ledger_entry(w->l, index)->id] == content || w->removed[content],
                         1);
    if (index != LEDGER_NONE && (!missing || has_file(w, index))) {
        match(w, item, index);
        return;
    }
    r.uidl = sv_make(m->uidl, m->uidl_n);
    if (missing)
        r.replaces = ledger_entry(w->l, w->plan.items[item].entry)->id;
    assert_true(r.id < FILES_MAX);
    w->ids = r.id > w->ids ? r.id : w->ids;
    put(w, r);
    b->item[b->n] = item;
    b->id[b->n++] = r.id;
    if (b->n == 8 || below(6) == 0)
        commit_batch(w, b);
}

static void fetch(struct world *w)
{
    struct batch b = {.n = 0};
    for (uint32_t i = 0; i < w->n && !w->killed; i++)
        if (!w->plan.items[i].settled)
            fetch_one(w, &b, i);
    if (!w->killed)
        commit_batch(w, &b);
    commit(w);
}

static void find_missing(struct world *w)
{
    for (uint32_t i = 0; i < w->n; i++)
        if (w->plan.items[i].why == PLAN_KNOWN && !has_file(w, w->plan.items[i].entry))
            plan_refetch(&w->plan, i);
}

static void make_plan(struct world *w, bool missing)
{
    plan_make(&w->plan, w->listed, w->n, w->l);
    for (uint32_t i = 0; i < w->plan.n_gone; i++)
        put(w, rec('G', 0, ledger_entry(w->l, w->plan.gone[i])->id));
    for (uint32_t i = 0; i < w->plan.n_back; i++)
        put_stored(w, w->plan.back[i], ledger_entry(w->l, w->plan.back[i])->stored_at);
    commit(w);
    if (missing)
        find_missing(w);
}

/* Everything that was to be promised, at the end of a run that was not killed. */
static void check(struct world *w, bool missing)
{
    uint32_t files[CONTENTS] = {0}, here[CONTENTS] = {0};
    for (uint32_t i = 0; i < w->n; i++) {
        const struct plan_item *it = &w->plan.items[i];
        uint32_t content = w->mail[w->from[i]].content;
        assert_true(it->settled);
        const struct ledger_entry *en = ledger_entry(w->l, it->entry);
        unsigned char sha[HASH_OCTETS];
        content_sha(sha, content);
        assert_memory_equal(en->wire_sha, sha, HASH_OCTETS);
        assert_true(en->state == LEDGER_STORED || en->state == LEDGER_GONE ||
                    en->state == LEDGER_ASKED);
        assert_true(w->file[en->id] == content || w->removed[content]);
        if (missing && it->why == PLAN_KNOWN)
            assert_int_equal(w->file[en->id], content);
        here[content]++;
        for (uint32_t j = 0; j < i; j++)
            assert_true(w->plan.items[j].entry != it->entry);
    }
    for (uint32_t id = 0; id <= w->ids; id++)
        if (w->file[id] != NONE)
            files[w->file[id]]++;
    for (uint32_t c = 0; c < CONTENTS; c++) {
        if (here[c] > w->most[c])
            w->most[c] = here[c];
        if (!w->removed[c])
            assert_int_equal(files[c], w->most[c]);
    }
}

static void expire(struct world *w)
{
    enum retention_why judge[SERVER_MAX];
    uint32_t order[SERVER_MAX];
    struct retention_policy p = {
        .days = below(4), .now = w->now, .max_delete = below(3) ? UINT64_MAX : below(5)};
    uint8_t asked[SERVER_MAX] = {0};
    size_t n = plan_due(&w->plan, w->l, &p, HOLD_NONE, judge, order);
    for (size_t i = 0; i < n && !w->killed; i++) {
        const struct ledger_entry *en = ledger_entry(w->l, w->plan.items[order[i]].entry);
        uint32_t content = w->mail[w->from[order[i]]].content;
        if (w->file[en->id] == NONE)
            continue; /* the copy is checked before */
        assert_int_equal(w->file[en->id], content);
        assert_true(w->now - en->stored_at >= p.days * RETENTION_DAY_S);
        put(w, rec('D', 0, en->id));
        asked[w->from[order[i]]] = 1;
    }
    commit(w);
    if (w->killed || below(8) == 0)
        return; /* the line broke before QUIT */
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->mails; i++)
        if (!asked[i] || below(10) == 0) /* some servers keep what they were asked to delete */
            w->mail[kept++] = w->mail[i];
    w->mails = kept;
    put(w, rec('Q', 0, 0));
    commit(w);
}

static void run(struct world *w)
{
    bool missing = below(6) == 0;
    open_journal(w);
    recover(w);
    take_listing(w);
    if (!w->killed) {
        make_plan(w, missing);
        fetch(w);
        if (!w->killed)
            check(w, missing);
        if (!w->killed)
            expire(w);
        plan_free(&w->plan);
    }
    group_free(&w->group);
    ledger_free(w->l);
}

/* A run that dies between two commits leaves mail it fetched: it counts as listed at once. */
static void witness(struct world *w)
{
    uint32_t here[CONTENTS] = {0};
    for (uint32_t i = 0; i < w->n; i++)
        here[w->mail[w->from[i]].content]++;
    for (uint32_t c = 0; c < CONTENTS; c++) {
        uint32_t files = 0;
        for (uint32_t id = 0; id <= w->ids; id++)
            files += w->file[id] == c;
        assert_true(files <= here[c] || files <= w->most[c] || w->removed[c]);
        if (files > w->most[c])
            w->most[c] = files;
    }
}

static void owner_removes(struct world *w)
{
    uint32_t id = below(200);
    if (below(10) != 0 || w->file[id] == NONE)
        return;
    w->removed[w->file[id]] = true;
    w->file[id] = NONE;
}

static void histories(bool drifts, bool reuses, uint64_t seeds, bool removes)
{
    struct world *w = malloc(sizeof *w);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        memset(w, 0, sizeof *w);
        group_init(&w->journal);
        w->drifts = drifts;
        w->reuses = reuses;
        w->now = 1700000000;
        for (uint32_t i = 0; i < FILES_MAX; i++)
            w->file[i] = NONE;
        chance_seed(seed * 4 + drifts * 2U + reuses);
        for (int day = 0; day < 40; day++) {
            server_lives(w);
            if (removes)
                owner_removes(w);
            struct mail before[SERVER_MAX];
            memcpy(before, w->mail, sizeof before);
            run(w);
            if (w->killed) {
                struct mail after[SERVER_MAX];
                memcpy(after, w->mail, sizeof after);
                memcpy(w->mail, before, sizeof before);
                witness(w);
                memcpy(w->mail, after, sizeof after);
            }
            w->now += 20000 + below(80000);
        }
        group_free(&w->journal);
    }
    free(w);
}

static void servers_that_behave(void **state)
{
    (void)state;
    histories(false, false, 20, false);
}

static void servers_that_reuse_and_double_uidls(void **state)
{
    (void)state;
    histories(false, true, 40, false);
}

static void servers_whose_sizes_drift(void **state)
{
    (void)state;
    histories(true, false, 20, false);
}

static void owners_that_remove_files(void **state)
{
    (void)state;
    histories(false, true, 25, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_that_behave),
        cmocka_unit_test(servers_that_reuse_and_double_uidls),
        cmocka_unit_test(servers_whose_sizes_drift),
        cmocka_unit_test(owners_that_remove_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
