/* SPDX-License-Identifier: ISC */
/* If these fail, a reply or a key is not recognised under some locale, or a number is misread. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/base/ascii.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void classes_are_ascii(void)
{
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        bool upper = i >= 65 && i <= 90, lower = i >= 97 && i <= 122, digit = i >= 48 && i <= 57;
        assert_int_equal(ascii_is_alpha(c), upper || lower);
        assert_int_equal(ascii_is_digit(c), digit);
        assert_int_equal(ascii_is_alnum(c), upper || lower || digit);
        assert_int_equal(ascii_is_blank(c), i == 32 || i == 9);
        assert_int_equal(ascii_is_print(c), i >= 32 && i < 127);
        assert_int_equal((unsigned char)ascii_lower(c), upper ? i + 32 : i);
    }
}

static void test_words_in_every_locale(void **state)
{
    static const char *const locales[] = {"C", "", "C.UTF-8", "tr_TR.UTF-8", "tr_TR.ISO-8859-9"};
    (void)state;
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
        if (setlocale(LC_ALL, locales[i]) == NULL)
            continue; /* the machine has not got it; the test is run again where it has */
        classes_are_ascii();
        assert_true(ascii_same(SV("UIDL"), SV("uidl")));
        assert_true(ascii_same_c(SV("pIpElInInG"), "PIPELINING"));
        assert_true(ascii_starts(SV("-err [in-use] busy"), "-ERR [IN-USE]"));
        assert_true(ascii_glob("[I-J]dil*", SV("Idil1")));
        assert_string_equal(ascii_nearest(SV("LIST"), (const char *[]){"stat", "list", NULL}),
                            "list");
    }
    setlocale(LC_ALL, "C");
}

static void test_same(void **state)
{
    (void)state;
    assert_false(ascii_same(SV("UIDL"), SV("UIDLX")));
    assert_false(ascii_same(SV("UIDL"), SV("UID1")));
    assert_false(ascii_same(SV("@["), SV("`{"))); /* 32 apart as letters are, but no letters */
    assert_false(ascii_same(SV("\xc4\xb1"), SV("\xc4\xb0")));
    assert_true(ascii_same(SV_NULL, SV("")));
    assert_false(ascii_same(SV("a\0b"), SV("a\0c")));
    assert_false(ascii_starts(SV("+O"), "+OK"));
    assert_true(ascii_starts(SV("+ok"), ""));
}

static void test_trim(void **state)
{
    (void)state;
    assert_true(sv_eq(ascii_trim(SV(" \t a b\r\n")), SV("a b")));
    assert_true(sv_eq(ascii_trim(SV(" \r\n\t")), SV("")));
    assert_true(sv_eq(ascii_trim(SV("a")), SV("a")));
    assert_true(sv_eq(ascii_trim(SV_NULL), SV("")));
    assert_true(sv_eq(ascii_trim(SV("\v\0a")), SV("\v\0a")));
}

static void test_numbers(void **state)
{
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "+1",
                                      "-1",
                                      "0x1",
                                      "1.0",
                                      "1,0",
                                      "a",
                                      "1\n",
                                      "\xd9\xa1",
                                      "18446744073709551616",
                                      "18446744073709551620",
                                      "99999999999999999999",
                                      "184467440737095516150"};
    uint64_t v = 7;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ascii_u64(sv_of(bad[i]), UINT64_MAX, &v), -1);
    assert_int_equal(ascii_u64(SV("1\0"), UINT64_MAX, &v), -1);
    assert_int_equal(v, 7); /* untouched by what is refused */
    assert_int_equal(ascii_u64(SV("18446744073709551615"), UINT64_MAX, &v), 0);
    assert_true(v == UINT64_MAX);
    assert_int_equal(ascii_u64(SV("18446744073709551615"), UINT64_MAX - 1, &v), -1);
    assert_int_equal(ascii_u64(SV("9999999999999999999"), UINT64_MAX, &v), 0);
    assert_true(v == UINT64_C(9999999999999999999));
    assert_int_equal(ascii_u64(SV("000000000000000000000000000042"), 42, &v), 0);
    assert_int_equal(v, 42);
    assert_int_equal(ascii_u64(SV("43"), 42, &v), -1);
    assert_int_equal(ascii_u64(SV("0"), 0, &v), 0);
    assert_int_equal(v, 0);
}

