/* SPDX-License-Identifier: ISC */
/* If these fail, a crash, a full disk or a compaction makes popkeep forget mail it has stored (and
 * store it twice), believe in mail that is not there (and delete the only copy), or refuse to
 * start. */
#include "tempdir.h"
#include "popkeep/store/journal.h"
#include "popkeep/store/journal_inside.h"

enum { NOW = 1700000000, DAY = 86400 };

struct book {
    struct ledger *l;
    struct journal *j;
    struct buf warnings;
    struct err e;
};

static int try_open(const struct tempdir *t, struct book *b, enum journal_mode mode)
{
    *b = (struct book){.l = ledger_new(), .warnings = BUF_INIT(1 << 16), .e = ERR_INIT};
    return journal_open(&b->j, t->fd, t->path, mode, b->l, &b->warnings, &b->e);
}

static void book_close(struct book *b)
{
    journal_close(b->j);
    ledger_free(b->l);
    buf_free(&b->warnings);
}

static struct book book_open(const struct tempdir *t, enum journal_mode mode)
{
    struct book b;
    if (try_open(t, &b, mode) != 0)
        fail_msg("%s", b.e.text);
    return b;
}

static void add(struct book *b, const struct record *r)
{
    if (journal_add(b->j, r, &b->e) != 0)
        fail_msg("%s", b->e.text);
}

static void add_header(struct book *b)
{
    struct record r = {.kind = REC_HEADER,
                       .time = NOW,
                       .version = RECORD_VERSION,
                       .journal_id = SV("00112233445566778899aabbccddeeff"),
                       .host = SV("pop.okul.example"),
                       .port = 995,
                       .user = SV("user"),
                       .maildir = SV("/mail/user")};
    add(b, &r);
}

static void add_intent(struct book *b, uint32_t id)
{
    char uidl[32], name[80];
    snprintf(uidl, sizeof uidl, "uidl-%u", (unsigned)id);
    snprintf(name, sizeof name, "1700000000.M1P2Q%uR4.host,S=100,W=110", (unsigned)id);
    struct record r = {.kind = REC_INTENT,
                       .time = NOW,
                       .id = id,
                       .uidl = sv_of(uidl),
                       .size = 110,
                       .wire_octets = 110,
                       .file_octets = 100,
                       .name = sv_of(name)};
    memset(r.wire_sha, (int)(id % 251), HASH_OCTETS);
    memcpy(r.wire_sha, &id, sizeof id);
    add(b, &r);
}

static void add_id(struct book *b, char kind, uint32_t id, int64_t time)
{
    struct record r = {
        .kind = (enum record_kind)kind, .time = time, .id = id, .stored_at = NOW, .quits = 0};
    add(b, &r);
}

static void commit(struct book *b, bool sync)
{
    if (journal_commit(b->j, sync, &b->e) != 0)
        fail_msg("%s", b->e.text);
}

static uint64_t stored(const struct book *b)
{
    return ledger_count_state(b->l, LEDGER_STORED);
}

static size_t length_of(const struct tempdir *t, const char *name)
{
    struct stat st;
    assert_int_equal(fstatat(t->fd, name, &st, 0), 0);
    return (size_t)st.st_size;
}

/* Header and `n` stored messages in one synced group; returns the length of the file. */
static size_t begin_with(const struct tempdir *t, uint32_t n)
{
    struct book b = book_open(t, JOURNAL_WRITE);
    add_header(&b);
    for (uint32_t id = 1; id <= n; id++) {
        add_intent(&b, id);
        add_id(&b, REC_STORED, id, NOW);
    }
    commit(&b, true);
    book_close(&b);
    return length_of(t, "journal");
}

static int to_text(void *ctx, const struct record *r, bool to_archive, struct err *e)
{
    (void)e;
    if (!to_archive)
        group_add(ctx, r);
    return 0;
}

/* The live part of a ledger as text, for comparing. */
static char *dump(const struct ledger *l, int64_t archive_before)
{
    struct group g;
    struct err e = ERR_INIT;
    group_init(&g);
    assert_int_equal(ledger_snapshot(l, NOW, archive_before, to_text, &g, &e), 0);
    char *text = strndup(g.text.p, g.text.n);
    group_free(&g);
    return text;
}

/* ---- opening and extending ---- */

