/* SPDX-License-Identifier: ISC */
/* Folders made durably, small files replaced whole. */
#include "popkeep/store/folder.h"
#include "popkeep/base/mem.h"
#include "popkeep/store/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    PRIVATE = 0600,
    READABLE = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
    PASSABLE =
        O_PATH | O_DIRECTORY | O_CLOEXEC /* search permission is enough: /home is often 0711 */
};

int folder_open(const char *path, bool strict, bool *missing, struct err *e)
{
    int fd = open(path, READABLE | (strict ? O_NOFOLLOW : 0));
    int errnum = errno;
    if (missing != NULL)
        *missing = fd < 0 && errnum == ENOENT;
    if (fd >= 0)
        return fd;
    struct stat st;
    if (strict && lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
        return err_set(e, ST_IO, "%s is a symbolic link, which is not followed", path);
    return disk_fail(e, ST_IO, errnum, "cannot open the folder %s", path);
}

int folder_sync(int dir_fd, const char *path, struct err *e)
{
    if (fsync(dir_fd) == 0 || errno == EINVAL || errno == EBADF || errno == ENOTSUP)
        return 0;
    return disk_fail(e, ST_IO, errno, "cannot sync the folder %s", path);
}

/* Sync the folder `name` in dir_fd, which may be open for passing only. */
static int sync_at(int dir_fd, const char *name, bool must, const char *path, struct err *e)
{
    int fd = openat(dir_fd, name, READABLE);
    if (fd < 0 && !must && (errno == EACCES || errno == EPERM))
        return 0;
    if (fd < 0)
        return disk_fail(e, ST_IO, errno, "cannot open the folder %s for syncing", path);
    int rc = folder_sync(fd, path, e);
    close(fd);
    return rc;
}

int folder_sync_parent(int dir_fd, const char *path, struct err *e)
{
    return sync_at(dir_fd, "..", false, path, e);
}

/* Make `name` in dir_fd unless it is there; *made says which. */
static int make_one(int dir_fd, const char *name, const char *path, bool *made, struct err *e)
{
    *made = mkdirat(dir_fd, name, 0700) == 0;
    if (*made || errno == EEXIST)
        return 0;
    return disk_fail(e, ST_CANTCREATE, errno, "cannot make the folder %s", path);
}

static int sync_made(int parent_fd, int fd, const char *path, struct err *e)
{
    if (sync_at(fd, ".", true, path, e) != 0)
        return -1;
    return sync_at(parent_fd, ".", true, path, e);
}

/* Make it if it is missing. dir_fd's own name is synced before, because a run that was killed after
 * making dir_fd left that to us, and could not be told apart once something is in it. */
static int make_inside(int dir_fd, const char *name, const char *path, bool *made, struct err *e)
{
    struct stat st;
    *made = false;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    if (errno == ENOENT && folder_sync_parent(dir_fd, path, e) != 0)
        return -1;
    return make_one(dir_fd, name, path, made, e);
}

int folder_make_at(int dir_fd, const char *name, const char *path, struct err *e)
{
    bool made = false;
    if (make_inside(dir_fd, name, path, &made, e) != 0)
        return -1;
    int fd = openat(dir_fd, name, READABLE | O_NOFOLLOW);
    if (fd < 0) {
        struct stat st;
        int errnum = errno;
        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
            return err_set(e, ST_CANTCREATE, "%s is a symbolic link, which is not followed", path);
        return disk_fail(e, ST_CANTCREATE, errnum, "cannot open the folder %s", path);
    }
    if (!made || sync_made(dir_fd, fd, path, e) == 0)
        return fd;
    close(fd);
    return -1;
}

/* One step down from *fd, which is replaced. *fresh: what *fd stands for was made by us just now.
 */
static int step_down(int *fd, const char *name, const char *so_far, bool *fresh, struct err *e)
{
    bool made = false;
    int next = openat(*fd, name, PASSABLE);
    if (next < 0 && errno == ENOENT) {
        if (!*fresh && sync_at(*fd, "..", false, so_far, e) != 0)
            return -1;
        if (make_one(*fd, name, so_far, &made, e) != 0)
            return -1;
        next = openat(*fd, name, PASSABLE);
    }
    if (next < 0)
        return disk_fail(e, ST_CANTCREATE, errno, "cannot open the folder %s", so_far);
    if (made && sync_made(*fd, next, so_far, e) != 0) {
        close(next);
        return -1;
    }
    *fresh = made;
    close(*fd);
    *fd = next;
    return 0;
}

int folder_make(const char *path, struct err *e)
{
    bool fresh = false;
    int rc = 0, fd = open(path[0] == '/' ? "/" : ".", PASSABLE);
    if (fd < 0)
        return disk_fail(e, ST_CANTCREATE, errno, "cannot open the folder %s", path);
    struct sv rest = sv_of(path);
    while (rc == 0 && rest.p != NULL) {
        struct sv part = sv_token(&rest, '/');
        if (part.n == 0 || sv_eq_c(part, "."))
            continue;
        char *name = mem_strndup(part.p, part.n);
        char *so_far = mem_strndup(path, (size_t)(part.p + part.n - path));
        rc = step_down(&fd, name, so_far, &fresh, e);
        free(name);
        free(so_far);
    }
    int out = rc == 0 ? openat(fd, ".", READABLE) : -1;
    if (rc == 0 && out < 0)
        disk_fail(e, ST_IO, errno, "cannot open the folder %s", path);
    close(fd);
    return out;
}

static int write_beside(int dir_fd, const char *beside, const char *path, mode_t mode,
                        struct sv content, struct err *e)
{
    if (unlinkat(dir_fd, beside, 0) != 0 && errno != ENOENT)
        return disk_fail(e, ST_CANTCREATE, errno, "cannot remove the left-over %s.new", path);
    int fd = openat(dir_fd, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, PRIVATE);
    if (fd < 0)
        return disk_fail(e, ST_CANTCREATE, errno, "cannot create %s.new", path);
    int rc = disk_write(fd, content, 0, path, e);
    if (rc == 0 && mode != PRIVATE && fchmod(fd, mode) != 0)
        rc = disk_fail(e, ST_CANTCREATE, errno, "cannot set the permissions of %s.new", path);
    if (rc == 0)
        rc = disk_sync(fd, path, e);
    if (rc != 0) {
        close(fd);
        return -1;
    }
    return disk_close(&fd, path, e);
}

static int put_file(int dir_fd, const char *name, const char *path, mode_t mode, struct sv content,
                    struct err *e)
{
    char *beside = mem_printf("%s.new", name);
    int rc = write_beside(dir_fd, beside, path, mode, content, e);
    if (rc == 0 && renameat(dir_fd, beside, dir_fd, name) != 0)
        rc = disk_fail(e, ST_CANTCREATE, errno, "cannot rename %s.new to %s", path, path);
    if (rc == 0)
        rc = folder_sync(dir_fd, path, e);
    else
        (void)unlinkat(dir_fd, beside, 0); /* the failure is already told */
    free(beside);
    return rc;
}

int folder_put_file(int dir_fd, const char *name, const char *path, struct sv content,
                    struct err *e)
{
    return put_file(dir_fd, name, path, PRIVATE, content, e);
}

int folder_put_file_as(int dir_fd, const char *name, const char *path, mode_t mode,
                       struct sv content, struct err *e)
{
    struct stat st;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
        mode = st.st_mode & 0777;
    return put_file(dir_fd, name, path, mode, content, e);
}

struct small_file {
    struct buf *out;
    const char *path;
};

static int add_piece(void *ctx, struct sv octets, struct err *e)
{
    struct small_file *s = ctx;
    if (buf_add_sv(s->out, octets) == 0)
        return 0;
    return err_set(e, ST_IO, "%s is larger than expected (over %zu octets)", s->path, s->out->max);
}

int folder_get_file(int dir_fd, const char *name, const char *path, struct buf *out, bool *missing,
                    struct err *e)
{
    int fd = disk_open(dir_fd, name, path, missing, e);
    if (fd < 0 && *missing) {
        err_clear(e);
        return 0;
    }
    if (fd < 0)
        return -1;
    struct small_file s = {out, path};
    int rc = disk_each(fd, path, add_piece, &s, e);
    close(fd);
    return rc;
}

int64_t folder_free_octets(int fd)
{
    struct statvfs fs;
    if (fstatvfs(fd, &fs) != 0 || fs.f_frsize == 0 || fs.f_bavail > INT64_MAX / fs.f_frsize)
        return -1;
    return (int64_t)(fs.f_bavail * fs.f_frsize);
}
