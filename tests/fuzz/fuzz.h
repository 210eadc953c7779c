/* SPDX-License-Identifier: ISC */
/*
 * What the fuzz targets stand on. A target is one file, fuzz_NAME.c, with LLVMFuzzerTestOneInput:
 * it gives arbitrary octets to a module and says with FUZZ_HOLDS what must be true of whatever
 * comes out. It is linked with libFuzzer (`make fuzz`), or with replay.c, which runs it over the
 * files of tests/fuzz/corpus/NAME.
 */
#ifndef POPKEEP_TESTS_FUZZ_H
#define POPKEEP_TESTS_FUZZ_H

#include "popkeep/base/ascii.h"
#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/base/hash.h"
#include "popkeep/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_BUF_MAX = 1 << 26 };

#define FUZZ_HOLDS(what) ((what) ? (void)0 : fuzz_broken(#what, __FILE__, __LINE__))

__attribute__((noreturn)) static inline void fuzz_broken(const char *what, const char *file,
                                                         int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

/* The input, from which choices are taken off the front; what is not there counts as zero. */
struct fuzz {
    struct sv rest;
    uint64_t random; /* for choices that need not be in the input: the same for the same input */
};

static inline struct fuzz fuzz_begin(const uint8_t *data, size_t size)
{
    return (struct fuzz){.rest = sv_make(data, size), .random = hash_mix(data, size) | 1};
}

static inline unsigned fuzz_octet(struct fuzz *f)
{
    if (f->rest.n == 0)
        return 0;
    unsigned c = (unsigned char)f->rest.p[0];
    f->rest = sv_from(f->rest, 1);
    return c;
}

static inline uint64_t fuzz_number(struct fuzz *f, int octets)
{
    uint64_t n = 0;
    for (int i = 0; i < octets; i++)
        n = n << 8 | fuzz_octet(f);
    return n;
}

static inline struct sv fuzz_octets(struct fuzz *f, size_t most)
{
    size_t n = most < f->rest.n ? most : f->rest.n;
    struct sv s = sv_make(f->rest.p, n);
    f->rest = sv_from(f->rest, n);
    return s;
}

/* A line of the input, without its LF. */
static inline struct sv fuzz_line(struct fuzz *f)
{
    return sv_token(&f->rest, '\n');
}

static inline size_t fuzz_below(struct fuzz *f, size_t limit)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return limit == 0 ? 0 : (size_t)(f->random >> 11) % limit;
}

/* How a stream is cut into pieces, one after another. */
enum fuzz_split { FUZZ_WHOLE, FUZZ_OCTETS, FUZZ_RANDOM, FUZZ_SPLITS };

static inline size_t fuzz_piece(struct fuzz *f, enum fuzz_split how, size_t left)
{
    if (how == FUZZ_WHOLE || left < 2)
        return left;
    size_t n = how == FUZZ_OCTETS ? 1 : fuzz_below(f, 2) == 0 ? 1 : 1 + fuzz_below(f, 40);
    return n < left ? n : left;
}

/* The octets in memory of exactly their size, so that reading past them is found. To be freed. */
static inline char *fuzz_copy(struct sv s)
{
    char *p = malloc(s.n > 0 ? s.n : 1);
    if (p == NULL)
        abort();
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return p;
}

/* What may go to a terminal: UTF-8 (RFC 3629) without C0, C1, DEL, line separators and what turns
 * the direction of writing; but for the octets in `besides`. Of its own, as base/text.h is what is
 * to be judged. */
static inline bool fuzz_printable(struct sv s, const char *besides)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    for (size_t i = 0, n; i < s.n; i += n) {
        unsigned c = (unsigned char)s.p[i];
        n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
        if (n == 0 || n > s.n - i)
            return false;
        uint32_t point = n == 1 ? c : c & (0xffU >> (n + 1));
        for (size_t k = 1; k < n; k++) {
            if (((unsigned char)s.p[i + k] & 0xc0) != 0x80)
                return false;
            point = point << 6 | ((unsigned char)s.p[i + k] & 0x3fU);
        }
        bool allowed = n == 1 && c != 0 && strchr(besides, (int)c) != NULL;
        if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ||
            (!allowed && (point < 0x20 || (point >= 0x7f && point < 0xa0))) || point == 0x061c ||
            point == 0x200e || point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
            (point >= 0x2066 && point <= 0x2069))
            return false;
    }
    return true;
}

static inline unsigned fuzz_lines(struct sv text)
{
    unsigned n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

/* "FILE:LINE: " in front, the line being one of so many. */
static inline void fuzz_names_a_line(struct sv text, const char *file, unsigned lines)
{
    uint64_t line;
    FUZZ_HOLDS(sv_eq_c(sv_token(&text, ':'), file));
    FUZZ_HOLDS(ascii_u64(sv_token(&text, ':'), lines, &line) == 0 && line > 0);
    FUZZ_HOLDS(text.n > 1 && text.p[0] == ' ');
}

/* The text with CR LF for each LF. */
static inline void fuzz_crlf(struct buf *out, struct sv text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n')
            buf_add_char(out, '\r');
        buf_add_char(out, text.p[i]);
    }
}

/* What `read` appends to a log is what it appended before. The variant is emptied. */
static inline void fuzz_same_as(struct buf *variant, const struct buf *log,
                                void (*read)(struct sv text, struct buf *log))
{
    struct buf other = BUF_INIT(FUZZ_BUF_MAX);
    read(buf_sv(variant), &other);
    FUZZ_HOLDS(sv_eq(buf_sv(log), buf_sv(&other)));
    buf_free(&other);
    buf_clear(variant);
}

/* An error that can be shown as it is. */
static inline void fuzz_error_is_good(const struct err *e)
{
    size_t n = strlen(e->text);
    FUZZ_HOLDS(e->status != ST_OK);
    FUZZ_HOLDS(n > 0 && n < ERR_TEXT_MAX);
    FUZZ_HOLDS(e->text[n - 1] != '\n');
    FUZZ_HOLDS(fuzz_printable(sv_make(e->text, n), "\n"));
}

#endif
