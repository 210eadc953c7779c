/* SPDX-License-Identifier: ISC */
/* If these fail, nobody can log in, or a password could carry a command. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/pop3/capa.h"
#include "popkeep/pop3/sasl.h"

#include <stdlib.h>
#include <string.h>

static void test_choice(void **state)
{
    (void)state;
    assert_string_equal(sasl_choose(NULL, CAPA_SASL | CAPA_SASL_PLAIN)->name, "plain");
    assert_string_equal(sasl_choose("auto", CAPA_SASL_PLAIN)->name, "plain");
    assert_string_equal(sasl_choose("AUTO", CAPA_SASL)->name, "user");
    assert_string_equal(sasl_choose(NULL, 0)->name, "user");
    assert_string_equal(sasl_choose("plain", 0)->sasl_name, "PLAIN");
    assert_string_equal(sasl_choose("User", CAPA_SASL_PLAIN)->name, "user");
    assert_null(sasl_choose("user", 0)->sasl_name);
    assert_null(sasl_choose("user", 0)->initial);
    assert_null(sasl_choose("apop", ~0u));
    assert_null(sasl_choose("", ~0u));
    size_t n = 0;
    for (const struct sasl_mech *m = sasl_table(); m->name != NULL; m++)
        n++;
    assert_int_equal(n, 2);
}

static void test_plain(void **state)
{
    const struct sasl_mech *m = sasl_choose("plain", 0);
    struct buf b = BUF_INIT(4096), text = BUF_INIT(4096), small = BUF_INIT(8);
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(m->initial(&b, SV("tim"), SV("tanstaaftanstaaf"), &e), 0);
    assert_true(sv_eq(buf_sv(&b), SV("\0tim\0tanstaaftanstaaf")));
    assert_int_equal(sasl_base64(&text, buf_sv(&b)), 0);
    assert_string_equal(text.p, "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"); /* RFC 5034 has this pair */
    assert_int_equal(m->initial(&b, SV("a"), SV("b\0c"), &e), -1);
    assert_int_equal(e.status, ST_CONFIG);
    assert_int_equal(m->initial(&small, SV("user"), SV("secret"), &e), -1);
    assert_int_equal(e.status, ST_SOFTWARE);
    assert_int_equal(small.n, 0);
    for (size_t i = 0; i < 6; i++) /* NUL user NUL had found room */
        assert_int_equal(small.p[i], 0);
    buf_wipe(&b);
    buf_wipe(&text);
    buf_wipe(&small);
}

static void test_check(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(sasl_check(SV("u"), SV("p w\t\xc3\xb6"), &e), 0);
    static const struct {
        struct sv user, password;
    } bad[] = {
        {{"", 0}, {"p", 1}},       {{NULL, 0}, {"p", 1}},     {{"u", 1}, {"", 0}},
        {{"u\r", 2}, {"p", 1}},    {{"u\n", 2}, {"p", 1}},    {{"u\0", 2}, {"p", 1}},
        {{"u", 1}, {"secr\r", 5}}, {{"u", 1}, {"secr\n", 5}}, {{"u", 1}, {"secr\0x", 6}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        err_clear(&e);
        assert_int_equal(sasl_check(bad[i].user, bad[i].password, &e), -1);
        assert_int_equal(e.status, ST_CONFIG);
        assert_null(strstr(e.text, "secr"));
    }
}

/* RFC 4648 section 10, and lengths around the pieces it is made in. */
static void test_base64(void **state)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct buf b = BUF_INIT(100);
        assert_int_equal(sasl_base64(&b, sv_of(pairs[i][0])), 0);
        assert_true(sv_eq_c(buf_sv(&b), pairs[i][1]));
        buf_free(&b);
    }
    char octets[200];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (char)(i * 37);
    struct buf small = BUF_INIT(100); /* room for the first piece only: all or nothing */
    assert_int_equal(sasl_base64(&small, sv_make(octets, 90)), -1);
    assert_int_equal(small.n, 0);
    buf_free(&small);
    for (size_t n = 0; n <= sizeof octets; n++) {
        struct buf whole = BUF_INIT(400), parts = BUF_INIT(400), full = BUF_INIT((n + 2) / 3 * 4);
        assert_int_equal(sasl_base64(&whole, sv_make(octets, n)), 0);
        for (size_t at = 0; at < n; at += 3)
            assert_int_equal(sasl_base64(&parts, sv_make(octets + at, n - at < 3 ? n - at : 3)), 0);
        assert_true(sv_eq(buf_sv(&whole), buf_sv(&parts)));
        assert_int_equal(sasl_base64(&full, sv_make(octets, n)), 0);
        assert_int_equal(full.n, whole.n);
        assert_int_equal(sasl_base64(&full, SV("x")), -1);
        assert_int_equal(full.n, whole.n);
        buf_free(&whole);
        buf_free(&parts);
        buf_free(&full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
