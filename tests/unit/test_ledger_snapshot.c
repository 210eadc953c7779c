/* SPDX-License-Identifier: ISC */
/* The ledger written anew: what a compaction forgets is fetched twice, or deleted too early. */
#include "ledger_help.h"

struct copy {
    struct group journal, archive;
};

static int take(void *ctx, const struct record *r, bool to_archive, struct err *e)
{
    struct copy *c = ctx;
    (void)e;
    group_add(to_archive ? &c->archive : &c->journal, r);
    return 0;
}

struct loader {
    struct ledger *l;
    bool archive;
};

static int load(void *ctx, const struct record *r, struct err *e)
{
    struct loader *x = ctx;
    return ledger_apply(x->l, r, x->archive, e);
}

static void load_text(struct ledger *l, struct group *g, bool archive)
{
    struct loader x = {l, archive};
    struct err e = ERR_INIT;
    size_t good;
    group_end(g);
    if (record_scan(buf_sv(&g->text), load, &x, &good, &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(good, g->text.n);
}

/* What stands beside the messages. */
static void same_beside(const struct ledger *a, const struct ledger *b)
{
    assert_memory_equal(ledger_run(a), ledger_run(b), sizeof(struct ledger_run));
    static const char *const names[] = {"utf8", "hold", "clock-ok", "clock-jump", "x", "totals"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct sv m = ledger_mark(a, names[i]), n = ledger_mark(b, names[i]);
        assert_true((m.p == NULL) == (n.p == NULL) && sv_eq(m, n));
    }
    assert_int_equal(ledger_header(a)->any, ledger_header(b)->any);
    if (ledger_header(a)->any) {
        assert_string_equal(ledger_header(a)->user, ledger_header(b)->user);
        assert_string_equal(ledger_header(a)->maildir, ledger_header(b)->maildir);
        assert_string_equal(ledger_header(a)->journal_id, ledger_header(b)->journal_id);
    }
}

/* A ledger without its messages, as status of many accounts reads it. */
static void check_brief(const struct ledger *l)
{
    struct err e = ERR_INIT;
    struct copy c = {0};
    struct ledger *back = ledger_new();
    group_init(&c.journal);
    group_init(&c.archive);
    assert_int_equal(ledger_brief(l, 777, take, &c, &e), 0);
    load_text(back, &c.journal, false);
    assert_int_equal(c.archive.text.n, 0);
    assert_int_equal(ledger_count(back), 0);
    same_beside(l, back);
    ledger_free(back);
    group_free(&c.journal);
    group_free(&c.archive);
}

/* The archive grows from snapshot to snapshot; the journal is written anew. */
static struct ledger *rebuilt(const struct ledger *l, struct group *archive, int64_t archive_before)
{
    struct err e = ERR_INIT;
    struct copy c = {.archive = *archive};
    group_init(&c.journal);
    assert_int_equal(ledger_snapshot(l, 777, archive_before, take, &c, &e), 0);
    check_brief(l);
    struct ledger *back = ledger_new();
    load_text(back, &c.archive, true);
    load_text(back, &c.journal, false);
    *archive = c.archive;
    group_free(&c.journal);
    return back;
}

static bool is_lost(const struct ledger_entry *en)
{
    return en->state == LEDGER_VOID || en->state == LEDGER_REPLACED;
}

static void same_entry(const struct ledger_entry *a, const struct ledger_entry *b, bool same_boot)
{
    assert_int_equal(a->state, b->state);
    assert_true(a->stored_at == b->stored_at && a->asked_at == b->asked_at);
    assert_true(a->gone_at == b->gone_at && a->size == b->size);
    assert_true(a->wire_octets == b->wire_octets && a->file_octets == b->file_octets);
    assert_memory_equal(a->wire_sha, b->wire_sha, HASH_OCTETS);
    assert_memory_equal(a->file_sha, b->file_sha, HASH_OCTETS);
    assert_string_equal(a->name, b->name);
    assert_true((a->uidl == NULL) == (b->uidl == NULL));
    assert_true(sv_eq(sv_make(a->uidl, a->uidl_n), sv_make(b->uidl, b->uidl_n)));
    /* what was to be replaced may have been replaced by another since */
    assert_true(a->replaces == b->replaces || b->replaces == 0);
    assert_int_equal(a->quits, b->quits);
    assert_true(same_boot == (b->boot != 0));
}

static void same_ledger(const struct ledger *a, const struct ledger *b, const char *boot_id)
{
    uint64_t x, y;
    int64_t low_a, high_a, low_b, high_b;
    for (uint32_t i = 0; i < ledger_count(a); i++) {
        const struct ledger_entry *en = ledger_entry(a, i);
        if (is_lost(en))
            continue;
        uint32_t boot = ledger_boot(a, sv_of(boot_id));
        same_entry(en, entry(b, en->id),
                   boot != 0 && en->boot == boot && !entry(b, en->id)->archived);
    }
    for (int s = LEDGER_INTENT; s <= LEDGER_GONE; s++)
        assert_int_equal(ledger_count_state(a, (enum ledger_state)s),
                         ledger_count_state(b, (enum ledger_state)s));
    for (unsigned u = 0; u < 12; u++) {
        char uidl[8];
        snprintf(uidl, sizeof uidl, "u%u", u);
        assert_int_equal(walk_uidl(a, uidl, &x), walk_uidl(b, uidl, &y));
        assert_int_equal(x, y);
        assert_int_equal(walk_content(a, u, &x), walk_content(b, u, &y));
        assert_int_equal(x, y);
    }
    assert_int_equal(ledger_next_id(a), ledger_next_id(b));
    assert_true(ledger_newest(a) == ledger_newest(b));
    assert_true(ledger_clock_trusted(a) == ledger_clock_trusted(b));
    assert_int_equal(ledger_old_before(a), ledger_old_before(b));
    same_beside(a, b);
    bool any = ledger_boot_offsets(a, ledger_boot(a, sv_of(boot_id)), &low_a, &high_a);
    assert_int_equal(any, ledger_boot_offsets(b, ledger_boot(b, sv_of(boot_id)), &low_b, &high_b));
    if (any)
        assert_true(low_a == low_b && high_a == high_b);
}

static struct record chance_mark(int64_t t)
{
    static const char *const names[] = {"utf8", "hold", "clock-ok", "clock-jump", "x"};
    static char value[24];
    snprintf(value, sizeof value, "%lld", (long long)t - below(50));
    return rec_mark(t, names[below(5)], below(5) ? value : "-");
}

static struct record chance_record(int64_t t, uint32_t next_id)
{
    static const char *const boots[] = {"boot-a", "boot-b", "boot-c"};
    static char uidl[8];
    uint32_t id = next_id > 1 ? 1 + below(next_id - 1) : 1;
    struct record r;
    snprintf(uidl, sizeof uidl, "u%u", (unsigned)below(12));
    switch (below(12)) {
    case 0:
    case 1:
    case 2:
        r = rec_intent(t, next_id, below(9) ? uidl : NULL, 1 + below(3), below(12), NULL);
        r.replaces = below(4) ? 0 : id;
        return r;
    case 3:
    case 4:
        return rec_stored(t, below(3) ? next_id - 1 : id);
    case 5:
        return rec(below(4) ? 'D' : 'V', t, id);
    case 6:
        return rec(below(3) ? 'G' : 'Q', t, id);
    case 7:
        r = rec('K', t, id);
        r.uidl = below(9) ? sv_of(uidl) : SV_NULL;
        r.size = 1 + below(3);
        return r;
    case 8:
        return chance_mark(t);
    case 9:
        return rec_boot(t, boots[t / 400 % 3], 100 + t % 400 + below(3));
    case 10:
        r = rec_run(t,
                    below(2)   ? ST_OK
                    : below(2) ? ST_LOGIN
                               : ST_TEMP,
                    below(9), below(9), below(4));
        r.boot_id = sv_of(boots[t / 400 % 3]);
        r.boot_s = t % 400;
        return r;
    default:
        r = rec('H', t, 0);
        r.version = RECORD_VERSION;
        r.journal_id = SV("00112233445566778899aabbccddeeff");
        r.user = r.host = r.maildir = sv_of(uidl);
        return r;
    }
}

static void snapshots_rebuild_the_ledger(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 60; seed++) {
        struct ledger *l = ledger_new();
        struct group archive;
        group_init(&archive);
        chance_seed(seed);
        const char *boot = "";
        for (int64_t t = 1; t < 1500; t++) {
            struct record r = chance_record(t, ledger_next_id(l));
            struct err e = ERR_INIT;
            if (ledger_apply(l, &r, false, &e) == 0 && r.boot_id.p != NULL)
                boot = r.boot_id.p;
            if (t % 101 != 0)
                continue;
            struct ledger *back = rebuilt(l, &archive, t - 300);
            same_ledger(l, back, boot);
            ledger_free(l);
            l = back; /* go on with it: what a snapshot lost would show later */
        }
        ledger_free(l);
        group_free(&archive);
    }
}

static void feed_gone(struct ledger *l, int64_t t, uint32_t id, const char *uidl, uint64_t content)
{
    feed_stored(l, t, id, uidl, 10, content);
    feed(l, rec('D', t + 1, id));
    feed(l, rec('G', t + 2, id));
}

static struct ledger *compacted(struct ledger *l, struct group *archive, int64_t archive_before)
{
    struct ledger *back = rebuilt(l, archive, archive_before);
    ledger_free(l);
    return back;
}

/* Stored, deleted and archived under a clock that stood far ahead, confirmed to be right now, and
 * listed again: unless it counts from then, it stays on the server for as long as the clock was
 * ahead. What came later and went into the archive keeps its own time, or it would be deleted too
 * early. */
static void a_confirmed_clock_holds_for_the_archive(void **state)
{
    (void)state;
    for (int compactions = 0; compactions < 3; compactions++) {
        struct ledger *l = ledger_new();
        struct group archive;
        group_init(&archive);
        feed(l, rec_boot(90000, "b", 90));
        feed_gone(l, 90001, 1, "a", 7);
        l = compacted(l, &archive, 99000);
        assert_true(entry(l, 1)->archived);
        feed(l, rec_boot(1000, "c", 90));
        feed(l, rec_mark(1000, "clock-ok", "1000"));
        feed_gone(l, 1500, 2, "b", 8);
        for (int i = 0; i < compactions; i++) {
            size_t before = archive.text.n;
            l = compacted(l, &archive, 99000);
            assert_true(entry(l, 2)->archived);
            assert_int_equal(i == 0, archive.text.n > before);
        }
        for (uint32_t id = 1; id <= 2; id++) {
            struct record k = rec('K', 2000, id);
            k.uidl = id == 1 ? SV("z") : SV("y");
            k.size = 10;
            feed(l, k);
            assert_int_equal(entry(l, id)->state, LEDGER_STORED);
            assert_int_equal(entry(l, id)->stored_at, id == 1 ? 1000 : 1500);
        }
        ledger_free(l);
        group_free(&archive);
    }
}

/* The clock is confirmed a second time: the first, carried over, has not settled the archive. */
static void a_clock_confirmed_again_holds_for_the_archive(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    struct group archive;
    group_init(&archive);
    feed(l, rec_boot(500, "a", 90));
    feed(l, rec_mark(500, "clock-ok", "500"));
    feed(l, rec_boot(90000, "b", 90));
    feed_gone(l, 90001, 1, "a", 7);
    l = compacted(l, &archive, 99000);
    assert_int_equal(entry(l, 1)->stored_at, 90001);
    feed(l, rec_boot(1000, "c", 90));
    feed(l, rec_mark(1000, "clock-ok", "1000"));
    assert_int_equal(entry(l, 1)->stored_at, 1000);
    ledger_free(l);
    group_free(&archive);
}

static int refuse(void *ctx, const struct record *r, bool to_archive, struct err *e)
{
    unsigned *left = ctx;
    (void)r;
    (void)to_archive;
    return (*left)-- == 0 ? err_set(e, ST_IO, "full") : 0;
}

static void a_snapshot_stops_at_the_first_error(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    feed_gone(l, 10, 1, "u1", 1);
    feed(l, rec_mark(20, "utf8", "yes"));
    feed(l, rec_run(21, ST_OK, 1, 1, 1));
    feed(l, rec_boot(21, "b", 1));
    unsigned n = 0;
    for (;; n++) {
        unsigned left = n;
        struct err e = ERR_INIT;
        if (ledger_snapshot(l, 1, 0, refuse, &left, &e) == 0)
            break;
        assert_int_equal(e.status, ST_IO);
    }
    assert_int_equal(n, 8); /* M, I S D G, R, B, totals */
    ledger_free(l);
    ledger_free(NULL);
}

/* A run that deleted a whole mailbox and did not come to its end was compacted all the same: then
 * the next mail is no other mailbox, and what is due of it is not held back. */
static void deletions_of_a_run_without_end_are_not_missed(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    struct group archive;
    char totals[] = "7 10 10 10 0 0 22 1 0 0 0 0";
    group_init(&archive);
    for (uint32_t id = 1; id <= 22; id++) {
        feed(l, rec_intent(10, id, "u", 100, id, NULL));
        feed(l, rec_stored(10, id));
    }
    feed(l, rec_run(11, ST_OK, 22, 22, 0));
    for (uint32_t id = 1; id <= 22; id++)
        feed(l, rec('D', 12, id));
    feed(l, rec_run(13, ST_TEMP, 22, 22, 22));
    l = compacted(l, &archive, 0);
    for (uint32_t id = 1; id <= 22; id++)
        feed(l, rec('G', 14, id));
    assert_int_equal(ledger_run(l)->known, 0);
    ledger_free(l);
    l = ledger_new(); /* as written before that number was there */
    feed(l, rec_mark(10, "totals", totals));
    assert_int_equal(ledger_run(l)->known, 22);
    ledger_free(l);
    group_free(&archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deletions_of_a_run_without_end_are_not_missed),
        cmocka_unit_test(snapshots_rebuild_the_ledger),
        cmocka_unit_test(a_confirmed_clock_holds_for_the_archive),
        cmocka_unit_test(a_clock_confirmed_again_holds_for_the_archive),
        cmocka_unit_test(a_snapshot_stops_at_the_first_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
