/* SPDX-License-Identifier: ISC */
/*
 * Folders: opened without following a last symlink, made durably.
 * Errors: ST_CANTCREATE when something could not be made, ST_IO otherwise; texts name the path.
 */
#ifndef POPKEEP_STORE_FOLDER_H
#define POPKEEP_STORE_FOLDER_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

/* Open an existing folder (O_DIRECTORY | O_CLOEXEC); for the leaf O_NOFOLLOW only if `strict`. Returns the descriptor, -1 with *e. *missing
 * (may be null) is set when it does not exist. */
int folder_open(const char *path, bool strict, bool *missing, struct err *e);
/* The same, making it and its missing parents (0700), each synced together with its parent. */
int folder_make(const char *path, struct err *e);
/* Make one folder inside `dir_fd` if it is missing, sync it and dir_fd; returns its descriptor. `path` is for messages. */
int folder_make_at(int dir_fd, const char *name, const char *path, struct err *e);
/* fsync of a folder; file systems that cannot (EINVAL, EBADF, ENOTSUP) count as done, as Dovecot does. */
int folder_sync(int dir_fd, const char *path, struct err *e);

/* A small file written beside, synced, renamed over NAME, folder synced. */
int folder_put_file(int dir_fd, const char *name, const char *path, struct sv content, struct err *e);
/* Whole content of a small file; *missing as above (then 0 is returned and out is empty). */
int folder_get_file(int dir_fd, const char *name, const char *path, struct buf *out, bool *missing, struct err *e);

/* Octets free to us on the file system behind fd; -1 unknown. */
int64_t folder_free_octets(int fd);

#endif
