/* SPDX-License-Identifier: ISC */
/* The identity rule. A message wrongly taken for known is never stored and then deleted: mail lost
 * for good. */
#include "ledger_help.h"

static const int64_t day = 86400, t0 = 1700000000;

static struct plan_message listed[64];
static size_t listed_n;

static void list(const char *uidl, uint64_t size)
{
    listed[listed_n] = (struct plan_message){(uint32_t)listed_n + 1,
                                             uidl ? (uint32_t)strlen(uidl) : 0, uidl, size};
    listed_n++;
}

static struct ledger *fresh(void)
{
    listed_n = 0;
    return ledger_new();
}

static unsigned count_why(const struct plan *p, enum plan_why why)
{
    unsigned n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->items[i].why == why;
    return n;
}

static uint32_t match(const struct plan *p, const struct ledger *l, size_t item, uint64_t content)
{
    unsigned char sha[HASH_OCTETS];
    content_sha(sha, content);
    uint32_t index = plan_match(p, l, item, sha, 1000 + content);
    return index == LEDGER_NONE ? 0 : ledger_entry(l, index)->id;
}

static uint32_t stands(const struct plan *p, const struct ledger *l, size_t item)
{
    return p->items[item].entry == LEDGER_NONE ? 0 : ledger_entry(l, p->items[item].entry)->id;
}

static void known_and_new(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    feed_stored(l, t0, 1, "a", 10, 1);
    feed_stored(l, t0, 2, "b", 20, 2);
    list("b", 20);
    list("new", 30);
    list("a", 10);
    list(NULL, 40);
    list("", 41);
    list("b-without-size", RECORD_NO_SIZE);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.items[0].why, PLAN_KNOWN);
    assert_int_equal(stands(&p, l, 0), 2);
    assert_true(p.items[0].settled);
    assert_int_equal(p.items[1].why, PLAN_NEW);
    assert_false(p.items[1].settled);
    assert_int_equal(p.items[2].why, PLAN_KNOWN);
    assert_int_equal(stands(&p, l, 2), 1);
    assert_int_equal(p.items[3].why, PLAN_NO_UIDL);
    assert_int_equal(p.items[4].why, PLAN_NO_UIDL);
    assert_int_equal(p.items[5].why, PLAN_NO_SIZE);
    assert_int_equal(p.known_n, 2);
    assert_int_equal(p.fetch_n, 4);
    assert_int_equal(p.fetch_octets, 30 + 40 + 41);
    plan_free(&p);
    ledger_free(l);
}

/* The server gives an old UIDL to another mail. */
static void a_reused_uidl_with_another_size_is_fetched(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    feed_stored(l, t0, 1, "a", 10, 1);
    list("a", 11);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.items[0].why, PLAN_OTHER_SIZE);
    assert_int_equal(match(&p, l, 0, 2), 0); /* other octets: store them */
    assert_int_equal(match(&p, l, 0, 1), 1); /* the same octets: the size has changed */
    plan_free(&p);
    ledger_free(l);
}

static void sizes_that_drift_are_not_compared(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    feed_stored(l, t0, 1, "a", 10, 1);
    feed_stored(l, t0, 2, "d", 10, 2);
    feed_stored(l, t0, 3, "d", 20, 3);
    feed(l, rec_mark(t0, "sizes-drift", "yes"));
    list("a", 999);
    list("d", 20);
    list("d", 998);
    list("a2", RECORD_NO_SIZE);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.items[0].why, PLAN_KNOWN);
    assert_int_equal(stands(&p, l, 1), 3); /* its own size first */
    assert_int_equal(stands(&p, l, 2), 2);
    assert_int_equal(p.items[3].why, PLAN_NO_SIZE);
    plan_free(&p);
    listed_n = 0;
    list("a", RECORD_NO_SIZE);
    list("d", 1);
    list("d", 2);
    list("d", 3);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.items[0].why, PLAN_NO_SIZE);
    assert_int_equal(count_why(&p, PLAN_TOO_OFTEN), 3);
    plan_free(&p);
    ledger_free(l);
}

