/* SPDX-License-Identifier: ISC */
/*
 * The table of `status`. If this fails, the one mailbox of five hundred that is not saved stands in
 * the middle of a long list, or a name that a stranger chose repaints the terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/report/health.h"
#include "popkeep/report/table.h"

#include <stdio.h>
#include <string.h>

enum { NOW = 1795347831, DAY = 86400 };

static struct event account(const char *name, enum health health, int64_t success_age)
{
    struct event ev;
    event_init(&ev, EVENT_STATUS, name);
    ev.num[EN_TIME] = NOW;
    ev.num[EN_HEALTH] = health;
    if (success_age >= 0)
        ev.num[EN_LAST_SUCCESS] = NOW - success_age;
    ev.num[EN_STORED] = 1204;
    ev.num[EN_LISTED] = 214;
    ev.num[EN_DUE] = 0;
    return ev;
}

static struct buf printed(const struct event *ev, size_t n, struct table_style st)
{
    struct buf out = BUF_INIT(1 << 20);
    struct table *t = table_new();
    for (size_t i = 0; i < n; i++)
        table_add(t, &ev[i]);
    table_print(&out, t, &st);
    table_free(t);
    return out;
}

static void expect(const struct event *ev, size_t n, struct table_style st, const char *want)
{
    struct buf out = printed(ev, n, st);
    assert_string_equal(out.p == NULL ? "" : out.p, want);
    buf_free(&out);
}

/* Trouble first; among equals the oldest success, never being the oldest. */
static void test_order(void **state)
{
    struct event ev[] = {account("a", HEALTH_WELL, 240),         account("b", HEALTH_LATE, 9 * DAY),
                         account("c", HEALTH_TROUBLE, 3 * 3600), account("d", HEALTH_WELL, 90),
                         account("e", HEALTH_TROUBLE, -1),       account("f", HEALTH_WELL, 240)};
    (void)state;
    ev[1].str[ES_TEXT] = SV("no success for 9 d");
    ev[2].str[ES_TEXT] = SV("the last run ended with 77: login refused\nthe login was refused");
    ev[4].str[ES_TEXT] = SV("no run has succeeded yet");
    expect(ev, 6, (struct table_style){.width = 130},
           "STATE    ACCOUNT  LAST SUCCESS  STORED  ON SERVER  DUE\n"
           "TROUBLE  e        never           1204        214    0  no run has succeeded yet\n"
           "TROUBLE  c        3 h ago         1204        214    0  the last run ended with 77: "
           "login refused; the login was refused\n"
           "late     b        9 d ago         1204        214    0  no success for 9 d\n"
           "well     a        4 min ago       1204        214    0\n"
           "well     f        4 min ago       1204        214    0\n"
           "well     d        90 s ago        1204        214    0\n"
           "6 accounts: 3 well, 1 late, 2 in trouble\n");
}

/* What does not fit goes below, in lines that fit. */
static void test_width(void **state)
{
    struct event ev[] = {account("706590", HEALTH_TROUBLE, 240), account("7", HEALTH_WELL, 240)};
    (void)state;
    ev[0].str[ES_TEXT] = SV("the last run ended with 77: login refused\n"
                            "the login was refused in the last 4 runs");
    ev[0].num[EN_QUOTA_PERCENT] = 96;
    ev[1].num[EN_DEADLINE] = NOW + 98 * DAY + 5;
    ev[1].num[EN_CERT_EXPIRES] = NOW + 29 * DAY + 5;
    expect(ev, 2, (struct table_style){.width = 91},
           "STATE    ACCOUNT  LAST SUCCESS  STORED  ON SERVER  DUE  QUOTA  CERTIFICATE  DEADLINE\n"
           "TROUBLE  706590   4 min ago       1204        214    0   96 %\n"
           "    the last run ended with 77: login refused; the login was refused in the last 4 "
           "runs\n"
           "well     7        4 min ago       1204        214    0                29 d      98 d\n"
           "2 accounts: 1 well, 0 late, 1 in trouble\n");
    expect(ev, 2, (struct table_style){.width = 50},
           "STATE    ACCOUNT  LAST SUCCESS  QUOTA  DEADLINE\n"
           "TROUBLE  706590   4 min ago      96 %\n"
           "    the last run ended with 77: login refused; the\n"
           "    login was refused in the last 4 runs\n"
           "well     7        4 min ago                98 d\n"
           "2 accounts: 1 well, 0 late, 1 in trouble\n");
}

