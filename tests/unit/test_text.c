/* SPDX-License-Identifier: ISC */
/* If these fail, server text harms a terminal, a UIDL comes back changed from the journal, or a
 * date (and with it a deletion) is off. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define assert_out(b, text)                                                                        \
    do {                                                                                           \
        if (!sv_eq(buf_sv(&(b)), SV(text)))                                                        \
            fail_msg("\"%.*s\" is not \"%s\"", (int)(b).n, (b).p ? (b).p : "", text);              \
        buf_free(&(b));                                                                            \
    } while (0)

static void test_escape(void **state)
{
    struct buf b = BUF_INIT(1000);
    (void)state;
    text_escape(&b, SV("plain ~ Türkçe €😀"), 100);
    assert_out(b, "plain ~ Türkçe €😀");
    text_escape(&b, SV("\x1b[31mred\a\r\n\t\0\x7f"), 100);
    assert_out(b, "\\x1b[31mred\\x07\\x0d\\x0a\\x09\\x00\\x7f");
    text_escape(&b, SV("a\\x1b"), 100); /* what looks like an escape is told from one */
    assert_out(b, "a\\x5cx1b");
    text_escape(&b,
                SV("\xc2\x9b"
                   "31m\xc2\xa0"),
                100); /* C1 CSI; U+00A0 is none */
    assert_out(b, "\\xc2\\x9b31m\xc2\xa0");
    text_escape(&b,
                SV("a\xe2\x80\xae"
                   "b\xe2\x81\xa6\xd8\x9c\xe2\x80\x8f\xe2\x80\xa8"),
                100);
    assert_out(b, "a\\xe2\\x80\\xae"
                  "b\\xe2\\x81\\xa6\\xd8\\x9c\\xe2\\x80\\x8f\\xe2\\x80\\xa8");
    text_escape(&b, SV("\xfe\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82"), 100);
    assert_out(b, "\\xfe\\xff\\xc0\\x80\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\\xe2\\x82");
    text_escape(&b,
                SV("\xfe"
                   "erefe"),
                100); /* ISO-8859-9 */
    assert_out(b, "\\xfe"
                  "erefe");
    text_escape(&b, SV_NULL, 0);
    assert_out(b, "");
}

/* our own sentences: what is escaped in them already stays readable, a file name harms nobody */
static void test_guard(void **state)
{
    struct buf b = BUF_INIT(1000);
    (void)state;
    text_guard(&b, SV("cannot open /tmp/\x1b[31mno\xe2\x80\xae\t\xfe: said \\x07\nnext line: ş"));
    assert_out(b,
               "cannot open /tmp/\\x1b[31mno\\xe2\\x80\\xae\\x09\\xfe: said \\x07\nnext line: ş");
    text_guard(&b, SV_NULL);
    assert_out(b, "");
}

static void test_escape_ends_at_max(void **state)
{
    struct buf b = BUF_INIT(1000), tight = BUF_INIT(6);
    (void)state;
    text_escape(&b, SV("abcdef"), 6);
    assert_out(b, "abcdef");
    text_escape(&b, SV("abcdefg"), 6);
    assert_out(b, "abcdef...");
    text_escape(&b, SV("abş"), 3); /* not half a letter */
    assert_out(b, "ab...");
    text_escape(&b, SV("a\x1b\x1b"), 2);
    assert_out(b, "a\\x1b...");
    text_escape(&b, SV("a"), 0);
    assert_out(b, "...");
    text_escape(&tight, SV("a\x1b\x1b"), 100);
    assert_out(tight, "a\\x1b");
}

