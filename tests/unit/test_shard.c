/* SPDX-License-Identifier: ISC */
/*
 * Which part of the accounts a machine does. What a user loses if these fail: accounts that no
 * machine fetches, or that two fetch at a time, or that move when another one is added.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/config/shard.h"

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned i, n; /* 0: refused */
    } cases[] = {
        {"1/1", 1, 1},   {"3/8", 3, 8},        {"8/8", 8, 8},   {"100000/100000", 100000, 100000},
        {"01/08", 1, 8}, {"0/8", 0, 0},        {"9/8", 0, 0},   {"1/0", 0, 0},
        {"1", 0, 0},     {"/", 0, 0},          {"1/", 0, 0},    {"/8", 0, 0},
        {"", 0, 0},      {"1/2/3", 0, 0},      {"-1/8", 0, 0},  {"+1/8", 0, 0},
        {" 1/8", 0, 0},  {"1 /8", 0, 0},       {"1/8 ", 0, 0},  {"1/100001", 0, 0},
        {"a/b", 0, 0},   {"1/8x", 0, 0},       {"0x1/8", 0, 0}, {"4294967297/4294967297", 0, 0},
        {"1,8", 0, 0},   {"\xd9\xa1/8", 0, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        struct shard s = {.i = 7, .n = 9};
        int rc = shard_parse(&s, sv_of(cases[k].text));
        assert_int_equal(rc, cases[k].n ? 0 : -1);
        assert_int_equal(s.i, cases[k].n ? cases[k].i : 7);
        assert_int_equal(s.n, cases[k].n ? cases[k].n : 9);
    }
}

/* The rule of the manual, worked out by another program: printf %s NAME | sha256sum. Machines with
 * different versions must agree for ever. */
static void test_rule(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned n, i;
    } cases[] = {
        {"706590", 2, 1},
        {"706590", 8, 1},
        {"706590", 1000, 977},
        {"706591", 2, 2},
        {"706591", 8, 8},
        {"706591", 1000, 688},
        {"gmail", 2, 1},
        {"gmail", 8, 1},
        {"gmail", 1000, 417},
        {"ataturk-ilkokulu", 2, 2},
        {"ataturk-ilkokulu", 8, 4},
        {"ataturk-ilkokulu", 1000, 684},
        {"bilgi@okul.example", 2, 1},
        {"bilgi@okul.example", 8, 7},
        {"bilgi@okul.example", 1000, 127},
        {"a", 2, 1},
        {"a", 8, 3},
        {"a", 1000, 251},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        for (unsigned i = 1; i <= cases[k].n && i <= 1000; i++) {
            struct shard s = {.i = i, .n = cases[k].n};
            assert_int_equal(shard_has(&s, sv_of(cases[k].name)), i == cases[k].i);
        }
}

static void test_not_divided(void **state)
{
    (void)state;
    struct shard whole = {0}, one = {.i = 1, .n = 1};
    assert_true(shard_has(&whole, SV("706590")));
    assert_true(shard_has(&one, SV("706590")));
}

/* Every account in exactly one part, and no part much larger than another. */
static void test_even(void **state)
{
    (void)state;
    enum { ACCOUNTS = 10000 };
    static const unsigned counts[] = {2, 3, 4, 7, 10, 16, 64};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        unsigned n = counts[k], sum = 0;
        for (unsigned i = 1; i <= n; i++) {
            struct shard s = {.i = i, .n = n};
            unsigned mine = 0;
            for (unsigned a = 0; a < ACCOUNTS; a++) {
                char name[16];
                int len = snprintf(name, sizeof name, "%u", 700000 + a);
                mine += shard_has(&s, sv_make(name, (size_t)len));
            }
            sum += mine;
            /* five standard deviations of a fair die; the names are fixed, so it cannot flicker */
            double mean = (double)ACCOUNTS / n, away = (double)mine - mean;
            assert_true(away * away <= 25 * mean);
        }
        assert_int_equal(sum, ACCOUNTS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_rule),
        cmocka_unit_test(test_not_divided),
        cmocka_unit_test(test_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
