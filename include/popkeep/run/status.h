/* SPDX-License-Identifier: ISC */
/*
 * status: one account as its journal knows it, as an EVENT_STATUS; no network, no lock, nothing
 * written. Of the Maildir only the names are read: which stored messages have no file any more.
 */
#ifndef POPKEEP_RUN_STATUS_H
#define POPKEEP_RUN_STATUS_H

#include "popkeep/config/config.h"
#include "popkeep/run/tell.h"

/* -1: the journal cannot be read (ST_DATA, ST_IO). `now`: for "no success for 8 days". */
int status_account(const struct account *a, const char *state_root, int64_t now, struct tell *t,
                   struct err *e);

#endif
