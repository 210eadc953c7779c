/* SPDX-License-Identifier: ISC */
/* If these fail, mail or passwords are cut, or a server can make popkeep eat all memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/base/bytes.h"

#include <stdlib.h>
#include <string.h>

#define assert_sv(x, text) assert_true(sv_eq((x), SV(text)))

static void test_views_are_octets(void **state)
{
    struct sv nul = SV("a\0b");
    (void)state;
    assert_int_equal(nul.n, 3);
    assert_true(sv_eq(nul, sv_make("a\0b", 3)));
    assert_false(sv_eq(nul, SV("a\0c")));
    assert_false(sv_eq_c(nul, "a"));
    assert_true(sv_eq_c(SV("abc"), "abc"));
    assert_true(sv_eq(SV_NULL, SV("")));
    assert_true(sv_eq(sv_of(NULL), SV_NULL));
    assert_true(sv_has(nul, '\0') && sv_has(nul, 'b') && !sv_has(nul, 'c'));
    assert_false(sv_has(SV_NULL, 'a'));
}

static void test_order(void **state)
{
    (void)state;
    assert_true(sv_cmp(SV("a"), SV("b")) < 0);
    assert_true(sv_cmp(SV("ab"), SV("a")) > 0);
    assert_true(sv_cmp(SV("a"), SV("ab")) < 0);
    assert_true(sv_cmp(SV("\xff"), SV("a")) > 0);
    assert_int_equal(sv_cmp(SV("a\0b"), SV("a\0b")), 0);
    assert_int_equal(sv_cmp(SV_NULL, SV("")), 0);
    assert_true(sv_cmp(SV_NULL, SV("a")) < 0);
}

static void test_ends(void **state)
{
    (void)state;
    assert_true(sv_starts(SV("+OK hi"), SV("+OK")));
    assert_false(sv_starts(SV("+O"), SV("+OK")));
    assert_false(sv_starts(sv_make("+OK", 2), SV("+OK"))); /* what lies behind it is not its own */
    assert_true(sv_ends(SV("a\r\n"), SV("\r\n")));
    assert_false(sv_ends(SV("\n"), SV("\r\n")));
    assert_true(sv_starts(SV_NULL, SV_NULL) && sv_ends(SV_NULL, SV_NULL));
    assert_sv(sv_from(SV("abc"), 1), "bc");
    assert_sv(sv_from(SV("abc"), 3), "");
    assert_sv(sv_from(SV("abc"), 99), "");
    assert_sv(sv_from(SV_NULL, 1), "");
}

static void test_token_walks_and_ends(void **state)
{
    struct sv rest = SV("one,,two,");
    (void)state;
    assert_sv(sv_token(&rest, ','), "one");
    assert_sv(sv_token(&rest, ','), "");
    assert_sv(sv_token(&rest, ','), "two");
    assert_non_null(rest.p); /* an empty last part is still to come */
    assert_int_equal(rest.n, 0);
    assert_sv(sv_token(&rest, ','), "");
    assert_null(rest.p);
    assert_sv(sv_token(&rest, ','), "");
    assert_null(rest.p);
}

static void test_buf_holds_octets(void **state)
{
    struct buf b = BUF_INIT(100);
    (void)state;
    assert_null(b.p);
    assert_int_equal(buf_add(&b, "a\0b", 3), 0);
    assert_int_equal(buf_add_c(&b, "cd"), 0);
    assert_int_equal(buf_add_char(&b, '\0'), 0);
    assert_int_equal(buf_add_sv(&b, SV("e")), 0);
    assert_int_equal(buf_add(&b, NULL, 0), 0);
    assert_sv(buf_sv(&b), "a\0bcd\0e");
    assert_int_equal(b.p[b.n], '\0');
    buf_drop_front(&b, 2);
    assert_sv(buf_sv(&b), "bcd\0e");
    buf_cut(&b, 2);
    buf_cut(&b, 9);
    assert_string_equal(b.p, "bc");
    buf_drop_front(&b, 2);
    assert_int_equal(b.n, 0);
    assert_string_equal(b.p, "");
    buf_add_c(&b, "again");
    buf_clear(&b);
    assert_string_equal(b.p, "");
    buf_free(&b);
    assert_null(b.p);
    assert_int_equal(b.max, 100);
    assert_int_equal(buf_add_c(&b, "x"), 0);
    buf_wipe(&b);
    assert_null(b.p);
    buf_free(&b);
}

