/* SPDX-License-Identifier: ISC */
/* Whole reads and writes, syncs and closes that are checked. */
#include "popkeep/store/disk.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct disk_cause {
    int errnum;
    const char *text;
    const char *advice;
};

static const struct disk_cause causes[] = {
    {ENOSPC, N_("no space left on the disk that holds it"),
     N_("free some space, then run popkeep again")},
    {EDQUOT, N_("the disk quota is used up"), N_("free some space, then run popkeep again")},
    {EROFS, N_("the file system is mounted read-only"),
     N_("a disk with errors is often switched to read-only: see the system log")},
    {EIO, N_("the disk reports an error"), N_("see the system log, and check the disk")},
    {EFBIG, N_("the file would be larger than the limit on file sizes allows"),
     N_("raise it (ulimit -f), then run popkeep again")},
    {ESTALE, N_("the network file system no longer knows it"),
     N_("check that it is still mounted, then run popkeep again")},
};

int disk_fail(struct err *e, enum status s, int errnum, const char *fmt, ...)
{
    struct buf text = BUF_INIT(ERR_TEXT_MAX);
    va_list ap;
    va_start(ap, fmt);
    /* a path too long for the text leaves the cause alone, which is still worth saying */
    (void)buf_vaddf(&text, tr(fmt), ap);
    va_end(ap);
    const char *what = text.p != NULL ? text.p : tr("a file operation failed");
    size_t i = 0;
    while (i < sizeof causes / sizeof *causes && causes[i].errnum != errnum)
        i++;
    if (i < sizeof causes / sizeof *causes) {
        err_set(e, s, "%s: %s", what, tr(causes[i].text));
        err_advise(e, "%s", tr(causes[i].advice));
        e->sys_errno = errnum;
    } else {
        err_sys(e, err_status_of(errnum, s), errnum, "%s", what);
    }
    buf_free(&text);
    return -1;
}

int disk_write(int fd, struct sv octets, uint64_t off, const char *path, struct err *e)
{
    while (octets.n > 0) {
        ssize_t n = pwrite(fd, octets.p, octets.n, (off_t)off);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) /* 0 is not to be had from a regular file; looping on it would never end */
            return disk_fail(e, ST_IO, n < 0 ? errno : EIO, "cannot write %s", tr(path));
        octets = sv_from(octets, (size_t)n);
        off += (uint64_t)n;
    }
    return 0;
}

int disk_read(int fd, uint64_t off, char *p, size_t n, size_t *got, const char *path, struct err *e)
{
    *got = 0;
    while (*got < n) {
        ssize_t k = pread(fd, p + *got, n - *got, (off_t)(off + *got));
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return disk_fail(e, ST_IO, errno, "cannot read %s", tr(path));
        if (k == 0)
            break;
        *got += (size_t)k;
    }
    return 0;
}

int disk_each(int fd, const char *path, int (*piece)(void *ctx, struct sv octets, struct err *e),
              void *ctx, struct err *e)
{
    char *p = mem_alloc(DISK_PIECE);
    uint64_t off = 0;
    size_t got = 0;
    int rc = 0;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* only a hint */
    do {
        rc = disk_read(fd, off, p, DISK_PIECE, &got, path, e);
        if (rc == 0 && got > 0)
            rc = piece(ctx, sv_make(p, got), e);
        off += got;
    } while (rc == 0 && got == DISK_PIECE);
    free(p);
    return rc == 0 ? 0 : -1;
}

static int add_to_hash(void *ctx, struct sv octets, struct err *e)
{
    (void)e;
    hash_add(ctx, octets.p, octets.n);
    return 0;
}

int disk_matches(int fd, uint64_t octets, const unsigned char sha[HASH_OCTETS], const char *path,
                 struct err *e)
{
    struct hash h = HASH_INIT;
    unsigned char got[HASH_OCTETS];
    struct stat st;
    if (fstat(fd, &st) != 0)
        return disk_fail(e, ST_IO, errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size != octets)
        return 0;
    hash_init(&h);
    int rc = disk_each(fd, path, add_to_hash, &h, e);
    hash_end(&h, got);
    hash_free(&h);
    if (rc != 0)
        return -1;
    return memcmp(got, sha, HASH_OCTETS) == 0;
}

int disk_open(int dir_fd, const char *name, const char *path, bool *missing, struct err *e)
{
    struct stat st;
    if (missing != NULL)
        *missing = false;
    /* O_NONBLOCK: a FIFO in the place of the file must not make us wait for ever */
    int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        int errnum = errno;
        if (missing != NULL)
            *missing = errnum == ENOENT;
        if (errnum == ELOOP)
            return err_set(e, ST_IO, "%s is a symbolic link, which is not followed", path);
        return disk_fail(e, ST_IO, errnum, "cannot open %s", path);
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    return err_set(e, ST_IO, "%s is not a regular file", path);
}

int disk_sync(int fd, const char *path, struct err *e)
{
    return fsync(fd) == 0 ? 0 : disk_fail(e, ST_IO, errno, "cannot sync %s", tr(path));
}

int disk_sync_data(int fd, const char *path, struct err *e)
{
    return fdatasync(fd) == 0 ? 0 : disk_fail(e, ST_IO, errno, "cannot sync %s", tr(path));
}

int disk_cut(int fd, uint64_t length, const char *path, struct err *e)
{
    int rc;
    do
        rc = ftruncate(fd, (off_t)length);
    while (rc != 0 && errno == EINTR);
    return rc == 0 ? 0 : disk_fail(e, ST_IO, errno, "cannot cut %s", tr(path));
}

int disk_close(int *fd, const char *path, struct err *e)
{
    int rc = close(*fd);
    *fd = -1;
    /* Linux has closed it even when it answers EINTR; closing again could hit another thread's */
    if (rc != 0 && errno != EINTR)
        return disk_fail(e, ST_IO, errno, "cannot close %s", tr(path));
    return 0;
}
