/* SPDX-License-Identifier: ISC */
/*
 * A log that is appended to for years while logrotate(8) takes it away now and then.
 *
 * Each line is "TIME PID LEVEL TEXT" (popkeep(1), LOG), one write(2) with O_APPEND, so that the
 * lines of several runs do not mix. The file is opened for each text and closed behind it: where it
 * was renamed, removed or cut, the next text goes to the right place without any signal, and no
 * worker, which speaks with strangers, ever has it open.
 */
#ifndef POPKEEP_SYS_LOGFILE_H
#define POPKEEP_SYS_LOGFILE_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

/* Append a text of whole lines, each with its head. `level` is one word. A new file gets 0600; a
 * line that a full disk once tore off is ended first. -1: ST_IO (cannot be opened, not a regular
 * file, cannot be written); a later call may succeed. */
int logfile_add(const char *path, int64_t unix_s, const char *level, struct sv text, struct err *e);

#endif
