/* SPDX-License-Identifier: ISC */
/* A question on the controlling terminal, with the echo off. */
#include "popkeep/sys/ask.h"
#include "popkeep/base/mem.h"
#include "popkeep/sys/signals.h"
#include "popkeep/sys/terminal.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

static const int ask_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { ASK_SIGNALS = sizeof ask_signals / sizeof ask_signals[0] };

static volatile sig_atomic_t ask_caught;

struct ask {
    int fd;
    struct termios before;
    struct sigaction old[ASK_SIGNALS];
    sigset_t mask;
};

static void ask_on(int sig)
{
    ask_caught = sig;
}

/* The signals stay blocked but for the inside of ppoll, so that none is missed between a look at
 * the flag and the wait. */
static void ask_signals_take(struct ask *a)
{
    struct sigaction sa = {.sa_handler = ask_on};
    sigset_t block;

    sigemptyset(&sa.sa_mask);
    sigemptyset(&block);
    for (size_t i = 0; i < ASK_SIGNALS; i++)
        sigaddset(&block, ask_signals[i]);
    ask_caught = 0;
    sigprocmask(SIG_BLOCK, &block, &a->mask);
    for (size_t i = 0; i < ASK_SIGNALS; i++) {
        sigaction(ask_signals[i], NULL, &a->old[i]);
        if (a->old[i].sa_handler != SIG_IGN)
            sigaction(ask_signals[i], &sa, NULL);
    }
}

static void ask_signals_give_back(const struct ask *a)
{
    for (size_t i = 0; i < ASK_SIGNALS; i++)
        sigaction(ask_signals[i], &a->old[i], NULL);
    sigprocmask(SIG_SETMASK, &a->mask, NULL);
}

static void ask_print(int fd, const char *text)
{
    size_t n = strlen(text);

    while (n > 0) {
        ssize_t k = write(fd, text, n);

        if (k < 0 && errno != EINTR)
            return;
        if (k > 0) {
            text += k;
            n -= (size_t)k;
        }
    }
}

/* One line: 0, or -1 with *e; a caught signal ends it with 0 and ask_caught set. */
static int ask_read(const struct ask *a, struct buf *out, struct err *e)
{
    char part[4200];
    int rc = 1;

    while (rc > 0) {
        struct pollfd p = {.fd = a->fd, .events = POLLIN};
        ssize_t n;

        (void)ppoll(&p, 1, NULL, &a->mask);
        if (ask_caught != 0)
            return 0;
        if (p.revents == 0)
            continue;
        n = read(a->fd, part, sizeof part);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            rc = n < 0 ? err_sys(e, ST_CONFIG, errno, "cannot read from the terminal")
                       : err_set(e, ST_CONFIG, "no password was typed");
        /* Linux hands over at most 4,095 octets of a line and drops the rest (termios(3)) */
        else if (n >= 4095 || buf_add_secret(out, part, (size_t)n) != 0)
            rc = err_set(e, ST_CONFIG, "the line is too long for a terminal; use password_file");
        else if (part[n - 1] == '\n')
            rc = 0;
    }
    mem_wipe(part, sizeof part);
    return rc;
}

static int ask_once(struct buf *out, const char *prompt, struct err *e)
{
    struct ask a = {.fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
    struct termios quiet;
    int rc;

    if (a.fd < 0 || tcgetattr(a.fd, &a.before) != 0) {
        if (a.fd >= 0)
            close(a.fd);
        return err_set(e, ST_CONFIG, "there is no terminal to ask for the password on");
    }
    quiet = a.before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    quiet.c_lflag |= ICANON | ISIG;
    ask_signals_take(&a);
    (void)tcsetattr(a.fd, TCSAFLUSH, &quiet);
    ask_print(a.fd, prompt);
    rc = ask_read(&a, out, e);
    (void)tcsetattr(a.fd, TCSAFLUSH, &a.before);
    ask_print(a.fd, "\n");
    close(a.fd);
    ask_signals_give_back(&a);
    return rc;
}

int ask_secret(struct buf *out, const char *prompt, struct err *e)
{
    for (;;) {
        int rc = ask_once(out, prompt, e);

        if (rc != 0 || ask_caught != 0)
            buf_wipe(out);
        if (rc != 0)
            return -1;
        if (ask_caught == 0)
            break;
        raise(ask_caught); /* now that the terminal is as it was */
        if (ask_caught != SIGTSTP)
            return err_set(e, ST_TEMP, "interrupted while asking for the password");
    }
    if (out->n > 0 && out->p[out->n - 1] == '\n')
        out->p[--out->n] = '\0';
    return 0;
}

int ask_line(struct buf *out, const char *prompt, struct err *e)
{
    bool begun = false;
    char c = '\0';
    ssize_t n = 0;

    if (terminal_is(0) && terminal_is(2))
        ask_print(2, prompt);
    while (c != '\n') {
        n = signals_pending() ? -1 : read(0, &c, 1);
        if (signals_pending())
            return err_set(e, ST_TEMP, "interrupted");
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(e, ST_IO, errno, "cannot read standard input");
        if (n == 0)
            break;
        begun = true;
        if (c != '\n' && buf_add_secret(out, &c, 1) != 0)
            return err_set(e, ST_CONFIG, "the line is longer than %zu octets", out->max);
    }
    if (!begun)
        return err_set(e, ST_CONFIG, "the input ended");
    if (out->n > 0 && out->p[out->n - 1] == '\r')
        buf_cut(out, out->n - 1);
    return 0;
}
