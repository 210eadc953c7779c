/* SPDX-License-Identifier: ISC */
/*
 * Figures for a monitor in Prometheus' text format, as node_exporter's textfile collector reads it:
 * HELP and TYPE once for each, then a line an account; all are gauges, in seconds and octets,
 * without a time of their own. Pure.
 *
 * Order: metrics_new -> metrics_account for each configured account, metrics_run if there was a
 * run -> metrics_print -> metrics_free. What is not known of an account has no line, but for the
 * times of its last run and last success, which are 0 then: an alert on their age goes off.
 */
#ifndef POPKEEP_REPORT_METRICS_H
#define POPKEEP_REPORT_METRICS_H

#include "popkeep/report/event.h"

struct metrics;
/* `shard`: "1/3", a label of the figures that are of no account; null: none. */
struct metrics *metrics_new(const char *shard);
/* Of an EVENT_STATUS; others are passed over. Beside the fields of the event, EN_FETCHED,
 * EN_DELETED and EN_LEFT are taken, of the last run. What it needs is copied. */
void metrics_account(struct metrics *m, const struct event *ev);
/* The EVENT_SUMMARY of this run, at EN_TIME. */
void metrics_run(struct metrics *m, const struct event *summary);
void metrics_print(struct buf *out, const struct metrics *m);
void metrics_free(struct metrics *m); /* null allowed */

/* Where the value of a figure comes from. */
enum metrics_source {
    METRICS_VERSION,
    METRICS_COUNT,   /* how many accounts there are */
    METRICS_FAILED,  /* how many of them did not end well */
    METRICS_RUN,     /* a number of the run */
    METRICS_RUN_MS,  /* the same, milliseconds told as seconds */
    METRICS_ACCOUNT, /* a number of each account */
    METRICS_KNOWN,   /* the same, 0 where it is not known */
    METRICS_HELD     /* 1 or 0 for each account: deletions are held */
};

struct metrics_family {
    const char *name;
    enum metrics_source source;
    enum event_num slot;
    const char *help;
};
const struct metrics_family *metrics_table(void); /* ended by a null name */

#endif
