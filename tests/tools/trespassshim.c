/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: at the first rename (of a message into new/) it tries what
 * a program taken over by a server would try, and says on stderr which error each attempt met (0:
 * it was possible):
 *
 *   trespass: create=13 append=13 unlink=13 exec=1 ptrace=1 listen=1
 *
 * TRESPASS_FILE is to be created, TRESPASS_VICTIM (there is one) to be written to and removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int opened(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int executed(void)
{
    char name[] = "true", *const argv[] = {name, NULL}, *const none[] = {NULL};
    int pid = fork(), how = 0;

    if (pid == 0) {
        execve("/bin/true", argv, none);
        _exit(errno);
    }
    waitpid(pid, &how, 0);
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

static int traced(void)
{
    int pid = fork(), how = 0;

    if (pid == 0)
        _exit(ptrace(PTRACE_TRACEME, 0, 0, 0) == 0 ? 0 : errno);
    waitpid(pid, &how, 0);
    return WIFEXITED(how) ? WEXITSTATUS(how) : -1;
}

static int listened(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = listen(fd, 1) == 0 ? 0 : errno;

    close(fd);
    return rc;
}

static void trespass(void)
{
    const char *file = getenv("TRESPASS_FILE"), *victim = getenv("TRESPASS_VICTIM");

    if (!file || !victim)
        return;
    dprintf(2, "trespass: create=%d append=%d", opened(file, O_WRONLY | O_CREAT),
            opened(victim, O_WRONLY | O_APPEND));
    dprintf(2, " unlink=%d", unlink(victim) == 0 ? 0 : errno);
    dprintf(2, " exec=%d", executed());
    dprintf(2, " ptrace=%d", traced());
    dprintf(2, " listen=%d\n", listened());
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    static int tried;

    if (__atomic_exchange_n(&tried, 1, __ATOMIC_SEQ_CST) == 0)
        trespass();
    return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}
