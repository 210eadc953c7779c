/* SPDX-License-Identifier: ISC */
/*
 * Reading a small file whole: the configuration. (All that has to be durable is the store's.)
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

#endif
