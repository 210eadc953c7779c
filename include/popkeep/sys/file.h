/* SPDX-License-Identifier: ISC */
/*
 * Finding small files and reading them whole: the configuration; writing one that others read. (All
 * that has to be durable is the store's.)
 */
#ifndef POPKEEP_SYS_FILE_H
#define POPKEEP_SYS_FILE_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

/* Append the contents of `path` to *out, whose max bounds them. A FIFO, /dev/stdin or /dev/fd/N may
 * be read too (`-c <(generate)`); a folder is refused. The octets are treated as a secret while
 * they are read (the file may hold passwords): the caller ends *out with buf_wipe.
 * fd_out, if not null, receives the open descriptor, for secret_check_file_mode; the caller closes
 * it. -1: ST_CONFIG when there is no such file (e->sys_errno is ENOENT), it may not be read, is a
 * folder or larger than out->max; ST_IO when reading fails. *out is wiped and *fd_out is -1 then.
 */
int file_read_all(struct buf *out, const char *path, int *fd_out, struct err *e);
/* The rest of what is open already, even a socket, which /dev/stdin cannot be when it is opened
 * again; `path` is for messages. */
int file_read_fd(struct buf *out, int fd, const char *path, struct err *e);

/* The paths that match a shell pattern, in the order of their octets, whatever the locale; none is
 * no error, nor is a folder that does not exist. A name that begins with a dot is found only by a
 * pattern that does. *names and each name are to be freed. -1: ST_CONFIG, a folder may not be read.
 */
int file_find(const char *pattern, char ***names, size_t *n, struct err *e);

/* Put a whole file in the place of `path`, so that whoever reads it sees the old or the new one: it
 * is written beside as NAME.new-PID and renamed, not synced. A link to a file stays. A file that is
 * there keeps its permissions, a new one may be read by all; what is no file is refused. -1:
 * ST_CANTCREATE, ST_IO; the old one stays. */
int file_publish(const char *path, struct sv content, struct err *e);

#endif
