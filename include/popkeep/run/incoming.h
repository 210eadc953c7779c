/* SPDX-License-Identifier: ISC */
/*
 * One message on its way in: hashed in both forms, its line ends converted without loss, cut into
 * parcels.
 *
 * A message up to QUEUE_SMALL stays in one parcel, which incoming_end returns. A larger one is
 * handed to `push` in pieces as it comes; incoming_end then returns its PARCEL_END. The caller
 * keeps what incoming_end returned until the message is proven whole.
 */
#ifndef POPKEEP_RUN_INCOMING_H
#define POPKEEP_RUN_INCOMING_H

#include "popkeep/base/err.h"
#include "popkeep/base/lineend.h"
#include "popkeep/run/queue.h"

struct incoming {
    int (*push)(void *ctx, struct parcel *p, struct err *e);
    void *ctx;
    bool want_lf;
    bool under_way;
    bool large;    /* pieces were pushed: a PARCEL_VOID or PARCEL_END is owed */
    bool verbatim; /* kept as it was on the wire */
    bool after_cr;
    bool dated; /* mtime was looked for */
    size_t item;
    struct parcel *parcel;
    struct lineend lineend;
    struct hash wire, file;
    uint64_t wire_octets, file_octets, bare_lf;
    int64_t mtime_s;
};

void incoming_init(struct incoming *in, int (*push)(void *, struct parcel *, struct err *),
                   void *ctx, bool want_lf);
void incoming_free(struct incoming *in);
void incoming_begin(struct incoming *in, size_t item);
int incoming_add(struct incoming *in, struct sv wire, struct err *e);
/* The parcel that makes the message whole; null with *e. A large message that is not ended and
 * confirmed is voided by the storing side when the next one begins or the queue ends. */
struct parcel *incoming_end(struct incoming *in, struct err *e);

#endif
