/* SPDX-License-Identifier: ISC */
/*
 * delayrelay --port-file F --to PORT --rtt MS [--window OCTETS]: a distant server on loopback. It
 * listens on a free port of 127.0.0.1 and passes each connection on to PORT there; what comes is
 * held for half the round trip in each direction, at whatever speed it comes; it looks 2,000 times
 * a second, for a line takes no processor time from those at its ends. At most `window` octets
 * (64 MiB) wait in a direction. TCP's own handshake, which happens at once here, is made up
 * for: nothing a client sends counts as sent before one round trip after it has connected.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, PAIRS_MAX = 256, TICK_NS = 500 * 1000 };

struct chunk {
    struct chunk *next;
    int64_t due_ns;
    size_t n, off;
    char octets[CHUNK];
};

struct way { /* one direction of a connection */
    struct chunk *head, *tail;
    size_t waiting;
    int64_t eof_ns; /* 0: not seen; else when it arrives */
    bool closed;
};

struct pair {
    int fd[2]; /* client, server */
    struct way way[2];
    int64_t open_ns; /* when the client's handshake would be over */
};

static struct pair *pairs[PAIRS_MAX];
static size_t n_pairs;
static struct chunk *spare;
static int64_t half_ns;
static size_t window = 64 * 1024 * 1024;

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct chunk *take_chunk(void)
{
    struct chunk *c = spare;

    if (c)
        spare = c->next;
    else if (!(c = malloc(sizeof *c)))
        die("memory");
    c->next = NULL;
    c->off = 0;
    return c;
}

static void give_chunk(struct chunk *c)
{
    c->next = spare;
    spare = c;
}

