/* SPDX-License-Identifier: ISC */
/*
 * When is a server copy deleted? Every rule of it but the check of the local copy (run/expire).
 * Pure.
 *
 * Age = now - stored_at, stored_at being the moment our copy was durable; days of 86,400 s; no
 * header, no calendar.
 */
#ifndef POPKEEP_LEDGER_RETENTION_H
#define POPKEEP_LEDGER_RETENTION_H

#include "popkeep/ledger/ledger.h"

enum {
    RETENTION_DAY_S = 86400,
    RETENTION_CLOCK_BACK_S = 3600,         /* clock this far before the newest record: held */
    RETENTION_CLOCK_AHEAD_S = 400 * 86400, /* this far after the last run: held */
    RETENTION_KEEPS_QUITS = 3,      /* still listed after so many QUITs: the server keeps it */
    RETENTION_KEEPS_RETRY_S = 86400 /* then asked again once a day */
};

struct retention_policy {
    int64_t days;        /* < 0: never */
    uint64_t max_delete; /* UINT64_MAX: no limit */
    int64_t now;
};

enum retention_why {
    RETENTION_DUE,
    RETENTION_NEVER, /* no retention_days */
    RETENTION_YOUNG,
    RETENTION_NOT_STORED,   /* not in state STORED */
    RETENTION_NO_UIDL,      /* lacks UIDL or size: cannot be told apart surely */
    RETENTION_SERVER_KEEPS, /* asked three times; not yet a day since the last */
    RETENTION_HELD,         /* see retention_hold */
    RETENTION_LIMIT,        /* over max_delete */
    RETENTION_COPY_MISSING, /* the last two are found by run/expire */
    RETENTION_COPY_CHANGED
};

/* Judge one entry that a listed message stands for. Never gives HELD, LIMIT or COPY_*. `has_size`:
 * the listing gave this message a size. */
enum retention_why retention_judge(const struct ledger_entry *en, bool has_uidl, bool has_size,
                                   const struct retention_policy *p);
/* Seconds until it is due (0: due), for messages. */
int64_t retention_left_s(const struct ledger_entry *en, const struct retention_policy *p);
const char *retention_text(enum retention_why w); /* one phrase: "not yet 30 days stored" is built
                                                     by the caller from left_s */
const char *retention_word(enum retention_why w); /* stable word for JSON */

enum retention_hold {
    HOLD_NONE,
    HOLD_CLOCK_BACK,
    HOLD_CLOCK_AHEAD,
    HOLD_UIDLS_CHANGED,
    HOLD_UTF8 /* the first session's UTF8 choice could not be kept */
};

/* The clock guard. `jump` is set when, within this boot, wall clock and time since boot disagree by
 * more than an hour: the caller then journals the mark "clock-jump" with `now`, which makes the
 * records of this boot count from now. */
enum retention_hold retention_clock(const struct ledger *l, int64_t now, int64_t boot_s,
                                    struct sv boot_id, bool *jump);

/* The UIDL guard, after fetching: `matched_before_fetch` listed messages had a record by UIDL,
 * `unknown` listed ones were fetched and their content was not known either. Uses the last run's
 * `matched` (or the mark "hold" while it stands). */
enum retention_hold retention_uidls(const struct ledger *l, uint64_t listed,
                                    uint64_t matched_before_fetch, uint64_t unknown);
const char *retention_hold_text(
    enum retention_hold h); /* what is wrong and what --confirm-delete means, plain words */
const char *retention_hold_word(enum retention_hold h);

#endif
