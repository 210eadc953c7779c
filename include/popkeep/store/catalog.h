/* SPDX-License-Identifier: ISC */
/*
 * The finder's index: base name -> where a file of that name was seen.
 *
 * A name is not kept, only its 64-bit hash, the folder, and what follows the base name (":2,S": few
 * different ones in a million files): 16 octets a file, in a table at most three quarters full. The
 * asker has the base name, so the path can be put together; whether that file is really there,
 * opening it tells.
 */
#ifndef POPKEEP_STORE_CATALOG_H
#define POPKEEP_STORE_CATALOG_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

struct catalog;
struct catalog *catalog_new(int maildir_fd, const char *maildir);
void catalog_free(struct catalog *c); /* null allowed */

/* Read all folders. -1: ST_IO; the catalog is then empty and has to be read again. */
int catalog_read(struct catalog *c, struct err *e);
bool catalog_is_read(const struct catalog *c);

/* May a folder have changed since the last catalog_read began? Times within two seconds of that
 * moment say nothing (file systems count time in steps), so they count as changed. */
bool catalog_is_stale(const struct catalog *c);

/* The places of a base name, one a call: *at is 0 for the first and then what the call left there.
 * false: no more. Both texts are the catalog's, good until the next catalog_read. */
bool catalog_next(const struct catalog *c, struct sv base_name, uint64_t *at, const char **folder,
                  const char **suffix);

#endif
