/* SPDX-License-Identifier: ISC */
/* Messages stored a day. See the header. */
#include "popkeep/report/history.h"

#include <string.h>

/* No calendar is about times that far away, and sums of smaller ones cannot overflow. */
#define FAR (INT64_C(1) << 60)

int64_t history_local(const struct history *h, int64_t unix_s)
{
    return unix_s > FAR || unix_s < -FAR ? unix_s : unix_s + h->utc_offset_s;
}

static int64_t day_of(const struct history *h, int64_t unix_s)
{
    int64_t local = history_local(h, unix_s), day = local / HISTORY_DAY_S;

    return local % HISTORY_DAY_S < 0 ? day - 1 : day;
}

void history_init(struct history *h, int64_t now, int64_t utc_offset_s)
{
    memset(h, 0, sizeof *h);
    h->utc_offset_s = utc_offset_s;
    h->today = day_of(h, now);
}

void history_add(struct history *h, int64_t stored_at)
{
    int64_t ago = h->today - day_of(h, stored_at);

    if (ago >= 0 && ago < HISTORY_DAYS)
        h->stored[HISTORY_DAYS - 1 - ago]++;
}

uint64_t history_sum(const struct history *h, unsigned days)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < days && i < HISTORY_DAYS; i++)
        sum += h->stored[HISTORY_DAYS - 1 - i];
    return sum;
}
