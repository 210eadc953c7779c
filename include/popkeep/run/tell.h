/* SPDX-License-Identifier: ISC */
/*
 * How the rooms of run/ tell what happens: events into a pipe (or any function), from either thread
 * of a worker. The wire trace of -vvv goes straight to stderr, each line by one write(2) before its
 * octets are sent, so that a system-call log shows what preceded what.
 */
#ifndef POPKEEP_RUN_TELL_H
#define POPKEEP_RUN_TELL_H

#include "popkeep/config/config.h"
#include "popkeep/report/event.h"
#include "popkeep/run/options.h"
#include <pthread.h>

struct tell {
    const char *account;
    void (*emit)(void *ctx, const struct event *ev); /* called under the lock */
    void *ctx;
    bool trace;
    bool each;              /* somebody wants to know of each message (-v, --json) */
    enum event_stage stage; /* goes along with notes, warnings, errors and failed messages */
    pthread_mutex_t lock;
};

void tell_init(struct tell *t, const char *account, void (*emit)(void *, const struct event *),
               void *ctx, const struct run_options *o, bool json);
void tell_end(struct tell *t);

/* Where the account is from now on. Returns where it was. */
enum event_stage tell_stage(struct tell *t, enum event_stage stage);
void tell_event(struct tell *t, const struct event *ev);
/* EVENT_ACCOUNT_START of this account, for whoever begins with it. */
void tell_start(struct event *ev, const struct account *a);
/* EVENT_NOTE, EVENT_WARNING: text in plain words. */
void tell_text(struct tell *t, enum event_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* EVENT_WARNING that changes the exit status to (at least) `status`: seen with --quiet too. */
void tell_trouble(struct tell *t, enum status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, when it was the server's word: `server` is escaped, and has to be in the text, too. */
void tell_refusal(struct tell *t, enum status status, const char *server, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* EVENT_ERROR with all that the error knows; `hint` (provider's, may be null) goes along. */
void tell_error(struct tell *t, const struct err *e, const char *hint);
/* EVENT_ACCOUNT_END of an account that an error ended before it had any numbers, or that has none.
 */
void tell_end_account(struct tell *t, enum status status);
/* EVENT_PROGRESS; `phase` is an enum event_phase. */
void tell_progress(struct tell *t, int phase, uint64_t done, uint64_t total, uint64_t done_octets,
                   uint64_t total_octets);
/* "ACCOUNT > PASS ***" (direction '>' or '<'); the text is escaped. Nothing unless tracing. */
void tell_trace(struct tell *t, char direction, struct sv text);

#endif