static void test_escape_to_fits(void **state)
{
    static const char wild[] = "ab\x1b€\xff"
                               "c😀dş";
    struct buf whole = BUF_INIT(1000);
    char out[64];
    (void)state;
    text_escape(&whole, SV(wild), 100);
    assert_string_equal(text_escape_to(out, sizeof out, SV(wild)), whole.p);
    for (size_t cap = 1; cap <= whole.n + 1; cap++) {
        memset(out, '#', sizeof out);
        text_escape_to(out, cap, SV(wild));
        assert_int_equal(out[cap], '#');
        assert_true(strlen(out) < cap);
        assert_true(text_is_utf8(sv_of(out)));
        if (cap == whole.n + 1) {
            assert_string_equal(out, whole.p);
        } else {
            size_t n = strlen(out);
            assert_true(cap <= 3 || sv_ends(sv_of(out), SV("...")));
            assert_true(cap <= 3 || memcmp(out, whole.p, n - 3) == 0);
        }
    }
    out[0] = '#';
    text_escape_to(out, 0, SV("a"));
    assert_int_equal(out[0], '#');
    assert_string_equal(text_escape_to(out, 8, SV("abcdefgh")), "abcd...");
    assert_string_equal(text_escape_to(out, 8,
                                       SV("abc\x1b"
                                          "e")),
                        "abc...");
    buf_free(&whole);
}

static void test_token_round_trip(void **state)
{
    struct buf token = BUF_INIT(1000), back = BUF_INIT(1000);
    char all[256];
    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    text_token(&token, sv_make(all, 256));
    for (size_t i = 0; i < token.n; i++)
        assert_true(token.p[i] > 0x20 && token.p[i] < 0x7f);
    assert_int_equal(text_untoken(&back, buf_sv(&token)), 0);
    assert_true(sv_eq(buf_sv(&back), sv_make(all, 256)));
    for (size_t i = 0; i < 256; i++) {
        buf_clear(&token);
        buf_clear(&back);
        text_token(&token, sv_make(all + i, 1));
        assert_int_equal(token.n, i > 0x20 && i < 0x7f && i != '%' ? 1 : 3);
        assert_int_equal(text_untoken(&back, buf_sv(&token)), 0);
        assert_true(sv_eq(buf_sv(&back), sv_make(all + i, 1)));
    }
    buf_free(&back);
    buf_free(&token);
    text_token(&token, SV_NULL);
    assert_int_equal(text_untoken(&back, buf_sv(&token)), 0);
    assert_int_equal(back.n, 0);
    assert_out(token, "%");
    text_token(&token, SV("a b%\xff"));
    assert_out(token, "a%20b%25%FF");
    buf_free(&back);
}

static void test_malformed_token(void **state)
{
    static const char *const bad[] = {"",    "%%",  "a%", "a%2",   "%2",   "%zz",
                                      "%2g", "a b", "ş",  "a\x7f", "ok%0", "%-1"};
    struct buf b = BUF_INIT(8);
    (void)state;
    buf_add_c(&b, "kept");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(text_untoken(&b, sv_of(bad[i])), -1);
        assert_string_equal(b.p, "kept");
    }
    assert_int_equal(text_untoken(&b, SV("12345")), -1); /* over the maximum */
    assert_int_equal(text_untoken(&b, SV("1%3243%35")), -1);
    assert_string_equal(b.p, "kept");
    assert_int_equal(text_untoken(&b, SV("1%3243")), 0);
    assert_string_equal(b.p, "kept1243");
    buf_free(&b);
    text_token(&b, SV("123 567")); /* nothing rather than half a name */
    assert_int_equal(b.n, 0);
    buf_free(&b);
}

static void test_utf8(void **state)
{
    static const char *const bad[] = {"\x80",
                                      "\xc3",
                                      "\xc1\x81",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xe2\x82",
                                      "\xf0\x9f\x98",
                                      "12345678\xff",
                                      "1234567\xc3",
                                      "\xc3\xc3"};
    (void)state;
    assert_true(text_is_utf8(SV_NULL));
    assert_true(text_is_utf8(SV("12345678901234567890")));
    assert_true(text_is_utf8(SV("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xf0\x90\x80\x80")));
    assert_true(text_is_utf8(SV("\0ğüşiöçİı€😀\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf")));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(text_is_utf8(sv_of(bad[i])));
}

static void test_json(void **state)
{
    struct buf b = BUF_INIT(1000);
    (void)state;
    text_json(&b, SV("a\"b\\c/\b\f\n\r\t\x01\0ş😀"));
    assert_out(b, "a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u0000ş😀");
    text_json(&b, SV("\xffx\xc3"));
    assert_out(b, "\xef\xbf\xbdx\xef\xbf\xbd");
    text_json(&b, SV("\x1b\x7f\xc2\x9b\xe2\x80\xae"));
    assert_out(b, "\\u001b\\u007f\\u009b\\u202e");
}

