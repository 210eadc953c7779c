/* SPDX-License-Identifier: ISC */
/*
 * State and Maildir belong together: the journal's header carries a random id that also stands in
 * MAILDIR/popkeep-ACCOUNT.id. One half without the other (an unmounted disk, a lost state folder, a
 * renamed account, another server under the same name) stops before connecting with ST_CONFIG,
 * naming both paths and the remedy.
 */
#ifndef POPKEEP_RUN_PAIRING_H
#define POPKEEP_RUN_PAIRING_H

#include "popkeep/config/config.h"
#include "popkeep/run/book.h"
#include "popkeep/store/maildir.h"

/* Open the Maildir that belongs to the book. As writer a new pair is made (journal header first,
 * then the folder and its id): only while the journal holds no stored message. With `adopt`
 * whatever stands is bound together and the Maildir's files are indexed by size and hash. As reader
 * (`write` false) nothing is made; *m is null for an account that was never used. */
int pairing_open(struct maildir **m, const struct account *a, struct book *b, bool write,
                 bool adopt, struct tell *t, struct err *e);

#endif
