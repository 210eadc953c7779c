/* SPDX-License-Identifier: ISC */
/*
 * The queue of commands sent and not yet wholly answered: a POP3 server answers in the order of the
 * commands, so the oldest is the one whose answer comes next. A ring that grows as needed; how many
 * there may be is the caller's business (POP3_IN_FLIGHT_MAX). Used by pop3/engine.h.
 */
#ifndef POPKEEP_POP3_INFLIGHT_H
#define POPKEEP_POP3_INFLIGHT_H

#include "popkeep/pop3/engine.h"

struct pending {
    uint64_t tag;
    uint32_t number; /* of the message; 0: none */
    enum pop3_verb verb;
};

struct inflight { /* all zero: empty */
    struct pending *ring;
    size_t first, count, cap;
};

void inflight_free(struct inflight *q);
void inflight_add(struct inflight *q, struct pending p);
void inflight_drop(struct inflight *q); /* the oldest; there must be one */
/* Null when nothing is in flight; good until the next inflight_add. */
const struct pending *inflight_oldest(const struct inflight *q);

#endif