static void test_no_line_is_too_long(void **state)
{
    static const char name[] = "an-account-with-a-name-of-41-octets-the-m";
    struct event ev[] = {account(name, HEALTH_TROUBLE, 240), account("b", HEALTH_LATE, 240)};
    (void)state;
    ev[0].str[ES_TEXT] = SV("a remark of many words that goes on and on and says nothing that is "
                            "worth knowing\nand another one of the same kind");
    for (int i = 0; i < 2; i++) {
        ev[i].num[EN_QUOTA_PERCENT] = 100;
        ev[i].num[EN_DEADLINE] = ev[i].num[EN_CERT_EXPIRES] = NOW - 5;
    }
    for (unsigned width = 55; width < 200; width++) {
        struct buf out = printed(ev, 2, (struct table_style){.width = width});
        for (const char *p = out.p; *p != '\0'; p += strcspn(p, "\n") + 1)
            if (strcspn(p, "\n") > width)
                fail_msg("width %u: %.*s", width, (int)strcspn(p, "\n"), p);
        assert_non_null(strstr(out.p, name));
        assert_non_null(strstr(out.p, "kind"));
        buf_free(&out);
    }
}

/* An account of which nothing can be told is not passed over. */
static void test_unreadable(void **state)
{
    struct event ev[] = {account("a", HEALTH_WELL, 240), account("b", HEALTH_WELL, 0)};
    (void)state;
    ev[1].kind = EVENT_ERROR;
    ev[1].num[EN_LAST_SUCCESS] = ev[1].num[EN_STORED] = EVENT_UNSET;
    ev[1].num[EN_LISTED] = ev[1].num[EN_DUE] = EVENT_UNSET;
    ev[1].str[ES_TEXT] = SV("b/journal: line 3 is damaged\nrestore it");
    expect(ev, 2, (struct table_style){.quiet = true},
           "STATE    ACCOUNT  LAST SUCCESS\n"
           "TROUBLE  b        ?             b/journal: line 3 is damaged; restore it\n"
           "2 accounts: 1 well, 0 late, 1 in trouble\n");
    expect(ev, 1, (struct table_style){.quiet = true}, "");
}

static void test_colour(void **state)
{
    struct event ev[] = {account("a", HEALTH_TROUBLE, 240), account("b", HEALTH_LATE, 240),
                         account("c", HEALTH_WELL, 240)};
    (void)state;
    expect(ev, 3, (struct table_style){.colour = true},
           "STATE    ACCOUNT  LAST SUCCESS  STORED  ON SERVER  DUE\n"
           "\x1b[1;31mTROUBLE\x1b[0m  a        4 min ago       1204        214    0\n"
           "\x1b[33mlate\x1b[0m     b        4 min ago       1204        214    0\n"
           "well     c        4 min ago       1204        214    0\n"
           "3 accounts: 1 well, 1 late, 1 in trouble\n");
}

/* Without colour no octet reaches a terminal that could do something to it. */
static void test_hostile(void **state)
{
    char all[256];
    struct event ev = account("x", HEALTH_TROUBLE, 240);
    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    ev.str[ES_ACCOUNT] = ev.str[ES_TEXT] = sv_make(all, 256);
    struct buf out = printed(&ev, 1, (struct table_style){.width = 80});
    for (size_t i = 0; i < out.n; i++)
        assert_true(out.p[i] == '\n' || (out.p[i] >= ' ' && out.p[i] < 0x7f));
    buf_free(&out);
}

/* Whatever an event holds, and events that are no account's, do no harm. */
static void test_edges(void **state)
{
    static const int64_t edges[] = {0, -1, INT64_MAX, INT64_MIN, INT64_MIN + 1, 3};
    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        struct event ev[3];
        event_init(&ev[0], EVENT_STATUS, "a");
        event_init(&ev[1], EVENT_ERROR, NULL);
        event_init(&ev[2], EVENT_STORED, "a");
        for (int k = 0; k < EVENT_NUMS; k++)
            ev[0].num[k] = edges[i];
        struct buf out = printed(ev, 3, (struct table_style){.width = 80});
        assert_non_null(strstr(out.p, "\n1 account: "));
        buf_free(&out);
    }
    expect(NULL, 0, (struct table_style){0}, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_no_line_is_too_long),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_colour),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
