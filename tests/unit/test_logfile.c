/* SPDX-License-Identifier: ISC */
/*
 * The log file where it hurts: a disk that fills up in the middle of a line, a file that is moved
 * away. What a user loses if these fail: lines that are glued together, or a log that goes on in a
 * file nobody looks at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "popkeep/base/mem.h"
#include "popkeep/sys/logfile.h"
#include "tempdir.h"

enum { AT = 1795347831 }; /* 2026-11-22T11:43:51Z */

static char *content(const char *of)
{
    static char text[65536 * 2];
    int fd = open(of, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, text, sizeof text - 1);
    assert_true(n >= 0);
    text[n] = '\0';
    close(fd);
    return text;
}

static void expect(const char *of, const char *fmt_with_pid, ...)
    __attribute__((format(printf, 2, 3)));
static void expect(const char *of, const char *fmt_with_pid, ...)
{
    char want[1024];
    va_list ap;
    va_start(ap, fmt_with_pid);
    vsnprintf(want, sizeof want, fmt_with_pid, ap);
    va_end(ap);
    assert_string_equal(content(of), want);
}

static void test_lines(void **state)
{
    const char *path = tempdir_path(*state, "log");
    struct err e = ERR_INIT;
    long pid = (long)getpid();
    assert_int_equal(logfile_add(path, AT, "error", SV("okul: no\n    try again\n"), &e), 0);
    assert_int_equal(logfile_add(path, AT + 1, "result", SV("okul: done"), &e), 0);
    assert_int_equal(logfile_add(path, AT + 1, "result", SV(""), &e), 0);
    expect(path,
           "2026-11-22T11:43:51Z %ld error okul: no\n"
           "2026-11-22T11:43:51Z %ld error     try again\n"
           "2026-11-22T11:43:52Z %ld result okul: done\n",
           pid, pid, pid);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_moved(void **state)
{
    const char *path = tempdir_path(*state, "log");
    struct err e = ERR_INIT;
    long pid = (long)getpid();
    const char *old = tempdir_path(*state, "log.1");
    assert_int_equal(logfile_add(path, AT, "note", SV("a\n"), &e), 0);
    assert_int_equal(rename(path, old), 0);
    assert_int_equal(logfile_add(path, AT, "note", SV("b\n"), &e), 0);
    expect(old, "2026-11-22T11:43:51Z %ld note a\n", pid);
    expect(path, "2026-11-22T11:43:51Z %ld note b\n", pid);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(logfile_add(path, AT, "note", SV("c\n"), &e), 0);
    expect(path, "2026-11-22T11:43:51Z %ld note c\n", pid); /* and no hole in front of it */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(logfile_add(path, AT, "note", SV("d\n"), &e), 0);
    expect(path, "2026-11-22T11:43:51Z %ld note d\n", pid);
}

static void test_torn(void **state)
{
    const char *path = tempdir_path(*state, "log");
    struct err e = ERR_INIT;
    long pid = (long)getpid();
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit_file_size(25);
    assert_int_equal(logfile_add(path, AT, "result", SV("never mind\n"), &e), -1);
    assert_int_equal(e.status, ST_IO);
    assert_non_null(strstr(e.text, path));
    assert_int_equal(logfile_add(path, AT, "result", SV("nor this\n"), &e), -1);
    assert_int_equal(strlen(content(path)), 25);
    limit_file_size(before.rlim_cur);
    assert_int_equal(logfile_add(path, AT, "result", SV("there is room again\n"), &e), 0);
    char *after = strchr(content(path), '\n');
    assert_non_null(after);
    char want[128];
    snprintf(want, sizeof want, "2026-11-22T11:43:51Z %ld result there is room again\n", pid);
    assert_string_equal(after + 1, want);
}

static void test_long_line(void **state)
{
    const char *path = tempdir_path(*state, "log");
    struct err e = ERR_INIT;
    char *text = mem_alloc(200000);
    memset(text, 'x', 200000);
    assert_int_equal(logfile_add(path, AT, "error", sv_make(text, 200000), &e), 0);
    char *got = content(path);
    assert_in_range(strlen(got), 1000, 65536);
    assert_int_equal(got[strlen(got) - 1], '\n');
    free(text);
}

static void test_not_a_file(void **state)
{
    const char *other = tempdir_path(*state, "fifo"), *link = tempdir_path(*state, "link");
    struct err e = ERR_INIT;
    assert_int_equal(mkfifo(other, 0600), 0);
    assert_int_equal(logfile_add(other, AT, "error", SV("x\n"), &e), -1); /* and returns at once */
    assert_non_null(strstr(e.text, "not a regular file"));
    assert_int_equal(symlink("log", link), 0);
    assert_int_equal(logfile_add(link, AT, "error", SV("x\n"), &e), -1);
    assert_non_null(strstr(e.text, "symbolic link"));
}

/* Not even an empty file is made for a run that says nothing. */
static void test_nothing_to_say(void **state)
{
    struct err e = ERR_INIT;
    assert_int_equal(logfile_add(tempdir_path(*state, "log"), AT, "error", SV(""), &e), 0);
    assert_false(tempdir_has(*state, "log"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_lines), with_tempdir(test_nothing_to_say), with_tempdir(test_moved),
        with_tempdir(test_torn),  with_tempdir(test_long_line),      with_tempdir(test_not_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
