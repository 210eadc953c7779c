/* SPDX-License-Identifier: ISC */
/* If these fail, a mail its owner moved is fetched again, or, worse, the server's copy is deleted
 * though the file here is gone or changed. */
#include "tempdir.h"
#include "popkeep/store/finder.h"

#include <time.h>

static const char name[] = "1700000000.M1P2Q3R4.host,S=4,W=5";
static unsigned char sha[HASH_OCTETS];

struct box {
    const struct tempdir *t;
    struct maildir *m;
    struct finder *f;
    struct err e;
};

static struct box box_open(const struct tempdir *t)
{
    struct box b = {.t = t, .e = ERR_INIT};
    if (maildir_create(&b.m, tempdir_path(t, "mail"), "school", &b.e) != 0)
        fail_msg("%s", b.e.text);
    b.f = finder_new(b.m);
    hash_once("mail", 4, sha);
    return b;
}

static void box_close(struct box *b)
{
    finder_free(b->f);
    maildir_close(b->m);
}

static enum finder_result check(struct box *b)
{
    return finder_check(b->f, name, 4, sha, &b->e);
}

static char *in(const char *folder, const char *suffix)
{
    static char path[2][1024];
    static int next;
    char *p = path[next++ % 2];
    snprintf(p, sizeof path[0], "mail/%s/%s%s", folder, name, suffix);
    return p;
}

static void move(const struct tempdir *t, const char *from, const char *to)
{
    assert_int_equal(renameat(t->fd, from, t->fd, to), 0);
}

/* Times well in the past, as they are in a Maildir nobody has touched for a while. */
static void age(const struct tempdir *t, const char *folder)
{
    struct timespec old[2] = {{.tv_sec = time(NULL) - 1000}, {.tv_sec = time(NULL) - 1000}};
    assert_int_equal(utimensat(t->fd, folder, old, 0), 0);
}

static void age_all(const struct tempdir *t)
{
    age(t, "mail/new");
    age(t, "mail/cur");
    age(t, "mail");
}

static void test_found_wherever_it_was_moved(void **state)
{
    const struct tempdir *t = *state;
    struct box b = box_open(t);
    assert_int_equal(check(&b), FINDER_MISSING);
    assert_string_equal(finder_found(b.f), "");
    tempdir_put(t, in("new", ""), "mail", 4);
    assert_int_equal(check(&b), FINDER_OK);
    assert_string_equal(finder_found(b.f), in("new", "") + strlen("mail/"));
    move(t, in("new", ""), in("cur", ":2,"));
    assert_int_equal(check(&b), FINDER_OK);
    move(t, in("cur", ":2,"), in("cur", ":2,RSab"));
    assert_int_equal(check(&b), FINDER_OK);
    assert_string_equal(finder_found(b.f), in("cur", ":2,RSab") + strlen("mail/"));
    move(t, in("cur", ":2,RSab"), in("cur", ";2,S"));
    assert_int_equal(check(&b), FINDER_OK);
    assert_int_equal(mkdirat(t->fd, "mail/.Archive", 0700), 0);
    assert_int_equal(mkdirat(t->fd, "mail/.Archive/cur", 0700), 0); /* without new/ */
    move(t, in("cur", ";2,S"), in(".Archive/cur", ":2,S"));
    assert_int_equal(check(&b), FINDER_OK);
    assert_string_equal(finder_found(b.f), in(".Archive/cur", ":2,S") + strlen("mail/"));
    move(t, "mail/.Archive", "mail/.Old");
    assert_int_equal(check(&b), FINDER_OK);
    assert_int_equal(finder_look(b.f, name, 4, &b.e), FINDER_OK);
    assert_int_equal(unlinkat(t->fd, in(".Old/cur", ":2,S"), 0), 0);
    assert_int_equal(check(&b), FINDER_MISSING);
    assert_int_equal(b.e.status, ST_OK);
    box_close(&b);
}

static void test_moved_in_an_unchanging_clock_tick(void **state)
{
    const struct tempdir *t = *state;
    struct box b = box_open(t);
    tempdir_put(t, in("cur", ":2,"), "mail", 4);
    assert_int_equal(check(&b), FINDER_OK);
    for (int i = 0; i < 20; i++) {
        struct stat st;
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
        assert_int_equal(fstatat(t->fd, "mail/cur", &st, 0), 0);
        move(t, in("cur", i % 2 ? ":2,S" : ":2,"), in("cur", i % 2 ? ":2," : ":2,S"));
        times[1] = st.st_mtim; /* as a coarse clock would leave it */
        assert_int_equal(utimensat(t->fd, "mail/cur", times, 0), 0);
        assert_int_equal(check(&b), FINDER_OK);
    }
    box_close(&b);
}

