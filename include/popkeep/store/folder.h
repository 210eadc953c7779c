/* SPDX-License-Identifier: ISC */
/*
 * Folders, opened and made durably, and small files that are replaced whole.
 *
 * A folder that was made is on the disk together with its name when a function returns: the folder
 * and its parent were synced. Folders are 0700, files 0600; the umask can only take rights away.
 * `path` is the path of the thing itself (folder or file), for messages.
 * Errors: ST_CANTCREATE when something could not be made, ST_IO otherwise.
 */
#ifndef POPKEEP_STORE_FOLDER_H
#define POPKEEP_STORE_FOLDER_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

#include <sys/types.h>

/* Open an existing folder (O_DIRECTORY | O_CLOEXEC) and return its descriptor. Links on the way are
 * followed; with `strict` the last component must not be one. *missing (may be null) is set, with
 * -1, when it does not exist. */
int folder_open(const char *path, bool strict, bool *missing, struct err *e);

/* The same, not strict, making it and its missing parents. The deepest folder that was there is
 * synced with its parent too: a killed run may have made it and not come to the sync. */
int folder_make(const char *path, struct err *e);

/* Make one folder inside dir_fd if it is missing; a symbolic link or file in its place is an error.
 * What folder_make says of killed runs holds here too. Returns its descriptor. */
int folder_make_at(int dir_fd, const char *name, const char *path, struct err *e);

/* fsync of a folder. File systems that cannot (EINVAL, EBADF, ENOTSUP) keep names by other means
 * and count as done, as Dovecot and Postfix have it. */
int folder_sync(int dir_fd, const char *path, struct err *e);

/* fsync of the folder that holds dir_fd's name. One that may not be read (search permission only)
 * is passed over: it is not ours, so we did not make the name in it. */
int folder_sync_parent(int dir_fd, const char *path, struct err *e);

/* A small file: written beside as NAME.new, synced, renamed over NAME, folder synced. After -1 the
 * old content is in force (or, if only the last sync failed, either). One writer at a time. */
int folder_put_file(int dir_fd, const char *name, const char *path, struct sv content,
                    struct err *e);

/* The same for a file that others may be meant to read: `mode` is that of a new one; one that is
 * there keeps its own. */
int folder_put_file_as(int dir_fd, const char *name, const char *path, mode_t mode,
                       struct sv content, struct err *e);

/* Append the whole content of a small file to *out, whose max bounds it. When there is none, 0 is
 * returned and *missing set. `missing` must not be null. */
int folder_get_file(int dir_fd, const char *name, const char *path, struct buf *out, bool *missing,
                    struct err *e);

/* Octets free to us on the file system behind fd; -1: unknown. */
int64_t folder_free_octets(int fd);

#endif
