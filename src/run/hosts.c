/* SPDX-License-Identifier: ISC */
/* Addresses of the configured hosts, one fixed-size answer each over a pipe. */
#include "popkeep/run/hosts.h"

#include "popkeep/base/mem.h"
#include "popkeep/net/conn.h"
#include "popkeep/sys/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_UPS = 16 };

struct answer {
    size_t index;
    char address[CONN_ADDRESS_MAX]; /* "" : not to be had */
};

/* It counts by itself. */
static void by_name(struct hosts *h, size_t i)
{
    h->v[i].server = (int)i;
}

static void by_address(struct hosts *h, size_t i, const char *address)
{
    h->v[i].address = mem_strdup(address);
    h->v[i].server = (int)i;
    for (size_t k = 0; k < h->n; k++)
        if (k != i && h->v[k].address != NULL && strcmp(h->v[k].address, address) == 0) {
            h->v[i].server = h->v[k].server;
            return;
        }
}

static void give_up(struct hosts *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->v[i].server < 0)
            by_name(h, i);
}

/* What the threads of the process that looks up share. */
struct look_up {
    const struct hosts *hosts;
    int fd;
    atomic_size_t next;
};

static void *answer_some(void *look_up)
{
    struct look_up *l = look_up;
    size_t i;

    while ((i = atomic_fetch_add(&l->next, 1)) < l->hosts->n) {
        const struct host *host = &l->hosts->v[i];
        struct answer a = {.index = i};
        if (conn_host_address(a.address, host->name, host->port) < 0)
            a.address[0] = '\0';
        /* less than PIPE_BUF: whole or not at all */
        if (write(l->fd, &a, sizeof a) != (ssize_t)sizeof a)
            break;
    }
    return NULL;
}

/* Several at a time: a name whose servers are dead takes half a minute, and the others must not
 * wait for it. */
static void answer_all(const struct hosts *h, int fd) __attribute__((noreturn));
static void answer_all(const struct hosts *h, int fd)
{
    struct look_up l = {.hosts = h, .fd = fd};
    pthread_t threads[LOOK_UPS];
    size_t n = 0;

    signals_reset_for_child();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (n < LOOK_UPS && n + 1 < h->n && pthread_create(&threads[n], NULL, answer_some, &l) == 0)
        n++;
    (void)answer_some(&l);
    for (size_t i = 0; i < n; i++)
        (void)pthread_join(threads[i], NULL);
    _exit(0);
}

static int by_host(const void *x, const void *y)
{
    const struct account *const a = *(const struct account *const *)x;
    const struct account *const b = *(const struct account *const *)y;
    int order = strcmp(a->host, b->host);

    return order != 0 ? order : (a->port > b->port) - (a->port < b->port);
}

/* Sorted, accounts with one host are neighbours. */
static void collect(struct hosts *h, const struct config *c, const bool *chosen)
{
    const struct account **sorted = mem_zalloc(c->n_accounts, sizeof *sorted);
    size_t n = 0;

    h->v = mem_zalloc(c->n_accounts, sizeof *h->v);
    h->of = mem_zalloc(c->n_accounts, sizeof *h->of);
    for (size_t i = 0; i < c->n_accounts; i++)
        if (chosen[i])
            sorted[n++] = &c->accounts[i];
    qsort(sorted, n, sizeof *sorted, by_host);
    for (size_t k = 0; k < n; k++) {
        const struct account *a = sorted[k];
        if (k == 0 || by_host(&sorted[k - 1], &sorted[k]) != 0)
            h->v[h->n++] = (struct host){.name = a->host, .port = a->port, .server = -1};
        h->of[a - c->accounts] = h->n - 1;
    }
    free(sorted);
}

void hosts_start(struct hosts *h, const struct config *c, const bool *chosen)
{
    int fds[2];

    *h = (struct hosts){.fd = -1, .pid = -1};
    collect(h, c, chosen);
    if (h->n <= 1 || pipe2(fds, O_CLOEXEC) < 0) {
        give_up(h);
        return;
    }
    h->pid = fork();
    if (h->pid == 0) {
        close(fds[0]);
        answer_all(h, fds[1]);
    }
    close(fds[1]);
    if (h->pid < 0) {
        close(fds[0]);
        give_up(h);
        return;
    }
    h->fd = fds[0];
}

static void reap(struct hosts *h)
{
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
    while (h->pid > 0 && waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    h->pid = -1;
}

void hosts_read(struct hosts *h)
{
    struct answer a;
    ssize_t k = read(h->fd, &a, sizeof a);

    if (k < 0 && errno == EINTR)
        return;
    if (k != (ssize_t)sizeof a || a.index >= h->n) {
        give_up(h);
        reap(h);
        return;
    }
    a.address[sizeof a.address - 1] = '\0';
    if (h->v[a.index].server >= 0)
        return;
    if (a.address[0] == '\0')
        by_name(h, a.index);
    else
        by_address(h, a.index, a.address);
}

int hosts_server(const struct hosts *h, size_t account)
{
    return h->v[h->of[account]].server;
}

void hosts_end(struct hosts *h)
{
    if (h->pid > 0)
        kill(h->pid, SIGKILL);
    reap(h);
    for (size_t i = 0; i < h->n; i++)
        free(h->v[i].address);
    free(h->v);
    free(h->of);
    *h = (struct hosts){.fd = -1, .pid = -1};
}
