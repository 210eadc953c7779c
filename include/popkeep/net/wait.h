/* SPDX-License-Identifier: ISC */
/*
 * Waiting for a socket: with a deadline, ended by the interrupt flag, never fooled by EINTR.
 * Only the room net includes this.
 */
#ifndef POPKEEP_NET_WAIT_H
#define POPKEEP_NET_WAIT_H

#include <stdbool.h>
#include <stdint.h>

enum wait_result {
    WAIT_READY,   /* one of the events, or an error on the socket that the next call will show */
    WAIT_TIMEOUT, /* the deadline passed */
    WAIT_INTERRUPTED, /* the flag is set */
};

int64_t wait_now_ms(void); /* CLOCK_MONOTONIC: setting the wall clock changes no deadline */

/* Until `fd` has one of `events` (poll(2)) or the deadline (of wait_now_ms) has passed. */
enum wait_result wait_for(int fd, short events, int64_t deadline_ms);

/* The flag of conn_set_interrupt; the waits look at it at least twice a second, so that a
 * signal caught by another thread is seen too. */
void wait_set_interrupt(const volatile int *flag);
bool wait_interrupted(void);

#endif
