/* SPDX-License-Identifier: ISC */
/*
 * Many accounts: one worker process each, at most `jobs` at a time and `per_host` at one address;
 * events come back over a pipe, whole.
 *
 * A worker loads its account's password itself, with the rights popkeep was started with, before it
 * becomes another user and gives up what it does not need: so a password command that hangs holds
 * up one account. Only what is typed is asked for by the parent, question by question. A failure of
 * one account never stops another. On SIGINT, SIGTERM, SIGHUP workers are told to end and no new
 * one starts.
 */
#ifndef POPKEEP_RUN_POOL_H
#define POPKEEP_RUN_POOL_H

#include "popkeep/config/config.h"
#include "popkeep/report/event.h"
#include "popkeep/run/options.h"

struct pool_job {
    const struct config *config;
    const bool *chosen; /* a flag an account */
    const char *state_root;
    struct run_options options;
    bool json;
    unsigned jobs; /* 0: the configuration's */
    /* Called in the parent: for each event; and about every 100 ms while something runs. */
    void (*event)(void *ctx, const struct event *ev);
    void (*tick)(void *ctx);
    void *ctx;
};

/* The worst status. *n_failed: accounts whose status was not 0. */
enum status pool_run(const struct pool_job *job, uint64_t *n_failed);

#endif