/* What is there, a chunk of it: 1; 0: nothing more for now; -1: the connection is broken. */
static int take_chunk_in(struct pair *p, int from)
{
    struct way *w = &p->way[from];
    int64_t now = now_ns() - TICK_NS / 2; /* it came between two looks */
    struct chunk *c = take_chunk();
    ssize_t k = recv(p->fd[from], c->octets, CHUNK, MSG_DONTWAIT);

    if (now < p->open_ns)
        now = p->open_ns;
    if (k <= 0) {
        give_chunk(c);
        if (k < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        w->eof_ns = now + half_ns;
        return 0;
    }
    c->n = (size_t)k;
    c->due_ns = now + half_ns;
    if (w->tail)
        w->tail->next = c;
    else
        w->head = c;
    w->tail = c;
    w->waiting += c->n;
    return 1;
}

static int take_in(struct pair *p, int from)
{
    int rc = 1;

    while (rc > 0 && p->way[from].waiting < window)
        rc = take_chunk_in(p, from);
    return rc < 0 ? -1 : 0;
}

static int give_out(struct pair *p, int from)
{
    struct way *w = &p->way[from];
    int to = p->fd[!from];

    while (w->head && w->head->due_ns <= now_ns()) {
        struct chunk *c = w->head;
        ssize_t k = send(to, c->octets + c->off, c->n - c->off, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (k < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        c->off += (size_t)k;
        w->waiting -= (size_t)k;
        if (c->off < c->n)
            return 0;
        w->head = c->next;
        if (!w->head)
            w->tail = NULL;
        give_chunk(c);
    }
    if (!w->head && w->eof_ns && w->eof_ns <= now_ns() && !w->closed) {
        w->closed = true;
        shutdown(to, SHUT_WR);
    }
    return 0;
}

static void drop(size_t i)
{
    struct pair *p = pairs[i];

    for (int k = 0; k < 2; k++) {
        close(p->fd[k]);
        while (p->way[k].head) {
            struct chunk *c = p->way[k].head;

            p->way[k].head = c->next;
            give_chunk(c);
        }
    }
    free(p);
    pairs[i] = pairs[--n_pairs];
}

static void add(int listener, const struct sockaddr_in *to)
{
    struct pair *p = calloc(1, sizeof *p);
    int yes = 1;

    if (!p)
        die("memory");
    p->fd[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    p->fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->fd[0] < 0 || p->fd[1] < 0 || n_pairs == PAIRS_MAX ||
        connect(p->fd[1], (const struct sockaddr *)to, sizeof *to) < 0) {
        close(p->fd[0]);
        close(p->fd[1]);
        free(p);
        return;
    }
    for (int k = 0; k < 2; k++)
        setsockopt(p->fd[k], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    p->open_ns = now_ns() + 2 * half_ns;
    pairs[n_pairs++] = p;
}

/* What to wait for; *wake becomes the earliest time at which something falls due. */
static void wishes(const struct pair *p, struct pollfd fds[2], int64_t *wake)
{
    int64_t now = now_ns();

    for (int k = 0; k < 2; k++)
        fds[k] = (struct pollfd){.fd = p->fd[k]};
    for (int k = 0; k < 2; k++) {
        const struct way *w = &p->way[k];
        int64_t due = w->head ? w->head->due_ns : w->closed ? 0 : w->eof_ns;

        if (!w->eof_ns && w->waiting < window)
            fds[k].events |= POLLIN;
        if (w->head && due <= now)
            fds[!k].events |= POLLOUT;
        else if (due && (*wake == 0 || due < *wake))
            *wake = due;
    }
    /* poll() tells of a hang-up unasked: a descriptor nothing is wanted of is left out */
    for (int k = 0; k < 2; k++)
        if (!fds[k].events)
            fds[k].fd = -1;
}

static int work(struct pair *p, const struct pollfd fds[2])
{
    for (int k = 0; k < 2; k++) {
        bool readable = fds[k].fd >= 0 && fds[k].revents & (POLLIN | POLLHUP | POLLERR);

        if (readable && fds[k].events & POLLIN && take_in(p, k) < 0)
            return -1;
        if (give_out(p, k) < 0)
            return -1;
    }
    return p->way[0].closed && p->way[1].closed ? -1 : 0;
}

static _Noreturn void loop(int listener, const struct sockaddr_in *to)
{
    static struct pollfd fds[1 + 2 * PAIRS_MAX];

    for (;;) {
        size_t n = n_pairs;
        int64_t wake = 0;
        struct timespec t = {0};

        fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (size_t i = 0; i < n; i++)
            wishes(pairs[i], &fds[1 + 2 * i], &wake);
        if (wake) {
            int64_t left = wake - now_ns();

            left = left < 0 ? 0 : left;
            t = (struct timespec){.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
        }
        if (ppoll(fds, 1 + 2 * n, wake ? &t : NULL, NULL) < 0 && errno != EINTR)
            die("ppoll");
        nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
        for (size_t i = n; i-- > 0;)
            if (work(pairs[i], &fds[1 + 2 * i]) < 0)
                drop(i);
        if (fds[0].revents & POLLIN)
            add(listener, to);
    }
}

static void write_port(const char *path, unsigned port)
{
    char aside[4096];
    FILE *f;

    snprintf(aside, sizeof aside, "%s.tmp", path);
    f = fopen(aside, "w");
    if (!f || fprintf(f, "%u\n", port) < 0 || fclose(f) || rename(aside, path) < 0)
        die(path);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"port-file", 1, 0, 'f'},
                                          {"to", 1, 0, 't'},
                                          {"rtt", 1, 0, 'r'},
                                          {"window", 1, 0, 'w'},
                                          {0, 0, 0, 0}};
    struct sockaddr_in here = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    socklen_t len = sizeof here;
    const char *port_file = NULL;
    int c, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (c == 'f')
            port_file = optarg;
        else if (c == 't')
            to.sin_port = htons((uint16_t)strtoul(optarg, NULL, 10));
        else if (c == 'r')
            half_ns = strtoll(optarg, NULL, 10) * 1000000 / 2;
        else if (c == 'w')
            window = strtoull(optarg, NULL, 10);
        else
            return 64;
    }
    if (!port_file || !to.sin_port)
        return 64;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    here.sin_addr.s_addr = to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&here, sizeof here) < 0 ||
        listen(listener, 64) < 0 || getsockname(listener, (struct sockaddr *)&here, &len) < 0)
        die("listen");
    write_port(port_file, ntohs(here.sin_port));
    loop(listener, &to);
}
