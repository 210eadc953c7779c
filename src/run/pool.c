/* SPDX-License-Identifier: ISC */
/* The parent: starts workers, reads their events, waits for them. */
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/net/conn.h"
#include "popkeep/run/book.h"
#include "popkeep/run/child.h"
#include "popkeep/run/pool_inside.h"
#include "popkeep/run/served.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/process.h"
#include "popkeep/sys/secret.h"
#include "popkeep/sys/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 100, READ_OCTETS = 65536, ORDER_MS = 500 };
enum { REAP_TRIES = 20 }; /* a ms each: from the end of its pipe to that of a worker */

/* What ended before the account had its journal, or was killed, stands nowhere else: `status` would
 * tell of the run before. As root nothing is written into a folder of another user's. */
static void note_failure(const struct pool *p, const struct slot *s)
{
    const struct run_options *o = &p->job->options;
    struct err ignored = ERR_INIT;
    struct served was;
    char *dir;
    int fd;

    if (o->command != RUN_FETCH || o->dry_run || s->status == ST_OK || s->status == ST_HELD ||
        (process_is_root() && s->account->run_as != NULL))
        return;
    dir = mem_printf("%s/%s", p->job->state_root, s->account->name);
    fd = book_folder(p->job->state_root, s->account->name, dir, &ignored);
    free(dir);
    if (fd < 0)
        return;
    served_load(&was, fd, ".");
    if (was.last_try < s->began || was.last_try > clock_wall_s()) {
        was.last_try = clock_wall_s();
        was.last_status = s->status;
        was.failed_in_a_row++;
        served_save(&was, fd);
    }
    close(fd);
}

/* ---- beginning ---- */

static void look_at_failure(struct pool *p, const struct slot *s)
{
    if (!p->job->fail_fast || p->ending != ENDING_NOT || !status_info(s->status)->lasts)
        return;
    p->ending = ENDING_FAILURE;
    p->failed = s;
    turns_close(&p->turns);
}

static void finish_early(struct pool *p, size_t i, enum event_stage stage, const struct err *e)
{
    struct slot *s = &p->slots[i];

    s->status = e->status;
    pool_tell_slot(p, EVENT_ERROR, s, stage, NULL, e->text);
    pool_tell_slot(p, EVENT_ACCOUNT_END, s, stage, NULL, NULL);
    note_failure(p, s);
    turns_end(&p->turns, i);
    look_at_failure(p, s);
}

static int ask_and_fork(struct pool *p, struct slot *s, enum event_stage *stage, int *fd,
                        struct err *e)
{
    struct buf password = BUF_INIT(SECRET_MAX);
    int rc = 0;

    *stage = STAGE_PASSWORD;
    if (child_wants_typed(p->job, s->account))
        rc = child_ask(s->account, &password, e);
    if (rc == 0) {
        *stage = STAGE_WORKER;
        rc = child_start(p->job, s->account, &password, p->fds, p->n_running, &s->pid, fd, e);
    }
    buf_wipe(&password);
    return rc;
}

/* More jobs than this process may have descriptors, or its user processes. */
static bool has_no_room(const struct pool *p, enum event_stage stage, const struct err *e)
{
    return stage == STAGE_WORKER && p->n_running > 0 &&
           (e->sys_errno == EMFILE || e->sys_errno == ENFILE || e->sys_errno == EAGAIN ||
            e->sys_errno == ENOMEM);
}

static void put_back(struct pool *p, size_t i, const struct err *e)
{
    char *text;

    turns_put_back(&p->turns, i);
    text = mem_printf(trn("%s; from now on at most %u account at a time",
                          "%s; from now on at most %u accounts at a time", p->turns.limit),
                      e->text, p->turns.limit);
    pool_tell_run(p, EVENT_NOTE, sv_of(text));
    free(text);
}

static void start(struct pool *p, size_t i)
{
    struct slot *s = &p->slots[i];
    struct err e = ERR_INIT;
    enum event_stage stage;
    int fd = -1, rc;

    s->began = clock_wall_s();
    rc = ask_and_fork(p, s, &stage, &fd, &e);
    if (rc < 0 && has_no_room(p, stage, &e)) {
        put_back(p, i, &e);
        return;
    }
    if (s->in_use)
        pool_begin_again(p, s);
    else
        pool_begin(p, s);
    if (rc < 0) {
        finish_early(p, i, stage, &e);
        return;
    }
    p->fds[p->n_running] = (struct pollfd){.fd = fd, .events = POLLIN};
    p->which[p->n_running++] = i;
}

static void start_some(struct pool *p)
{
    size_t i;

    if (p->hosts.fd >= 0 && clock_mono_ms() < p->in_order_ms)
        return;
    while (!signals_pending() && (i = turns_next(&p->turns, clock_mono_ms())) != TURNS_NONE)
        start(p, i);
}

/* ---- while they run ---- */

