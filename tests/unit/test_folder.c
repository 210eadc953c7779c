/* SPDX-License-Identifier: ISC */
/* If these fail, folders made for mail and state may vanish with the power, be readable by others,
 * or lead through a stranger's link; a small file may be left half written. */
#include "tempdir.h"
#include "popkeep/store/durable.h"
#include "popkeep/store/folder.h"

static void test_open(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    bool missing = true;
    assert_int_equal(mkdirat(t->fd, "here", 0700), 0);
    assert_int_equal(symlinkat("here", t->fd, "link"), 0);
    tempdir_put(t, "file", "x", 1);
    int fd = folder_open(tempdir_path(t, "here"), true, &missing, &e);
    assert_true(fd >= 0 && !missing);
    close(fd);
    fd = folder_open(tempdir_path(t, "link"), false, NULL, &e);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(folder_open(tempdir_path(t, "link"), true, &missing, &e), -1);
    assert_false(missing);
    assert_non_null(strstr(e.text, "symbolic link"));
    assert_int_equal(folder_open(tempdir_path(t, "nowhere"), true, &missing, &e), -1);
    assert_true(missing);
    assert_int_equal(folder_open(tempdir_path(t, "file"), false, &missing, &e), -1);
    assert_false(missing);
    assert_int_equal(e.status, ST_IO);
}

static void test_make(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    struct stat st;
    mode_t old = umask(0);
    int fd = folder_make(tempdir_path(t, "a//b/./c/"), &e);
    umask(old);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    close(fd);
    assert_true(tempdir_has(t, "a/b/c"));
    fd = folder_make(tempdir_path(t, "a/b/c"), &e); /* again: there already */
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(symlinkat("a/b", t->fd, "short"), 0);
    fd = folder_make(tempdir_path(t, "short/d"), &e);
    assert_true(fd >= 0);
    close(fd);
    assert_true(tempdir_has(t, "a/b/d"));
}

static void test_make_relative(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    int back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(fchdir(t->fd), 0);
    int fd = folder_make("x/y", &e);
    assert_int_equal(fchdir(back), 0);
    close(back);
    assert_true(fd >= 0);
    close(fd);
    assert_true(tempdir_has(t, "x/y"));
}

static void test_make_where_a_file_stands(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    tempdir_put(t, "file", "x", 1);
    assert_int_equal(folder_make(tempdir_path(t, "file/a"), &e), -1);
    assert_int_equal(e.status, ST_CANTCREATE);
    assert_non_null(strstr(e.text, "/file"));
    assert_int_equal(symlinkat("nowhere", t->fd, "dangling"), 0);
    assert_int_equal(folder_make(tempdir_path(t, "dangling"), &e), -1);
    assert_int_equal(e.status, ST_CANTCREATE);
}

static void test_make_at(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    int fd = folder_make_at(t->fd, "new", tempdir_path(t, "new"), &e);
    assert_true(fd >= 0);
    close(fd);
    fd = folder_make_at(t->fd, "new", tempdir_path(t, "new"), &e);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(symlinkat("new", t->fd, "link"), 0);
    assert_int_equal(folder_make_at(t->fd, "link", tempdir_path(t, "link"), &e), -1);
    assert_int_equal(e.status, ST_CANTCREATE);
    assert_non_null(strstr(e.text, "symbolic link"));
    tempdir_put(t, "file", "x", 1);
    assert_int_equal(folder_make_at(t->fd, "file", tempdir_path(t, "file"), &e), -1);
}

