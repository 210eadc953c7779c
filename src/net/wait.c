/* SPDX-License-Identifier: ISC */
/* poll(2) with a deadline and the interrupt flag. */
#include "popkeep/net/wait.h"
#include <poll.h>
#include <stddef.h>
#include <time.h>

/* A signal between the look at the flag and poll() would be slept through: hence slices. */
enum { WAIT_SLICE_MS = 400 };

static const volatile int *wait_flag;

int64_t wait_now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void wait_set_interrupt(const volatile int *flag)
{
    wait_flag = flag;
}

bool wait_interrupted(void)
{
    return wait_flag != NULL && *wait_flag != 0;
}

enum wait_result wait_for(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int64_t left = deadline_ms - wait_now_ms();

        if (wait_interrupted())
            return WAIT_INTERRUPTED;
        if (left < 0)
            left = 0;
        if (poll(&p, 1, left < WAIT_SLICE_MS ? (int)left : WAIT_SLICE_MS) > 0)
            return WAIT_READY;
        if (wait_now_ms() >= deadline_ms)
            return wait_interrupted() ? WAIT_INTERRUPTED : WAIT_TIMEOUT;
    }
}