/* Stored while the server would not list: known by its UIDL alone, it would never be deleted. */
static void a_record_without_size_gets_one_though_sizes_drift(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    feed_stored(l, t0, 1, "a", RECORD_NO_SIZE, 1);
    feed_stored(l, t0, 2, "b", 10, 2);
    feed(l, rec_mark(t0, "sizes-drift", "yes"));
    list("a", 10);
    list("b", 20);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.items[0].why, PLAN_OTHER_SIZE);
    assert_int_equal(match(&p, l, 0, 1), 1);
    assert_int_equal(p.items[1].why, PLAN_KNOWN);
    plan_free(&p);
    ledger_free(l);
}

static void two_and_two_are_known(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    feed_stored(l, t0, 1, "d", 10, 1);
    feed_stored(l, t0, 2, "d", 10, 1);
    list("d", 10);
    list("d", 10);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.known_n, 2);
    assert_int_equal(stands(&p, l, 0) + stands(&p, l, 1), 3);
    assert_true(p.items[0].entry != p.items[1].entry);
    plan_free(&p);
    ledger_free(l);
}

/* Which of the three are the two stored ones? All are fetched; the octets tell. */
static void three_listed_two_recorded(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    feed_stored(l, t0, 1, "d", 10, 1);
    feed_stored(l, t0, 2, "d", 10, 2);
    list("d", 10);
    list("d", 10);
    list("d", 10);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(count_why(&p, PLAN_TOO_OFTEN), 3);
    assert_int_equal(match(&p, l, 0, 2), 2);
    plan_settle(&p, 0, ledger_index_of(l, 2));
    assert_int_equal(match(&p, l, 1, 2), 0); /* taken: this is a second mail */
    assert_int_equal(match(&p, l, 1, 1), 1);
    plan_free(&p);
    /* with different sizes, too: once in all, and once for each size */
    listed_n = 0;
    list("d", 10);
    list("d", 11);
    list("d", 12);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(count_why(&p, PLAN_TOO_OFTEN), 3);
    plan_free(&p);
    feed_stored(l, t0, 3, "d", 11, 3);
    feed_stored(l, t0, 4, "d", 11, 4);
    listed_n = 0;
    list("d", 10);
    list("d", 10);
    list("d", 10);
    list("d", 11);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(count_why(&p, PLAN_TOO_OFTEN), 3);
    assert_int_equal(stands(&p, l, 3), 3);
    plan_free(&p);
    ledger_free(l);
}

static void a_renumbered_mailbox_is_matched(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    for (uint32_t id = 1; id <= 30; id++)
        feed_stored(l, t0, id, "x", 10 + id, id);
    static char uidl[30][8];
    for (uint32_t i = 0; i < 30; i++) {
        snprintf(uidl[i], sizeof uidl[i], "n%u", (unsigned)i);
        list(uidl[i], 10 + 30 - i);
    }
    feed(l, rec_run(t0 + 1, ST_OK, 30, 30, 0));
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(count_why(&p, PLAN_NEW), 30);
    for (uint32_t i = 0; i < 30; i++) {
        assert_int_equal(match(&p, l, i, 30 - i), 30 - i);
        plan_settle(&p, i, ledger_index_of(l, 30 - i));
    }
    assert_int_equal(plan_old(&p, l), 30);
    assert_int_equal(retention_uidls(l, 30, plan_old(&p, l), 0), HOLD_NONE);
    plan_free(&p);
    ledger_free(l);
}

