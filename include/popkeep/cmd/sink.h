/* SPDX-License-Identifier: ISC */
/*
 * Where events end: stdout, stderr, the progress line. A failing stdout or stderr does not stop the
 * mail; it is remembered and becomes 74 at the end.
 */
#ifndef POPKEEP_CMD_SINK_H
#define POPKEEP_CMD_SINK_H

#include "popkeep/cmd/logbook.h"
#include "popkeep/cmd/options.h"
#include "popkeep/report/progress.h"
#include "popkeep/report/text.h"
#include "popkeep/report/whole.h"

enum { SINK_RUN = 16 + 1 };

struct sink {
    struct report_style style;
    struct logbook log;
    bool json;
    struct progress *progress; /* null: no terminal, or not wanted */
    bool line_shown;
    int64_t drawn_ms;
    size_t chosen; /* accounts of this run */
    uint64_t accounts, failed;
    int64_t sums[EVENT_NUMS];  /* of the accounts' numbers, EVENT_UNSET if none gave any */
    enum status output_status; /* ST_IO once writing failed */
    bool log_failed;           /* it was told */
    bool stdout_failed;        /* so was this */
    char run[SINK_RUN];
    bool apart; /* lines of an account are kept together up to its end */
    struct whole whole;
};

/* Tells the beginning of the run (EVENT_RUN_START). */
void sink_init(struct sink *s, const struct cmd_options *o, size_t n_accounts);
/* Results that no event says by itself, to stdout. */
void sink_result(struct sink *s, const struct buf *text);
/* `sink` is a struct sink. An event without a time gets that of now. */
void sink_event(void *sink, const struct event *ev);
/* Whole lines that are no event, such as warnings about the configuration: to the log, and to
 * stderr if `shown`. */
void sink_warn(struct sink *s, struct sv text, bool shown);
void sink_tick(void *sink);
/* "popkeep: TEXT", the way an error that concerns no account is printed and logged. */
void sink_error_line(struct buf *to, const struct err *e);

/* What ended the run before any account was begun: to the log, and with --json `run-start`, `error`
 * and `summary`, as a reader of JSON waits for them in any case. */
void sink_early_error(const struct cmd_options *o, const struct err *e);
/* The summary as it stands now. */
void sink_summary(const struct sink *s, enum status worst, int64_t began_ms, struct event *ev);
/* The summary event, last flush. Returns the status of the whole program. */
enum status sink_end(struct sink *s, enum status worst, int64_t began_ms);

#endif
