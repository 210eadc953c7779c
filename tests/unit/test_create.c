/* SPDX-License-Identifier: ISC */
/* If these fail, a first configuration may take the place of another, be readable by others, or be
 * left half written. */
#include "tempdir.h"
#include "popkeep/store/create.h"

static void test_new(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    struct stat st;
    mode_t old = umask(0);
    assert_int_equal(create_file(t->fd, "a", "PATH/a", SV("two\nlines\n"), &e), 0);
    umask(old);
    assert_int_equal(fstatat(t->fd, "a", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 10);
    assert_int_equal(create_file(t->fd, "empty", "PATH/empty", SV(""), &e), 0);
    assert_true(tempdir_has(t, "empty"));
}

static void test_in_use(void **state)
{
    const struct tempdir *t = *state;
    static const char *const names[] = {"file", "folder", "link", "nowhere"};
    tempdir_put(t, "file", "x", 1);
    assert_int_equal(mkdirat(t->fd, "folder", 0700), 0);
    assert_int_equal(symlinkat("file", t->fd, "link"), 0);
    assert_int_equal(symlinkat("/nowhere/at/all", t->fd, "nowhere"), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct err e = ERR_INIT;
        assert_int_equal(create_file(t->fd, names[i], "PATH/x", SV("new"), &e), -1);
        assert_int_equal(e.status, ST_CANTCREATE);
        assert_int_equal(e.sys_errno, EEXIST);
        assert_string_equal(e.text, "PATH/x is there already");
    }
    struct stat st;
    assert_int_equal(fstatat(t->fd, "file", &st, 0), 0);
    assert_int_equal(st.st_size, 1);
    assert_false(tempdir_has(t, "file.new"));
}

static void test_no_place(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    assert_int_equal(create_file(t->fd, "no/such", "PATH/no/such", SV("x"), &e), -1);
    assert_int_equal(e.status, ST_CANTCREATE);
    assert_non_null(strstr(e.text, "cannot create PATH/no/such"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_new),
        with_tempdir(test_in_use),
        with_tempdir(test_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
