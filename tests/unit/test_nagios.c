/* SPDX-License-Identifier: ISC */
/*
 * The line for Nagios. If this fails, a monitor shows green while mail is not saved, or wakes
 * somebody up for nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/report/health.h"
#include "popkeep/report/nagios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR = 3600, DAY = 24 * HOUR, NOW = 1795347831 };

static void account(struct event *ev, const char *name, int64_t age)
{
    event_init(ev, EVENT_STATUS, name);
    ev->num[EN_TIME] = NOW;
    ev->num[EN_STATUS] = ST_OK;
    ev->num[EN_HEALTH] = HEALTH_WELL;
    ev->num[EN_TROUBLE] = 0;
    ev->num[EN_SUCCESS_AGE] = age;
}

static struct nagios_limits limits_of(const char *warning, const char *critical)
{
    struct nagios_limits l;
    struct err e = ERR_INIT;
    nagios_limits_init(&l);
    if (warning != NULL)
        assert_int_equal(nagios_limits_set(&l, NAGIOS_WARNING, warning, &e), 0);
    if (critical != NULL)
        assert_int_equal(nagios_limits_set(&l, NAGIOS_CRITICAL, critical, &e), 0);
    assert_int_equal(nagios_limits_check(&l, &e), 0);
    return l;
}

/* One account, its line, and what comes of it. */
static void expect(const char *warning, const char *critical, const struct event *ev,
                   enum monitor_status want, const char *text)
{
    struct nagios_limits l = limits_of(warning, critical);
    struct nagios *n = nagios_new(&l);
    struct buf out = BUF_INIT(1 << 16);
    nagios_account(n, ev);
    assert_int_equal(nagios_print(&out, n), want);
    if (strstr(out.p, text) == NULL)
        fail_msg("no \"%s\" in %s", text, out.p);
    assert_int_equal(strncmp(out.p, monitor_word(want), strlen(monitor_word(want))), 0);
    assert_ptr_equal(strchr(out.p, '\n'), out.p + out.n - 1);
    assert_ptr_equal(strchr(out.p, '|'), strrchr(out.p, '|'));
    nagios_free(n);
    buf_free(&out);
}

static void test_age(void **state)
{
    (void)state;
    struct event ev;
    account(&ev, "okul", 540);
    expect(NULL, NULL, &ev, MONITOR_OK,
           "OK - 1 mailbox, last success 9 min ago | accounts=1;;;0 critical=0;;;0 "
           "warning=0;;;0 age=540s;86400;604800;0\n");
    ev.num[EN_SUCCESS_AGE] = DAY; /* reached is not passed */
    expect(NULL, NULL, &ev, MONITOR_OK, "last success 24 h ago");
    ev.num[EN_SUCCESS_AGE] = DAY + 1;
    expect(NULL, NULL, &ev, MONITOR_WARNING, "1 warning: okul (last success 24 h ago)");
    ev.num[EN_SUCCESS_AGE] = 7 * DAY + 1;
    expect(NULL, NULL, &ev, MONITOR_CRITICAL, "1 critical: okul (last success 7 days ago)");
    expect("30d", NULL, &ev, MONITOR_OK, "age=604801s;2592000;;0");
    expect(NULL, "2h", &ev, MONITOR_CRITICAL, "age=604801s;;7200;0");
    expect("90m", "2h", &ev, MONITOR_CRITICAL, "age=604801s;5400;7200;0");
    expect("age=", "age=", &ev, MONITOR_OK, "age=604801s;;;0");
    ev.num[EN_SUCCESS_AGE] = -5; /* the clock was set back */
    expect(NULL, NULL, &ev, MONITOR_OK, "age=-5s");
}

