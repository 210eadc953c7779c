/* SPDX-License-Identifier: ISC */
/*
 * The progress line of a terminal: messages, octets, rate, time left, over all accounts at work.
 * Pure: times are handed in, from a clock that never runs backwards.
 *
 * Order: progress_event for each event, progress_line whenever it is to be drawn, progress_clear
 * before anything else is written to that terminal, progress_free.
 *
 * Totals are sums over the accounts; one that has finished stays in them, so that the line never
 * counts back. The rate is that of the last 5 s, the time left is what is still to come in octets
 * at that rate. What is not known yet is not shown.
 */
#ifndef POPKEEP_REPORT_PROGRESS_H
#define POPKEEP_REPORT_PROGRESS_H

#include "popkeep/report/event.h"

struct progress;
struct progress *progress_new(size_t n_accounts); /* how many the run will work on */
void progress_free(struct progress *p);           /* null allowed */
/* Takes note of PROGRESS, ACCOUNT_END (this account has finished) and SUMMARY (all have). */
void progress_event(struct progress *p, const struct event *ev, int64_t mono_ms);
/* CR, at most width - 1 columns, clear to the end of line (ESC [ K: no other escape code is
 * ever used); when there is nothing to show only what takes the last line off the screen. */
void progress_line(struct buf *out, struct progress *p, unsigned width, int64_t mono_ms);
/* Take the line off the screen again, if one is on it. */
void progress_clear(struct buf *out, struct progress *p);

#endif
