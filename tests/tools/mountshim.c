/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: every folder looks as if it lay on a file system of the kind
 * MOUNTSHIM_KIND (the hexadecimal f_type of statfs), and /proc/self/mountinfo is the file
 * MOUNTSHIM_MOUNTINFO; flock fails with the errno MOUNTSHIM_FLOCK, if that is set. (Compiled for
 * large files, these are openat64 and fstatfs64, as the program calls them.)
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/vfs.h>

int fstatfs(int fd, struct statfs *out)
{
    int (*real)(int, struct statfs *);
    const char *kind = getenv("MOUNTSHIM_KIND");
    int rc;

    *(void **)&real = dlsym(RTLD_NEXT, "fstatfs64");
    rc = real(fd, out);
    if (rc == 0 && kind != NULL)
        out->f_type = (__fsword_t)strtoul(kind, NULL, 16);
    return rc;
}

int openat(int dir_fd, const char *path, int flags, ...)
{
    int (*real)(int, const char *, int, ...);
    const char *instead = getenv("MOUNTSHIM_MOUNTINFO");
    int mode = 0;
    va_list ap;

    *(void **)&real = dlsym(RTLD_NEXT, "openat64");
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_start(ap, flags);
        mode = va_arg(ap, int);
        va_end(ap);
    }
    if (instead != NULL && strcmp(path, "/proc/self/mountinfo") == 0)
        path = instead;
    return real(dir_fd, path, flags, mode);
}

int flock(int fd, int operation)
{
    int (*real)(int, int);
    const char *fails = getenv("MOUNTSHIM_FLOCK");

    if (fails != NULL) {
        errno = atoi(fails);
        return -1;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "flock");
    return real(fd, operation);
}
