/* SPDX-License-Identifier: ISC */
/*
 * The end of an account and of the run: what was done, what is left, in one line each.
 * Called by report_text (text.h) only.
 */
#ifndef POPKEEP_REPORT_TEXT_ACCOUNT_H
#define POPKEEP_REPORT_TEXT_ACCOUNT_H

#include "popkeep/report/line.h"

/* EVENT_ACCOUNT_END. Nothing if there was nothing to do and nobody is looking, nothing either if
 * the account failed before it had a listing: its EVENT_ERROR has said so. */
void text_account(struct lines *to, const struct event *ev, const struct report_style *st);

/* EVENT_SUMMARY: one line when there were several accounts, by the same rule. */
void text_summary(struct lines *to, const struct event *ev, const struct report_style *st);

#endif