static void test_other_measures(void **state)
{
    (void)state;
    struct event ev;
    account(&ev, "okul", 60);
    ev.num[EN_LEFT] = 3;
    expect(NULL, NULL, &ev, MONITOR_OK, " unsaved=3;;;0");
    expect("unsaved=0", "unsaved=10", &ev, MONITOR_WARNING, "okul (3 not saved)");
    expect("unsaved=0", "unsaved=2", &ev, MONITOR_CRITICAL, " unsaved=3;0;2;0");
    expect("unsaved=3", NULL, &ev, MONITOR_OK, " unsaved=3;3;;0");
    ev.num[EN_LEFT] = 0;
    ev.num[EN_QUOTA_PERCENT] = 81;
    expect(NULL, NULL, &ev, MONITOR_WARNING, "okul (81 % full)");
    expect("full=", NULL, &ev, MONITOR_OK, " full=81%;;;0");
    ev.num[EN_QUOTA_PERCENT] = 12;
    ev.num[EN_CERT_EXPIRES] = NOW + 13 * DAY;
    expect(NULL, NULL, &ev, MONITOR_WARNING, "okul (certificate ends in 13 days)");
    ev.num[EN_CERT_EXPIRES] = NOW - 1;
    expect(NULL, NULL, &ev, MONITOR_CRITICAL, "okul (certificate ended) |");
    expect(NULL, NULL, &ev, MONITOR_CRITICAL, "certificate=-1s;1209600:;259200:;");
    expect("certificate=", "certificate=", &ev, MONITOR_OK, "certificate=-1s;;;");
    ev.num[EN_CERT_EXPIRES] = EVENT_UNSET;
    ev.num[EN_DEADLINE] = NOW + 97 * DAY;
    expect(NULL, NULL, &ev, MONITOR_OK, "deadline=8380800s;;;");
    expect("deadline=100d,age=1h", NULL, &ev, MONITOR_WARNING, "okul (deadline in 97 days)");
    ev.num[EN_DEADLINE] = NOW - 1;
    expect("deadline=0d", NULL, &ev, MONITOR_WARNING, "okul (deadline over)");
}

static void test_health(void **state)
{
    (void)state;
    struct event ev;
    account(&ev, "okul", 60);
    ev.num[EN_STATUS] = ST_LOGIN;
    ev.num[EN_HEALTH] = HEALTH_TROUBLE;
    ev.num[EN_TROUBLE] = health_bit(FINDING_LAST_RUN) | health_bit(FINDING_LOGIN_REFUSED) |
                         health_bit(FINDING_INTERRUPTED);
    expect(NULL, NULL, &ev, MONITOR_CRITICAL,
           "1 critical: okul (last run ended with 77 login, login-refused) |");
    /* a line that may come back has been down for too long */
    ev.num[EN_STATUS] = ST_TEMP;
    ev.num[EN_TROUBLE] = health_bit(FINDING_LAST_RUN) | health_bit(FINDING_STALE);
    expect(NULL, NULL, &ev, MONITOR_CRITICAL, "okul (last run ended with 75 temporary) |");
    /* one server that was busy once is no reason to wake anybody: age decides */
    ev.num[EN_HEALTH] = HEALTH_LATE;
    ev.num[EN_TROUBLE] = health_bit(FINDING_LAST_RUN);
    expect(NULL, NULL, &ev, MONITOR_OK, "OK - ");
    account(&ev, "yeni", EVENT_UNSET);
    ev.num[EN_STATUS] = EVENT_UNSET;
    ev.num[EN_HEALTH] = HEALTH_LATE;
    ev.num[EN_TROUBLE] = health_bit(FINDING_NEVER_RUN);
    expect(NULL, NULL, &ev, MONITOR_WARNING, "1 warning: yeni (never run) | accounts=1");
}

