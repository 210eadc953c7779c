/* SPDX-License-Identifier: ISC */
/*
 * status: one account as its journal knows it, as an EVENT_STATUS between the account's start and
 * its end; no network, no lock, nothing written. Of the Maildir only the names are read: which
 * stored messages have no file any more.
 */
#ifndef POPKEEP_RUN_STATUS_H
#define POPKEEP_RUN_STATUS_H

#include "popkeep/config/config.h"
#include "popkeep/report/history.h"
#include "popkeep/run/tell.h"

/* `now`: for "no success for 8 days". Into `h` (null: not wanted) go the messages stored a day.
 * What keeps the journal from being read (ST_DATA, ST_IO) is told and returned; how the last run
 * ended is in the event and nowhere else. `brief` (without `h`): many accounts at a glance; what
 * can be told without reading every journal and every folder, so without EN_MISSING. */
enum status status_account(const struct account *a, const char *state_root, int64_t now, bool brief,
                           struct history *h, struct tell *t);

/* The same for a monitor: exactly one EVENT_STATUS to `emit`, whatever happens (a journal that
 * cannot be read has that as its status), nothing else; brief, and EN_FETCHED, EN_DELETED and
 * EN_LEFT are those of the last run. */
void status_figures(const struct account *a, const char *state_root, int64_t now,
                    void (*emit)(void *ctx, const struct event *ev), void *ctx);

#endif
