/* SPDX-License-Identifier: ISC */
/* If these fail, a server that finds a hole in popkeep or OpenSSL can overwrite the owner's other
 * files, or a worker cannot name its own mail any more. */
#include "tempdir.h"

#include "popkeep/sys/confine.h"
#include "popkeep/sys/instrumented.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* Exit status of a child that gave all up but the folder "mine" and then took this step. */
static int confined(const struct tempdir *t, int (*step)(const struct tempdir *))
{
    int how = 0;
    pid_t pid;

    (void)mkdirat(t->fd, "mine", 0700);
    (void)mkdirat(t->fd, "mine/tmp", 0700);
    (void)mkdirat(t->fd, "mine/new", 0700);
    pid = fork();
    if (pid == 0) {
        int own[2] = {-1, openat(t->fd, "mine", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        unsigned held = confine_worker(own, 2);

        _exit(held == confine_can() ? step(t) : 99);
    }
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFEXITED(how));
    return WEXITSTATUS(how);
}

static int status_of(int rc)
{
    return rc < 0 ? errno : 0;
}

static int create_own(const struct tempdir *t)
{
    int fd = openat(t->fd, "mine/tmp/a", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, "mail", 4) != 4 || ftruncate(fd, 2) < 0 || fsync(fd) < 0)
        return errno;
    return status_of(renameat(t->fd, "mine/tmp/a", t->fd, "mine/new/a")) != 0
               ? errno
               : status_of(unlinkat(t->fd, "mine/new/a", 0));
}

static int read_other(const struct tempdir *t)
{
    return status_of(openat(t->fd, "other", O_RDONLY | O_CLOEXEC));
}

static int write_other(const struct tempdir *t)
{
    return status_of(openat(t->fd, "other", O_WRONLY | O_CLOEXEC));
}

static int create_other(const struct tempdir *t)
{
    return status_of(openat(t->fd, "more", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int remove_other(const struct tempdir *t)
{
    return status_of(unlinkat(t->fd, "other", 0));
}

static int move_other_in(const struct tempdir *t)
{
    return status_of(renameat(t->fd, "other", t->fd, "mine/new/other"));
}

static int execute(const struct tempdir *t)
{
    char name[] = "true", *const argv[] = {name, NULL};

    (void)t;
    return status_of(execv("/bin/true", argv));
}

static int trace(const struct tempdir *t)
{
    (void)t;
    return status_of((int)ptrace(PTRACE_TRACEME, 0, 0, 0));
}

static int raise_privileges(const struct tempdir *t)
{
    (void)t;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? EPERM : 0;
}

/* What must fail does, wherever this kernel and this build can make it. */
static void forbidden(const struct tempdir *t, int (*step)(const struct tempdir *), unsigned part,
                      int errnum)
{
    if (confine_can() & part)
        assert_int_equal(confined(t, step), errnum);
}

static void test_its_own_folder_stays_writable(void **state)
{
    assert_int_equal(confined(*state, create_own), 0);
}

static void test_everything_stays_readable(void **state)
{
    const struct tempdir *t = *state;

    tempdir_put(t, "other", "x", 1);
    assert_int_equal(confined(t, read_other), 0);
}

static void test_nothing_else_can_be_changed(void **state)
{
    const struct tempdir *t = *state;

    tempdir_put(t, "other", "x", 1);
    forbidden(t, write_other, CONFINE_WRITES, EACCES);
    forbidden(t, create_other, CONFINE_WRITES, EACCES);
    forbidden(t, remove_other, CONFINE_WRITES, EACCES);
    forbidden(t, move_other_in, CONFINE_WRITES, EACCES);
}

static void test_nothing_can_be_started_or_traced(void **state)
{
    forbidden(*state, execute, CONFINE_CALLS, EPERM);
    forbidden(*state, trace, CONFINE_CALLS, EPERM);
    forbidden(*state, raise_privileges, CONFINE_PRIVILEGES, EPERM);
}

/* Asking may not be doing. */
static void test_asking_changes_nothing(void **state)
{
    unsigned can = confine_can();

    (void)state;
    assert_int_equal(confine_can(), can);
    assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
#ifdef POPKEEP_INSTRUMENTED
    assert_int_equal(can, 0);
#else
    assert_true(can & CONFINE_PRIVILEGES);
#endif
}

static void test_it_says_what_holds(void **state)
{
    struct buf b = BUF_INIT(256);

    (void)state;
    confine_text(&b, CONFINE_ALL);
    assert_true(sv_eq_c(buf_sv(&b), "no new privileges, writes (Landlock), calls (seccomp)"));
    buf_clear(&b);
    confine_text(&b, CONFINE_CALLS);
    assert_true(sv_eq_c(buf_sv(&b), "calls (seccomp)"));
    buf_clear(&b);
    confine_text(&b, 0);
    assert_true(sv_eq_c(buf_sv(&b), "nothing"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_its_own_folder_stays_writable),
        with_tempdir(test_everything_stays_readable),
        with_tempdir(test_nothing_else_can_be_changed),
        with_tempdir(test_nothing_can_be_started_or_traced),
        cmocka_unit_test(test_asking_changes_nothing),
        cmocka_unit_test(test_it_says_what_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