static void test_missing_is_empty(void **state)
{
    const struct tempdir *t = *state;
    for (int mode = JOURNAL_READ; mode <= JOURNAL_WRITE; mode++) {
        struct book b = book_open(t, (enum journal_mode)mode);
        assert_int_equal(ledger_count(b.l), 0);
        assert_int_equal(b.warnings.n, 0);
        book_close(&b);
        assert_false(tempdir_has(t, "journal"));
    }
}

static void test_write_and_read_back(void **state)
{
    const struct tempdir *t = *state;
    struct stat st;
    begin_with(t, 2);
    assert_int_equal(fstatat(t->fd, "journal", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    struct book b = book_open(t, JOURNAL_READ);
    assert_int_equal(stored(&b), 2);
    assert_string_equal(ledger_header(b.l)->host, "pop.okul.example");
    assert_int_equal(b.warnings.n, 0);
    assert_int_equal(journal_syncs(b.j), 0);
    struct record r = {.kind = REC_QUIT, .time = NOW};
    assert_int_equal(journal_add(b.j, &r, &b.e), -1);
    assert_int_equal(b.e.status, ST_SOFTWARE);
    book_close(&b);
    b = book_open(t, JOURNAL_WRITE);
    assert_true(journal_syncs(b.j) >= 2); /* file and folder, before anything is concluded */
    book_close(&b);
}

static void test_pending(void **state)
{
    const struct tempdir *t = *state;
    size_t before = begin_with(t, 1);
    struct book b = book_open(t, JOURNAL_WRITE);
    uint64_t syncs = journal_syncs(b.j);
    commit(&b, true); /* nothing to do */
    assert_int_equal(journal_syncs(b.j), syncs);
    add_intent(&b, 2);
    assert_int_equal(journal_pending(b.j), 1);
    assert_int_equal(length_of(t, "journal"), before);
    commit(&b, false);
    assert_int_equal(journal_pending(b.j), 0);
    assert_int_equal(journal_syncs(b.j), syncs);
    assert_true(length_of(t, "journal") > before);
    commit(&b, true);
    assert_int_equal(journal_syncs(b.j), syncs + 1);
    add_id(&b, REC_STORED, 2, NOW); /* never committed: dropped */
    book_close(&b);
    b = book_open(t, JOURNAL_READ);
    assert_int_equal(ledger_count_state(b.l, LEDGER_INTENT), 1);
    book_close(&b);
}

static void test_refused_record_is_not_written(void **state)
{
    const struct tempdir *t = *state;
    begin_with(t, 1);
    struct book b = book_open(t, JOURNAL_WRITE);
    struct record r = {.kind = REC_STORED, .time = NOW, .id = 77};
    assert_int_equal(journal_add(b.j, &r, &b.e), -1);
    assert_int_equal(b.e.status, ST_DATA);
    assert_int_equal(journal_pending(b.j), 0);
    book_close(&b);
}

/* ---- torn and damaged ---- */

static void test_torn_at_every_octet(void **state)
{
    const struct tempdir *t = *state;
    size_t first = begin_with(t, 1), whole;
    struct book b = book_open(t, JOURNAL_WRITE);
    add_intent(&b, 2);
    commit(&b, true);
    book_close(&b);
    char *text = tempdir_get(t, "journal", &whole);
    for (size_t n = first + 1; n < whole; n++) {
        tempdir_put(t, "journal", text, n);
        b = book_open(t, JOURNAL_READ);
        assert_int_equal(ledger_count(b.l), 1);
        assert_true(b.warnings.n > 0);
        book_close(&b);
        assert_int_equal(length_of(t, "journal"), n);
        b = book_open(t, JOURNAL_WRITE);
        assert_int_equal(ledger_count(b.l), 1);
        assert_non_null(strstr(b.warnings.p, "/journal: "));
        assert_int_equal(length_of(t, "journal"), first);
        if (n % 16 == 0) {
            add_intent(&b, 2);
            commit(&b, true);
            size_t again;
            char *now = tempdir_get(t, "journal", &again);
            assert_int_equal(again, whole);
            assert_memory_equal(now, text, whole);
            free(now);
        }
        book_close(&b);
    }
    free(text);
}

static void test_first_group_torn(void **state)
{
    const struct tempdir *t = *state;
    size_t whole = begin_with(t, 1);
    char *text = tempdir_get(t, "journal", NULL);
    tempdir_put(t, "journal", text, whole / 2);
    struct book b = book_open(t, JOURNAL_WRITE);
    assert_int_equal(ledger_count(b.l), 0);
    assert_int_equal(length_of(t, "journal"), 0);
    book_close(&b);
    assert_int_equal(begin_with(t, 1), whole);
    free(text);
}

static void test_damage_stops(void **state)
{
    const struct tempdir *t = *state;
    size_t first = begin_with(t, 1), whole;
    struct book b = book_open(t, JOURNAL_WRITE);
    add_intent(&b, 2);
    commit(&b, true);
    book_close(&b);
    char *text = tempdir_get(t, "journal", &whole);
    for (size_t i = 0; i < first; i += 3) {
        text[i] ^= 4;
        tempdir_put(t, "journal", text, whole);
        for (int mode = JOURNAL_READ; mode <= JOURNAL_WRITE; mode++) {
            assert_int_equal(try_open(t, &b, (enum journal_mode)mode), -1);
            assert_int_equal(b.e.status, ST_DATA);
            assert_non_null(strstr(b.e.text, t->path));
            assert_non_null(strstr(b.e.text, "line "));
            assert_null(b.j);
            book_close(&b);
        }
        assert_int_equal(length_of(t, "journal"), whole); /* nothing was cut */
        text[i] ^= 4;
    }
    free(text);
}

/* A group that joins an unsynced one takes its place. Whatever mixture of the two power leaves on
 * the disk, the next run must start: with the old, the new, or without either. */
static void test_any_mixture_of_joined_groups_opens(void **state)
{
    const struct tempdir *t = *state;
    size_t first = begin_with(t, 1), old_n, new_n;
    struct book b = book_open(t, JOURNAL_WRITE);
    uint64_t syncs = journal_syncs(b.j);
    add_intent(&b, 2);
    commit(&b, false);
    char *old = tempdir_get(t, "journal", &old_n);
    add_id(&b, REC_STORED, 2, NOW);
    add_intent(&b, 3);
    commit(&b, false); /* the group before is unsynced: this syncs both */
    assert_int_equal(journal_syncs(b.j), syncs + 1);
    book_close(&b);
    char *new = tempdir_get(t, "journal", &new_n), *mixed = calloc(1, new_n);
    assert_true(new_n > old_n);
    for (int which = 0; which < 3; which++) {
        for (size_t k = first; k <= new_n; k++) {
            size_t kept = k < old_n ? k : old_n;
            memset(mixed, 0, new_n);
            if (which == 0) { /* old up to k, then new */
                memcpy(mixed, old, kept);
                memcpy(mixed + k, new + k, new_n - k);
            } else if (which == 1) { /* new up to k, then old, then nothing */
                memcpy(mixed, old, old_n);
                memcpy(mixed, new, k);
            } else { /* nothing between the synced part and k, then new */
                memcpy(mixed, old, first);
                memcpy(mixed + k, new + k, new_n - k);
            }
            tempdir_put(t, "journal", mixed, new_n);
            b = book_open(t, JOURNAL_READ);
            assert_true(ledger_count(b.l) >= 1);
            book_close(&b);
        }
    }
    tempdir_put(t, "journal", new, new_n);
    b = book_open(t, JOURNAL_READ);
    assert_int_equal(b.warnings.n, 0);
    assert_int_equal(stored(&b), 2);
    assert_int_equal(ledger_count(b.l), 3);
    book_close(&b);
    free(old);
    free(new);
    free(mixed);
}

/* ---- failures ---- */

static void test_short_write_is_cut_back(void **state)
{
    const struct tempdir *t = *state;
    size_t first = begin_with(t, 1);
    struct book b = book_open(t, JOURNAL_WRITE);
    add_intent(&b, 2);
    commit(&b, false);
    for (rlim_t room = 0; room < 40; room += 13) {
        size_t unsynced = length_of(t, "journal");
        if (room == 0)
            add_intent(&b, 3);
        limit_file_size(unsynced + room);
        int rc = journal_commit(b.j, true, &b.e);
        limit_file_size(RLIM_INFINITY);
        assert_int_equal(rc, -1);
        assert_int_equal(b.e.status, ST_IO);
        assert_int_equal(b.e.sys_errno, EFBIG);
        assert_int_equal(length_of(t, "journal"), first);
        assert_int_equal(journal_pending(b.j), 2);
    }
    add_id(&b, REC_VOID, 3, NOW);
    commit(&b, true); /* room again: file and ledger agree */
    book_close(&b);
    b = book_open(t, JOURNAL_READ);
    assert_int_equal(b.warnings.n, 0);
    assert_int_equal(ledger_count(b.l), 3);
    assert_int_equal(ledger_count_state(b.l, LEDGER_VOID), 1);
    book_close(&b);
}

static void test_first_write_fails(void **state)
{
    const struct tempdir *t = *state;
    struct book b = book_open(t, JOURNAL_WRITE);
    add_header(&b);
    limit_file_size(10);
    int rc = journal_commit(b.j, true, &b.e);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(rc, -1);
    assert_int_equal(length_of(t, "journal"), 0);
    commit(&b, false);
    assert_int_equal(journal_pending(b.j), 0);
    book_close(&b);
    b = book_open(t, JOURNAL_READ);
    assert_true(ledger_header(b.l)->any);
    book_close(&b);
}

static void assert_poisoned(struct book *b)
{
    struct record r = {.kind = REC_QUIT, .time = NOW};
    bool done;
    assert_int_equal(b->e.status, ST_IO);
    assert_int_equal(journal_add(b->j, &r, &b->e), -1);
    assert_int_equal(b->e.status, ST_IO);
    assert_int_equal(journal_commit(b->j, true, &b->e), -1);
    assert_int_equal(b->e.status, ST_IO);
    assert_int_equal(journal_compact(b->j, NOW, NOW, true, &done, &b->e), -1);
    assert_false(done);
}

static void put_pipe_in_place(struct book *b)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], b->j->fd) >= 0); /* cannot be synced, cut or written at a place */
    close(ends[0]);
    close(ends[1]);
}

