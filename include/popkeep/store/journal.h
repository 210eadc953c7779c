/* SPDX-License-Identifier: ISC */
/*
 * The account's journal on disk: opened, extended group by group, compacted (popkeep-journal(5)).
 *
 * Files in the account's state folder: `journal`; `archive`, tombstones that compaction moved away,
 * same format; `journal.new`, a compaction that was not finished: worthless, removed at opening.
 *
 * Order, writer (holds the account's lock): journal_open(JOURNAL_WRITE), then any number of
 * journal_add and journal_commit, then journal_close. Reader: journal_open(JOURNAL_READ),
 * journal_close; it changes nothing and ignores a torn tail.
 *
 * journal_open as writer first syncs what is there (a killed run's last group may be in the page
 * cache only; acting on it and losing it to a power failure would double mail), then loads archive
 * and journal into the ledger, then cuts a torn tail.
 *
 * At most one group is ever unsynced, so that power can tear the last one only. Records wait in
 * memory until journal_commit. When the group before is not synced yet, journal_commit makes one
 * group of both in its place, and syncs that. After a failed or short write the file is cut back to
 * its last synced length, and the records wait for the next commit; nothing is lost from memory, so
 * ledger and file still agree. If the cut fails too, or a sync fails, the journal is poisoned:
 * every later call fails with ST_IO, and the next run's opening decides what was written.
 *
 * Errors: ST_DATA (damage before a whole group: file and line), ST_IO, ST_CANTCREATE.
 */
#ifndef POPKEEP_STORE_JOURNAL_H
#define POPKEEP_STORE_JOURNAL_H

#include "popkeep/ledger/ledger.h"

struct journal;

enum journal_mode { JOURNAL_READ, JOURNAL_WRITE };

/* `dir_fd`: the account's state folder (duplicated), `dir` its path, for messages. The ledger is
 * empty and stays the caller's; it must outlive the journal. A missing journal is an empty ledger:
 * a writer creates the file with the first commit and syncs file and folder then. `warnings` gets a
 * line for each torn tail that was cut or ignored. -1: *out is null, the ledger is of no use. */
int journal_open(struct journal **out, int dir_fd, const char *dir, enum journal_mode mode,
                 struct ledger *l, struct buf *warnings, struct err *e);

/* Apply to the ledger and remember for the next commit. -1: neither was done. */
int journal_add(struct journal *j, const struct record *r, struct err *e);
size_t journal_pending(const struct journal *j); /* records added and not yet written */

/* Write what was added as one group; with `sync`, return only when it is on the disk. A commit that
 * creates the file or finds the group before unsynced syncs in any case. Nothing added and (without
 * `sync`, or nothing unsynced): does nothing. */
int journal_commit(struct journal *j, bool sync, struct err *e);
uint64_t journal_syncs(const struct journal *j); /* syncs done since opening, for tests and bench */

/* When more than half of the lines, and more than 1,000, no longer matter (or with `force`): write
 * anew beside, sync, rename, sync the folder. Tombstones gone before `archive_before` (unix s) are
 * first appended to the archive and synced. *done says whether it was done. Only with nothing
 * pending. -1: the old journal is in force; or, if the last sync failed, the journal is poisoned.
 */
int journal_compact(struct journal *j, int64_t now, int64_t archive_before, bool force, bool *done,
                    struct err *e);

/* Pending records are dropped; null allowed. */
void journal_close(struct journal *j);

#endif
