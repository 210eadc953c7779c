/* SPDX-License-Identifier: ISC */
/*
 * Figures for Prometheus. If this fails, node_exporter drops the whole file at one bad line, and
 * the alarms of a thousand mailboxes stay silent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/report/health.h"
#include "popkeep/report/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct buf printed(struct metrics *m)
{
    struct buf out = BUF_INIT(1 << 20);
    metrics_print(&out, m);
    assert_true(out.n > 0 && out.p[out.n - 1] == '\n');
    metrics_free(m);
    return out;
}

static bool has_line(const struct buf *b, const char *line)
{
    struct sv rest = buf_sv(b);
    while (rest.n > 0)
        if (sv_eq_c(sv_token(&rest, '\n'), line))
            return true;
    return false;
}

static void expect(const struct buf *b, const char *line)
{
    if (!has_line(b, line))
        fail_msg("there is no line %s in:\n%s", line, b->p);
}

static void status_of(struct event *ev, const char *account)
{
    event_init(ev, EVENT_STATUS, account);
    ev->num[EN_STORED] = 0;
    ev->num[EN_TROUBLE] = 0;
    ev->num[EN_HEALTH] = HEALTH_WELL;
}

/* Each value, in the unit that its name says. */
static void test_values(void **state)
{
    (void)state;
    static const struct {
        enum event_num slot;
        int64_t value;
        const char *line;
    } cases[] = {
        {EN_STATUS, ST_HELD, "popkeep_last_run_status{account=\"okul\"} 11"},
        {EN_LAST_RUN, 1795347831,
         "popkeep_last_run_timestamp_seconds{account=\"okul\"} 1795347831"},
        {EN_LAST_SUCCESS, 5, "popkeep_last_success_timestamp_seconds{account=\"okul\"} 5"},
        {EN_HEALTH, HEALTH_LATE, "popkeep_health{account=\"okul\"} 1"},
        {EN_STORED, 812, "popkeep_stored_messages{account=\"okul\"} 812"},
        {EN_LISTED, 7, "popkeep_server_messages{account=\"okul\"} 7"},
        {EN_LISTED_OCTETS, INT64_MAX, "popkeep_server_bytes{account=\"okul\"} 9223372036854775807"},
        {EN_LEFT, 3, "popkeep_unsaved_messages{account=\"okul\"} 3"},
        {EN_DUE, 4, "popkeep_due_messages{account=\"okul\"} 4"},
        {EN_FETCHED, 8, "popkeep_last_run_stored_messages{account=\"okul\"} 8"},
        {EN_DELETED, 9, "popkeep_last_run_deleted_messages{account=\"okul\"} 9"},
        {EN_USED_OCTETS, 10, "popkeep_mailbox_bytes{account=\"okul\"} 10"},
        {EN_QUOTA_OCTETS, 5000000, "popkeep_mailbox_quota_bytes{account=\"okul\"} 5000000"},
        {EN_CERT_EXPIRES, 6, "popkeep_certificate_expiry_timestamp_seconds{account=\"okul\"} 6"},
        {EN_DEADLINE, 7, "popkeep_deadline_timestamp_seconds{account=\"okul\"} 7"},
    };
    struct metrics *m = metrics_new(NULL);
    struct event ev;
    status_of(&ev, "okul");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ev.num[cases[i].slot] = cases[i].value;
    ev.num[EN_TROUBLE] = health_bit(FINDING_HELD) | health_bit(FINDING_LAST_RUN);
    metrics_account(m, &ev);
    event_init(&ev, EVENT_ERROR, "no status");
    metrics_account(m, &ev);
    struct buf out = printed(m);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(&out, cases[i].line);
    expect(&out, "popkeep_deletions_held{account=\"okul\"} 1");
    expect(&out, "popkeep_accounts 1");
    expect(&out, "popkeep_accounts_failed 1");
    assert_null(strstr(out.p, "popkeep_run_"));
    assert_null(strstr(out.p, "no status"));
    buf_free(&out);
}

/* Of a clock that is wrong, or of UTF8 that is lost, only the last run tells. */
static void test_held_by_the_last_run(void **state)
{
    (void)state;
    struct metrics *m = metrics_new(NULL);
    struct event ev;
    status_of(&ev, "okul");
    ev.num[EN_STATUS] = ST_HELD;
    ev.num[EN_TROUBLE] = health_bit(FINDING_LAST_RUN);
    metrics_account(m, &ev);
    struct buf out = printed(m);
    expect(&out, "popkeep_deletions_held{account=\"okul\"} 1");
    buf_free(&out);
}

