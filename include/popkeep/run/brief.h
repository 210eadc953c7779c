/* SPDX-License-Identifier: ISC */
/*
 * What `status` of many accounts and the metrics need of a journal, in a small file beside it: a
 * journal holds every message ever stored, and a thousand of them are not to be read every quarter
 * of an hour. The file only saves time: it is good as long as the journal is the one it was made
 * of, to the octet, and is written anew by every run.
 */
#ifndef POPKEEP_RUN_BRIEF_H
#define POPKEEP_RUN_BRIEF_H

#include "popkeep/run/book.h"

#define BRIEF_FILE "brief"

/* How many messages are stored, and how many are on their way into the Maildir. */
struct brief {
    int64_t stored, stored_octets, intents;
};
void brief_count(struct brief *b, const struct ledger *l);

/* At the end of a run, with everything committed. It may fail without harm. */
void brief_save(const struct book *b);
/* False: there is none, or not of this journal; then *l, which was empty, is of no use. */
bool brief_load(struct brief *b, struct ledger *l, int dir_fd);

#endif
