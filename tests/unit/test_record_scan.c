/* SPDX-License-Identifier: ISC */
/* Reading a journal that a crash, a bad disk or a hand has been at. Too little read is mail
 * doubled, too much is mail deleted that is not there. */
#include "ledger_help.h"

enum { GROUPS = 5 };

struct book {
    struct group g;
    size_t end[GROUPS + 1];     /* octets of the first n groups */
    unsigned count[GROUPS + 1]; /* records in them */
};

static void add(struct book *b, struct record r)
{
    group_add(&b->g, &r);
    b->count[0]++; /* running total while it is made */
}

static void close_group(struct book *b, int n)
{
    group_end(&b->g);
    b->end[n] = b->g.text.n;
    b->count[n] = b->count[0];
}

/* Five groups of 1, 3, 1, 2 and 4 records. */
static void make_book(struct book *b)
{
    memset(b, 0, sizeof *b);
    group_init(&b->g);
    add(b, rec('Q', 1, 0));
    close_group(b, 1);
    add(b, rec_intent(2, 1, "uid 1\n", 100, 1, NULL));
    add(b, rec_intent(2, 2, "-", 200, 2, NULL));
    add(b, rec('D', 2, 3));
    close_group(b, 2);
    add(b, rec_stored(3, 1));
    close_group(b, 3);
    add(b, rec_mark(4, "utf8", "yes"));
    add(b, rec('G', 4, 1));
    close_group(b, 4);
    for (uint32_t i = 0; i < 4; i++)
        add(b, rec('D', 5, 10 + i));
    close_group(b, 5);
    b->count[0] = 0;
}

struct seen {
    struct group again; /* what was handed out, written again */
    unsigned n;
    unsigned refuse_at; /* 0: never */
};

static int see(void *ctx, const struct record *r, struct err *e)
{
    struct seen *s = ctx;
    s->n++;
    group_add(&s->again, r);
    return s->n == s->refuse_at ? err_set(e, ST_DATA, "refused") : 0;
}

static int scan(struct seen *s, struct sv text, size_t *good, struct err *e)
{
    /* a copy of just that size, so that a read behind its end is found */
    char *copy = malloc(text.n ? text.n : 1);
    memcpy(copy, text.p ? text.p : "", text.n);
    unsigned refuse_at = s->refuse_at;
    *s = (struct seen){.refuse_at = refuse_at};
    group_init(&s->again);
    err_clear(e);
    *good = 12345;
    int result = record_scan(sv_make(copy, text.n), see, s, good, e);
    free(copy);
    return result;
}

/* The records handed out are those of the first `groups` groups, octet for octet. */
static void saw_groups(const struct book *b, struct seen *s, int groups)
{
    assert_int_equal(s->n, b->count[groups]);
    struct buf lines = BUF_INIT(1 << 20);
    struct sv rest = sv_make(b->g.text.p, b->end[groups]);
    while (rest.n > 0) {
        struct sv line = sv_token(&rest, '\n');
        if (line.p[0] == 'E')
            continue;
        buf_add_sv(&lines, line);
        buf_add_char(&lines, '\n');
    }
    assert_true(sv_eq(buf_sv(&lines), buf_sv(&s->again.text)));
    buf_free(&lines);
}

static void cut_at_every_octet(void **state)
{
    (void)state;
    struct book b;
    make_book(&b);
    for (size_t cut = 0; cut <= b.g.text.n; cut++) {
        struct seen s = {.n = 0};
        struct err e;
        size_t good;
        int whole = 0;
        while (whole < GROUPS && b.end[whole + 1] <= cut)
            whole++;
        assert_int_equal(scan(&s, sv_make(b.g.text.p, cut), &good, &e), 0);
        assert_int_equal(good, b.end[whole]);
        saw_groups(&b, &s, whole);
        group_free(&s.again);
    }
    group_free(&b.g);
}

