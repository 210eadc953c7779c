/* SPDX-License-Identifier: ISC */
/* Allocation that succeeds or ends the program. */
#include "popkeep/base/mem.h"
#include "popkeep/base/status.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARENA_FIRST = 4096, ARENA_MOST = 65536 };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t cap;
    alignas(max_align_t) char data[];
};

_Noreturn static void out_of_memory(void)
{
    static const char text[] = "popkeep: out of memory\n";
    /* stdio may allocate, and exit handlers may wait for a lock we hold: neither is used here */
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    _exit(ST_SOFTWARE);
}

static void *there(void *p)
{
    if (p == NULL)
        out_of_memory();
    return p;
}

void *mem_alloc(size_t n)
{
    return there(malloc(n ? n : 1));
}

void *mem_zalloc(size_t count, size_t n)
{
    return there(count == 0 || n == 0 ? calloc(1, 1) : calloc(count, n));
}

void *mem_realloc(void *p, size_t count, size_t n)
{
    if (count == 0 || n == 0)
        count = n = 1;
    return there(reallocarray(p, count, n));
}

char *mem_strdup(const char *s)
{
    return s ? mem_strndup(s, strlen(s)) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
    if (n == SIZE_MAX)
        out_of_memory();
    char *copy = mem_alloc(n + 1);
    if (n > 0)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *mem_printf(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        out_of_memory();
    return text;
}

void mem_wipe(void *p, size_t n)
{
    if (n > 0)
        explicit_bzero(p, n);
}

void mem_wipe_free(char *s)
{
    if (s == NULL)
        return;
    mem_wipe(s, strlen(s));
    free(s);
}

static struct arena_block *block_new(size_t cap)
{
    if (cap > SIZE_MAX - sizeof(struct arena_block))
        out_of_memory();
    struct arena_block *block = mem_alloc(sizeof *block + cap);
    *block = (struct arena_block){.cap = cap};
    return block;
}

static char *arena_take(struct arena *a, size_t n, size_t align)
{
    struct arena_block *head = a->head;
    if (head != NULL) {
        size_t at = (head->used + align - 1) & ~(align - 1);
        if (at <= head->cap && n <= head->cap - at) {
            head->used = at + n;
            return head->data + at;
        }
    }
    size_t cap = head == NULL ? ARENA_FIRST : head->cap * 2;
    if (cap > ARENA_MOST)
        cap = ARENA_MOST;
    if (n > cap / 4) {
        /* a large thing gets a block of its own behind the head, which stays open for small ones */
        struct arena_block *own = block_new(n);
        own->used = n;
        if (head == NULL) {
            a->head = own;
        } else {
            own->next = head->next;
            head->next = own;
        }
        return own->data;
    }
    struct arena_block *fresh = block_new(cap);
    fresh->used = n;
    fresh->next = head;
    a->head = fresh;
    return fresh->data;
}

void *arena_alloc(struct arena *a, size_t n)
{
    return arena_take(a, n ? n : 1, alignof(max_align_t));
}

char *arena_dup(struct arena *a, const char *p, size_t n)
{
    if (n == SIZE_MAX)
        out_of_memory();
    char *copy = arena_take(a, n + 1, 1);
    if (n > 0)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}

void arena_free(struct arena *a)
{
    struct arena_block *block = a->head;
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    a->head = NULL;
}
