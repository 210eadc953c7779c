/* SPDX-License-Identifier: ISC */
/* The age rule and the guards: a second too early, or a guard that lets go, is mail lost on the
 * server. */
#include "ledger_help.h"

static const int64_t day = 86400, t0 = 1700000000;

static struct ledger_entry stored(int64_t at)
{
    return (struct ledger_entry){
        .stored_at = at, .size = 5, .uidl = "u", .uidl_n = 1, .id = 1, .state = LEDGER_STORED};
}

static enum retention_why judge(const struct ledger_entry *en, int64_t days, int64_t now)
{
    struct retention_policy p = {.days = days, .max_delete = UINT64_MAX, .now = now};
    return retention_judge(en, true, true, &p);
}

static void the_day_is_the_day(void **state)
{
    (void)state;
    struct ledger_entry en = stored(t0);
    static const int64_t all[] = {1, 2, 29, 30, 31, 365, 36500};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        int64_t n = all[i];
        struct retention_policy p = {.days = n, .now = t0 + n * day - 1};
        assert_int_equal(judge(&en, n, t0), RETENTION_YOUNG);
        assert_int_equal(judge(&en, n, t0 + n * day - 1), RETENTION_YOUNG);
        assert_int_equal(retention_left_s(&en, &p), 1);
        assert_int_equal(judge(&en, n, t0 + n * day), RETENTION_DUE);
        assert_int_equal(judge(&en, n, t0 + n * day + 1), RETENTION_DUE);
        p.now += 2;
        assert_int_equal(retention_left_s(&en, &p), 0);
    }
}

static void never_and_at_once(void **state)
{
    (void)state;
    struct ledger_entry en = stored(t0);
    struct retention_policy never = {.days = -1, .now = INT64_MAX};
    assert_int_equal(judge(&en, -1, INT64_MAX), RETENTION_NEVER);
    assert_int_equal(retention_left_s(&en, &never), INT64_MAX);
    assert_int_equal(judge(&en, 0, t0), RETENTION_DUE);
    assert_int_equal(judge(&en, 0, t0 + 1), RETENTION_DUE);
    assert_int_equal(judge(&en, 0, t0 - 100), RETENTION_DUE); /* a clock within its hour */
    /* numbers at the edge do not wrap into "due" */
    assert_int_equal(judge(&en, INT64_MAX, INT64_MAX), RETENTION_YOUNG);
    en = stored(INT64_MAX);
    assert_int_equal(judge(&en, 30, INT64_MIN), RETENTION_YOUNG);
    en = stored(INT64_MIN);
    assert_int_equal(judge(&en, 30, INT64_MAX), RETENTION_DUE);
}

static void only_what_is_surely_ours(void **state)
{
    (void)state;
    struct ledger_entry en = stored(t0);
    struct retention_policy p = {.days = 30, .now = t0 + 40 * day};
    assert_int_equal(retention_judge(&en, false, true, &p), RETENTION_NO_UIDL);
    assert_int_equal(retention_judge(&en, true, false, &p), RETENTION_NO_UIDL);
    en.size = RECORD_NO_SIZE;
    assert_int_equal(retention_judge(&en, true, true, &p), RETENTION_NO_UIDL);
    en = stored(t0);
    en.uidl = NULL;
    en.uidl_n = 0;
    assert_int_equal(retention_judge(&en, true, true, &p), RETENTION_NO_UIDL);
    for (int s = LEDGER_INTENT; s <= LEDGER_REPLACED; s++) {
        en = stored(t0);
        en.state = (uint8_t)s;
        assert_int_equal(judge(&en, 30, t0 + 40 * day),
                         s == LEDGER_STORED ? RETENTION_DUE : RETENTION_NOT_STORED);
    }
}

static void a_server_that_keeps_is_asked_daily(void **state)
{
    (void)state;
    struct ledger_entry en = stored(t0);
    int64_t asked = t0 + 40 * day;
    en.asked_at = asked;
    en.quits = 2;
    assert_int_equal(judge(&en, 30, asked + 1), RETENTION_DUE);
    en.quits = 3;
    assert_int_equal(judge(&en, 30, asked + 1), RETENTION_SERVER_KEEPS);
    assert_int_equal(judge(&en, 30, asked + day - 1), RETENTION_SERVER_KEEPS);
    assert_int_equal(judge(&en, 30, asked + day), RETENTION_DUE);
    assert_int_equal(judge(&en, 60, asked + day), RETENTION_YOUNG);
}

