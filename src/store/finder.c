/* SPDX-License-Identifier: ISC */
/* Finding stored files again, and reading them. */
#include "popkeep/store/finder.h"
#include "popkeep/base/mem.h"
#include "popkeep/store/catalog.h"
#include "popkeep/store/disk.h"
#include "popkeep/store/folder.h"
#include "popkeep/store/names.h"
#include "popkeep/store/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct finder {
    const struct maildir *m;
    struct catalog *catalog;
    char *found;   /* relative path, or null */
    char *folder;  /* the one that folder_fd stands for */
    int folder_fd; /* kept from file to file: most lie in one folder */
    uint64_t scans;
};

/* What is asked of a file. */
struct question {
    const char *name;
    uint64_t octets;
    const unsigned char *sha; /* null: look only */
    bool sync;
};

struct finder *finder_new(const struct maildir *m)
{
    struct finder *f = mem_zalloc(1, sizeof *f);
    f->m = m;
    f->folder_fd = -1;
    f->catalog = catalog_new(maildir_folder_fd(m), maildir_path(m));
    return f;
}

static void forget_folder(struct finder *f)
{
    if (f->folder_fd >= 0)
        close(f->folder_fd);
    f->folder_fd = -1;
    free(f->folder);
    f->folder = NULL;
}

static void forget_found(struct finder *f)
{
    free(f->found);
    f->found = NULL;
}

void finder_free(struct finder *f)
{
    if (f == NULL)
        return;
    forget_folder(f);
    forget_found(f);
    catalog_free(f->catalog);
    free(f);
}

const char *finder_found(const struct finder *f)
{
    return f->found != NULL ? f->found : "";
}

uint64_t finder_scans(const struct finder *f)
{
    return f->scans;
}

int finder_refresh(struct finder *f, struct err *e)
{
    forget_folder(f);
    f->scans++;
    return catalog_read(f->catalog, e);
}

/* ---- one file ---- */

static bool gone(int errnum)
{
    return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP;
}

/* 1: folder_fd stands for `folder`; 0: it is there no more; -1: *e. */
static int enter(struct finder *f, const char *folder, struct err *e)
{
    if (f->folder != NULL && strcmp(f->folder, folder) == 0)
        return 1;
    forget_folder(f);
    f->folder_fd = scan_open(maildir_folder_fd(f->m), folder);
    if (f->folder_fd < 0 && gone(errno))
        return 0;
    if (f->folder_fd < 0)
        return disk_fail(e, ST_IO, errno, "cannot open the folder %s/%s", maildir_path(f->m),
                         folder);
    f->folder = mem_strdup(folder);
    return 1;
}

static enum finder_result read_and_sync(struct finder *f, int fd, const struct question *q,
                                        const char *path, struct err *e)
{
    int same = disk_matches(fd, q->octets, q->sha, path, e);
    if (same < 0)
        return FINDER_ERROR;
    if (same == 0)
        return FINDER_CHANGED;
    if (q->sync && (disk_sync(fd, path, e) != 0 || folder_sync(f->folder_fd, path, e) != 0))
        return FINDER_ERROR;
    return FINDER_OK;
}

static enum finder_result judge(struct finder *f, const char *file, const struct question *q,
                                const char *path, struct err *e)
{
    struct stat st;
    bool missing = false;
    if (fstatat(f->folder_fd, file, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (gone(errno))
            return FINDER_MISSING;
        disk_fail(e, ST_IO, errno, "cannot look at %s", path);
        return FINDER_ERROR;
    }
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != q->octets)
        return FINDER_CHANGED;
    if (q->sha == NULL)
        return FINDER_OK;
    int fd = disk_open(f->folder_fd, file, path, &missing, e);
    if (fd < 0)
        return missing ? FINDER_MISSING : FINDER_ERROR;
    enum finder_result result = read_and_sync(f, fd, q, path, e);
    close(fd);
    return result;
}

static enum finder_result judge_place(struct finder *f, const char *folder, const char *suffix,
                                      const struct question *q, struct err *e)
{
    int there = enter(f, folder, e);
    if (there <= 0)
        return there < 0 ? FINDER_ERROR : FINDER_MISSING;
    char *file = mem_printf("%s%s", q->name, suffix);
    char *path = mem_printf("%s/%s/%s", maildir_path(f->m), folder, file);
    enum finder_result result = judge(f, file, q, path, e);
    if (result == FINDER_OK || result == FINDER_CHANGED) {
        forget_found(f);
        f->found = mem_printf("%s/%s", folder, file);
    }
    free(path);
    free(file);
    return result;
}

