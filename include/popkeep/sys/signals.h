/* SPDX-License-Identifier: ISC */
/*
 * Signals: one ends the work in good order, a later one ends it at once.
 *
 * signals_install once at the start. The first SIGINT, SIGTERM or SIGHUP only sets the flag; waits
 * look at it (conn_set_interrupt(signals_flag())) and system calls end with EINTR, since no handler
 * is installed with SA_RESTART. What follows within SIGNALS_SAME_MS is taken for the same request,
 * come by another way: timeout(1) signals its child and its group, systemd and Slurm the workers as
 * well as the parent, which passes it on to them (the first one from the parent is, whenever it
 * comes, if there was one before). Any later one of the three has its default effect
 * immediately: every point is safe to be killed at. When the work is ended and written,
 * signals_reraise lets the shell see by what we ended, so that its loop ends too. A signal that was
 * ignored when popkeep was started (nohup, `&` in a script) stays ignored; one that was blocked
 * does not stay blocked, which nobody asks for on purpose.
 */
#ifndef POPKEEP_SYS_SIGNALS_H
#define POPKEEP_SYS_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

enum { SIGNALS_SAME_MS = 1000 };

/* SIGPIPE and SIGXFSZ (ulimit -f) are ignored from here on: the writes that fail are reported.
 * SIGCHLD is not, whoever started us: else nobody would learn how a child ended. */
void signals_install(void);

int signals_pending(void);              /* the number of the first signal caught, 0: none */
const volatile int *signals_flag(void); /* the same, to be looked at by waits; lives for ever */

/* End by the default action of the signal caught. Returns only if none was caught. */
void signals_reraise(void);

/* True: so many ms (of CLOCK_MONOTONIC) have passed; false: a signal was caught before. */
bool signals_sleep_ms(int64_t ms);

/* Around a fork whose child goes on as popkeep: signals_hold before; after it signals_release in
 * the parent, signals_begin in the child, for which nothing has been caught yet. Without, a signal
 * sent to a child at its very beginning would be lost. */
void signals_hold(void);
void signals_release(void);
void signals_begin(void);

/* In a child after fork: what signals_install changed has its default action again, the flag is
 * 0, nothing is blocked. Signals that were ignored at the start stay ignored.
 * Async-signal-safe. */
void signals_reset_for_child(void);

#endif