static void test_glob(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"*", "", true},
        {"*", "abc", true},
        {"**", "abc", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a*c", "abbc", true},
        {"a*c", "abbd", false},
        {"*ab", "aab", true},
        {"*ab*", "xxabxx", true},
        {"okul-*", "okul-7", true},
        {"okul-*", "Okul-7", false},
        {"a*b*c", "a1b2b3c", true},
        {"a*b*c", "a1c2b", false},
        {"[abc]", "b", true},
        {"[abc]", "d", false},
        {"[a-c]x", "bx", true},
        {"[!a-c]", "b", false},
        {"[!a-c]", "z", true},
        {"[^a]", "b", true},
        {"[]]", "]", true},
        {"[]a]", "a", true},
        {"[!]]", "]", false},
        {"[!]]", "a", true},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[a", "[a", true},
        {"[a", "a", false},
        {"[", "[", true},
        {"[!", "[!", true},
        {"[]", "[]", true},
        {"*[0-9]", "706590", true},
        {"*[0-9]", "a7b", false},
        {"70????", "706590", true},
        {"70????", "70659", false},
        {"?", "ş", false},
        {"??", "ş", true},
        {"*[a-c]*[x-z]", "aacxzq", false},
        {"[c-a]", "b", false},
        {"a[b-d]*", "ad", true},
        {".", "a", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (ascii_glob(cases[i].pattern, sv_of(cases[i].text)) != cases[i].matches)
            fail_msg("\"%s\" against \"%s\"", cases[i].pattern, cases[i].text);
    }
    assert_true(ascii_glob("a?b", SV("a\0b")));
    assert_false(ascii_glob("a", SV("a\0b")));
    assert_true(ascii_glob("*", SV_NULL));
}

/* With naive recursion this one takes longer than the universe has lasted. */
static void test_glob_is_not_exponential(void **state)
{
    char pattern[201], text[5001];
    (void)state;
    for (size_t i = 0; i < 200; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[200] = '\0';
    memset(text, 'a', 5000);
    text[5000] = '\0';
    assert_true(ascii_glob(pattern, sv_make(text, 5000)));
    text[4999] = 'b';
    clock_t start = clock();
    assert_false(ascii_glob(pattern, sv_make(text, 5000)));
    assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
}

static void test_nearest(void **state)
{
    static const char *const keys[] = {"host",     "port",          "user",           "maildir",
                                       "password", "password_file", "retention_days", NULL};
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        {"hots", "host"},
        {"hos", "host"},
        {"HOST", "host"},
        {"pasword", "password"},
        {"usr", "user"},
        {"prot", "port"},
        {"mail_dir", "maildir"},
        {"Maildrı", NULL},
        {"retention", NULL},
        {"xyz", NULL},
        {"", NULL},
        {"p", NULL},
        {"retention-days", "retention_days"},
        {"retentiondays", "retention_days"},
        {"passwrod_fiel", "password_file"},
        {"hxyt", NULL},
    };
    char longest[200];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = ascii_nearest(sv_of(cases[i].word), keys);
        if (cases[i].nearest == NULL ? got != NULL : !got || strcmp(got, cases[i].nearest) != 0)
            fail_msg("\"%s\" gave \"%s\"", cases[i].word, got ? got : "nothing");
    }
    memset(longest, 'h', sizeof longest);
    assert_null(ascii_nearest(sv_make(longest, sizeof longest), keys));
    assert_null(ascii_nearest(SV("host"), (const char *[]){NULL}));
    longest[64] = '\0';
    assert_ptr_equal(ascii_nearest(sv_make(longest, 64), (const char *[]){longest, NULL}), longest);
    assert_ptr_equal(ascii_nearest(sv_make(longest, 63), (const char *[]){longest, NULL}), longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_in_every_locale),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_glob),
        cmocka_unit_test(test_glob_is_not_exponential),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
