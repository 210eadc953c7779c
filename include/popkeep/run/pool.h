/* SPDX-License-Identifier: ISC */
/*
 * Many accounts: one worker process each (child.h), at most `jobs` at a time and `per_host` at one
 * address, the one that has been waiting longest first (turn.h, served.h); events come back over a
 * pipe, whole.
 *
 * A failure of one account never stops another, unless fail_fast asks for it. On SIGINT, SIGTERM,
 * SIGHUP and when max_time is over, workers are told to end and no new one starts; accounts that
 * were not begun are told of one by one, with ST_TEMP and the reason "not-begun".
 *
 * An account whose server wants some time between logins is left out while that is not over; one
 * whose mailbox was in use is tried once more if the others take that long.
 */
#ifndef POPKEEP_RUN_POOL_H
#define POPKEEP_RUN_POOL_H

#include "popkeep/config/config.h"
#include "popkeep/report/event.h"
#include "popkeep/run/options.h"

enum {
    POOL_GRACE_MS = 30000,       /* from "end" to SIGKILL, when max_time is over */
    POOL_IN_USE_MS = 10000,      /* before the second try of a mailbox that was in use */
    POOL_LOGIN_DELAY_WAIT_S = 30 /* so much of a LOGIN-DELAY is waited for */
};

struct pool_job {
    const struct config *config;
    const bool *chosen; /* a flag an account */
    const char *state_root;
    struct run_options options;
    bool json;
    bool is_a_set;  /* no account was named: what comes too early for its server is left out */
    bool fail_fast; /* the first failure that a later run would not mend lets no other one start */
    unsigned jobs;  /* 0: the configuration's */
    int64_t end_ms; /* clock_mono_ms: the end of max_time; 0: none */
    /* Called in the parent: for each event; and about every 100 ms while something runs. */
    void (*event)(void *ctx, const struct event *ev);
    void (*tick)(void *ctx);
    void *ctx;
};

/* The worst status. */
enum status pool_run(const struct pool_job *job);

#endif