static enum retention_hold clock_at(const struct ledger *l, int64_t now)
{
    bool jump;
    enum retention_hold h = retention_clock(l, now, 100, SV_NULL, &jump);
    assert_false(jump);
    return h;
}

static void clock_guard(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    assert_int_equal(clock_at(l, 0), HOLD_NONE); /* nothing known, nothing to lose */
    feed_stored(l, t0 - 10, 1, "u", 5, 1);
    feed(l, rec_run(t0, ST_OK, 1, 1, 0));
    assert_int_equal(clock_at(l, t0), HOLD_NONE);
    assert_int_equal(clock_at(l, t0 - 3599), HOLD_NONE);
    assert_int_equal(clock_at(l, t0 - 3600), HOLD_NONE);
    assert_int_equal(clock_at(l, t0 - 3601), HOLD_CLOCK_BACK);
    assert_int_equal(clock_at(l, 0), HOLD_CLOCK_BACK); /* 1970 */
    assert_int_equal(clock_at(l, INT64_MIN), HOLD_CLOCK_BACK);
    assert_int_equal(clock_at(l, t0 + 400 * day), HOLD_NONE);
    assert_int_equal(clock_at(l, t0 + 400 * day + 1), HOLD_CLOCK_AHEAD);
    assert_int_equal(clock_at(l, 2208988800), HOLD_CLOCK_AHEAD); /* 2040 */
    assert_int_equal(clock_at(l, INT64_MAX), HOLD_CLOCK_AHEAD);
    ledger_free(l);
}

/* A machine that started in 2040: the hold must outlive the run that recorded it. */
static void a_wrong_clock_stays_held(void **state)
{
    (void)state;
    const int64_t wrong = 2208988800;
    struct ledger *l = ledger_new();
    feed_stored(l, t0, 1, "u", 5, 1);
    feed(l, rec_run(t0, ST_OK, 1, 1, 0));
    for (int run = 0; run < 3; run++) {
        int64_t now = wrong + run * day;
        feed(l, rec_boot(now, "b", 100 + run * day)); /* the run's own records do not help it */
        assert_int_equal(clock_at(l, now), HOLD_CLOCK_AHEAD);
        feed_stored(l, now, (uint32_t)(2 + run), "new", 5, 1);
        feed(l, rec_run(now + 1, ST_HELD, 1, 1, 0));
    }
    assert_int_equal(clock_at(l, t0 + 5 * day), HOLD_CLOCK_BACK);
    char now[24];
    snprintf(now, sizeof now, "%lld", (long long)(t0 + 5 * day));
    feed(l, rec_mark(t0 + 5 * day, "clock-ok", now));
    assert_int_equal(clock_at(l, t0 + 5 * day), HOLD_NONE);
    assert_int_equal(clock_at(l, t0 + 6 * day), HOLD_NONE);
    assert_int_equal(entry(l, 1)->stored_at, t0);
    assert_int_equal(entry(l, 3)->stored_at, t0 + 5 * day); /* not in 2040 */
    assert_int_equal(clock_at(l, t0 + 405 * day), HOLD_NONE);
    assert_int_equal(clock_at(l, t0 + 406 * day), HOLD_CLOCK_AHEAD);
    ledger_free(l);
}

static void a_clock_confirmed_ahead(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    feed_stored(l, t0, 1, "u", 5, 1);
    feed(l, rec_run(t0, ST_OK, 1, 1, 0));
    int64_t later = t0 + 500 * day;
    char now[24];
    assert_int_equal(clock_at(l, later), HOLD_CLOCK_AHEAD);
    snprintf(now, sizeof now, "%lld", (long long)later);
    feed(l, rec_mark(later, "clock-ok", now));
    assert_int_equal(clock_at(l, later), HOLD_NONE);
    assert_int_equal(entry(l, 1)->stored_at, t0); /* it was right: so is its age */
    ledger_free(l);
}

static bool jumps(const struct ledger *l, int64_t now, int64_t boot_s, const char *boot)
{
    bool jump = false;
    retention_clock(l, now, boot_s, sv_of(boot), &jump);
    return jump;
}

