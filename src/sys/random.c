/* SPDX-License-Identifier: ISC */
/* getrandom(2), or what comes near it. */
#include "popkeep/sys/random.h"

#include "popkeep/sys/clock.h"

#include <sys/random.h>
#include <unistd.h>

uint64_t random_u64(void)
{
    uint64_t bits;

    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != (ssize_t)sizeof bits)
        bits = (uint64_t)clock_wall_us() << 22 ^ (uint64_t)getpid();
    return bits;
}
