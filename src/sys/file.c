/* SPDX-License-Identifier: ISC */
/* Whole files, read and written. */
#include "popkeep/sys/file.h"
#include "popkeep/base/mem.h"
#include "popkeep/sys/output.h"
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

static int file_open(const char *path, struct err *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 && errno == EINTR)
        return err_set(e, ST_TEMP, "interrupted while opening %s", path);
    if (fd < 0)
        return err_sys(e, ST_CONFIG, errno, "cannot open %s", path);
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        err_set(e, ST_CONFIG, "%s is a folder, not a file", path);
        e->sys_errno = EISDIR;
        return -1;
    }
    return fd;
}

int file_read_fd(struct buf *out, int fd, const char *path, struct err *e)
{
    char part[8192];
    int rc = -1;

    for (;;) {
        ssize_t n = read(fd, part, sizeof part);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err_sys(e, err_status_of(errno, ST_IO), errno, "cannot read %s", path);
            break;
        }
        if (n == 0) {
            rc = 0;
            break;
        }
        if (buf_add_secret(out, part, (size_t)n) != 0) {
            err_set(e, ST_CONFIG, "%s is larger than %zu octets, which is the most allowed", path,
                    out->max);
            e->sys_errno = EFBIG;
            break;
        }
    }
    mem_wipe(part, sizeof part);
    if (rc != 0)
        buf_wipe(out);
    return rc;
}

int file_read_all(struct buf *out, const char *path, int *fd_out, struct err *e)
{
    int fd;

    if (fd_out != NULL)
        *fd_out = -1;
    fd = file_open(path, e);
    if (fd < 0)
        return -1;
    if (file_read_fd(out, fd, path, e) != 0) {
        close(fd);
        return -1;
    }
    if (fd_out != NULL)
        *fd_out = fd;
    else
        close(fd);
    return 0;
}

static int by_octets(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* glob(3) goes on after this returns 0. What it could not open counts only if it is there. */
static int on_glob_error(const char *path, int errnum)
{
    (void)path;
    return errnum != ENOENT && errnum != ENOTDIR;
}

int file_find(const char *pattern, char ***names, size_t *n, struct err *e)
{
    glob_t found = {0};
    int rc = glob(pattern, GLOB_NOSORT, on_glob_error, &found);

    *names = NULL;
    *n = 0;
    if (rc == GLOB_NOSPACE)
        err_set(e, ST_SOFTWARE, "%s: out of memory", pattern);
    if (rc == GLOB_ABORTED)
        err_set(e, ST_CONFIG, "%s: a folder cannot be read", pattern);
    if (rc == 0) {
        *names = mem_zalloc(found.gl_pathc, sizeof **names);
        for (; *n < found.gl_pathc; ++*n)
            (*names)[*n] = mem_strdup(found.gl_pathv[*n]);
        qsort(*names, *n, sizeof **names, by_octets);
    }
    globfree(&found);
    return rc == 0 || rc == GLOB_NOMATCH ? 0 : -1;
}

/* The file that is to be replaced, by its own name (a link stays), and the permissions it shall
 * have. Null: what is there is no file (a device, say), and must stay. */
static char *real_file(const char *path, mode_t *mode, struct err *e)
{
    char *real = realpath(path, NULL);
    struct stat st;

    *mode = 0644;
    if (real == NULL)
        return mem_strdup(path);
    if (stat(real, &st) == 0 && S_ISREG(st.st_mode)) {
        *mode = st.st_mode & 07777;
        return real;
    }
    free(real);
    err_set(e, ST_CANTCREATE, "%s is there and is no file", path);
    return NULL;
}

int file_publish(const char *path, struct sv content, struct err *e)
{
    struct err why = ERR_INIT;
    char *real, *beside;
    mode_t mode;
    int fd, rc = -1;

    real = real_file(path, &mode, e);
    if (real == NULL)
        return -1;
    beside = mem_printf("%s.new-%ld", real, (long)getpid());
    (void)unlink(beside); /* of a killed process that had the same number */
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        err_sys(e, ST_CANTCREATE, errno, "cannot create %s", beside);
        goto out;
    }
    rc = output_write(fd, content, &why);
    if (rc < 0 || fchmod(fd, mode) != 0)
        rc = err_sys(e, ST_IO, rc < 0 ? why.sys_errno : errno, "cannot write %s", beside);
    if (close(fd) != 0 && rc == 0)
        rc = err_sys(e, ST_IO, errno, "cannot write %s", beside);
    if (rc == 0 && rename(beside, real) != 0)
        rc = err_sys(e, ST_CANTCREATE, errno, "cannot rename %s to %s", beside, real);
    if (rc < 0)
        (void)unlink(beside);
out:
    free(beside);
    free(real);
    return rc;
}
