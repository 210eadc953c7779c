/* SPDX-License-Identifier: ISC */
/*
 * Messages stored a day, over the last three months, by the calendar of one time zone. Pure.
 */
#ifndef POPKEEP_REPORT_HISTORY_H
#define POPKEEP_REPORT_HISTORY_H

#include <stdint.h>

enum { HISTORY_DAYS = 90, HISTORY_DAY_S = 86400 };

struct history {
    int64_t utc_offset_s;          /* seconds east of UTC */
    int64_t today;                 /* days since 1970-01-01 in that zone */
    uint64_t stored[HISTORY_DAYS]; /* the last one is today */
};

void history_init(struct history *h, int64_t now, int64_t utc_offset_s);
/* One message, stored at that time (unix s); earlier ones and those of the future are passed over.
 */
void history_add(struct history *h, int64_t stored_at);
int64_t history_local(const struct history *h, int64_t unix_s); /* what a clock there shows */
uint64_t history_sum(const struct history *h, unsigned days); /* of the last ones, today included */

#endif
