/* SPDX-License-Identifier: ISC */
/*
 * A small file that must be new: it is there whole or not at all, and takes nobody's place.
 */
#ifndef POPKEEP_STORE_CREATE_H
#define POPKEEP_STORE_CREATE_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

/* Written without a name or beside, synced, named without replacing, folder synced. 0600. `path` is
 * for messages. A killed run leaves nothing where the file system has files without a name, else
 * NAME.new. -1: ST_CANTCREATE (e->sys_errno is EEXIST when something of that name is there already,
 * be it a link to nowhere), ST_IO. */
int create_file(int dir_fd, const char *name, const char *path, struct sv content, struct err *e);

#endif