static void test_failed_sync_is_final(void **state)
{
    const struct tempdir *t = *state;
    begin_with(t, 1);
    struct book b = book_open(t, JOURNAL_WRITE);
    add_intent(&b, 2);
    commit(&b, false);
    put_pipe_in_place(&b);
    assert_int_equal(journal_commit(b.j, true, &b.e), -1);
    assert_poisoned(&b);
    book_close(&b);
}

static void test_failed_cut_is_final(void **state)
{
    const struct tempdir *t = *state;
    size_t first = begin_with(t, 1);
    struct book b = book_open(t, JOURNAL_WRITE);
    add_intent(&b, 2);
    put_pipe_in_place(&b);
    assert_int_equal(journal_commit(b.j, true, &b.e), -1);
    assert_poisoned(&b);
    book_close(&b);
    assert_int_equal(length_of(t, "journal"), first);
}

static void test_what_is_no_journal(void **state)
{
    const struct tempdir *t = *state;
    struct book b;
    tempdir_put(t, "real", "", 0);
    assert_int_equal(symlinkat("real", t->fd, "journal"), 0);
    assert_int_equal(try_open(t, &b, JOURNAL_WRITE), -1);
    assert_int_equal(b.e.status, ST_IO);
    book_close(&b);
    unlinkat(t->fd, "journal", 0);
    assert_int_equal(mkdirat(t->fd, "journal", 0700), 0);
    assert_int_equal(try_open(t, &b, JOURNAL_READ), -1);
    assert_int_equal(b.e.status, ST_IO);
    book_close(&b);
}

