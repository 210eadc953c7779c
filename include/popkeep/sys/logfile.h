/* SPDX-License-Identifier: ISC */
/*
 * A log that is appended to for years while logrotate(8) takes it away now and then.
 *
 * Each line is "TIME PID LEVEL TEXT" (popkeep(1), LOG), one write(2) with O_APPEND, so that the
 * lines of several runs do not mix. Before each text the path is looked at: where the file was
 * renamed or removed, a new one is begun (0600); where it was cut, appending goes on by itself.
 * Nothing is kept in memory, and no signal is needed.
 */
#ifndef POPKEEP_SYS_LOGFILE_H
#define POPKEEP_SYS_LOGFILE_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

struct logfile {
    const char *path; /* not owned; null: there is none */
    int fd;           /* -1: not open */
    uint64_t device, inode;
    bool torn; /* the last line was written in part only */
};

#define LOGFILE_INIT(name)                                                                         \
    {                                                                                              \
        .path = (name), .fd = -1                                                                   \
    }

/* Append a text of whole lines, each with its head. `level` is one word. Does nothing without a
 * path. -1: ST_IO (cannot be opened, not a regular file, cannot be written); the next call tries
 * again. A line that is torn off by a full disk is ended before the next one. */
int logfile_add(struct logfile *l, int64_t unix_s, const char *level, struct sv text,
                struct err *e);
void logfile_close(struct logfile *l);

#endif