static void jumps_within_a_boot(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    feed(l, rec_boot(t0, "one", 1000));
    feed_stored(l, t0, 1, "u", 5, 1);
    assert_false(jumps(l, t0 + 50, 1050, "one"));
    assert_false(jumps(l, t0 + 50 + 3600, 1050, "one"));
    assert_true(jumps(l, t0 + 50 + 3601, 1050, "one"));
    assert_false(jumps(l, t0 + 50 - 3600, 1050, "one"));
    assert_true(jumps(l, t0 + 50 - 3601, 1050, "one"));
    assert_false(jumps(l, t0 + 50 + 3601, 1050, "two"));
    assert_false(jumps(l, t0 + 50 + 3601, 1050, ""));
    /* a creeping clock: each step small, the whole too far */
    feed(l, rec_boot(t0 + 3000, "one", 1000));
    assert_true(jumps(l, t0 + 3601, 1000, "one"));
    feed(l, rec_mark(t0 + 9000, "clock-jump", "1700009000"));
    assert_int_equal(entry(l, 1)->stored_at, t0 + 9000);
    feed(l, rec_boot(t0 + 9000, "one", 1050));
    assert_false(jumps(l, t0 + 9001, 1051, "one"));
    ledger_free(l);
}

/* A machine without a clock of its own stores mail in 1970, then learns the time. Confirmed or not,
 * that mail was stored an hour ago. */
static void a_machine_that_woke_up_in_1970(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    char now[24];
    feed(l, rec_boot(100, "one", 100));
    feed_stored(l, 110, 1, "u", 5, 1);
    struct record r = rec_run(120, ST_OK, 1, 1, 0);
    r.boot_id = SV("one");
    r.boot_s = 120;
    feed(l, r);
    snprintf(now, sizeof now, "%lld", (long long)t0);
    feed(l, rec_mark(t0, "clock-ok", now));
    assert_true(jumps(l, t0, 3700, "one"));
    feed(l, rec_mark(t0, "clock-jump", now));
    assert_int_equal(entry(l, 1)->stored_at, t0);
    assert_int_equal(judge(entry(l, 1), 30, t0), RETENTION_YOUNG);
    assert_int_equal(clock_at(l, t0), HOLD_NONE);
    ledger_free(l);
}

static struct ledger *last_run(uint64_t matched, uint64_t deleted)
{
    struct ledger *l = ledger_new();
    feed(l, rec_run(t0, ST_OK, matched, matched, deleted));
    return l;
}

static enum retention_hold uidls(uint64_t known, uint64_t listed, uint64_t matched,
                                 uint64_t unknown)
{
    struct ledger *l = last_run(known, 0);
    enum retention_hold h = retention_uidls(l, listed, matched, unknown);
    ledger_free(l);
    return h;
}

static void uidl_guard(void **state)
{
    (void)state;
    assert_int_equal(uidls(100, 100, 100, 0), HOLD_NONE);
    assert_int_equal(uidls(100, 100, 0, 100), HOLD_UIDLS_CHANGED);
    assert_int_equal(uidls(100, 100, 0, 0), HOLD_NONE); /* renumbered, the mail is the same */
    assert_int_equal(uidls(100, 100, 49, 51), HOLD_UIDLS_CHANGED);
    assert_int_equal(uidls(100, 100, 50, 51), HOLD_NONE); /* half is not most */
    assert_int_equal(uidls(100, 100, 49, 50), HOLD_NONE);
    assert_int_equal(uidls(101, 100, 50, 51), HOLD_UIDLS_CHANGED);
    assert_int_equal(uidls(19, 30, 0, 30), HOLD_NONE);
    assert_int_equal(uidls(20, 30, 0, 30), HOLD_UIDLS_CHANGED);
    assert_int_equal(uidls(100, 0, 0, 0), HOLD_NONE); /* empty: nothing to delete */
    assert_int_equal(uidls(0, 500, 0, 500), HOLD_NONE);
    /* what we deleted ourselves is not missed */
    struct ledger *l = last_run(100, 90);
    assert_int_equal(retention_uidls(l, 30, 10, 20), HOLD_NONE);
    ledger_free(l);
    /* a failed run, or an empty listing, in between changes nothing */
    l = last_run(100, 0);
    feed(l, rec_run(t0 + 1, ST_TEMP, 0, 0, 0));
    assert_int_equal(retention_uidls(l, 100, 0, 100), HOLD_UIDLS_CHANGED);
    ledger_free(l);
}

