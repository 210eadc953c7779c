/* SPDX-License-Identifier: ISC */
/*
 * Listing + ledger -> what to do with each listed message (the identity rule, popkeep(1) IDENTITY).
 * Pure.
 *
 * A UIDL only says that a download may be skipped: a listed message is skipped, and may be deleted,
 * only if its UIDL is recorded as stored with that same LIST size and is listed no more often than
 * it has records (states STORED and ASKED), with that size as well as in all. Everything else is
 * fetched, and what came is compared by SHA-256 with the records that no listed message stands for.
 * With the mark "sizes-drift" sizes are not compared.
 *
 * Order: settle every INTENT (recovery), then plan_make -> journal `gone` and `back` -> fetching:
 * plan_match for each message that came whole, and at once plan_settle with the record it gave, or,
 * as soon as the new entry is stored, with that -> plan_due -> plan_free.
 * The plan refers to the ledger by index and to messages by their position in the `messages` array
 * handed in, which must outlive it, as must the UIDLs in it.
 */
#ifndef POPKEEP_LEDGER_PLAN_H
#define POPKEEP_LEDGER_PLAN_H

#include "popkeep/ledger/retention.h"

/* One listed message; same layout as struct listed of the pop3 room on purpose (checked in run/).
 */
struct plan_message {
    uint32_t number;
    uint32_t uidl_n;  /* 0: none */
    const char *uidl; /* null: none */
    uint64_t size;    /* RECORD_NO_SIZE: not given */
};

enum plan_why {
    PLAN_KNOWN,      /* skip: `entry` says which record */
    PLAN_NEW,        /* fetch, as are all that follow: UIDL never seen */
    PLAN_NO_UIDL,    /* the server gave none */
    PLAN_NO_SIZE,    /* the server gave none */
    PLAN_OTHER_SIZE, /* UIDL known, none of its records has this size */
    PLAN_TOO_OFTEN,  /* UIDL listed more often than it has records: all its occurrences */
    PLAN_RETURNED,   /* UIDL of a message that was gone */
    PLAN_MISSING     /* known, but its file is missing (fetch --missing) */
};

struct plan_item {
    uint32_t entry; /* ledger index that stands for this message, or LEDGER_NONE. PLAN_MISSING and
                       not settled: the entry whose file is lost, for `replaces` */
    uint8_t why;    /* enum plan_why */
    bool settled; /* known from the beginning, or fetched and stored or re-keyed in this session */
};

struct plan {
    struct plan_item *items; /* one a message */
    size_t n;
    uint64_t fetch_n, fetch_octets; /* as planned; octets: sum of the sizes given */
    uint64_t known_n;
    uint32_t *gone; /* entries in state ASKED that are listed no more: journal G. None while any
                       message is listed without UIDL: it may be that one */
    size_t n_gone;
    uint32_t *back; /* entries in state ASKED that are listed again: journal S (same stored_at,
                       quits, asked_at) */
    size_t n_back;
    /* private */
    uint8_t *claimed; /* a bit an entry: a listed message stands for it */
    uint8_t *spent;   /* a bit an entry: nothing is unclaimed from it on, in its chain by content */
    size_t claimed_cap; /* octets of each */
    const struct plan_message *messages;
};

/* Linear in messages + entries, but for the sorting of those that share a UIDL. */
void plan_make(struct plan *p, const struct plan_message *messages, size_t n,
               const struct ledger *l);
void plan_free(struct plan *p);

/* Turn a known message into one to fetch, because its file is missing. Others stay as they are. */
void plan_refetch(struct plan *p, size_t item);

/* The record these octets are already stored under, which no listed message stands for: STORED
 * before ASKED before GONE, then the oldest. LEDGER_NONE: store it. An item planned as PLAN_MISSING
 * never matches its own record (it is to be stored again), but may match another: then journal a K
 * of its own record with neither UIDL nor size beside the K of the other, or both would stand for
 * this UIDL at the next listing. */
uint32_t plan_match(const struct plan *p, const struct ledger *l, size_t item,
                    const unsigned char wire_sha[HASH_OCTETS], uint64_t wire_octets);
/* From now on `entry` stands for the item. */
void plan_settle(struct plan *p, size_t item, uint32_t entry);

/* For the UIDL guard, after fetching: how many messages stand for records that were known before
 * this run, or before the hold while one stands (ledger_old_before); what was stored again because
 * its file was missing counts as known. */
uint64_t plan_old(const struct plan *p, const struct ledger *l);

/* The deletions, oldest stored first. `judge[i]` of each item is filled with the reason (array of
 * n); `order` with the item numbers that are RETENTION_DUE (caller's array of n), returns how many.
 * Applies max_delete and, when hold is not HOLD_NONE, turns DUE into HELD. Items that are not
 * settled are NOT_STORED. */
size_t plan_due(const struct plan *p, const struct ledger *l, const struct retention_policy *policy,
                enum retention_hold hold, enum retention_why *judge, uint32_t *order);

const char *plan_why_text(enum plan_why w); /* phrase for people */
const char *plan_why_word(enum plan_why w); /* stable word for JSON */

#endif
