/* SPDX-License-Identifier: ISC */
/*
 * `status` of many accounts as a table for people: the worst first, among equals the one whose last
 * success is longest ago. Pure.
 *
 * Order: table_new -> table_add for every event of the run -> table_print -> table_free.
 *
 * One line an account, columns as wide as what is in them; columns in which no account has anything
 * (quota, certificate, deadline) are left out, and others, from the least important on, when the
 * lines would not fit. What is wrong stands in the last column, or below the account when it would
 * not fit there. The last line counts the accounts by their state.
 */
#ifndef POPKEEP_REPORT_TABLE_H
#define POPKEEP_REPORT_TABLE_H

#include "popkeep/report/event.h"

struct table_style {
    unsigned width; /* columns of the terminal; 0: as wide as it gets, one line an account */
    bool colour;    /* the state in colour; it is always told in words, too */
    bool quiet;     /* only accounts of which something is to be told */
};

struct table;
struct table *table_new(void);
/* EVENT_STATUS gives an account its line; EVENT_ERROR too, where no status can be told. Others are
 * passed over. What it needs is copied. */
void table_add(struct table *t, const struct event *ev);
void table_print(struct buf *out, const struct table *t, const struct table_style *st);
void table_free(struct table *t); /* null allowed */

#endif
