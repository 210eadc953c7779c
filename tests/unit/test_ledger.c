/* SPDX-License-Identifier: ISC */
/* The ledger: a wrong state here is mail deleted that is not stored, or stored twice. */
#include "ledger_help.h"

static struct ledger *in_state(enum ledger_state s)
{
    struct ledger *l = ledger_new();
    feed(l, rec_intent(10, 1, "u1", 100, 1, NULL));
    if (s == LEDGER_INTENT)
        return l;
    if (s == LEDGER_VOID) {
        feed(l, rec('V', 11, 1));
        return l;
    }
    feed(l, rec_stored(11, 1));
    if (s == LEDGER_REPLACED) {
        struct record r = rec_intent(12, 2, "u1", 100, 1, "another");
        r.replaces = 1;
        feed(l, r);
        feed(l, rec_stored(12, 2));
    }
    if (s == LEDGER_ASKED || s == LEDGER_GONE)
        feed(l, rec('D', 12, 1));
    if (s == LEDGER_GONE)
        feed(l, rec('G', 13, 1));
    return l;
}

/* What each record makes of each state; -1: damage, and nothing changed. */
static void transitions(void **state)
{
    (void)state;
    static const int table[6][6] = {
        /*             I   S                V            K              D             G */
        /* INTENT */ {-1, LEDGER_STORED, LEDGER_VOID, -1, -1, -1},
        /* STORED */ {-1, -1, -1, LEDGER_STORED, LEDGER_ASKED, -1},
        /* ASKED */ {-1, LEDGER_STORED, -1, LEDGER_STORED, -1, LEDGER_GONE},
        /* GONE */ {-1, -1, -1, LEDGER_STORED, -1, -1},
        /* VOID */ {-1, -1, -1, -1, -1, -1},
        /* REPLACED */ {-1, -1, -1, -1, -1, -1},
    };
    static const char kinds[] = "ISVKDG";
    for (int from = 0; from < 6; from++) {
        for (int k = 0; k < 6; k++) {
            struct ledger *l = in_state((enum ledger_state)from);
            assert_int_equal(entry(l, 1)->state, from);
            struct record r =
                kinds[k] == 'I' ? rec_intent(20, 1, "x", 1, 9, NULL) : rec(kinds[k], 20, 1);
            r.uidl = SV("u1");
            uint64_t lines = ledger_lines(l);
            int64_t newest = ledger_newest(l);
            if (table[from][k] >= 0) {
                feed(l, r);
                assert_int_equal(entry(l, 1)->state, table[from][k]);
                assert_int_equal(ledger_lines(l), lines + 1);
                assert_int_equal(ledger_newest(l), 20);
            } else {
                feed_bad(l, r);
                assert_int_equal(entry(l, 1)->state, from);
                assert_int_equal(ledger_lines(l), lines);
                assert_int_equal(ledger_newest(l), newest);
            }
            ledger_free(l);
        }
    }
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    feed_bad(l, rec_stored(1, 1));
    feed_bad(l, rec_intent(1, 0, "u", 1, 1, NULL));
    feed_bad(l, rec_intent(1, UINT32_MAX, "u", 1, 1, NULL));
    feed_bad(l, rec_intent(1, 1, "u", 1, 1, "../../etc/passwd"));
    feed_bad(l, rec_intent(1, 1, "u", 1, 1, ""));
    struct record r = rec_intent(1, 1, "u", 1, 1, NULL);
    r.replaces = 7;
    feed_bad(l, r);
    r.replaces = 1;
    feed_bad(l, r);
    feed_bad(l, rec('E', 0, 0));
    feed_bad(l, rec('?', 0, 0));
    feed_bad(l, rec_mark(1, "clock-ok", "soon"));
    r = rec('H', 1, 0);
    r.version = RECORD_VERSION + 1;
    feed_bad(l, r);
    assert_int_equal(ledger_count(l), 0);
    assert_int_equal(ledger_newest(l), 0);
    assert_int_equal(ledger_next_id(l), 1);
    ledger_free(l);
}

