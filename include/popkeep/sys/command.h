/* SPDX-License-Identifier: ISC */
/*
 * Run a shell command of the user's and take the first line it prints. Used for password_command;
 * all that goes through here is treated as a secret.
 */
#ifndef POPKEEP_SYS_COMMAND_H
#define POPKEEP_SYS_COMMAND_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

/* /bin/sh -c COMMAND with stdin from /dev/null, our stderr, a process group of its own and SIGPIPE
 * at its default. Returns when the shell has ended, even if something it started still holds its
 * stdout. *out gets the first line with its line end, or all there is without one; what follows is
 * read and thrown away. out->max bounds the line. The caller ends *out with buf_wipe. -1: ST_CONFIG
 * (cannot be started, exit status not 0, killed, too slow, line too long), ST_TEMP (a signal came,
 * see signals.h); `what` stands in front of the message. The process group is ended then: SIGTERM,
 * soon after SIGKILL. */
int command_first_line(struct buf *out, const char *command, const char *what, int timeout_ms,
                       struct err *e);

#endif
