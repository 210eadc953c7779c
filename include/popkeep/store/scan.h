/* SPDX-License-Identifier: ISC */
/*
 * Walking the folders of a Maildir that hold messages: new/ and cur/ of the Maildir and of each
 * Maildir++ subfolder (".Name" beside them). Symbolic links are never followed.
 */
#ifndef POPKEEP_STORE_SCAN_H
#define POPKEEP_STORE_SCAN_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

/* Called for each such folder with its path relative to the Maildir ("cur", ".Sent/new") and an
 * open descriptor that is closed after the call. -1 with *e stops the walk. */
typedef int scan_folder_fn(void *ctx, const char *path, int fd, struct err *e);

/* new/ before cur/: mail readers move files that way. A subfolder that vanishes meanwhile, or lacks
 * new/ or cur/, is passed over; the Maildir's own new/ and cur/ must be there.
 * `maildir` is the path for messages. -1: ST_IO, or what `each` gave. */
int scan_folders(int maildir_fd, const char *maildir, scan_folder_fn *each, void *ctx,
                 struct err *e);

/* Called for each name in a folder that does not begin with a dot; it may be no regular file. */
typedef int scan_name_fn(void *ctx, const char *name, struct err *e);
int scan_names(int fd, const char *path, scan_name_fn *each, void *ctx, struct err *e);

/* The folder at a path as above, opened without following any link; -1 with errno. */
int scan_open(int maildir_fd, const char *path);

#endif
