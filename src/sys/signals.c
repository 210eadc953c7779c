/* SPDX-License-Identifier: ISC */
/* The first signal sets a flag, a later one kills. */
#include "popkeep/sys/signals.h"
#include "popkeep/sys/clock.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

static volatile int signals_caught; /* an int is written in one piece on every Linux machine */

static int64_t signals_caught_ms; /* when; it and the next are the handler's alone */
static bool signals_parent_spoke;

static const int signals_handled[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNALS_N = sizeof signals_handled / sizeof signals_handled[0] };
static bool signals_ours[SIGNALS_N]; /* was not ignored at the start */
/* a broken pipe and a file at its limit are errors of the call that met them */
static const int signals_unwanted[] = {SIGPIPE, SIGXFSZ};
enum { SIGNALS_UNWANTED_N = sizeof signals_unwanted / sizeof signals_unwanted[0] };
static bool signals_unwanted_ours[SIGNALS_UNWANTED_N];

static void signals_handled_set(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < SIGNALS_N; i++)
        sigaddset(set, signals_handled[i]);
}

static void signals_default(int sig)
{
    struct sigaction sa = {.sa_handler = SIG_DFL};

    sigemptyset(&sa.sa_mask);
    sigaction(sig, &sa, NULL);
}

/* The parent passes on what it was sent, be it a second after the worker was sent it, too. */
static bool is_passed_on(const siginfo_t *info)
{
    bool first = info->si_pid > 0 && info->si_pid == getppid() && !signals_parent_spoke;

    signals_parent_spoke = signals_parent_spoke || first;
    return first;
}

static void signals_on(int sig, siginfo_t *info, void *context)
{
    int saved = errno;
    int64_t now = clock_mono_ms();
    bool passed_on = is_passed_on(info);

    (void)context;
    if (signals_caught == 0) {
        signals_caught_ms = now;
        signals_caught = sig;
    } else if (!passed_on && now - signals_caught_ms >= SIGNALS_SAME_MS) {
        signals_default(sig);
        raise(sig); /* blocked in its own handler: acts on return */
    }
    errno = saved;
}

void signals_install(void)
{
    struct sigaction sa = {.sa_sigaction = signals_on, .sa_flags = SA_SIGINFO};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction old;
    sigset_t ours;

    /* ignored by whoever started us, it would take from us how a worker ended (wait(2), ECHILD) */
    signals_default(SIGCHLD);
    signals_handled_set(&ours);
    sa.sa_mask = ours;
    sigemptyset(&ignore.sa_mask);
    for (size_t i = 0; i < SIGNALS_N; i++) {
        if (sigaction(signals_handled[i], NULL, &old) != 0 || old.sa_handler == SIG_IGN)
            continue;
        signals_ours[i] = true;
        sigaction(signals_handled[i], &sa, NULL);
    }
    for (size_t i = 0; i < SIGNALS_UNWANTED_N; i++) {
        sigaction(signals_unwanted[i], &ignore, &old);
        signals_unwanted_ours[i] = signals_unwanted_ours[i] || old.sa_handler != SIG_IGN;
    }
    /* a mask outlives exec: started by a thread that blocks signals we could not be ended */
    sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

int signals_pending(void)
{
    return signals_caught;
}

const volatile int *signals_flag(void)
{
    return &signals_caught;
}

void signals_reraise(void)
{
    int sig = signals_caught;
    sigset_t set;

    if (sig == 0)
        return;
    signals_default(sig);
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(sig);
}

bool signals_sleep_ms(int64_t ms)
{
    enum { SLICE_MS = 200 }; /* a signal just before poll would be slept through */
    int64_t end = clock_mono_ms() + ms;

    while (signals_caught == 0) {
        int64_t left = end - clock_mono_ms();
        if (left <= 0)
            return true;
        (void)poll(NULL, 0, left < SLICE_MS ? (int)left : SLICE_MS);
    }
    return false;
}

static sigset_t signals_held; /* what was blocked before signals_hold */

void signals_hold(void)
{
    sigset_t set;

    signals_handled_set(&set);
    sigprocmask(SIG_BLOCK, &set, &signals_held);
}

void signals_release(void)
{
    sigprocmask(SIG_SETMASK, &signals_held, NULL);
}

void signals_begin(void)
{
    sigset_t none;

    signals_caught = 0;
    signals_parent_spoke = false;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void signals_reset_for_child(void)
{
    sigset_t none;

    for (size_t i = 0; i < SIGNALS_N; i++)
        if (signals_ours[i])
            signals_default(signals_handled[i]);
    for (size_t i = 0; i < SIGNALS_UNWANTED_N; i++)
        if (signals_unwanted_ours[i])
            signals_default(signals_unwanted[i]);
    signals_caught = 0;
    signals_parent_spoke = false;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
