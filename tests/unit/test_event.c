/* SPDX-License-Identifier: ISC */
/*
 * Events and their way through a pipe. If this fails, a worker's report is lost or garbled on its
 * way to the parent: a failed account would count as a good one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/report/event.h"

#include <stdlib.h>
#include <string.h>

static uint32_t seed = 20261122;

static uint32_t random_next(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

/* A kind's event with some slots set by the bits of `mask`. */
static void make(struct event *ev, enum event_kind kind, uint64_t mask)
{
    static const char octets[] = "a\0b\n\x1b[2J\xff\xfe \xe2\x80\xae";
    event_init(ev, kind, (mask & 1) ? "706590" : NULL);
    for (int i = 0; i < EVENT_NUMS; i++)
        if (mask >> (i % 60) & 1)
            ev->num[i] = (int64_t)(mask * 2654435761u) - i;
    for (int i = 1; i < EVENT_STRS; i++)
        if (mask >> (i + 3) & 1)
            ev->str[i] = sv_make(octets, (size_t)i % sizeof octets);
}

static void assert_same(const struct event *a, const struct event *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_memory_equal(a->num, b->num, sizeof a->num);
    for (int i = 0; i < EVENT_STRS; i++) {
        assert_true((a->str[i].p == NULL) == (b->str[i].p == NULL));
        assert_true(sv_eq(a->str[i], b->str[i]));
    }
}

/* What is packed comes out again, whatever was set, empty strings being something else than none.
 */
static void test_round_trip(void **state)
{
    (void)state;
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        for (int i = 0; i < 200; i++) {
            struct buf out = BUF_INIT(SIZE_MAX / 2);
            struct event ev, got;
            make(&ev, (enum event_kind)kind, (uint64_t)random_next() << 24 | random_next());
            if (i == 0)
                ev.str[ES_TEXT] = SV("");
            event_pack(&out, &ev);
            struct sv in = buf_sv(&out);
            assert_int_equal(event_unpack(&in, &got), 1);
            assert_int_equal(in.n, 0);
            assert_same(&ev, &got);
            buf_free(&out);
        }
    }
}

/* A pipe gives any number of octets at a time: every split of two frames must give both. */
static void test_every_split(void **state)
{
    (void)state;
    struct buf whole = BUF_INIT(SIZE_MAX / 2);
    struct event first, second, got;
    make(&first, EVENT_STORED, 0xf0f0f0f0f1);
    make(&second, EVENT_SUMMARY, 0x0f0f0f0f0f);
    event_pack(&whole, &first);
    size_t end = whole.n;
    event_pack(&whole, &second);
    for (size_t cut = 0; cut <= whole.n; cut++) {
        struct sv in = sv_make(whole.p, cut);
        struct sv before = in;
        int expected = cut >= end ? 1 : 0;
        assert_int_equal(event_unpack(&in, &got), expected);
        if (expected == 0) {
            assert_true(in.p == before.p && in.n == before.n);
            continue;
        }
        assert_same(&first, &got);
        assert_int_equal(event_unpack(&in, &got), cut == whole.n);
        if (cut == whole.n)
            assert_same(&second, &got);
    }
    buf_free(&whole);
}

/* A broken worker may write anything. Each octet of a frame is changed to every value: nothing may
 * be read outside the frame (the copy is exactly as long, for the sanitizer), and what is taken
 * must be within bounds. */
static void test_changed_octets(void **state)
{
    (void)state;
    struct buf whole = BUF_INIT(SIZE_MAX / 2);
    struct event ev, got;
    make(&ev, EVENT_ACCOUNT_END, 0x1234567f1);
    event_pack(&whole, &ev);
    for (size_t at = 0; at < whole.n; at++) {
        for (int value = 0; value < 256; value++) {
            char *copy = malloc(whole.n);
            memcpy(copy, whole.p, whole.n);
            copy[at] = (char)value;
            struct sv in = sv_make(copy, whole.n);
            int result = event_unpack(&in, &got);
            assert_true(result >= -1 && result <= 1);
            if (result == 1)
                assert_true(got.kind < EVENT_KINDS);
            for (int i = 0; result == 1 && i < EVENT_STRS; i++)
                if (got.str[i].p != NULL)
                    assert_true(got.str[i].p >= copy &&
                                got.str[i].p + got.str[i].n <= copy + whole.n);
            free(copy);
        }
    }
    buf_free(&whole);
}

static void test_garbage(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct event got;
        size_t n = random_next() % 80;
        char *octets = malloc(n + 1);
        for (size_t k = 0; k < n; k++)
            octets[k] = (char)random_next();
        if (n > 4) { /* a believable length, so that the inside is reached */
            octets[0] = (char)(n - 4);
            octets[1] = octets[2] = octets[3] = 0;
            octets[4] = (char)(random_next() % (EVENT_KINDS + 1));
        }
        struct sv in = sv_make(octets, n);
        int result = event_unpack(&in, &got);
        assert_true(result >= -1 && result <= 1);
        assert_true(result == 1 || in.n == n);
        free(octets);
    }
}

