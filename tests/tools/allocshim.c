/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: counts its allocations, and answers one of them with NULL.
 *
 *   ALLOCSHIM_COUNT  file: the allocations so far, of all processes and threads together; 1 once
 * one has failed; whose it was (the process) ALLOCSHIM_FROM   "program": those asked for by the
 * program's own code; "libraries": all others ALLOCSHIM_AT     the number of the one that fails,
 * from 1
 *
 * Whose an allocation is tells the address it is to return to.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's own, by the names it keeps for those who stand before it */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);

struct counts {
    long long n, failed, pid;
};

static struct counts *counts;
static long long at;
static bool of_program;
static uintptr_t begin, end; /* the program's code */

static int first_object(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    (void)ctx;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && part->p_flags & PF_X) {
            begin = info->dlpi_addr + part->p_vaddr;
            end = begin + part->p_memsz;
        }
    }
    return 1; /* the program comes first */
}

static void set_up(void) __attribute__((constructor));
static void set_up(void)
{
    const char *file = getenv("ALLOCSHIM_COUNT"), *from = getenv("ALLOCSHIM_FROM");
    int fd =
        file ? (int)syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

    if (fd < 0)
        return;
    dl_iterate_phdr(first_object, NULL);
    of_program = from == NULL || strcmp(from, "program") == 0;
    at = getenv("ALLOCSHIM_AT") ? atoll(getenv("ALLOCSHIM_AT")) : 0;
    syscall(SYS_ftruncate, fd, (long)sizeof *counts);
    void *p = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    counts = p == MAP_FAILED ? NULL : p;
}

static bool fails(const void *caller)
{
    uintptr_t a = (uintptr_t)caller;

    if (!counts || (a >= begin && a < end) != of_program)
        return false;
    if (__atomic_add_fetch(&counts->n, 1, __ATOMIC_SEQ_CST) != at)
        return false;
    counts->failed = 1;
    counts->pid = getpid();
    errno = ENOMEM;
    return true;
}

#define FAILS fails(__builtin_return_address(0))

void *malloc(size_t n)
{
    return FAILS ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t n)
{
    return FAILS ? NULL : __libc_calloc(count, n);
}

void *realloc(void *p, size_t n)
{
    return n > 0 && FAILS ? NULL : __libc_realloc(p, n);
}

void *reallocarray(void *p, size_t count, size_t n)
{
    size_t all;

    if (__builtin_mul_overflow(count, n, &all)) {
        errno = ENOMEM;
        return NULL;
    }
    return all > 0 && FAILS ? NULL : __libc_realloc(p, all);
}

void *aligned_alloc(size_t align, size_t n)
{
    return FAILS ? NULL : __libc_memalign(align, n);
}

void *memalign(size_t align, size_t n);
void *memalign(size_t align, size_t n)
{
    return FAILS ? NULL : __libc_memalign(align, n);
}

int posix_memalign(void **out, size_t align, size_t n)
{
    void *p = FAILS ? NULL : __libc_memalign(align, n);

    if (p == NULL)
        return ENOMEM;
    *out = p;
    return 0;
}