/* Another mailbox answers. The hold must outlive the run in which all of it became known. */
static void another_mailbox_is_held(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    static char uidl[40][8];
    for (uint32_t id = 1; id <= 40; id++)
        feed_stored(l, t0, id, "x", 10 + id, id);
    feed(l, rec_run(t0 + 1, ST_OK, 40, 40, 0));
    for (uint32_t i = 0; i < 40; i++) {
        snprintf(uidl[i], sizeof uidl[i], "n%u", (unsigned)i);
        list(uidl[i], 500 + i);
    }
    for (int run = 0; run < 3; run++) {
        plan_make(&p, listed, listed_n, l);
        for (uint32_t i = 0; i < 40 && run == 0; i++) {
            assert_int_equal(match(&p, l, i, 100 + i), 0);
            feed_stored(l, t0 + 2, 41 + i, uidl[i], 500 + i, 100 + i);
            plan_settle(&p, i, ledger_index_of(l, 41 + i));
        }
        uint64_t old = plan_old(&p, l);
        assert_int_equal(old, 0);
        assert_int_equal(retention_uidls(l, 40, old, 40 - old), HOLD_UIDLS_CHANGED);
        assert_int_equal(retention_known(l), 40);
        if (run == 0)
            feed(l, rec_mark(t0 + 3, "hold", "40"));
        feed(l, rec_run(t0 + 4 + run, ST_HELD, 40, 40, 0));
        plan_free(&p);
    }
    feed(l, rec_mark(t0 + 9, "hold", "-"));
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(plan_old(&p, l), 40);
    assert_int_equal(retention_uidls(l, 40, 40, 0), HOLD_NONE);
    plan_free(&p);
    ledger_free(l);
}

static void what_vanished_may_return(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    feed_stored(l, t0, 1, "a", 10, 1);
    plan_make(&p, listed, 0, l); /* an empty listing forgets nothing */
    assert_int_equal(p.fetch_n + p.n_gone + p.n_back, 0);
    plan_free(&p);
    list("a", 10);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.known_n, 1);
    plan_free(&p);
    feed(l, rec('D', t0 + 1, 1));
    feed(l, rec('G', t0 + 2, 1));
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.items[0].why, PLAN_RETURNED);
    assert_int_equal(match(&p, l, 0, 1), 1);
    assert_int_equal(match(&p, l, 0, 2), 0);
    plan_free(&p);
    ledger_free(l);
}

static void asked_and_gone_or_back(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    for (uint32_t id = 1; id <= 3; id++) {
        static const char *const uidls[] = {"a", "b", "c"};
        feed_stored(l, t0, id, uidls[id - 1], 10, id);
        feed(l, rec('D', t0 + 1, id));
    }
    list("b", 10);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.n_gone, 2);
    assert_int_equal(p.n_back, 1);
    assert_int_equal(ledger_entry(l, p.back[0])->id, 2);
    assert_int_equal(p.items[0].why, PLAN_KNOWN); /* not fetched again */
    plan_free(&p);
    /* one message without UIDL: it may be any of them */
    list(NULL, 10);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.n_gone, 0);
    assert_int_equal(p.n_back, 1);
    plan_free(&p);
    /* the server forgot its sizes: still listed */
    listed_n = 0;
    list("a", RECORD_NO_SIZE);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.n_gone, 2);
    assert_int_equal(p.n_back, 1);
    plan_free(&p);
    /* the UIDL went to another mail: gone. Listed too often: it may be there */
    listed_n = 0;
    list("a", 99);
    list("c", 10);
    list("c", 10);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.n_gone, 2);
    assert_int_equal(p.n_back, 1);
    assert_int_equal(ledger_entry(l, p.back[0])->id, 3);
    plan_free(&p);
    plan_make(&p, listed, 0, l);
    assert_int_equal(p.n_gone, 3);
    plan_free(&p);
    ledger_free(l);
}

/* Of two stored alike one was asked for and one is still listed: that is the other one. */
static void stored_stands_before_asked(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    feed_stored(l, t0, 1, "d", 10, 1);
    feed_stored(l, t0 + 5, 2, "d", 10, 1);
    feed(l, rec('D', t0 + 6, 1));
    list("d", 10);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(stands(&p, l, 0), 2);
    assert_int_equal(p.n_gone, 1);
    assert_int_equal(ledger_entry(l, p.gone[0])->id, 1);
    plan_free(&p);
    ledger_free(l);
}

