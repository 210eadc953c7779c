/* SPDX-License-Identifier: ISC */
/*
 * Memory that is there, or the program ends with 70. That is safe because every crash point is
 * safe (popkeep-journal(5)), and it spares each caller a branch nobody can test.
 * What a server can grow goes through a buf or another structure with a maximum.
 */
#ifndef POPKEEP_BASE_MEM_H
#define POPKEEP_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t n);                /* contents undefined; n = 0 gives a unique pointer */
void *mem_zalloc(size_t count, size_t n); /* zeroed, overflow checked */
void *mem_realloc(void *p, size_t count, size_t n); /* overflow checked */
char *mem_strdup(const char *s);                    /* null gives null */
char *mem_strndup(const char *s, size_t n);         /* exactly n octets and a NUL */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void mem_wipe(void *p, size_t n); /* not optimised away; null allowed when n = 0 */
void mem_wipe_free(char *s);      /* wipe up to its NUL, then free; null allowed */

/* Many small things of one lifetime (names, UIDLs): allocated in blocks, freed at once. */
struct arena {
    struct arena_block *head;
};
#define ARENA_INIT                                                                                 \
    {                                                                                              \
        NULL                                                                                       \
    }
void *arena_alloc(struct arena *a, size_t n);              /* aligned for any type */
char *arena_dup(struct arena *a, const char *p, size_t n); /* n octets and a NUL, unaligned */
void arena_free(struct arena *a);

#endif
