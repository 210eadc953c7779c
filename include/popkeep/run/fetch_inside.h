/* SPDX-License-Identifier: ISC */
/*
 * What the two threads of a fetch share: writing.c fills a batch with files in tmp/ while fetch.c
 * commits the one before. Only those two include this.
 *
 * The committing thread alone writes the journal and changes the ledger; it does so under
 * `ledger_lock`, which it never holds while it waits for the disk. The writing thread looks at the
 * ledger and claims records in the plan under the same lock.
 */
#ifndef POPKEEP_RUN_FETCH_INSIDE_H
#define POPKEEP_RUN_FETCH_INSIDE_H

#include "popkeep/run/fetch.h"

#define BATCH_NO_FILE SIZE_MAX

#ifndef FETCH_BATCH_FILES /* the tests build with smaller ones */
#define FETCH_BATCH_FILES 2000
#endif

/* One message that came whole. */
struct batch_message {
    size_t item;   /* of the plan */
    size_t file;   /* in batch.files, or BATCH_NO_FILE: stored already, as `same` */
    uint32_t same; /* ledger index */
    uint32_t
        lost; /* ledger index of the record whose lost file this one replaces, or LEDGER_NONE */
    uint32_t
        unfiled; /* record that stands for the item by its UIDL and has no file, or LEDGER_NONE */
    uint32_t id; /* of its intent */
    uint64_t wire_octets;
    unsigned char wire_sha[HASH_OCTETS], file_sha[HASH_OCTETS];
};

struct batch {
    struct batch_message *v;
    size_t n, limit;
    struct maildir_file *files; /* finished in tmp/; as many as limit */
    size_t n_files;
    uint64_t octets;
    int64_t since_ms; /* when its first message came */
    bool flush;       /* tell the receiving side when it is committed */
};

struct fetch {
    struct fetch_job job;
    struct queue queue;
    pthread_t writer, committer;
    pthread_mutex_t ledger_lock;
    /* handing over: `filling` belongs to the writer, `full` to the committer while it is not null
     */
    pthread_mutex_t hand_lock;
    pthread_cond_t handed;
    struct batch batches[2];
    struct batch *filling, *full;
    bool no_more; /* the writer has ended */
    bool failed;
    struct err error; /* the first one of either thread */
};

/* The writing thread (writing.c). */
void *fetch_writer(void *fetch);
/* Give the filling batch away and take the other one; waits for the commit before. -1: that failed.
 */
int fetch_hand_over(struct fetch *f);
/* Something ended the storing: remember why, take no more parcels. */
void fetch_fail(struct fetch *f, const struct err *e);

#endif
