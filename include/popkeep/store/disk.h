/* SPDX-License-Identifier: ISC */
/*
 * What every file of this room does with a descriptor: write all of it, read all of it, sync,
 * close, and say in plain words why it did not work.
 *
 * All calls go on after EINTR and after a short read or write. `path` is for messages only, where
 * it is translated: N_("the message") may stand for one.
 * Errors: ST_IO unless said otherwise; e->sys_errno is set.
 */
#ifndef POPKEEP_STORE_DISK_H
#define POPKEEP_STORE_DISK_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/base/hash.h"

enum { DISK_PIECE = 256 * 1024 }; /* octets read at once */

/* err_sys with the common causes (full disk, quota, read-only file system, disk error, limit on
 * file sizes) in words that say what to do. Always -1. */
int disk_fail(struct err *e, enum status s, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Write all of `octets` at offset `off`. On -1 any part of it may have been written. */
int disk_write(int fd, struct sv octets, uint64_t off, const char *path, struct err *e);
/* Read n octets from offset `off`; *got < n only at the end of the file. */
int disk_read(int fd, uint64_t off, char *p, size_t n, size_t *got, const char *path,
              struct err *e);
/* The whole file from its beginning, in order, through `piece`; a -1 from it (with *e) stops. */
int disk_each(int fd, const char *path, int (*piece)(void *ctx, struct sv octets, struct err *e),
              void *ctx, struct err *e);
/* Is it a regular file of `octets` octets with this SHA-256? 1 yes, 0 no, -1 *e. */
int disk_matches(int fd, uint64_t octets, const unsigned char sha[HASH_OCTETS], const char *path,
                 struct err *e);

/* A regular file below dir_fd, for reading; a symbolic link, folder, FIFO ... in its place is
 * ST_IO. *missing (may be null) is set, with -1, when there is none. */
int disk_open(int dir_fd, const char *name, const char *path, bool *missing, struct err *e);

/* A failure of these is final: the kernel may have dropped the octets, and a second call would
 * report success. disk_sync_data leaves out the times (fdatasync). */
int disk_sync(int fd, const char *path, struct err *e);
int disk_sync_data(int fd, const char *path, struct err *e);

/* Cut the file to `length` octets. Not synced. */
int disk_cut(int fd, uint64_t length, const char *path, struct err *e);

/* Close *fd, which is -1 afterwards whatever happened. NFS and quota report lost writes here. */
int disk_close(int *fd, const char *path, struct err *e);

#endif
