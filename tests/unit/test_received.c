/* SPDX-License-Identifier: ISC */
/* If these fail, a mail shows under a wrong date in IMAP clients. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/base/text.h"
#include "popkeep/pop3/received.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = -1 };

/* `head` lies in memory of its own size. */
static int64_t of(struct sv head)
{
    int64_t t = 0;
    char *copy = malloc(head.n > 0 ? head.n : 1);
    assert_non_null(copy);
    memcpy(copy, head.p, head.n);
    int r = received_time(sv_make(copy, head.n), &t);
    free(copy);
    return r == 0 ? t : NONE;
}

static int64_t date(const char *text)
{
    char head[512];
    (void)snprintf(head, sizeof head, "Received: from a by b;%s\r\nSubject: x\r\n\r\n", text);
    return of(sv_of(head));
}

static void test_dates(void **state)
{
    const int64_t t = text_civil(2026, 11, 22, 11, 43, 51);
    const struct {
        const char *text;
        int64_t unix_s;
    } cases[] = {
        {" Sun, 22 Nov 2026 11:43:51 +0000", t},
        {"Sun, 22 Nov 2026 11:43:51 GMT", t},
        {" 22 Nov 2026 14:43:51 +0300", t},
        {" Sun, 22 Nov 2026 06:13:51 -0530 (some zone; really)", t},
        {" sun,  22 nov  2026\t11:43:51 -0000", t},
        {"\r\n\tSun, 22 Nov 2026\r\n\t11:43:51 +0000 (UTC)", t},
        {" (a (nested) comment) 22 Nov 2026 (\\)) 11:43:51 UT", t},
        {" 22 Nov 26 11:43:51 Z", t},
        {" 22 Nov 126 11:43:51 XYZ", t}, /* three digits: 1900 is added */
        {" 22 Nov 2026 11:43 +0000", t - 51},
        {" 22 Nov 2026 06:43:51 EST", t},
        {" 22 Nov 2026 07:43:51 EDT", t},
        {" 22 Nov 2026 03:43:51 pst", t},
        {" 1 Jan 1970 00:00:00 +0000", 0},
        {" 1 Jan 70 00:00:01 +0000", 1},
        {" 29 Feb 2024 23:59:60 +0000", text_civil(2024, 3, 1, 0, 0, 0)},
        {" 31 Dec 2200 00:00:00 +0000", text_civil(2200, 12, 31, 0, 0, 0)},
        {" 1 Jan 1970 00:00:00 +0001", NONE},
        {" 1 Jan 1969 00:00:00 +0000", NONE},
        {" 1 Jan 69 00:00:00 +0000", NONE},
        {" 1 Jan 2201 00:00:00 +0000", NONE},
        {" 1 Jan 20261 00:00:00 +0000", NONE},
        {" 29 Feb 2026 00:00:00 +0000", NONE},
        {" 29 Feb 2100 00:00:00 +0000", NONE},
        {" 0 Jan 2026 00:00:00 +0000", NONE},
        {" 32 Jan 2026 00:00:00 +0000", NONE},
        {" -1 Jan 2026 00:00:00 +0000", NONE},
        {" 1 Foo 2026 00:00:00 +0000", NONE},
        {" Foo, 1 Jan 2026 00:00:00 +0000", NONE},
        {" 1 Jan 2026 24:00:00 +0000", NONE},
        {" 1 Jan 2026 00:60:00 +0000", NONE},
        {" 1 Jan 2026 00:00:61 +0000", NONE},
        {" 1 Jan 2026 00:00: +0000", NONE},
        {" 1 Jan 2026 00 +0000", NONE},
        {" 1 Jan 2026 00:00:00", NONE},
        {" 1 Jan 2026 00:00:00 +000", NONE},
        {" 1 Jan 2026 00:00:00 +0060", NONE},
        {" 1 Jan 2026 00:00:00 +2400", NONE},
        {" 1 Jan 2026 00:00:00 +0000 x", NONE},
        {" 1 Jan 2026 00:00:00 TOOLONG", NONE},
        {" 1 Jan 2026 00:00:00 (unbalanced", NONE},
        {" 2026-01-01T00:00:00Z", NONE},
        {"", NONE},
        {" ", NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (date(cases[i].text) != cases[i].unix_s)
            fail_msg("%s", cases[i].text);
    }
}

static void test_which_header(void **state)
{
    const int64_t t = text_civil(2026, 11, 22, 11, 43, 51);
    (void)state;
#define WHEN "Sun, 22 Nov 2026 11:43:51 +0000"
    assert_int_equal(of(SV("Return-Path: <a@example.org>\nreceived : by b; " WHEN "\n\n")), t);
    /* folded, semicolons in comments and quoted texts, several */
    assert_int_equal(
        of(SV("Received: from a (b; c) by \"d;(\"\r\n for e; x;\r\n\t" WHEN " (f; g)\r\n\r\n")), t);
    /* the top one counts, even if it has no date */
    assert_int_equal(
        of(SV("Received: a; " WHEN "\r\nReceived: b; 1 Jan 1980 00:00:00 +0000\r\n\r\n")), t);
    assert_int_equal(of(SV("Received: a\r\nReceived: b; " WHEN "\r\n\r\n")), NONE);
    /* no header, in the body, cut before its end */
    assert_int_equal(of(SV("")), NONE);
    assert_int_equal(of(SV("Subject: a\r\n\r\nReceived: a; " WHEN "\r\n")), NONE);
    assert_int_equal(of(SV("Subject: a\n\nReceived: a; " WHEN "\n")), NONE);
    assert_int_equal(of(SV("\r\nReceived: a; " WHEN "\r\n")), NONE);
    assert_int_equal(of(SV("Received: a; " WHEN)), NONE);
    assert_int_equal(of(SV("X-Received: a; " WHEN "\r\n\r\n")), NONE);
    assert_int_equal(of(SV("Received\r\n\r\n")), NONE);
    assert_int_equal(of(SV("Received: a; 22 Nov 2026 11:43:51 +0\00000\r\n\r\n")), NONE);
}

/* Any prefix of a header gives the time or none, never another one and no stray read. */
static void test_every_cut(void **state)
{
    const struct sv head =
        SV("Return-Path: <>\r\nReceived: from a (b (c) \\) \"d)\r\n\tby e;\r\n " WHEN
           " (UTC)\r\nTo: a\r\n\r\nbody");
    const int64_t t = text_civil(2026, 11, 22, 11, 43, 51);
    (void)state;
    size_t found = 0;
    for (size_t n = 0; n <= head.n; n++) {
        int64_t got = of(sv_make(head.p, n));
        assert_true(got == t || got == NONE);
        found += got == t;
    }
    assert_int_equal(found, strlen("To: a\r\n\r\nbody") + 1);
}

static void test_bounded(void **state)
{
    enum { BIG = 4 * RECEIVED_LOOK };
    char *head = malloc(BIG);
    int64_t t;
    (void)state;
    assert_non_null(head);
    static const char field[] = "\r\nReceived: a; " WHEN "\r\n";
    memset(head, 'x', BIG);
    memcpy(head + RECEIVED_LOOK - 8, field, sizeof field - 1);
    assert_int_equal(received_time(sv_make(head, BIG), &t), -1);
    memset(head, '(', BIG);
    memcpy(head, "Received: ", 10);
    head[RECEIVED_LOOK - 1] = '\n';
    assert_int_equal(received_time(sv_make(head, BIG), &t), -1);
    memset(head + 10, ';', RECEIVED_LOOK - 11);
    assert_int_equal(received_time(sv_make(head, BIG), &t), -1);
    free(head);
}

static void test_random_octets(void **state)
{
    static const char alphabet[] = "Received:; ()\"\\\r\n\t 1 Jan 2026 00:00+";
    char head[200];
    (void)state;
    srand(5322);
    for (int i = 0; i < 20000; i++) {
        size_t n = 10 + (size_t)rand() % 190;
        memcpy(head, "Received: ", 10);
        for (size_t k = 10; k < n; k++)
            head[k] = alphabet[(size_t)rand() % sizeof alphabet];
        (void)of(sv_make(head, n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),         cmocka_unit_test(test_which_header),
        cmocka_unit_test(test_every_cut),     cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_random_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