static void entries_are_found(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    uint64_t ids;
    feed_stored(l, 5, 1, "a", 10, 7);
    feed_stored(l, 6, 2, "a", 10, 7);
    feed_stored(l, 7, 3, "b", 10, 8);
    feed(l, rec_intent(8, 4, "a", 10, 7, "pending"));
    assert_int_equal(walk_uidl(l, "a", &ids), 3);
    assert_int_equal(walk_content(l, 7, &ids), 2); /* an intent is no stored copy */
    assert_int_equal(ids, 3);
    feed(l, rec('V', 9, 4));
    assert_int_equal(walk_uidl(l, "a", &ids), 2);
    struct record k = rec('K', 9, 1);
    k.uidl = SV("b");
    k.size = 11;
    feed(l, k);
    assert_int_equal(walk_uidl(l, "a", &ids), 1);
    assert_int_equal(walk_uidl(l, "b", &ids), 2);
    assert_int_equal(ids, 4);
    assert_int_equal(entry(l, 1)->size, 11);
    assert_int_equal(entry(l, 1)->stored_at, 5);
    k.uidl = SV_NULL;
    feed(l, k);
    assert_null(entry(l, 1)->uidl);
    assert_int_equal(walk_uidl(l, "b", &ids), 1);
    assert_int_equal(ledger_by_uidl(l, SV_NULL, LEDGER_NONE), LEDGER_NONE);
    assert_int_equal(ledger_by_uidl(l, SV(""), LEDGER_NONE), LEDGER_NONE);
    assert_int_equal(ledger_index_of(l, 5), LEDGER_NONE);
    assert_int_equal(ledger_index_of(l, 4000000000U), LEDGER_NONE);
    ledger_free(l);
}

static void a_lost_file_is_replaced(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    uint64_t ids;
    feed_stored(l, 5, 1, "a", 10, 7);
    struct record r = rec_intent(6, 2, "a", 10, 7, "again");
    r.replaces = 1;
    feed(l, r);
    assert_int_equal(entry(l, 1)->state, LEDGER_STORED); /* not before the new one is */
    feed(l, rec_stored(7, 2));
    assert_int_equal(entry(l, 1)->state, LEDGER_REPLACED);
    assert_int_equal(walk_uidl(l, "a", &ids), 1);
    assert_int_equal(ids, 2);
    assert_int_equal(walk_content(l, 7, &ids), 1);
    assert_int_equal(ids, 2);
    assert_int_equal(ledger_count_state(l, LEDGER_STORED), 1);
    assert_int_equal(ledger_count_state(l, LEDGER_REPLACED), 1);
    ledger_free(l);
}

/* Two files that were to take the place of the same one, in a journal of whatever origin: were the
 * second refused, recovery would stop at it in every run. Both files are there; both are kept. */
static void two_files_for_one_place(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    uint64_t ids;
    feed_stored(l, 5, 1, "a", 10, 7);
    for (uint32_t id = 2; id <= 3; id++) {
        struct record r = rec_intent(6, id, "a", 10, 7, id == 2 ? "again" : "and again");
        r.replaces = 1;
        feed(l, r);
    }
    feed(l, rec_stored(7, 2));
    feed(l, rec_stored(7, 3));
    assert_int_equal(entry(l, 1)->state, LEDGER_REPLACED);
    assert_int_equal(entry(l, 2)->state, LEDGER_STORED);
    assert_int_equal(entry(l, 3)->state, LEDGER_STORED);
    assert_int_equal(walk_uidl(l, "a", &ids), 2);
    assert_int_equal(walk_content(l, 7, &ids), 2);
    struct record late = rec_intent(8, 4, "a", 10, 7, "too late");
    late.replaces = 1;
    feed_bad(l, late);
    ledger_free(l);
}

/* What is taken must fit a line again, or the next compaction could not be written. */
static void texts_fit_a_line(void **state)
{
    (void)state;
    static char longest[RECORD_TEXT_MAX + 2];
    memset(longest, ' ', RECORD_TEXT_MAX);
    struct ledger *l = ledger_new();
    feed(l, rec_intent(1, 1, longest, 10, 7, longest));
    feed(l, rec_stored(2, 1));
    struct group g;
    group_init(&g);
    struct record r = rec_intent(1, 1, longest, UINT64_MAX - 1, UINT32_MAX, longest);
    group_add(&g, &r); /* aborts if it is too long */
    group_free(&g);
    longest[RECORD_TEXT_MAX] = ' ';
    feed_bad(l, rec_intent(1, 2, longest, 10, 7, NULL));
    feed_bad(l, rec_intent(1, 2, "a", 10, 7, longest));
    struct record k = rec('K', 3, 1);
    k.uidl = sv_of(longest);
    feed_bad(l, k);
    ledger_free(l);
}

