/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: its wall clock runs CLOCKSHIM_OFFSET seconds ahead, its time
 * since boot CLOCKSHIM_BOOT_OFFSET seconds (both may be negative); with CLOCKSHIM_AT the wall clock
 * stands still at that time; with CLOCKSHIM_JUMP=N:S it is S seconds ahead from the N-th look of a
 * process at it. CLOCK_MONOTONIC, by which
 * deadlines are kept (those of condition variables, too: all are of this clock), is left alone
 * unless CLOCKSHIM_SPEED says how many seconds it shall count in each. The kernel is asked by
 * system call, so that the real functions need not be looked up and sanitizers and valgrind do not
 * mind.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long offset_of(const char *name)
{
    const char *text = getenv(name);

    return text ? strtoll(text, NULL, 10) : 0;
}

static struct timespec began; /* children inherit it: parent and workers agree on the time */

__attribute__((constructor)) static void begin(void)
{
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &began);
}

static void hurry(struct timespec *t)
{
    long long speed = offset_of("CLOCKSHIM_SPEED");
    long long ns = (t->tv_sec - began.tv_sec) * 1000000000LL + t->tv_nsec - began.tv_nsec;

    if (speed <= 1)
        return;
    ns = ns * speed + began.tv_nsec;
    t->tv_sec = began.tv_sec + ns / 1000000000;
    t->tv_nsec = ns % 1000000000;
}

/* The other way round. */
static struct timespec really(const struct timespec *t)
{
    long long speed = offset_of("CLOCKSHIM_SPEED");
    long long ns = (t->tv_sec - began.tv_sec) * 1000000000LL + t->tv_nsec - began.tv_nsec;

    if (speed > 1)
        ns /= speed;
    ns += began.tv_nsec;
    return (struct timespec){.tv_sec = began.tv_sec + ns / 1000000000, .tv_nsec = ns % 1000000000};
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline)
{
    struct timespec t = really(deadline);

    return pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &t);
}

static long long jump(void)
{
    static _Atomic long long looks;
    const char *text = getenv("CLOCKSHIM_JUMP");
    char *colon;
    long long from = text ? strtoll(text, &colon, 10) : 0;

    return text && ++looks >= from && *colon == ':' ? strtoll(colon + 1, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    if (syscall(SYS_clock_gettime, clock, t) < 0)
        return -1;
    if ((clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) && getenv("CLOCKSHIM_AT"))
        *t = (struct timespec){.tv_sec = offset_of("CLOCKSHIM_AT")};
    else if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        t->tv_sec += offset_of("CLOCKSHIM_OFFSET");
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        t->tv_sec += jump();
    if (clock == CLOCK_BOOTTIME)
        t->tv_sec += offset_of("CLOCKSHIM_BOOT_OFFSET");
    else if (clock == CLOCK_MONOTONIC)
        hurry(t);
    return 0;
}

time_t time(time_t *out)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    if (out)
        *out = t.tv_sec;
    return t.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec t;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &t) < 0)
        return -1;
    tv->tv_sec = t.tv_sec;
    tv->tv_usec = t.tv_nsec / 1000;
    return 0;
}

int timespec_get(struct timespec *t, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, t) == 0 ? base : 0;
}
