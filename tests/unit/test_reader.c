/* SPDX-License-Identifier: ISC */
/*
 * The syntax of the configuration. What a user loses if these fail: a password or path that is cut
 * without a word (a login refused for no visible reason, mail in a wrong folder), or a setting that
 * was never read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/config/config.h"
#include "popkeep/config/reader.h"

#define HEAD                                                                                       \
    "[account a]\n"                                                                                \
    "host = mail.okul.example\n"                                                                   \
    "user = a@okul.example\n"                                                                      \
    "maildir = /m/a\n"
#define A10     "aaaaaaaaaa"
#define A40     A10 A10 A10 A10
#define TEXT(s) ((struct sv){(s), sizeof(s) - 1})

static int parse(struct config *c, struct sv text, struct err *e)
{
    memset(e, 0, sizeof *e);
    /* An exact copy, so that the sanitizer sees a read past its end. */
    char *copy = malloc(text.n ? text.n : 1);
    assert_non_null(copy);
    memcpy(copy, text.p, text.n);
    int rc = config_parse(c, (struct sv){copy, text.n}, "conf", "/home/user", e);
    free(copy);
    return rc;
}

struct refused {
    struct sv text;
    const char *begin; /* file and line */
    const char *says;
};

static const struct refused refused[] = {
    {TEXT(""), "conf:1: ", "no account"},
    {TEXT("\n\n# only a comment\n"), "conf:1: ", "no account"},
    {TEXT("[defaults]\njobs = 2\n"), "conf:1: ", "no account"},
    {TEXT("user = x\n"), "conf:1: ", "before any section"},
    {TEXT("# c\n\nuser = x\n[account a]\n"), "conf:3: ", "before any section"},
    {TEXT("[account a\nhost = x\n"), "conf:1: ", "\"]\" is missing"},
    {TEXT("[account a] # mine\n"), "conf:1: ", "a comment stands on its own line"},
    {TEXT("[account a] x\n"), "conf:1: ", "text after \"]\""},
    {TEXT("[account a]]\n"), "conf:1: ", "text after \"]\""},
    {TEXT("[account a ;b]\n"), "conf:1: ", "A-Z a-z 0-9"},
    {TEXT("[account " A40 "ab]\n"), "conf:1: ", "at most 49"},
    {TEXT("[account  " A40 "a]\n"), "conf:1: ", "at most 49"},
    {TEXT("[]\n"), "conf:1: ", "unknown section"},
    {TEXT("[default]\n"), "conf:1: ", "did you mean [defaults]?"},
    {TEXT("[acount a]\n"), "conf:1: ", "did you mean [account NAME]?"},
    {TEXT("[Defaults]\n"), "conf:1: ", "did you mean [defaults]?"},
    {TEXT("[server]\n"), "conf:1: ", "[account NAME]"},
    {TEXT("[account]\n"), "conf:1: ", "no name"},
    {TEXT("[account \"a\"]\n"), "conf:1: ", "not quoted"},
    {TEXT("[account .a]\n"), "conf:1: ", "dot"},
    {TEXT("[account a/b]\n"), "conf:1: ", "A-Z a-z 0-9"},
    {TEXT("[account a b]\n"), "conf:1: ", "A-Z a-z 0-9"},
    {TEXT("[account okulç]\n"), "conf:1: ", "A-Z a-z 0-9"},
    {TEXT("[accounts a]\n"), "conf:1: ", "did you mean [account NAME]?"},
    {TEXT("[defaults]\n[defaults]\n"), "conf:2: ", "already in line 1"},
    {TEXT(HEAD HEAD), "conf:5: ", "already in line 1"},
    {TEXT(HEAD "timeout\n"), "conf:5: ", "write timeout = VALUE"},
    {TEXT(HEAD "password sesame\n"), "conf:5: ", "write password = VALUE"},
    {TEXT(HEAD "password: sesame\n"), "conf:5: ", "write password = VALUE"},
    {TEXT(HEAD "password: a=b\n"), "conf:5: ", "write password = VALUE"},
    {TEXT(HEAD "open sesame\n"), "conf:5: ", "write KEY = VALUE"},
    {TEXT(HEAD "= 3\n"), "conf:5: ", "no key before"},
    {TEXT(HEAD "timeout =\n"), "conf:5: ", "timeout has no value"},
    {TEXT(HEAD "timeout = \t \n"), "conf:5: ", "timeout has no value"},
    {TEXT(HEAD "password =\n"), "conf:5: ", "password has no value"},
    {TEXT(HEAD "retention_day = 3\n"), "conf:5: ", "did you mean \"retention_days\"?"},
    {TEXT(HEAD "Timeout = 3\n"), "conf:5: ", "did you mean \"timeout\"?"},
    {TEXT(HEAD "username = b\n"), "conf:5: ", "did you mean \"user\"?"},
    {TEXT(HEAD "passwordeval = b\n"), "conf:5: ", "did you mean \"password_command\"?"},
    {TEXT(HEAD "zzzzzzzzzzzz = 3\n"), "conf:5: ", "popkeep.conf(5)"},
    {TEXT(HEAD "sesame;1=x\n"), "conf:5: ", "unknown key; popkeep.conf(5)"},
    {TEXT(HEAD "time out = 3\n"), "conf:5: ", "did you mean \"timeout\"?"},
    {TEXT(HEAD "\n\ntimeout = 3\ntimeout = 3\n"), "conf:8: ", "already in line 7"},
    {TEXT(HEAD "timeout = 3 ; seconds\n"), "conf:5: ", "a comment stands on its own line"},
    {TEXT(HEAD "timeout = 3\t; seconds\n"), "conf:5: ", "a comment stands on its own line"},
    {TEXT(HEAD "timeout = 3 # seconds\n"), "conf:5: ", "a comment stands on its own line"},
    {TEXT(HEAD "timeout = ;\n"), "conf:5: ", "a comment stands on its own line"},
    {TEXT(HEAD "tls_ca_file = /etc/my #1 ca\n"), "conf:5: ", "own line"},
    {TEXT(HEAD "password = ab ;cd\n"), "conf:5: ", "password_file"},
    {TEXT(HEAD "password = ;cd\n"), "conf:5: ", "password_file"},
    {TEXT(HEAD "password = ab\t;cd\n"), "conf:5: ", "password_file"},
    {TEXT(HEAD "password_command = a ; b\n"), "conf:5: ", "without a blank before it"},
    {TEXT(HEAD "password_file = /a ;b\n"), "conf:5: ", "a comment stands on its own line"},
    {TEXT(HEAD "timeout = \"3\"\n"), "conf:5: ", "not quoted"},
    {TEXT(HEAD "tls_ca_file = /\xff\n"), "conf:5: ", "not UTF-8"},
    {TEXT(HEAD "tls_ca_file = /\xc3\n"), "conf:5: ", "not UTF-8"},
    {TEXT(HEAD "password_command = \xfe\n"), "conf:5: ", "not UTF-8"},
    {TEXT(HEAD "timeout = 3\rjobs = 2\n"), "conf:5: ", "control character"},
    {TEXT(HEAD "password = a\x1b[0m\n"), "conf:5: ", "control character"},
    {TEXT(HEAD "password = a\x0b\n"), "conf:5: ", "control character"},
    {TEXT(HEAD "password = a\x7f\n"), "conf:5: ", "control character"},
    {TEXT(HEAD "password = a\0b\n"), "conf:5: ", "NUL"},
    {TEXT(HEAD "# a\0b\n"), "conf:5: ", "NUL"},
    {TEXT(HEAD "# note\rretention_days = never\n"), "conf:5: ", "control character"},
    {TEXT("\0"), "conf:1: ", "NUL"},
    {TEXT("\xff\xfe[\0"), "conf:1: ", "UTF-16"},
    {TEXT("\xfe\xff\0["), "conf:1: ", "UTF-16"},
    {TEXT(HEAD "\xef\xbb\xbftimeout = 3\n"), "conf:5: ", "unknown key"},
    {TEXT(HEAD "maildir = /" A40 A40 A40 A40 A40 "\n"), "conf:5: ", "at most 197"},
    {TEXT(HEAD "password = " A40 A40 A40 A40 A10 A10 "aaaaaaa\n"), "conf:5: ", "password_file"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct config c;
        struct err e;
        const struct refused *r = &refused[i];
        if (parse(&c, r->text, &e) != -1)
            fail_msg("case %zu was taken:\n%.*s", i, (int)r->text.n, r->text.p);
        assert_int_equal(e.status, ST_CONFIG);
        if (strncmp(e.text, r->begin, strlen(r->begin)) != 0 || !strstr(e.text, r->says))
            fail_msg("case %zu says: %s", i, e.text);
        assert_null(strstr(e.text, "sesame"));
        /* "On failure *out is empty." */
        assert_int_equal(c.n_accounts, 0);
        assert_null(c.accounts);
        assert_null(c.file);
    }
}