static void test_folder_gone(void **state)
{
    const struct tempdir *t = *state;
    struct tempdir sub = {.fd = -1};
    assert_int_equal(mkdirat(t->fd, "gone", 0700), 0);
    sub.fd = openat(t->fd, "gone", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(unlinkat(t->fd, "gone", AT_REMOVEDIR), 0);
    struct book b = book_open(&sub, JOURNAL_WRITE);
    add_header(&b);
    assert_int_equal(journal_commit(b.j, true, &b.e), -1);
    assert_int_equal(b.e.status, ST_CANTCREATE);
    book_close(&b);
    close(sub.fd);
}

/* ---- compaction ---- */

/* 20 stored, 10 long gone, 5 gone of late, 5 void, many idle lines. */
static void fill(struct book *b)
{
    add_header(b);
    for (uint32_t id = 1; id <= 40; id++) {
        add_intent(b, id);
        add_id(b, id <= 35 ? REC_STORED : REC_VOID, id, NOW);
        if (id > 20 && id <= 35) {
            add_id(b, REC_DELETE, id, NOW + 1);
            add_id(b, REC_GONE, id, id <= 30 ? NOW + 2 : NOW + 50 * DAY);
        }
    }
    for (int i = 0; i < 1200; i++) {
        struct record r = {.kind = REC_QUIT, .time = NOW + 3};
        add(b, &r);
    }
    commit(b, true);
}

static void assert_same(const struct tempdir *t, const char *live, uint64_t gone)
{
    struct book b = book_open(t, JOURNAL_READ);
    char *now = dump(b.l, NOW + 10);
    assert_string_equal(now, live);
    assert_int_equal(stored(&b), 20);
    assert_int_equal(ledger_count_state(b.l, LEDGER_GONE), gone);
    assert_int_equal(b.warnings.n, 0);
    free(now);
    book_close(&b);
}

static void test_compaction_keeps_the_ledger(void **state)
{
    const struct tempdir *t = *state;
    bool done = false;
    struct book b = book_open(t, JOURNAL_WRITE);
    fill(&b);
    size_t before = length_of(t, "journal");
    char *live = dump(b.l, NOW + 10);
    add_id(&b, REC_DELETE, 1, NOW + 4);
    assert_int_equal(journal_compact(b.j, NOW, NOW + 10, false, &done, &b.e), -1); /* pending */
    assert_int_equal(b.e.status, ST_SOFTWARE);
    add_id(&b, REC_STORED, 1, NOW + 4);
    commit(&b, true);
    free(live);
    live = dump(b.l, NOW + 10);
    assert_int_equal(journal_compact(b.j, NOW, NOW + 10, false, &done, &b.e), 0);
    assert_true(done);
    assert_true(length_of(t, "journal") < before / 2);
    assert_false(tempdir_has(t, "journal.new"));
    assert_same(t, live, 15);
    size_t archived = length_of(t, "archive");
    assert_int_equal(journal_compact(b.j, NOW, NOW + 10, false, &done, &b.e), 0);
    assert_false(done); /* nothing idle any more */
    book_close(&b);
    b = book_open(t, JOURNAL_WRITE); /* goes on where the new one ends; nothing is archived twice */
    assert_int_equal(ledger_next_id(b.l), 41);
    add_intent(&b, 41);
    commit(&b, true);
    add_id(&b, REC_VOID, 41, NOW);
    commit(&b, true);
    assert_int_equal(journal_compact(b.j, NOW, NOW + 10, true, &done, &b.e), 0);
    assert_true(done);
    assert_int_equal(length_of(t, "archive"), archived);
    book_close(&b);
    b = book_open(t, JOURNAL_READ);
    assert_int_equal(stored(&b), 20);
    assert_int_equal(ledger_next_id(b.l), 42);
    book_close(&b);
    free(live);
}

static void test_small_journals_are_left_alone(void **state)
{
    const struct tempdir *t = *state;
    bool done = true;
    begin_with(t, 3);
    struct book b = book_open(t, JOURNAL_WRITE);
    assert_int_equal(journal_compact(b.j, NOW, NOW, false, &done, &b.e), 0);
    assert_false(done);
    book_close(&b);
}

/* Killed after the archive was extended and before the rename: the old journal is in force. */
static void test_interrupted_compaction(void **state)
{
    const struct tempdir *t = *state;
    size_t n;
    bool done = false;
    struct book b = book_open(t, JOURNAL_WRITE);
    fill(&b);
    char *live = dump(b.l, NOW + 10), *old = tempdir_get(t, "journal", &n);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(journal_compact(b.j, NOW, NOW + 10, true, &done, &b.e), 0);
        book_close(&b);
        tempdir_put(t, "journal", old, n);
        tempdir_put(t, "journal.new", old, n / 2);
        assert_same(t, live, 15);
        assert_true(tempdir_has(t, "journal.new")); /* readers change nothing */
        b = book_open(t, JOURNAL_WRITE);
        assert_false(tempdir_has(t, "journal.new"));
    }
    assert_int_equal(journal_compact(b.j, NOW, NOW + 10, true, &done, &b.e), 0);
    book_close(&b);
    assert_same(t, live, 15);
    free(old);
    free(live);
}

