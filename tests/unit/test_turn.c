/* SPDX-License-Identifier: ISC */
/* If these fail, the school that was left out last time is left out again, a provider sees more
 * connections than it allows, or a run goes on when its time is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/run/turn.h"

/* Accounts with these times, all at host 0. */
static void make(struct turns *t, const int64_t *since, size_t n, unsigned limit, unsigned per_host)
{
    turns_init(t, n, limit, per_host);
    for (size_t i = 0; i < n; i++) {
        turns_add(t, since[i], 0);
        turns_host(t, i, 0);
    }
    turns_sort(t);
}

/* "2 0 1": in which order they begin, one after the other. */
static const char *order(struct turns *t, int64_t now)
{
    static char text[256];
    size_t i;

    text[0] = '\0';
    while ((i = turns_next(t, now)) != TURNS_NONE) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%zu", text[0] ? " " : "", i);
        turns_end(t, i);
    }
    return text;
}

static void test_the_longest_unserved_is_first(void **state)
{
    static const int64_t since[] = {300, 100, 0, 200, 0, 100};
    struct turns t;

    (void)state;
    make(&t, since, 6, 1, 1);
    assert_string_equal(order(&t, 0), "2 4 1 5 3 0");
    assert_int_equal(turns_left(&t), 0);
    turns_free(&t);
}

static void test_limits_hold(void **state)
{
    static const int64_t since[] = {1, 2, 3, 4, 5, 6};
    struct turns t;

    (void)state;
    make(&t, since, 6, 3, 2);
    for (size_t i = 4; i < 6; i++)
        turns_host(&t, i, 1);
    assert_int_equal(turns_next(&t, 0), 0);
    assert_int_equal(turns_next(&t, 0), 1);
    assert_int_equal(turns_next(&t, 0), 4);          /* host 0 is full */
    assert_int_equal(turns_next(&t, 0), TURNS_NONE); /* three run */
    turns_end(&t, 4);
    assert_int_equal(turns_next(&t, 0), 5);
    turns_end(&t, 0);
    assert_int_equal(turns_next(&t, 0), 2);
    assert_int_equal(turns_left(&t), 1);
    turns_free(&t);
}

static void test_an_unknown_host_is_waited_for(void **state)
{
    static const int64_t since[] = {1, 2};
    struct turns t;

    (void)state;
    make(&t, since, 2, 8, 8);
    turns_host(&t, 0, TURNS_HOST_UNKNOWN);
    assert_string_equal(order(&t, 0), "1");
    assert_int_equal(turns_left(&t), 1);
    turns_host(&t, 0, 1);
    assert_string_equal(order(&t, 0), "0");
    turns_free(&t);
}

static void test_nobody_begins_too_early(void **state)
{
    struct turns t;

    (void)state;
    turns_init(&t, 3, 8, 8);
    turns_add(&t, 0, 5000);
    turns_add(&t, 1, 0);
    turns_add(&t, 2, 0);
    turns_leave_out(&t, 1);
    turns_sort(&t);
    for (size_t i = 0; i < 3; i++)
        turns_host(&t, i, 0);
    assert_string_equal(order(&t, 4999), "2");
    assert_int_equal(turns_left(&t), 1);
    assert_string_equal(order(&t, 5000), "0");
    turns_free(&t);
}

static void test_a_further_try_comes_last_and_is_not_waited_for(void **state)
{
    static const int64_t since[] = {1, 2, 3};
    struct turns t;

    (void)state;
    make(&t, since, 3, 1, 1);
    assert_int_equal(turns_next(&t, 0), 0);
    turns_end(&t, 0);
    turns_again(&t, 0, 100);
    assert_int_equal(turns_left(&t), 2);
    assert_string_equal(order(&t, 99), "1 2");
    assert_int_equal(turns_left(&t), 0);
    assert_string_equal(order(&t, 100), "0");
    turns_free(&t);
}

static void test_who_finds_no_room_is_next(void **state)
{
    static const int64_t since[] = {1, 2, 3, 4, 5};
    struct turns t;

    (void)state;
    make(&t, since, 5, 5, 5);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(turns_next(&t, 0), i);
    turns_put_back(&t, 3);
    assert_int_equal(turns_left(&t), 2);
    assert_int_equal(turns_next(&t, 0), TURNS_NONE);
    turns_end(&t, 0);
    assert_int_equal(turns_next(&t, 0), TURNS_NONE); /* one fewer than there were */
    turns_end(&t, 1);
    assert_int_equal(turns_next(&t, 0), 3);
    turns_free(&t);
    make(&t, since, 2, 2, 2);
    assert_int_equal(turns_next(&t, 0), 0);
    assert_int_equal(turns_next(&t, 0), 1);
    turns_put_back(&t, 1);
    turns_end(&t, 0);
    assert_string_equal(order(&t, 0), "1"); /* one is always possible */
    turns_free(&t);
}

static void test_closed_is_closed(void **state)
{
    static const int64_t since[] = {1, 2};
    struct turns t;

    (void)state;
    make(&t, since, 2, 1, 1);
    turns_close(&t);
    assert_string_equal(order(&t, 0), "");
    assert_int_equal(turns_left(&t), 0);
    assert_int_equal(t.n_waiting, 2); /* they can be told of */
    turns_free(&t);
}

static void test_the_end_of_the_time(void **state)
{
    (void)state;
    assert_int_equal(turns_phase(INT64_MAX / 2, 0, 30), TURNS_GOING);
    assert_int_equal(turns_phase(999, 1000, 30), TURNS_GOING);
    assert_int_equal(turns_phase(1000, 1000, 30), TURNS_OVER);
    assert_int_equal(turns_phase(1029, 1000, 30), TURNS_OVER);
    assert_int_equal(turns_phase(1030, 1000, 30), TURNS_KILL);
}

static void test_jitter_stays_in_its_bounds(void **state)
{
    uint64_t x = 88172645463325252u;
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    assert_int_equal(turns_jitter_ms(UINT64_MAX, 0), 0);
    for (int i = 0; i < 100000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        int64_t ms = turns_jitter_ms(x, 60);
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    assert_in_range(least, 0, 100);      /* and they reach from one end */
    assert_in_range(most, 59900, 60000); /* to the other */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_longest_unserved_is_first),
        cmocka_unit_test(test_limits_hold),
        cmocka_unit_test(test_an_unknown_host_is_waited_for),
        cmocka_unit_test(test_nobody_begins_too_early),
        cmocka_unit_test(test_a_further_try_comes_last_and_is_not_waited_for),
        cmocka_unit_test(test_who_finds_no_room_is_next),
        cmocka_unit_test(test_closed_is_closed),
        cmocka_unit_test(test_the_end_of_the_time),
        cmocka_unit_test(test_jitter_stays_in_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