static void the_uidl_hold_stands(void **state)
{
    (void)state;
    struct ledger *l = last_run(100, 0);
    assert_int_equal(retention_known(l), 100);
    feed(l, rec_mark(t0, "hold", "100"));
    feed(l, rec_run(t0 + 1, ST_HELD, 80, 80, 0)); /* all were fetched, so all are known now */
    assert_int_equal(retention_known(l), 100);
    /* 0 of the old ones would do to hold; half of them end it */
    assert_int_equal(retention_uidls(l, 80, 0, 80), HOLD_UIDLS_CHANGED);
    assert_int_equal(retention_uidls(l, 80, 40, 0), HOLD_UIDLS_CHANGED);
    assert_int_equal(retention_uidls(l, 80, 49, 0), HOLD_UIDLS_CHANGED);
    assert_int_equal(retention_uidls(l, 80, 50, 0), HOLD_NONE);
    feed(l, rec_mark(t0, "hold", "-"));
    assert_int_equal(retention_uidls(l, 80, 80, 0), HOLD_NONE);
    feed(l, rec_mark(t0, "hold", "unreadable"));
    assert_int_equal(retention_uidls(l, 80, 80, 0), HOLD_UIDLS_CHANGED);
    ledger_free(l);
}

static void texts(void **state)
{
    (void)state;
    for (int w = RETENTION_DUE; w <= RETENTION_REFUSED; w++) {
        assert_true(strlen(retention_text((enum retention_why)w)) > 3);
        assert_true(strlen(retention_word((enum retention_why)w)) > 2);
        assert_null(strpbrk(retention_word((enum retention_why)w), " ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    }
    for (int h = HOLD_CLOCK_BACK; h <= HOLD_UTF8; h++) {
        /* a hold that does not say how to end it is a dead end */
        assert_non_null(strstr(retention_hold_text((enum retention_hold)h), "--confirm-delete"));
        assert_true(strlen(retention_hold_word((enum retention_hold)h)) > 2);
    }
}

/* A run that is killed behind QUIT, or fails, leaves no number of what it deleted: what is gone
 * then must not count as known, or the next run takes popkeep's own deletions for another mailbox.
 */
static void own_deletions_are_not_missed(void **state)
{
    (void)state;
    struct ledger *l = ledger_new();
    for (uint32_t id = 1; id <= 6; id++) {
        feed(l, rec_intent(10, id, "u", 100, (unsigned char)id, NULL));
        feed(l, rec_stored(10, id));
    }
    feed(l, rec('D', 11, 1));
    feed(l, rec('D', 11, 2));
    feed(l, rec_run(12, ST_OK, 6, 6, 2));
    assert_int_equal(ledger_run(l)->known, 4);
    feed(l, rec_intent(20, 7, "v", 100, 7, NULL)); /* stored by no recorded run: never counted */
    feed(l, rec_stored(20, 7));
    feed(l, rec('G', 20, 1));
    feed(l, rec_stored(20, 2)); /* listed again */
    assert_int_equal(ledger_run(l)->known, 4);
    for (uint32_t id = 3; id <= 7; id++)
        feed(l, rec('D', 21, id));
    feed(l, rec_run(22, ST_TEMP, 6, 6, 5)); /* it did not come to its end */
    feed(l, rec_stored(30, 3));
    assert_int_equal(ledger_run(l)->known, 4);
    for (uint32_t id = 4; id <= 7; id++)
        feed(l, rec('G', 30, id));
    assert_int_equal(ledger_run(l)->known, 1);
    ledger_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_deletions_are_not_missed),
        cmocka_unit_test(the_day_is_the_day),
        cmocka_unit_test(never_and_at_once),
        cmocka_unit_test(only_what_is_surely_ours),
        cmocka_unit_test(a_server_that_keeps_is_asked_daily),
        cmocka_unit_test(clock_guard),
        cmocka_unit_test(a_wrong_clock_stays_held),
        cmocka_unit_test(a_clock_confirmed_ahead),
        cmocka_unit_test(jumps_within_a_boot),
        cmocka_unit_test(a_machine_that_woke_up_in_1970),
        cmocka_unit_test(uidl_guard),
        cmocka_unit_test(the_uidl_hold_stands),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
