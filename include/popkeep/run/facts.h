/* SPDX-License-Identifier: ISC */
/*
 * What a run saw of the mailbox and the server, kept as marks of the journal for `status` and
 * `report` (popkeep-journal(5)): what is due, how full the mailbox is, until when the certificate
 * is valid. A mark that would say the same again is not written.
 *
 * Writer: facts_connected for each session, then facts_mark before the run's record.
 */
#ifndef POPKEEP_RUN_FACTS_H
#define POPKEEP_RUN_FACTS_H

#include "popkeep/net/conn.h"
#include "popkeep/pop3/listing.h"
#include "popkeep/run/account.h"

/* The certificate that this session's server showed; warns once of one that ends soon, unless a
 * pinned key makes its dates irrelevant. */
int facts_connected(struct worker *w, const struct conn_info *info, struct err *e);
/* How full the mailbox is: as STAT says, or the sum of LIST where STAT says nothing. */
void facts_listed(struct run_totals *n, const struct listing *l);
int facts_mark(struct worker *w, struct err *e);

/* What the marks tell; EVENT_UNSET where it is not known. */
struct facts {
    int64_t due, next_due;         /* messages; unix s, unknown too when none is to come */
    int64_t messages, used_octets; /* in the mailbox, as the last run left it */
    int64_t certificate_ends;      /* unix s */
};
void facts_read(struct facts *f, const struct ledger *l);

#endif
