/* SPDX-License-Identifier: ISC */
/*
 * The bounded queue between the thread that receives and the thread that stores.
 *
 * A small message travels as one parcel (its octets in the form they are stored in), a large one as
 * a series of pieces. The queue holds at most QUEUE_OCTETS of them, so that memory stays flat
 * however large the mailbox is.
 */
#ifndef POPKEEP_RUN_QUEUE_H
#define POPKEEP_RUN_QUEUE_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/hash.h"
#include <pthread.h>

enum {
    QUEUE_OCTETS = 4 * 1024 * 1024,
    QUEUE_PARCELS = 1024,
    QUEUE_SMALL = 256 * 1024 /* a message up to this is one parcel */
};

enum parcel_kind {
    PARCEL_MESSAGE, /* whole: octets and facts */
    PARCEL_BEGIN,   /* of a large message */
    PARCEL_PIECE,
    PARCEL_BROKEN, /* the line-end rule failed: turn what was written back into the wire form */
    PARCEL_END,    /* facts; the message is whole */
    PARCEL_VOID,   /* the large message came to nothing */
    PARCEL_FLUSH,  /* commit what there is and say so (queue_wait_flushed) */
    PARCEL_STOP
};

struct parcel {
    enum parcel_kind kind;
    size_t item;       /* of the plan */
    struct buf octets; /* owned */
    uint64_t wire_octets, file_octets;
    uint64_t crlf_octets; /* if every line end were CRLF: the W= of the file's name */
    unsigned char wire_sha[HASH_OCTETS], file_sha[HASH_OCTETS];
    int64_t mtime_s;
    struct parcel *next;
};

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct parcel *head, *tail;
    size_t n, octets;
    uint64_t flushes_asked, flushes_done;
    bool failed; /* the storing side has given up: nothing is taken any more */
};

void queue_init(struct queue *q);
void queue_end(struct queue *q); /* frees what is left */

struct parcel *parcel_new(enum parcel_kind kind, size_t item);
void parcel_free(struct parcel *p);

/* Receiving side. 1: taken (the queue owns it now); 0: still full after wait_ms; -1: the other side
 * has given up (p is not taken). */
int queue_push(struct queue *q, struct parcel *p, int wait_ms);
/* Has the last PARCEL_FLUSH been done? 1, 0 after wait_ms, -1 given up. */
int queue_wait_flushed(struct queue *q, int wait_ms);
bool queue_failed(struct queue *q);

/* Storing side. The next parcel (caller owns it), or null after wait_ms (< 0: no limit) or once the
 * queue has failed and is empty. */
struct parcel *queue_pop(struct queue *q, int wait_ms);
void queue_flushed(struct queue *q);
void queue_fail(struct queue *q);

#endif
