/* SPDX-License-Identifier: ISC */
/*
 * One holder an account: flock(2) on a file of its own beside the journal, never on a file that is
 * renamed. The kernel lets go when the holder ends, however it ends, so the lock cannot go stale;
 * the file itself stays. It holds process id and host name of the last holder, for messages only.
 */
#ifndef POPKEEP_STORE_LOCK_H
#define POPKEEP_STORE_LOCK_H

#include "popkeep/base/err.h"

/* Take the lock `name` in dir_fd, whose path is `dir`, without waiting. Returns the descriptor,
 * which is the lock: close it to let go. A child that inherits it (fork) holds the lock too. -1:
 * ST_TEMP another run holds it, ST_CONFIG other machines would not see it (shared.h),
 * ST_CANTCREATE, ST_IO. */
int lock_take(int dir_fd, const char *name, const char *dir, struct err *e);

#endif