/* A line may be as long as libinih's buffer allows, whole. */
static void test_longest_line(void **state)
{
    (void)state;
    char text[1024], password[READER_LINE_MAX + 1];
    size_t n = READER_LINE_MAX - strlen("password = ");
    memset(password, 'x', n);
    password[n - 1] = 'y';
    password[n] = '\0';
    struct config c;
    struct err e;
    for (int crlf = 0; crlf < 2; crlf++) {
        snprintf(text, sizeof text, HEAD "   password = %s  \t%s", password, crlf ? "\r\n" : "\n");
        assert_int_equal(parse(&c, (struct sv){text, strlen(text)}, &e), 0);
        assert_string_equal(c.accounts[0].secret.value, password);
        config_free(&c);
    }
    snprintf(text, sizeof text, HEAD "password = %sz\n", password);
    assert_int_equal(parse(&c, (struct sv){text, strlen(text)}, &e), -1);
}

struct taken {
    struct sv text;
    const char *password; /* of the first account */
};

static const struct taken taken[] = {
    {TEXT(HEAD "password = plain\n"), "plain"},
    {TEXT(HEAD "password = plain"), "plain"},
    {TEXT(HEAD "password=plain\n"), "plain"},
    {TEXT(HEAD "  \tpassword\t =  plain \t \n"), "plain"},
    {TEXT(HEAD "password = with some  blanks\n"), "with some  blanks"},
    {TEXT(HEAD "password = with\ttab\n"), "with\ttab"},
    {TEXT(HEAD "password = semi;colon\n"), "semi;colon"},
    {TEXT(HEAD "password = semi; colon\n"), "semi; colon"},
    {TEXT(HEAD "password =;first\n"), ";first"},
    {TEXT(HEAD "password = a #b\n"), "a #b"},
    {TEXT(HEAD "password = #b\n"), "#b"},
    {TEXT(HEAD "password = a#b;c\n"), "a#b;c"},
    {TEXT(HEAD "password = a=b:c==\n"), "a=b:c=="},
    {TEXT(HEAD "password = [x]\n"), "[x]"},
    {TEXT(HEAD "password = \"quoted\"\n"), "\"quoted\""},
    {TEXT(HEAD "password = it's \"so\"\n"), "it's \"so\""},
    {TEXT(HEAD "password = 100%\n"), "100%"},
    {TEXT(HEAD "password = back\\slash\\\n"), "back\\slash\\"},
    {TEXT(HEAD "password = ğüşıöçİĞ\n"), "ğüşıöçİĞ"},
    {TEXT(HEAD "password = \xfd\xfe latin5\n"), "\xfd\xfe latin5"},
    {TEXT("\xef\xbb\xbf" HEAD "password = bom\n"), "bom"},
    {TEXT("\xef\xbb\xbf# c\r\n[account a]\r\nhost=h.example\r\nuser=u\r\nmaildir=/m\r\npassword = "
          "crlf\r\n"),
     "crlf"},
    {TEXT("[ account   a ]\n  host=h.example\n    user=u\n\tmaildir=/m\n        password = "
          "indented\n"),
     "indented"},
    {TEXT(HEAD "# comment = with ; and [x\n ; another\npassword = p\n # indented\n;;\n#"), "p"},
    {TEXT(HEAD "#" A40 A40 A40 A40 A40 A40 " \xff long\npassword = p\n"), "p"},
    {TEXT(HEAD "password = p\n[defaults]\ntimeout = 3\n"), "p"},
    {TEXT("[account " A40 "a]\nhost=h.example\nuser=u\nmaildir=/m\npassword=p\n"), "p"},
};