/* Counted wrongly, a server that keeps its mail is either asked for ever or never again. */
static void quits_are_counted_once_each(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    feed_stored(l, 5, 1, "a", 10, 7);
    feed_stored(l, 5, 2, "b", 10, 8);
    for (int round = 1; round <= 300; round++) {
        feed(l, rec('D', 100 + round, 1));
        feed(l, rec('Q', 100 + round, 0));
        assert_int_equal(entry(l, 1)->quits, round < 255 ? round : 255);
        struct record back = rec_stored(200 + round, 1);
        back.stored_at = 5;
        back.quits = entry(l, 1)->quits;
        back.asked_at = entry(l, 1)->asked_at;
        feed(l, back);
        assert_int_equal(entry(l, 1)->stored_at, 5);
        assert_int_equal(entry(l, 1)->asked_at, 100 + round);
    }
    assert_int_equal(entry(l, 2)->quits, 0);
    /* asked, back and asked again before one QUIT: once */
    feed(l, rec('D', 900, 2));
    feed(l, rec_stored(901, 2));
    feed(l, rec('D', 902, 2));
    feed(l, rec('Q', 903, 0));
    assert_int_equal(entry(l, 2)->quits, 1);
    assert_int_equal(entry(l, 1)->quits, 255);
    struct record k = rec('K', 904, 2);
    feed(l, k);
    assert_int_equal(entry(l, 2)->quits, 0);
    assert_int_equal(entry(l, 2)->asked_at, 0);
    ledger_free(l);
}

static int feed_archive(struct ledger *l, struct record r)
{
    struct err e = ERR_INIT;
    return ledger_apply(l, &r, true, &e);
}

static void the_archive_is_read(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    uint64_t ids;
    assert_int_equal(feed_archive(l, rec_intent(5, 9, "a", 10, 7, NULL)), 0);
    assert_int_equal(feed_archive(l, rec_stored(6, 9)), 0);
    assert_int_equal(feed_archive(l, rec('D', 7, 9)), 0);
    assert_int_equal(feed_archive(l, rec('G', 8, 9)), 0);
    assert_int_equal(feed_archive(l, rec_mark(8, "utf8", "no")), -1);
    assert_int_equal(feed_archive(l, rec_boot(8, "b", 1)), -1);
    assert_true(entry(l, 9)->archived);
    assert_int_equal(ledger_next_id(l), 10); /* never used again */
    assert_int_equal(ledger_newest(l), 0);
    assert_int_equal(ledger_lines(l), 0);
    assert_int_equal(walk_uidl(l, "a", &ids), 1);
    assert_int_equal(walk_content(l, 7, &ids), 1);
    feed_bad(l, rec('D', 9, 9));
    /* a clock mark that a compaction carried over leaves it alone */
    feed(l, rec_mark(20, "clock-ok", "1"));
    assert_int_equal(entry(l, 9)->stored_at, 6);
    struct record k = rec('K', 21, 9);
    k.uidl = SV("b");
    k.size = 12;
    feed(l, k);
    assert_false(entry(l, 9)->archived);
    assert_int_equal(entry(l, 9)->state, LEDGER_STORED);
    assert_int_equal(entry(l, 9)->gone_at, 0);
    feed_bad(l, rec_intent(22, 9, "c", 10, 7, NULL));
    ledger_free(l);
    /* a compaction that was interrupted: archived, and still in the journal */
    l = ledger_new();
    for (int twice = 0; twice < 2; twice++) {
        assert_int_equal(feed_archive(l, rec_intent(5, 3, "a", 10, 7, NULL)), 0);
        assert_int_equal(feed_archive(l, rec_stored(6, 3)), 0);
        assert_int_equal(feed_archive(l, rec('D', 7, 3)), 0);
        assert_int_equal(feed_archive(l, rec('G', 8, 3)), 0);
    }
    feed_stored(l, 5, 3, "a", 10, 7);
    assert_int_equal(ledger_count(l), 1);
    assert_int_equal(walk_uidl(l, "a", &ids), 1);
    assert_int_equal(walk_content(l, 7, &ids), 1);
    assert_int_equal(ledger_count_state(l, LEDGER_STORED), 1);
    assert_int_equal(ledger_count_state(l, LEDGER_GONE), 0);
    ledger_free(l);
}

