/* SPDX-License-Identifier: ISC */
/* If these fail, a mail is stored cut, or with dots too many or too few, or two mails become one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/pop3/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 1 << 24 };

static size_t random_below(size_t n)
{
    return (size_t)rand() % n;
}

/* What the RFC says, line by line: a line ends in CRLF (LF mode: in LF, with or without CR).
 * Returns the octets up to and including the end mark, 0 when there is none; the message is in
 * `out`. */
static size_t model(struct sv wire, bool lf_mode, struct buf *out)
{
    size_t at = 0;
    while (at < wire.n) {
        size_t end = at;
        while (end < wire.n &&
               !(wire.p[end] == '\n' && (lf_mode || (end > at && wire.p[end - 1] == '\r'))))
            end++;
        if (end == wire.n)
            break;
        end++;
        struct sv line = sv_make(wire.p + at, end - at);
        if (sv_eq_c(line, ".\r\n") || (lf_mode && sv_eq_c(line, ".\n")))
            return end;
        buf_add_sv(out, line.p[0] == '.' ? sv_from(line, 1) : line);
        at = end;
    }
    return 0;
}

/* Feeds pieces of `size` octets (0: random), each in memory of its own size. Returns the octets
 * consumed up to the end, 0 without an end. */
static size_t decode(struct sv wire, bool lf_mode, size_t size, struct buf *out)
{
    struct body b;
    size_t at = 0;
    body_init(&b, lf_mode);
    while (at < wire.n) {
        size_t n = size > 0 ? size : 1 + random_below(9);
        if (n > wire.n - at)
            n = wire.n - at;
        char *piece = malloc(n);
        assert_non_null(piece);
        memcpy(piece, wire.p + at, n);
        at += n;
        struct sv in = sv_make(piece, n), data;
        enum body_result r;
        while ((r = body_next(&b, &in, &data)) == BODY_DATA) {
            assert_true(data.n > 0);
            buf_add_sv(out, data);
        }
        size_t left = in.n;
        free(piece);
        if (r == BODY_END)
            return at - left;
        assert_int_equal(left, 0);
    }
    return 0;
}

static void check(struct sv wire, bool lf_mode, struct sv message, size_t end)
{
    for (size_t round = 0; round < 8; round++) {
        struct buf got = BUF_INIT(MOST);
        size_t size = round == 0 ? wire.n : round < 4 ? round : 0;
        assert_int_equal(decode(wire, lf_mode, size, &got), end);
        assert_true(end == 0 || sv_eq(buf_sv(&got), message));
        buf_free(&got);
    }
}

static void add_nasty(struct buf *b, size_t n)
{
    static const char alphabet[] = "\r\n\r\n\n..+-OKa";
    for (size_t i = 0; i < n; i++) /* the NUL behind the text is one of the letters */
        buf_add_char(b, alphabet[random_below(sizeof alphabet)]);
}

/* As a server does it: a dot before each line that begins with one, a line end, the end mark. */
static void stuff(struct buf *message, bool lf_mode, struct buf *wire)
{
    struct sv nl = lf_mode ? SV("\n") : SV("\r\n");
    if (message->n > 0 && !sv_ends(buf_sv(message), nl))
        buf_add_sv(message, nl);
    struct sv m = buf_sv(message);
    for (size_t i = 0; i < m.n; i++) {
        if (m.p[i] == '.' && (i == 0 || sv_ends(sv_make(m.p, i), nl)))
            buf_add_char(wire, '.');
        buf_add_char(wire, m.p[i]);
    }
    buf_add_char(wire, '.');
    if (lf_mode && random_below(2) == 0)
        buf_add_char(wire, '\r');
    buf_add_sv(wire, nl);
}

static void test_what_is_stuffed_comes_back(void **state)
{
    (void)state;
    srand(1939);
    for (int i = 0; i < 3000; i++) {
        struct buf message = BUF_INIT(MOST), wire = BUF_INIT(MOST);
        bool lf_mode = i % 3 == 0;
        add_nasty(&message, random_below(60));
        stuff(&message, lf_mode, &wire);
        size_t end = wire.n;
        add_nasty(&wire, random_below(5)); /* what comes behind the end does not matter */
        check(buf_sv(&wire), lf_mode, buf_sv(&message), end);
        buf_free(&message);
        buf_free(&wire);
    }
}