static void judge(struct pool *p, struct slot *s, int how)
{
    char *text = NULL;

    if (WIFEXITED(how) && !s->nonsense) {
        s->status = (enum status)WEXITSTATUS(how);
        return;
    }
    s->status = ST_SOFTWARE;
    if (s->nonsense) {
        text = mem_strdup(tr("the worker process wrote what is no event and was ended"));
    } else if (p->killed && WTERMSIG(how) == SIGKILL) {
        s->status = ST_TEMP;
        text = mem_printf(tr("it did not end within %d seconds after the time was over and was "
                             "killed"),
                          POOL_GRACE_MS / 1000);
    } else if (!signals_pending()) {
        text = mem_printf(tr("the worker process was ended by signal %d"), WTERMSIG(how));
    }
    if (text != NULL)
        pool_tell_slot(p, EVENT_ERROR, s, STAGE_WORKER, NULL, text);
    free(text);
}

static bool has_ended(pid_t pid, int *how)
{
    pid_t ended = waitpid(pid, how, WNOHANG);

    if (ended < 0 && errno != EINTR) {
        *how = W_EXITCODE(ST_SOFTWARE, 0); /* what cannot be known is no success */
        return true;
    }
    return ended == pid;
}

/* `at`: its place among those that run. Its pipe has ended, and mostly so has it; but nobody waits
 * for one that is held up on its way out (by a network file system, say): it is looked at again. */
static void reap(struct pool *p, size_t at, int tries)
{
    size_t i = p->which[at];
    struct slot *s = &p->slots[i];
    int how = 0;

    while (!has_ended(s->pid, &how)) {
        if (--tries <= 0)
            return;
        (void)poll(NULL, 0, 1);
    }
    p->fds[at] = p->fds[--p->n_running];
    p->which[at] = p->which[p->n_running];
    turns_end(&p->turns, i);
    s->in_use = s->in_use && WIFEXITED(how) && !s->nonsense && p->ending == ENDING_NOT;
    if (!s->in_use)
        pool_let_go(p, s);
    judge(p, s, how);
    if (s->in_use)
        turns_again(&p->turns, i, clock_mono_ms() + POOL_IN_USE_MS);
    else
        pool_tell_its_end(p, s);
    note_failure(p, s);
    look_at_failure(p, s);
}

static void end_of_pipe(struct pool *p, size_t at)
{
    close(p->fds[at].fd);
    p->fds[at].fd = -1; /* poll passes over it */
    buf_free(&p->slots[p->which[at]].rest);
    reap(p, at, REAP_TRIES);
}

/* -1: what came is no event; the worker is not to be believed any more. */
static int take_octets(struct pool *p, struct slot *s, struct sv came)
{
    bool joined = s->rest.n > 0;
    struct event ev;
    struct sv rest;
    int rc;

    if (joined && buf_add_sv(&s->rest, came) < 0)
        return -1;
    rest = joined ? buf_sv(&s->rest) : came;
    while ((rc = event_unpack(&rest, &ev)) > 0)
        pool_take_event(p, s, &ev);
    if (rc < 0)
        return -1;
    if (joined)
        buf_drop_front(&s->rest, s->rest.n - rest.n);
    else if (rest.n > 0 && buf_add_sv(&s->rest, rest) < 0)
        return -1;
    if (s->rest.n == 0)
        buf_free(&s->rest);
    return 0;
}

static void read_from(struct pool *p, size_t at)
{
    struct slot *s = &p->slots[p->which[at]];
    ssize_t k = read(p->fds[at].fd, p->in, READ_OCTETS);

    if (k < 0 && errno == EINTR)
        return;
    if (k <= 0) {
        end_of_pipe(p, at);
    } else if (take_octets(p, s, sv_make(p->in, (size_t)k)) < 0) {
        kill(s->pid, SIGKILL); /* every point is safe to be killed at */
        s->nonsense = true;
        end_of_pipe(p, at);
    }
}

static void place(struct pool *p)
{
    for (size_t i = 0; i < p->n; i++)
        turns_host(&p->turns, i, hosts_server(&p->hosts, p->slots[i].index));
}

static void wait_some(struct pool *p)
{
    size_t n = p->n_running;
    bool any, hosts_told;

    p->fds[n] = (struct pollfd){.fd = p->hosts.fd, .events = POLLIN}; /* -1 is passed over */
    any = poll(p->fds, n + 1, TICK_MS) > 0;
    hosts_told = any && p->fds[n].revents != 0;
    for (size_t at = n; at-- > 0;) /* from behind: the last one takes the place of one that ended */
        if (p->fds[at].fd < 0)
            reap(p, at, 1);
        else if (any && p->fds[at].revents != 0)
            read_from(p, at);
    if (hosts_told) {
        hosts_read(&p->hosts);
        place(p);
    }
    p->job->tick(p->job->ctx);
}

/* ---- ending ---- */

