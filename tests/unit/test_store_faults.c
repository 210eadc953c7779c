/* SPDX-License-Identifier: ISC */
/*
 * A small run (fetch two messages, compact) in which every system call in turn fails, or is the
 * last one before the process is killed. If this fails, some moment exists at which a crash or a
 * disk error loses a mail, stores it twice, or leaves a state from which popkeep cannot go on.
 *
 * The functions of libc that change the disk are defined here anew and count. Syncs do nothing
 * else: a killed process loses nothing of the page cache.
 */
#undef _FORTIFY_SOURCE /* its inline openat cannot be replaced */
#include "tempdir.h"
#include "popkeep/store/finder.h"
#include "popkeep/store/folder.h"
#include "popkeep/store/journal.h"
#include "popkeep/store/lock.h"

#include <sys/syscall.h>
#include <sys/wait.h>

enum fault {
    FAULT_NONE,
    FAULT_EIO,    /* that call fails */
    FAULT_ENOSPC, /* that call fails */
    FAULT_SHORT,  /* that call reads or writes a part only */
    FAULT_READS,  /* from that call on nothing can be read */
    FAULT_LOOKS,  /* from that call on nothing can be looked at */
    FAULT_KILL    /* that call is not made: the process is gone */
};

static enum fault fault;
static long calls, fault_at;
static const char *only; /* count these calls alone; null: all */
static const char texts[2][16] = {"first message\n", "second\n"};

static bool hit(const char *call)
{
    if (fault == FAULT_NONE || (only != NULL && strcmp(call, only) != 0))
        return false;
    calls++;
    errno = fault == FAULT_ENOSPC ? ENOSPC : EIO;
    if (fault == FAULT_READS || fault == FAULT_LOOKS)
        return calls >= fault_at && strcmp(call, fault == FAULT_READS ? "pread" : "fstatat") == 0;
    if (calls != fault_at)
        return false;
    if (fault == FAULT_KILL)
        _exit(99);
    return fault != FAULT_SHORT;
}

int openat(int dir, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return hit("openat") ? -1 : (int)syscall(SYS_openat, dir, path, flags, mode);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t off)
{
    if (hit("pwrite"))
        return -1;
    if (fault == FAULT_SHORT && calls == fault_at && n > 1)
        n /= 2;
    return (ssize_t)syscall(SYS_pwrite64, fd, p, n, off);
}

ssize_t pread(int fd, void *p, size_t n, off_t off)
{
    if (hit("pread"))
        return -1;
    if (fault == FAULT_SHORT && calls == fault_at && n > 1)
        n = 1;
    return (ssize_t)syscall(SYS_pread64, fd, p, n, off);
}

int fstatat(int dir, const char *path, struct stat *st, int flags)
{
    return hit("fstatat") ? -1 : (int)syscall(SYS_newfstatat, dir, path, st, flags);
}

int fstat(int fd, struct stat *st)
{
    return hit("fstat") ? -1 : (int)syscall(SYS_fstat, fd, st);
}

int close(int fd)
{
    bool bad = hit("close");
    int rc = (int)syscall(SYS_close, fd);
    return bad ? -1 : rc;
}

int fsync(int fd)
{
    (void)fd;
    return hit("fsync") ? -1 : 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return hit("fdatasync") ? -1 : 0;
}

int syncfs(int fd)
{
    (void)fd;
    return hit("syncfs") ? -1 : 0;
}

