/* SPDX-License-Identifier: ISC */
/*
 * The worker process of one account: forked from the pool, its events written into a pipe.
 *
 * It loads its account's password itself, with the rights popkeep was started with, before it
 * becomes another user and gives up what it does not need: so a password command that hangs holds
 * up one account. What is typed is asked for by the pool, which hands it over.
 */
#ifndef POPKEEP_RUN_CHILD_H
#define POPKEEP_RUN_CHILD_H

#include "popkeep/run/pool.h"
#include <poll.h>
#include <sys/types.h>

/* Whether this account's password has to be asked for on the terminal. */
bool child_wants_typed(const struct pool_job *job, const struct account *a);
int child_ask(const struct account *a, struct buf *password, struct err *e);

/* Begin. *fd: where its events come from; close it and wait for the process. The pipes of the
 * others, which it must not hold open, are `others`. -1: ST_SOFTWARE. */
int child_start(const struct pool_job *job, const struct account *a, struct buf *password,
                const struct pollfd *others, size_t n_others, pid_t *pid, int *fd, struct err *e);

#endif
