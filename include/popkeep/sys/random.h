/* SPDX-License-Identifier: ISC */
/*
 * Numbers nobody can foresee.
 */
#ifndef POPKEEP_SYS_RANDOM_H
#define POPKEEP_SYS_RANDOM_H

#include <stdint.h>

/* 64 random bits; early in a boot, when the kernel has none yet, bits of the clock and the process:
 * good for spreading, not for secrets. Never waits. */
uint64_t random_u64(void);

#endif
