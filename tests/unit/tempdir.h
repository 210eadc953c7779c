/* SPDX-License-Identifier: ISC */
/* A folder of its own for each test, below $TMPDIR or build/, and short ways to put files into it.
 */
#ifndef TESTS_TEMPDIR_H
#define TESTS_TEMPDIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct tempdir {
    char path[512];
    int fd;
};

static inline int tempdir_rm_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    return remove(path);
}

static inline int tempdir_setup(void **state)
{
    const char *base = getenv("TMPDIR");
    struct tempdir *t = calloc(1, sizeof *t);
    char here[400] = "";
    assert_non_null(t);
    if (base == NULL || base[0] != '/') {
        assert_non_null(getcwd(here, sizeof here - 16));
        size_t n = strlen(here);
        snprintf(here + n, sizeof here - n, "/build");
        (void)mkdir(here, 0777);
        base = here;
    }
    snprintf(t->path, sizeof t->path, "%s/popkeep-test.XXXXXX", base);
    assert_non_null(mkdtemp(t->path));
    t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(t->fd >= 0);
    *state = t;
    return 0;
}

static inline int tempdir_teardown(void **state)
{
    struct tempdir *t = *state;
    close(t->fd);
    (void)nftw(t->path, tempdir_rm_one, 16, FTW_DEPTH | FTW_PHYS);
    free(t);
    return 0;
}

/* TEMPDIR/NAME in one of a few static buffers. */
static inline const char *tempdir_path(const struct tempdir *t, const char *name)
{
    static char buffers[8][1024];
    static unsigned next;
    char *p = buffers[next++ % 8];
    snprintf(p, sizeof buffers[0], "%s/%s", t->path, name);
    return p;
}

static inline void tempdir_put(const struct tempdir *t, const char *name, const void *p, size_t n)
{
    int fd = openat(t->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), (ssize_t)n);
    assert_int_equal(close(fd), 0);
}

/* The caller frees; a NUL follows. */
static inline char *tempdir_get(const struct tempdir *t, const char *name, size_t *n)
{
    struct stat st;
    int fd = openat(t->fd, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    char *p = malloc((size_t)st.st_size + 1);
    assert_non_null(p);
    assert_int_equal(read(fd, p, (size_t)st.st_size), st.st_size);
    p[st.st_size] = '\0';
    if (n != NULL)
        *n = (size_t)st.st_size;
    close(fd);
    return p;
}

static inline bool tempdir_has(const struct tempdir *t, const char *name)
{
    struct stat st;
    return fstatat(t->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline size_t tempdir_count(const struct tempdir *t, const char *folder)
{
    size_t n = 0;
    DIR *d = opendir(tempdir_path(t, folder));
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

/* Writes behind that many octets fail with EFBIG, after a short write: a full disk in small. */
static inline void limit_file_size(rlim_t octets)
{
    struct rlimit r;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = octets;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

#define with_tempdir(test) cmocka_unit_test_setup_teardown(test, tempdir_setup, tempdir_teardown)

#endif
