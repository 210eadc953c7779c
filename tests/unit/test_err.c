/* SPDX-License-Identifier: ISC */
/* If these fail, the message a user gets is missing, cut in mid-letter or tells of another error.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/base/err.h"
#include "popkeep/base/text.h"

#include <errno.h>
#include <locale.h>
#include <string.h>

static void test_set_fills_all(void **state)
{
    struct err e = {.status = ST_IO, .sys_errno = 5, .line_cut = true};
    (void)state;
    assert_int_equal(err_set(&e, ST_CONFIG, "no key '%s' in line %d", "hots", 7), -1);
    assert_int_equal(e.status, ST_CONFIG);
    assert_int_equal(e.sys_errno, 0);
    assert_false(e.line_cut);
    assert_string_equal(e.text, "no key 'hots' in line 7");
}

static void test_sys_names_the_cause(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    setlocale(LC_ALL, "");
    assert_int_equal(err_sys(&e, ST_IO, ENOSPC, "cannot write %s", "/a/b"), -1);
    assert_string_equal(e.text, "cannot write /a/b: No space left on device");
    assert_int_equal(e.sys_errno, ENOSPC);
    err_sys(&e, ST_IO, 99999, "cannot write");
    assert_string_equal(e.text, "cannot write: system error 99999");
}

static void test_layers_put_where_in_front(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    err_sys(&e, ST_IO, EACCES, "cannot open x");
    e.line_cut = true;
    assert_int_equal(err_add(&e, "message %d", 812), -1);
    assert_int_equal(err_add(&e, "account %s", "gmail"), -1);
    assert_int_equal(err_advise(&e, "give %s the right to read it", "popkeep"), -1);
    assert_string_equal(e.text, "account gmail: message 812: cannot open x: Permission denied\n"
                                "give popkeep the right to read it");
    assert_int_equal(e.status, ST_IO);
    assert_int_equal(e.sys_errno, EACCES);
    assert_true(e.line_cut);
    err_clear(&e);
    assert_int_equal(e.status, ST_OK);
    assert_string_equal(e.text, "");
    err_advise(&e, "only advice");
    assert_string_equal(e.text, "only advice");
}

static void test_old_text_may_be_an_argument(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    err_set(&e, ST_TEMP, "inner");
    err_set(&e, ST_CERT, "outer (%s)", e.text);
    assert_string_equal(e.text, "outer (inner)");
}

static void test_cut_at_a_whole_character(void **state)
{
    static const char *const letters[] = {"a", "ş", "€", "😀"};
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        for (size_t shift = 0; shift < 4; shift++) {
            struct err e = ERR_INIT;
            char text[3 * ERR_TEXT_MAX] = "xxx";
            size_t width = strlen(letters[k]);
            size_t n = shift;
            for (; n + width < sizeof text; n += width)
                memcpy(text + n, letters[k], width);
            text[n] = '\0';
            err_set(&e, ST_IO, "%s", text);
            size_t kept = strlen(e.text);
            assert_true(kept < ERR_TEXT_MAX && kept + 4 >= ERR_TEXT_MAX);
            assert_true(text_is_utf8(sv_of(e.text)));
            err_add(&e, "öö");
            assert_true(text_is_utf8(sv_of(e.text)));
            err_advise(&e, "%s", text);
            assert_true(text_is_utf8(sv_of(e.text)));
        }
    }
}

static void test_cut_of_one_octet(void **state)
{
    struct err e = ERR_INIT;
    char text[ERR_TEXT_MAX + 1];
    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text + ERR_TEXT_MAX - 2, "ş", 3); /* its second half would be the NUL's place */
    err_set(&e, ST_IO, "%s", text);
    assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 2);
    text[ERR_TEXT_MAX - 1] = '\0';
    text[ERR_TEXT_MAX - 2] = 'x';
    err_set(&e, ST_IO, "%s", text);
    assert_string_equal(e.text, text);
}

/* A script that shows what the server said must not show what it said to another error. */
static void test_server_goes_with_its_error(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char text[2 * ERR_SERVER_MAX];
    err_set(&e, ST_LOGIN, "refused");
    assert_int_equal(err_server(&e, "[AUTH] no"), -1);
    err_add(&e, "account");
    err_advise(&e, "ask");
    assert_string_equal(e.server, "[AUTH] no");
    assert_string_equal(e.text, "account: refused\nask");
    err_set(&e, ST_IO, "disk");
    assert_string_equal(e.server, "");
    err_server(&e, "x");
    err_sys(&e, ST_IO, EIO, "disk");
    assert_string_equal(e.server, "");
    memset(text, 'x', sizeof text);
    memcpy(text + ERR_SERVER_MAX - 2, "\xc3\xa7", 2);
    text[sizeof text - 1] = '\0';
    err_server(&e, text);
    assert_int_equal(strlen(e.server), ERR_SERVER_MAX - 2); /* a whole character */
    err_clear(&e);
    assert_string_equal(e.server, "");
}

static void test_no_memory_is_a_fault(void **state)
{
    (void)state;
    assert_int_equal(err_status_of(ENOMEM, ST_IO), ST_SOFTWARE);
    assert_int_equal(err_status_of(ENOSPC, ST_CANTCREATE), ST_CANTCREATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_fills_all),
        cmocka_unit_test(test_sys_names_the_cause),
        cmocka_unit_test(test_layers_put_where_in_front),
        cmocka_unit_test(test_old_text_may_be_an_argument),
        cmocka_unit_test(test_cut_at_a_whole_character),
        cmocka_unit_test(test_cut_of_one_octet),
        cmocka_unit_test(test_server_goes_with_its_error),
        cmocka_unit_test(test_no_memory_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
