/* SPDX-License-Identifier: ISC */
/* The clocks, and the id of this boot. */
#include "popkeep/sys/clock.h"
#include "popkeep/base/status.h"
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct timespec clock_now(clockid_t id)
{
    struct timespec t;

    if (clock_gettime(id, &t) != 0) {
        static const char text[] = "popkeep: the system has no such clock\n";
        ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
        (void)ignored;
        _exit(ST_SOFTWARE);
    }
    return t;
}

int64_t clock_wall_s(void)
{
    return clock_now(CLOCK_REALTIME).tv_sec;
}

int64_t clock_wall_us(void)
{
    struct timespec t = clock_now(CLOCK_REALTIME);

    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_boot_s(void)
{
    return clock_now(CLOCK_BOOTTIME).tv_sec;
}

int64_t clock_mono_ms(void)
{
    struct timespec t = clock_now(CLOCK_MONOTONIC);

    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_utc_offset_s(int64_t wall_s)
{
    time_t t = (time_t)wall_s;
    struct tm tm;

    tzset(); /* localtime_r need not do it */
    return localtime_r(&t, &tm) != NULL ? tm.tm_gmtoff : 0;
}

int clock_boot_id(char out[CLOCK_BOOT_ID_MAX])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    out[0] = '\0';
    if (fd < 0)
        return -1;
    n = read(fd, out, CLOCK_BOOT_ID_MAX - 1);
    close(fd);
    while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' '))
        n--;
    out[n > 0 ? n : 0] = '\0';
    return n > 0 ? 0 : -1;
}