static void test_torn_archive(void **state)
{
    const struct tempdir *t = *state;
    size_t n, archived;
    bool done = false;
    struct book b = book_open(t, JOURNAL_WRITE);
    fill(&b);
    char *live = dump(b.l, NOW + 10), *old = tempdir_get(t, "journal", &n);
    assert_int_equal(journal_compact(b.j, NOW, NOW + 10, true, &done, &b.e), 0);
    book_close(&b);
    char *archive = tempdir_get(t, "archive", &archived);
    for (size_t k = 0; k < archived; k += 97) {
        tempdir_put(t, "journal", old, n);
        tempdir_put(t, "archive", archive, k);
        b = book_open(t, JOURNAL_WRITE);
        assert_int_equal(length_of(t, "archive"), 0);
        char *now = dump(b.l, NOW + 10);
        assert_string_equal(now, live);
        free(now);
        book_close(&b);
    }
    free(archive);
    free(old);
    free(live);
}

static void test_failed_compaction_keeps_the_old(void **state)
{
    const struct tempdir *t = *state;
    size_t n, again;
    bool done = true;
    struct book b = book_open(t, JOURNAL_WRITE);
    fill(&b);
    char *live = dump(b.l, NOW + 10), *old = tempdir_get(t, "journal", &n);
    static const rlim_t limits[] = {0, 100, 3000, 6000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        limit_file_size(limits[i]);
        int rc = journal_compact(b.j, NOW, NOW + 10, true, &done, &b.e);
        limit_file_size(RLIM_INFINITY);
        assert_int_equal(rc, -1);
        assert_false(done);
        assert_int_equal(b.e.status, ST_IO);
        assert_false(tempdir_has(t, "journal.new"));
        char *now = tempdir_get(t, "journal", &again);
        assert_int_equal(again, n);
        assert_memory_equal(now, old, n);
        free(now);
        assert_same(t, live, 15);
    }
    assert_int_equal(mkdirat(t->fd, "journal.new", 0700), 0);
    assert_int_equal(journal_compact(b.j, NOW, NOW + 10, true, &done, &b.e), -1);
    assert_int_equal(b.e.status, ST_CANTCREATE);
    assert_int_equal(unlinkat(t->fd, "journal.new", AT_REMOVEDIR), 0);
    add_id(&b, REC_DELETE, 1, NOW + 9); /* the old one can be extended, then compacted */
    add_id(&b, REC_STORED, 1, NOW + 9);
    commit(&b, true);
    assert_int_equal(journal_compact(b.j, NOW, NOW + 10, true, &done, &b.e), 0);
    assert_true(done);
    book_close(&b);
    free(old);
    free(live);
}

