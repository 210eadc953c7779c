/* SPDX-License-Identifier: ISC */
/* What fails here stores another octet than was sent: a signature breaks, a record is no evidence
 * any more. */
#include "popkeep/run/incoming.h"

#include "popkeep/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT = 64 * 1024 * 1024 };

/* The storing side in small: keeps what the parcels say a file would hold. */
struct file {
    struct buf octets;
    int begun;
};

static void restore_all(struct file *f)
{
    struct buf wire = BUF_INIT(LIMIT);

    assert_int_equal(lineend_restore(&wire, buf_sv(&f->octets)), 0);
    buf_free(&f->octets);
    f->octets = wire;
}

static int take(void *ctx, struct parcel *p, struct err *e)
{
    struct file *f = ctx;

    (void)e;
    switch (p->kind) {
    case PARCEL_BEGIN:
        f->begun++;
        break;
    case PARCEL_PIECE:
        assert_true(p->octets.n <= 2 * QUEUE_SMALL); /* memory stays flat */
        assert_int_equal(buf_add_sv(&f->octets, buf_sv(&p->octets)), 0);
        break;
    case PARCEL_BROKEN:
        restore_all(f);
        break;
    case PARCEL_MESSAGE:
    case PARCEL_END:
    case PARCEL_VOID:
    case PARCEL_FLUSH:
    case PARCEL_STOP:
    default:
        fail();
    }
    parcel_free(p);
    return 0;
}

/* The lossless rule, written plainly: LF form only if CR and LF always come as a pair. */
static bool is_clean(struct sv wire)
{
    for (size_t i = 0; i < wire.n; i++) {
        if (wire.p[i] == '\r' && (i + 1 == wire.n || wire.p[i + 1] != '\n'))
            return false;
        if (wire.p[i] == '\n' && (i == 0 || wire.p[i - 1] != '\r'))
            return false;
    }
    return true;
}

static void expected_form(struct buf *out, struct sv wire, bool lf)
{
    bool convert = lf && is_clean(wire);

    buf_clear(out);
    for (size_t i = 0; i < wire.n; i++)
        if (!(convert && wire.p[i] == '\r'))
            assert_int_equal(buf_add_char(out, wire.p[i]), 0);
}

static uint64_t crlf_size(struct sv file)
{
    uint64_t n = file.n;

    for (size_t i = 0; i < file.n; i++)
        n += file.p[i] == '\n' && (i == 0 || file.p[i - 1] != '\r');
    return n;
}

/* Feed `wire` in pieces of at most `piece` octets (0: whole) and compare everything that is
 * recorded. */
static void check(struct sv wire, size_t piece, bool lf)
{
    struct buf want = BUF_INIT(LIMIT);
    struct file f = {.octets = BUF_INIT(LIMIT)};
    unsigned char sha[HASH_OCTETS];
    struct err e = ERR_INIT;
    struct incoming in;
    struct parcel *p;

    incoming_init(&in, take, &f, lf);
    incoming_begin(&in, 7);
    for (size_t off = 0; off < wire.n;) {
        size_t n = piece == 0 || piece > wire.n - off ? wire.n - off : piece;
        n = n > 256 * 1024 ? 256 * 1024 : n; /* what one read gives at most */
        assert_int_equal(incoming_add(&in, sv_make(wire.p + off, n), &e), 0);
        off += n;
    }
    p = incoming_end(&in, &e);
    assert_non_null(p);
    assert_int_equal(buf_add_sv(&f.octets, buf_sv(&p->octets)), 0);
    expected_form(&want, wire, lf);
    assert_int_equal(f.octets.n, want.n);
    assert_memory_equal(f.octets.n ? f.octets.p : "", want.n ? want.p : "", want.n);
    assert_int_equal(p->item, 7);
    assert_int_equal(p->kind, f.begun ? PARCEL_END : PARCEL_MESSAGE);
    assert_int_equal(p->wire_octets, wire.n);
    assert_int_equal(p->file_octets, want.n);
    assert_int_equal(p->crlf_octets, crlf_size(buf_sv(&want)));
    hash_once(wire.p, wire.n, sha);
    assert_memory_equal(p->wire_sha, sha, sizeof sha);
    hash_once(want.p, want.n, sha);
    assert_memory_equal(p->file_sha, sha, sizeof sha);
    parcel_free(p);
    incoming_free(&in);
    buf_free(&f.octets);
    buf_free(&want);
}