static void clock_marks(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    int64_t low, high;
    feed(l, rec_boot(1000, "boot-1", 100));
    feed_stored(l, 1001, 1, "a", 10, 7);
    feed(l, rec_boot(5000, "boot-2", 50));
    feed_stored(l, 5001, 2, "b", 10, 8);
    feed(l, rec_boot(9000, "boot-2", 60));
    feed_stored(l, 9001, 3, "c", 10, 9);
    assert_int_equal(entry(l, 1)->boot, 1);
    assert_int_equal(entry(l, 2)->boot, 2);
    assert_true(ledger_boot_offsets(l, ledger_boot(l, SV("boot-2")), &low, &high));
    assert_int_equal(low, 4950);
    assert_int_equal(high, 8940);
    assert_int_equal(ledger_boot(l, SV("boot-3")), 0);
    assert_false(ledger_boot_offsets(l, 0, &low, &high));
    feed(l, rec_mark(7000, "clock-jump", "7000"));
    assert_int_equal(entry(l, 1)->stored_at, 1001);
    assert_int_equal(entry(l, 2)->stored_at, 7000);
    assert_int_equal(entry(l, 3)->stored_at, 7000);
    assert_int_equal(ledger_newest(l), 9001); /* a jump back is still held by that */
    /* or each later run of this boot would see the same jump again */
    assert_false(ledger_boot_offsets(l, 2, &low, &high));
    feed(l, rec_boot(7100, "boot-2", 90));
    assert_true(ledger_boot_offsets(l, 2, &low, &high));
    assert_int_equal(low, 7010);
    assert_int_equal(high, 7010);
    feed(l, rec_mark(6000, "clock-ok", "6000"));
    assert_int_equal(entry(l, 1)->stored_at, 1001);
    assert_int_equal(entry(l, 2)->stored_at, 6000);
    assert_int_equal(ledger_newest(l), 6000);
    assert_int_equal(ledger_clock_trusted(l), 6000);
    /* confirmed or not: what was stored before the clock jumped is not as old as it says */
    assert_true(ledger_boot_offsets(l, 2, &low, &high));
    feed_stored(l, 6001, 4, "d", 10, 10);
    assert_int_equal(entry(l, 4)->stored_at, 6001);
    assert_int_equal(entry(l, 4)->boot, 2);
    ledger_free(l);
}

/* One run under a clock of 2040 must not make the next one believe it. */
static void runs_far_ahead_are_not_trusted(void **state)
{
    (void)state;
    const int64_t day = 86400, t = 1700000000;
    struct ledger *l = ledger_new();
    assert_int_equal(ledger_clock_trusted(l), 0);
    feed(l, rec_run(t, ST_OK, 1, 1, 0));
    feed(l, rec_run(t + 400 * day, ST_OK, 1, 1, 0));
    assert_int_equal(ledger_clock_trusted(l), t + 400 * day);
    feed(l, rec_run(t + 801 * day, ST_HELD, 1, 1, 0));
    assert_int_equal(ledger_clock_trusted(l), t + 400 * day);
    feed(l, rec_mark(t + 802 * day, "clock-ok", "1769292800"));
    assert_int_equal(ledger_clock_trusted(l), 1769292800);
    ledger_free(l);
}

static void runs_are_counted(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    assert_false(ledger_run(l)->any);
    feed(l, rec_run(10, ST_OK, 5, 5, 2));
    feed(l, rec_run(11, ST_LOGIN, 0, 0, 0));
    feed(l, rec_run(12, ST_LOGIN, 0, 0, 0));
    assert_int_equal(ledger_run(l)->refused_in_a_row, 2);
    assert_int_equal(ledger_run(l)->failed_in_a_row, 2);
    assert_int_equal(ledger_run(l)->last_success, 10);
    assert_int_equal(ledger_run(l)->known, 3); /* a run without a listing does not forget it */
    feed(l, rec_run(13, ST_TEMP, 0, 0, 0));
    assert_int_equal(ledger_run(l)->refused_in_a_row, 0);
    assert_int_equal(ledger_run(l)->failed_in_a_row, 3);
    feed(l, rec_run(13, ST_TEMP, 9, 9, 0)); /* nor does one that was cut short */
    assert_int_equal(ledger_run(l)->known, 3);
    struct record r = rec_run(14, ST_HELD, 9, 8, 0);
    char long_text[400];
    memset(long_text, 'x', sizeof long_text);
    r.capabilities = sv_make(long_text, sizeof long_text);
    r.fingerprint = sv_make(long_text, sizeof long_text);
    r.boot_id = sv_make(long_text, sizeof long_text);
    feed(l, r);
    assert_int_equal(ledger_run(l)->failed_in_a_row, 0);
    assert_int_equal(ledger_run(l)->last_success, 14);
    assert_int_equal(strlen(ledger_run(l)->capabilities), LEDGER_CAPABILITIES_MAX);
    assert_int_equal(strlen(ledger_run(l)->fingerprint), LEDGER_FINGERPRINT_MAX);
    assert_int_equal(ledger_boot(l, r.boot_id), 1);
    ledger_free(l);
}

