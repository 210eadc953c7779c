/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: what a process writes into a pipe is nonsense as soon as the
 * text NONSENSE stands in it; as if popkeep's worker of the account of that name had lost its mind.
 * Or, with LINGER for the text, the pipe ends there and the process stands still until a signal
 * comes, as one that a network file system holds up on its way out.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int holds(int fd, const void *p, size_t n, const char *variable)
{
    const char *word = getenv(variable);
    struct stat st;

    return word != NULL && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
           memmem(p, n, word, strlen(word)) != NULL;
}

ssize_t write(int fd, const void *p, size_t n)
{
    static const char nonsense[4096] = {'\xff', '\xff', '\xff', '\xff'};

    if (holds(fd, p, n, "NONSENSE"))
        return syscall(SYS_write, fd, nonsense, sizeof nonsense) < 0 ? -1 : (ssize_t)n;
    if (holds(fd, p, n, "LINGER")) {
        /* for reading: a worker may write nowhere else */
        (void)dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), fd);
        (void)pause();
    }
    return syscall(SYS_write, fd, p, n);
}
