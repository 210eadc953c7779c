/* SPDX-License-Identifier: ISC */
/*
 * The inside of struct journal, shared by journal.c and compact.c alone.
 *
 * The file is: `synced` octets known to be on the disk, then at most one group, ending at `end`,
 * that is written but not synced. `group` holds, without its end line, that group's records and
 * behind them those that wait for the next commit:
 *
 *     file:   |---- synced ----|-- in_file records --| E |          end
 *     group:                   |-- in_file records --|-- waiting --|
 */
#ifndef POPKEEP_STORE_JOURNAL_INSIDE_H
#define POPKEEP_STORE_JOURNAL_INSIDE_H

#include "popkeep/store/journal.h"

#define JOURNAL_NAME    "journal"
#define JOURNAL_NEW     "journal.new"
#define JOURNAL_ARCHIVE "archive"

struct journal {
    enum journal_mode mode;
    struct ledger *ledger;      /* the caller's */
    int dir_fd, fd, archive_fd; /* -1: there is no such file (yet) */
    char *dir, *path, *archive_path;
    struct group group;
    uint32_t in_file;
    size_t in_file_octets;
    uint64_t synced, end;
    uint64_t archive_length; /* synced octets of the archive */
    uint64_t lines;          /* records in the file */
    uint64_t syncs;
    bool made, archive_made; /* the file's name is on the disk */
    bool poisoned;
};

/* -1: not open for writing, or poisoned. */
int journal_usable(const struct journal *j, struct err *e);

#endif
