/* SPDX-License-Identifier: ISC */
/* Journal files into the ledger, without holding them in memory. */
#include "popkeep/store/loader.h"
#include "popkeep/base/mem.h"
#include "popkeep/store/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COPIED = 4 * 1024 * 1024, /* more than any group a writer may cut off again */
    LET_GO = 16384            /* records between two madvise calls: some 5 MB of text */
};

struct region {
    char *p;
    size_t n;
    size_t mapped; /* of it: octets mapped from the file; the rest is a copy */
};

struct load {
    struct ledger *l;
    struct region *text;
    struct loaded *out;
    bool from_archive;
};

/* A bad sector under a mapping kills with SIGBUS; read() says EIO. The octets stay in the cache. */
static int readable(void *ctx, struct sv octets, struct err *e)
{
    (void)ctx;
    (void)octets;
    (void)e;
    return 0;
}

static int region_fill(struct region *r, int fd, const char *path, struct err *e)
{
    size_t got = 0;
    r->mapped = r->n > COPIED ? (r->n - COPIED) / COPIED * COPIED : 0;
    if (r->mapped > 0) {
        if (disk_each(fd, path, readable, NULL, e) != 0)
            return -1;
        if (mmap(r->p, r->mapped, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
            return disk_fail(e, ST_IO, errno, "cannot map %s", path);
    }
    if (disk_read(fd, r->mapped, r->p + r->mapped, r->n - r->mapped, &got, path, e) != 0)
        return -1;
    r->n = r->mapped + got; /* shorter by now: a writer cut a tail that was torn */
    return 0;
}

static int apply(void *ctx, const struct record *r, struct err *e)
{
    struct load *load = ctx;
    if (ledger_apply(load->l, r, load->from_archive, e) != 0)
        return -1;
    if (++load->out->records % LET_GO == 0 && load->text->mapped > 0)
        (void)madvise(load->text->p, load->text->mapped, MADV_DONTNEED);
    return 0;
}

int loader_load(int fd, const char *path, struct ledger *l, bool from_archive, struct loaded *out,
                struct err *e)
{
    struct stat st;
    *out = (struct loaded){0};
    if (fstat(fd, &st) != 0)
        return disk_fail(e, ST_IO, errno, "cannot look at %s", path);
    if (st.st_size <= 0)
        return 0;
    struct region text = {.n = (size_t)st.st_size};
    size_t reserved = text.n;
    text.p = mmap(NULL, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (text.p == MAP_FAILED)
        return disk_fail(e, ST_IO, errno, "cannot get memory to read %s", path);
    struct load load = {l, &text, out, from_archive};
    size_t good = 0;
    int rc = region_fill(&text, fd, path, e);
    if (rc == 0 && record_scan(sv_make(text.p, text.n), apply, &load, &good, e) != 0)
        rc = err_add(e, "%s", path);
    out->good = good;
    out->length = text.n;
    munmap(text.p, reserved);
    return rc;
}
