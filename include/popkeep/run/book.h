/* SPDX-License-Identifier: ISC */
/*
 * The account's state while its lock is held: folder, lock, ledger, journal, and the few ways in
 * which records are written. Belongs to one thread at a time: to the committing thread from
 * fetch_start to fetch_end, else to the main one.
 */
#ifndef POPKEEP_RUN_BOOK_H
#define POPKEEP_RUN_BOOK_H

#include "popkeep/ledger/plan.h"
#include "popkeep/run/tell.h"
#include "popkeep/store/journal.h"

struct book {
    char *dir;   /* state_dir/ACCOUNT */
    int dir_fd;  /* -1: there is no state yet (reader only) */
    int lock_fd; /* -1: reader */
    struct ledger *ledger;
    struct journal *journal;
    bool began; /* this run's B record was added */
    char boot_id[40];
};

/* The account's folder of state, `dir`, made with its parents if need be: its descriptor. */
int book_folder(const char *state_root, const char *account, const char *dir, struct err *e);

/* As writer: make the folder if needed, take the lock, sync, load, cut. As reader: whatever there
 * is, nothing changed. Warnings are told. book_close is due also after a failure. */
int book_open(struct book *b, const char *state_root, const char *account, bool write,
              struct tell *t, struct err *e);
void book_close(struct book *b);

/* Add a record of this time; the first of a run is preceded by the clocks (B). Only in memory until
 * journal_commit; for a reader only ever in memory, so that a dry run sees what a run would see. */
int book_add(struct book *b, struct record *r, struct err *e);

/* S with the entry's own stored_at (back on the list), or a new one. */
int book_stored(struct book *b, uint32_t index, int64_t stored_at, struct err *e);
int book_simple(struct book *b, enum record_kind kind, uint32_t index, struct err *e); /* V, G, D */
int book_quit(struct book *b, struct err *e);
int book_rekey(struct book *b, uint32_t index, struct sv uidl, uint64_t size, struct err *e);
int book_mark(struct book *b, const char *name, const char *value,
              struct err *e); /* nothing if it says so already */
bool book_mark_is(const struct book *b, const char *name, const char *value);
int book_commit(struct book *b, struct err *e); /* synced */

#endif
