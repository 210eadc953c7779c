/* SPDX-License-Identifier: ISC */
/* The journal's lines. What is read back wrongly here is mail deleted, doubled or not found later.
 */
#include "ledger_help.h"

static const char kinds[] = "HBISVKDQGMRE";

static char pool[1 << 16];
static size_t pool_n;

/* Any octets, of any length up to 300; now and then none, empty, or what looks like "none". */
static struct sv any_text(void)
{
    size_t n = below(8) == 0 ? 256 + below(44) : below(40);
    switch (below(12)) {
    case 0:
        return SV_NULL;
    case 1:
        return SV("");
    case 2:
        return SV("-");
    case 3:
        return SV("%2D");
    default:
        break;
    }
    char *p = pool + pool_n;
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(n >= 256 ? i : chance() >> 11);
    pool_n += n;
    return sv_make(p, n);
}

static int64_t any_i64(void)
{
    static const int64_t edges[] = {0, -1, 1, INT64_MAX, INT64_MIN, INT64_MIN + 1, 1700000000};
    return below(2) ? edges[below(7)] : (int64_t)chance();
}

static uint64_t any_u64(void)
{
    static const uint64_t edges[] = {0, 1, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63};
    return below(2) ? edges[below(5)] : chance();
}

static uint32_t any_u32(void)
{
    return below(4) ? (uint32_t)chance() : below(2) ? UINT32_MAX : 0;
}

static void any_sha(unsigned char sha[HASH_OCTETS])
{
    for (int i = 0; i < HASH_OCTETS; i++)
        sha[i] = (unsigned char)(chance() >> 9);
}

static void fill_message(struct record *r, char kind)
{
    if (strchr("ISVKDG", kind))
        r->id = any_u32();
    if (kind == 'I' || kind == 'K') {
        r->uidl = any_text();
        r->size = any_u64();
    }
    if (kind == 'I') {
        r->replaces = any_u32();
        r->wire_octets = any_u64();
        r->file_octets = any_u64();
        any_sha(r->wire_sha);
        any_sha(r->file_sha);
        r->name = any_text();
    }
    if (kind == 'S') {
        r->stored_at = any_i64();
        r->quits = any_u32();
        r->asked_at = any_i64();
    }
}

static struct record any_record(char kind)
{
    struct record r = rec(kind, kind == 'E' ? 0 : any_i64(), 0);
    pool_n = 0;
    fill_message(&r, kind);
    if (kind == 'M') {
        r.name = any_text();
        r.value = any_text();
    }
    if (kind == 'B' || kind == 'R') {
        r.boot_id = any_text();
        r.boot_s = any_i64();
    }
    if (kind == 'R') {
        r.status = any_u32();
        r.listed = any_u64();
        r.listed_octets = any_u64();
        r.matched = any_u64();
        r.fetched = any_u64();
        r.deleted = any_u64();
        r.capabilities = any_text();
        r.fingerprint = any_text();
    }
    if (kind == 'H') {
        r.version = any_u32();
        r.journal_id = any_text();
        r.host = any_text();
        r.port = any_u32();
        r.user = any_text();
        r.maildir = any_text();
    }
    if (kind == 'E') {
        r.count = any_u32();
        r.crc = any_u32();
    }
    return r;
}

static void same_text(struct sv a, struct sv b)
{
    assert_true((a.p == NULL) == (b.p == NULL));
    assert_true(sv_eq(a, b));
}

static void same_record(const struct record *a, const struct record *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(a->time == b->time && a->id == b->id && a->replaces == b->replaces);
    assert_true(a->size == b->size && a->wire_octets == b->wire_octets);
    assert_true(a->file_octets == b->file_octets && a->stored_at == b->stored_at);
    assert_memory_equal(a->wire_sha, b->wire_sha, HASH_OCTETS);
    assert_memory_equal(a->file_sha, b->file_sha, HASH_OCTETS);
    assert_true(a->quits == b->quits && a->asked_at == b->asked_at && a->boot_s == b->boot_s);
    assert_true(a->status == b->status && a->listed == b->listed);
    assert_true(a->listed_octets == b->listed_octets && a->matched == b->matched);
    assert_true(a->fetched == b->fetched && a->deleted == b->deleted);
    assert_true(a->version == b->version && a->port == b->port);
    assert_true(a->count == b->count && a->crc == b->crc);
    same_text(a->uidl, b->uidl);
    same_text(a->name, b->name);
    same_text(a->value, b->value);
    same_text(a->boot_id, b->boot_id);
    same_text(a->capabilities, b->capabilities);
    same_text(a->fingerprint, b->fingerprint);
    same_text(a->journal_id, b->journal_id);
    same_text(a->host, b->host);
    same_text(a->user, b->user);
    same_text(a->maildir, b->maildir);
}

/* The line of one record, without its LF. */
static struct sv line_of(struct group *g, const struct record *r)
{
    group_clear(g);
    group_add(g, r);
    assert_true(g->text.n > 0 && g->text.p[g->text.n - 1] == '\n');
    struct sv line = sv_make(g->text.p, g->text.n - 1);
    for (size_t i = 0; i < line.n; i++)
        assert_true(line.p[i] >= 0x20 && line.p[i] <= 0x7e);
    return line;
}