/* Lies that a decoder without checks would follow. */
static void test_nonsense(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct sv frame;
    } cases[] = {
        {"longer than any frame", SV("\xff\xff\xff\x7f\x00")},
        {"empty frame", SV("\0\0\0\0")},
        {"no such kind", SV("\3\0\0\0\x20\0\0")},
        {"no such number", SV("\xc\0\0\0\0\1\x70\0\0\0\0\0\0\0\0\0")},
        {"a number twice", SV("\x15\0\0\0\0\2\1\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0")},
        {"no such string", SV("\x8\0\0\0\0\0\1\x70\0\0\0\0")},
        {"string past the frame", SV("\x8\0\0\0\0\0\1\1\xff\0\0\0 more than enough behind it")},
        {"something behind the last string", SV("\4\0\0\0\0\0\0\0")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event got;
        struct sv in = cases[i].frame;
        if (event_unpack(&in, &got) != -1)
            fail_msg("%s: taken", cases[i].what);
    }
}

/* Over-long strings are cut, never a frame the other side would refuse; a full pipe buffer gets
 * whole frames only. */
static void test_limits(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(SIZE_MAX / 2), small = BUF_INIT(40);
    struct event ev, got;
    char *big = calloc(1, 2 * EVENT_STR_MAX);
    event_init(&ev, EVENT_ERROR, "a");
    for (int i = 0; i < EVENT_STRS; i++)
        ev.str[i] = sv_make(big, 2 * EVENT_STR_MAX);
    for (int i = 0; i < EVENT_NUMS; i++)
        ev.num[i] = i;
    event_pack(&out, &ev);
    assert_true(out.n <= EVENT_FRAME_MAX);
    struct sv in = buf_sv(&out);
    assert_int_equal(event_unpack(&in, &got), 1);
    assert_int_equal(got.str[ES_TEXT].n, EVENT_STR_MAX);
    event_pack(&small, &ev);
    assert_int_equal(small.n, 0);
    event_init(&ev, EVENT_NOTE, "a");
    event_pack(&small, &ev);
    size_t one = small.n;
    assert_true(one > 0 && 2 * one <= 40);
    for (int i = 0; i < 40; i++)
        event_pack(&small, &ev);
    assert_int_equal(small.n % one, 0);
    buf_free(&out);
    buf_free(&small);
    free(big);
}

static bool is_made_of(const char *name, const char *octets)
{
    return name[0] != '\0' && strspn(name, octets) == strlen(name);
}

static bool is_json_name(const char *name)
{
    return is_made_of(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

/* Scripts rely on the names: each kind has one, each field is a slot that exists, none comes twice,
 * one slot has one name everywhere. */
static void test_tables(void **state)
{
    (void)state;
    const char *of_num[EVENT_NUMS] = {0}, *of_str[EVENT_STRS] = {0};
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        assert_non_null(event_name((enum event_kind)kind));
        assert_true(is_made_of(event_name((enum event_kind)kind), "abcdefghijklmnopqrstuvwxyz-"));
        const struct event_field *fields = event_fields((enum event_kind)kind);
        for (const struct event_field *f = fields; f->name != NULL; f++) {
            assert_true(is_json_name(f->name));
            assert_true(f->slot >= 0 && f->slot < (f->is_str ? (int)EVENT_STRS : (int)EVENT_NUMS));
            assert_int_equal(f->is_str, f->as == EVENT_AS_STRING);
            const char **known = f->is_str ? &of_str[f->slot] : &of_num[f->slot];
            if (*known != NULL)
                assert_string_equal(*known, f->name);
            *known = f->name;
            for (const struct event_field *g = fields; g < f; g++)
                assert_string_not_equal(g->name, f->name);
        }
    }
    for (int i = 0; i < EVENT_NUMS; i++)
        assert_non_null(of_num[i]); /* a slot in no kind could never be seen by a script */
    for (int i = 0; i < EVENT_STRS; i++)
        assert_non_null(of_str[i]);
    for (int i = 0; i < EVENT_PHASES; i++)
        assert_true(is_json_name(event_phase_word(i)));
    for (int i = 0; i < EVENT_STAGES; i++)
        assert_true(is_json_name(event_stage_word(i)));
    assert_string_equal(event_stage_word(-1), "unknown");
    assert_string_equal(event_stage_word(EVENT_STAGES), "unknown");
    assert_string_equal(event_phase_word(-1), "working");
    assert_string_equal(event_phase_word(EVENT_PHASES), "working");
}

/* A worker gone wrong, or a journal with an absurd time, must not make what is said undefined. */
static void test_sums(void **state)
{
    (void)state;
    assert_int_equal(event_plus(2, -5), -3);
    assert_int_equal(event_minus(2, -5), 7);
    assert_int_equal(event_plus(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(event_minus(INT64_MAX, -1), INT64_MAX);
    assert_int_equal(event_minus(INT64_MIN, 1), INT64_MIN + 1);
    assert_int_equal(event_plus(INT64_MIN + 1, -1), INT64_MIN + 1);
    assert_true(event_minus(-INT64_MAX, 1) != EVENT_UNSET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_changed_octets), cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_nonsense),       cmocka_unit_test(test_limits),
        cmocka_unit_test(test_tables),         cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
