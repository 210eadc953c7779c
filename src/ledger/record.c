/* SPDX-License-Identifier: ISC */
/* The journal's text form: one table of fields serves writing and reading. */
#include "popkeep/ledger/record.h"
#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"

#include <stdlib.h>
#include <string.h>

enum field_type { F_NONE, F_I64, F_U32, F_U64, F_SIZE, F_TEXT, F_SHA, F_HEX32 };

struct field {
    uint8_t type;
    uint8_t reserved;
    uint16_t at;
};

enum { FIELDS_MAX = 13, CRC_DIGITS = 8 };

#define FIELD(type, member)                                                                        \
    {                                                                                              \
        type, 0, (uint16_t)offsetof(struct record, member)                                         \
    }
#define TIME FIELD(F_I64, time)

/* The order of fields here is the journal's format: popkeep-journal(5) tells the same. */
static const struct field header_fields[] = {TIME,
                                             FIELD(F_U32, version),
                                             FIELD(F_TEXT, journal_id),
                                             FIELD(F_TEXT, host),
                                             FIELD(F_U32, port),
                                             FIELD(F_TEXT, user),
                                             FIELD(F_TEXT, maildir),
                                             {0}};
static const struct field boot_fields[] = {TIME, FIELD(F_TEXT, boot_id), FIELD(F_I64, boot_s), {0}};
static const struct field intent_fields[] = {TIME,
                                             FIELD(F_U32, id),
                                             FIELD(F_U32, replaces),
                                             FIELD(F_TEXT, uidl),
                                             FIELD(F_SIZE, size),
                                             FIELD(F_U64, wire_octets),
                                             FIELD(F_U64, file_octets),
                                             FIELD(F_SHA, wire_sha),
                                             FIELD(F_SHA, file_sha),
                                             FIELD(F_TEXT, name),
                                             {0}};
static const struct field stored_fields[] = {
    TIME, FIELD(F_U32, id), FIELD(F_I64, stored_at), FIELD(F_U32, quits), FIELD(F_I64, asked_at),
    {0}};
static const struct field rekey_fields[] = {
    TIME, FIELD(F_U32, id), FIELD(F_TEXT, uidl), FIELD(F_SIZE, size), {0}};
static const struct field id_fields[] = {TIME, FIELD(F_U32, id), {0}};
static const struct field quit_fields[] = {TIME, {0}};
static const struct field mark_fields[] = {TIME, FIELD(F_TEXT, name), FIELD(F_TEXT, value), {0}};
static const struct field run_fields[] = {TIME,
                                          FIELD(F_U32, status),
                                          FIELD(F_U64, listed),
                                          FIELD(F_U64, listed_octets),
                                          FIELD(F_U64, matched),
                                          FIELD(F_U64, fetched),
                                          FIELD(F_U64, deleted),
                                          FIELD(F_TEXT, boot_id),
                                          FIELD(F_I64, boot_s),
                                          FIELD(F_TEXT, capabilities),
                                          FIELD(F_TEXT, fingerprint),
                                          {0}};
static const struct field end_fields[] = {FIELD(F_U32, count), FIELD(F_HEX32, crc), {0}};

static const struct field *fields_of(char kind)
{
    switch ((enum record_kind)kind) {
    case REC_HEADER:
        return header_fields;
    case REC_BOOT:
        return boot_fields;
    case REC_INTENT:
        return intent_fields;
    case REC_STORED:
        return stored_fields;
    case REC_REKEY:
        return rekey_fields;
    case REC_VOID:
    case REC_DELETE:
    case REC_GONE:
        return id_fields;
    case REC_QUIT:
        return quit_fields;
    case REC_MARK:
        return mark_fields;
    case REC_RUN:
        return run_fields;
    case REC_END:
        return end_fields;
    }
    return NULL;
}

/* ---- writing ---- */

static void put_text(struct buf *b, struct sv s)
{
    if (s.p == NULL)
        buf_add_char(b, '-');
    else if (sv_eq(s, SV("-")))
        buf_add_c(b, "%2D"); /* or it would read back as "none" */
    else
        text_token(b, s);
}

static void put_field(struct buf *b, enum field_type type, const void *p)
{
    char hex[HASH_HEX];
    switch (type) {
    case F_I64:
        buf_addf(b, "%lld", (long long)*(const int64_t *)p);
        break;
    case F_U32:
        buf_addf(b, "%lu", (unsigned long)*(const uint32_t *)p);
        break;
    case F_SIZE:
        if (*(const uint64_t *)p == RECORD_NO_SIZE) {
            buf_add_char(b, '-');
            break;
        }
        __attribute__((fallthrough));
    case F_U64:
        buf_addf(b, "%llu", (unsigned long long)*(const uint64_t *)p);
        break;
    case F_TEXT:
        put_text(b, *(const struct sv *)p);
        break;
    case F_SHA:
        text_hex(hex, p, HASH_OCTETS);
        buf_add_c(b, hex);
        break;
    case F_HEX32:
        buf_addf(b, "%08lx", (unsigned long)*(const uint32_t *)p);
        break;
    case F_NONE:
        break;
    }
}

