/* SPDX-License-Identifier: ISC */
/* A small file that must be new; see create.h. */
#include "popkeep/store/create.h"

#include "popkeep/base/mem.h"
#include "popkeep/store/disk.h"
#include "popkeep/store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0600 };

static int fill(int fd, struct sv content, const char *path, struct err *e)
{
    return disk_write(fd, content, 0, path, e) < 0 || disk_sync(fd, path, e) < 0 ? -1 : 0;
}

static int refuse(int errnum, const char *path, struct err *e)
{
    if (errnum != EEXIST)
        return disk_fail(e, ST_CANTCREATE, errnum, "cannot create %s", path);
    err_set(e, ST_CANTCREATE, "%s is there already", path);
    e->sys_errno = EEXIST;
    return -1;
}

/* 1: this file system has no files without a name, or they cannot be named. */
static int without_name(int dir_fd, const char *name, const char *path, struct sv content,
                        struct err *e)
{
    int fd = openat(dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, MODE);
    char link[64];
    int rc = -1;

    if (fd < 0)
        return 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (fill(fd, content, path, e) < 0)
        goto out;
    rc = linkat(AT_FDCWD, link, dir_fd, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : 1;
    if (rc != 0 && errno == EEXIST)
        rc = refuse(EEXIST, path, e);
out:
    (void)close(fd); /* synced */
    return rc;
}

static int name_it(int dir_fd, const char *aside, const char *name)
{
    if (renameat2(dir_fd, aside, dir_fd, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
        return -1;
    if (linkat(dir_fd, aside, dir_fd, name, 0) != 0)
        return -1;
    (void)unlinkat(dir_fd, aside, 0);
    return 0;
}

static int beside(int dir_fd, const char *name, const char *path, struct sv content, struct err *e)
{
    char *aside = mem_printf("%s.new", name);
    int fd = openat(dir_fd, aside, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, MODE);
    int rc = -1;

    if (fd < 0) {
        char *aside_path = mem_printf("%s.new", path);
        refuse(errno, aside_path, e);
        free(aside_path);
    } else {
        if (fill(fd, content, path, e) == 0)
            rc = name_it(dir_fd, aside, name) == 0 ? 0 : refuse(errno, path, e);
        (void)close(fd);
        if (rc < 0)
            (void)unlinkat(dir_fd, aside, 0);
    }
    free(aside);
    return rc;
}

int create_file(int dir_fd, const char *name, const char *path, struct sv content, struct err *e)
{
    int rc = without_name(dir_fd, name, path, content, e);

    if (rc > 0)
        rc = beside(dir_fd, name, path, content, e);
    if (rc < 0 || folder_sync(dir_fd, path, e) == 0)
        return rc;
    (void)unlinkat(dir_fd, name, 0); /* what failed leaves nothing */
    return -1;
}