/* Large enough to be mapped in part, and for several groups of a compaction. */
static void test_large(void **state)
{
    const struct tempdir *t = *state;
    bool done = false;
    enum { MANY = 45000 };
    struct book b = book_open(t, JOURNAL_WRITE);
    add_header(&b);
    for (uint32_t id = 1; id <= MANY; id++) {
        add_intent(&b, id);
        add_id(&b, REC_STORED, id, NOW);
        if (id <= 6000) {
            add_id(&b, REC_DELETE, id, NOW + 1);
            add_id(&b, REC_GONE, id, NOW + 2);
        }
        if (id % 5000 == 0)
            commit(&b, true);
    }
    commit(&b, true);
    char *live = dump(b.l, NOW + 10);
    book_close(&b);
    assert_true(length_of(t, "journal") > 9 << 20);
    b = book_open(t, JOURNAL_WRITE);
    char *again = dump(b.l, NOW + 10);
    assert_true(strcmp(live, again) == 0);
    free(again);
    assert_int_equal(journal_compact(b.j, NOW, NOW + 10, true, &done, &b.e), 0);
    book_close(&b);
    b = book_open(t, JOURNAL_READ);
    again = dump(b.l, NOW + 10);
    assert_true(strcmp(live, again) == 0);
    assert_int_equal(ledger_count(b.l), MANY);
    free(again);
    free(live);
    book_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_missing_is_empty),
        with_tempdir(test_write_and_read_back),
        with_tempdir(test_pending),
        with_tempdir(test_refused_record_is_not_written),
        with_tempdir(test_torn_at_every_octet),
        with_tempdir(test_first_group_torn),
        with_tempdir(test_damage_stops),
        with_tempdir(test_any_mixture_of_joined_groups_opens),
        with_tempdir(test_short_write_is_cut_back),
        with_tempdir(test_first_write_fails),
        with_tempdir(test_failed_sync_is_final),
        with_tempdir(test_failed_cut_is_final),
        with_tempdir(test_what_is_no_journal),
        with_tempdir(test_folder_gone),
        with_tempdir(test_compaction_keeps_the_ledger),
        with_tempdir(test_small_journals_are_left_alone),
        with_tempdir(test_interrupted_compaction),
        with_tempdir(test_torn_archive),
        with_tempdir(test_failed_compaction_keeps_the_old),
        with_tempdir(test_large),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
