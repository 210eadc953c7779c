/* SPDX-License-Identifier: ISC */
/*
 * One line for Nagios, Icinga and all that run their plugins: how a set of accounts stands, worst
 * first, and figures. Pure.
 *
 * Order: nagios_limits_init, nagios_limits_set for each list given, nagios_limits_check ->
 * nagios_new -> nagios_account for each account -> nagios_print -> nagios_free.
 *
 * An account in trouble (health.h) is critical, one that was never run a warning; beyond that the
 * limits decide. English, as monitors match texts.
 */
#ifndef POPKEEP_REPORT_NAGIOS_H
#define POPKEEP_REPORT_NAGIOS_H

#include "popkeep/base/err.h"
#include "popkeep/report/event.h"

/* What can have limits. The worst account counts, of `unsaved` the sum. */
enum nagios_measure {
    NAGIOS_AGE,         /* seconds since the last success: no more than */
    NAGIOS_UNSAVED,     /* messages that the server listed and that are not stored: no more than */
    NAGIOS_FULL,        /* percent of the quota: no more than */
    NAGIOS_CERTIFICATE, /* seconds until the server's certificate ends: no less than */
    NAGIOS_DEADLINE,    /* seconds until the deadline: no less than */
    NAGIOS_MEASURES
};

enum nagios_level { NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_LEVELS };

struct nagios_limits {
    int64_t at[NAGIOS_LEVELS][NAGIOS_MEASURES]; /* EVENT_UNSET: none */
    bool given[NAGIOS_LEVELS][NAGIOS_MEASURES]; /* else it is a default */
};

void nagios_limits_init(struct nagios_limits *l); /* the defaults */
/* "1d", "12h" (age), "unsaved=10,full=80,certificate=14d", "full=" (none). -1: ST_USAGE. */
int nagios_limits_set(struct nagios_limits *l, enum nagios_level level, const char *list,
                      struct err *e);
/* A default that does not fit to what was given goes. -1, ST_USAGE: two limits that were given do
 * not fit, the critical one being reached before the warning. */
int nagios_limits_check(struct nagios_limits *l, struct err *e);
/* "age", ...; null behind the last. */
const char *nagios_measure_word(int measure);

struct nagios;
struct nagios *nagios_new(const struct nagios_limits *l);
/* Of an EVENT_STATUS, with EN_TIME and EN_LEFT; others are passed over. */
void nagios_account(struct nagios *n, const struct event *ev);
/* The line, with its line feed. Without any account: unknown. */
enum monitor_status nagios_print(struct buf *out, const struct nagios *n);
void nagios_free(struct nagios *n); /* null allowed */

/* The line of what could not be looked at, for this reason (its first line is shown). */
enum monitor_status nagios_unknown(struct buf *out, struct sv why);

#endif
