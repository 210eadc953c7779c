/* SPDX-License-Identifier: ISC */
/* Appending to a log that may be moved away at any time. */
#include "popkeep/sys/logfile.h"

#include "popkeep/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 64 * 1024 };

static int log_open(const char *path, struct stat *st, struct err *e)
{
    /* O_NONBLOCK: a FIFO in its place must not hold up the mail */
    int fd = open(
        path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);

    if (fd < 0 && errno == ELOOP)
        return err_set(e, ST_IO, "the log %s is a symbolic link, which is not followed", path);
    if (fd < 0)
        return err_sys(e, ST_IO, errno, "cannot open the log %s", path);
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
        return fd;
    close(fd);
    return err_set(e, ST_IO, "the log %s is not a regular file", path);
}

static bool ends_in_a_line(int fd, const struct stat *st)
{
    char last = '\n';

    return st->st_size == 0 || pread(fd, &last, 1, st->st_size - 1) != 1 || last == '\n';
}

static int put(int fd, struct sv line, const char *path, struct err *e)
{
    ssize_t n;

    do
        n = write(fd, line.p, line.n);
    while (n < 0 && errno == EINTR);
    if (n >= 0 && (size_t)n == line.n)
        return 0;
    return err_sys(e, ST_IO, n < 0 ? errno : ENOSPC, "cannot write to the log %s", path);
}

int logfile_add(const char *path, int64_t unix_s, const char *level, struct sv text, struct err *e)
{
    struct buf line = BUF_INIT(LINE_MAX_OCTETS);
    char when[24];
    struct stat st;
    int fd, rc = 0;

    if (text.n == 0)
        return 0;
    fd = log_open(path, &st, e);
    if (fd < 0)
        return -1;
    if (!ends_in_a_line(fd, &st))
        (void)buf_add_char(&line, '\n');
    while (text.n > 0 && rc == 0) {
        struct sv one = sv_token(&text, '\n');
        (void)buf_addf(&line, "%s %ld %s ", text_time(when, unix_s), (long)getpid(), level);
        if (one.n > LINE_MAX_OCTETS / 2) /* far more than any text of popkeep's */
            one.n = LINE_MAX_OCTETS / 2;
        (void)buf_add_sv(&line, one);
        (void)buf_add_char(&line, '\n');
        rc = put(fd, buf_sv(&line), path, e);
        buf_clear(&line);
    }
    if (close(fd) != 0 && rc == 0 && errno != EINTR) /* NFS and quota tell of lost writes here */
        rc = err_sys(e, ST_IO, errno, "cannot write to the log %s", path);
    buf_free(&line);
    return rc;
}
