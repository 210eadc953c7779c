/* SPDX-License-Identifier: ISC */
/*
 * --adopt: enter the files of a Maildir into the journal as stored messages, by size and hash,
 * without UIDLs. What the server then lists is fetched once, recognised by its octets and given its
 * UIDL; only what is missing is stored. Age counts from now.
 */
#ifndef POPKEEP_RUN_ADOPT_H
#define POPKEEP_RUN_ADOPT_H

#include "popkeep/run/book.h"
#include "popkeep/store/maildir.h"

/* *n: files entered. Files already known by name are left as they are; a file equal to a record
 * whose own file is lost takes its place. */
int adopt_files(struct book *b, struct maildir *m, struct tell *t, uint64_t *n, struct err *e);

#endif