int ftruncate(int fd, off_t length)
{
    return hit("ftruncate") ? -1 : (int)syscall(SYS_ftruncate, fd, length);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return hit("renameat") ? -1 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return hit("renameat2") ? -1 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    return hit("linkat") ? -1 : (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
}

int unlinkat(int dir, const char *path, int flags)
{
    return hit("unlinkat") ? -1 : (int)syscall(SYS_unlinkat, dir, path, flags);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    return hit("mkdirat") ? -1 : (int)syscall(SYS_mkdirat, dir, path, mode);
}

/* ---- the run ---- */

struct run {
    const struct tempdir *t;
    int state_fd, lock_fd;
    struct ledger *l;
    struct journal *j;
    struct maildir *m;
    struct maildir_file files[2];
    struct buf warnings;
    struct err e;
    bool per_file;
    enum maildir_naming naming;
};

static int add_id(struct run *r, char kind, uint32_t id)
{
    struct record rec = {.kind = (enum record_kind)kind, .time = 1, .id = id, .stored_at = 1};
    return journal_add(r->j, &rec, &r->e);
}

static int run_open(struct run *r)
{
    const char *state = tempdir_path(r->t, "state");
    bool missing = false;
    int root = folder_make(state, &r->e);
    if (root < 0)
        return -1;
    r->state_fd = folder_make_at(root, "school", state, &r->e);
    close(root);
    if (r->state_fd < 0)
        return -1;
    r->lock_fd = lock_take(r->state_fd, "lock", state, &r->e);
    if (r->lock_fd < 0 ||
        journal_open(&r->j, r->state_fd, state, JOURNAL_WRITE, r->l, &r->warnings, &r->e) != 0)
        return -1;
    const char *mail = tempdir_path(r->t, "mail");
    if (maildir_open(&r->m, mail, "school", &missing, &r->e) != 0 &&
        (!missing || maildir_create(&r->m, mail, "school", &r->e) != 0))
        return -1;
    maildir_force_fsync(r->m, r->per_file);
    maildir_force_naming(r->m, r->naming);
    return 0;
}

/* One entry in state INTENT, as the table of states in popkeep-journal(5) has it. */
static int recover_one(struct run *r, struct finder *f, const struct ledger_entry *en)
{
    bool ok = false;
    enum finder_result found =
        finder_check_and_sync(f, en->name, en->file_octets, en->file_sha, &r->e);
    if (found == FINDER_ERROR)
        return -1;
    if (found == FINDER_OK)
        return add_id(r, REC_STORED, en->id);
    if (maildir_recover_tmp(r->m, en->name, en->file_octets, en->file_sha, &ok, &r->e) != 0)
        return -1;
    if (!ok)
        return add_id(r, REC_VOID, en->id);
    if (maildir_publish(r->m, en->name, &r->e) != 0 || maildir_sync_new(r->m, &r->e) != 0)
        return -1;
    return add_id(r, REC_STORED, en->id);
}

static int recover(struct run *r)
{
    struct finder *f = finder_new(r->m);
    size_t swept;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < ledger_count(r->l); i++)
        if (ledger_entry(r->l, i)->state == LEDGER_INTENT)
            rc = recover_one(r, f, ledger_entry(r->l, i));
    finder_free(f);
    if (rc == 0)
        rc = journal_commit(r->j, true, &r->e);
    return rc == 0 ? maildir_sweep(r->m, &swept, &r->e) : rc;
}

static bool is_stored(const struct run *r, int i)
{
    struct sv uidl = sv_of(texts[i]);
    uint32_t at = LEDGER_NONE;
    while ((at = ledger_by_uidl(r->l, uidl, at)) != LEDGER_NONE)
        if (ledger_entry(r->l, at)->state == LEDGER_STORED)
            return true;
    return false;
}

static int receive(struct run *r, struct maildir_file *f, int i)
{
    struct sv octets = sv_of(texts[i]);
    if (maildir_file_begin(r->m, f, 1, &r->e) != 0 ||
        maildir_file_write(r->m, f, sv_make(octets.p, 3), &r->e) != 0 ||
        maildir_file_write(r->m, f, sv_from(octets, 3), &r->e) != 0)
        return -1;
    return maildir_file_finish(r->m, f, octets.n + 1, 1, &r->e);
}

static int intend(struct run *r, const struct maildir_file *f, int i)
{
    struct record rec = {.kind = REC_INTENT,
                         .time = 1,
                         .id = ledger_next_id(r->l),
                         .uidl = sv_of(texts[i]),
                         .size = f->octets + 1,
                         .wire_octets = f->octets + 1,
                         .file_octets = f->octets,
                         .name = sv_of(f->name)};
    hash_once(texts[i], strlen(texts[i]), rec.file_sha);
    hash_once(texts[i], strlen(texts[i]), rec.wire_sha);
    return journal_add(r->j, &rec, &r->e);
}

