/* SPDX-License-Identifier: ISC */
/*
 * The progress line of a terminal: messages, octets, rate, time left, over all accounts at work. Pure: times are handed in.
 * Order: progress_event for each event, progress_line whenever it is to be drawn, progress_free.
 */
#ifndef POPKEEP_REPORT_PROGRESS_H
#define POPKEEP_REPORT_PROGRESS_H

#include "popkeep/report/event.h"

struct progress;
struct progress *progress_new(size_t n_accounts);
void progress_free(struct progress *p);
void progress_event(struct progress *p, const struct event *ev, int64_t mono_ms);
/* "\r" + at most width - 1 columns + clear to the end of line; nothing when there is nothing to show. Escape codes only: CR and ESC [ K. */
void progress_line(struct buf *out, struct progress *p, unsigned width, int64_t mono_ms);
/* Take the line off the screen again. */
void progress_clear(struct buf *out, struct progress *p);

#endif
