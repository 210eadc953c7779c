/* SPDX-License-Identifier: ISC */
/*
 * Asking: for a secret on the terminal, for anything else wherever standard input comes from.
 */
#ifndef POPKEEP_SYS_ASK_H
#define POPKEEP_SYS_ASK_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

/* Print `prompt` on /dev/tty and read one line without echo; *out gets it without its line end.
 * stdin and stdout are not touched: they may be files. The terminal's settings are put back
 * whatever happens, signals included: after Ctrl-C, SIGTERM or SIGHUP they are restored first, then
 * the signal has the effect it would have had; after Ctrl-Z and `fg` the question is asked again.
 * One thread at a time. The caller ends *out with buf_wipe.
 * -1: ST_CONFIG (no terminal; the line is longer than the terminal or out->max can carry; end of
 * file), ST_TEMP (a signal came and popkeep catches it, see signals.h). */
int ask_secret(struct buf *out, const char *prompt, struct err *e);

/* One line of standard input, without its line end (LF or CRLF), octet by octet, so that nothing
 * of the next line is taken; `prompt` is printed on stderr if both are terminals. Without a line
 * end the last one counts, too. *out is treated as a secret, and its max bounds the line.
 * -1: ST_CONFIG (the input ended before it, or the line is too long), ST_TEMP (a signal came, see
 * signals.h), ST_IO. */
int ask_line(struct buf *out, const char *prompt, struct err *e);

#endif