static void flip_every_octet(void **state)
{
    (void)state;
    struct book b;
    make_book(&b);
    for (size_t at = 0; at < b.g.text.n; at++) {
        for (int mask = 1; mask < 256; mask = mask < 128 ? mask * 2 : mask + 127) {
            struct seen s = {.n = 0};
            struct err e;
            size_t good;
            int hit = 0;
            while (b.end[hit + 1] <= at)
                hit++;
            b.g.text.p[at] = (char)(b.g.text.p[at] ^ mask);
            int result = scan(&s, buf_sv(&b.g.text), &good, &e);
            b.g.text.p[at] = (char)(b.g.text.p[at] ^ mask);
            assert_int_equal(good, b.end[hit]);
            saw_groups(&b, &s, hit);
            if (result != 0) {
                assert_int_equal(e.status, ST_DATA);
                assert_non_null(strstr(e.text, "line "));
            } else if (hit != GROUPS - 1) {
                fail_msg("octet %zu of group %d changed and nothing was said", at, hit + 1);
            }
            group_free(&s.again);
        }
    }
    group_free(&b.g);
}

/* Every stretch of the last group zeroed, as by a page that never reached the disk: a torn tail. */
static void zeroed_stretches_of_the_last_group(void **state)
{
    (void)state;
    struct book b;
    make_book(&b);
    size_t from = b.end[GROUPS - 1], n = b.g.text.n;
    char *text = malloc(n);
    for (size_t i = from; i < n; i += 3) {
        for (size_t j = i + 1; j <= n; j += 5) {
            struct seen s = {.n = 0};
            struct err e;
            size_t good;
            memcpy(text, b.g.text.p, n);
            memset(text + i, 0, j - i);
            assert_int_equal(scan(&s, sv_make(text, n), &good, &e), 0);
            assert_int_equal(good, from);
            saw_groups(&b, &s, GROUPS - 1);
            group_free(&s.again);
        }
    }
    free(text);
    group_free(&b.g);
}

/* Octets overwritten, taken out and put in anywhere: what is handed out is what was whole before
 * the first damage. */
static void damage_of_any_kind(void **state)
{
    (void)state;
    struct book b;
    make_book(&b);
    chance_seed(4);
    for (int round = 0; round < 4000; round++) {
        struct seen s = {.n = 0};
        struct err e;
        size_t good, n = b.g.text.n, at = below((uint32_t)n), many = 1 + below(60);
        struct buf text = BUF_INIT(1 << 20);
        size_t skip = below(3) == 0 ? 0 : many < n - at ? many : n - at;
        buf_add(&text, b.g.text.p, at);
        for (size_t i = 0; i < many && (skip == 0 || below(4)); i++)
            buf_add_char(&text, below(9) ? (char)(chance() >> 17) : '\n');
        buf_add(&text, b.g.text.p + at + skip, n - at - skip);
        size_t first = at; /* what was put in may equal what was there */
        while (first < n && first < text.n && text.p[first] == b.g.text.p[first])
            first++;
        int whole = 0;
        while (whole < GROUPS && b.end[whole + 1] <= first)
            whole++;
        int result = scan(&s, buf_sv(&text), &good, &e);
        assert_int_equal(good, b.end[whole]);
        saw_groups(&b, &s, whole);
        assert_true(result == 0 || e.status == ST_DATA);
        group_free(&s.again);
        buf_free(&text);
    }
    group_free(&b.g);
}

static void tail_is_torn(struct sv tail)
{
    struct book b;
    struct seen s = {.n = 0};
    struct err e;
    size_t good;
    make_book(&b);
    size_t n = b.g.text.n;
    buf_add_sv(&b.g.text, tail);
    assert_int_equal(scan(&s, buf_sv(&b.g.text), &good, &e), 0);
    assert_int_equal(good, n);
    saw_groups(&b, &s, GROUPS);
    group_free(&s.again);
    group_free(&b.g);
}

static void tails(void **state)
{
    (void)state;
    static char nuls[8192];
    char garbage[8192];
    chance_seed(3);
    for (size_t i = 0; i < sizeof garbage; i++)
        garbage[i] = (char)(i % 50 == 49 ? '\n' : chance() >> 13);
    tail_is_torn(sv_make(nuls, sizeof nuls));
    tail_is_torn(sv_make(garbage, sizeof garbage));
    tail_is_torn(SV("\n"));
    tail_is_torn(SV("\n\n\n"));
    tail_is_torn(SV("D 1"));
    /* good lines whose E never came */
    struct group g;
    group_init(&g);
    struct record r = rec('D', 9, 9);
    group_add(&g, &r);
    group_add(&g, &r);
    tail_is_torn(buf_sv(&g.text));
    group_free(&g);
}

