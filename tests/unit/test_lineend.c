/* SPDX-License-Identifier: ISC */
/* If these fail, a stored message differs from what was sent, and nobody can tell. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/base/lineend.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 20 };

/* What the rule says, octet by octet: the length of the clean prefix, its LF form in `lf`. */
static size_t model(struct sv wire, struct buf *lf)
{
    for (size_t i = 0; i < wire.n; i++) {
        bool cr = wire.p[i] == '\r', next_lf = i + 1 < wire.n && wire.p[i + 1] == '\n';
        if (wire.p[i] == '\n' || (cr && !next_lf))
            return i;
        i += cr;
        buf_add_char(lf, wire.p[i]);
    }
    return wire.n;
}

/* Feeds `wire` in pieces (`size` octets each; 0: random) and puts it together again as the header
 * says a caller does. */
static void check_split(struct sv wire, size_t size)
{
    struct buf expected = BUF_INIT(MOST), lf = BUF_INIT(MOST), again = BUF_INIT(MOST);
    struct lineend l;
    struct sv left = wire, rest = SV_NULL;
    enum lineend_result result = LINEEND_CLEAN;
    size_t clean = model(wire, &expected);
    lineend_init(&l);
    while (left.n > 0 && result == LINEEND_CLEAN) {
        size_t n = size ? size : (size_t)rand() % 7;
        if (n > left.n)
            n = left.n;
        result = lineend_add(&l, sv_make(left.p, n), &lf, &rest);
        left = sv_from(left, n);
    }
    if (result == LINEEND_CLEAN)
        result = lineend_end(&l);
    assert_int_equal(result, clean == wire.n ? LINEEND_CLEAN : LINEEND_BROKEN);
    assert_int_equal(l.clean, clean);
    assert_true(sv_eq(buf_sv(&lf), buf_sv(&expected)));
    assert_int_equal(lineend_restore(&again, buf_sv(&lf)), 0);
    assert_int_equal(again.n, clean);
    buf_add_sv(&again, lineend_held(&l));
    buf_add_sv(&again, rest);
    buf_add_sv(&again, left);
    assert_true(sv_eq(buf_sv(&again), wire));
    buf_free(&expected);
    buf_free(&lf);
    buf_free(&again);
}

static void check(struct sv wire)
{
    for (size_t size = 1; size <= 4; size++)
        check_split(wire, size);
    check_split(wire, wire.n + 1);
    for (int i = 0; i < 3; i++)
        check_split(wire, 0);
}

static void test_known(void **state)
{
    (void)state;
    check(SV(""));
    check(SV("Subject: x\r\n\r\nline\r\n"));
    check(SV("no end"));
    check(SV("a\0b\r\n\xff\r\n"));
    check(SV("bare\nlf\r\n"));
    check(SV("bare\rcr\r\n"));
    check(SV("a\r\r\n"));
    check(SV("a\r\n\nb"));
    check(SV("ends with cr\r"));
    check(SV("a\r\nends with cr\r"));
    check(SV("\r"));
    check(SV("\n"));
    check(SV("\r\r"));
    check(SV("\n\r"));
    check(SV("\r\n"));
}

/* All texts of up to seven octets over what matters: nothing between them can hide. */
static void test_every_short_text(void **state)
{
    static const char octets[] = {'\r', '\n', 'a'};
    (void)state;
    for (size_t n = 0, count = 1; n <= 7; n++, count *= 3) {
        for (size_t k = 0; k < count; k++) {
            char text[8];
            size_t digits = k;
            for (size_t i = 0; i < n; i++, digits /= 3)
                text[i] = octets[digits % 3];
            check(sv_make(text, n));
        }
    }
}

static void test_random_long(void **state)
{
    char text[4000];
    (void)state;
    for (int round = 0; round < 200; round++) {
        size_t n = 0;
        while (n < sizeof text - 120) {
            size_t line = (size_t)rand() % 100;
            memset(text + n, 'x', line);
            n += line;
            text[n++] = '\r';
            text[n++] = '\n';
        }
        check_split(sv_make(text, n), 0);
        text[(size_t)rand() % n] = "\r\nx"[rand() % 3];
        check_split(sv_make(text, n), 0);
        check_split(sv_make(text, n), n);
    }
}

static void test_stays_broken(void **state)
{
    struct lineend l;
    struct buf out = BUF_INIT(100);
    struct sv rest;
    (void)state;
    lineend_init(&l);
    assert_int_equal(lineend_add(&l, SV("a\nb\r\n"), &out, &rest), LINEEND_BROKEN);
    assert_true(sv_eq(rest, SV("\nb\r\n")));
    assert_int_equal(lineend_add(&l, SV("c\r\n"), &out, &rest), LINEEND_BROKEN);
    assert_true(sv_eq(rest, SV("c\r\n")));
    assert_int_equal(lineend_end(&l), LINEEND_BROKEN);
    assert_true(sv_eq(buf_sv(&out), SV("a")));
    lineend_init(&l);
    assert_int_equal(lineend_add(&l, SV("c\r\n"), &out, &rest), LINEEND_CLEAN);
    buf_free(&out);
}

static void test_full_takes_nothing(void **state)
{
    struct lineend l;
    struct buf out = BUF_INIT(5);
    struct sv rest;
    (void)state;
    lineend_init(&l);
    assert_int_equal(lineend_add(&l, SV("ab\r"), &out, &rest), LINEEND_CLEAN);
    struct lineend before = l;
    assert_int_equal(lineend_add(&l, SV("\ncde"), &out, &rest), LINEEND_FULL);
    assert_true(l.clean == before.clean && l.held == before.held && l.broken == before.broken);
    assert_true(sv_eq(buf_sv(&out), SV("ab")));
    assert_true(sv_eq(rest, SV("\ncde")));
    buf_clear(&out); /* the caller has written it away */
    assert_int_equal(lineend_add(&l, rest, &out, &rest), LINEEND_CLEAN);
    assert_true(sv_eq(buf_sv(&out), SV("\ncde")));
    assert_int_equal(l.clean, 7);
    assert_int_equal(lineend_restore(&out, SV("\n")), -1);
    buf_clear(&out);
    assert_int_equal(lineend_restore(&out, SV("\n\nx")), 0);
    assert_true(sv_eq(buf_sv(&out), SV("\r\n\r\nx")));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_every_short_text),
        cmocka_unit_test(test_random_long),
        cmocka_unit_test(test_stays_broken),
        cmocka_unit_test(test_full_takes_nothing),
    };
    srand(20261122);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