static void test_changed(void **state)
{
    const struct tempdir *t = *state;
    struct box b = box_open(t);
    tempdir_put(t, in("cur", ":2,S"), "mai", 3);
    assert_int_equal(check(&b), FINDER_CHANGED);
    assert_int_equal(finder_look(b.f, name, 4, &b.e), FINDER_CHANGED);
    assert_string_equal(finder_found(b.f), in("cur", ":2,S") + strlen("mail/"));
    tempdir_put(t, in("cur", ":2,S"), "mAil", 4);
    assert_int_equal(check(&b), FINDER_CHANGED);
    assert_int_equal(finder_check_and_sync(b.f, name, 4, sha, &b.e), FINDER_CHANGED);
    assert_int_equal(finder_look(b.f, name, 4, &b.e), FINDER_OK); /* looks only */
    tempdir_put(t, in("new", ""), "mail", 4); /* another of that name is as recorded */
    assert_int_equal(finder_refresh(b.f, &b.e), 0);
    assert_int_equal(check(&b), FINDER_OK);
    assert_int_equal(finder_check_and_sync(b.f, name, 4, sha, &b.e), FINDER_OK);
    box_close(&b);
}

static void test_no_file_no_link(void **state)
{
    const struct tempdir *t = *state;
    struct box b = box_open(t);
    tempdir_put(t, "real", "mail", 4);
    assert_int_equal(symlinkat("../../real", t->fd, in("cur", ":2,")), 0);
    assert_int_equal(check(&b), FINDER_CHANGED);
    assert_int_equal(unlinkat(t->fd, in("cur", ":2,"), 0), 0);
    assert_int_equal(mkdirat(t->fd, "other", 0700), 0);
    assert_int_equal(mkdirat(t->fd, "other/cur", 0700), 0);
    tempdir_put(t, "other/cur/1700000000.M1P2Q3R4.host,S=4,W=5", "mail", 4);
    assert_int_equal(symlinkat("../other", t->fd, "mail/.Link"), 0);
    assert_int_equal(check(&b), FINDER_MISSING);
    assert_int_equal(finder_check(b.f, "../../real", 4, sha, &b.e), FINDER_MISSING);
    assert_int_equal(finder_check(b.f, "", 4, sha, &b.e), FINDER_MISSING);
    box_close(&b);
}

/* An unmounted or replaced Maildir must not look like one whose mail was all removed. */
static void test_unreadable_is_not_missing(void **state)
{
    const struct tempdir *t = *state;
    struct box b = box_open(t);
    tempdir_put(t, in("cur", ":2,S"), "mail", 4);
    assert_int_equal(check(&b), FINDER_OK);
    move(t, "mail/cur", "mail/away");
    assert_int_equal(symlinkat("away", t->fd, "mail/cur"), 0);
    assert_int_equal(finder_check(b.f, "elsewhere", 4, sha, &b.e), FINDER_ERROR);
    assert_int_equal(b.e.status, ST_IO);
    assert_int_equal(unlinkat(t->fd, "mail/cur", 0), 0);
    b.e.status = ST_OK;
    assert_int_equal(check(&b), FINDER_ERROR);
    assert_int_equal(b.e.status, ST_IO);
    move(t, "mail/away", "mail/cur");
    assert_int_equal(check(&b), FINDER_OK); /* back again */
    box_close(&b);
}

static void test_many_misses_cost_one_reading(void **state)
{
    const struct tempdir *t = *state;
    struct box b = box_open(t);
    char other[64];
    tempdir_put(t, in("cur", ":2,S"), "mail", 4);
    age_all(t);
    for (int i = 0; i < 500; i++) {
        snprintf(other, sizeof other, "missing-%d", i);
        assert_int_equal(finder_look(b.f, other, 4, &b.e), FINDER_MISSING);
    }
    assert_int_equal(finder_scans(b.f), 1);
    tempdir_put(t, "mail/new/missing-7", "mail", 4); /* the folder's time tells */
    assert_int_equal(finder_look(b.f, "missing-7", 4, &b.e), FINDER_OK);
    assert_int_equal(finder_scans(b.f), 2);
    box_close(&b);
}

/* status: of a million records without a file each would cost three fstat else */
static void test_a_glance_looks_at_the_index_only(void **state)
{
    const struct tempdir *t = *state;
    struct box b = box_open(t);

    tempdir_put(t, in("cur", ":2,S"), "mail", 4);
    assert_int_equal(finder_glance(b.f, name, &b.e), FINDER_OK);
    assert_int_equal(finder_glance(b.f, "other", &b.e), FINDER_MISSING);
    tempdir_put(t, "mail/new/other", "mail", 4);
    assert_int_equal(finder_glance(b.f, "other", &b.e), FINDER_MISSING);
    assert_int_equal(finder_scans(b.f), 1);
    assert_int_equal(finder_refresh(b.f, &b.e), 0);
    assert_int_equal(finder_glance(b.f, "other", &b.e), FINDER_OK);
    box_close(&b);
}