/* An account that never ran must set the alarm off, not be missing from it. */
static void test_unknown(void **state)
{
    (void)state;
    struct metrics *m = metrics_new(NULL);
    struct event ev;
    status_of(&ev, "yeni");
    metrics_account(m, &ev);
    struct buf out = printed(m);
    expect(&out, "popkeep_last_run_timestamp_seconds{account=\"yeni\"} 0");
    expect(&out, "popkeep_last_success_timestamp_seconds{account=\"yeni\"} 0");
    expect(&out, "popkeep_deletions_held{account=\"yeni\"} 0");
    expect(&out, "popkeep_accounts_failed 0");
    assert_null(strstr(out.p, "popkeep_last_run_status"));
    assert_null(strstr(out.p, "popkeep_mailbox"));
    buf_free(&out);
    out = printed(metrics_new(NULL)); /* no account at all */
    expect(&out, "popkeep_accounts 0");
    buf_free(&out);
}

static void test_run(void **state)
{
    (void)state;
    struct metrics *m = metrics_new("1/3");
    struct event ev;
    event_init(&ev, EVENT_SUMMARY, NULL);
    ev.num[EN_TIME] = 1795347831;
    ev.num[EN_MS] = 61007;
    ev.num[EN_STATUS] = ST_LOGIN;
    ev.num[EN_ACCOUNTS] = 40;
    ev.num[EN_ACCOUNTS_FAILED] = 2;
    ev.num[EN_FETCHED] = 5;
    metrics_run(m, &ev);
    struct buf out = printed(m);
    expect(&out, "popkeep_run_timestamp_seconds{shard=\"1/3\"} 1795347831");
    expect(&out, "popkeep_run_duration_seconds{shard=\"1/3\"} 61.007");
    expect(&out, "popkeep_run_status{shard=\"1/3\"} 77");
    expect(&out, "popkeep_run_accounts{shard=\"1/3\"} 40");
    expect(&out, "popkeep_run_accounts_failed{shard=\"1/3\"} 2");
    expect(&out, "popkeep_run_stored_messages{shard=\"1/3\"} 5");
    expect(&out, "popkeep_accounts{shard=\"1/3\"} 0");
    expect(&out, "popkeep_build_info{version=\"" POPKEEP_VERSION "\",shard=\"1/3\"} 1");
    assert_null(strstr(out.p, "popkeep_run_deleted_messages")); /* not known: not told */
    buf_free(&out);
}

/* Whatever an account is called, its line stays one. */
static void test_labels(void **state)
{
    (void)state;
    struct metrics *m = metrics_new(NULL);
    struct event ev;
    status_of(&ev, "a\"b\\c\nd} 1\nx 2");
    metrics_account(m, &ev);
    struct buf out = printed(m);
    expect(&out, "popkeep_stored_messages{account=\"a\\\"b\\\\c\\nd} 1\\nx 2\"} 0");
    buf_free(&out);
}

/* The families of many accounts stay together, each with one head: the format wants that. */
static void test_families(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    struct metrics *m = metrics_new(NULL);
    for (int i = 0; i < MANY; i++) {
        struct event ev;
        char name[16];
        snprintf(name, sizeof name, "%d", 706000 + i);
        status_of(&ev, name);
        ev.num[EN_DUE] = i;
        metrics_account(m, &ev);
    }
    struct buf out = printed(m);
    for (const struct metrics_family *f = metrics_table(); f->name != NULL; f++) {
        struct sv rest = buf_sv(&out);
        char head[128];
        bool in = false;
        int heads = 0, lines = 0;
        snprintf(head, sizeof head, "# TYPE %s gauge", f->name);
        while (rest.n > 0) {
            struct sv line = sv_token(&rest, '\n');
            if (line.n > 0 && line.p[0] == '#') {
                in = sv_eq_c(line, head);
                heads += in;
                continue;
            }
            struct sv name = sv_make(line.p, strcspn(line.p, "{ "));
            assert_int_equal(sv_eq_c(name, f->name), in);
            lines += in;
        }
        assert_int_equal(heads, lines > 0);
        if (f->slot == EN_DUE)
            assert_int_equal(lines, MANY);
    }
    buf_free(&out);
}

/* The conventions that promtool looks for: base units, no total that is no counter. */
static void test_names(void **state)
{
    (void)state;
    for (const struct metrics_family *f = metrics_table(); f->name != NULL; f++) {
        assert_int_equal(strncmp(f->name, "popkeep_", 8), 0);
        assert_int_equal(strspn(f->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(f->name));
        assert_null(strstr(f->name, "_total"));
        assert_null(strstr(f->name, "octets"));
        assert_null(strpbrk(f->help, "\\\n"));
        assert_true(f->help[strlen(f->help) - 1] == '.');
        for (const struct metrics_family *g = metrics_table(); g < f; g++)
            assert_string_not_equal(f->name, g->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held_by_the_last_run),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
