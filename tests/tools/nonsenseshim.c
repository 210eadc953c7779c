/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: what a process writes into a pipe is nonsense as soon as the
 * text NONSENSE stands in it; as if popkeep's worker of the account of that name had lost its mind.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t write(int fd, const void *p, size_t n)
{
    static const char nonsense[4096] = {'\xff', '\xff', '\xff', '\xff'};
    const char *word = getenv("NONSENSE");
    struct stat st;

    if (word != NULL && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
        memmem(p, n, word, strlen(word)) != NULL)
        return syscall(SYS_write, fd, nonsense, sizeof nonsense) < 0 ? -1 : (ssize_t)n;
    return syscall(SYS_write, fd, p, n);
}
