/* SPDX-License-Identifier: ISC */
/*
 * The one error type of all rooms.
 *
 * A function that can fail takes a `struct err *e` last, returns -1 (or null) and fills it; the
 * lowest layer says what failed and with what, each layer above may put in front where
 * (err_add: "account gmail: message 812: ..."). Nobody both prints an error and returns it.
 * `e` is never null. Text from a server enters only through text_escape (base/text.h).
 * Formats are translated here (base/translate.h); nothing may look into the text of an error.
 */
#ifndef POPKEEP_BASE_ERR_H
#define POPKEEP_BASE_ERR_H

#include "popkeep/base/status.h"
#include <stdbool.h>

enum { ERR_TEXT_MAX = 3072, ERR_SERVER_MAX = 1024 };

struct err {
    enum status status;      /* ST_OK: no error */
    int sys_errno;           /* errno at the failing call, 0 if none */
    bool line_cut;           /* the connection broke or fell silent: connecting anew may help */
    char text[ERR_TEXT_MAX]; /* complete enough to print as it is; no full stop, no newline at the
                                end; may hold newlines between lines of advice */
    char server[ERR_SERVER_MAX]; /* what the server said, by text_escape; empty: nothing, or it is
                                    no matter. For programs: the text has it, too */
};

#define ERR_INIT                                                                                   \
    {                                                                                              \
        .status = ST_OK                                                                            \
    }

/* Both return -1, so that `return err_set(...)` is the usual way out of a function.
 * Over-long text is cut at a whole character. */
int err_set(struct err *e, enum status s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, then ": " and the C library's description of errnum, translated by our own catalogue.
 */
int err_sys(struct err *e, enum status s, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Put "PREFIX: " in front of the text there is. */
int err_add(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Append a new line of advice: what to do next. */
int err_advise(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Note what the server said, already escaped, of an error just set. Returns -1. */
int err_server(struct err *e, const char *escaped);

/* Say of an error just set that the line was cut. Returns -1. */
int err_cut(struct err *e);

void err_clear(struct err *e);

/* ST_CANTCREATE or ST_IO for a failed local file operation: 73 when the thing could not be made
 * (create, mkdir, no space at creation), 74 otherwise is the caller's choice; this only maps
 * ENOMEM to ST_SOFTWARE and leaves the rest as given. */
enum status err_status_of(int errnum, enum status otherwise);

#endif
