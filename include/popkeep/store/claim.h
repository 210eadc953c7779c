/* SPDX-License-Identifier: ISC */
/*
 * Which accounts a run of many works on: so that a second run, started by a scheduler while the
 * first one is still at work, ends at once instead of finding a thousand locks taken.
 *
 * The file STATE/.runs is never read or written; a run holds a lock (fcntl) on one octet of it for
 * each of its accounts, at a place that the name leads to. So runs of different parts of the
 * accounts do not meet. The locks belong to the process, not to its children, and end with it. They
 * only save time: what keeps two processes off one account is its own lock (lock.h).
 */
#ifndef POPKEEP_STORE_CLAIM_H
#define POPKEEP_STORE_CLAIM_H

#include "popkeep/base/err.h"
#include <sys/types.h>

enum claim_result {
    CLAIM_NONE,  /* no such file to be had, or no locks on it: the run goes on without */
    CLAIM_TAKEN, /* *fd holds it, until it is closed */
    CLAIM_BUSY   /* another run works on one of the accounts, in process *holder (0: unknown) */
};

/* `names`: n accounts. No other descriptor of this file may be closed by this process before *fd.
 */
enum claim_result claim_take(int root_fd, const char *const *names, size_t n, int *fd,
                             pid_t *holder);

#endif
