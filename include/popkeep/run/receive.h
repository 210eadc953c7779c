/* SPDX-License-Identifier: ISC */
/*
 * Receiving what the plan wants: windows of RETR, octets into parcels, parcels into the queue.
 * A message is handed on only when what followed its end was a status line.
 */
#ifndef POPKEEP_RUN_RECEIVE_H
#define POPKEEP_RUN_RECEIVE_H

#include "popkeep/ledger/plan.h"
#include "popkeep/run/options.h"
#include "popkeep/run/queue.h"
#include "popkeep/run/session.h"

enum {
    /* Listed octets asked for and not yet here. What limits memory is the queue, not this: 64 MiB
     * keep a line of 1 GB/s busy over 50 ms, while 8 MiB held 500 MB at 1.45 times the time of the
     * wire. */
    RECEIVE_WINDOW_OCTETS = 64 * 1024 * 1024,
    RECEIVE_WINDOW = 2000 /* commands */
};

enum receive_when {
    RECEIVE_NOW,
    RECEIVE_LATE, /* a session ended at it: when all others are here and confirmed */
    RECEIVE_NOT
};

/* Fetch every item of the plan that is not known, in the order that `when` gives (an enum
 * receive_when an item, and from the last to the first; null: all RECEIVE_NOW, from the first).
 * 0: each was tried, and what came was committed (the queue is flushed): QUIT may be sent. -1: the
 * session or (queue_failed) the storing side is at its end: no QUIT. When the server broke the
 * protocol at the end of a message, s->voided says of which item; when the line was cut or silent,
 * s->cut says at which. Counts totals->failed. */
int receive_all(struct session *s, const struct plan *plan, const struct plan_message *messages,
                const uint8_t *when, struct queue *q, struct run_totals *totals, struct err *e);

#endif
