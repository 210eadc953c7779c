/* SPDX-License-Identifier: ISC */
/* If these fail, a server is asked for what it lacks, or its own deletions go unnoticed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/pop3/capa.h"

#include <stdlib.h>
#include <string.h>

static struct capa of(const char *const *lines)
{
    struct capa c;
    capa_init(&c);
    for (; *lines != NULL; lines++)
        capa_line(&c, sv_of(*lines));
    return c;
}

#define LINES(...) of((const char *const[]){__VA_ARGS__, NULL})

static void check_text(const struct capa *c, const char *expected)
{
    struct buf b = BUF_INIT(4096);
    buf_add_c(&b, "");
    capa_text(&b, c);
    assert_true(sv_eq_c(buf_sv(&b), expected));
    buf_free(&b);
}

static void test_servers(void **state)
{
    (void)state;
    struct capa dovecot = LINES("CAPA", "TOP", "UIDL", "RESP-CODES", "PIPELINING", "AUTH-RESP-CODE",
                                "USER", "SASL PLAIN");
    check_text(&dovecot, "TOP USER UIDL PIPELINING RESP-CODES AUTH-RESP-CODE SASL-PLAIN");
    assert_string_equal(dovecot.sasl, "PLAIN");
    struct capa courier = LINES("TOP", "USER", "LOGIN-DELAY 10", "PIPELINING", "UIDL", "UTF8 USER",
                                "IMPLEMENTATION Courier Mail Server");
    check_text(&courier, "TOP USER UIDL PIPELINING UTF8 LOGIN-DELAY=10");
    assert_int_equal(courier.login_delay_s, 10);
    assert_string_equal(courier.implementation, "Courier Mail Server");
    struct capa cyrus = LINES("SASL LOGIN plain CRAM-MD5", "EXPIRE NEVER", "LOGIN-DELAY 0");
    check_text(&cyrus, "SASL-PLAIN LOGIN-DELAY=0");
    assert_string_equal(cyrus.sasl, "LOGIN plain CRAM-MD5");
    struct capa mailutils = LINES("EXPIRE30", "XLINES");
    check_text(&mailutils, "EXPIRE=30");
    struct capa never = LINES("EXPIRENEVER");
    check_text(&never, "");
    struct capa twisted = LINES("PIPELINE", "CELERITY", "AUSPEX", "POTENCE");
    check_text(&twisted, "");
}

static void test_values(void **state)
{
    (void)state;
    struct capa c = LINES("expire 30 USER", "EXPIRE 7", "EXPIRE 90", " login-delay\t60 USER");
    assert_int_equal(c.bits, CAPA_EXPIRE | CAPA_LOGIN_DELAY);
    assert_int_equal(c.expire_days, 7);
    assert_int_equal(c.login_delay_s, 60);
    struct capa zero = LINES("EXPIRE 0");
    assert_int_equal(zero.bits, CAPA_EXPIRE);
    check_text(&zero, "EXPIRE=0");
    struct capa bad = LINES("EXPIRE", "EXPIRE -1", "EXPIRE 99999999999999999999", "EXPIREX",
                            "LOGIN-DELAY", "LOGIN-DELAY x", "", " ", "SASL-IR", "UIDLX", "XUIDL");
    assert_int_equal(bad.bits, 0);
    struct capa sasl = LINES("SASL");
    assert_int_equal(sasl.bits, CAPA_SASL);
    check_text(&sasl, "SASL");
    struct capa scram = LINES("SASL XOAUTH2", "SASL SCRAM-SHA-256-PLUS PLAINTEXT");
    assert_int_equal(scram.bits, CAPA_SASL);
    assert_string_equal(scram.sasl, "XOAUTH2 SCRAM-SHA-256-PLUS PLAINTEXT");
}

/* What a server says is shown, and must neither harm a terminal nor leave its array. */
static void test_hostile(void **state)
{
    char *line = malloc(8000);
    struct capa c;
    (void)state;
    assert_non_null(line);
    memset(line, '\x1b', 8000);
    memcpy(line, "IMPLEMENTATION ", 15);
    capa_init(&c);
    for (int i = 0; i < 3; i++)
        capa_line(&c, sv_make(line, 8000));
    memcpy(line, "SASL a b        ", 15);
    for (int i = 0; i < 100; i++)
        capa_line(&c, sv_make(line, 9 + (size_t)i));
    assert_true(strlen(c.implementation) < sizeof c.implementation);
    assert_true(strlen(c.sasl) < sizeof c.sasl);
    assert_null(strchr(c.implementation, '\x1b'));
    assert_null(strchr(c.sasl, '\x1b'));
    free(line);
}

static void test_text_follows_what_is_there(void **state)
{
    struct buf b = BUF_INIT(4096);
    struct capa c = LINES("TOP", "EXPIRE 30");
    (void)state;
    buf_add_c(&b, "capa=");
    capa_text(&b, &c);
    assert_string_equal(b.p, "capa=TOP EXPIRE=30");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_text_follows_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