static int count_one(void *ctx, const char *base_name, const char *path, struct err *e)
{
    size_t *n = ctx;
    (void)path;
    (void)e;
    if (strcmp(base_name, "stop") == 0)
        return err_set(e, ST_HELD, "stopped");
    ++*n;
    return 0;
}

static int add_piece(void *ctx, struct sv octets, struct err *e)
{
    (void)e;
    return buf_add_sv(ctx, octets);
}

struct seen {
    struct box *b;
    int n;
};

static int read_one(void *ctx, const char *base_name, const char *path, struct err *e)
{
    struct seen *s = ctx;
    struct buf content = BUF_INIT(16);
    assert_string_equal(base_name, name);
    assert_int_equal(finder_read(s->b->f, path, add_piece, &content, e), 0);
    assert_true(sv_eq(buf_sv(&content), SV("mail")));
    buf_free(&content);
    s->n++;
    return 0;
}

static void test_walk_and_read(void **state)
{
    const struct tempdir *t = *state;
    struct box b = box_open(t);
    struct seen s = {&b, 0};
    struct buf content = BUF_INIT(16);
    size_t n = 0;
    tempdir_put(t, in("cur", ":2,S"), "mail", 4);
    assert_int_equal(mkdirat(t->fd, "mail/.Sub", 0700), 0);
    assert_int_equal(mkdirat(t->fd, "mail/.Sub/new", 0700), 0);
    tempdir_put(t, in(".Sub/new", ""), "mail", 4);
    tempdir_put(t, "mail/cur/.hidden", "x", 1);
    tempdir_put(t, "mail/tmp/unfinished", "x", 1);
    tempdir_put(t, "mail/dovecot-uidlist", "x", 1);
    assert_int_equal(mkdirat(t->fd, "mail/new/folder", 0700), 0);
    assert_int_equal(symlinkat("../../passwd", t->fd, "mail/new/link"), 0);
    assert_int_equal(finder_walk(b.f, read_one, &s, &b.e), 0);
    assert_int_equal(s.n, 2);
    tempdir_put(t, "mail/cur/stop:2,", "x", 1);
    assert_int_equal(finder_walk(b.f, count_one, &n, &b.e), -1);
    assert_int_equal(b.e.status, ST_HELD);
    assert_int_equal(finder_read(b.f, "new/link", add_piece, &content, &b.e), -1);
    assert_int_equal(finder_read(b.f, "new/nowhere", add_piece, &content, &b.e), -1);
    assert_int_equal(finder_read(b.f, ".None/cur/x", add_piece, &content, &b.e), -1);
    assert_int_equal(b.e.status, ST_IO);
    assert_int_equal(finder_read(b.f, "file", add_piece, &content, &b.e), -1);
    buf_free(&content);
    box_close(&b);
}

/* More than one piece of reading, and every name of many found in a grown table. */
static void test_large_file_and_many_files(void **state)
{
    const struct tempdir *t = *state;
    struct box b = box_open(t);
    enum { OCTETS = 700001, MANY = 3000 };
    unsigned char big_sha[HASH_OCTETS];
    char path[128];
    size_t n = 0;
    char *big = malloc(OCTETS);
    for (size_t i = 0; i < OCTETS; i++)
        big[i] = (char)(i * 7 % 253);
    hash_once(big, OCTETS, big_sha);
    tempdir_put(t, "mail/cur/big:2,", big, OCTETS);
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "mail/cur/%d.host:2,%s", i, i % 3 ? "S" : "RS");
        tempdir_put(t, path, "", 0);
    }
    assert_int_equal(finder_check(b.f, "big", OCTETS, big_sha, &b.e), FINDER_OK);
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "%d.host", i);
        assert_int_equal(finder_look(b.f, path, 0, &b.e), FINDER_OK);
    }
    assert_int_equal(finder_scans(b.f), 1);
    assert_int_equal(finder_walk(b.f, count_one, &n, &b.e), 0);
    assert_int_equal(n, MANY + 1);
    free(big);
    box_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_found_wherever_it_was_moved),
        with_tempdir(test_moved_in_an_unchanging_clock_tick),
        with_tempdir(test_changed),
        with_tempdir(test_no_file_no_link),
        with_tempdir(test_unreadable_is_not_missing),
        with_tempdir(test_many_misses_cost_one_reading),
        with_tempdir(test_a_glance_looks_at_the_index_only),
        with_tempdir(test_walk_and_read),
        with_tempdir(test_large_file_and_many_files),
    };
    return cmocka_run_group_tests_name("finder", tests, NULL, NULL);
}