static void test_any_octets_follow_the_model(void **state)
{
    (void)state;
    srand(2449);
    for (int i = 0; i < 5000; i++) {
        struct buf wire = BUF_INIT(MOST), message = BUF_INIT(MOST);
        bool lf_mode = i % 2 == 0;
        add_nasty(&wire, 1 + random_below(40));
        size_t end = model(buf_sv(&wire), lf_mode, &message);
        check(buf_sv(&wire), lf_mode, buf_sv(&message), end);
        buf_free(&message);
        buf_free(&wire);
    }
}

static void test_cases(void **state)
{
    static const struct {
        const char *wire, *message;
        bool lf_mode, ends;
    } cases[] = {
        {".\r\n", "", false, true},
        {"\r\n.\r\n", "\r\n", false, true},
        {"a\r\n.\r\n", "a\r\n", false, true},
        {"..\r\n.\r\n", ".\r\n", false, true},
        {"...a\r\n.\r\n", "..a\r\n", false, true},
        {".a\r\n.\r\n", "a\r\n", false, true},
        /* bare line ends do not end a message, and a dot behind them is no stuffing dot */
        {"a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", false, true},
        {"a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", false, true},
        {"a\n..b\r\n.\r\n", "a\n..b\r\n", false, true},
        {"a\r.\r\n.\r\n", "a\r.\r\n", false, true},
        {"a\n.\r\n.\r\n", "a\n.\r\n", false, true},
        {"a\n.\r\n", "", false, false},
        {"a\r\n.\n", "", false, false},
        {"a.\r\n", "", false, false}, /* dot glued to the last character */
        /* a dot, then a CR that is no line end */
        {".\ra\r\n.\r\n", "\ra\r\n", false, true},
        {".\r\r\n.\r\n", "\r\r\n", false, true},
        {"a\n.\nb\n", "a\n", true, true},
        {"a\n..\n.\r\n", "a\n.\n", true, true},
        {"a\r\n.\n", "a\r\n", true, true},
        {"a\r.\n.\n", "a\r.\n", true, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf got = BUF_INIT(MOST);
        size_t end = decode(sv_of(cases[i].wire), cases[i].lf_mode, 0, &got);
        assert_int_equal(end > 0, cases[i].ends);
        check(sv_of(cases[i].wire), cases[i].lf_mode, sv_of(cases[i].message), end);
        buf_free(&got);
    }
}

/* What looks like an end to a careless server is held back, and given out when more comes. */
static void test_suspects(void **state)
{
    static const struct {
        const char *wire;
        size_t given; /* octets given out while nothing follows */
        bool suspect;
    } cases[] = {
        {"a\n.\r\n", 2, true},  {"a\n.\n", 2, true},     {"a\r\n.\n", 3, true},
        {".\n", 0, true},       {"a\n.\r", 2, false},    {"a\n.", 2, false},
        {"a\r\n.", 3, false},   {"a\r\n", 3, false},     {"a\n\n.\r\n", 3, true},
        {"a\n.\n.\n", 4, true}, {"a\n.\r\nb", 6, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sv wire = sv_of(cases[i].wire);
        for (size_t size = 1; size <= wire.n; size++) {
            struct body b;
            size_t given = 0;
            body_init(&b, false);
            for (size_t at = 0; at < wire.n; at += size) {
                size_t n = size < wire.n - at ? size : wire.n - at;
                struct sv in = sv_make(wire.p + at, n), data;
                while (body_next(&b, &in, &data) == BODY_DATA)
                    given += data.n;
            }
            assert_int_equal(given, cases[i].given);
            assert_int_equal(body_suspect(&b), cases[i].suspect);
        }
    }
}

/* Two mails would become one, and the next would stand under the UIDL of another. */
static void test_doubts(void **state)
{
    static const struct {
        const char *wire;
        bool doubt;
    } cases[] = {
        {"a\n.\r\n+OK\r\n", true},  {"a\n.\n-ERR no\r\n", true},   {"a\r\n.\n+OK\r\n", true},
        {".\n+OK\r\n", true},       {"+OK twice\r\n", true},       {"-ERR\r\n", true},
        {"a\n.\n.\r\n+", true},     {"a\n.\r\n", false},           {"a\n.\r\nb +OK\r\n", false},
        {"a\r\n+OK\r\n", false},    {"a\n+OK\r\n", false},         {"a\n..\r\n+OK\r\n", false},
        {"a.\r\n+OK 5\r\n", true},  {"a.\r\n-ERR\r\n", true},      {"a..\r\n+OK", false},
        {"a.\n+OK\r\n", false},     {"a.\r\n-- \r\n", false},      {"a.\r\n+O\r\n+OK", false},
        {"a. \r\n+OK", false},      {"b.\r\n\r\n+OK", false},      {"x.\r\n.+OK\r\n", false},
        {"...\r\n+OK", false},      {"y\r\nx.\r\n+OK", true},      {"a\n.\r+OK\r\n", false},
        {"a+\n. \n+OK\r\n", false}, {"a\r\n..\r\n+OK\r\n", false}, {"y.\r.\r\n+OK", true},
        {"x.\r\n+.\r\n+OK", true},  {"a\n.\r.\r\n-ERR", true},     {"a\r\n.\r.\r\n+OK", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sv wire = sv_of(cases[i].wire);
        for (size_t size = 1; size <= wire.n; size++) {
            struct body b;
            body_init(&b, false);
            for (size_t at = 0; at < wire.n; at += size) {
                struct sv in = sv_make(wire.p + at, size < wire.n - at ? size : wire.n - at), data;
                while (body_next(&b, &in, &data) == BODY_DATA)
                    ;
            }
            if (body_in_doubt(&b) != cases[i].doubt)
                print_error("case %zu, pieces of %zu\n", i, size);
            assert_int_equal(body_in_doubt(&b), cases[i].doubt);
        }
    }
}

/* A view is as large as it can be: the writer behind gets one piece, not one a line. */
static void test_large_views(void **state)
{
    (void)state;
    struct sv in = SV("line one\r\nline two\nbare\r\n\r\n.\nlast\r\n.\r\n"), data;
    struct sv whole = in;
    struct body b;
    body_init(&b, false);
    assert_int_equal(body_next(&b, &in, &data), BODY_DATA);
    assert_ptr_equal(data.p, whole.p);
    assert_int_equal(data.n, strlen("line one\r\nline two\nbare\r\n\r\n"));
}

/* The decoder must never be what limits a fast line: > 2 GB/s on mail with lines of 76 octets. The
 * rate is only printed, as a shared machine has none that is constant; one view a chunk is held. */
static void test_speed(void **state)
{
    (void)state;
    enum { CHUNK = 16384, ROUNDS = 20000 };
    char *mail = malloc(CHUNK);
    assert_non_null(mail);
    for (size_t i = 0; i < CHUNK; i++)
        mail[i] = i % 78 == 76 ? '\r' : i % 78 == 77 ? '\n' : 'x';
    struct body b;
    struct timespec t0, t1;
    size_t octets = 0, events = 0;
    body_init(&b, false);
    clock_gettime(CLOCK_MONOTONIC, &t0);
    for (int i = 0; i < ROUNDS; i++) {
        struct sv in = sv_make(mail, CHUNK), data;
        while (body_next(&b, &in, &data) == BODY_DATA) {
            octets += data.n;
            events++;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &t1);
    double s = (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
    print_message("decoder: %.1f GB/s, %zu views\n", (double)octets / s / 1e9, events);
    assert_int_equal(octets, (size_t)CHUNK * ROUNDS);
    assert_int_equal(events, ROUNDS);
    free(mail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_stuffed_comes_back),
        cmocka_unit_test(test_any_octets_follow_the_model),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_suspects),
        cmocka_unit_test(test_doubts),
        cmocka_unit_test(test_large_views),
        cmocka_unit_test(test_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
