/* SPDX-License-Identifier: ISC */
/*
 * After a crash: settle every intent (the table of popkeep-journal(5)), then sweep this account's
 * tmp/ files.
 */
#ifndef POPKEEP_RUN_RECOVER_H
#define POPKEEP_RUN_RECOVER_H

#include "popkeep/run/book.h"
#include "popkeep/store/finder.h"

/* With a book opened for reading nothing is touched: the intents are settled in memory only. */
int recover_intents(struct book *b, struct maildir *m, struct finder *f, struct tell *t,
                    struct err *e);

#endif
