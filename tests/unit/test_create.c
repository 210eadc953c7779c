/* SPDX-License-Identifier: ISC */
/* If these fail, a first configuration may take the place of another, be readable by others, or be
 * left half written. */
#undef _FORTIFY_SOURCE /* its inline openat cannot be replaced */
#include "tempdir.h"
#include "popkeep/store/create.h"

#include <sys/syscall.h>

/* What the file system lacks: files without a name (NFS, vfat), renames that replace nothing. */
static int lacks;
enum { NOTHING, TMPFILE, NOREPLACE_TOO, WAYS };

int openat(int dir, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
    mode_t mode = nameless || flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    if (nameless && lacks >= TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, dir, path, flags, mode);
}

int renameat2(int from, const char *name, int to, const char *new_name, unsigned flags)
{
    if (lacks == NOREPLACE_TOO) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from, name, to, new_name, flags);
}

static void test_new(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    struct stat st;
    for (lacks = NOTHING; lacks < WAYS; lacks++) {
        mode_t old = umask(0);
        assert_int_equal(create_file(t->fd, "a", "PATH/a", SV("two\nlines\n"), &e), 0);
        umask(old);
        assert_int_equal(fstatat(t->fd, "a", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISREG(st.st_mode));
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(st.st_size, 10);
        assert_int_equal(st.st_nlink, 1);
        assert_int_equal(create_file(t->fd, "empty", "PATH/empty", SV(""), &e), 0);
        assert_true(tempdir_has(t, "empty"));
        assert_false(tempdir_has(t, "a.new"));
        assert_int_equal(unlinkat(t->fd, "a", 0), 0);
        assert_int_equal(unlinkat(t->fd, "empty", 0), 0);
    }
}

static void test_in_use(void **state)
{
    const struct tempdir *t = *state;
    static const char *const names[] = {"file", "folder", "link", "nowhere"};
    tempdir_put(t, "file", "x", 1);
    assert_int_equal(mkdirat(t->fd, "folder", 0700), 0);
    assert_int_equal(symlinkat("file", t->fd, "link"), 0);
    assert_int_equal(symlinkat("/nowhere/at/all", t->fd, "nowhere"), 0);
    for (size_t i = 0; i < WAYS * sizeof names / sizeof names[0]; i++) {
        struct err e = ERR_INIT;
        lacks = (int)(i % WAYS);
        assert_int_equal(create_file(t->fd, names[i / WAYS], "PATH/x", SV("new"), &e), -1);
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
    lacks = NOTHING;
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
