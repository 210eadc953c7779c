/* SPDX-License-Identifier: ISC */
/* If these fail, a mail is not seen, or the wrong one is deleted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/pop3/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int size_line(struct listing *l, const char *line, struct err *e)
{
    return listing_add_size(l, sv_of(line), e);
}

static int uidl_line(struct listing *l, const char *line, struct err *e)
{
    return listing_add_uidl(l, sv_of(line), e);
}

static void check_entry(const struct listed *x, uint32_t number, uint64_t size, const char *uidl)
{
    assert_int_equal(x->number, number);
    assert_int_equal(x->size, size);
    if (uidl == NULL) {
        assert_null(x->uidl);
        assert_int_equal(x->uidl_n, 0);
    } else {
        assert_true(sv_eq_c(sv_make(x->uidl, x->uidl_n), uidl));
    }
}

static void test_union(void **state)
{
    struct listing l;
    struct err e = ERR_INIT;
    (void)state;
    listing_init(&l);
    assert_int_equal(size_line(&l, "1 100", &e), 0);
    assert_int_equal(size_line(&l, "2  200 16 more", &e), 0);
    assert_int_equal(size_line(&l, "4\t400", &e), 0);
    assert_int_equal(uidl_line(&l, "1   a", &e), 0); /* three blanks: seen in the field */
    assert_int_equal(uidl_line(&l, "3 c d  ", &e), 0);
    assert_int_equal(uidl_line(&l, "4 ", &e), 0);
    assert_int_equal(listing_finish(&l, &e), 0);
    assert_int_equal(l.n, 4);
    check_entry(&l.v[0], 1, 100, "a");
    check_entry(&l.v[1], 2, 200, NULL);
    check_entry(&l.v[2], 3, LISTING_NO_SIZE, "c d");
    check_entry(&l.v[3], 4, 400, NULL);
    assert_int_equal(l.octets, 700);
    assert_int_equal(l.without_uidl, 2);
    assert_int_equal(l.without_size, 1);
    assert_true(l.has_sizes && l.has_uidls);
    listing_free(&l);
    assert_null(l.v);
}

static void test_empty(void **state)
{
    struct listing l;
    struct err e = ERR_INIT;
    (void)state;
    listing_init(&l);
    assert_int_equal(listing_finish(&l, &e), 0);
    assert_int_equal(l.n, 0);
    assert_false(l.has_sizes || l.has_uidls);
    listing_free(&l);
}

static void test_bad_lines(void **state)
{
    static const char *const sizes[] = {
        "",       "x",      "0 100",
        "-1 100", "+1 100", "4294967296 1",
        "1 -5",   "1 +5",   "1 x",
        "1 5x",   "1x 5",   "1 9223372036854775808",
        "1 5\n2", "1,5",    "99999999999999999999 1",
    };
    static const char *const uidls[] = {"",       "x a",   "0 a", "-1 a", "4294967296 a",
                                        "1 a\nb", "1 a\rb"};
    struct listing l;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct err e = ERR_INIT;
        listing_init(&l);
        assert_int_equal(size_line(&l, sizes[i], &e), -1);
        assert_int_equal(e.status, ST_PROTOCOL);
        assert_int_equal(l.n, 0);
        listing_free(&l);
    }
    for (size_t i = 0; i < sizeof uidls / sizeof uidls[0]; i++) {
        struct err e = ERR_INIT;
        listing_init(&l);
        assert_int_equal(uidl_line(&l, uidls[i], &e), -1);
        assert_int_equal(e.status, ST_PROTOCOL);
        assert_int_equal(l.n, 0);
        listing_free(&l);
    }
    struct err e = ERR_INIT;
    listing_init(&l);
    assert_int_equal(size_line(&l, "4294967295 9223372036854775807", &e), 0);
    assert_int_equal(size_line(&l, "4294967294 9223372036854775807", &e), 0);
    assert_int_equal(size_line(&l, "4294967293 9223372036854775807", &e), 0);
    assert_int_equal(size_line(&l, "\t7 ", &e), 0);
    assert_int_equal(listing_finish(&l, &e), 0);
    check_entry(&l.v[3], UINT32_MAX, INT64_MAX, NULL);
    check_entry(&l.v[0], 7, LISTING_NO_SIZE, NULL);
    assert_int_equal(l.octets, UINT64_MAX); /* held there, not wrapped */
    assert_int_equal(uidl_line(&l, "a\x1b[2J 1", &e), -1);
    assert_null(strchr(e.text, '\x1b'));
    listing_free(&l);
}

