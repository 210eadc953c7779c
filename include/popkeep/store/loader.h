/* SPDX-License-Identifier: ISC */
/*
 * A file of journal records, read as one piece of memory and applied to a ledger.
 *
 * Journals may have hundreds of megabytes. All but the last few are mapped and let go of while they
 * are read, so that they do not count as ours; the end is copied, because a writer may cut it off
 * under a reader's eyes, and touching a mapping behind the end of its file kills.
 */
#ifndef POPKEEP_STORE_LOADER_H
#define POPKEEP_STORE_LOADER_H

#include "popkeep/ledger/ledger.h"

struct loaded {
    uint64_t good;    /* octets up to the end of the last whole group */
    uint64_t length;  /* octets in the file; more than `good`: a torn tail */
    uint64_t records; /* in whole groups */
};

/* Apply the records of the regular file fd to the ledger. -1: ST_DATA with "PATH: line N ...", or
 * ST_IO. */
int loader_load(int fd, const char *path, struct ledger *l, bool from_archive, struct loaded *out,
                struct err *e);

#endif
