/* SPDX-License-Identifier: ISC */
/* Appending to a log that may be moved away at any time. */
#include "popkeep/sys/logfile.h"

#include "popkeep/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_OCTETS = 64 * 1024 };

void logfile_close(struct logfile *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

/* Is what the path names still what is open? */
static bool is_current(const struct logfile *l)
{
    struct stat st;

    return l->fd >= 0 && lstat(l->path, &st) == 0 && st.st_dev == l->device &&
           st.st_ino == l->inode;
}

static int reopen(struct logfile *l, struct err *e)
{
    struct stat st;

    logfile_close(l);
    /* O_NONBLOCK: a FIFO in its place must not hold up the mail */
    l->fd =
        open(l->path,
             O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
    if (l->fd < 0 && errno == ELOOP)
        return err_set(e, ST_IO, "the log %s is a symbolic link, which is not followed", l->path);
    if (l->fd < 0)
        return err_sys(e, ST_IO, errno, "cannot open the log %s", l->path);
    if (fstat(l->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        logfile_close(l);
        return err_set(e, ST_IO, "the log %s is not a regular file", l->path);
    }
    l->device = st.st_dev;
    l->inode = st.st_ino;
    l->torn = false;
    return 0;
}

static int put(struct logfile *l, struct sv line, struct err *e)
{
    ssize_t n;

    do
        n = write(l->fd, line.p, line.n);
    while (n < 0 && errno == EINTR);
    if (n >= 0 && (size_t)n == line.n) {
        l->torn = false;
        return 0;
    }
    l->torn = l->torn || n > 0;
    return err_sys(e, ST_IO, n < 0 ? errno : ENOSPC, "cannot write to the log %s", l->path);
}

int logfile_add(struct logfile *l, int64_t unix_s, const char *level, struct sv text, struct err *e)
{
    struct buf line = BUF_INIT(LINE_MAX_OCTETS);
    char when[24];
    int rc = 0;

    if (l->path == NULL)
        return 0;
    if (!is_current(l) && reopen(l, e) < 0)
        return -1;
    while (text.n > 0 && rc == 0) {
        struct sv one = sv_token(&text, '\n');
        buf_clear(&line);
        if (l->torn)
            (void)buf_add_char(&line, '\n');
        (void)buf_addf(&line, "%s %ld %s ", text_time(when, unix_s), (long)getpid(), level);
        if (one.n > LINE_MAX_OCTETS / 2) /* far more than any text of popkeep's */
            one.n = LINE_MAX_OCTETS / 2;
        (void)buf_add_sv(&line, one);
        (void)buf_add_char(&line, '\n');
        rc = put(l, buf_sv(&line), e);
    }
    buf_free(&line);
    return rc;
}
