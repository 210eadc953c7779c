/* SPDX-License-Identifier: ISC */
/* If these fail, a delivered mail may be replaced by another, be readable by others, land in a
 * stranger's folder, or be called durable though its sync failed; or a sweep removes what is not
 * ours. */
#include "tempdir.h"
#include "popkeep/store/maildir.h"
#include "popkeep/store/maildir_inside.h"

static const int64_t now_us = INT64_C(1700000000123456);
static const char text[] = "Subject: hello\n\nbody\n";

static struct maildir *make(const struct tempdir *t)
{
    struct maildir *m;
    struct err e = ERR_INIT;
    if (maildir_create(&m, tempdir_path(t, "mail"), "school", &e) != 0)
        fail_msg("%s", e.text);
    return m;
}

static void write_one(struct maildir *m, struct maildir_file *f)
{
    struct err e = ERR_INIT;
    if (maildir_file_begin(m, f, now_us, &e) != 0 ||
        maildir_file_write(m, f, sv_make(text, 5), &e) != 0 ||
        maildir_file_write(m, f, sv_make(text + 5, sizeof text - 1 - 5), &e) != 0 ||
        maildir_file_finish(m, f, sizeof text - 1 + 3, 1600000000, &e) != 0)
        fail_msg("%s", e.text);
}

static const char *in(const char *folder, const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "mail/%s/%s", folder, name);
    return path;
}

