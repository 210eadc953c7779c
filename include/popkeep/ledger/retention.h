/* SPDX-License-Identifier: ISC */
/*
 * When is a server copy deleted? Every rule of it but the check of the local copy (run/expire).
 * Pure.
 *
 * Age = now - stored_at, stored_at being the moment our copy was durable; days of 86,400 s; no
 * header, no calendar. Guards hold back deletions, never downloads.
 *
 * Order in a run: retention_clock before anything is deleted, as early as one likes (records of
 * this run do not disturb it); retention_uidls after the listing was fetched; plan_due with what
 * the two found.
 */
#ifndef POPKEEP_LEDGER_RETENTION_H
#define POPKEEP_LEDGER_RETENTION_H

#include "popkeep/ledger/ledger.h"

enum {
    RETENTION_DAY_S = 86400,
    RETENTION_CLOCK_BACK_S = 3600, /* clock further than this before the newest record: held */
    RETENTION_CLOCK_AHEAD_S = 400 * 86400, /* further than this after the last run: held */
    RETENTION_CLOCK_JUMP_S = 3600,         /* wall clock and time since boot disagree by more */
    RETENTION_KEEPS_QUITS = 3,       /* still listed after so many QUITs: the server keeps it */
    RETENTION_KEEPS_RETRY_S = 86400, /* then asked again once a day */
    RETENTION_KNOWN_LEAST = 20       /* fewer known messages never hold by their UIDLs */
};

struct retention_policy {
    int64_t days;        /* < 0: never; 0: as soon as stored */
    uint64_t max_delete; /* UINT64_MAX: no limit */
    int64_t now;         /* unix s */
};

enum retention_why {
    RETENTION_DUE,
    RETENTION_NEVER, /* no retention_days */
    RETENTION_YOUNG,
    RETENTION_NOT_STORED,   /* not in state STORED */
    RETENTION_NO_UIDL,      /* lacks UIDL or size, in the listing or in the record: cannot be told
                               apart surely */
    RETENTION_SERVER_KEEPS, /* asked three times; not yet a day since the last */
    RETENTION_HELD,         /* see retention_hold */
    RETENTION_LIMIT,        /* over max_delete */
    RETENTION_COPY_MISSING, /* the last three are found by run/expire */
    RETENTION_COPY_CHANGED,
    RETENTION_REFUSED /* the server answered DELE with -ERR */
};

/* Judge one entry that a listed message stands for. Never gives HELD, LIMIT, COPY_* or REFUSED.
 * `has_uidl`, `has_size`: the listing gave this message one. */
enum retention_why retention_judge(const struct ledger_entry *en, bool has_uidl, bool has_size,
                                   const struct retention_policy *p);
/* Seconds until the age is reached (0: reached), for messages. INT64_MAX: never. */
int64_t retention_left_s(const struct ledger_entry *en, const struct retention_policy *p);
/* One phrase for people ("not yet 30 days stored" is built by the caller from left_s), and a stable
 * word for JSON. */
const char *retention_text(enum retention_why w);
const char *retention_word(enum retention_why w);

enum retention_hold {
    HOLD_NONE,
    HOLD_CLOCK_BACK,
    HOLD_CLOCK_AHEAD,
    HOLD_UIDLS_CHANGED,
    HOLD_UTF8 /* the first session's UTF8 choice could not be kept (run/ finds it) */
};

/* The clock guard: more than an hour before the newest record (ledger_newest), or more than 400
 * days after the last run that is believed (ledger_clock_trusted), is held until --confirm-delete
 * journals the mark "clock-ok" with `now`. A first run, with nothing recorded, is never held.
 * *jump: within this boot, wall clock and time since boot disagree by more than an hour with what
 * was recorded: the caller journals the mark "clock-jump" with `now`, which makes the records of
 * this boot count from now. That is no hold by itself. */
enum retention_hold retention_clock(const struct ledger *l, int64_t now, int64_t boot_s,
                                    struct sv boot_id, bool *jump);

/* The UIDL guard, after fetching: of `listed` messages, `old` stand for records that were known
 * before (plan_old: by UIDL or by content), `unknown` do not (listed - old). Held when at least 20
 * were known (ledger_run.known), fewer than half of that number are old ones and more than half of
 * the listing is unknown. The caller then sets the mark "hold" to retention_known(l); while it
 * stands, the answer is "held" until half of that number are old ones again; those stored since the
 * hold do not count, or the next run would let go. The caller clears the mark ("-") when the answer
 * is HOLD_NONE, or on --confirm-delete (and then does not ask in that run). */
enum retention_hold retention_uidls(const struct ledger *l, uint64_t listed, uint64_t old,
                                    uint64_t unknown);
/* The number of messages that were known: the mark "hold" while it stands, else what the last run
 * that saw any message left. */
uint64_t retention_known(const struct ledger *l);

/* What is wrong and what --confirm-delete means, in plain words: a whole text, its lines apart by
 * newlines. And a stable word for JSON. */
const char *retention_hold_text(enum retention_hold h);
const char *retention_hold_word(enum retention_hold h);

#endif
