/* SPDX-License-Identifier: ISC */
/*
 * The account's journal on disk: opened, extended group by group, compacted (popkeep-journal(5)).
 *
 * Order, writer (holds the account's lock): journal_open(JOURNAL_WRITE) -> { journal_add ... journal_commit } -> journal_close.
 * Reader: journal_open(JOURNAL_READ) -> journal_close; it changes nothing and ignores a torn tail.
 *
 * journal_open as writer first syncs what is there (a killed run's last group may be in the page cache only; acting on it and
 * losing it to a power failure would double mail), then loads archive and journal into the ledger, then cuts a torn tail.
 *
 * At most one group is ever unsynced: records wait in memory until journal_commit, and a commit while the last group is unsynced
 * syncs both. After a failed or short write the file is cut back to the last synced length; if that fails too, or a sync
 * failed, the journal is poisoned: every later call fails with ST_IO.
 * Errors: ST_DATA (damage before a whole group: file and line), ST_IO, ST_CANTCREATE.
 */
#ifndef POPKEEP_STORE_JOURNAL_H
#define POPKEEP_STORE_JOURNAL_H

#include "popkeep/ledger/ledger.h"

struct journal;

enum journal_mode { JOURNAL_READ, JOURNAL_WRITE };

/* `dir_fd`: the account's state folder (duplicated), `dir` its path. A missing journal is an empty ledger (a writer creates the file
 * with the first commit, syncing the folder). `warnings`: a line each for a torn tail that was cut or ignored. */
int journal_open(struct journal **out, int dir_fd, const char *dir, enum journal_mode mode,
                 struct ledger *l, struct buf *warnings, struct err *e);

/* Apply to the ledger and remember for the next commit. */
int journal_add(struct journal *j, const struct record *r, struct err *e);
size_t journal_pending(const struct journal *j); /* records added and not yet written */
/* Write what was added as one group; with `sync`, return only when it is on the disk. Nothing added and nothing unsynced: does nothing. */
int journal_commit(struct journal *j, bool sync, struct err *e);
uint64_t journal_syncs(const struct journal *j);

/* When more than half of the lines (and 1,000) no longer matter: write anew beside, sync, rename, sync the folder; tombstones gone before
 * `archive_before` are first appended to `archive` and synced. *done says whether it was done. Only with nothing pending. A failure
 * leaves the old journal in force. */
int journal_compact(struct journal *j, int64_t now, int64_t archive_before, bool force, bool *done,
                    struct err *e);
void journal_close(struct journal *j); /* pending records are dropped; null allowed */

#endif
