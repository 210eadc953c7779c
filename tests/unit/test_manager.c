/* SPDX-License-Identifier: ISC */
/*
 * The service manager's socket and journal. What a user loses if these fail: `systemctl status`
 * that says nothing, errors that the journal takes for plain talk, or a password command that can
 * speak in popkeep's name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "popkeep/sys/manager.h"

static int listen_at(const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_true(n <= sizeof a.sun_path);
    memcpy(a.sun_path, name, n);
    if (name[0] == '@')
        a.sun_path[0] = '\0';
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
    return fd;
}

/* In a child, since what manager_init sees holds for the whole process. */
static void notify_from(const char *socket_name, const char *text)
{
    pid_t pid = fork();
    if (pid == 0) {
        setenv("NOTIFY_SOCKET", socket_name, 1);
        manager_init();
        manager_notify(sv_of(text));
        _exit(getenv("NOTIFY_SOCKET") == NULL ? 0 : 1);
    }
    int how = -1;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_int_equal(how, 0); /* nor is it in the environment any more */
}

static void expect_message(int fd, const char *want)
{
    char got[256] = "";
    ssize_t n = recv(fd, got, sizeof got - 1, 0);
    if (want == NULL) {
        assert_int_equal(n, -1);
        return;
    }
    assert_int_equal(n, strlen(want));
    assert_string_equal(got, want);
}

static void test_notify(void **state)
{
    (void)state;
    /* below /tmp, since the place of the sources may be too deep for a socket's name */
    char dir[] = "/tmp/popkeep-test.XXXXXX", path[64], abstract[64], longest[109];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/notify", dir);
    snprintf(abstract, sizeof abstract, "@popkeep-test-%ld", (long)getpid());
    memset(longest, 'x', sizeof longest - 1);
    longest[108] = '\0';
    memcpy(longest, abstract, strlen(abstract));
    const char *names[] = {path, abstract, longest};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int fd = listen_at(names[i]);
        notify_from(names[i], "READY=1\nSTATUS=accounts: 1 of 2 done");
        expect_message(fd, "READY=1\nSTATUS=accounts: 1 of 2 done");
        close(fd);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* What is no address, or no one's, must neither crash nor hang nor write beyond the structure. */
static void test_nobody(void **state)
{
    (void)state;
    char huge[4096];
    memset(huge, 'x', sizeof huge - 1);
    huge[0] = '/';
    huge[sizeof huge - 1] = '\0';
    const char *names[] = {"",          "/", "@", "relative", "vsock:2:1234", "/no/such/socket",
                           "/dev/null", huge};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        notify_from(names[i], "STATUS=x");
}

/* A manager that does not read must not hold us up. */
static void test_full_queue(void **state)
{
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "@popkeep-full-%ld", (long)getpid());
    int fd = listen_at(name);
    alarm(20);
    pid_t pid = fork();
    if (pid == 0) {
        setenv("NOTIFY_SOCKET", name, 1);
        manager_init();
        for (int i = 0; i < 5000; i++)
            manager_notify(SV("STATUS=x"));
        _exit(0);
    }
    int how = -1;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_int_equal(how, 0);
    alarm(0);
    close(fd);
}

static void mark(const char *stream_of_fd_2, const char *text, size_t max, const char *want)
{
    struct buf b = BUF_INIT(max);
    assert_int_equal(buf_add_c(&b, text), 0);
    if (stream_of_fd_2)
        setenv("JOURNAL_STREAM", stream_of_fd_2, 1);
    else
        unsetenv("JOURNAL_STREAM");
    pid_t pid = fork();
    if (pid == 0) {
        manager_init();
        manager_mark(&b, 0, 2, MANAGER_ERROR);
        _exit(sv_eq_c(buf_sv(&b), want) ? 0 : 1);
    }
    int how = -1;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    if (how != 0)
        fail_msg("JOURNAL_STREAM=%s: %s is not marked as %s", stream_of_fd_2, text, want);
    buf_free(&b);
}

static void test_marks(void **state)
{
    (void)state;
    struct stat st;
    char right[64], other[64];
    assert_int_equal(fstat(2, &st), 0);
    snprintf(right, sizeof right, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    snprintf(other, sizeof other, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino + 1);
    mark(right, "a\n", 100, "<3>a\n");
    mark(right, "a\n    b\n\nc", 100, "<3>a\n<3>    b\n<3>\n<3>c");
    mark(right, "", 100, "");
    mark(right, "no room\n", 9, "no room\n");
    const char *not_ours[] = {NULL, "", other, "1", ":", "a:b", "-1:-1", "8:1:9"};
    for (size_t i = 0; i < sizeof not_ours / sizeof not_ours[0]; i++)
        mark(not_ours[i], "a\n", 100, "a\n");
    unsetenv("JOURNAL_STREAM");
}

static void test_from(void **state)
{
    (void)state;
    struct stat st;
    char right[64];
    assert_int_equal(fstat(2, &st), 0);
    snprintf(right, sizeof right, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", right, 1);
    pid_t pid = fork();
    if (pid == 0) {
        struct buf b = BUF_INIT(100);
        (void)buf_add_c(&b, "<4>old\n");
        manager_init();
        (void)buf_add_c(&b, "new\n");
        manager_mark(&b, 7, 2, MANAGER_NOTE);
        manager_mark(&b, b.n, 2, MANAGER_NOTE);
        manager_mark(&b, 0, 7, MANAGER_NOTE);
        _exit(sv_eq_c(buf_sv(&b), "<4>old\n<7>new\n") ? 0 : 1);
    }
    int how = -1;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_int_equal(how, 0);
    unsetenv("JOURNAL_STREAM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notify),     cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_full_queue), cmocka_unit_test(test_marks),
        cmocka_unit_test(test_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
