/* SPDX-License-Identifier: ISC */
/* One holder an account. */
#include "popkeep/store/lock.h"
#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/store/disk.h"
#include "popkeep/store/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum { HOLDER_MAX = 96, HOST_MAX = 64 };

/* Only octets that a message may show; "-" where there is no name. */
static void own_host(char out[HOST_MAX + 1])
{
    if (gethostname(out, HOST_MAX) != 0)
        out[0] = '\0';
    out[HOST_MAX] = '\0'; /* a cut name need not be ended */
    for (char *c = out; *c != '\0'; c++)
        if (!ascii_is_alnum(*c) && *c != '.' && *c != '-')
            *c = '_';
    if (out[0] == '\0') {
        out[0] = '-';
        out[1] = '\0';
    }
}

static int lock_busy(int fd, const char *path, struct err *e)
{
    char text[HOLDER_MAX], here[HOST_MAX + 1], there[HOST_MAX + 1];
    ssize_t n = pread(fd, text, sizeof text, 0);
    struct sv host = ascii_trim(sv_make(text, n > 0 ? (size_t)n : 0));
    struct sv number = sv_token(&host, ' ');
    uint64_t pid = 0;
    /* the holder may be between taking the lock and writing its number */
    if (ascii_u64(number, INT32_MAX, &pid) != 0)
        return err_set(e, ST_TEMP, "another run is at work on this account (it holds %s)", path);
    own_host(here);
    if (host.n == 0 || sv_eq_c(host, here))
        return err_set(e, ST_TEMP, "another run is at work on this account (process %llu holds %s)",
                       (unsigned long long)pid, path);
    return err_set(e, ST_TEMP,
                   "another run is at work on this account (process %llu on %s holds %s)",
                   (unsigned long long)pid, text_escape_to(there, sizeof there, host), path);
}

/* A full disk must not stop anyone from taking the lock: the text is for messages only. */
static void tell_holder(int fd)
{
    char text[HOLDER_MAX], host[HOST_MAX + 1];
    int n;
    own_host(host);
    n = snprintf(text, sizeof text, "%ld %s\n", (long)getpid(), host);
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

/* Lustre without the option `flock`, NFS 3 without its lock service. */
static int cannot_lock(int errnum, const char *path, struct err *e)
{
    bool none = errnum == ENOSYS || errnum == EOPNOTSUPP || errnum == ENOLCK;

    disk_fail(e, ST_IO, errnum, "cannot lock %s", path);
    if (none)
        err_advise(e,
                   "mount its file system with locks, or set state_dir to a disk of this machine");
    return -1;
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
    return cannot_lock(errno, path, e);
}

int lock_take(int dir_fd, const char *name, const char *dir, struct err *e)
{
    char *path = mem_printf("%s/%s", dir, name);
    int fd = shared_check(dir_fd, dir, e) < 0 ? -1 : lock_open(dir_fd, name, path, e);
    if (fd >= 0 && lock_hold(fd, path, e) != 0) {
        close(fd);
        fd = -1;
    }
    free(path);
    if (fd >= 0)
        tell_holder(fd);
    return fd;
}