static void no_sizes_at_all(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    struct retention_policy policy = {.days = 0, .max_delete = UINT64_MAX, .now = t0 + day};
    enum retention_why judged[64];
    uint32_t order[64];
    feed_stored(l, t0, 1, "a", 10, 1);
    feed_stored(l, t0, 2, "b", RECORD_NO_SIZE, 2);
    list("a", RECORD_NO_SIZE);
    list("b", RECORD_NO_SIZE);
    list("c", RECORD_NO_SIZE);
    for (int drift = 0; drift < 2; drift++) {
        plan_make(&p, listed, listed_n, l);
        assert_int_equal(count_why(&p, PLAN_NO_SIZE), 3);
        plan_settle(&p, 0, ledger_index_of(l, match(&p, l, 0, 1)));
        plan_settle(&p, 1, ledger_index_of(l, match(&p, l, 1, 2)));
        assert_int_equal(plan_due(&p, l, &policy, HOLD_NONE, judged, order), 0);
        assert_int_equal(judged[0], RETENTION_NO_UIDL);
        assert_int_equal(judged[2], RETENTION_NOT_STORED);
        plan_free(&p);
        feed(l, rec_mark(t0, "sizes-drift", "yes"));
    }
    ledger_free(l);
}

static void intents_and_voids_do_not_stand(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    feed(l, rec_intent(t0, 1, "a", 10, 1, NULL));
    feed(l, rec_intent(t0, 2, "b", 10, 2, NULL));
    feed(l, rec('V', t0, 2));
    list("a", 10);
    list("b", 10);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.known_n, 0);
    assert_int_equal(match(&p, l, 0, 1), 0);
    assert_int_equal(match(&p, l, 1, 2), 0);
    plan_free(&p);
    ledger_free(l);
}

static void the_best_match(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    feed_stored(l, t0, 1, "gone", 10, 1);
    feed(l, rec('D', t0, 1));
    feed(l, rec('G', t0, 1));
    feed_stored(l, t0 + 1, 2, "asked", 10, 1);
    feed(l, rec('D', t0 + 1, 2));
    feed_stored(l, t0 + 9, 3, "young", 10, 1);
    feed_stored(l, t0 + 5, 4, "old", 10, 1);
    feed_stored(l, t0 + 2, 5, "listed", 10, 1);
    static const uint32_t want[] = {4, 3, 2, 1, 0};
    list("listed", 10);
    for (int i = 0; i < 5; i++)
        list("new", 10);
    plan_make(&p, listed, listed_n, l);
    for (size_t i = 0; i < 5; i++) {
        uint32_t id = match(&p, l, i + 1, 1);
        assert_int_equal(id, want[i]);
        if (id != 0)
            plan_settle(&p, i + 1, ledger_index_of(l, id));
    }
    unsigned char sha[HASH_OCTETS];
    content_sha(sha, 1);
    assert_int_equal(plan_match(&p, l, 5, sha, 7), LEDGER_NONE); /* not by the digest alone */
    plan_free(&p);
    ledger_free(l);
}

static void a_missing_file_is_fetched_again(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    feed_stored(l, t0, 1, "a", 10, 1);
    list("a", 10);
    list("new", 12);
    plan_make(&p, listed, listed_n, l);
    plan_refetch(&p, 1); /* to be fetched anyway */
    assert_int_equal(p.items[1].why, PLAN_NEW);
    plan_refetch(&p, 0);
    assert_int_equal(p.items[0].why, PLAN_MISSING);
    assert_false(p.items[0].settled);
    assert_int_equal(p.known_n, 0);
    assert_int_equal(p.fetch_n, 2);
    assert_int_equal(p.fetch_octets, 22);
    assert_int_equal(stands(&p, l, 0), 1);
    assert_int_equal(match(&p, l, 0, 1), 0); /* its own record has no file */
    assert_int_equal(match(&p, l, 1, 1), 0); /* nor has it for another */
    struct record r = rec_intent(t0 + 5, 2, "a", 10, 1, "again");
    r.replaces = 1;
    feed(l, r);
    feed(l, rec_stored(t0 + 5, 2));
    plan_settle(&p, 0, ledger_index_of(l, 2));
    assert_int_equal(stands(&p, l, 0), 2);
    assert_int_equal(plan_old(&p, l), 1);
    plan_free(&p);
    plan_make(&p, listed, listed_n, l);
    assert_int_equal(p.known_n, 1);
    assert_int_equal(stands(&p, l, 0), 2);
    plan_refetch(&p, 0);
    feed_stored(l, t0 + 6, 3, "vanished", 10, 1);
    assert_int_equal(match(&p, l, 0, 1), 3);
    plan_free(&p);
    ledger_free(l);
}