static void test_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        struct config c;
        struct err e;
        if (parse(&c, taken[i].text, &e) != 0)
            fail_msg("case %zu: %s", i, e.text);
        assert_int_equal(c.n_accounts, 1);
        assert_int_equal(c.accounts[0].secret.kind, SECRET_INLINE);
        assert_string_equal(c.accounts[0].secret.value, taken[i].password);
        assert_true(c.files[0].secret_line > 0);
        config_free(&c);
    }
}

static const char whole[] =
    "\xef\xbb\xbf# school mail\r\n"
    "[defaults]\r\n jobs = 8\n per_host=2\nstate_dir = ~/state\nprovider = meb-k12\n"
    "retention_days = 30\npassword_command = pass show \"meb/x\"; true\n"
    "\n[account 706590]\nuser = 706590@meb.k12.tr\nmaildir = ~/Mail/%%/706590\n"
    "password = çok gizli;#\n; comment\n"
    "[account b.c_d+e@f-g]\nhost = [2001:db8::1]\nport = 10995\nuser = b\nmaildir = /m/b\n"
    "tls_pin = sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
    "tls_min = 1.3\nmax_delete = 10\nline_endings = crlf\ntimeout = 60\nrun_as = mail\n";

/* Whatever the text, the answer is accounts or one error; the sanitizers see the rest. */
static void try(struct sv text)
{
    struct config c;
    struct err e;
    if (parse(&c, text, &e) == 0) {
        assert_true(c.n_accounts > 0);
        for (size_t i = 0; i < c.n_accounts; i++) {
            assert_non_null(c.accounts[i].host);
            assert_non_null(c.accounts[i].user);
            assert_int_equal(c.accounts[i].maildir[0], '/');
            assert_in_range(c.accounts[i].port, 1, 65535);
        }
        config_free(&c);
        return;
    }
    assert_int_equal(e.status, ST_CONFIG);
    assert_memory_equal(e.text, "conf:", 5);
}

