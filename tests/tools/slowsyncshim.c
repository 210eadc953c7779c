/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: each sync takes SLOWSYNC_MS milliseconds longer, as on a
 * spinning disk (0 or unset: no longer), and is written down in SLOWSYNC_LOG: a line of
 * "PROCESS NAME BEGIN END", times in microseconds of CLOCK_MONOTONIC. The log is opened at start,
 * before the program may shut itself in. The calls are made by number, so that nothing need be
 * looked up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int log_fd = -1;
static long extra_ms;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("SLOWSYNC_LOG"), *ms = getenv("SLOWSYNC_MS");

    extra_ms = ms ? strtol(ms, NULL, 10) : 0;
    if (path)
        log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static long long now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int done(const char *name, long long began, long rc)
{
    struct timespec pause = {.tv_sec = extra_ms / 1000, .tv_nsec = extra_ms % 1000 * 1000000};
    int saved = errno;
    char line[128];
    int n;

    if (extra_ms > 0)
        while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
            ;
    n = snprintf(line, sizeof line, "%ld %s %lld %lld\n", (long)getpid(), name, began, now_us());
    if (log_fd >= 0 && write(log_fd, line, (size_t)n) < 0)
        log_fd = -1;
    errno = saved;
    return (int)rc;
}

int fsync(int fd)
{
    long long began = now_us();

    return done("fsync", began, syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
    long long began = now_us();

    return done("fdatasync", began, syscall(SYS_fdatasync, fd));
}

int syncfs(int fd)
{
    long long began = now_us();

    return done("syncfs", began, syscall(SYS_syncfs, fd));
}

/* Only one that waits is a sync; one that begins the writing returns at once on any disk. */
int sync_file_range(int fd, off_t from, off_t n, unsigned flags)
{
    long long began = now_us();
    long rc = syscall(SYS_sync_file_range, fd, from, n, flags);

    return flags & (SYNC_FILE_RANGE_WAIT_AFTER | SYNC_FILE_RANGE_WAIT_BEFORE)
               ? done("sync_file_range", began, rc)
               : (int)rc;
}
