/* SPDX-License-Identifier: ISC */
/* If these fail, deletions are judged by a wrong clock, root is not given up, output is lost
 * without a word, or Ctrl-C does not end a run in order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/sys/clock.h"
#include "popkeep/sys/env.h"
#include "popkeep/sys/file.h"
#include "popkeep/sys/output.h"
#include "popkeep/sys/instrumented.h"
#include "popkeep/sys/process.h"
#include "popkeep/sys/signals.h"
#include "popkeep/sys/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* an instrumented build needs to look at itself and is not locked out */
#ifdef POPKEEP_INSTRUMENTED
enum { TRACES_ITSELF = 1 };
#else
enum { TRACES_ITSELF = 0 };
#endif

static void assert_says(const struct err *e, const char *words)
{
    if (strstr(e->text, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, e->text);
}

/* Run a step in a child of its own; its wait status. */
static int in_child(void (*step)(void))
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        step();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void test_clock(void **state)
{
    int64_t s = clock_wall_s(), us = clock_wall_us(), boot = clock_boot_s(), mono = clock_mono_ms();
    char id[CLOCK_BOOT_ID_MAX], again[CLOCK_BOOT_ID_MAX];

    (void)state;
    assert_true(s > 1600000000);
    assert_in_range(us / 1000000 - s, 0, 5);
    assert_true(boot >= 0 && clock_boot_s() >= boot);
    assert_true(clock_mono_ms() >= mono);
    if (clock_boot_id(id) == 0) {
        assert_int_equal(strlen(id), 36);
        assert_int_equal(clock_boot_id(again), 0);
        assert_string_equal(id, again);
    } else {
        assert_string_equal(id, "");
    }
}

static void test_env(void **state)
{
    char *home = getenv("HOME") != NULL ? strdup(getenv("HOME")) : NULL, *got;

    (void)state;
    setenv("POPKEEP_TEST", "", 1);
    assert_null(env_get("POPKEEP_TEST"));
    setenv("POPKEEP_TEST", "x", 1);
    assert_string_equal(env_get("POPKEEP_TEST"), "x");
    unsetenv("POPKEEP_TEST");
    assert_null(env_get("POPKEEP_TEST"));
    setenv("HOME", "/somewhere", 1);
    got = env_home();
    assert_string_equal(got, "/somewhere");
    free(got);
    setenv("HOME", "relative", 1); /* would make Maildirs wherever popkeep is started */
    got = env_home();
    assert_true(got == NULL || got[0] == '/');
    free(got);
    if (home != NULL)
        setenv("HOME", home, 1);
    free(home);
    got = env_host();
    assert_true(strlen(got) > 0 && strlen(got) <= 64);
    assert_null(strpbrk(got, "/:,"));
    free(got);
}

static void test_file(void **state)
{
    char path[] = "/tmp/popkeep-test-XXXXXX", by_fd[64];
    struct buf b = BUF_INIT(20000), tight = BUF_INIT(9999);
    struct err e = ERR_INIT;
    static char text[10000];
    int fd = mkstemp(path), ends[2], given = -1;

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(write(fd, text, sizeof text), sizeof text);
    close(fd);
    assert_int_equal(file_read_all(&b, path, &given, &e), 0);
    assert_int_equal(b.n, sizeof text);
    assert_memory_equal(b.p, text, sizeof text);
    assert_int_equal(fcntl(given, F_GETFD), FD_CLOEXEC);
    close(given);
    buf_wipe(&b);
    assert_int_equal(file_read_all(&tight, path, &given, &e), -1);
    assert_int_equal(e.status, ST_CONFIG);
    assert_int_equal(given, -1);
    assert_int_equal(tight.n, 0);
    unlink(path);
    assert_int_equal(file_read_all(&b, path, NULL, &e), -1);
    assert_int_equal(e.status, ST_CONFIG);
    assert_int_equal(e.sys_errno, ENOENT);
    assert_says(&e, path);
    assert_int_equal(file_read_all(&b, "/tmp", NULL, &e), -1);
    assert_int_equal(e.status, ST_CONFIG);
    assert_says(&e, "is a folder");
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "[defaults]\n", 11), 11);
    close(ends[1]);
    snprintf(by_fd, sizeof by_fd, "/dev/fd/%d", ends[0]);
    assert_int_equal(b.n, 0);
    assert_int_equal(file_read_all(&b, by_fd, NULL, &e), 0);
    assert_int_equal(b.n, 11);
    close(ends[0]);
    buf_wipe(&b);
}

static void *drain(void *arg)
{
    static size_t all;
    char part[5000];
    ssize_t n;

    while ((n = read(*(int *)arg, part, sizeof part)) > 0)
        all += (size_t)n;
    return &all;
}

