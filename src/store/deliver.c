/* SPDX-License-Identifier: ISC */
/* Messages into tmp/, and the syncs of a batch. */
#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/store/disk.h"
#include "popkeep/store/folder.h"
#include "popkeep/store/maildir_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool maildir_uses_syncfs(const struct maildir *m)
{
    return m->by_syncfs;
}

void maildir_force_fsync(struct maildir *m, bool per_file)
{
    m->by_syncfs = !per_file;
}

uint64_t maildir_syncs(const struct maildir *m)
{
    return atomic_load(&m->syncs);
}

int maildir_batch_begin(struct maildir *m, struct err *e)
{
    if (!m->by_syncfs || m->sync_fd >= 0)
        return 0;
    m->sync_fd = openat(m->tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->sync_fd < 0)
        return disk_fail(e, ST_IO, errno, "cannot open %s/tmp", m->path);
    return 0;
}

int maildir_file_begin(struct maildir *m, struct maildir_file *f, int64_t now_us, struct err *e)
{
    memset(f, 0, sizeof *f);
    f->fd = -1;
    if (names_unique(f->unique, now_us, e) != 0) {
        f->unique[0] = '\0';
        return -1;
    }
    char *name = maildir_tmp_name(m, sv_of(f->unique));
    f->fd = openat(m->tmp_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (f->fd < 0) {
        disk_fail(e, ST_CANTCREATE, errno, "cannot create %s/tmp/%s", m->path, name);
        f->unique[0] = '\0'; /* so that discarding it removes nobody's file */
    }
    free(name);
    return f->fd < 0 ? -1 : 0;
}

/* A path for messages is only made when there is one to give. */
static int name_the_file(const struct maildir *m, const struct maildir_file *f, int rc,
                         struct err *e)
{
    return rc == 0 ? 0 : err_add(e, "%s/tmp/%s%s", m->path, m->prefix, f->unique);
}

int maildir_file_write(struct maildir *m, struct maildir_file *f, struct sv octets, struct err *e)
{
    if (disk_write(f->fd, octets, f->octets, N_("the message"), e) != 0)
        return name_the_file(m, f, -1, e);
    f->octets += octets.n;
    return 0;
}

int maildir_file_read(struct maildir *m, struct maildir_file *f, uint64_t off, char *p, size_t n,
                      size_t *got, struct err *e)
{
    return name_the_file(m, f, disk_read(f->fd, off, p, n, got, N_("the message"), e), e);
}

int maildir_file_rewrite(struct maildir *m, struct maildir_file *f, uint64_t off, struct sv octets,
                         struct err *e)
{
    if (disk_write(f->fd, octets, off, N_("the message"), e) != 0)
        return name_the_file(m, f, -1, e);
    if (off + octets.n > f->octets)
        f->octets = off + octets.n;
    return 0;
}

int maildir_file_finish(struct maildir *m, struct maildir_file *f, uint64_t crlf_octets,
                        int64_t mtime_s, struct err *e)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = mtime_s}};
    /* a date that the file system cannot hold is no reason to lose the message: it keeps "now" */
    if (futimens(f->fd, times) != 0 && errno != EINVAL && errno != ERANGE && errno != EOVERFLOW)
        return name_the_file(m, f, disk_fail(e, ST_IO, errno, "cannot set the time of the message"),
                             e);
    snprintf(f->name, sizeof f->name, "%s.%s,S=%" PRIu64 ",W=%" PRIu64, f->unique, m->host,
             f->octets, crlf_octets);
    if (m->by_syncfs)
        return name_the_file(m, f, disk_close(&f->fd, N_("the message"), e), e);
    /* the writing may begin while the next message comes in; the fsync then waits for less */
    (void)sync_file_range(f->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return 0;
}

void maildir_file_discard(struct maildir *m, struct maildir_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->unique[0] != '\0') {
        char *name = maildir_tmp_name(m, sv_of(f->unique));
        (void)unlinkat(m->tmp_fd, name, 0);
        free(name);
    }
    memset(f, 0, sizeof *f);
    f->fd = -1;
}

static int sync_each(struct maildir *m, struct maildir_file *files, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        struct maildir_file *f = &files[i];
        if (f->fd < 0)
            continue;
        atomic_fetch_add(&m->syncs, 1);
        if (disk_sync(f->fd, N_("the message"), e) != 0 ||
            disk_close(&f->fd, N_("the message"), e) != 0)
            return name_the_file(m, f, -1, e);
    }
    atomic_fetch_add(&m->syncs, 1);
    return folder_sync(m->tmp_fd, m->path, e);
}

int maildir_batch_sync(struct maildir *m, struct maildir_file *files, size_t n, struct err *e)
{
    if (n == 0)
        return 0;
    if (!m->by_syncfs)
        return sync_each(m, files, n, e);
    if (m->sync_fd < 0)
        return err_set(e, ST_SOFTWARE, "a batch is to be synced that was not begun");
    atomic_fetch_add(&m->syncs, 1);
    if (syncfs(m->sync_fd) != 0)
        return disk_fail(e, ST_IO, errno, "cannot sync the file system of %s", m->path);
    return 0;
}

int maildir_sync_new(struct maildir *m, struct err *e)
{
    atomic_fetch_add(&m->syncs, 1);
    if (folder_sync(m->new_fd, m->path, e) != 0)
        return -1;
    /* Where a rename is one step of the file system's own journal, tmp/ went with it. Elsewhere
     * (vfat) a power loss could leave both names, and sweeping the one in tmp/ would free what the
     * other holds. */
    if (m->by_syncfs)
        return 0;
    atomic_fetch_add(&m->syncs, 1);
    return folder_sync(m->tmp_fd, m->path, e);
}

int maildir_recover_tmp(struct maildir *m, const char *name, uint64_t octets,
                        const unsigned char sha[HASH_OCTETS], bool *ok, struct err *e)
{
    struct sv unique = names_unique_of(sv_of(name));
    bool missing = false;
    *ok = false;
    if (unique.p == NULL)
        return 0; /* not a name popkeep gives: it was adopted, and never in tmp/ */
    char *tmp_name = maildir_tmp_name(m, unique);
    char *path = maildir_say(m, "tmp", tmp_name);
    int fd = disk_open(m->tmp_fd, tmp_name, path, &missing, e);
    int rc = fd >= 0 || missing ? 0 : -1;
    if (fd >= 0) {
        int same = disk_matches(fd, octets, sha, path, e);
        rc = same < 0 ? -1 : 0;
        if (same == 1) {
            atomic_fetch_add(&m->syncs, 2);
            rc = disk_sync(fd, path, e);
            if (rc == 0)
                rc = folder_sync(m->tmp_fd, m->path, e);
            *ok = rc == 0;
        }
        close(fd);
    }
    if (missing)
        err_clear(e);
    free(tmp_name);
    free(path);
    return rc;
}