static void put_line(struct buf *b, const struct record *r)
{
    const struct field *f = fields_of((char)r->kind);
    size_t from = b->n;
    if (f == NULL)
        abort(); /* a kind that does not exist: a fault of the caller, and not to be journalled */
    buf_add_char(b, (char)r->kind);
    for (; f->type != F_NONE; f++) {
        buf_add_char(b, ' ');
        put_field(b, (enum field_type)f->type, (const char *)r + f->at);
    }
    buf_add_char(b, ' ');
    uint32_t crc = hash_crc32(0, b->p + from, b->n - from);
    if (buf_addf(b, "%08lx\n", (unsigned long)crc) != 0 || b->n - from > RECORD_LINE_MAX + 1)
        abort(); /* what the next run could not read must not be written */
}

void group_init(struct group *g)
{
    buf_init(&g->text, SIZE_MAX / 2);
    g->start = 0;
    g->count = 0;
}

void group_add(struct group *g, const struct record *r)
{
    if (g->count == 0)
        g->start = g->text.n;
    put_line(&g->text, r);
    g->count++;
}

void group_end(struct group *g)
{
    if (g->count == 0)
        return;
    struct record end = {.kind = REC_END, .count = g->count};
    end.crc = hash_crc32(0, g->text.p + g->start, g->text.n - g->start);
    put_line(&g->text, &end);
    g->count = 0;
}

void group_clear(struct group *g)
{
    buf_clear(&g->text);
    g->start = 0;
    g->count = 0;
}

void group_free(struct group *g)
{
    buf_free(&g->text);
    g->start = 0;
    g->count = 0;
}

/* ---- reading ---- */

/* Lower case only: with both cases accepted a flipped bit could go unseen. */
static int get_hex32(uint32_t *out, const char *p)
{
    uint32_t v = 0;
    for (int i = 0; i < CRC_DIGITS; i++) {
        unsigned char c = (unsigned char)p[i];
        unsigned digit = c - (unsigned)'0';
        if (digit > 9) {
            digit = c - (unsigned)'a' + 10;
            if (digit < 10 || digit > 15)
                return -1;
        }
        v = v << 4 | digit;
    }
    *out = v;
    return 0;
}

static int get_i64(int64_t *out, struct sv s)
{
    uint64_t v;
    bool minus = s.n > 0 && s.p[0] == '-';
    if (ascii_u64(sv_from(s, minus), (uint64_t)INT64_MAX + minus, &v) != 0)
        return -1;
    *out = minus ? (int64_t)(0 - v) : (int64_t)v;
    return 0;
}

static int get_text(struct sv *out, struct sv token, struct buf *scratch)
{
    *out = SV_NULL;
    if (token.n == 0)
        return -1;
    if (token.n == 1 && token.p[0] == '-')
        return 0;
    *out = token;
    if (text_is_plain(token))
        return 0;
    size_t from = scratch->n;
    if (text_untoken(scratch, token) != 0)
        return -1;
    *out = sv_make(scratch->p + from, scratch->n - from);
    return 0;
}

static int get_field(enum field_type type, void *p, struct sv s, struct buf *scratch)
{
    uint64_t v;
    switch (type) {
    case F_I64:
        return get_i64(p, s);
    case F_U32:
        if (ascii_u64(s, UINT32_MAX, &v) != 0)
            return -1;
        *(uint32_t *)p = (uint32_t)v;
        return 0;
    case F_SIZE:
        if (s.n == 1 && s.p[0] == '-') {
            *(uint64_t *)p = RECORD_NO_SIZE;
            return 0;
        }
        __attribute__((fallthrough));
    case F_U64:
        return ascii_u64(s, UINT64_MAX, p);
    case F_TEXT:
        return get_text(p, s, scratch);
    case F_SHA:
        return text_unhex(p, HASH_OCTETS, s);
    case F_HEX32:
        return s.n == CRC_DIGITS ? get_hex32(p, s.p) : -1;
    case F_NONE:
        break;
    }
    return -1;
}

/* The kind of a line whose check sum is right, else 0. */
static char checked_kind(struct sv line)
{
    uint32_t crc;
    if (line.n < CRC_DIGITS + 3 || line.n > RECORD_LINE_MAX || line.p[1] != ' ')
        return 0;
    size_t body = line.n - CRC_DIGITS;
    if (line.p[body - 1] != ' ' || get_hex32(&crc, line.p + body) != 0)
        return 0;
    return hash_crc32(0, line.p, body) == crc ? line.p[0] : 0;
}

