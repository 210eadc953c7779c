/* SPDX-License-Identifier: ISC */
/* If these fail, the record of what was deleted on the server lacks lines, or a crash spoils it. */
#include "tempdir.h"
#include "popkeep/store/deletions.h"

static struct deletion sample(void)
{
    struct deletion d = {
        .time = 1700003600,
        .account = "school",
        .uidl = SV("a\"b\x01"),
        .octets = 4096,
        .file = "1700000000.M1P2Q3R4.host,S=4096,W=4100",
        .stored_at = 1700000000,
        .age_s = 3600,
    };
    memset(d.sha, 0xab, sizeof d.sha);
    return d;
}

static const char line[] =
    "{\"v\":1,\"time\":\"2023-11-14T23:13:20Z\",\"account\":\"school\",\"uidl\":\"a\\\"b\\u0001\","
    "\"octets\":4096,\"sha256\":"
    "\"abababababababababababababababababababababababababababababababab\","
    "\"file\":\"1700000000.M1P2Q3R4.host,S=4096,W=4100\",\"stored_at\":\"2023-11-14T22:13:20Z\","
    "\"age_s\":3600}\n";

static void test_lines(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    struct deletion two[2] = {sample(), sample()};
    struct stat st;
    two[1].uidl = SV_NULL;
    assert_int_equal(deletions_append(t->fd, t->path, two, 0, &e), 0);
    assert_false(tempdir_has(t, "deletions.jsonl"));
    assert_int_equal(deletions_append(t->fd, t->path, two, 1, &e), 0);
    char *text = tempdir_get(t, "deletions.jsonl", NULL);
    assert_string_equal(text, line);
    free(text);
    assert_int_equal(deletions_append(t->fd, t->path, two, 2, &e), 0);
    text = tempdir_get(t, "deletions.jsonl", NULL);
    assert_memory_equal(text, line, sizeof line - 1);
    assert_memory_equal(text + sizeof line - 1, line, sizeof line - 1);
    assert_non_null(strstr(text + 2 * (sizeof line - 1), "\"uidl\":null,"));
    free(text);
    assert_int_equal(fstatat(t->fd, "deletions.jsonl", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_torn_line_is_ended(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    struct deletion d = sample();
    tempdir_put(t, "deletions.jsonl", "{\"v\":1,\"ti", 10);
    assert_int_equal(deletions_append(t->fd, t->path, &d, 1, &e), 0);
    char *text = tempdir_get(t, "deletions.jsonl", NULL);
    assert_memory_equal(text, "{\"v\":1,\"ti\n", 11);
    assert_string_equal(text + 11, line);
    free(text);
}

static void test_full_disk_leaves_no_half_line(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    struct deletion d = sample();
    assert_int_equal(deletions_append(t->fd, t->path, &d, 1, &e), 0);
    limit_file_size(sizeof line + 20);
    int rc = deletions_append(t->fd, t->path, &d, 1, &e);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(rc, -1);
    assert_int_equal(e.status, ST_IO);
    char *text = tempdir_get(t, "deletions.jsonl", NULL);
    assert_string_equal(text, line);
    free(text);
}

static void test_what_is_no_file(void **state)
{
    const struct tempdir *t = *state;
    struct err e = ERR_INIT;
    struct deletion d = sample();
    assert_int_equal(symlinkat("elsewhere", t->fd, "deletions.jsonl"), 0);
    assert_int_equal(deletions_append(t->fd, t->path, &d, 1, &e), -1);
    assert_int_equal(e.status, ST_CANTCREATE);
    assert_false(tempdir_has(t, "elsewhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_lines),
        with_tempdir(test_torn_line_is_ended),
        with_tempdir(test_full_disk_leaves_no_half_line),
        with_tempdir(test_what_is_no_file),
    };
    return cmocka_run_group_tests_name("deletions", tests, NULL, NULL);
}