/* A batch; what fails before names are in new/ is discarded, after that nothing is touched. */
static int fetch(struct run *r)
{
    int which[2], n = 0, rc = maildir_batch_begin(r->m, &r->e);
    uint32_t first = ledger_next_id(r->l);
    for (int i = 0; rc == 0 && i < 2; i++)
        if (!is_stored(r, i)) {
            which[n] = i;
            rc = receive(r, &r->files[n++], i);
        }
    if (rc == 0)
        rc = maildir_batch_sync(r->m, r->files, (size_t)n, &r->e);
    for (int k = 0; rc == 0 && k < n; k++)
        rc = intend(r, &r->files[k], which[k]);
    if (rc == 0)
        rc = journal_commit(r->j, true, &r->e);
    if (rc != 0) {
        for (int k = 0; k < n; k++)
            maildir_file_discard(r->m, &r->files[k]);
        return -1;
    }
    for (int k = 0; rc == 0 && k < n; k++)
        rc = maildir_publish(r->m, r->files[k].name, &r->e);
    if (rc == 0 && n > 0)
        rc = maildir_sync_new(r->m, &r->e);
    for (int k = 0; rc == 0 && k < n; k++)
        rc = add_id(r, REC_STORED, first + (uint32_t)k);
    return rc == 0 ? journal_commit(r->j, false, &r->e) : rc;
}

static int whole_run(const struct tempdir *t, bool per_file, enum maildir_naming naming,
                     struct err *e)
{
    bool done;
    struct run r = {.t = t,
                    .state_fd = -1,
                    .lock_fd = -1,
                    .l = ledger_new(),
                    .files = {{.fd = -1}, {.fd = -1}},
                    .warnings = BUF_INIT(1 << 16),
                    .e = ERR_INIT,
                    .per_file = per_file,
                    .naming = naming};
    int rc = run_open(&r);
    if (rc == 0)
        rc = recover(&r);
    if (rc == 0)
        rc = fetch(&r);
    if (rc == 0)
        rc = journal_compact(r.j, 2, 0, true, &done, &r.e);
    *e = r.e;
    maildir_close(r.m);
    journal_close(r.j);
    ledger_free(r.l);
    buf_free(&r.warnings);
    if (r.lock_fd >= 0)
        close(r.lock_fd);
    if (r.state_fd >= 0)
        close(r.state_fd);
    return rc;
}

/* ---- the judgement ---- */

static int count_text(void *ctx, const char *base_name, const char *path, struct err *e)
{
    const struct tempdir *t = ctx;
    char full[600];
    (void)base_name;
    (void)e;
    snprintf(full, sizeof full, "mail/%s", path);
    char *content = tempdir_get(t, full, NULL);
    int which = strcmp(content, texts[0]) == 0 ? 0 : strcmp(content, texts[1]) == 0 ? 1 : -1;
    free(content);
    assert_true(which >= 0); /* every file is whole */
    return 0;
}

