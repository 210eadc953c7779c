/* SPDX-License-Identifier: ISC */
/* The finder's index of names. */
#include "popkeep/store/catalog.h"
#include "popkeep/base/hash.h"
#include "popkeep/base/mem.h"
#include "popkeep/store/names.h"
#include "popkeep/store/scan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { FIRST_SLOTS = 1024, STEP_S = 2 };

struct place {
    uint64_t hash; /* of the base name; 0: free */
    uint32_t folder;
    uint32_t suffix;
};

struct seen_folder {
    char *path;
    struct timespec mtime;
};

struct catalog {
    int fd;
    const char *maildir;
    struct place *slots;
    uint64_t mask, used;
    struct seen_folder *folders; /* [0] is the Maildir itself, which holds the subfolders' names */
    uint32_t n_folders;
    char **suffixes;
    uint32_t n_suffixes;
    int64_t begun_s;
    bool read;
};

struct catalog *catalog_new(int maildir_fd, const char *maildir)
{
    struct catalog *c = mem_zalloc(1, sizeof *c);
    c->fd = maildir_fd;
    c->maildir = maildir;
    return c;
}

static void empty(struct catalog *c)
{
    for (uint32_t i = 0; i < c->n_folders; i++)
        free(c->folders[i].path);
    for (uint32_t i = 0; i < c->n_suffixes; i++)
        free(c->suffixes[i]);
    free(c->folders);
    free(c->suffixes);
    free(c->slots);
    *c = (struct catalog){.fd = c->fd, .maildir = c->maildir};
}

void catalog_free(struct catalog *c)
{
    if (c == NULL)
        return;
    empty(c);
    free(c);
}

bool catalog_is_read(const struct catalog *c)
{
    return c->read;
}

/* ---- the table ---- */

static uint64_t name_hash(struct sv base_name)
{
    uint64_t h = hash_mix(base_name.p, base_name.n);
    return h != 0 ? h : 1;
}

static void place_in(struct place *slots, uint64_t mask, struct place p)
{
    uint64_t i = p.hash & mask;
    while (slots[i].hash != 0)
        i = (i + 1) & mask;
    slots[i] = p;
}

static void grow(struct catalog *c)
{
    uint64_t n = c->slots == NULL ? FIRST_SLOTS : (c->mask + 1) * 2;
    struct place *slots = mem_zalloc(n, sizeof *slots);
    for (uint64_t i = 0; c->slots != NULL && i <= c->mask; i++)
        if (c->slots[i].hash != 0)
            place_in(slots, n - 1, c->slots[i]);
    free(c->slots);
    c->slots = slots;
    c->mask = n - 1;
}

/* Flags and keywords come in few combinations; the most recent is the likeliest. */
static uint32_t suffix_number(struct catalog *c, const char *suffix)
{
    for (uint32_t i = c->n_suffixes; i > 0; i--)
        if (strcmp(c->suffixes[i - 1], suffix) == 0)
            return i - 1;
    c->suffixes = mem_realloc(c->suffixes, (size_t)c->n_suffixes + 1, sizeof *c->suffixes);
    c->suffixes[c->n_suffixes] = mem_strdup(suffix);
    return c->n_suffixes++;
}

static int note_name(void *ctx, const char *name, struct err *e)
{
    struct catalog *c = ctx;
    struct sv base = names_base(sv_of(name));
    (void)e;
    if (c->slots == NULL || c->used >= (c->mask + 1) / 4 * 3)
        grow(c);
    struct place p = {name_hash(base), c->n_folders - 1, suffix_number(c, name + base.n)};
    place_in(c->slots, c->mask, p);
    c->used++;
    return 0;
}

bool catalog_next(const struct catalog *c, struct sv base_name, uint64_t *at, const char **folder,
                  const char **suffix)
{
    uint64_t hash = name_hash(base_name);
    if (c->slots == NULL)
        return false;
    for (;; (*at)++) {
        const struct place *p = &c->slots[(hash + *at) & c->mask];
        if (p->hash == 0)
            return false;
        if (p->hash != hash)
            continue;
        *folder = c->folders[p->folder].path;
        *suffix = c->suffixes[p->suffix];
        (*at)++;
        return true;
    }
}

/* ---- reading ---- */

static int note_folder(struct catalog *c, const char *path, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        memset(&st, 0, sizeof st); /* no time is this: it will count as changed */
    c->folders = mem_realloc(c->folders, (size_t)c->n_folders + 1, sizeof *c->folders);
    c->folders[c->n_folders++] = (struct seen_folder){mem_strdup(path), st.st_mtim};
    return 0;
}

static int read_folder(void *ctx, const char *path, int fd, struct err *e)
{
    struct catalog *c = ctx;
    note_folder(c, path, fd); /* its time before its names: a change in between is then seen */
    char *full = mem_printf("%s/%s", c->maildir, path);
    int rc = scan_names(fd, full, note_name, c, e);
    free(full);
    return rc;
}

int catalog_read(struct catalog *c, struct err *e)
{
    empty(c);
    c->begun_s = (int64_t)time(NULL);
    note_folder(c, ".", c->fd);
    if (scan_folders(c->fd, c->maildir, read_folder, c, e) != 0) {
        empty(c);
        return -1;
    }
    c->read = true;
    return 0;
}

static bool changed(const struct catalog *c, const struct seen_folder *f)
{
    struct stat st;
    if (fstatat(c->fd, f->path, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        st.st_mtim.tv_sec != f->mtime.tv_sec || st.st_mtim.tv_nsec != f->mtime.tv_nsec)
        return true;
    /* a time well in the future is the same proof as one well in the past: a change made since
     * would have set another */
    int64_t since = c->begun_s - (int64_t)st.st_mtim.tv_sec;
    return since >= -STEP_S && since <= STEP_S;
}

bool catalog_is_stale(const struct catalog *c)
{
    if (!c->read)
        return true;
    for (uint32_t i = 0; i < c->n_folders; i++)
        if (changed(c, &c->folders[i]))
            return true;
    return false;
}