static void test_hex(void **state)
{
    unsigned char in[256], back[256];
    char hex[513];
    (void)state;
    for (int i = 0; i < 256; i++)
        in[i] = (unsigned char)i;
    text_hex(hex, in, 256);
    assert_int_equal(strlen(hex), 512);
    assert_int_equal(text_unhex(back, 256, sv_of(hex)), 0);
    assert_memory_equal(in, back, 256);
    text_hex(hex, (const unsigned char *)"\xab\x0f", 2);
    assert_string_equal(hex, "ab0f");
    assert_int_equal(text_unhex(back, 2, SV("AB0f")), 0);
    assert_memory_equal(back, "\xab\x0f", 2);
    assert_int_equal(text_unhex(back, 2, SV("ab0")), -1);
    assert_int_equal(text_unhex(back, 2, SV("ab0ff")), -1);
    assert_int_equal(text_unhex(back, 2, SV("ab0g")), -1);
    assert_int_equal(text_unhex(back, 2, SV("ab 0")), -1);
    assert_int_equal(text_unhex(back, 0, SV_NULL), 0);
}

static void test_octets(void **state)
{
    static const struct {
        uint64_t octets;
        const char *shown;
    } cases[] = {
        {0, "0 B"},
        {999, "999 B"},
        {1000, "1.0 kB"},
        {1049, "1.0 kB"},
        {1050, "1.1 kB"},
        {1200000, "1.2 MB"},
        {999949, "999.9 kB"},
        {999950, "1.0 MB"},
        {999950000, "1.0 GB"},
        {509000000, "509.0 MB"},
        {UINT64_C(7000000000000), "7.0 TB"},
        {UINT64_MAX, "18.4 EB"},
    };
    char out[16];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(text_octets(out, cases[i].octets), cases[i].shown);
}

static void test_span(void **state)
{
    static const struct {
        int64_t s;
        const char *shown;
    } cases[] = {
        {0, "0 s"},
        {45, "45 s"},
        {720, "12 min"},
        {725, "12 min 5 s"},
        {3600, "1 h"},
        {3659, "1 h"},
        {3 * 86400 + 4 * 3600 + 59, "3 d 4 h"},
        {-90, "-1 min 30 s"},
        {INT64_MAX, "106751991167300 d 15 h"},
        {INT64_MIN, "-106751991167300 d 15 h"},
    };
    char out[24];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(text_span(out, cases[i].s), cases[i].shown);
}

/* Turkish letters have two octets: counted as two, every column behind them would be shifted, and a
 * line cut between them would end in half a letter. */
static void test_columns(void **state)
{
    struct buf out = BUF_INIT(100);
    (void)state;
    assert_int_equal(text_columns(SV("son çalışma")), 11);
    assert_int_equal(text_columns(SV("")), 0);
    assert_int_equal(text_columns(SV("a\xc5")), 2);
    assert_int_equal(text_fit(SV("çalışma"), 4), 6);
    assert_int_equal(text_fit(SV("ışık"), 0), 0);
    assert_int_equal(text_fit(SV("ışık"), 99), 7);
    text_pad(&out, SV("ışık"), 6);
    text_pad(&out, SV("uzun"), 2);
    assert_string_equal(out.p, "ışık  uzun");
    buf_free(&out);
}

