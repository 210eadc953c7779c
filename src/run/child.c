/* SPDX-License-Identifier: ISC */
/* What happens between fork and exit. */
#include "popkeep/run/child.h"

#include "popkeep/net/conn.h"
#include "popkeep/run/account.h"
#include "popkeep/sys/output.h"
#include "popkeep/sys/process.h"
#include "popkeep/sys/secret.h"
#include "popkeep/sys/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static void write_event(void *ctx, const struct event *ev)
{
    int fd = *(int *)ctx;
    struct buf frame = BUF_INIT(EVENT_FRAME_MAX);
    struct err ignored = ERR_INIT;

    event_pack(&frame, ev);
    /* when the parent is gone, the work still ends in good order */
    (void)output_write(fd, buf_sv(&frame), &ignored);
    buf_free(&frame);
}

/* A parent that is killed must not leave workers behind. */
static void end_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        raise(SIGTERM);
}

static int become(const struct account *a, pid_t parent, struct err *e)
{
    if (a->run_as != NULL && process_become(a->run_as, e) < 0)
        return -1;
    process_harden();
    end_with(parent); /* again: a change of user takes it back */
    return 0;
}

static bool needs_password(const struct pool_job *job)
{
    return job->options.command != RUN_VERIFY || job->options.server;
}

static int load_password(const struct account *a, struct buf *out, struct err *e)
{
    return secret_load(out, &a->secret, a->name, a->user, e);
}

/* Files and commands are read here, with the rights popkeep was started with: a command that hangs
 * holds up its own account alone. A terminal is the parent's, which asks one question at a time. */
static int work_with(const struct pool_job *job, const struct account *a, struct buf *password,
                     struct tell *t, pid_t parent, struct err *e)
{
    tell_stage(t, STAGE_PASSWORD);
    if (a->secret.kind == SECRET_NONE)
        process_lock(buf_sv(password)); /* a lock does not outlive the fork */
    else if (needs_password(job) && load_password(a, password, e) < 0)
        return -1;
    tell_stage(t, STAGE_CONFIGURATION);
    if (become(a, parent, e) < 0)
        return -1;
    return (int)account_run(a, job->state_root, buf_sv(password), &job->options, t);
}

static enum status work(const struct pool_job *job, const struct account *a, struct buf *password,
                        int fd, pid_t parent)
{
    struct err e = ERR_INIT;
    struct tell t;
    int st;

    tell_init(&t, a->name, write_event, &fd, &job->options, job->json);
    st = work_with(job, a, password, &t, parent, &e);
    if (st < 0) {
        tell_error(&t, &e, NULL);
        st = (int)e.status;
        tell_end_account(&t, e.status);
    }
    buf_wipe(password);
    tell_end(&t);
    return (enum status)st;
}

static void run_child(const struct pool_job *job, const struct account *a, struct buf *password,
                      int fd, pid_t parent) __attribute__((noreturn));
static void run_child(const struct pool_job *job, const struct account *a, struct buf *password,
                      int fd, pid_t parent)
{
    signals_begin();
    conn_set_interrupt(signals_flag());
    end_with(parent);
    /* the terminal's Ctrl-C goes to the parent alone, which passes it on once */
    setpgid(0, 0);
    exit((int)work(job, a, password, fd, parent));
}

bool child_wants_typed(const struct pool_job *job, const struct account *a)
{
    return needs_password(job) && a->secret.kind == SECRET_NONE;
}

int child_ask(const struct account *a, struct buf *password, struct err *e)
{
    return load_password(a, password, e);
}

int child_start(const struct pool_job *job, const struct account *a, struct buf *password,
                const struct pollfd *others, size_t n_others, pid_t *pid, int *fd, struct err *e)
{
    pid_t parent = getpid();
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_sys(e, ST_SOFTWARE, errno, "cannot make a pipe");
    signals_hold();
    *pid = fork();
    if (*pid == 0) {
        close(fds[0]);
        for (size_t i = 0; i < n_others; i++)
            if (others[i].fd >= 0)
                close(others[i].fd);
        run_child(job, a, password, fds[1], parent);
    }
    signals_release();
    close(fds[1]);
    if (*pid < 0) {
        close(fds[0]);
        return err_sys(e, ST_SOFTWARE, errno, "cannot start a worker process");
    }
    *fd = fds[0];
    return 0;
}
