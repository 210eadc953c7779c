/* SPDX-License-Identifier: ISC */
/*
 * Which accounts share a server: host names looked up, so that the limit per_host counts by
 * address.
 *
 * The look-ups happen in a process of their own, several at a time, since a resolver may block for
 * many seconds and a thread beside fork is a trap. A host that is not known yet is waited for; one
 * that cannot be looked up counts under its name. With one host name in all nothing is looked up.
 */
#ifndef POPKEEP_RUN_HOSTS_H
#define POPKEEP_RUN_HOSTS_H

#include "popkeep/config/config.h"
#include <sys/types.h>

struct hosts {
    struct host {
        const char *name; /* of the configuration */
        unsigned port;
        char *address; /* null: not known, or known by its name alone */
        int server;    /* number of the server, below n; -1: not known yet */
    } * v;
    size_t n;
    size_t *of; /* an account's host */
    int fd;     /* where answers come from, -1: none outstanding */
    pid_t pid;
};

/* `chosen`: a flag an account. */
void hosts_start(struct hosts *h, const struct config *c, const bool *chosen);
/* To be called when fd is readable. */
void hosts_read(struct hosts *h);
/* The number of the server that this account (of the configuration's) counts at, the same for the
 * same address; -1: not known yet. */
int hosts_server(const struct hosts *h, size_t account);
void hosts_end(struct hosts *h);

#endif