static void test_max_is_refused_whole(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 5);
    assert_int_equal(buf_add_c(&b, "123456"), -1);
    assert_int_equal(b.n, 0);
    assert_int_equal(buf_add_c(&b, "123"), 0);
    assert_int_equal(buf_add_c(&b, "456"), -1);
    assert_int_equal(buf_addf(&b, "%d", 456), -1);
    assert_int_equal(buf_add_secret(&b, "456", 3), -1);
    assert_null(buf_reserve(&b, 3));
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_int_equal(buf_add(&b, "x", SIZE_MAX), -1);
    assert_string_equal(b.p, "123");
    assert_int_equal(buf_addf(&b, "%d", 45), 0);
    assert_string_equal(b.p, "12345");
    assert_int_equal(buf_add_char(&b, '6'), -1);
    assert_int_equal(buf_add(&b, "", 0), 0);
    assert_string_equal(b.p, "12345");
    assert_true(b.cap <= 6);
    buf_free(&b);
}

static void test_no_limit_but_memory(void **state)
{
    struct buf b = BUF_INIT(SIZE_MAX);
    (void)state;
    assert_int_equal(buf_add_c(&b, "x"), 0);
    assert_null(buf_reserve(&b, SIZE_MAX - 1));
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_int_equal(buf_add_c(&b, "y"), 0);
    assert_string_equal(b.p, "xy");
    buf_free(&b);
}

static void test_growth_is_doubling(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    size_t cap = 0;
    int moves = 0;
    (void)state;
    for (int i = 0; i < 1 << 20; i++) {
        assert_int_equal(buf_add_char(&b, (char)i), 0);
        moves += b.cap != cap;
        cap = b.cap;
    }
    assert_true(moves < 24);
    assert_int_equal(buf_add_char(&b, 'x'), -1);
    for (int i = 0; i < 1 << 20; i += 997)
        assert_true(b.p[i] == (char)i);
    assert_true(b.cap <= (1 << 20) + 1);
    buf_free(&b);
}

static void test_reserve_and_grew(void **state)
{
    struct buf b = BUF_INIT(1000);
    (void)state;
    for (int i = 0; i < 10; i++) {
        char *to = buf_reserve(&b, 100);
        assert_non_null(to);
        memset(to, 'a' + i, 100);
        buf_grew(&b, 60);
        assert_int_equal(b.p[b.n], '\0');
    }
    buf_grew(&b, 0);
    assert_int_equal(b.n, 600);
    assert_int_equal(b.p[599], 'j');
    assert_non_null(buf_reserve(&b, 400));
    assert_null(buf_reserve(&b, 401));
    buf_free(&b);
}

static void test_addf_of_any_length(void **state)
{
    (void)state;
    for (int length = 0; length < 200; length++) {
        struct buf b = BUF_INIT(400);
        assert_int_equal(buf_addf(&b, "%*s", length, ""), 0);
        assert_int_equal(b.n, length);
        assert_int_equal(buf_addf(&b, "%0*d", length + 1, 7), 0);
        assert_int_equal(b.n, 2 * length + 1);
        assert_int_equal(b.p[b.n - 1], '7');
        assert_int_equal(b.p[b.n], '\0');
        buf_free(&b);
    }
}

static void test_secret_grows_whole(void **state)
{
    struct buf b = BUF_INIT(4096);
    (void)state;
    for (int i = 0; i < 4096; i++) {
        char c = (char)('a' + i % 26);
        assert_int_equal(buf_add_secret(&b, &c, 1), 0);
    }
    assert_int_equal(b.n, 4096);
    for (int i = 0; i < 4096; i++)
        assert_int_equal(b.p[i], 'a' + i % 26);
    assert_int_equal(buf_add_secret(&b, "x", 1), -1);
    buf_wipe(&b);
    assert_null(b.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views_are_octets),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_token_walks_and_ends),
        cmocka_unit_test(test_buf_holds_octets),
        cmocka_unit_test(test_max_is_refused_whole),
        cmocka_unit_test(test_no_limit_but_memory),
        cmocka_unit_test(test_growth_is_doubling),
        cmocka_unit_test(test_reserve_and_grew),
        cmocka_unit_test(test_addf_of_any_length),
        cmocka_unit_test(test_secret_grows_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
