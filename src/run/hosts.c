/* SPDX-License-Identifier: ISC */
/* Addresses of the configured hosts, one fixed-size answer each over a pipe. */
#include "popkeep/run/hosts.h"

#include "popkeep/base/mem.h"
#include "popkeep/sys/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct answer {
    size_t index;
    char address[CONN_ADDRESS_MAX]; /* "" : not to be had */
};

static struct host *find(const struct hosts *h, const struct account *a)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->v[i].port == a->port && strcmp(h->v[i].name, a->host) == 0)
            return &h->v[i];
    return NULL;
}

static void by_name(struct host *host)
{
    (void)snprintf(host->key, sizeof host->key, "%s:%u", host->name, host->port);
}

static void give_up(struct hosts *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->v[i].key[0] == '\0')
            by_name(&h->v[i]);
}

static void answer_all(const struct hosts *h, int fd) __attribute__((noreturn));
static void answer_all(const struct hosts *h, int fd)
{
    signals_reset_for_child();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < h->n; i++) {
        struct answer a = {.index = i};
        if (conn_host_address(a.address, h->v[i].name, h->v[i].port) < 0)
            a.address[0] = '\0';
        if (write(fd, &a, sizeof a) !=
            (ssize_t)sizeof a) /* less than PIPE_BUF: whole or not at all */
            break;
    }
    _exit(0);
}

static void collect(struct hosts *h, const struct config *c, const bool *chosen)
{
    h->v = mem_zalloc(c->n_accounts, sizeof *h->v);
    for (size_t i = 0; i < c->n_accounts; i++) {
        const struct account *a = &c->accounts[i];
        if (chosen[i] && find(h, a) == NULL)
            h->v[h->n++] = (struct host){.name = a->host, .port = a->port};
    }
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
    if (a.address[0] == '\0')
        by_name(&h->v[a.index]);
    else
        (void)snprintf(h->v[a.index].key, sizeof h->v[a.index].key, "%s", a.address);
}

const char *hosts_key(const struct hosts *h, const struct account *a)
{
    const struct host *host = find(h, a);

    return host == NULL || host->key[0] == '\0' ? NULL : host->key;
}

void hosts_end(struct hosts *h)
{
    if (h->pid > 0)
        kill(h->pid, SIGKILL);
    reap(h);
    free(h->v);
    h->v = NULL;
    h->n = 0;
}
