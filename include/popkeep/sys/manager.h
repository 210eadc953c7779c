/* SPDX-License-Identifier: ISC */
/*
 * The service manager, if one started us: it is told how far a run is (sd_notify(3), for
 * `systemctl status`), and its journal is given the weight of each line (sd-daemon(3)). Both are
 * plain protocols over a socket and over text; no library is needed.
 *
 * Nothing here is an error: a manager that does not listen must not stop mail.
 */
#ifndef POPKEEP_SYS_MANAGER_H
#define POPKEEP_SYS_MANAGER_H

#include "popkeep/base/bytes.h"

/* Weights of sd-daemon(3) and syslog(3), as far as they are used. */
enum manager_priority {
    MANAGER_ERROR = 3,
    MANAGER_WARNING = 4,
    MANAGER_RESULT = 6,
    MANAGER_NOTE = 7
};

/* Once, at the start. Takes $NOTIFY_SOCKET out of the environment, so that no command of the user's
 * speaks for us, and looks whether stdout and stderr are the stream that $JOURNAL_STREAM names.
 * Without this call nobody is told and no line is marked. */
void manager_init(void);

/* One datagram, such as "READY=1\nSTATUS=..."; never waits. */
void manager_notify(struct sv text);

/* If `fd` (1 or 2) is the journal: put "<N>" in front of each line of what stands in *text behind
 * its first `from` octets. Else *text stays as it is, as it does if its maximum forbids the marks.
 */
void manager_mark(struct buf *text, size_t from, int fd, enum manager_priority priority);

#endif
