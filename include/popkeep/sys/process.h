/* SPDX-License-Identifier: ISC */
/*
 * What the process is allowed to be.
 *
 * Order in a worker: process_become first (it may need root), then process_harden, since changing
 * the user resets what that sets. Neither changes the environment: $HOME stays what it was.
 */
#ifndef POPKEEP_SYS_PROCESS_H
#define POPKEEP_SYS_PROCESS_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include <stdbool.h>

bool process_is_root(void); /* effective user 0 */

/* No core file and no reading of our memory by other processes of the user, since passwords lie in
 * it. Best effort: a failure is no error. Does nothing in instrumented builds, which trace
 * themselves. */
void process_harden(void);

/* Keep the memory of a secret out of the swap, as far as the limit of locked memory allows; a
 * failure is no error. Not inherited by children. */
void process_lock(struct sv secret);

/* Give up root for good: supplementary groups, group and user of `user`; then check that there is
 * no way back. Nothing to do when we are that user already. -1: ST_CONFIG (no such user; we are
 * neither root nor that user), ST_SOFTWARE (the change did not hold: the caller must end). */
int process_become(const char *user, struct err *e);

#endif
