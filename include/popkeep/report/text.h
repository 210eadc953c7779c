/* SPDX-License-Identifier: ISC */
/*
 * Events for people. Pure: text is appended to buffers, the caller writes them.
 *
 * stdout carries results, stderr diagnostics. A run that had nothing to do and is not on a terminal prints nothing. Server text is escaped.
 */
#ifndef POPKEEP_REPORT_TEXT_H
#define POPKEEP_REPORT_TEXT_H

#include "popkeep/report/event.h"

struct report_style {
    int verbose;        /* -v count; -1: --quiet (errors only) */
    bool terminal;      /* stdout or stderr is one: say also that there was nothing to do */
    bool many;          /* several accounts: lines begin with the account's name */
    const char *command; /* "fetch", "check", "status", "verify" */
    bool dry_run;
};

/* What the event looks like, if anything: to stdout's or stderr's text. */
void report_text(struct buf *out, struct buf *diag, const struct event *ev, const struct report_style *st);

/* The same event as one line of JSON Lines: {"v":1,"event":"stored","account":"…",…}\n */
void report_json(struct buf *out, const struct event *ev);

#endif
