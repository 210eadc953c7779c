/* SPDX-License-Identifier: ISC */
/*
 * The progress line. If this fails, somebody who watches a first download of 500 MB sees a screen
 * full of broken lines, or is told a time left that is nonsense.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/report/progress.h"

#include <stdlib.h>
#include <string.h>

static char shown[512];

static void tell(struct progress *p, const char *account, enum event_phase phase, int64_t done,
                 int64_t total, int64_t done_octets, int64_t total_octets, int64_t ms)
{
    struct event ev;
    event_init(&ev, EVENT_PROGRESS, account);
    ev.num[EN_PHASE] = phase;
    ev.num[EN_DONE] = done;
    ev.num[EN_TOTAL] = total;
    ev.num[EN_DONE_OCTETS] = done_octets;
    ev.num[EN_TOTAL_OCTETS] = total_octets;
    progress_event(p, &ev, ms);
}

static void tell_kind(struct progress *p, enum event_kind kind, const char *account, int64_t ms)
{
    struct event ev;
    event_init(&ev, kind, account);
    progress_event(p, &ev, ms);
}

/* The line without what frames it; "" if nothing was drawn. The frame itself is checked here. */
static const char *draw(struct progress *p, unsigned width, int64_t ms)
{
    struct buf out = BUF_INIT(sizeof shown - 1);
    progress_line(&out, p, width, ms);
    shown[0] = '\0';
    if (out.n > 0) {
        assert_true(out.n >= 4);
        assert_int_equal(out.p[0], '\r');
        assert_string_equal(out.p + out.n - 3, "\033[K");
        size_t n = out.n - 4;
        assert_true(width == 0 ? n == 0 : n <= width - 1);
        for (size_t i = 0; i < n; i++)
            assert_true(out.p[1 + i] >= 0x20 && out.p[1 + i] < 0x7f);
        memcpy(shown, out.p + 1, n);
        shown[n] = '\0';
    }
    buf_free(&out);
    return shown;
}

/* Nothing is shown before anything is known, nothing when all is over, and what stood there goes.
 */
static void test_life(void **state)
{
    (void)state;
    struct progress *p = progress_new(1);
    struct buf out = BUF_INIT(100);
    progress_line(&out, p, 80, 0);
    assert_int_equal(out.n, 0);
    progress_clear(&out, p);
    assert_int_equal(out.n, 0);
    tell(p, "a", PHASE_CONNECTING, EVENT_UNSET, EVENT_UNSET, EVENT_UNSET, EVENT_UNSET, 0);
    assert_string_equal(draw(p, 80, 0), "connecting");
    tell(p, "a", PHASE_LISTING, EVENT_UNSET, EVENT_UNSET, EVENT_UNSET, EVENT_UNSET, 10);
    assert_string_equal(draw(p, 80, 10), "listing");
    progress_clear(&out, p);
    assert_string_equal(out.p, "\r\033[K");
    buf_clear(&out);
    progress_clear(&out, p);
    assert_int_equal(out.n, 0);
    draw(p, 80, 20);
    tell_kind(p, EVENT_ACCOUNT_END, "a", 30);
    progress_line(&out, p, 80, 30);
    assert_string_equal(out.p, "\r\033[K");
    buf_clear(&out);
    progress_line(&out, p, 80, 31);
    assert_int_equal(out.n, 0);
    buf_free(&out);
    progress_free(p);
    progress_free(NULL);
}

/* 1 MB a second, 10 MB in all, after 4 s: 6 s are left. */
static void test_rate_and_time_left(void **state)
{
    (void)state;
    struct progress *p = progress_new(1);
    for (int i = 0; i <= 40; i++)
        tell(p, "a", PHASE_FETCHING, i, 100, i * 100000, 10000000, 1000 + i * 100);
    assert_string_equal(draw(p, 100, 5000),
                        "fetching 40 of 100 messages, 4.0 MB of 10.0 MB, 1.0 MB/s, 6 s left");
    progress_free(p);
}

/* The rate is that of the last 5 s, not of the whole run: a line that got slow says so. */
static void test_rate_is_recent(void **state)
{
    (void)state;
    struct progress *p = progress_new(1);
    int64_t octets = 0, ms = 0;
    for (; ms < 60000; ms += 100)
        tell(p, "a", PHASE_FETCHING, 1, 2, octets += 1000000, 2000000000, ms); /* 10 MB/s */
    for (; ms < 66000; ms += 100)
        tell(p, "a", PHASE_FETCHING, 1, 2, octets += 1000, 2000000000, ms); /* 10 kB/s */
    assert_non_null(strstr(draw(p, 100, ms - 100), " 10.0 kB/s"));
    for (; ms < 80000; ms += 100) /* and then nothing comes any more */
        draw(p, 100, ms);
    assert_non_null(strstr(draw(p, 100, ms), " 0 B/s"));
    assert_null(strstr(shown, "left"));
    progress_free(p);
}

