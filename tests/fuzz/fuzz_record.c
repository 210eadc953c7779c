/* SPDX-License-Identifier: ISC */
/*
 * Journal records (ledger/record.h) of any octets. The first octet chooses: lines as they are;
 * lines that get the right check sum, so that what lies behind it is reached; and a line "=" ends a
 * group properly. Must hold: what is accepted, written again, is read as the same; what is wrong is
 * refused with a line number; no record is handed out but of a whole group.
 */
#include "records.h"

enum { WORST = RECORD_LINE_MAX - 100 };

static void same_record(const struct record *a, const struct record *b)
{
    struct group x, y;
    group_init(&x);
    group_init(&y);
    group_add(&x, a);
    group_add(&y, b);
    FUZZ_HOLDS(sv_eq(buf_sv(&x.text), buf_sv(&y.text)));
    FUZZ_HOLDS(a->time == b->time && a->id == b->id && sv_eq(a->uidl, b->uidl) &&
               (a->uidl.p == NULL) == (b->uidl.p == NULL) && sv_eq(a->name, b->name) &&
               sv_eq(a->value, b->value) && a->size == b->size && a->stored_at == b->stored_at &&
               a->wire_octets == b->wire_octets && a->file_octets == b->file_octets &&
               memcmp(a->wire_sha, b->wire_sha, HASH_OCTETS) == 0 &&
               memcmp(a->file_sha, b->file_sha, HASH_OCTETS) == 0);
    group_free(&x);
    group_free(&y);
}

/* The octets it takes, written again. */
static size_t comes_back(const struct record *r)
{
    struct group g;
    struct record again;
    struct buf scratch = BUF_INIT(RECORD_LINE_MAX);
    group_init(&g);
    group_add(&g, r);
    FUZZ_HOLDS(sv_ends(buf_sv(&g.text), SV("\n")));
    char *copy = fuzz_copy(buf_sv(&g.text));
    struct sv line = sv_make(copy, g.text.n - 1);
    FUZZ_HOLDS(!sv_has(line, '\n'));
    FUZZ_HOLDS(record_parse(&again, line, &scratch) == 0);
    same_record(r, &again);
    if (line.n > 4) { /* one bit elsewhere, and it is no record any more */
        copy[line.n / 2] = (char)(copy[line.n / 2] ^ 4);
        FUZZ_HOLDS(record_parse(&again, line, &scratch) != 0);
    }
    free(copy);
    buf_free(&scratch);
    group_free(&g);
    return line.n;
}

static void any_line(struct sv octets)
{
    struct record r;
    struct buf scratch = BUF_INIT(RECORD_LINE_MAX);
    char *copy = fuzz_copy(octets);
    if (record_parse(&r, sv_make(copy, octets.n), &scratch) == 0)
        FUZZ_HOLDS(comes_back(&r) <= octets.n); /* or a compaction could write what is too long */
    free(copy);
    buf_free(&scratch);
}

static void add_checked(struct buf *text, struct sv line)
{
    size_t from = text->n;
    buf_add_sv(text, line);
    buf_add_char(text, ' ');
    buf_addf(text, "%08lx\n", (unsigned long)hash_crc32(0, text->p + from, text->n - from));
}

static void end_group(struct buf *text, size_t *group, unsigned long *count)
{
    char line[32];
    struct sv lines = sv_from(buf_sv(text), *group);
    unsigned long crc = hash_crc32(0, lines.p, lines.n);
    snprintf(line, sizeof line, "E %lu %08lx", *count, crc);
    add_checked(text, sv_of(line));
    *group = text->n;
    *count = 0;
}

struct seen {
    struct group again;
    size_t n;
};

static int see(void *ctx, const struct record *r, struct err *e)
{
    struct seen *s = ctx;
    (void)e;
    FUZZ_HOLDS(r->kind != REC_END);
    (void)comes_back(r);
    group_add(&s->again, r);
    s->n++;
    return 0;
}

static void scan(struct sv text)
{
    struct seen first = {.n = 0}, second = {.n = 0};
    struct err e = ERR_INIT;
    size_t good, good_again;
    group_init(&first.again);
    group_init(&second.again);
    char *copy = fuzz_copy(text);
    int r = record_scan(sv_make(copy, text.n), see, &first, &good, &e);
    FUZZ_HOLDS(good <= text.n && (good == 0 || text.p[good - 1] == '\n'));
    FUZZ_HOLDS((good > 0) == (first.n > 0) || r != 0);
    if (r != 0) {
        fuzz_error_is_good(&e);
        FUZZ_HOLDS(e.status == ST_DATA && strstr(e.text, "line ") != NULL);
    }
    /* The good part alone is the same journal. */
    if (r == 0) {
        FUZZ_HOLDS(record_scan(sv_make(copy, good), see, &second, &good_again, &e) == 0);
        FUZZ_HOLDS(good_again == good && second.n == first.n);
        FUZZ_HOLDS(sv_eq(buf_sv(&first.again.text), buf_sv(&second.again.text)));
    }
    free(copy);
    group_free(&first.again);
    group_free(&second.again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    unsigned how = fuzz_octet(&f);
    struct buf text = BUF_INIT(FUZZ_BUF_MAX);
    size_t group = 0;
    unsigned long count = 0;
    if (how % 4 == 0) {
        scan(f.rest);
        any_line(f.rest);
    } else if (how % 4 == 1 && size < WORST) {
        add_checked(&text, fuzz_line(&f));
        any_line(sv_make(text.p, text.n - 1));
    } else if (size < WORST) {
        while (f.rest.n > 0) {
            struct sv line = fuzz_line(&f);
            if (sv_eq(line, SV("=")) && (count > 0 || how % 4 == 3))
                end_group(&text, &group, &count);
            else if (sv_starts(line, SV("!"))) /* as it is */
                (void)(buf_add_sv(&text, sv_from(line, 1)) == 0 && buf_add_char(&text, '\n') == 0);
            else
                add_checked(&text, line);
            count += text.n > group;
        }
        scan(buf_sv(&text));
    }
    buf_free(&text);
    return 0;
}
