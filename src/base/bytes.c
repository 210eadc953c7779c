/* SPDX-License-Identifier: ISC */
/* Octets with a length. */
#include "popkeep/base/bytes.h"
#include "popkeep/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 32 };

struct sv sv_of(const char *cstr)
{
    return cstr ? (struct sv){cstr, strlen(cstr)} : SV_NULL;
}

struct sv sv_make(const void *p, size_t n)
{
    return (struct sv){p, n};
}

bool sv_eq(struct sv a, struct sv b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool sv_eq_c(struct sv a, const char *cstr)
{
    return sv_eq(a, sv_of(cstr));
}

int sv_cmp(struct sv a, struct sv b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
    if (order != 0)
        return order;
    return (a.n > b.n) - (a.n < b.n);
}

bool sv_starts(struct sv a, struct sv prefix)
{
    return a.n >= prefix.n && sv_eq((struct sv){a.p, prefix.n}, prefix);
}

bool sv_ends(struct sv a, struct sv suffix)
{
    return a.n >= suffix.n && sv_eq(sv_from(a, a.n - suffix.n), suffix);
}

bool sv_has(struct sv a, char c)
{
    return a.n > 0 && memchr(a.p, c, a.n) != NULL;
}

struct sv sv_from(struct sv a, size_t off)
{
    if (off > a.n)
        off = a.n;
    return off == 0 ? a : (struct sv){a.p + off, a.n - off};
}

struct sv sv_token(struct sv *rest, char c)
{
    struct sv whole = *rest;
    const char *at = whole.n > 0 ? memchr(whole.p, c, whole.n) : NULL;
    if (at == NULL) {
        *rest = SV_NULL;
        return whole;
    }
    size_t n = (size_t)(at - whole.p);
    *rest = sv_from(whole, n + 1);
    return (struct sv){whole.p, n};
}

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf)BUF_INIT(max);
}

void buf_free(struct buf *b)
{
    free(b->p);
    buf_init(b, b->max);
}

void buf_wipe(struct buf *b)
{
    mem_wipe(b->p, b->cap);
    buf_free(b);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    if (b->p != NULL)
        b->p[0] = '\0';
}

/* The capacity, NUL included, that n more octets ask for: 0 if it is there already.
 * Doubling keeps a long row of additions linear; `max` is never passed by more than the NUL. */
static int capacity(const struct buf *b, size_t n, size_t *cap)
{
    *cap = 0;
    if (n > b->max - b->n || n >= SIZE_MAX - b->n)
        return -1;
    size_t need = b->n + n + 1;
    if (need <= b->cap)
        return 0;
    size_t most = b->max < SIZE_MAX ? b->max + 1 : SIZE_MAX;
    size_t twice = b->cap > most / 2 ? most : b->cap * 2;
    *cap = twice > need ? twice : need;
    if (*cap < BUF_FIRST && BUF_FIRST <= most)
        *cap = BUF_FIRST;
    return 0;
}

char *buf_reserve(struct buf *b, size_t n)
{
    size_t cap;
    if (capacity(b, n, &cap) != 0)
        return NULL;
    if (cap != 0) {
        b->p = mem_realloc(b->p, cap, 1);
        b->cap = cap;
        b->p[b->n] = '\0';
    }
    return b->p + b->n;
}

void buf_grew(struct buf *b, size_t k)
{
    if (k == 0)
        return;
    if (k >= b->cap - b->n)
        abort(); /* the caller has written past what it reserved */
    b->n += k;
    b->p[b->n] = '\0';
}

int buf_add(struct buf *b, const void *p, size_t n)
{
    char *to = buf_reserve(b, n);
    if (to == NULL)
        return -1;
    if (n > 0)
        memcpy(to, p, n);
    buf_grew(b, n);
    return 0;
}

int buf_add_sv(struct buf *b, struct sv s)
{
    return buf_add(b, s.p, s.n);
}

int buf_add_c(struct buf *b, const char *cstr)
{
    return buf_add_sv(b, sv_of(cstr));
}

int buf_add_char(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int result = buf_vaddf(b, fmt, ap);
    va_end(ap);
    return result;
}

int buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    size_t room = b->p != NULL ? b->cap - b->n : 0;
    int length = vsnprintf(room > 0 ? b->p + b->n : NULL, room, fmt, ap);
    int result = -1;
    size_t n = length < 0 ? 0 : (size_t)length;
    if (length < 0 || n > b->max - b->n)
        goto out;
    if (n >= room) {
        char *to = buf_reserve(b, n);
        if (to == NULL)
            goto out;
        vsnprintf(to, n + 1, fmt, again);
    }
    buf_grew(b, n);
    result = 0;
out:
    if (result != 0 && b->p != NULL)
        b->p[b->n] = '\0';
    va_end(again);
    return result;
}

void buf_cut(struct buf *b, size_t n)
{
    if (n >= b->n)
        return;
    b->n = n;
    b->p[n] = '\0';
}

void buf_drop_front(struct buf *b, size_t k)
{
    if (k == 0)
        return;
    if (k >= b->n) {
        buf_clear(b);
        return;
    }
    b->n -= k;
    memmove(b->p, b->p + k, b->n + 1);
}

struct sv buf_sv(const struct buf *b)
{
    return (struct sv){b->p, b->n};
}

int buf_add_secret(struct buf *b, const void *p, size_t n)
{
    size_t cap;
    if (capacity(b, n, &cap) != 0)
        return -1;
    if (cap != 0) {
        char *moved = mem_alloc(cap);
        if (b->n > 0)
            memcpy(moved, b->p, b->n);
        mem_wipe(b->p, b->cap);
        free(b->p);
        b->p = moved;
        b->cap = cap;
        b->p[b->n] = '\0';
    }
    return buf_add(b, p, n);
}