static void test_every_prefix(void **state)
{
    (void)state;
    struct config c;
    struct err e;
    if (parse(&c, TEXT(whole), &e) != 0)
        fail_msg("%s", e.text);
    assert_int_equal(c.n_accounts, 2);
    config_free(&c);
    for (size_t n = 0; n < sizeof whole; n++)
        try((struct sv){whole, n});
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void test_mutations(void **state)
{
    (void)state;
    static const char signs[] = "\n\r\t ;#=[]:%~/\"'.\0\xff\xc3\xa7"
                                "09aZ";
    uint32_t seed = 706590;
    char text[sizeof whole + 8];
    for (int round = 0; round < 4000; round++) {
        size_t n = sizeof whole - 1;
        memcpy(text, whole, n);
        for (uint32_t k = next_random(&seed) % 4 + 1; k > 0; k--) {
            size_t at = next_random(&seed) % n;
            char sign = signs[next_random(&seed) % (sizeof signs - 1)];
            switch (next_random(&seed) % 3) {
            case 0:
                text[at] = sign;
                break;
            case 1:
                memmove(text + at, text + at + 1, n - at - 1);
                n--;
                break;
            default:
                memmove(text + at + 1, text + at, n - at);
                text[at] = sign;
                n++;
                break;
            }
        }
        try((struct sv){text, n});
    }
}

/* Switches that some builds of libinih have; null where they are fixed. */
extern bool ini_allow_multiline __attribute__((weak));
extern bool ini_allow_inline_comments __attribute__((weak));
extern char *ini_inline_comment_prefixes __attribute__((weak));
extern bool ini_stop_on_first_error __attribute__((weak));
extern bool ini_allow_no_value __attribute__((weak));
extern bool ini_use_stack __attribute__((weak));
extern bool ini_allow_realloc __attribute__((weak));
extern int ini_max_line __attribute__((weak));
extern int ini_initial_alloc __attribute__((weak));

/* Whatever this libinih does: a password comes out whole, or the line is refused. */
static void never_cut(void)
{
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        struct config c;
        struct err e;
        if (parse(&c, taken[i].text, &e) == 0) {
            assert_string_equal(c.accounts[0].secret.value, taken[i].password);
            config_free(&c);
        } else {
            assert_non_null(strstr(e.text, "libinih"));
        }
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct config c;
        struct err e;
        assert_int_equal(parse(&c, refused[i].text, &e), -1);
    }
}

static void test_other_builds(void **state)
{
    (void)state;
    if (!&ini_allow_multiline || !&ini_allow_inline_comments || !&ini_inline_comment_prefixes ||
        !&ini_stop_on_first_error || !&ini_allow_no_value || !&ini_use_stack ||
        !&ini_allow_realloc || !&ini_max_line || !&ini_initial_alloc)
        skip();
    static char both_signs[] = "#;";
    char *prefixes = ini_inline_comment_prefixes;
    int max_line = ini_max_line, alloc = ini_initial_alloc;
    for (unsigned i = 0; i < 512; i++) {
        ini_allow_multiline = i & 1;
        ini_allow_inline_comments = i & 2;
        ini_inline_comment_prefixes = i & 4 ? both_signs : prefixes;
        ini_stop_on_first_error = i & 8;
        ini_allow_no_value = i & 16;
        ini_use_stack = i & 32;
        ini_allow_realloc = i & 64;
        ini_max_line = i & 128 ? 30 : i & 256 ? 400 : max_line;
        ini_initial_alloc = ini_max_line < alloc ? ini_max_line : alloc;
        never_cut();
    }
    ini_allow_multiline = ini_allow_inline_comments = ini_use_stack = true;
    ini_stop_on_first_error = ini_allow_no_value = ini_allow_realloc = false;
    ini_inline_comment_prefixes = prefixes;
    ini_max_line = max_line;
    ini_initial_alloc = alloc;
    test_taken(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_longest_line),
        cmocka_unit_test(test_taken),     cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_mutations), cmocka_unit_test(test_other_builds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
