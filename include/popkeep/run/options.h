/* SPDX-License-Identifier: ISC */
/*
 * What the command line asks of a run, and the numbers a run gives back.
 */
#ifndef POPKEEP_RUN_OPTIONS_H
#define POPKEEP_RUN_OPTIONS_H

#include "popkeep/base/status.h"
#include <stdbool.h>
#include <stdint.h>

enum run_command { RUN_FETCH, RUN_CHECK, RUN_VERIFY };

struct run_options {
    enum run_command command;
    bool dry_run;
    bool missing; /* fetch: store again what has no local file */
    bool adopt;   /* fetch: make state and Maildir belong together again */
    bool confirm_delete;
    bool server;    /* verify: ask the server too */
    bool named;     /* the account was named on the command line: no login pause */
    bool has_as_of; /* dry run: judge ages as if it were as_of */
    int64_t as_of;  /* unix s */
    int verbose;    /* -1 quiet, 0, 1 -v, 2 -vv, 3 -vvv: the wire */
};

/* One account's numbers, for its summary event. */
struct run_totals {
    uint64_t listed, listed_octets;
    uint64_t known;
    uint64_t fetched, fetched_octets;
    uint64_t matched;
    uint64_t failed;
    uint64_t left; /* listed and not stored when the session ended */
    uint64_t deleted;
    uint64_t gone;
    uint64_t due; /* due and still on the server */
    uint64_t held;
    uint64_t copy_missing, copy_changed;
    uint64_t read, not_stored; /* verify */
    uint64_t stored;           /* records with a message, at the end */
    int64_t next_due;          /* unix s: the first deletion to come, 0: none in sight */
    bool listed_any;           /* the mailbox was listed: `listed` means something */
    bool used_any;             /* how full it is was told, too */
    uint64_t used_octets;      /* before anything was deleted */
    uint64_t deleted_octets;   /* as listed */
};

#endif