/* A folder removed under our feet is what a read-only one is to root: nothing can be made in it. */
static void test_removed_folder(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    assert_int_equal(mkdirat(t->fd, "gone", 0700), 0);
    int fd = openat(t->fd, "gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(unlinkat(t->fd, "gone", AT_REMOVEDIR), 0);
    assert_int_equal(folder_make_at(fd, "new", "gone/new", &e), -1);
    assert_int_equal(e.status, ST_CANTCREATE);
    assert_int_equal(folder_put_file(fd, "id", "gone/id", SV("x"), &e), -1);
    assert_int_equal(e.status, ST_CANTCREATE);
    close(fd);
}

static void test_put_and_get(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    struct buf out = BUF_INIT(16);
    bool missing = false;
    assert_int_equal(folder_get_file(t->fd, "id", "id", &out, &missing, &e), 0);
    assert_true(missing);
    assert_int_equal(e.status, ST_OK);
    tempdir_put(t, "id.new", "left over by a crash", 20);
    assert_int_equal(folder_put_file(t->fd, "id", "id", SV("first"), &e), 0);
    assert_int_equal(folder_put_file(t->fd, "id", "id", SV("second"), &e), 0);
    assert_int_equal(folder_get_file(t->fd, "id", "id", &out, &missing, &e), 0);
    assert_false(missing);
    assert_true(sv_eq(buf_sv(&out), SV("second")));
    assert_false(tempdir_has(t, "id.new"));
    buf_clear(&out);
    tempdir_put(t, "big", "12345678901234567", 17);
    assert_int_equal(folder_get_file(t->fd, "big", "big", &out, &missing, &e), -1);
    assert_int_equal(e.status, ST_IO);
    buf_free(&out);
}

static void test_get_of_no_file(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    struct buf out = BUF_INIT(16);
    bool missing = true;
    assert_int_equal(symlinkat("/etc/hostname", t->fd, "link"), 0);
    assert_int_equal(folder_get_file(t->fd, "link", "link", &out, &missing, &e), -1);
    assert_false(missing);
    assert_int_equal(mkfifoat(t->fd, "fifo", 0600), 0);
    assert_int_equal(folder_get_file(t->fd, "fifo", "fifo", &out, &missing, &e), -1);
    assert_non_null(strstr(e.text, "not a regular file"));
    buf_free(&out);
}

static void test_failed_put_keeps_the_old(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    char *text;
    assert_int_equal(folder_put_file(t->fd, "id", "id", SV("old"), &e), 0);
    limit_file_size(4);
    int rc = folder_put_file(t->fd, "id", "id", SV("longer than four"), &e);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(rc, -1);
    assert_int_equal(e.status, ST_IO);
    assert_int_equal(e.sys_errno, EFBIG);
    text = tempdir_get(t, "id", NULL);
    assert_string_equal(text, "old");
    free(text);
    assert_false(tempdir_has(t, "id.new"));
}

static void test_free_octets(void **state)
{
    const struct tempdir *t = *state;
    assert_true(folder_free_octets(t->fd) > 0);
    assert_int_equal(folder_free_octets(-1), -1);
}

/* syncfs where it does not report errors would call mail durable that is not. */
static void test_where_syncfs_is_enough(void **state)
{
    (void)state;
    assert_true(durable_rule(0xef53, "5.8"));
    assert_true(durable_rule(0x58465342, "5.10.0-28-amd64"));
    assert_true(durable_rule(0x9123683e, "6.1.0"));
    assert_true(durable_rule(0xf2f52010, "10.0-rc1"));
    assert_false(durable_rule(0xef53, "5.7.19"));
    assert_false(durable_rule(0xef53, "4.19.0"));
    assert_false(durable_rule(0xef53, "5"));
    assert_false(durable_rule(0xef53, "unknown"));
    assert_false(durable_rule(0xef53, ""));
    assert_false(durable_rule(0x6969, "6.1.0"));     /* NFS */
    assert_false(durable_rule(0x794c7630, "6.1.0")); /* overlay */
    assert_false(durable_rule(0x01021994, "6.1.0")); /* tmpfs */
    assert_false(durable_rule(0x65735546, "6.1.0")); /* FUSE */
    assert_false(durable_by_syncfs(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_open),
        with_tempdir(test_make),
        with_tempdir(test_make_relative),
        with_tempdir(test_make_where_a_file_stands),
        with_tempdir(test_make_at),
        with_tempdir(test_removed_folder),
        with_tempdir(test_put_and_get),
        with_tempdir(test_get_of_no_file),
        with_tempdir(test_failed_put_keeps_the_old),
        with_tempdir(test_free_octets),
        cmocka_unit_test(test_where_syncfs_is_enough),
    };
    return cmocka_run_group_tests_name("folder", tests, NULL, NULL);
}