static void signal_all(const struct pool *p, int signal)
{
    for (size_t at = 0; at < p->n_running; at++)
        kill(p->slots[p->which[at]].pid, signal);
}

static void look_at_end(struct pool *p)
{
    enum turns_phase phase = turns_phase(clock_mono_ms(), p->job->end_ms, POOL_GRACE_MS);

    if (p->ending == ENDING_NOT && signals_pending())
        p->ending = ENDING_SIGNAL;
    else if (p->ending == ENDING_NOT && phase != TURNS_GOING)
        p->ending = ENDING_TIME;
    if (p->ending != ENDING_NOT)
        turns_close(&p->turns);
    if (!p->told_to_end && (signals_pending() || phase != TURNS_GOING)) {
        p->told_to_end = true;
        signal_all(p, SIGTERM);
    }
    if (!p->killed && phase == TURNS_KILL) {
        p->killed = true;
        signal_all(p, SIGKILL);
    }
}

/* ---- all of it ---- */

/* Too early for its server: nothing was asked for that could be had, if it is a scheduler that
 * asks. */
static void skip(struct pool *p, size_t i, const struct served *was, int64_t left)
{
    struct slot *s = &p->slots[i];
    const struct run_options *o = &p->job->options;
    bool asked = !p->job->is_a_set || o->dry_run || o->command != RUN_FETCH;
    char when[24];
    char *text = mem_printf(tr("the server wants %lld seconds from one login to the next; the "
                               "next try is at %s"),
                            (long long)was->delay_s, text_time(when, clock_wall_s() + left));

    pool_begin(p, s);
    s->status = asked ? ST_TEMP : ST_OK;
    pool_tell_slot(p, asked ? EVENT_ERROR : EVENT_NOTE, s, STAGE_LOGIN, NULL, text);
    pool_tell_slot(p, EVENT_ACCOUNT_END, s, STAGE_LOGIN, "login-delay", NULL);
    turns_leave_out(&p->turns, i);
    free(text);
}

static void add(struct pool *p, size_t i)
{
    struct slot *s = &p->slots[i];
    struct served was = {0};
    int64_t left = 0;

    if (p->root_fd >= 0)
        served_load(&was, p->root_fd, s->account->name);
    if (p->job->options.command != RUN_VERIFY || p->job->options.server)
        left = served_delay_left(&was, clock_wall_s());
    turns_add(&p->turns, served_since(&was, clock_wall_s()),
              left == 0 ? 0 : clock_mono_ms() + left * 1000);
    if (left > POOL_LOGIN_DELAY_WAIT_S)
        skip(p, i, &was, left);
}

static void fill(struct pool *p)
{
    const struct config *c = p->job->config;

    p->root_fd = open(p->job->state_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    p->slots = mem_zalloc(c->n_accounts, sizeof *p->slots);
    for (size_t i = 0; i < c->n_accounts; i++)
        if (p->job->chosen[i])
            p->slots[p->n++] = (struct slot){.account = &c->accounts[i],
                                             .index = i,
                                             .rest = BUF_INIT(EVENT_FRAME_MAX),
                                             .held = BUF_INIT(POOL_HELD_MAX),
                                             .end = BUF_INIT(POOL_HELD_MAX)};
    turns_init(&p->turns, c->n_accounts, p->job->jobs > 0 ? p->job->jobs : c->jobs, c->per_host);
    for (size_t i = 0; i < p->n; i++)
        add(p, i);
    turns_sort(&p->turns);
    p->fds = mem_zalloc(p->turns.limit + 1, sizeof *p->fds);
    p->which = mem_zalloc(p->turns.limit, sizeof *p->which);
    p->in = mem_alloc(READ_OCTETS);
}

static enum status empty(struct pool *p)
{
    enum status worst = ST_OK;

    for (size_t i = 0; i < p->n; i++) {
        worst = status_worst(worst, p->slots[i].status);
        buf_free(&p->slots[i].rest);
        buf_free(&p->slots[i].held);
        buf_free(&p->slots[i].end);
        buf_free(&p->slots[i].first);
    }
    if (p->root_fd >= 0)
        close(p->root_fd);
    turns_free(&p->turns);
    free(p->fds);
    free(p->which);
    free(p->in);
    free(p->slots);
    return worst;
}

enum status pool_run(const struct pool_job *job)
{
    struct pool p = {.job = job};

    fill(&p);
    if (p.n > 1)
        conn_prepare(p.slots[0].account->tls_ca_file);
    p.in_order_ms = clock_mono_ms() + ORDER_MS;
    hosts_start(&p.hosts, job->config, job->chosen);
    place(&p);
    look_at_end(&p);
    start_some(&p);
    while (p.n_running > 0 || turns_left(&p.turns) > 0) {
        wait_some(&p);
        look_at_end(&p);
        start_some(&p);
    }
    hosts_end(&p.hosts);
    pool_finish_rest(&p);
    return empty(&p);
}
