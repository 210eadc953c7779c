/* SPDX-License-Identifier: ISC */
/*
 * Octets with a length: borrowed (struct sv) and owned (struct buf).
 *
 * Mail, server replies and secrets are octets, never C strings: NUL is an octet like any other.
 * A buf has a maximum given at initialisation; going over it is refused (-1), never silently cut,
 * so that no server can grow our memory without limit. Allocation failure ends the program with 70
 * (see mem.h). A buf keeps one NUL behind its contents so that a trusted text may be printed.
 * This is the lowest layer: it uses mem.h and nothing else.
 */
#ifndef POPKEEP_BASE_BYTES_H
#define POPKEEP_BASE_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sv {
    const char *p;
    size_t n;
};

#define SV_NULL ((struct sv){NULL, 0})
#define SV(lit) ((struct sv){(lit), sizeof(lit) - 1})
/* for printf: "%.*s", SV_ARG(x); only where the octets are known to be printable */
#define SV_ARG(x) (int)(x).n, (x).p

struct sv sv_of(const char *cstr); /* null gives SV_NULL */
struct sv sv_make(const void *p, size_t n);
bool sv_eq(struct sv a, struct sv b); /* octet for octet */
bool sv_eq_c(struct sv a, const char *cstr);
int sv_cmp(struct sv a, struct sv b); /* memcmp order, shorter first */
bool sv_starts(struct sv a, struct sv prefix);
bool sv_ends(struct sv a, struct sv suffix);
bool sv_has(struct sv a, char c);
struct sv sv_from(struct sv a, size_t off); /* the rest from off; off > n gives an empty one */
/* Cut the part before the first `c` off *rest and return it; *rest is what follows the `c`.
 * Without a `c` the whole is returned and *rest becomes empty with a null pointer. */
struct sv sv_token(struct sv *rest, char c);

struct buf {
    char *p; /* null while nothing was ever added; p[n] is NUL otherwise */
    size_t n;
    size_t cap;
    size_t max;
};

#define BUF_INIT(maximum)                                                                          \
    {                                                                                              \
        .p = NULL, .n = 0, .cap = 0, .max = (maximum)                                              \
    }

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);  /* the buf is empty and usable again, same max */
void buf_wipe(struct buf *b);  /* overwrite the memory, then free: for secrets */
void buf_clear(struct buf *b); /* n = 0, memory kept */
int buf_add(struct buf *b, const void *p, size_t n); /* -1: would exceed max, nothing was added */
int buf_add_sv(struct buf *b, struct sv s);
int buf_add_c(struct buf *b, const char *cstr);
int buf_add_char(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Room for n more octets behind the contents (for reading into), null if max forbids it;
 * after writing k of them call buf_grew(b, k). */
char *buf_reserve(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t k);
void buf_drop_front(struct buf *b, size_t k);
void buf_cut(struct buf *b, size_t n); /* keep the first n octets: undoes additions */
struct sv buf_sv(const struct buf *b);
/* A growing secret is copied by realloc; this variant wipes what it leaves behind. */
int buf_add_secret(struct buf *b, const void *p, size_t n);

#endif
