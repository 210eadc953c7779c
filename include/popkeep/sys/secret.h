/* SPDX-License-Identifier: ISC */
/*
 * From where a password is said to be (struct config_secret) to the password.
 *
 * Call secret_load before any sandbox is put up: it may start a command or talk to a terminal.
 * What it returns is octets as the server shall see them: of a file or a command's first line
 * exactly one line end (LF or CRLF) is taken off; blanks, quotes and anything else stay. The caller
 * owns *out and must end it with buf_wipe. On failure *out is wiped and empty.
 *
 * Errors: ST_CONFIG for all that the user has to put right (no such file, others may read it, the
 * command fails or takes longer than SECRET_COMMAND_MS, empty, longer than SECRET_MAX, a CR, LF or
 * NUL inside, no terminal to ask on); ST_TEMP when a signal ended the wait; ST_IO when reading
 * fails. No message ever holds a part of the secret, nor the command line (it may hold one).
 */
#ifndef POPKEEP_SYS_SECRET_H
#define POPKEEP_SYS_SECRET_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/config/config.h"

enum {
    SECRET_MAX = 4096,        /* octets of a password; *out needs at least this maximum */
    SECRET_READ_MAX = 65536,  /* octets read of a file or of a command's output */
    SECRET_COMMAND_MS = 60000 /* a command that takes longer is killed with its process group */
};

/* The password of one account. `account` and `user` are for messages and for the question on the
 * terminal, s->file and s->line say in messages where the source was given.
 *   SECRET_INLINE      s->value as it is
 *   SECRET_FILE        s->value is a path; see secret_check_file_mode
 *   SECRET_COMMAND     /bin/sh -c, stdin is /dev/null, stderr is ours
 *   SECRET_CREDENTIAL  the file s->value in $CREDENTIALS_DIRECTORY (systemd's LoadCredential=)
 *   SECRET_NONE        asked on /dev/tty without echo */
int secret_load(struct buf *out, const struct config_secret *s, const char *account,
                const char *user, struct err *e);

/* The parts of secret_load that can be had alone; the same rules and errors. `what` names the file
 * in messages ("password_file"). */
int secret_from_file(struct buf *out, const char *path, const char *what, struct err *e);
int secret_from_command(struct buf *out, const char *command, int timeout_ms, struct err *e);

/* Is the open file `fd` fit to hold a secret: a regular file, nothing allowed to others, reading
 * allowed to its group only if root owns it (root:popkeep 0640 is how packages do it), writing and
 * executing by the group never. Checked on the descriptor, so that symbolic links do not matter and
 * nothing can be put in its place meanwhile. -1: ST_CONFIG with the chmod that helps. `what` is put
 * in front: "password_file /etc/popkeep/secret". */
int secret_check_file_mode(int fd, const char *what, struct err *e);

#endif
