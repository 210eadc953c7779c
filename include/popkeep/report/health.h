/* SPDX-License-Identifier: ISC */
/*
 * What is wrong with an account between runs: a set of findings, each with a stable word for
 * programs, and how bad they are together. Made by `status` (EN_TROUBLE, EN_HEALTH), read by its
 * table, the report and whatever watches over accounts. Pure.
 */
#ifndef POPKEEP_REPORT_HEALTH_H
#define POPKEEP_REPORT_HEALTH_H

#include "popkeep/base/status.h"
#include <stdbool.h>
#include <stdint.h>

enum health {
    HEALTH_WELL,
    HEALTH_LATE,    /* not as fresh as it should be; the next run may settle it */
    HEALTH_TROUBLE, /* somebody has to do something */
    HEALTHS
};

/* Positions in a set; in the order in which people want to read them. */
enum finding {
    FINDING_JOURNAL,       /* the journal cannot be read: nothing else is known */
    FINDING_NO_MAILDIR,    /* there are stored messages, but their Maildir is not there */
    FINDING_NEVER_RUN,     /* no run yet */
    FINDING_NO_SUCCESS,    /* runs, but none that succeeded */
    FINDING_STALE,         /* the last success is too long ago */
    FINDING_LAST_RUN,      /* the last run did not end well */
    FINDING_LOGIN_REFUSED, /* in several runs in a row */
    FINDING_HELD,          /* deletions are held: most UIDLs changed */
    FINDING_FULL,          /* the mailbox has hardly any room left */
    FINDING_SERVER_KEEPS,  /* the server keeps what it confirmed to have deleted */
    FINDING_CERTIFICATE,   /* the server's certificate ends soon, or has ended */
    FINDING_INTERRUPTED,   /* a run is at work or was interrupted */
    FINDINGS
};

enum {
    HEALTH_STALE_S = 7 * 86400,        /* so long without success is too long; with a short
                                          retention half of that */
    HEALTH_CERTIFICATE_S = 14 * 86400, /* a certificate that ends sooner is worth a word */
    HEALTH_FULL_PERCENT = 90
};

static inline int64_t health_bit(enum finding f)
{
    return INT64_C(1) << f;
}
static inline bool health_has(int64_t set, enum finding f)
{
    return (set & health_bit(f)) != 0;
}

/* How bad the set is, the last run having ended with `status`. A failure that time may cure
 * (network, part of the mail) is no more than late as long as there was a success lately; what only
 * deserves a remark (server keeps, certificate, interrupted) makes no account less than well. */
enum health health_of(int64_t set, enum status status);

const char *health_word(int64_t health);         /* "well", "late", "trouble" */
const char *health_finding_word(enum finding f); /* "no-maildir" */

#endif