static void every_kind_comes_back(void **state)
{
    (void)state;
    struct group g;
    struct buf scratch = BUF_INIT(RECORD_LINE_MAX);
    group_init(&g);
    chance_seed(1);
    for (int round = 0; round < 3000; round++) {
        struct record r = any_record(kinds[round % 12]), back;
        memset(&back, 0xa5, sizeof back);
        assert_int_equal(record_parse(&back, line_of(&g, &r), &scratch), 0);
        same_record(&r, &back);
    }
    buf_free(&scratch);
    group_free(&g);
}

/* A UIDL "-" taken for "none" would be fetched at every run and never deleted. */
static void none_empty_and_hyphen_differ(void **state)
{
    (void)state;
    static const struct sv texts[] = {{NULL, 0}, {"", 0}, {"-", 1}, {"--", 2}, {"%", 1}, {" ", 1}};
    struct group g;
    struct buf scratch = BUF_INIT(RECORD_LINE_MAX);
    group_init(&g);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct record r = rec('K', 5, 7), back;
        r.uidl = texts[i];
        r.size = RECORD_NO_SIZE;
        assert_int_equal(record_parse(&back, line_of(&g, &r), &scratch), 0);
        same_record(&r, &back);
    }
    struct record r = rec('K', 5, 7);
    r.uidl = SV("-");
    assert_memory_equal(line_of(&g, &r).p, "K 5 7 %2D 0 ", 12);
    buf_free(&scratch);
    group_free(&g);
}

/* The format is a promise to later versions: these lines were written by hand. */
static void the_format_stands(void **state)
{
    (void)state;
    struct group g;
    group_init(&g);
    struct record d = rec('D', 1700000000, 42);
    group_add(&g, &d);
    struct record m = rec_mark(-5, "sizes-drift", "yes, they do");
    group_add(&g, &m);
    group_end(&g);
    char want[256];
    const char *first = "D 1700000000 42 ", *second = "M -5 sizes-drift yes,%20they%20do ";
    int n = snprintf(want, sizeof want, "%s%08x\n%s%08x\n", first,
                     (unsigned)hash_crc32(0, first, strlen(first)), second,
                     (unsigned)hash_crc32(0, second, strlen(second)));
    char end[64];
    snprintf(end, sizeof end, "E 2 %08x ", (unsigned)hash_crc32(0, want, (size_t)n));
    snprintf(want + n, sizeof want - (size_t)n, "%s%08x\n", end,
             (unsigned)hash_crc32(0, end, strlen(end)));
    assert_string_equal(g.text.p, want);
    group_free(&g);
}

static void damaged_lines_are_refused(void **state)
{
    (void)state;
    struct group g;
    struct buf scratch = BUF_INIT(RECORD_LINE_MAX);
    struct record back;
    group_init(&g);
    chance_seed(2);
    for (int k = 0; k < 12; k++) {
        struct record r = any_record(kinds[k]);
        struct sv line = line_of(&g, &r);
        for (size_t i = 0; i < line.n; i++) {
            assert_int_equal(record_parse(&back, sv_make(line.p, i), &scratch), -1);
            for (int bit = 0; bit < 8; bit++) {
                g.text.p[i] = (char)(g.text.p[i] ^ 1 << bit);
                assert_int_equal(record_parse(&back, line, &scratch), -1);
                g.text.p[i] = (char)(g.text.p[i] ^ 1 << bit);
            }
        }
    }
    buf_free(&scratch);
    group_free(&g);
}

/* Right check sums do not make sense of nonsense. */
static void whole_lines_with_wrong_fields_are_refused(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "D 1 ",
        "D 1 2 3 ",
        "D  1 2 ",
        "D 1 4294967296 ",
        "D 1 -2 ",
        "D + 2 ",
        "D 1 2",
        "D - 2 ",
        "X 1 2 ",
        "Q 1 2 ",
        "K 1 2  3 ",
        "K 1 2 %4 3 ",
        "K 1 2 a\tb 3 ",
        "K 1 2 \x01 3 ",
        "K 1 2 \x7f 3 ",
        "K 1 2 \xc3\xa7 3 ",
        "K 1 2 %41\xc3\xa7 3 ",
        "M 1 a\r b ",
        "K 1 2 u 3.5 ",
        "M 1 a ",
        "E 1 0000000g ",
        "E 1 0000000F ",
        "D 9223372036854775808 1 ",
        "D 1 2  ",
    };
    struct buf scratch = BUF_INIT(RECORD_LINE_MAX);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char line[128];
        struct record r;
        snprintf(line, sizeof line, "%s%08x", bodies[i],
                 (unsigned)hash_crc32(0, bodies[i], strlen(bodies[i])));
        if (record_parse(&r, sv_of(line), &scratch) != -1)
            fail_msg("accepted: %s", line);
    }
    buf_free(&scratch);
}

static void an_empty_group_is_nothing(void **state)
{
    (void)state;
    struct group g;
    group_init(&g);
    group_end(&g);
    assert_int_equal(g.text.n, 0);
    struct record r = rec('Q', 1, 0);
    group_add(&g, &r);
    group_end(&g);
    size_t n = g.text.n;
    group_end(&g);
    assert_int_equal(g.text.n, n);
    group_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back),
        cmocka_unit_test(none_empty_and_hyphen_differ),
        cmocka_unit_test(the_format_stands),
        cmocka_unit_test(damaged_lines_are_refused),
        cmocka_unit_test(whole_lines_with_wrong_fields_are_refused),
        cmocka_unit_test(an_empty_group_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