static void test_civil_and_time(void **state)
{
    static const struct {
        int64_t s;
        int y, mo, d, h, mi, se;
        const char *shown;
    } cases[] = {
        {0, 1970, 1, 1, 0, 0, 0, "1970-01-01T00:00:00Z"},
        {-1, 1969, 12, 31, 23, 59, 59, "1969-12-31T23:59:59Z"},
        {951782400, 2000, 2, 29, 0, 0, 0, "2000-02-29T00:00:00Z"},
        {951868800, 2000, 3, 1, 0, 0, 0, "2000-03-01T00:00:00Z"},
        {1709251199, 2024, 2, 29, 23, 59, 59, "2024-02-29T23:59:59Z"},
        {1795347831, 2026, 11, 22, 11, 43, 51, "2026-11-22T11:43:51Z"},
        {2147483647, 2038, 1, 19, 3, 14, 7, "2038-01-19T03:14:07Z"},
        {2147483648, 2038, 1, 19, 3, 14, 8, "2038-01-19T03:14:08Z"},
        {4294967296, 2106, 2, 7, 6, 28, 16, "2106-02-07T06:28:16Z"},
        {4107542400, 2100, 3, 1, 0, 0, 0, "2100-03-01T00:00:00Z"},
        {253402300799, 9999, 12, 31, 23, 59, 59, "9999-12-31T23:59:59Z"},
        {-62167219200, 0, 1, 1, 0, 0, 0, "0000-01-01T00:00:00Z"},
    };
    char out[24];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t back = 0;
        assert_true(text_civil(cases[i].y, cases[i].mo, cases[i].d, cases[i].h, cases[i].mi,
                               cases[i].se) == cases[i].s);
        assert_string_equal(text_time(out, cases[i].s), cases[i].shown);
        assert_int_equal(text_parse_time(sv_of(out), &back), 0);
        assert_true(back == cases[i].s);
    }
    assert_string_equal(text_time(out, 253402300800), "@253402300800");
    assert_string_equal(text_time(out, -62167219201), "@-62167219201");
    assert_string_equal(text_time(out, INT64_MIN), "@-9223372036854775808");
    assert_string_equal(text_time(out, INT64_MAX), "@9223372036854775807");
}

/* Every day of 800 years, there and back: each follows the one before. */
static void test_every_day(void **state)
{
    int64_t day = text_civil(1600, 1, 1, 0, 0, 0);
    int64_t end = text_civil(2400, 1, 1, 0, 0, 0);
    (void)state;
    assert_int_equal((end - day) / 86400, 2 * 146097);
    for (; day < end; day += 86400) {
        char out[24];
        int64_t back = 0;
        text_time(out, day + 86399);
        if (text_parse_time(sv_make(out, 10), &back) != 0 || back != day)
            fail_msg("%s", out);
    }
}

static void test_parse_time(void **state)
{
    static const char *const bad[] = {"",
                                      "2026-11",
                                      "2026-13-01",
                                      "2026-00-10",
                                      "2026-01-00",
                                      "2026-01-32",
                                      "2026-02-29",
                                      "2100-02-29",
                                      "2026-04-31",
                                      "2026-11-22 24:00",
                                      "2026-11-22 11:60",
                                      "2026-11-22T11:43:60Z",
                                      "2026-11-22T11:43:51",
                                      "2026-11-22t11:43:51z",
                                      "2026-11-22 11:43:51",
                                      "2026-11-22T11:43Z",
                                      "2026-11-22 ",
                                      " 2026-11-22",
                                      "2026/11/22",
                                      "22-11-2026",
                                      "+026-11-22",
                                      "2026-11-2x",
                                      "YYYY-MM-DD",
                                      "@",
                                      "@-",
                                      "@ 5",
                                      "@1.5",
                                      "@--5",
                                      "@9223372036854775808",
                                      "5"};
    int64_t t = 77;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (text_parse_time(sv_of(bad[i]), &t) != -1)
            fail_msg("\"%s\" was taken", bad[i]);
    }
    assert_int_equal(t, 77);
    assert_int_equal(text_parse_time(SV("2026-11-22\0"), &t), -1);
    assert_int_equal(text_parse_time(SV("2026-11-22"), &t), 0);
    assert_int_equal(t, 1795305600);
    assert_int_equal(text_parse_time(SV("2026-11-22 11:43"), &t), 0);
    assert_int_equal(t, 1795305600 + 11 * 3600 + 43 * 60);
    assert_int_equal(text_parse_time(SV("2000-02-29"), &t), 0);
    assert_int_equal(text_parse_time(SV("@0"), &t), 0);
    assert_int_equal(t, 0);
    assert_int_equal(text_parse_time(SV("@-5"), &t), 0);
    assert_int_equal(t, -5);
    assert_int_equal(text_parse_time(SV("@9223372036854775807"), &t), 0);
    assert_true(t == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_escape_ends_at_max),
        cmocka_unit_test(test_escape_to_fits),
        cmocka_unit_test(test_token_round_trip),
        cmocka_unit_test(test_malformed_token),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_octets),
        cmocka_unit_test(test_span),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_civil_and_time),
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_parse_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