static void assert_two_messages(const struct tempdir *t)
{
    struct err e = ERR_INIT;
    struct maildir *m;
    struct ledger *l = ledger_new();
    struct journal *j;
    struct buf warnings = BUF_INIT(1000);
    assert_int_equal(maildir_open(&m, tempdir_path(t, "mail"), "school", NULL, &e), 0);
    struct finder *f = finder_new(m);
    assert_int_equal(finder_walk(f, count_text, (void *)(uintptr_t)t, &e), 0);
    assert_int_equal(tempdir_count(t, "mail/new"), 2);
    assert_int_equal(tempdir_count(t, "mail/tmp"), 0);
    int fd = openat(t->fd, "state/school", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(journal_open(&j, fd, "state", JOURNAL_READ, l, &warnings, &e), 0);
    assert_int_equal(warnings.n, 0);
    assert_int_equal(ledger_count_state(l, LEDGER_STORED), 2);
    assert_int_equal(ledger_count_state(l, LEDGER_INTENT), 0);
    for (uint32_t i = 0; i < ledger_count(l); i++) {
        const struct ledger_entry *en = ledger_entry(l, i);
        if (en->state == LEDGER_STORED)
            assert_int_equal(finder_check(f, en->name, en->file_octets, en->file_sha, &e),
                             FINDER_OK);
    }
    close(fd);
    finder_free(f);
    maildir_close(m);
    journal_close(j);
    ledger_free(l);
    buf_free(&warnings);
}

static void start_anew(const struct tempdir *t)
{
    (void)nftw(tempdir_path(t, "mail"), tempdir_rm_one, 16, FTW_DEPTH | FTW_PHYS);
    (void)nftw(tempdir_path(t, "state"), tempdir_rm_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* true: the fault came before the run's end. */
static bool disturbed_run(const struct tempdir *t, enum fault what, long at, bool per_file,
                          enum maildir_naming naming)
{
    struct err e = ERR_INIT;
    bool came;
    calls = 0;
    fault_at = at;
    if (what == FAULT_KILL) {
        int status = 0;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            fault = what;
            _exit(whole_run(t, per_file, naming, &e) == 0 ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_not_equal(WEXITSTATUS(status), 1);
        return WEXITSTATUS(status) == 99;
    }
    fault = what;
    int rc = whole_run(t, per_file, naming, &e);
    fault = FAULT_NONE;
    came = calls >= at;
    if (what == FAULT_SHORT || !came)
        assert_int_equal(rc, 0);
    if (rc != 0) { /* always told, and with a class that fits a local fault */
        assert_true(e.status == ST_IO || e.status == ST_CANTCREATE);
        assert_true(e.text[0] != '\0');
    }
    return came;
}

static void every_call(const struct tempdir *t, enum fault what, bool per_file,
                       enum maildir_naming naming)
{
    struct err e = ERR_INIT;
    long at = 1;
    while (disturbed_run(t, what, at, per_file, naming)) {
        if (at % 3 == 0) /* now and then the recovery is killed as well */
            (void)disturbed_run(t, FAULT_KILL, 1 + at * 7 % 31, per_file, naming);
        fault = FAULT_NONE;
        if (whole_run(t, per_file, naming, &e) != 0)
            fail_msg("after call %ld: %s", at, e.text);
        assert_two_messages(t);
        start_anew(t);
        at++;
    }
    assert_true(at > 60);
    assert_two_messages(t);
    start_anew(t);
}

static void test_killed(void **state)
{
    every_call(*state, FAULT_KILL, false, MAILDIR_RENAME_NOREPLACE);
    every_call(*state, FAULT_KILL, true, MAILDIR_LINK);
    every_call(*state, FAULT_KILL, true, MAILDIR_RENAME);
}

static void test_disk_error(void **state)
{
    every_call(*state, FAULT_EIO, false, MAILDIR_RENAME_NOREPLACE);
    every_call(*state, FAULT_EIO, true, MAILDIR_LINK);
}

static void test_full_disk(void **state)
{
    every_call(*state, FAULT_ENOSPC, false, MAILDIR_RENAME_NOREPLACE);
}

static void test_short_writes(void **state)
{
    every_call(*state, FAULT_SHORT, true, MAILDIR_RENAME_NOREPLACE);
}

/* Every call of a recovery fails in turn. That must never be taken for "the file is not there". */
static void disturbed_recovery(const struct tempdir *t, enum fault what, const char *killed_in,
                               long killed_at, size_t published)
{
    struct err e = ERR_INIT;
    bool came = true;
    for (long at = 1; came; at++) {
        only = killed_in;
        assert_true(disturbed_run(t, FAULT_KILL, killed_at, false, MAILDIR_RENAME_NOREPLACE));
        only = NULL;
        assert_int_equal(tempdir_count(t, "mail/new"), published);
        assert_int_equal(tempdir_count(t, "mail/tmp"), 2 - published);
        came = disturbed_run(t, what, at, false, MAILDIR_RENAME_NOREPLACE);
        if (whole_run(t, false, MAILDIR_RENAME_NOREPLACE, &e) != 0)
            fail_msg("after call %ld: %s", at, e.text);
        assert_two_messages(t);
        start_anew(t);
    }
}

static void test_disk_error_while_recovering(void **state)
{
    static const enum fault faults[] = {FAULT_EIO, FAULT_READS, FAULT_LOOKS};
    for (size_t i = 0; i < 3; i++) {
        disturbed_recovery(*state, faults[i], "renameat2", 1, 0);
        disturbed_recovery(*state, faults[i], "renameat2", 2, 1);
        disturbed_recovery(*state, faults[i], "pwrite", 7, 2); /* the group with S */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_killed),
        with_tempdir(test_disk_error),
        with_tempdir(test_full_disk),
        with_tempdir(test_short_writes),
        with_tempdir(test_disk_error_while_recovering),
    };
    /* nothing is ever synced here, so a disk would only make it slow */
    if (access("/dev/shm", W_OK) == 0)
        (void)setenv("TMPDIR", "/dev/shm", 0);
    return cmocka_run_group_tests_name("store faults", tests, NULL, NULL);
}