static void marks_and_header(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    assert_null(ledger_mark(l, "utf8").p);
    feed(l, rec_mark(1, "utf8", "yes"));
    feed(l, rec_mark(2, "from-a-later-version", "kept"));
    feed(l, rec_mark(3, "utf8", "no"));
    feed(l, rec_mark(3, "odd", ""));
    assert_true(sv_eq_c(ledger_mark(l, "utf8"), "no"));
    assert_true(sv_eq_c(ledger_mark(l, "from-a-later-version"), "kept"));
    assert_non_null(ledger_mark(l, "odd").p);
    feed(l, rec_mark(4, "utf8", "-"));
    feed(l, rec_mark(4, "never-set", "-"));
    assert_null(ledger_mark(l, "utf8").p);
    assert_false(ledger_header(l)->any);
    struct record h = rec('H', 5, 0);
    h.version = RECORD_VERSION;
    h.journal_id = SV("0123456789abcdef0123456789abcdef");
    h.host = SV("pop.example.org");
    h.port = 995;
    h.user = SV("706590@meb.k12.tr");
    h.maildir = SV("/home/a/Mail/a");
    feed(l, h);
    h.maildir = SV("/home/a/Mail/b");
    feed(l, h);
    assert_true(ledger_header(l)->any);
    assert_string_equal(ledger_header(l)->journal_id, "0123456789abcdef0123456789abcdef");
    assert_string_equal(ledger_header(l)->maildir, "/home/a/Mail/b");
    assert_int_equal(ledger_header(l)->port, 995);
    ledger_free(l);
}

static void names_are_found(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    char name[32];
    for (uint32_t id = 1; id <= 3000; id++) {
        snprintf(name, sizeof name, "n%u", (unsigned)id);
        feed(l, rec_intent(1, id, NULL, 1, id, name));
        if (id == 1000)
            assert_int_equal(ledger_by_name(l, SV("n1000")), 999);
    }
    feed(l, rec('V', 2, 17));
    for (uint32_t id = 1; id <= 3000; id++) {
        snprintf(name, sizeof name, "n%u", (unsigned)id);
        assert_int_equal(ledger_by_name(l, sv_of(name)), id == 17 ? LEDGER_NONE : id - 1);
    }
    assert_int_equal(ledger_by_name(l, SV("n3001")), LEDGER_NONE);
    assert_int_equal(ledger_by_name(l, SV("")), LEDGER_NONE);
    ledger_free(l);
}

/* The tables grow many times, entries leave and change keys, ids have holes. */
static void large_ledgers(void **state)
{
    (void)state;
    enum { N = 20000 };
    struct ledger *l = ledger_new();
    char uidl[32];
    uint64_t ids;
    for (uint32_t i = 1; i <= N; i++) {
        snprintf(uidl, sizeof uidl, "uid-%u", (unsigned)(i % 15000));
        feed(l, rec_intent(1, i * 3, uidl, i, i % 17000, "name"));
        if (i % 10 == 0)
            feed(l, rec('V', 1, i * 3));
        else
            feed(l, rec_stored(1, i * 3));
        if (i % 7 == 0 && i % 10 != 0) {
            struct record k = rec('K', 1, i * 3);
            k.uidl = SV("all of these");
            feed(l, k);
        }
    }
    unsigned moved = 0;
    for (uint32_t i = 1; i <= N; i++)
        moved += i % 7 == 0 && i % 10 != 0;
    assert_int_equal(walk_uidl(l, "all of these", &ids), moved);
    for (uint32_t i = 1; i <= 15000; i++) {
        unsigned want = 0, same = 0;
        for (uint32_t j = i; j <= N; j += 15000)
            want += j % 10 != 0 && j % 7 != 0;
        for (uint32_t j = i; j <= N; j += 17000)
            same += j % 10 != 0;
        snprintf(uidl, sizeof uidl, "uid-%u", (unsigned)(i % 15000));
        assert_int_equal(walk_uidl(l, uidl, &ids), want);
        assert_int_equal(walk_content(l, i % 17000, &ids), same);
        assert_int_equal(entry(l, i * 3)->id, i * 3);
        assert_int_equal(ledger_index_of(l, i * 3 + 1), LEDGER_NONE);
    }
    ledger_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transitions),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(entries_are_found),
        cmocka_unit_test(a_lost_file_is_replaced),
        cmocka_unit_test(two_files_for_one_place),
        cmocka_unit_test(texts_fit_a_line),
        cmocka_unit_test(quits_are_counted_once_each),
        cmocka_unit_test(the_archive_is_read),
        cmocka_unit_test(clock_marks),
        cmocka_unit_test(runs_far_ahead_are_not_trusted),
        cmocka_unit_test(runs_are_counted),
        cmocka_unit_test(marks_and_header),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(large_ledgers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
