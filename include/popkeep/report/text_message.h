/* SPDX-License-Identifier: ISC */
/*
 * Lines about single messages: stored, matched, failed, deleted, kept, planned, and the bad ones
 * that verify finds. One table row a kind.
 * Called by report_text (text.h) only.
 */
#ifndef POPKEEP_REPORT_TEXT_MESSAGE_H
#define POPKEEP_REPORT_TEXT_MESSAGE_H

#include "popkeep/report/line.h"

/* Any of the kinds named above; others print nothing. */
void text_message(struct lines *to, const struct event *ev, const struct report_style *st);

#endif