/* The worst ones are named, the others counted; a name cannot end the text. */
static void test_many(void **state)
{
    (void)state;
    struct nagios_limits l = limits_of("unsaved=90", NULL);
    struct nagios *n = nagios_new(&l);
    struct buf out = BUF_INIT(1 << 16);
    struct event ev;
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "%02d|\n", i);
        account(&ev, name, i < 8 ? (8 + i) * DAY : i < 10 ? 2 * DAY : 60);
        ev.num[EN_LEFT] = 1;
        nagios_account(n, &ev);
    }
    event_init(&ev, EVENT_ERROR, "no status");
    nagios_account(n, &ev);
    assert_int_equal(nagios_print(&out, n), MONITOR_CRITICAL);
    assert_non_null(strstr(out.p, "CRITICAL - 100 mailboxes, 8 critical: 00/\\x0a (last success 8 "
                                  "days ago); 01/"));
    assert_non_null(
        strstr(out.p, "04/\\x0a (last success 12 days ago) and 3 more; 2 warning: 08/"));
    assert_non_null(
        strstr(out.p, " | accounts=100;;;0 critical=8;;;0 warning=2;;;0 age=1296000s;"));
    assert_non_null(strstr(out.p, " unsaved=100;90;;0"));
    assert_ptr_equal(strchr(out.p, '\n'), out.p + out.n - 1);
    nagios_free(n);
    buf_clear(&out);
    /* many a little: none of them is beyond the limit, all together are */
    n = nagios_new(&l);
    for (int i = 0; i < 100; i++) {
        account(&ev, "okul", 60);
        ev.num[EN_LEFT] = 1;
        nagios_account(n, &ev);
    }
    assert_int_equal(nagios_print(&out, n), MONITOR_WARNING);
    assert_non_null(strstr(out.p, "WARNING - 100 mailboxes, 100 not saved |"));
    nagios_free(n);
    buf_clear(&out);
    l = limits_of(NULL, "unsaved=4"); /* what is worse is told before what is bad */
    n = nagios_new(&l);
    for (int i = 0; i < 5; i++) {
        account(&ev, "okul", 2 * DAY);
        ev.num[EN_LEFT] = 3;
        nagios_account(n, &ev);
    }
    assert_int_equal(nagios_print(&out, n), MONITOR_CRITICAL);
    assert_non_null(strstr(out.p, "CRITICAL - 5 mailboxes, 15 not saved, 5 warning: okul (last "));
    assert_null(strstr(out.p, " more"));
    nagios_free(n);
    buf_clear(&out);
    n = nagios_new(&l);
    assert_int_equal(nagios_print(&out, n), MONITOR_UNKNOWN);
    assert_string_equal(out.p, "UNKNOWN - there is no account to look at\n");
    nagios_free(n);
    buf_clear(&out);
    assert_int_equal(nagios_unknown(&out, SV("a|b\nadvice")), MONITOR_UNKNOWN);
    assert_string_equal(out.p, "UNKNOWN - a/b\n");
    buf_free(&out);
}

/* A limit that is misread is one that never goes off. */
static void test_limits(void **state)
{
    (void)state;
    static const char *const bad[] = {"",           "1",         "d",          "1w",  "-1d",
                                      "1d,",        "age",       "full=80%",   "x=1", "unsaved=1d",
                                      "age=1d,",    "99999999d", "unsaved=-1", "=1d", "1.5d",
                                      "deadline=7", " 1d"};
    struct nagios_limits l;
    struct err e = ERR_INIT;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nagios_limits_init(&l);
        err_clear(&e);
        if (nagios_limits_set(&l, NAGIOS_WARNING, bad[i], &e) == 0)
            fail_msg("taken for a limit: %s", bad[i]);
        assert_int_equal(e.status, ST_USAGE);
    }
    nagios_limits_init(&l);
    assert_int_equal(nagios_limits_set(&l, NAGIOS_WARNING, "1h", &e), 0);
    assert_int_equal(nagios_limits_set(&l, NAGIOS_CRITICAL, "30m", &e), 0);
    assert_int_equal(nagios_limits_check(&l, &e), -1);
    nagios_limits_init(&l);
    assert_int_equal(nagios_limits_set(&l, NAGIOS_WARNING, "certificate=3d", &e), 0);
    assert_int_equal(nagios_limits_set(&l, NAGIOS_CRITICAL, "certificate=7d", &e), 0);
    assert_int_equal(nagios_limits_check(&l, &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_age),    cmocka_unit_test(test_other_measures),
        cmocka_unit_test(test_health), cmocka_unit_test(test_many),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests_name("nagios", tests, NULL, NULL);
}