/* All places that the catalog knows; the first good one settles it. */
static enum finder_result judge_places(struct finder *f, const struct question *q, struct err *e)
{
    enum finder_result best = FINDER_MISSING;
    const char *folder = NULL, *suffix = NULL;
    uint64_t at = 0;
    while (best != FINDER_OK && catalog_next(f->catalog, sv_of(q->name), &at, &folder, &suffix)) {
        enum finder_result result = judge_place(f, folder, suffix, q, e);
        if (result == FINDER_ERROR)
            return FINDER_ERROR;
        if (result != FINDER_MISSING)
            best = result;
    }
    return best;
}

static enum finder_result ask(struct finder *f, const struct question *q, struct err *e)
{
    enum finder_result result;
    forget_found(f);
    /* a name with a slash would lead elsewhere; no file can have it */
    if (q->name[0] == '\0' || strchr(q->name, '/') != NULL)
        return FINDER_MISSING;
    if (!catalog_is_read(f->catalog) && finder_refresh(f, e) != 0)
        return FINDER_ERROR;
    result = judge_places(f, q, e);
    if (result == FINDER_MISSING && catalog_is_stale(f->catalog)) {
        if (finder_refresh(f, e) != 0)
            return FINDER_ERROR;
        result = judge_places(f, q, e);
    }
    if (result != FINDER_ERROR)
        err_clear(e); /* of places that vanished while we looked */
    return result;
}

enum finder_result finder_look(struct finder *f, const char *name, uint64_t octets, struct err *e)
{
    struct question q = {.name = name, .octets = octets};
    return ask(f, &q, e);
}

enum finder_result finder_glance(struct finder *f, const char *name, struct err *e)
{
    const char *folder = NULL, *suffix = NULL;
    uint64_t at = 0;
    bool there;

    forget_found(f);
    if (!catalog_is_read(f->catalog) && finder_refresh(f, e) != 0)
        return FINDER_ERROR;
    there = catalog_next(f->catalog, sv_of(name), &at, &folder, &suffix);
    return there ? FINDER_OK : FINDER_MISSING;
}

enum finder_result finder_check(struct finder *f, const char *name, uint64_t octets,
                                const unsigned char sha[HASH_OCTETS], struct err *e)
{
    struct question q = {.name = name, .octets = octets, .sha = sha};
    return ask(f, &q, e);
}

enum finder_result finder_check_and_sync(struct finder *f, const char *name, uint64_t octets,
                                         const unsigned char sha[HASH_OCTETS], struct err *e)
{
    struct question q = {.name = name, .octets = octets, .sha = sha, .sync = true};
    return ask(f, &q, e);
}

/* ---- all files ---- */

struct walk {
    int (*each)(void *ctx, const char *base_name, const char *path, struct err *e);
    void *ctx;
    const char *maildir;
    const char *folder;
    int fd;
};

static int walk_name(void *ctx, const char *name, struct err *e)
{
    const struct walk *w = ctx;
    struct stat st;
    if (fstatat(w->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT)
            return 0;
        return disk_fail(e, ST_IO, errno, "cannot look at %s/%s/%s", w->maildir, w->folder, name);
    }
    if (!S_ISREG(st.st_mode))
        return 0;
    struct sv base = names_base(sv_of(name));
    char *base_name = mem_strndup(base.p, base.n);
    char *path = mem_printf("%s/%s", w->folder, name);
    int rc = w->each(w->ctx, base_name, path, e);
    free(path);
    free(base_name);
    return rc;
}

static int walk_folder(void *ctx, const char *path, int fd, struct err *e)
{
    struct walk *w = ctx;
    w->folder = path;
    w->fd = fd;
    char *full = mem_printf("%s/%s", w->maildir, path);
    int rc = scan_names(fd, full, walk_name, w, e);
    free(full);
    return rc;
}

int finder_walk(struct finder *f,
                int (*each)(void *ctx, const char *base_name, const char *path, struct err *e),
                void *ctx, struct err *e)
{
    struct walk w = {.each = each, .ctx = ctx, .maildir = maildir_path(f->m)};
    return scan_folders(maildir_folder_fd(f->m), w.maildir, walk_folder, &w, e);
}

int finder_read(struct finder *f, const char *path,
                int (*piece)(void *ctx, struct sv octets, struct err *e), void *ctx, struct err *e)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return err_set(e, ST_SOFTWARE, "%s is no path of a message", path);
    char *folder = mem_strndup(path, (size_t)(slash - path));
    char *full = mem_printf("%s/%s", maildir_path(f->m), path);
    int there = enter(f, folder, e);
    int rc = -1;
    if (there == 0)
        disk_fail(e, ST_IO, ENOENT, "cannot open %s", full);
    int fd = there == 1 ? disk_open(f->folder_fd, slash + 1, full, NULL, e) : -1;
    if (fd >= 0) {
        rc = disk_each(fd, full, piece, ctx, e);
        close(fd);
    }
    free(full);
    free(folder);
    return rc;
}