static void test_output(void **state)
{
    enum { AMOUNT = 1000000 };
    static char text[AMOUNT];
    struct err e = ERR_INIT;
    pthread_t thread;
    int ends[2], full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    void *all;

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(output_write(full, SV("x"), &e), -1);
    assert_int_equal(e.status, ST_IO);
    assert_int_equal(e.sys_errno, ENOSPC);
    close(full);
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK); /* as a terminal shared with another program may be */
    pthread_create(&thread, NULL, drain, &ends[0]);
    assert_int_equal(output_write(ends[1], sv_make(text, AMOUNT), &e), 0);
    close(ends[1]);
    pthread_join(thread, &all);
    assert_int_equal(*(size_t *)all, AMOUNT);
    close(ends[0]);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(output_write(ends[1], SV("x"), &e), -1);
    assert_int_equal(e.sys_errno, EPIPE);
    close(ends[1]);
    signal(SIGPIPE, SIG_DFL);
}

static void test_terminal(void **state)
{
    struct winsize size = {.ws_row = 10, .ws_col = 137};
    int ends[2], master, slave;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_false(terminal_is(ends[1]));
    assert_int_equal(terminal_width(ends[1]), 80);
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    assert_true(terminal_is(slave));
    assert_int_equal(terminal_width(slave), 137);
    close(ends[0]);
    close(ends[1]);
    close(master);
    close(slave);
}

/* --- signals --- */

static void first_signal(void)
{
    signals_install();
    if (signals_pending() != 0)
        _exit(1);
    signals_reraise(); /* nothing to raise */
    raise(SIGPIPE);
    raise(SIGTERM);
    if (signals_pending() != SIGTERM || *signals_flag() != SIGTERM)
        _exit(2);
}

/* timeout(1) signals its child twice; systemd and Slurm the workers, and the parent does so too. */
static void same_signal(void)
{
    first_signal();
    raise(SIGTERM);
    raise(SIGINT);
    if (signals_pending() != SIGTERM)
        _exit(3);
}

static void second_signal(void)
{
    first_signal();
    for (int64_t end = clock_mono_ms() + SIGNALS_SAME_MS; clock_mono_ms() <= end;)
        poll(NULL, 0, 50);
    raise(SIGINT);
    _exit(3);
}

static void reraised(void)
{
    first_signal();
    signals_reraise();
    _exit(4);
}

static void ignored(void)
{
    signal(SIGHUP, SIG_IGN); /* nohup */
    signals_install();
    raise(SIGHUP);
    raise(SIGHUP);
    if (signals_pending() != 0)
        _exit(5);
}

static void for_child(void)
{
    signal(SIGHUP, SIG_IGN);
    first_signal();
    signals_reset_for_child();
    if (signals_pending() != 0)
        _exit(6);
    raise(SIGHUP);
    raise(SIGPIPE);
    _exit(7);
}

static void test_signals(void **state)
{
    (void)state;
    assert_int_equal(in_child(first_signal), 0);
    assert_int_equal(in_child(same_signal), 0);
    assert_int_equal(in_child(second_signal), SIGINT);
    assert_int_equal(in_child(reraised), SIGTERM);
    assert_int_equal(in_child(ignored), 0);
    assert_int_equal(in_child(for_child), SIGPIPE);
}

/* --- processes --- */

static void becomes_nobody(void)
{
    static const gid_t roots[] = {0, 1, 2};
    struct err e = ERR_INIT;

    if (setgroups(3, roots) != 0)
        _exit(5);
    if (process_become("nobody", &e) != 0 || process_is_root() || getuid() == 0 || getgid() == 0)
        _exit(1);
    if (getgroups(0, NULL) > 1 || setuid(0) == 0)
        _exit(2);
    if (process_become("nobody", &e) != 0) /* is it already */
        _exit(3);
    if (process_become("root", &e) != -1 || e.status != ST_CONFIG)
        _exit(4);
}

static void hardened(void)
{
    struct rlimit core;

    process_harden();
    getrlimit(RLIMIT_CORE, &core);
    _exit(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && core.rlim_cur == 0 ? 0 : 42);
}

static void test_process(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(process_is_root(), geteuid() == 0);
    assert_int_equal(process_become("popkeep-no-such-user", &e), -1);
    assert_int_equal(e.status, ST_CONFIG);
    assert_says(&e, "popkeep-no-such-user");
    if (process_is_root())
        assert_int_equal(in_child(becomes_nobody), 0);
    assert_int_equal(WEXITSTATUS(in_child(hardened)), TRACES_ITSELF ? 42 : 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock),    cmocka_unit_test(test_env),
        cmocka_unit_test(test_file),     cmocka_unit_test(test_output),
        cmocka_unit_test(test_terminal), cmocka_unit_test(test_signals),
        cmocka_unit_test(test_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
