/* SPDX-License-Identifier: ISC */
/*
 * Events for people, and for programs. Pure: text is appended to buffers, the caller writes them.
 * Each call appends whole lines or, if the maximum of a buffer forbids it, nothing to that buffer.
 *
 * For people (report_text)
 *   stdout carries results, stderr diagnostics. A run that had nothing to do and is not on a
 *   terminal prints nothing. Summaries and diagnostics begin with the account's name, the lines of
 *   single messages and steps only when there are several accounts.
 *   --quiet leaves what is wrong: errors, failed messages, warnings that change the exit status,
 *   summaries of accounts that did not end well, accounts in trouble (status), bad messages
 *   (verify), failed steps (check).
 *   The status of several accounts is a table instead (table.h), unless each is told of at length.
 *   What strangers can choose (UIDL, server text) is escaped; text of several lines is printed with
 *   the further lines indented, so that no line can pass for one of another account.
 *
 * For programs (report_json)
 *   One object a line, ASCII controls and anything that is no UTF-8 escaped; see event_fields.
 */
#ifndef POPKEEP_REPORT_TEXT_H
#define POPKEEP_REPORT_TEXT_H

#include "popkeep/report/event.h"

struct report_style {
    int verbose;         /* -v count; -1: --quiet */
    bool terminal;       /* stdout or stderr is one: say also that there was nothing to do */
    bool many;           /* several accounts */
    const char *command; /* "fetch", "check", "status", "verify"; null: fetch */
    bool dry_run;
};

/* What the event looks like, if anything: to stdout's or stderr's text. */
void report_text(struct buf *out, struct buf *diag, const struct event *ev,
                 const struct report_style *st);

/* How grave an event is, for logs. */
enum report_level { REPORT_ERROR, REPORT_WARNING, REPORT_RESULT, REPORT_NOTE };
enum report_level report_level(const struct event *ev);

/* The same event as one line: {"v":1,"event":"stored","account":"...",...}\n */
void report_json(struct buf *out, const struct event *ev);

#endif