static void damage_before_a_whole_group_is_named(void **state)
{
    (void)state;
    struct book b;
    struct seen s = {.n = 0};
    struct err e;
    size_t good;
    make_book(&b);
    b.g.text.p[b.end[2] + 3] ^= 1; /* line 7: 1 + 1, 3 + 1, then S */
    assert_int_equal(scan(&s, buf_sv(&b.g.text), &good, &e), -1);
    assert_int_equal(e.status, ST_DATA);
    char want[64];
    snprintf(want, sizeof want, "line 7 (octet %zu) ", b.end[2]);
    assert_non_null(strstr(e.text, want));
    saw_groups(&b, &s, 2);
    group_free(&s.again);
    group_free(&b.g);
}

/* A hole where whole lines were: nothing is damaged by itself, yet records are missing. */
static void missing_lines_are_damage(void **state)
{
    (void)state;
    struct book b;
    make_book(&b);
    size_t line_starts[32], lines = 0;
    for (size_t i = 0; i < b.g.text.n; i++)
        if (i == 0 || b.g.text.p[i - 1] == '\n')
            line_starts[lines++] = i;
    line_starts[lines] = b.g.text.n;
    for (size_t i = 0; i < lines; i++) {
        struct seen s = {.n = 0};
        struct err e;
        size_t good;
        struct buf cut = BUF_INIT(1 << 20);
        if (line_starts[i] >= b.end[GROUPS - 1])
            break; /* the last group is a torn tail then */
        buf_add(&cut, b.g.text.p, line_starts[i]);
        buf_add(&cut, b.g.text.p + line_starts[i + 1], b.g.text.n - line_starts[i + 1]);
        /* without its only record, a group's E stands alone: an E that counts one is torn, and
         * what follows it proves the damage */
        assert_int_equal(scan(&s, buf_sv(&cut), &good, &e), -1);
        assert_int_equal(e.status, ST_DATA);
        group_free(&s.again);
        buf_free(&cut);
    }
    group_free(&b.g);
}

static void later_kinds_and_refusals_name_their_line(void **state)
{
    (void)state;
    struct book b;
    struct seen s = {.refuse_at = 3};
    struct err e;
    size_t good;
    make_book(&b);
    assert_int_equal(scan(&s, buf_sv(&b.g.text), &good, &e), -1);
    assert_non_null(strstr(e.text, "line 4 "));
    assert_non_null(strstr(e.text, "refused"));
    assert_int_equal(good, b.end[1]);
    group_free(&s.again);
    group_free(&b.g);
    /* a whole group with a record this version does not know */
    char text[256], end[64];
    const char *body = "Z 1 2 3 ";
    int n = snprintf(text, sizeof text, "%s%08x\n", body, (unsigned)hash_crc32(0, body, 8));
    snprintf(end, sizeof end, "E 1 %08x ", (unsigned)hash_crc32(0, text, (size_t)n));
    snprintf(text + n, sizeof text - (size_t)n, "%s%08x\n", end,
             (unsigned)hash_crc32(0, end, strlen(end)));
    s.refuse_at = 0;
    assert_int_equal(scan(&s, sv_of(text), &good, &e), -1);
    assert_int_equal(e.status, ST_DATA);
    assert_non_null(strstr(e.text, "newer"));
    group_free(&s.again);
}

/* Garbage that looks like ends of groups, again and again: one pass, or this never ends. */
static void much_garbage_is_one_pass(void **state)
{
    (void)state;
    const char *body = "E 4000000000 00000000 ";
    char line[64];
    struct buf text = BUF_INIT(1 << 24);
    struct seen s = {.n = 0};
    struct err e;
    size_t good;
    int n = snprintf(line, sizeof line, "%s%08x\nD 1 2\n", body,
                     (unsigned)hash_crc32(0, body, strlen(body)));
    while (text.n < (4 << 20))
        buf_add(&text, line, (size_t)n);
    assert_int_equal(scan(&s, buf_sv(&text), &good, &e), 0);
    assert_int_equal(good, 0);
    assert_int_equal(s.n, 0);
    group_free(&s.again);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_at_every_octet),
        cmocka_unit_test(flip_every_octet),
        cmocka_unit_test(zeroed_stretches_of_the_last_group),
        cmocka_unit_test(damage_of_any_kind),
        cmocka_unit_test(tails),
        cmocka_unit_test(damage_before_a_whole_group_is_named),
        cmocka_unit_test(missing_lines_are_damage),
        cmocka_unit_test(later_kinds_and_refusals_name_their_line),
        cmocka_unit_test(much_garbage_is_one_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
