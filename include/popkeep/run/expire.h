/* SPDX-License-Identifier: ISC */
/*
 * Deleting what is due, window by window: the local copy is found and read again, the intent is
 * journalled and synced, then DELE is sent. Nothing is gone before QUIT was answered;
 * expire_quit_answered journals that.
 */
#ifndef POPKEEP_RUN_EXPIRE_H
#define POPKEEP_RUN_EXPIRE_H

#include "popkeep/config/config.h"
#include "popkeep/run/book.h"
#include "popkeep/run/options.h"
#include "popkeep/run/session.h"
#include "popkeep/store/finder.h"

struct expire {
    const struct account *account;
    const struct run_options *options;
    struct book *book;
    struct finder *finder;
    const struct plan *plan;
    const struct plan_message *messages;
    struct run_totals *totals;
    struct tell *tell;
    int64_t now;      /* ages are judged at this moment (--as-of) */
    bool sync_copies; /* a mail reader that moved a copy may have synced nothing: where a rename is
                         not one step on the disk, its new name is synced before D */
    enum retention_hold hold;
    /* filled */
    uint32_t *accepted; /* entries whose DELE was answered +OK */
    size_t n_accepted;
};

/* Judge all, check copies, delete. With options->dry_run nothing is sent or written: each message
 * is told with its reason. -1: the session is at its end (or the journal: ST_IO); no QUIT then. */
int expire_run(struct expire *x, struct session *s, struct err *e);
/* QUIT was answered +OK: log the deletions, journal Q. */
int expire_quit_answered(struct expire *x, struct err *e);
void expire_free(struct expire *x);

/* The log line of a deletion that only a later listing confirmed (QUIT's answer was lost). */
int expire_log_gone(struct book *b, const char *account, const uint32_t *entries, size_t n,
                    struct err *e);

#endif