static void test_odd_uidls(void **state)
{
    char line[LISTING_UIDL_MAX + 4] = "1 ";
    struct listing l;
    struct err e = ERR_INIT;
    (void)state;
    listing_init(&l);
    memset(line + 2, 'u', LISTING_UIDL_MAX + 1);
    assert_int_equal(listing_add_uidl(&l, sv_make(line, LISTING_UIDL_MAX + 3), &e), -1);
    assert_int_equal(e.status, ST_PROTOCOL);
    assert_int_equal(listing_add_uidl(&l, sv_make(line, LISTING_UIDL_MAX + 2), &e), 0);
    assert_int_equal(listing_add_uidl(&l, SV("2 a\0b"), &e), 0);
    assert_int_equal(listing_add_uidl(&l, SV("3 ../\xff"), &e), 0);
    assert_int_equal(listing_add_uidl(&l, SV("4 a"), &e), 0); /* the same UIDL twice is legal */
    assert_int_equal(listing_add_uidl(&l, SV("5 a"), &e), 0);
    assert_int_equal(listing_finish(&l, &e), 0);
    assert_int_equal(l.v[0].uidl_n, LISTING_UIDL_MAX);
    assert_true(sv_eq(sv_make(l.v[1].uidl, l.v[1].uidl_n), SV("a\0b")));
    assert_true(sv_eq(sv_make(l.v[2].uidl, l.v[2].uidl_n), SV("../\xff")));
    assert_int_equal(l.n, 5);
    listing_free(&l);
}

/* A number given twice: the same is tolerated, something else would make us guess which is meant.
 * Whatever the order: the contradiction may show only when all is there. */
