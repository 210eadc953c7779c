/* SPDX-License-Identifier: ISC */
/*
 * Small files in the state folder that only save time: they may be lost, torn or refused without
 * harm, so nothing here is synced and nothing fails. What is read back is what was written, or
 * nothing.
 */
#ifndef POPKEEP_STORE_CACHE_H
#define POPKEEP_STORE_CACHE_H

#include "popkeep/base/bytes.h"

/* Beside, then renamed over `name`; 0600. */
void cache_put(int dir_fd, const char *name, struct sv content);
/* In place: half the work, where every content has the same length. A reader beside it may find it
 * torn. */
void cache_overwrite(int dir_fd, const char *name, struct sv content);
/* Appended to *out (as a secret); nothing if there is no such file, it is torn or too large for
 * out->max. */
void cache_get(int dir_fd, const char *name, struct buf *out);

void cache_drop(int dir_fd, const char *name);

/* A line without its end that is another one as soon as the file is written to or replaced: what
 * was made of the file is good as long as it stays. Nothing, if there is no such file. */
void cache_stamp(struct buf *out, int dir_fd, const char *name);

#endif
