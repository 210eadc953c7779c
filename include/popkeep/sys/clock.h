/* SPDX-License-Identifier: ISC */
/*
 * The clocks of the system, each under the name of what it is good for.
 *
 * All go through clock_gettime(2), so that a test can put another clock in front of it. None fails:
 * the kernel has these clocks, and a system without them ends the program with 70.
 *   wall  what a calendar shows; may jump either way; the only one that is ever stored as a date
 *   boot  seconds since the machine started, suspended time included; never goes back in one boot
 *   mono  for deadlines and rates inside one run; stands still during suspend
 */
#ifndef POPKEEP_SYS_CLOCK_H
#define POPKEEP_SYS_CLOCK_H

#include <stdint.h>

enum { CLOCK_BOOT_ID_MAX = 40 };

int64_t clock_wall_s(void);  /* seconds since 1970-01-01T00:00:00Z, rounded down */
int64_t clock_wall_us(void); /* the same in microseconds */
int64_t clock_boot_s(void);  /* CLOCK_BOOTTIME */
int64_t clock_mono_ms(void); /* CLOCK_MONOTONIC */

/* Seconds east of UTC that calendars here were at that time (TZ, else /etc/localtime). */
int64_t clock_utc_offset_s(int64_t wall_s);

/* The id the kernel drew at this boot (36 octets, "xxxxxxxx-xxxx-..."): only between equal ids may
 * clock_boot_s values be compared. -1 and "" where there is none (no /proc). */
int clock_boot_id(char out[CLOCK_BOOT_ID_MAX]);

#endif