/* No rate is guessed from the first instant, and a silent gap between two draws counts as time. */
static void test_rate_needs_time(void **state)
{
    (void)state;
    struct progress *p = progress_new(1);
    tell(p, "a", PHASE_FETCHING, 0, 9, 0, 9000000, 1000);
    tell(p, "a", PHASE_FETCHING, 1, 9, 1000000, 9000000, 1001);
    assert_string_equal(draw(p, 100, 1001), "fetching 1 of 9 messages, 1.0 MB of 9.0 MB");
    assert_non_null(strstr(draw(p, 100, 101000), "10.0 kB/s"));
    progress_free(p);
}

/* Sums over accounts; one that is done stays in them, or the line would count back. */
static void test_many_accounts(void **state)
{
    (void)state;
    struct progress *p = progress_new(3);
    tell(p, "a", PHASE_FETCHING, 1, 10, 1000, 10000, 0);
    tell(p, "b", PHASE_STORING, 2, 20, 2000, 20000, 0);
    tell(p, "c", PHASE_LISTING, EVENT_UNSET, EVENT_UNSET, EVENT_UNSET, EVENT_UNSET, 0);
    assert_string_equal(draw(p, 100, 0), "0 of 3 accounts done, fetching 3 of 30 messages, "
                                         "3.0 kB of 30.0 kB");
    tell(p, "a", PHASE_FETCHING, 10, 10, 10000, 10000, 1);
    tell_kind(p, EVENT_ACCOUNT_END, "a", 2);
    tell_kind(p, EVENT_ACCOUNT_END, "a", 3);
    assert_string_equal(draw(p, 100, 3), "1 of 3 accounts done, storing 12 of 30 messages, "
                                         "12.0 kB of 30.0 kB");
    tell_kind(p, EVENT_ACCOUNT_END, "never heard of", 4);
    tell(p, "b", PHASE_DELETING, 1, 1, EVENT_UNSET, EVENT_UNSET, 5);
    assert_string_equal(draw(p, 100, 5), "2 of 3 accounts done, deleting 1 of 1 message");
    tell_kind(p, EVENT_SUMMARY, NULL, 6);
    assert_string_equal(draw(p, 100, 6), "");
    progress_free(p);
}

/* Sizes in a listing are hints: more may come, and a batch that was dropped begins again. */
static void test_odd_numbers(void **state)
{
    (void)state;
    struct progress *p = progress_new(1);
    for (int i = 0; i <= 20; i++)
        tell(p, "a", PHASE_FETCHING, i, 5, i * 1000, 5000, i * 100);
    assert_string_equal(draw(p, 100, 2000),
                        "fetching 20 of 20 messages, 20.0 kB of 20.0 kB, 10.0 kB/s");
    tell(p, "a", PHASE_FETCHING, 2, 5, 2000, 5000, 2100);
    assert_string_equal(draw(p, 100, 2200), "fetching 2 of 5 messages, 2.0 kB of 5.0 kB");
    tell(p, "a", 99, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 2300);
    tell(p, "b", PHASE_FETCHING, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 4300);
    tell(p, "b", PHASE_FETCHING, -5, INT64_MIN + 1, -1, -1, 4300);
    draw(p, 100, 9000);
    tell(p, "b", PHASE_FETCHING, 1, 2, INT64_MAX, INT64_MAX, 9900);
    draw(p, 100, 9901);
    progress_free(p);
}

/* Every width, many accounts and long numbers: never wider than the terminal less one column, and
 * what is left out goes whole, the count of messages last. */
static void test_widths(void **state)
{
    (void)state;
    struct progress *p = progress_new(1234);
    for (int i = 0; i <= 30; i++)
        tell(p, "a", PHASE_FETCHING, 123456 + i, 7654321, 123456789012 + i * 1000000,
             987654321098765, i * 100);
    size_t before = 0;
    for (unsigned width = 0; width <= 200; width++) {
        const char *line = draw(p, width, 3000); /* checks the width */
        assert_true(strlen(line) >= before || strchr(line, ',') != NULL);
        before = strlen(line);
        if (width > 50)
            assert_non_null(strstr(line, "123486 of 7654321 messages"));
    }
    assert_non_null(strstr(shown, "0 of 1234 accounts done, "));
    assert_non_null(strstr(shown, " left"));
    progress_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),           cmocka_unit_test(test_rate_and_time_left),
        cmocka_unit_test(test_rate_is_recent), cmocka_unit_test(test_rate_needs_time),
        cmocka_unit_test(test_many_accounts),  cmocka_unit_test(test_odd_numbers),
        cmocka_unit_test(test_widths),
    };
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
