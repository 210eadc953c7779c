/* SPDX-License-Identifier: ISC */
/*
 * Writing to stdout and stderr so that a full disk or a closed pipe is noticed.
 */
#ifndef POPKEEP_SYS_OUTPUT_H
#define POPKEEP_SYS_OUTPUT_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

/* The whole of `s`, however many calls it takes; a descriptor that somebody else made non-blocking
 * is waited for. -1: ST_IO with e->sys_errno (EPIPE: the reader has gone, e.g. `popkeep status |
 * head`). Part of `s` may have been written then. */
int output_write(int fd, struct sv s, struct err *e);

#endif
