/* SPDX-License-Identifier: ISC */
/*
 * What a run amounts to: popkeep's exit statuses, which are also the classes of its errors.
 *
 * One enum serves both, so that an error that travels up unhandled already says what the shell will
 * see. The table behind status_info() is the only list of them; --help, the manual's test and the
 * JSON output read it. Values follow <sysexits.h> where that has a fitting one.
 */
#ifndef POPKEEP_BASE_STATUS_H
#define POPKEEP_BASE_STATUS_H

#include <stdbool.h>
#include <stddef.h>

enum status {
    ST_OK = 0,
    ST_INCOMPLETE = 10,
    ST_HELD = 11,
    ST_CERT = 12,
    ST_USAGE = 64,
    ST_DATA = 65,
    ST_UNAVAILABLE = 69,
    ST_SOFTWARE = 70,
    ST_CANTCREATE = 73,
    ST_IO = 74,
    ST_TEMP = 75,
    ST_PROTOCOL = 76,
    ST_LOGIN = 77,
    ST_CONFIG = 78
};

struct status_info {
    enum status status;
    int rank;            /* several accounts: the one with the highest rank is the exit status */
    bool lasts;          /* a later run will not mend it by itself: what --fail-fast stops at */
    const char *name;    /* stable word for JSON, e.g. "incomplete" */
    const char *meaning; /* one phrase for people */
};

/* What plugins of Nagios end with, and the word their line begins with: the one place where popkeep
 * (status --nagios) does not end with an enum status. */
enum monitor_status { MONITOR_OK, MONITOR_WARNING, MONITOR_CRITICAL, MONITOR_UNKNOWN };
const char *monitor_word(enum monitor_status s); /* "CRITICAL" */

/* The whole table, ended by an entry with a null name. */
const struct status_info *status_table(void);

/* The row of one status; an unknown number gives the row of ST_SOFTWARE. Never null. */
const struct status_info *status_info(enum status s);

/* The worse of the two in the order of the manual: 70 74 73 65 78 12 77 76 69 75 10 11 0
 * (64 ends the program before any account is tried; it ranks above all). */
enum status status_worst(enum status a, enum status b);

#endif
