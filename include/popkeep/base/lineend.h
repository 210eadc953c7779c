/* SPDX-License-Identifier: ISC */
/*
 * Line ends of a message on its way from the wire (CRLF) to a file (LF), without loss.
 *
 * The LF form is kept only as long as every CR was followed by LF and every LF preceded by CR;
 * then the wire form can be had back octet for octet by lineend_restore. At the first exception
 * the message is "broken": it is stored as it was on the wire, all of it.
 *
 * Order: lineend_init; lineend_add for each chunk, in any split, in order; lineend_end.
 * When lineend_add or lineend_end returns LINEEND_BROKEN the wire form of the message is
 *
 *     lineend_restore(all that was put out so far)     l->clean octets on the wire
 *   + lineend_held(l)                                  "\r" or nothing
 *   + *rest                                            what is left of this chunk
 *   + every later chunk as it comes                    (not fed to lineend_add any more)
 *
 * A CR at the end of a chunk is held until the next chunk tells what it is. Nothing here owns
 * memory; a struct lineend needs no freeing.
 */
#ifndef POPKEEP_BASE_LINEEND_H
#define POPKEEP_BASE_LINEEND_H

#include "popkeep/base/bytes.h"

enum lineend_result {
    LINEEND_CLEAN = 0,  /* the whole chunk was taken */
    LINEEND_BROKEN = 1, /* see above; stays so until lineend_init */
    LINEEND_FULL = -1   /* the maximum of `out` forbids it: nothing was taken, nothing put out */
};

struct lineend {
    uint64_t clean; /* wire octets whose LF form was put out; a held CR is not among them */
    bool held;      /* a CR was taken and not put out */
    bool broken;
};

void lineend_init(struct lineend *l);

/* Append the LF form of `wire` to `out` (never more octets than wire.n; `out` must have that
 * much room below its maximum). *rest is set to what was not taken: empty when clean. */
enum lineend_result lineend_add(struct lineend *l, struct sv wire, struct buf *out,
                                struct sv *rest);

/* The message is over: LINEEND_BROKEN if it ended with a lone CR (still in lineend_held). */
enum lineend_result lineend_end(struct lineend *l);

/* The octet between the clean prefix and *rest: "\r" or nothing. */
struct sv lineend_held(const struct lineend *l);

/* Append the wire form of a piece of LF form: every LF becomes CRLF. Each piece stands for itself,
 * in any split. -1: the maximum of `out` forbids it, nothing was added. */
int lineend_restore(struct buf *out, struct sv lf);

#endif
