/* SPDX-License-Identifier: ISC */
/* A shell command's first line, with a deadline. */
#include "popkeep/sys/command.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/signals.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COMMAND_GRACE_MS = 200, COMMAND_SLICE_MS = 50, COMMAND_REAP_MS = 1 };

struct command {
    pid_t pid;
    int fd; /* read end of its stdout, non-blocking; -1 after its end */
    bool have_line;
    bool too_long;
    int wait_status;
};

static int command_spawn(struct command *c, const char *command, int out_fd)
{
    char sh[] = "sh", opt[] = "-c";
    char *copy = mem_strdup(command);
    char *argv[] = {sh, opt, copy, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, pipe_only;
    int rc;

    sigemptyset(&none);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &pipe_only);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    rc = posix_spawn(&c->pid, "/bin/sh", &files, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    mem_wipe_free(copy); /* a command line may hold a password */
    return rc;
}

static void command_take(struct command *c, struct buf *out, const char *p, size_t n)
{
    const char *lf;
    size_t take = n;

    if (c->have_line || c->too_long)
        return;
    lf = memchr(p, '\n', n);
    if (lf != NULL)
        take = (size_t)(lf - p) + 1;
    if (buf_add_secret(out, p, take) != 0)
        c->too_long = true;
    else
        c->have_line = lf != NULL;
}

/* Read what is there now; false at the end of the stream. */
static bool command_read(struct command *c, struct buf *out)
{
    char part[4096];
    ssize_t n;

    while ((n = read(c->fd, part, sizeof part)) > 0)
        command_take(c, out, part, (size_t)n);
    mem_wipe(part, sizeof part);
    return n != 0 && (errno == EAGAIN || errno == EINTR);
}

static bool command_ended(struct command *c)
{
    return waitpid(c->pid, &c->wait_status, WNOHANG) == c->pid;
}

/* Until the shell has ended: 0; deadline: 1; signal: 2. */
static int command_follow(struct command *c, struct buf *out, int timeout_ms)
{
    int64_t deadline = clock_mono_ms() + timeout_ms;

    for (;;) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int64_t left;
        bool ended = command_ended(c);

        /* reading comes after the look at the process: what it printed last is there then */
        if (c->fd >= 0 && !command_read(c, out)) {
            close(c->fd);
            c->fd = -1;
        }
        if (ended)
            return 0;
        if (signals_pending() != 0)
            return 2;
        left = deadline - clock_mono_ms();
        if (left <= 0)
            return 1;
        if (left > (c->fd >= 0 ? COMMAND_SLICE_MS : COMMAND_REAP_MS))
            left = c->fd >= 0 ? COMMAND_SLICE_MS : COMMAND_REAP_MS;
        (void)poll(&p, 1, (int)left);
    }
}

static void command_kill(struct command *c)
{
    int64_t deadline = clock_mono_ms() + COMMAND_GRACE_MS;

    kill(-c->pid, SIGTERM);
    while (!command_ended(c)) {
        if (clock_mono_ms() >= deadline) {
            kill(-c->pid, SIGKILL);
            while (waitpid(c->pid, &c->wait_status, 0) < 0 && errno == EINTR) {
            }
            return;
        }
        (void)poll(NULL, 0, COMMAND_REAP_MS);
    }
    kill(-c->pid, SIGKILL); /* what is left of the group, if anything */
}

static int command_judge(const struct command *c, const struct buf *out, const char *what,
                         struct err *e)
{
    int code = WIFEXITED(c->wait_status) ? WEXITSTATUS(c->wait_status) : -1;

    if (WIFSIGNALED(c->wait_status))
        return err_set(e, ST_CONFIG, "%s was ended by signal %d", what, WTERMSIG(c->wait_status));
    if (code != 0) {
        err_set(e, ST_CONFIG, "%s failed with exit status %d", what, code);
        if (code == 126 || code == 127)
            err_advise(e, code == 126
                              ? tr("the shell cannot execute the program; cron and systemd search "
                                   "fewer folders than your shell does, so give its whole path")
                              : tr("the shell cannot find the program; cron and systemd search "
                                   "fewer folders than your shell does, so give its whole path"));
        return -1;
    }
    if (c->too_long)
        return err_set(e, ST_CONFIG, "%s printed a first line of more than %zu octets", what,
                       out->max);
    return 0;
}

int command_first_line(struct buf *out, const char *command, const char *what, int timeout_ms,
                       struct err *e)
{
    struct command c = {.pid = -1, .fd = -1};
    int ends[2], rc;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_sys(e, err_status_of(errno, ST_TEMP), errno, "%s: cannot make a pipe", what);
    rc = command_spawn(&c, command, ends[1]);
    close(ends[1]);
    c.fd = ends[0];
    (void)fcntl(c.fd, F_SETFL, O_NONBLOCK);
    if (rc != 0) {
        close(c.fd);
        return err_sys(e, ST_CONFIG, rc, "%s: cannot start /bin/sh", what);
    }
    rc = command_follow(&c, out, timeout_ms);
    if (rc != 0)
        command_kill(&c);
    if (c.fd >= 0)
        close(c.fd);
    if (rc == 1)
        err_set(e, ST_CONFIG,
                "%s took longer than %d s and was stopped; it cannot ask anything there", what,
                (timeout_ms + 999) / 1000);
    else if (rc == 2)
        err_set(e, ST_TEMP, "interrupted while %s was running", what);
    else
        rc = command_judge(&c, out, what, e);
    if (rc != 0)
        buf_wipe(out);
    return rc != 0 ? -1 : 0;
}
