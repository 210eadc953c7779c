/* SPDX-License-Identifier: ISC */
/*
 * Storing what is received, in batches: the only place that knows the order of the syncs.
 *
 *   files of the batch written in tmp/ -> synced -> journal: intents, synced -> names into new/ ->
 * new/ synced (= durable)
 *   -> journal: stored (rides on the next group)
 *
 * It runs in a thread of its own, so that creating, naming and syncing files overlaps with
 * receiving. From fetch_start to fetch_end that thread alone uses the book, the Maildir and the
 * plan's settling.
 */
#ifndef POPKEEP_RUN_FETCH_H
#define POPKEEP_RUN_FETCH_H

#include "popkeep/config/config.h"
#include "popkeep/run/book.h"
#include "popkeep/run/options.h"
#include "popkeep/run/queue.h"
#include "popkeep/store/finder.h"

struct fetch_job {
    const struct account *account;
    struct book *book;
    struct maildir *maildir;
    struct finder *finder; /* null unless --missing or quit_deletes: a record whose file is lost is
                              stored anew */
    bool quit_deletes;     /* what is retrieved (EXPIRE 0): so is one whose file has changed */
    struct plan *plan;
    const struct plan_message *messages;
    struct run_totals *totals;
    struct tell *tell;
};

struct fetch;
int fetch_start(struct fetch **out, const struct fetch_job *job, struct err *e);
struct queue *fetch_queue(struct fetch *f);
/* Commit what is whole, end the thread. -1: what stopped the storing side (ST_CANTCREATE, ST_IO,
 * ST_DATA). */
int fetch_end(struct fetch *f, struct err *e);

#endif