/* Equal messages: once all are taken that is remembered, but not when one is free again. */
static void equal_messages(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct ledger *l = ledger_new();
    struct plan p;
    static char uidl[N + 2][8];
    struct plan_message *m = calloc(N + 2, sizeof *m);
    for (uint32_t i = 0; i < N + 2; i++) {
        snprintf(uidl[i], sizeof uidl[i], "%x", (unsigned)i);
        m[i] = (struct plan_message){i + 1, (uint32_t)strlen(uidl[i]), uidl[i], 10};
    }
    feed_stored(l, t0, 1, uidl[0], 10, 7);
    plan_make(&p, m, N + 2, l);
    for (uint32_t i = 1; i < N; i++) {
        assert_int_equal(match(&p, l, i, 7), 0);
        feed_stored(l, t0, i + 1, uidl[i], 10, 7);
        plan_settle(&p, i, ledger_index_of(l, i + 1));
    }
    plan_refetch(&p, 0);
    assert_int_equal(match(&p, l, 0, 7), 0);
    feed_stored(l, t0, N + 1, uidl[0], 10, 7);
    plan_settle(&p, 0, ledger_index_of(l, N + 1)); /* not as one that replaces: 1 is free */
    assert_int_equal(match(&p, l, N, 7), 1);
    plan_settle(&p, N, ledger_index_of(l, 1));
    assert_int_equal(match(&p, l, N + 1, 7), 0);
    plan_free(&p);
    free(m);
    ledger_free(l);
}

static void deletions_come_oldest_first(void **state)
{
    (void)state;
    enum { N = 50 };
    struct ledger *l = fresh();
    struct plan p;
    enum retention_why judged[64];
    uint32_t order[64];
    static char uidl[N][8];
    for (uint32_t i = 0; i < N; i++) {
        snprintf(uidl[i], sizeof uidl[i], "u%u", (unsigned)i);
        feed_stored(l, t0 + (i * 17 % N) * day, i + 1, uidl[i], 10, i);
        list(uidl[i], 10);
    }
    list("new", 10);
    plan_make(&p, listed, listed_n, l);
    /* those of the first 21 days are due */
    struct retention_policy policy = {.days = 30, .max_delete = UINT64_MAX, .now = t0 + 50 * day};
    assert_int_equal(plan_due(&p, l, &policy, HOLD_NONE, judged, order), 21);
    for (uint32_t i = 0; i < 21; i++) {
        assert_int_equal(ledger_entry(l, p.items[order[i]].entry)->stored_at, t0 + i * day);
        assert_int_equal(judged[order[i]], RETENTION_DUE);
    }
    assert_int_equal(judged[N], RETENTION_NOT_STORED);
    policy.max_delete = 5;
    assert_int_equal(plan_due(&p, l, &policy, HOLD_NONE, judged, order), 5);
    unsigned limited = 0;
    for (uint32_t i = 0; i < N; i++)
        limited += judged[i] == RETENTION_LIMIT;
    assert_int_equal(limited, 16);
    assert_int_equal(ledger_entry(l, p.items[order[4]].entry)->stored_at, t0 + 4 * day);
    policy.max_delete = 0;
    assert_int_equal(plan_due(&p, l, &policy, HOLD_NONE, judged, order), 0);
    policy.max_delete = UINT64_MAX;
    assert_int_equal(plan_due(&p, l, &policy, HOLD_CLOCK_BACK, judged, order), 0);
    unsigned held = 0;
    for (uint32_t i = 0; i < N; i++)
        held += judged[i] == RETENTION_HELD;
    assert_int_equal(held, 21);
    policy.days = -1;
    assert_int_equal(plan_due(&p, l, &policy, HOLD_NONE, judged, order), 0);
    assert_int_equal(judged[N], RETENTION_NEVER);
    plan_free(&p);
    ledger_free(l);
}

