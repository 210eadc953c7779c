/* SPDX-License-Identifier: ISC */
/*
 * Which accounts the words of the command line mean. What a user loses if these fail: an account
 * that is not fetched, or one that is though it was not named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/config/config.h"

static const char text[] = "[defaults]\nhost = h.example\n"
                           "[account 706590]\nuser = a@okul.example\nmaildir = /a\n"
                           "[account 706591]\nuser = b\nmaildir = /b\n"
                           "[account gmail]\nuser = c\nmaildir = /c\n"
                           "[account Gmail]\nuser = d\nmaildir = /d\n";
static const char *const commands[] = {"fetch", "check", "status", NULL};

static const struct {
    const char *words[4];
    const char *chosen; /* a sign an account; null: refused */
    const char *says, *says_not;
} cases[] = {
    {{NULL}, "xxxx", NULL, NULL},
    {{"706590"}, "x...", NULL, NULL},
    {{"gmail"}, "..x.", NULL, NULL},
    {{"gmail", "706591"}, ".xx.", NULL, NULL},
    {{"gmail", "gmail"}, "..x.", NULL, NULL},
    {{"7*"}, "xx..", NULL, NULL},
    {{"70659?"}, "xx..", NULL, NULL},
    {{"70659[1-9]"}, ".x..", NULL, NULL},
    {{"[gG]mail", "706590"}, "x.xx", NULL, NULL},
    {{"*"}, "xxxx", NULL, NULL},
    {{"70659"}, NULL, "did you mean \"70659", NULL},
    {{"GMAIL"}, NULL, "mail\"?", NULL},
    {{"gmial"}, NULL, "did you mean \"gmail\"?", NULL},
    {{"statsu"}, NULL, "did you mean \"status\"?", NULL},
    {{"gmail", "x*"}, NULL, "no command or account named \"x*\"", NULL},
    {{"A@okul.example"}, NULL, "it is the user of account \"706590\"", NULL},
    {{"zzzzzzzz"}, NULL, "conf", "did you mean"},
    {{""}, NULL, "no command or account", NULL},
    {{"a\x1b[2J"}, NULL, "\\x1b", "\x1b"},
};

static void test_cases(void **state)
{
    (void)state;
    struct config c;
    struct err e = ERR_INIT;
    assert_int_equal(config_parse(&c, sv_of(text), "conf", NULL, &e), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool chosen[4] = {true, false, true, false};
        size_t n = 0;
        while (n < 4 && cases[i].words[n])
            n++;
        memset(&e, 0, sizeof e);
        int rc = config_select(&c, cases[i].words, n, commands, chosen, &e);
        assert_int_equal(rc, cases[i].chosen ? 0 : -1);
        for (size_t k = 0; rc == 0 && k < 4; k++)
            assert_int_equal(chosen[k], cases[i].chosen[k] == 'x');
        if (rc == 0)
            continue;
        assert_int_equal(e.status, ST_USAGE);
        if (!strstr(e.text, cases[i].says) ||
            (cases[i].says_not && strstr(e.text, cases[i].says_not)))
            fail_msg("case %zu says: %s", i, e.text);
    }
    config_free(&c);
}

static void test_without_commands(void **state)
{
    (void)state;
    struct config c;
    struct err e = ERR_INIT;
    bool chosen[4];
    const char *const words[] = {"statsu"};
    assert_int_equal(config_parse(&c, sv_of(text), "conf", NULL, &e), 0);
    assert_int_equal(config_select(&c, words, 1, NULL, chosen, &e), -1);
    assert_non_null(strstr(e.text, "no account named \"statsu\""));
    config_free(&c);
}

/* An account that was switched off is fetched, and deleted from, by its whole name alone. */
static void test_disabled(void **state)
{
    (void)state;
    static const struct {
        const char *words[3];
        const char *chosen;
        enum status status;
        const char *says;
    } rows[] = {
        {{NULL}, "x.x", ST_OK, NULL},
        {{"*"}, "x.x", ST_OK, NULL},
        {{"b"}, ".x.", ST_OK, NULL},
        {{"[ac]", "b"}, "xxx", ST_OK, NULL},
        {{"[b]"}, NULL, ST_USAGE, "every account that matches \"[b]\" is disabled"},
        {{"b*", "b"}, NULL, ST_USAGE, "is disabled"},
    };
    struct config c;
    struct err e = ERR_INIT;
    assert_int_equal(config_parse(&c,
                                  SV("[defaults]\nhost = h.example\n"
                                     "[account a]\nuser = a\nmaildir = /a\ndisabled = no\n"
                                     "[account b]\nuser = b\nmaildir = /b\ndisabled = yes\n"
                                     "[account c]\nuser = c\nmaildir = /c\n"),
                                  "conf", NULL, &e),
                     0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool chosen[3];
        size_t n = 0;
        while (rows[i].words[n])
            n++;
        memset(&e, 0, sizeof e);
        assert_int_equal(config_select(&c, rows[i].words, n, NULL, chosen, &e),
                         rows[i].chosen ? 0 : -1);
        assert_int_equal(e.status, rows[i].status);
        for (size_t k = 0; rows[i].chosen && k < 3; k++)
            assert_int_equal(chosen[k], rows[i].chosen[k] == 'x');
        if (!rows[i].chosen && !strstr(e.text, rows[i].says))
            fail_msg("case %zu says: %s", i, e.text);
    }
    config_free(&c);

    assert_int_equal(config_parse(&c,
                                  SV("[account a]\nhost = h.example\nuser = a\nmaildir = /a\n"
                                     "disabled = yes\n"),
                                  "conf", NULL, &e),
                     0);
    bool one;
    assert_int_equal(config_select(&c, NULL, 0, NULL, &one, &e), -1);
    assert_int_equal(e.status, ST_CONFIG); /* a backup of nothing is no success */
    assert_non_null(strstr(e.text, "every account of conf is disabled"));
    config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_without_commands),
        cmocka_unit_test(test_disabled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