static void assert_delivered(const struct tempdir *t, const char *name)
{
    struct stat st;
    char *content = tempdir_get(t, in("new", name), NULL);
    assert_string_equal(content, text);
    free(content);
    assert_int_equal(fstatat(t->fd, in("new", name), &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_mtim.tv_sec, 1600000000);
}

/* ---- the folders ---- */

static void test_create_and_open(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    struct stat st;
    bool missing = false;
    struct maildir *m;
    assert_int_equal(maildir_open(&m, tempdir_path(t, "mail"), "a", &missing, &e), -1);
    assert_true(missing);
    assert_null(m);
    assert_int_equal(e.status, ST_CONFIG);
    mode_t old = umask(0);
    m = make(t);
    umask(old);
    assert_string_equal(maildir_path(m), tempdir_path(t, "mail"));
    maildir_close(m);
    static const char *const parts[] = {"mail", "mail/tmp", "mail/new", "mail/cur"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(fstatat(t->fd, parts[i], &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
    }
    maildir_close(make(t)); /* again: all there */
    for (size_t i = 1; i < 4; i++) {
        assert_int_equal(unlinkat(t->fd, parts[i], AT_REMOVEDIR), 0);
        missing = false;
        assert_int_equal(maildir_open(&m, tempdir_path(t, "mail"), "a", &missing, &e), -1);
        assert_true(missing);
        maildir_close(make(t));
    }
    maildir_close(NULL);
}

static void test_links(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    bool missing = true;
    struct maildir *m = make(t);
    maildir_close(m);
    assert_int_equal(symlinkat("mail", t->fd, "link"), 0);
    assert_int_equal(maildir_open(&m, tempdir_path(t, "link"), "a", &missing, &e), 0);
    maildir_close(m);
    assert_int_equal(mkdirat(t->fd, "elsewhere", 0700), 0);
    static const char *const parts[] = {"mail/tmp", "mail/new", "mail/cur"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(unlinkat(t->fd, parts[i], AT_REMOVEDIR), 0);
        assert_int_equal(symlinkat("../elsewhere", t->fd, parts[i]), 0);
        assert_int_equal(maildir_open(&m, tempdir_path(t, "mail"), "a", &missing, &e), -1);
        assert_int_equal(e.status, ST_CONFIG);
        assert_false(missing);
        assert_non_null(strstr(e.text, parts[i]));
        assert_int_equal(maildir_create(&m, tempdir_path(t, "mail"), "a", &e), -1);
        assert_int_equal(unlinkat(t->fd, parts[i], 0), 0);
        tempdir_put(t, parts[i], "x", 1);
        assert_int_equal(maildir_open(&m, tempdir_path(t, "mail"), "a", &missing, &e), -1);
        assert_int_equal(e.status, ST_CONFIG);
        assert_false(missing);
        assert_int_equal(unlinkat(t->fd, parts[i], 0), 0);
        assert_int_equal(mkdirat(t->fd, parts[i], 0700), 0);
    }
}

static void test_a_strangers_folder(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    bool missing = true;
    struct maildir *m = make(t);
    maildir_close(m);
    if (geteuid() != 0)
        return; /* only root can give a folder away */
    static const char *const parts[] = {"mail", "mail/new"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(fchownat(t->fd, parts[i], 54321, (gid_t)-1, 0), 0);
        assert_int_equal(maildir_open(&m, tempdir_path(t, "mail"), "a", &missing, &e), -1);
        assert_int_equal(e.status, ST_CONFIG);
        assert_false(missing);
        assert_non_null(strstr(e.text, "54321"));
        assert_int_equal(fchownat(t->fd, parts[i], 0, (gid_t)-1, 0), 0);
    }
}

static void test_id(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    char id[MAILDIR_ID] = "x";
    struct maildir *m = make(t);
    assert_int_equal(maildir_id_get(m, id, &e), 0);
    assert_string_equal(id, "");
    assert_int_equal(maildir_id_put(m, "00112233445566778899aabbccddeeff", &e), 0);
    assert_int_equal(maildir_id_get(m, id, &e), 0);
    assert_string_equal(id, "00112233445566778899aabbccddeeff");
    assert_true(tempdir_has(t, "mail/popkeep-school.id"));
    tempdir_put(t, "mail/popkeep-school.id", "0011\n", 5);
    assert_int_equal(maildir_id_get(m, id, &e), -1);
    assert_int_equal(e.status, ST_DATA);
    assert_string_equal(id, "");
    maildir_close(m);
}

/* ---- delivery ---- */

static void deliver_two(const struct tempdir *t, bool per_file, enum maildir_naming how)
{
    struct err e = ERR_INIT;
    struct maildir_file f[2];
    struct maildir *m = make(t);
    maildir_force_fsync(m, per_file);
    maildir_force_naming(m, how);
    assert_int_equal(maildir_uses_syncfs(m), !per_file);
    assert_int_equal(maildir_batch_begin(m, &e), 0);
    write_one(m, &f[0]);
    write_one(m, &f[1]);
    assert_int_equal(f[0].fd >= 0, per_file);
    assert_int_equal(tempdir_count(t, "mail/tmp"), 2);
    assert_int_equal(maildir_syncs(m), 0);
    assert_int_equal(maildir_batch_sync(m, f, 2, &e), 0);
    assert_int_equal(f[0].fd, -1);
    assert_int_equal(maildir_syncs(m), per_file ? 3 : 1);
    for (int i = 0; i < 2; i++)
        if (maildir_publish(m, f[i].name, &e) != 0)
            fail_msg("%s", e.text);
    assert_int_equal(maildir_sync_new(m, &e), 0);
    assert_int_equal(tempdir_count(t, "mail/tmp"), 0);
    assert_delivered(t, f[0].name);
    assert_delivered(t, f[1].name);
    maildir_close(m);
}

static void test_deliver(void **state)
{
    const struct tempdir *t = *state;
    for (int per_file = 0; per_file <= 1; per_file++)
        for (int how = MAILDIR_RENAME_NOREPLACE; how <= MAILDIR_RENAME; how++)
            deliver_two(t, per_file == 1, (enum maildir_naming)how);
    assert_int_equal(tempdir_count(t, "mail/new"), 12);
}

static void test_name(void **state)
{
    const struct tempdir *t = *state;
    struct maildir_file f;
    struct err e = ERR_INIT;
    char tail[64], path[512];
    struct maildir *m = make(t);
    assert_int_equal(maildir_batch_begin(m, &e), 0);
    write_one(m, &f);
    assert_memory_equal(f.name, "1700000000.M123456P", 19);
    assert_memory_equal(f.name, f.unique, strlen(f.unique));
    snprintf(tail, sizeof tail, ",S=%zu,W=%zu", sizeof text - 1, sizeof text - 1 + 3);
    assert_string_equal(f.name + strlen(f.name) - strlen(tail), tail);
    snprintf(path, sizeof path, "mail/tmp/popkeep-school.%s", f.unique);
    assert_true(tempdir_has(t, path));
    maildir_file_discard(m, &f);
    maildir_close(m);
}

static void test_rewrite(void **state)
{
    const struct tempdir *t = *state;
    struct maildir_file f;
    struct err e = ERR_INIT;
    char back[32];
    size_t got = 0;
    struct maildir *m = make(t);
    assert_int_equal(maildir_batch_begin(m, &e), 0);
    assert_int_equal(maildir_file_begin(m, &f, now_us, &e), 0);
    assert_int_equal(maildir_file_write(m, &f, SV("one\ntwo\n"), &e), 0);
    assert_int_equal(maildir_file_read(m, &f, 4, back, sizeof back, &got, &e), 0);
    assert_int_equal(got, 4);
    assert_memory_equal(back, "two\n", 4);
    assert_int_equal(maildir_file_rewrite(m, &f, 0, SV("ONE"), &e), 0);
    assert_int_equal(f.octets, 8);
    assert_int_equal(maildir_file_rewrite(m, &f, 3, SV("\r\ntwo\r\n"), &e), 0);
    assert_int_equal(f.octets, 10);
    assert_int_equal(maildir_file_write(m, &f, SV("end"), &e), 0);
    assert_int_equal(maildir_file_read(m, &f, 0, back, sizeof back, &got, &e), 0);
    assert_true(sv_eq(sv_make(back, got), SV("ONE\r\ntwo\r\nend")));
    maildir_file_discard(m, &f);
    assert_int_equal(tempdir_count(t, "mail/tmp"), 0);
    maildir_file_discard(m, &f); /* twice does no harm */
    maildir_close(m);
}

static void test_nothing_is_replaced(void **state)
{
    const struct tempdir *t = *state;
    struct maildir_file f;
    struct err e = ERR_INIT;
    struct maildir *m = make(t);
    for (int how = MAILDIR_RENAME_NOREPLACE; how <= MAILDIR_RENAME; how++) {
        maildir_force_naming(m, (enum maildir_naming)how);
        assert_int_equal(maildir_batch_begin(m, &e), 0);
        write_one(m, &f);
        assert_int_equal(maildir_batch_sync(m, &f, 1, &e), 0);
        tempdir_put(t, in("new", f.name), "another mail", 12);
        assert_int_equal(maildir_publish(m, f.name, &e), -1);
        assert_int_equal(e.status, ST_IO);
        assert_int_equal(e.sys_errno, EEXIST);
        char *content = tempdir_get(t, in("new", f.name), NULL);
        assert_string_equal(content, "another mail");
        free(content);
        assert_int_equal(tempdir_count(t, "mail/tmp"), 1);
        maildir_file_discard(m, &f);
    }
    maildir_close(m);
}

static void test_crash_between_link_and_unlink(void **state)
{
    const struct tempdir *t = *state;
    struct maildir_file f;
    struct err e = ERR_INIT;
    char tmp[512];
    struct maildir *m = make(t);
    for (int how = MAILDIR_RENAME_NOREPLACE; how <= MAILDIR_RENAME; how++) {
        maildir_force_naming(m, (enum maildir_naming)how);
        assert_int_equal(maildir_batch_begin(m, &e), 0);
        write_one(m, &f);
        snprintf(tmp, sizeof tmp, "mail/tmp/popkeep-school.%s", f.unique);
        assert_int_equal(linkat(t->fd, tmp, t->fd, in("new", f.name), 0), 0);
        assert_int_equal(maildir_publish(m, f.name, &e), 0);
        assert_int_equal(tempdir_count(t, "mail/tmp"), 0);
        assert_delivered(t, f.name);
    }
    maildir_close(m);
}

static void test_publish_what_is_not_there(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    struct maildir *m = make(t);
    assert_int_equal(maildir_publish(m, "1700000000.M1P2Q3Rab.host,S=1,W=1", &e), -1);
    assert_int_equal(e.status, ST_IO);
    assert_int_equal(maildir_publish(m, "../../etc/passwd", &e), -1);
    assert_int_equal(e.status, ST_SOFTWARE);
    maildir_close(m);
}

/* ---- failures ---- */

static void test_full_disk(void **state)
{
    const struct tempdir *t = *state;
    struct maildir_file f;
    struct err e = ERR_INIT;
    struct maildir *m = make(t);
    assert_int_equal(maildir_batch_begin(m, &e), 0);
    assert_int_equal(maildir_file_begin(m, &f, now_us, &e), 0);
    limit_file_size(10);
    int rc = maildir_file_write(m, &f, sv_make(text, sizeof text - 1), &e);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(rc, -1);
    assert_int_equal(e.status, ST_IO);
    assert_int_equal(e.sys_errno, EFBIG);
    assert_non_null(strstr(e.text, f.unique));
    maildir_file_discard(m, &f);
    assert_int_equal(tempdir_count(t, "mail/tmp"), 0);
    maildir_close(m);
}

static void test_tmp_removed_during_run(void **state)
{
    const struct tempdir *t = *state;
    struct maildir_file f;
    struct err e = ERR_INIT;
    struct maildir *m = make(t);
    assert_int_equal(unlinkat(t->fd, "mail/tmp", AT_REMOVEDIR), 0);
    assert_int_equal(maildir_file_begin(m, &f, now_us, &e), -1);
    assert_int_equal(e.status, ST_CANTCREATE);
    maildir_file_discard(m, &f);
    maildir_close(m);
}

static void test_failed_sync_is_told(void **state)
{
    const struct tempdir *t = *state;
    struct maildir_file f;
    struct err e = ERR_INIT;
    int ends[2];
    struct maildir *m = make(t);
    maildir_force_fsync(m, true);
    write_one(m, &f);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[0], f.fd) >= 0); /* a pipe cannot be synced */
    assert_int_equal(maildir_batch_sync(m, &f, 1, &e), -1);
    assert_int_equal(e.status, ST_IO);
    maildir_file_discard(m, &f);
    maildir_force_fsync(m, false);
    write_one(m, &f);
    assert_int_equal(maildir_batch_sync(m, &f, 1, &e), -1); /* not begun */
    assert_int_equal(e.status, ST_SOFTWARE);
    assert_int_equal(maildir_batch_begin(m, &e), 0);
    close(m->sync_fd);
    assert_int_equal(maildir_batch_sync(m, &f, 1, &e), -1);
    assert_int_equal(e.status, ST_IO);
    m->sync_fd = -1;
    maildir_file_discard(m, &f);
    assert_int_equal(tempdir_count(t, "mail/tmp"), 0);
    close(ends[0]);
    close(ends[1]);
    maildir_close(m);
}

/* ---- left-overs ---- */

static void test_sweep_touches_only_its_own(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    size_t n = 99;
    static const char *const others[] = {
        "popkeep-school.b.1700000000.M1P2Q3Rab", /* account "school.b" */
        "popkeep-schools.1700000000.M1P2Q3Rab",
        "1700000000.M1P2Q3Rab",
        "popkeep-school.notes",
        "popkeep-school.1700000000.M1P2Q3Rab.host",
        "popkeep-school.",
        "1600000000.12345.otherhost",
    };
    struct maildir *m = make(t);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        tempdir_put(t, in("tmp", others[i]), "x", 1);
    tempdir_put(t, "mail/tmp/popkeep-school.1700000000.M1P2Q3Rab", "x", 1);
    tempdir_put(t, "mail/tmp/popkeep-school.9999999999.M999999P4194304Q1R00000000", "x", 1);
    tempdir_put(t, "mail/new/popkeep-school.1700000000.M1P2Q3Rab", "x", 1);
    assert_int_equal(maildir_sweep(m, &n, &e), 0);
    assert_int_equal(n, 2);
    assert_int_equal(tempdir_count(t, "mail/tmp"), sizeof others / sizeof *others);
    assert_int_equal(tempdir_count(t, "mail/new"), 1);
    assert_int_equal(maildir_sweep(m, &n, &e), 0);
    assert_int_equal(n, 0);
    maildir_close(m);
}

static void test_recover_tmp(void **state)
{
    const struct tempdir *t = *state;
    struct maildir_file f;
    struct err e = ERR_INIT;
    unsigned char sha[HASH_OCTETS], other[HASH_OCTETS] = {1};
    bool ok = true;
    struct maildir *m = make(t);
    hash_once(text, sizeof text - 1, sha);
    assert_int_equal(maildir_batch_begin(m, &e), 0);
    write_one(m, &f);
    assert_int_equal(maildir_batch_sync(m, &f, 1, &e), 0);
    assert_int_equal(maildir_recover_tmp(m, f.name, sizeof text, sha, &ok, &e), 0);
    assert_false(ok);
    assert_int_equal(maildir_recover_tmp(m, f.name, sizeof text - 1, other, &ok, &e), 0);
    assert_false(ok);
    assert_int_equal(maildir_recover_tmp(m, "adopted:2,S", 1, sha, &ok, &e), 0);
    assert_false(ok);
    uint64_t syncs = maildir_syncs(m);
    assert_int_equal(maildir_recover_tmp(m, f.name, sizeof text - 1, sha, &ok, &e), 0);
    assert_true(ok);
    assert_int_equal(maildir_syncs(m), syncs + 2);
    assert_int_equal(maildir_publish(m, f.name, &e), 0);
    assert_int_equal(maildir_recover_tmp(m, f.name, sizeof text - 1, sha, &ok, &e), 0);
    assert_false(ok);
    assert_int_equal(e.status, ST_OK);
    maildir_close(m);
}

/* ---- names ---- */

static void test_names(void **state)
{
    char host[NAMES_HOST], a[NAMES_UNIQUE], b[NAMES_UNIQUE], long_host[300];
    struct err e = ERR_INIT;
    (void)state;
    names_host(host, "mail-1.okul.example");
    assert_string_equal(host, "mail-1.okul.example");
    names_host(host, "a/b:c,d e\x80");
    assert_string_equal(host, "a\\057b\\072c_d_e_");
    names_host(host, "");
    assert_string_equal(host, "localhost");
    memset(long_host, 'h', sizeof long_host - 1);
    long_host[sizeof long_host - 1] = '\0';
    long_host[62] = '/'; /* an escape is not cut in two */
    names_host(host, long_host);
    assert_int_equal(strlen(host), 62);
    for (int i = 0; i < 1000; i++) { /* the same microsecond */
        assert_int_equal(names_unique(a, now_us, &e), 0);
        assert_int_equal(names_unique(b, now_us, &e), 0);
        assert_string_not_equal(a, b);
        *strrchr(a, 'R') = *strrchr(b, 'R') = '\0'; /* the count alone tells them apart */
        assert_string_not_equal(a, b);
    }
    assert_int_equal(names_unique(a, -5, &e), 0);
    assert_true(names_is_unique(sv_of(a)));
    assert_int_equal(names_unique(a, INT64_MAX, &e), 0);
    assert_true(names_is_unique(sv_of(a)));
    assert_true(strlen(a) + 1 + (NAMES_HOST - 1) + 2 * 23 < 200);
    assert_true(sv_eq_c(names_unique_of(SV("1.M2P3Q4R5.a.b,S=1,W=2")), "1.M2P3Q4R5"));
    static const char *const none[] = {"", "1", "1.M2P3Q4R5", "1.x.host", ".M2P3Q4R5.h", "a.b.c.d"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_null(names_unique_of(sv_of(none[i])).p);
    assert_true(sv_eq_c(names_base(SV("x:2,S")), "x"));
    assert_true(sv_eq_c(names_base(SV("x;2,")), "x"));
    assert_true(sv_eq_c(names_base(SV("x:1,a")), "x:1,a"));
    assert_true(sv_eq_c(names_base(SV("x:2")), "x:2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_create_and_open),
        with_tempdir(test_links),
        with_tempdir(test_a_strangers_folder),
        with_tempdir(test_id),
        with_tempdir(test_deliver),
        with_tempdir(test_name),
        with_tempdir(test_rewrite),
        with_tempdir(test_nothing_is_replaced),
        with_tempdir(test_crash_between_link_and_unlink),
        with_tempdir(test_publish_what_is_not_there),
        with_tempdir(test_full_disk),
        with_tempdir(test_tmp_removed_during_run),
        with_tempdir(test_failed_sync_is_told),
        with_tempdir(test_sweep_touches_only_its_own),
        with_tempdir(test_recover_tmp),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("maildir", tests, NULL, NULL);
}
