/* SPDX-License-Identifier: ISC */
/*
 * The answers of `status` (a block for one account or with -v, a line each for several) and of
 * `check` (its three steps).
 * Called by report_text (text.h) only.
 */
#ifndef POPKEEP_REPORT_TEXT_STATUS_H
#define POPKEEP_REPORT_TEXT_STATUS_H

#include "popkeep/report/line.h"

enum { TEXT_STALE_S = 7 * 86400 }; /* no success for so long is trouble worth telling */

void text_status(struct lines *to, const struct event *ev, const struct report_style *st);
void text_step(struct lines *to, const struct event *ev, const struct report_style *st);

#endif