/* UIDLs may hold any octets (RFC 1939 says otherwise; servers do not read it). */
static void uidls_are_octets(void **state)
{
    (void)state;
    struct ledger *l = fresh();
    struct plan p;
    struct record r = rec_intent(t0, 1, NULL, 10, 1, NULL);
    r.uidl = sv_make("a\0b", 3);
    feed(l, r);
    feed(l, rec_stored(t0, 1));
    listed[0] = (struct plan_message){1, 3, "a\0b", 10};
    listed[1] = (struct plan_message){2, 3, "a\0c", 10};
    listed[2] = (struct plan_message){3, 1, "a", 10};
    plan_make(&p, listed, 3, l);
    assert_int_equal(p.items[0].why, PLAN_KNOWN);
    assert_int_equal(p.items[1].why, PLAN_NEW);
    assert_int_equal(p.items[2].why, PLAN_NEW);
    plan_free(&p);
    ledger_free(l);
}

/* A server that gives one UIDL to all: slow is allowed, quadratic is not. */
static void one_uidl_for_all(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct ledger *l = ledger_new();
    struct plan p;
    struct plan_message *m = calloc(N + 1, sizeof *m);
    for (uint32_t i = 0; i < N; i++) {
        feed_stored(l, t0, i + 1, "same", 10 + i % 3, i);
        m[i] = (struct plan_message){i + 1, 4, "same", 10 + i % 3};
    }
    plan_make(&p, m, N, l);
    assert_int_equal(p.known_n, N);
    plan_free(&p);
    m[N] = (struct plan_message){N + 1, 4, "same", 10};
    plan_make(&p, m, N + 1, l);
    assert_int_equal(p.known_n, 0);
    assert_int_equal(p.fetch_n, N + 1);
    plan_free(&p);
    free(m);
    ledger_free(l);
}

static void words(void **state)
{
    (void)state;
    for (int w = PLAN_KNOWN; w <= PLAN_MISSING; w++) {
        assert_true(strlen(plan_why_text((enum plan_why)w)) > 2);
        assert_null(strpbrk(plan_why_word((enum plan_why)w), " ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_and_new),
        cmocka_unit_test(a_reused_uidl_with_another_size_is_fetched),
        cmocka_unit_test(sizes_that_drift_are_not_compared),
        cmocka_unit_test(a_record_without_size_gets_one_though_sizes_drift),
        cmocka_unit_test(two_and_two_are_known),
        cmocka_unit_test(three_listed_two_recorded),
        cmocka_unit_test(a_renumbered_mailbox_is_matched),
        cmocka_unit_test(another_mailbox_is_held),
        cmocka_unit_test(what_vanished_may_return),
        cmocka_unit_test(asked_and_gone_or_back),
        cmocka_unit_test(stored_stands_before_asked),
        cmocka_unit_test(no_sizes_at_all),
        cmocka_unit_test(intents_and_voids_do_not_stand),
        cmocka_unit_test(the_best_match),
        cmocka_unit_test(a_missing_file_is_fetched_again),
        cmocka_unit_test(equal_messages),
        cmocka_unit_test(deletions_come_oldest_first),
        cmocka_unit_test(uidls_are_octets),
        cmocka_unit_test(one_uidl_for_all),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
