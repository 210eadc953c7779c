/* SPDX-License-Identifier: ISC */
/*
 * Asking for a secret on the terminal.
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

#endif