static void check_all_ways(struct sv wire)
{
    static const size_t pieces[] = {0, 1, 2, 3, 7, 1000, 65536};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        if (pieces[i] != 0 && wire.n / pieces[i] > 100000)
            continue;
        check(wire, pieces[i], true);
        check(wire, pieces[i], false);
    }
}

static void test_small_messages(void **state)
{
    static const struct sv texts[] = {
        {"", 0},
        {"Subject: a\r\n\r\nb\r\n", 17},
        {"no end", 6},
        {"\r\n", 2},
        {"\r", 1},
        {"\n", 1},
        {"a\rb\r\n", 5},
        {"a\nb\r\n", 5},
        {"a\r\nb\r", 5},
        {"a\r\r\nb\r\n", 7},
        {"a\n\r\n", 4},
        {"nul \0 in it\r\n", 13},
        {"\xfd\xfe Turkish\r\n", 12},
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_all_ways(texts[i]);
}

static void test_random_messages(void **state)
{
    static const char alphabet[] = {'\r', '\n', '\r', '\n', 'a', '.', '\0'};
    char text[40];

    (void)state;
    srand(1995);
    for (int round = 0; round < 3000; round++) {
        size_t n = (size_t)rand() % sizeof text;
        for (size_t i = 0; i < n; i++)
            text[i] = alphabet[(size_t)rand() % sizeof alphabet];
        check(sv_make(text, n), 1 + (size_t)rand() % 5, true);
        check(sv_make(text, n), 0, round % 2 == 0);
    }
}

/* A stray CR or LF at `at` (or none) in a message of `n` octets: before, at and after the size from
 * which it goes in pieces. */
static void large(size_t n, size_t at, char stray)
{
    struct buf wire = BUF_INIT(LIMIT);

    while (wire.n < n)
        assert_int_equal(buf_add_c(&wire, "a line of a large attachment, base64 as it were\r\n"),
                         0);
    if (stray != '\0')
        wire.p[at] = stray;
    check(buf_sv(&wire), 0, true);
    check(buf_sv(&wire), 4096, true);
    check(buf_sv(&wire), 100003, true);
    check(buf_sv(&wire), 0, false);
    buf_free(&wire);
}

static void test_large_messages(void **state)
{
    static const size_t sizes[] = {QUEUE_SMALL - 60, QUEUE_SMALL, QUEUE_SMALL + 60, 3 * QUEUE_SMALL,
                                   1500000};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        large(sizes[i], 0, '\0');
        large(sizes[i], 5, '\n');
        large(sizes[i], sizes[i] / 2, '\r');
        large(sizes[i], sizes[i] - 1, '\r');
        large(sizes[i], sizes[i] - 30, '\n');
    }
}

/* The next message must not inherit anything, and a dropped one leaves nothing behind. */
static void test_one_after_the_other(void **state)
{
    struct file f = {.octets = BUF_INIT(LIMIT)};
    struct err e = ERR_INIT;
    struct incoming in;
    struct parcel *p;

    (void)state;
    incoming_init(&in, take, &f, true);
    incoming_begin(&in, 0);
    assert_int_equal(incoming_add(&in, SV("half a mess\rage"), &e), 0);
    incoming_begin(&in, 1);
    assert_int_equal(incoming_add(&in, SV("whole\r\n"), &e), 0);
    p = incoming_end(&in, &e);
    assert_non_null(p);
    assert_true(sv_eq_c(buf_sv(&p->octets), "whole\n"));
    assert_int_equal(p->item, 1);
    parcel_free(p);
    incoming_free(&in);
    buf_free(&f.octets);
}

static void test_mtime(void **state)
{
    struct file f = {.octets = BUF_INIT(LIMIT)};
    struct err e = ERR_INIT;
    struct incoming in;
    struct parcel *p;

    (void)state;
    incoming_init(&in, take, &f, true);
    incoming_begin(&in, 0);
    assert_int_equal(incoming_add(&in,
                                  SV("Received: from a by b; Thu, 01 Jan 1970 00:01:00 +0000\r\n"
                                     "Date: Fri, 02 Jan 1970 00:00:00 +0000\r\n\r\n"),
                                  &e),
                     0);
    p = incoming_end(&in, &e);
    assert_int_equal(p->mtime_s, 60);
    parcel_free(p);
    incoming_free(&in);
    buf_free(&f.octets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_messages), cmocka_unit_test(test_random_messages),
        cmocka_unit_test(test_large_messages), cmocka_unit_test(test_one_after_the_other),
        cmocka_unit_test(test_mtime),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
