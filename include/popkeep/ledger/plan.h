/* SPDX-License-Identifier: ISC */
/*
 * Listing + ledger -> what to do with each listed message (the identity rule, popkeep(1) IDENTITY).
 * Pure.
 *
 * A UIDL only says that a download may be skipped: a listed message is skipped, and may be deleted,
 * only if its UIDL is recorded as stored with that same LIST size and is listed no more often than
 * it has records. Everything else is fetched, and what came is compared by SHA-256 with the records
 * that no listed message stands for.
 *
 * Order: plan_make -> (fetching: plan_match for each message that came whole, then plan_settle) ->
 * plan_due -> plan_free. The plan refers to the ledger by index and to messages by their position
 * in the `messages` array handed in. Known to this room only as plain values, the listing is an
 * array of struct plan_message.
 */
#ifndef POPKEEP_LEDGER_PLAN_H
#define POPKEEP_LEDGER_PLAN_H

#include "popkeep/ledger/retention.h"

/* One listed message; same layout as struct listed of the pop3 room on purpose (checked in run/).
 */
struct plan_message {
    uint32_t number;
    uint32_t uidl_n;
    const char *uidl;
    uint64_t size;
};

enum plan_why {
    PLAN_KNOWN, /* skip: entry[] says which record */
    PLAN_NEW,   /* fetch, as are all that follow: UIDL never seen */
    PLAN_NO_UIDL,
    PLAN_NO_SIZE,
    PLAN_OTHER_SIZE, /* UIDL known, none of its records has this size */
    PLAN_TOO_OFTEN,  /* UIDL listed more often than it has records */
    PLAN_RETURNED,   /* UIDL of a message that was gone */
    PLAN_MISSING     /* known, but its file is missing (fetch --missing) */
};

struct plan_item {
    uint32_t entry; /* ledger index that stands for this message, or LEDGER_NONE */
    uint8_t why;    /* enum plan_why */
    bool settled; /* fetched and stored or re-keyed in this session, or known from the beginning */
};

struct plan {
    struct plan_item *items; /* one a message */
    size_t n;
    uint64_t fetch_n, fetch_octets; /* octets: sum of the sizes given */
    uint64_t known_n;
    uint32_t *gone; /* entries in state ASKED that are listed no more: journal G */
    size_t n_gone;
    uint32_t *back; /* entries in state ASKED that are listed again: journal S (same stored_at,
                       quits, asked_at) */
    size_t n_back;
    /* private */
    uint8_t *claimed; /* a bit an entry: a listed message stands for it */
    size_t claimed_cap;
    const struct plan_message *messages;
};

void plan_make(struct plan *p, const struct plan_message *messages, size_t n,
               const struct ledger *l);
void plan_free(struct plan *p);

/* Turn a known message into one to fetch, because its file is missing. */
void plan_refetch(struct plan *p, size_t item);

/* The record these octets are already stored under, which no (other) listed message stands for;
 * LEDGER_NONE: store it. An item planned as PLAN_MISSING never matches its own record (it is to be
 * stored again). */
uint32_t plan_match(const struct plan *p, const struct ledger *l, size_t item,
                    const unsigned char wire_sha[HASH_OCTETS], uint64_t wire_octets);
/* From now on `entry` stands for the item. */
void plan_settle(struct plan *p, size_t item, uint32_t entry);

/* The deletions, oldest stored first. `judge[i]` of each item is filled with the reason (array of
 * n); `order` with the item numbers that are RETENTION_DUE (caller's array of n), returns how many.
 * Applies max_delete and, when hold is not HOLD_NONE, turns DUE into HELD. */
size_t plan_due(const struct plan *p, const struct ledger *l, const struct retention_policy *policy,
                enum retention_hold hold, enum retention_why *judge, uint32_t *order);

const char *plan_why_text(enum plan_why w); /* phrase for people */
const char *plan_why_word(enum plan_why w); /* stable word for JSON */

#endif