/* The fields of a line that passed checked_kind. */
static int parse_checked(struct record *r, struct sv line, struct buf *scratch)
{
    const struct field *f = fields_of(line.p[0]);
    memset(r, 0, sizeof *r);
    buf_clear(scratch);
    /* room for all before the first view is taken: views must not move */
    if (f == NULL || buf_reserve(scratch, line.n) == NULL)
        return -1;
    r->kind = (enum record_kind)line.p[0];
    struct sv rest = sv_make(line.p + 2, line.n - 2 - CRC_DIGITS);
    for (; f->type != F_NONE; f++) {
        const char *blank = rest.n > 0 ? memchr(rest.p, ' ', rest.n) : NULL;
        if (blank == NULL)
            return -1;
        size_t n = (size_t)(blank - rest.p);
        if (get_field((enum field_type)f->type, (char *)r + f->at, sv_make(rest.p, n), scratch) !=
            0)
            return -1;
        rest = sv_from(rest, n + 1);
    }
    return rest.n == 0 ? 0 : -1;
}

int record_parse(struct record *r, struct sv line, struct buf *scratch)
{
    return checked_kind(line) == 0 ? -1 : parse_checked(r, line, scratch);
}

/* ---- walking a journal ---- */

struct scan {
    struct sv text;
    int (*each)(void *ctx, const struct record *r, struct err *e);
    void *ctx;
    struct buf scratch;
    size_t good;      /* offset behind the last whole group */
    size_t good_line; /* lines up to there */
    size_t line;      /* the line looked at, counted from 1 */
    size_t bad_line;  /* the first damaged one behind `good`, 0: none */
    size_t bad_at;
};

static int hand_out(struct scan *s, size_t end, struct err *e)
{
    size_t line = s->good_line;
    for (size_t at = s->good; at < end;) {
        const char *lf = memchr(s->text.p + at, '\n', end - at);
        size_t n = (size_t)(lf - (s->text.p + at));
        struct record r;
        line++;
        if (parse_checked(&r, sv_make(s->text.p + at, n), &s->scratch) != 0)
            return err_set(e, ST_DATA,
                           "line %zu (octet %zu) is whole but not understood: it was written by "
                           "a newer popkeep, use that one",
                           line, at);
        if (s->each(s->ctx, &r, e) != 0)
            return e->status == ST_DATA ? err_add(e, "line %zu (octet %zu)", line, at) : -1;
        at += n + 1;
    }
    return 0;
}

static void note_damage(struct scan *s, size_t at)
{
    if (s->bad_line == 0) {
        s->bad_line = s->line;
        s->bad_at = at;
    }
}

static int damaged(struct scan *s, struct err *e)
{
    err_set(e, ST_DATA, "line %zu (octet %zu) is damaged, and whole records follow it", s->bad_line,
            s->bad_at);
    return err_advise(e,
                      "this is no interrupted write: check the disk, then put the file back from a "
                      "backup, or move it away and run \"popkeep fetch --adopt\"");
}

/* At a line E at `at` that is whole in itself. The group ends well; or it is torn (0 too, the
 * damage noted); or -1. Groups are synced one by one, so a crash can tear the last one only. A line
 * E that has more lines before it than it counts therefore proves damage: the first of them belong
 * to an older group, which had been synced. That is one look at each line, however long the damaged
 * part is. */
static int at_end_line(struct scan *s, struct sv line, size_t at, struct err *e)
{
    struct record end;
    size_t before = s->line - s->good_line - 1;
    if (parse_checked(&end, line, &s->scratch) != 0 || end.count == 0) {
        note_damage(s, at);
        return 0;
    }
    if (s->bad_line == 0 && end.count == before &&
        hash_crc32(0, s->text.p + s->good, at - s->good) == end.crc) {
        if (hand_out(s, at, e) != 0)
            return -1;
        s->good = at + line.n + 1;
        s->good_line = s->line;
        return 0;
    }
    note_damage(s, at);
    return before > end.count ? damaged(s, e) : 0;
}

int record_scan(struct sv text, int (*each)(void *ctx, const struct record *r, struct err *e),
                void *ctx, size_t *good, struct err *e)
{
    struct scan s = {.text = text, .each = each, .ctx = ctx, .scratch = BUF_INIT(RECORD_LINE_MAX)};
    int result = 0;
    for (size_t at = 0; at < text.n && result == 0;) {
        const char *lf = memchr(text.p + at, '\n', text.n - at);
        if (lf == NULL)
            break;
        struct sv line = sv_make(text.p + at, (size_t)(lf - (text.p + at)));
        s.line++;
        char kind = checked_kind(line);
        if (kind == 0)
            note_damage(&s, at);
        else if (kind == REC_END)
            result = at_end_line(&s, line, at, e);
        at += line.n + 1;
    }
    *good = s.good;
    buf_free(&s.scratch);
    return result;
}
