/* SPDX-License-Identifier: ISC */
/*
 * The answers of `status` (a block for one account, or for each with -v; several are else a table,
 * table.h) and of `check` (its three steps).
 * Called by report_text (text.h) only.
 */
#ifndef POPKEEP_REPORT_TEXT_STATUS_H
#define POPKEEP_REPORT_TEXT_STATUS_H

#include "popkeep/report/line.h"

void text_status(struct lines *to, const struct event *ev, const struct report_style *st);
void text_step(struct lines *to, const struct event *ev, const struct report_style *st);

#endif