static void test_repetitions(void **state)
{
    static const struct {
        const char *lines[5]; /* 's' or 'u' before each */
        bool good;
    } cases[] = {
        {{"s1 10", "s1 10", "u1 a", "u1 a", NULL}, true},
        {{"s1 10", "s1 11", NULL}, false},
        {{"u1 a", "u1 b", NULL}, false},
        {{"s2 10", "s1 10", "s2 10", NULL}, true},
        {{"s2 10", "s1 10", "s2 11", NULL}, false},
        {{"s3 10", "s2 10", "s1 10", "s2 11", NULL}, false},
        {{"u3 a", "u2 b", "u1 c", "u2 d", NULL}, false},
        {{"s3 10", "s2 20", "u2 b", "u3 a", NULL}, true},
        {{"u3 a", "s1 10", "s3 5", "u1 b", "u3 a"}, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct listing l;
        struct err e = ERR_INIT;
        int r = 0;
        listing_init(&l);
        for (size_t k = 0; k < 5 && cases[i].lines[k] != NULL && r == 0; k++) {
            const char *line = cases[i].lines[k];
            r = line[0] == 's' ? size_line(&l, line + 1, &e) : uidl_line(&l, line + 1, &e);
        }
        r = r == 0 ? listing_finish(&l, &e) : r;
        assert_int_equal(r, cases[i].good ? 0 : -1);
        assert_int_equal(e.status, cases[i].good ? ST_OK : ST_PROTOCOL);
        for (size_t k = 1; r == 0 && k < l.n; k++)
            assert_true(l.v[k - 1].number < l.v[k].number);
        listing_free(&l);
    }
}

static void test_stat(void **state)
{
    struct listing l;
    (void)state;
    listing_init(&l);
    assert_int_equal(listing_stat(&l, SV("3 456 and more")), 0);
    assert_int_equal(l.stat_messages, 3);
    assert_int_equal(l.stat_octets, 456);
    assert_int_equal(listing_stat(&l, SV("0 0")), 0);
    assert_int_equal(listing_stat(&l, SV("")), -1);
    assert_int_equal(listing_stat(&l, SV("3")), -1);
    assert_int_equal(listing_stat(&l, SV("-3 1")), -1);
    assert_int_equal(listing_stat(&l, SV("3 messages")), -1);
    assert_int_equal(listing_stat(&l, SV_NULL), -1);
    listing_free(&l);
}

static void shuffle(uint32_t *v, size_t n)
{
    for (size_t i = n - 1; i > 0; i--) {
        size_t k = (size_t)rand() % (i + 1);
        uint32_t x = v[i];
        v[i] = v[k];
        v[k] = x;
    }
}

static void add_all(struct listing *l, const uint32_t *order, size_t n, bool uidl)
{
    struct err e = ERR_INIT;
    char line[64];
    for (size_t i = 0; i < n; i++) {
        int k = snprintf(line, sizeof line, uidl ? "%u uid-%u" : "%u %u", order[i], order[i] * 3);
        struct sv sv = sv_make(line, (size_t)k);
        assert_int_equal(uidl ? listing_add_uidl(l, sv, &e) : listing_add_size(l, sv, &e), 0);
    }
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check_order(size_t n, bool shuffled, bool again)
{
    uint32_t *order = calloc(n, sizeof *order);
    assert_non_null(order);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i + 1;
    struct listing l;
    struct err e = ERR_INIT;
    srand(7);
    listing_init(&l);
    if (shuffled)
        shuffle(order, n);
    add_all(&l, order, n, false);
    if (again)
        shuffle(order, n);
    add_all(&l, order, n, true);
    double start = seconds();
    assert_int_equal(listing_finish(&l, &e), 0);
    print_message("finish of %zu: %.3f s\n", n, seconds() - start);
    assert_int_equal(l.n, n);
    for (size_t i = 0; i < n; i++) {
        char uid[32];
        (void)snprintf(uid, sizeof uid, "uid-%u", (uint32_t)(i + 1) * 3);
        check_entry(&l.v[i], (uint32_t)i + 1, (i + 1) * 3, uid);
    }
    assert_int_equal(l.without_uidl + l.without_size, 0);
    listing_free(&l);
    free(order);
}

static void test_orders(void **state)
{
    (void)state;
    check_order(100000, false, false);
    check_order(100000, true, false); /* both lists in one odd order: solid-pop3d */
    check_order(100000, true, true);
    check_order(100000, false, true);
}

static void test_maximum(void **state)
{
    struct listing l;
    struct err e = ERR_INIT;
    char line[32];
    (void)state;
    listing_init(&l);
    for (uint32_t i = 1; i <= LISTING_MAX; i++) {
        int k = snprintf(line, sizeof line, "%u 1", i);
        if (listing_add_size(&l, sv_make(line, (size_t)k), &e) != 0)
            fail();
    }
    double start = seconds();
    assert_int_equal(listing_finish(&l, &e), 0);
    print_message("finish of %d: %.3f s\n", LISTING_MAX, seconds() - start);
    assert_int_equal(l.octets, LISTING_MAX);
    assert_int_equal(size_line(&l, "5000000 1", &e), 0);
    assert_int_equal(size_line(&l, "5000001 1", &e), -1);
    assert_int_equal(e.status, ST_PROTOCOL);
    assert_true(sizeof(struct listed) <= 24);
    listing_free(&l);
}

/* The same line for ever takes no memory, and ends. */
static void test_endless(void **state)
{
    struct listing l;
    struct err e = ERR_INIT;
    size_t lines = 0;
    (void)state;
    listing_init(&l);
    while (lines < 100u * 1000 * 1000 && size_line(&l, "1 1", &e) == 0)
        lines++;
    assert_int_equal(e.status, ST_PROTOCOL);
    assert_int_equal(l.n, 1);
    listing_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_union),       cmocka_unit_test(test_empty),
        cmocka_unit_test(test_bad_lines),   cmocka_unit_test(test_odd_uidls),
        cmocka_unit_test(test_repetitions), cmocka_unit_test(test_stat),
        cmocka_unit_test(test_orders),      cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_endless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
