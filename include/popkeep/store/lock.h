/* SPDX-License-Identifier: ISC */
/*
 * One holder an account: flock on a file of its own beside the journal, never on a file that is renamed, so that it can never go stale.
 */
#ifndef POPKEEP_STORE_LOCK_H
#define POPKEEP_STORE_LOCK_H

#include "popkeep/base/err.h"

/* Take the lock `name` in dir_fd without waiting. The descriptor is the lock; close it to let go. -1: ST_TEMP "another run is at work"
 * (with its process id if the file tells), ST_CANTCREATE, ST_IO. */
int lock_take(int dir_fd, const char *name, const char *path, struct err *e);

#endif
