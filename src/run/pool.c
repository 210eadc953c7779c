/* SPDX-License-Identifier: ISC */
/* The parent: starts workers, passes their events on, waits for them. */
#include "popkeep/run/pool.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/net/conn.h"
#include "popkeep/run/hosts.h"
#include "popkeep/run/account.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/process.h"
#include "popkeep/sys/secret.h"
#include "popkeep/sys/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 100, READ_OCTETS = 65536, EVENT_MAX = 4 * 1024 * 1024 };

enum slot_state { SLOT_WAITING, SLOT_RUNNING, SLOT_DONE };

struct slot {
    const struct account *account;
    enum slot_state state;
    pid_t pid;
    int fd;
    struct buf in;
    enum status status;
    struct buf end; /* its EVENT_ACCOUNT_END, told once the process has ended as well */
};

struct pool {
    const struct pool_job *job;
    struct slot *slots;
    struct hosts hosts;
    size_t n;
    unsigned limit;
    bool told_to_end;
};

/* ---- worker side ---- */

static void write_event(void *ctx, const struct event *ev)
{
    int fd = *(int *)ctx;
    struct buf frame = BUF_INIT(EVENT_MAX);
    size_t off = 0;

    event_pack(&frame, ev);
    while (off < frame.n) {
        ssize_t k = write(fd, frame.p + off, frame.n - off);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            break; /* the parent is gone: the work still ends in good order */
        off += (size_t)k;
    }
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

static void run_child(const struct pool *p, const struct slot *s, struct buf *password, int fd,
                      pid_t parent) __attribute__((noreturn));
static void run_child(const struct pool *p, const struct slot *s, struct buf *password, int fd,
                      pid_t parent)
{
    signals_reset_for_child();
    signals_install();
    conn_set_interrupt(signals_flag());
    end_with(parent);
    /* the terminal's Ctrl-C goes to the parent alone, which passes it on once */
    setpgid(0, 0);
    exit((int)work(p->job, s->account, password, fd, parent));
}

/* ---- parent side ---- */

static void report(const struct pool *p, enum event_kind kind, const struct account *a,
                   enum status st, enum event_stage stage, const char *text)
{
    struct event ev;

    event_init(&ev, kind, a->name);
    ev.num[EN_TIME] = clock_wall_s();
    ev.num[EN_STATUS] = st;
    if (st != ST_OK)
        ev.num[EN_STAGE] = stage;
    ev.str[ES_TEXT] = sv_of(text);
    p->job->event(p->job->ctx, &ev);
}

static void finish_early(struct pool *p, struct slot *s, enum event_stage stage,
                         const struct err *e)
{
    s->state = SLOT_DONE;
    s->status = e->status;
    report(p, EVENT_ERROR, s->account, e->status, stage, e->text);
    report(p, EVENT_ACCOUNT_END, s->account, e->status, stage, NULL);
}

static void start(struct pool *p, struct slot *s)
{
    struct buf password = BUF_INIT(SECRET_MAX);
    struct err e = ERR_INIT;
    struct event ev;
    pid_t parent;
    int fds[2];

    tell_start(&ev, s->account);
    p->job->event(p->job->ctx, &ev);
    if (needs_password(p->job) && s->account->secret.kind == SECRET_NONE &&
        load_password(s->account, &password, &e) < 0) {
        finish_early(p, s, STAGE_PASSWORD, &e);
        buf_wipe(&password);
        return;
    }
    if (pipe2(fds, O_CLOEXEC) < 0) {
        err_sys(&e, ST_SOFTWARE, errno, "cannot make a pipe");
        finish_early(p, s, STAGE_WORKER, &e);
        buf_wipe(&password);
        return;
    }
    parent = getpid();
    s->pid = fork();
    if (s->pid == 0) {
        close(fds[0]);
        for (size_t i = 0; i < p->n; i++)
            if (p->slots[i].state == SLOT_RUNNING)
                close(p->slots[i].fd);
        run_child(p, s, &password, fds[1], parent);
    }
    close(fds[1]);
    buf_wipe(&password);
    if (s->pid < 0) {
        close(fds[0]);
        err_sys(&e, ST_SOFTWARE, errno, "cannot start a worker process");
        finish_early(p, s, STAGE_WORKER, &e);
        return;
    }
    s->fd = fds[0];
    buf_init(&s->in, EVENT_MAX);
    buf_init(&s->end, EVENT_MAX);
    s->state = SLOT_RUNNING;
}

/* Slots in this state; of those whose host counts under `key` if one is given. */
static unsigned count(const struct pool *p, enum slot_state state, const char *key)
{
    unsigned n = 0;

    for (size_t i = 0; i < p->n; i++) {
        const struct slot *s = &p->slots[i];
        if (s->state != state)
            continue;
        /* a running one's host is known: it could not have been started else */
        n += key == NULL || strcmp(hosts_key(&p->hosts, s->account), key) == 0;
    }
    return n;
}

static void start_some(struct pool *p)
{
    for (size_t i = 0; i < p->n && !signals_pending(); i++) {
        struct slot *s = &p->slots[i];
        const char *key = hosts_key(&p->hosts, s->account);

        if (s->state != SLOT_WAITING || key == NULL)
            continue;
        if (count(p, SLOT_RUNNING, NULL) >= p->limit)
            return;
        if (count(p, SLOT_RUNNING, key) < p->job->config->per_host)
            start(p, s);
    }
}

/* -1: what came is no event; the worker is not to be believed any more. */
static int take_events(struct pool *p, struct slot *s)
{
    struct sv rest = buf_sv(&s->in);
    struct event ev;
    int rc;

    while ((rc = event_unpack(&rest, &ev)) > 0) {
        if (ev.kind == EVENT_ACCOUNT_END && s->end.n == 0)
            event_pack(&s->end, &ev);
        else
            p->job->event(p->job->ctx, &ev);
    }
    buf_drop_front(&s->in, s->in.n - rest.n);
    return rc;
}

/* Its own end, unless it was killed behind that: then its numbers stand, but it did not end well.
 */
static void tell_its_end(struct pool *p, struct slot *s)
{
    struct sv frame = buf_sv(&s->end);
    struct event ev;

    if (event_unpack(&frame, &ev) <= 0) {
        report(p, EVENT_ACCOUNT_END, s->account, s->status, STAGE_WORKER, NULL);
        return;
    }
    if (ev.num[EN_STATUS] != s->status) {
        ev.num[EN_STATUS] = s->status;
        ev.num[EN_STAGE] = STAGE_WORKER;
    }
    p->job->event(p->job->ctx, &ev);
}

/* A worker that was killed or failed in a way of its own could not say how it ended. */
static void reap(struct pool *p, struct slot *s)
{
    int how = 0;

    close(s->fd);
    buf_free(&s->in);
    while (waitpid(s->pid, &how, 0) < 0 && errno == EINTR)
        ;
    s->state = SLOT_DONE;
    s->status = WIFEXITED(how) ? (enum status)WEXITSTATUS(how) : ST_SOFTWARE;
    if (WIFSIGNALED(how) && !signals_pending()) {
        char *text = mem_printf(tr("the worker process was ended by signal %d"), WTERMSIG(how));
        report(p, EVENT_ERROR, s->account, ST_SOFTWARE, STAGE_WORKER, text);
        free(text);
    }
    tell_its_end(p, s);
    buf_free(&s->end);
}

static void read_slot(struct pool *p, struct slot *s)
{
    char *room = buf_reserve(&s->in, READ_OCTETS);
    ssize_t k = room == NULL ? 0 : read(s->fd, room, READ_OCTETS);

    if (k < 0 && errno == EINTR)
        return;
    if (k <= 0) {
        reap(p, s);
        return;
    }
    buf_grew(&s->in, (size_t)k);
    if (take_events(p, s) < 0) {
        kill(s->pid, SIGKILL); /* every point is safe to be killed at */
        reap(p, s);
    }
}

static void pass_signal_on(struct pool *p)
{
    if (!signals_pending() || p->told_to_end)
        return;
    p->told_to_end = true;
    for (size_t i = 0; i < p->n; i++)
        if (p->slots[i].state == SLOT_RUNNING)
            kill(p->slots[i].pid, SIGTERM);
}

static void wait_some(struct pool *p, struct pollfd *fds, size_t *which)
{
    nfds_t k = 0;

    for (size_t i = 0; i < p->n; i++)
        if (p->slots[i].state == SLOT_RUNNING) {
            fds[k] = (struct pollfd){.fd = p->slots[i].fd, .events = POLLIN};
            which[k++] = i;
        }
    fds[k] = (struct pollfd){.fd = p->hosts.fd, .events = POLLIN}; /* -1 is passed over */
    if (poll(fds, k + 1, TICK_MS) > 0) {
        for (nfds_t i = 0; i < k; i++)
            if (fds[i].revents != 0)
                read_slot(p, &p->slots[which[i]]);
        if (fds[k].revents != 0)
            hosts_read(&p->hosts);
    }
    p->job->tick(p->job->ctx);
}

static void fill(struct pool *p)
{
    const struct config *c = p->job->config;

    p->slots = mem_zalloc(c->n_accounts, sizeof *p->slots);
    for (size_t i = 0; i < c->n_accounts; i++)
        if (p->job->chosen[i])
            p->slots[p->n++] = (struct slot){.account = &c->accounts[i], .fd = -1};
    p->limit = p->job->jobs > 0 ? p->job->jobs : c->jobs;
}

/* Something runs, or will as soon as its host is known. */
static bool has_work(const struct pool *p)
{
    return count(p, SLOT_RUNNING, NULL) > 0 ||
           (!signals_pending() && count(p, SLOT_WAITING, NULL) > 0);
}

enum status pool_run(const struct pool_job *job, uint64_t *n_failed)
{
    struct pool p = {.job = job};
    enum status worst = ST_OK;
    struct pollfd *fds;
    size_t *which;

    fill(&p);
    hosts_start(&p.hosts, job->config, job->chosen);
    fds = mem_zalloc(p.n + 1, sizeof *fds);
    which = mem_zalloc(p.n, sizeof *which);
    start_some(&p);
    while (has_work(&p)) {
        wait_some(&p, fds, which);
        pass_signal_on(&p);
        start_some(&p);
    }
    hosts_end(&p.hosts);
    *n_failed = 0;
    for (size_t i = 0; i < p.n; i++) {
        worst = status_worst(worst, p.slots[i].status);
        *n_failed += p.slots[i].status != ST_OK;
    }
    free(fds);
    free(which);
    free(p.slots);
    return worst;
}
