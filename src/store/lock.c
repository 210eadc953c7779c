/* SPDX-License-Identifier: ISC */
/* One holder an account. */
#include "popkeep/store/lock.h"
#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static int lock_busy(int fd, const char *path, struct err *e)
{
    char text[24];
    uint64_t pid = 0;
    ssize_t n = pread(fd, text, sizeof text, 0);
    /* the holder may be between taking the lock and writing its number */
    if (n <= 0 || ascii_u64(ascii_trim(sv_make(text, (size_t)n)), INT32_MAX, &pid) != 0)
        return err_set(e, ST_TEMP, "another run is at work on this account (it holds %s)", path);
    return err_set(e, ST_TEMP, "another run is at work on this account (process %llu holds %s)",
                   (unsigned long long)pid, path);
}

/* A full disk must not stop anyone from taking the lock: the number is for messages only. */
static void tell_pid(int fd)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0) {
        ssize_t ignored = pwrite(fd, text, (size_t)n, 0);
        (void)ignored;
    }
}

static int lock_open(int dir_fd, const char *name, const char *path, struct err *e)
{
    int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == ELOOP)
        return err_set(e, ST_CANTCREATE, "%s is a symbolic link, which is not followed", path);
    if (fd < 0)
        return disk_fail(e, ST_CANTCREATE, errno, "cannot create %s", path);
    return fd;
}

static int lock_hold(int fd, const char *path, struct err *e)
{
    int rc;
    do
        rc = flock(fd, LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR);
    if (rc == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return lock_busy(fd, path, e);
    return disk_fail(e, ST_IO, errno, "cannot lock %s", path);
}

int lock_take(int dir_fd, const char *name, const char *dir, struct err *e)
{
    char *path = mem_printf("%s/%s", dir, name);
    int fd = lock_open(dir_fd, name, path, e);
    if (fd >= 0 && lock_hold(fd, path, e) != 0) {
        close(fd);
        fd = -1;
    }
    free(path);
    if (fd >= 0)
        tell_pid(fd);
    return fd;
}
