/* SPDX-License-Identifier: ISC */
/* If these fail, two runs may work on one mailbox and store its mail twice, or a dead one blocks
 * all. */
#include "tempdir.h"
#include "popkeep/store/lock.h"

#include <signal.h>
#include <sys/wait.h>

/* Exit status of a child that tries to take the lock in its own open of the folder. */
static int child_tries(const struct tempdir *t)
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct err e = ERR_INIT;
        int dir = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int fd = lock_take(dir, "lock", t->path, &e);
        _exit(fd >= 0 ? 0 : (int)e.status);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_one_holder(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    int fd = lock_take(t->fd, "lock", t->path, &e);
    assert_true(fd >= 0);
    assert_int_equal(child_tries(t), ST_TEMP);
    close(fd);
    assert_int_equal(child_tries(t), 0);
}

static void test_the_holder_is_named(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    char pid[32];
    int fd = lock_take(t->fd, "lock", t->path, &e);
    assert_true(fd >= 0);
    assert_int_equal(lock_take(t->fd, "lock", t->path, &e), -1);
    assert_int_equal(e.status, ST_TEMP);
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    assert_non_null(strstr(e.text, pid));
    assert_int_equal(ftruncate(fd, 0), 0); /* taken, number not yet written */
    assert_int_equal(lock_take(t->fd, "lock", t->path, &e), -1);
    assert_int_equal(e.status, ST_TEMP);
    assert_null(strstr(e.text, "process"));
    close(fd);
}

static void test_a_killed_holder_lets_go(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    int ready[2], status = 0;
    char c;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (lock_take(t->fd, "lock", t->path, &e) >= 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(lock_take(t->fd, "lock", t->path, &e), -1);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    int fd = lock_take(t->fd, "lock", t->path, &e);
    assert_true(fd >= 0);
    close(fd);
    close(ready[0]);
    close(ready[1]);
}

static void test_what_is_no_file(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    assert_int_equal(symlinkat("/etc/passwd", t->fd, "link"), 0);
    assert_int_equal(lock_take(t->fd, "link", t->path, &e), -1);
    assert_int_equal(e.status, ST_CANTCREATE);
    assert_non_null(strstr(e.text, "symbolic link"));
    assert_int_equal(mkdirat(t->fd, "folder", 0700), 0);
    assert_int_equal(lock_take(t->fd, "folder", t->path, &e), -1);
    assert_int_equal(e.status, ST_CANTCREATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_one_holder),
        with_tempdir(test_the_holder_is_named),
        with_tempdir(test_a_killed_holder_lets_go),
        with_tempdir(test_what_is_no_file),
    };
    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
