/* SPDX-License-Identifier: ISC */
/* If these fail, a scheduler's second run works beside the first one, or runs of different schools
 * keep each other from starting. */
#include "tempdir.h"
#include "popkeep/store/claim.h"

#include <sys/wait.h>

static const char *const all[] = {"a", "b", "c", "d"};
static const char *const some[] = {"c", "e"};
static const char *const others[] = {"e", "f"};

/* What a process of its own gets; *holder as it sees it. */
static enum claim_result child_tries(const struct tempdir *t, const char *const *names, size_t n,
                                     pid_t *holder)
{
    int fds[2], status = 0;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd;
        enum claim_result got = claim_take(t->fd, names, n, &fd, holder);
        ssize_t ignored = write(fds[1], holder, sizeof *holder);
        (void)ignored;
        _exit((int)got);
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], holder, sizeof *holder), (ssize_t)sizeof *holder);
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return (enum claim_result)WEXITSTATUS(status);
}

static void test_who_meets_whom(void **state)
{
    const struct tempdir *t = *state;
    pid_t holder;
    int fd;

    assert_int_equal(claim_take(t->fd, all, 4, &fd, &holder), CLAIM_TAKEN);
    assert_int_equal(child_tries(t, all, 4, &holder), CLAIM_BUSY);
    assert_int_equal(holder, getpid());
    assert_int_equal(child_tries(t, some, 2, &holder), CLAIM_BUSY);
    assert_int_equal(child_tries(t, others, 2, &holder), CLAIM_TAKEN);
    assert_int_equal(child_tries(t, all, 0, &holder), CLAIM_TAKEN);
    close(fd);
    assert_int_equal(child_tries(t, all, 4, &holder), CLAIM_TAKEN);
}

/* The workers of a run have its descriptor: that they end must not give anything away. */
static void test_children_do_not_let_go(void **state)
{
    const struct tempdir *t = *state;
    pid_t holder, pid;
    int fd;

    assert_int_equal(claim_take(t->fd, all, 4, &fd, &holder), CLAIM_TAKEN);
    pid = fork();
    if (pid == 0) {
        close(fd);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(child_tries(t, all, 1, &holder), CLAIM_BUSY);
    close(fd);
}

static void test_a_file_that_is_none_of_ours(void **state)
{
    const struct tempdir *t = *state;
    pid_t holder;
    int fd;

    assert_int_equal(symlinkat("elsewhere", t->fd, ".runs"), 0);
    assert_int_equal(claim_take(t->fd, all, 4, &fd, &holder), CLAIM_NONE);
    assert_int_equal(fd, -1);
    assert_false(tempdir_has(t, "elsewhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_who_meets_whom),
        with_tempdir(test_children_do_not_let_go),
        with_tempdir(test_a_file_that_is_none_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
