/* SPDX-License-Identifier: ISC */
/*
 * benchrun --out F [--timeout S] COMMAND...: runs the command and writes what it took to F, as one
 * JSON object: wall_s, user_s and sys_s (of it and of all its descendants), maxrss_kib (the largest
 * single process), pss_kib and private_kib (the highest sums over all of its processes, looked at
 * every 50 ms: every 10 took a tenth of a core from what is measured), switches (of both kinds),
 * status (of the shell: 128 + N for a signal), timed_out.
 * The command is in a process group of its own, which is killed at the timeout, or with benchrun.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 50, PROCESSES_MAX = 256 };

static volatile sig_atomic_t child_pid, ended_by;

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t read_file(const char *path, char *p, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t k = 1;

    if (fd < 0)
        return 0;
    while (n < room - 1 && (k = read(fd, p + n, room - 1 - n)) > 0)
        n += (size_t)k;
    close(fd);
    p[n] = '\0';
    return n;
}

static long field(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

/* Children of any of its threads, appended to the list. */
static size_t add_children(int pid, int *pids, size_t n)
{
    char path[64], text[4096], *at, *end;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    read_file(path, text, sizeof text);
    for (at = text; n < PROCESSES_MAX; at = end) {
        long child = strtol(at, &end, 10);

        if (end == at)
            break;
        pids[n++] = (int)child;
    }
    return n;
}

static void look(int pid, long *pss, long *private)
{
    int pids[PROCESSES_MAX] = {pid};
    size_t n = 1;
    long sum_pss = 0, sum_private = 0;

    for (size_t i = 0; i < n; i++) {
        char path[64], text[4096] = "";

        n = add_children(pids[i], pids, n);
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pids[i]);
        if (!read_file(path, text, sizeof text))
            continue;
        sum_pss += field(text, "\nPss:");
        sum_private += field(text, "\nPrivate_Clean:") + field(text, "\nPrivate_Dirty:");
    }
    if (sum_pss > *pss)
        *pss = sum_pss;
    if (sum_private > *private)
        *private = sum_private;
}

static void on_signal(int sig)
{
    ended_by = sig;
    if (child_pid > 0)
        kill(-child_pid, SIGKILL);
}

static int run(char **command)
{
    int pid = fork();

    if (pid == 0) {
        setpgid(0, 0);
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    if (pid < 0) {
        perror("fork");
        exit(1);
    }
    setpgid(pid, pid);
    child_pid = pid;
    return pid;
}

static int report(const char *out, double wall, const struct rusage *u, int status, bool timed_out,
                  long pss, long private)
{
    FILE *f = fopen(out, "w");

    if (!f)
        return -1;
    fprintf(f, "{\"wall_s\":%.6f,\"user_s\":%ld.%06ld,\"sys_s\":%ld.%06ld,", wall,
            (long)u->ru_utime.tv_sec, (long)u->ru_utime.tv_usec, (long)u->ru_stime.tv_sec,
            (long)u->ru_stime.tv_usec);
    fprintf(f, "\"maxrss_kib\":%ld,\"pss_kib\":%ld,\"private_kib\":%ld,\"switches\":%ld,",
            u->ru_maxrss, pss, private, u->ru_nvcsw + u->ru_nivcsw);
    fprintf(f, "\"status\":%d,\"timed_out\":%s}\n",
            WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
            timed_out ? "true" : "false");
    return fclose(f);
}

int main(int argc, char **argv)
{
    const char *out = NULL;
    double timeout = 3600, began;
    struct rusage u = {0};
    long pss = 0, private = 0;
    int status = 0, pid, i = 1;
    bool timed_out = false;
    sigset_t chld;

    for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
        if (!strcmp(argv[i], "--out"))
            out = argv[i + 1];
        else if (!strcmp(argv[i], "--timeout"))
            timeout = strtod(argv[i + 1], NULL);
        else
            return 64;
    }
    if (!out || i >= argc)
        return 64;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    signal(SIGHUP, on_signal);
    began = now_s();
    pid = run(argv + i);
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD); /* not blocked in the command: that is forked already */
    sigprocmask(SIG_BLOCK, &chld, NULL);
    while (wait4(pid, &status, WNOHANG, &u) == 0) {
        struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};

        look(pid, &pss, &private);
        if (now_s() - began > timeout && !timed_out) {
            timed_out = true;
            kill(-pid, SIGKILL);
        }
        (void)sigtimedwait(&chld, NULL, &pause); /* its end is seen at once */
    }
    began = now_s() - began;
    kill(-pid, SIGKILL); /* what it left behind */
    if (report(out, began, &u, status, timed_out, pss, private) < 0) {
        perror(out);
        return 1;
    }
    return ended_by ? 128 + ended_by : 0;
}
