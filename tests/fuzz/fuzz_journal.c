/* SPDX-License-Identifier: ISC */
/*
 * A journal file (store/journal.h) after a power cut or on a bad disk. The input makes groups of
 * records, of which the ledger takes what fits; then says where the file ends, what garbage
 * follows, and where an octet changes. Must hold: a record that does not fit changes nothing; of a
 * file cut anywhere exactly the whole groups are left, whatever follows them, and the journal goes
 * on from there; damage before a whole group is an error, and never hands out a record that was not
 * written so; a compaction loses nothing.
 */
#include "records.h"

#include "popkeep/base/mem.h"
#include "popkeep/store/journal.h"

#include <fcntl.h>
#include <unistd.h>

enum { RECORDS_MAX = 150, GROUPS_MAX = 40, JUDGED_MAX = 6 };

/* The journal as it was written, without fault. */
struct book {
    struct group text;
    struct group lines; /* the same without end lines */
    size_t end[GROUPS_MAX + 1], lines_end[GROUPS_MAX + 1];
    size_t groups;
    struct record record[RECORDS_MAX];
    size_t group_of[RECORDS_MAX], n;
    unsigned judged; /* refused records after which the ledger was compared */
};

/* A record that the ledger refused must not have left anything behind. */
static void refused(struct book *b, const struct ledger *l, const struct records_text *before,
                    const struct err *e)
{
    struct records_text after;
    fuzz_error_is_good(e);
    FUZZ_HOLDS(e->status == ST_DATA);
    b->judged++;
    records_snapshot(&after, l, INT64_MIN);
    FUZZ_HOLDS(sv_eq(buf_sv(&before->journal.text), buf_sv(&after.journal.text)));
    records_text_free(&after);
}

static bool take(struct book *b, struct ledger *l, const struct record *r)
{
    struct err e = ERR_INIT;
    struct records_text before;
    bool judge = b->judged < JUDGED_MAX;
    if (judge)
        records_snapshot(&before, l, INT64_MIN);
    bool fits = ledger_apply(l, r, false, &e) == 0;
    if (!fits && judge)
        refused(b, l, &before, &e);
    if (judge)
        records_text_free(&before);
    return fits;
}

static void end_group(struct book *b)
{
    group_end(&b->text);
    b->groups++;
    b->end[b->groups] = b->text.text.n;
    b->lines_end[b->groups] = b->lines.text.n;
}

static void make_book(struct book *b, struct ledger *l, struct fuzz *f)
{
    size_t wanted = fuzz_octet(f) % RECORDS_MAX, in_group = 0;
    memset(b, 0, sizeof *b);
    group_init(&b->text);
    group_init(&b->lines);
    for (size_t i = 0; i < wanted && f->rest.n > 0; i++) {
        struct record r = records_make(f, l);
        if (!take(b, l, &r))
            continue;
        group_add(&b->text, &r);
        group_add(&b->lines, &r);
        b->record[b->n] = r;
        b->group_of[b->n++] = b->groups;
        if (++in_group > i % 7 && b->groups < GROUPS_MAX - 1) {
            end_group(b);
            in_group = 0;
        }
    }
    if (in_group > 0)
        end_group(b);
}

struct seen {
    struct group lines;
    struct ledger *l; /* null: only written down */
};

static int see(void *ctx, const struct record *r, struct err *e)
{
    struct seen *s = ctx;
    group_add(&s->lines, r);
    return s->l != NULL ? ledger_apply(s->l, r, false, e) : 0;
}

/* The groups that end at or before `length`. */
static size_t groups_within(const struct book *b, size_t length)
{
    size_t g = 0;
    while (g < b->groups && b->end[g + 1] <= length)
        g++;
    return g;
}

static void scan_torn(const struct book *b, struct sv torn, size_t whole)
{
    struct seen s = {.l = NULL};
    struct err e = ERR_INIT;
    size_t good;
    group_init(&s.lines);
    char *copy = fuzz_copy(torn);
    FUZZ_HOLDS(record_scan(sv_make(copy, torn.n), see, &s, &good, &e) == 0);
    FUZZ_HOLDS(good == b->end[whole]);
    FUZZ_HOLDS(sv_eq(buf_sv(&s.lines.text), sv_make(b->lines.text.p, b->lines_end[whole])));
    free(copy);
    group_free(&s.lines);
}

/* ---- the file ---- */

static char folder[64];
static int folder_fd = -1;

static void remove_folder(void)
{
    (void)unlinkat(folder_fd, "journal", 0);
    (void)unlinkat(folder_fd, "archive", 0);
    (void)rmdir(folder);
}

/* Once a process; in memory where there is such a place. */
static void make_folder(void)
{
    if (folder_fd >= 0)
        return;
    snprintf(folder, sizeof folder, "%s/popkeep-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_HOLDS(mkdtemp(folder) != NULL);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_HOLDS(folder_fd >= 0);
    atexit(remove_folder);
}

static void put_file(struct sv octets)
{
    (void)unlinkat(folder_fd, "archive", 0);
    int fd = openat(folder_fd, "journal", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_HOLDS(fd >= 0 && write(fd, octets.p, octets.n) == (ssize_t)octets.n && close(fd) == 0);
}

static struct journal *open_journal(struct ledger *l, enum journal_mode mode, bool torn)
{
    struct journal *j = NULL;
    struct buf warnings = BUF_INIT(FUZZ_BUF_MAX);
    struct err e = ERR_INIT;
    FUZZ_HOLDS(journal_open(&j, folder_fd, folder, mode, l, &warnings, &e) == 0);
    FUZZ_HOLDS((warnings.n > 0) == torn);
    buf_free(&warnings);
    return j;
}

static struct ledger *ledger_of(const struct book *b, size_t groups)
{
    struct ledger *l = ledger_new();
    struct err e = ERR_INIT;
    for (size_t i = 0; i < b->n && b->group_of[i] < groups; i++)
        FUZZ_HOLDS(ledger_apply(l, &b->record[i], false, &e) == 0);
    return l;
}

/* Read, opened for writing, extended, compacted, read again: nothing comes and nothing goes. */
static void file_goes_on(const struct book *b, struct sv torn, size_t whole, int64_t archive_before)
{
    struct ledger *want = ledger_of(b, whole), *read = ledger_new(), *written = ledger_new(),
                  *last = ledger_new();
    struct record quit = {.kind = REC_QUIT, .time = 1700000001};
    struct err e = ERR_INIT;
    bool tail = torn.n > b->end[whole], done = false;
    put_file(torn);
    journal_close(open_journal(read, JOURNAL_READ, tail));
    FUZZ_HOLDS(records_same_ledger(want, read));
    struct journal *j = open_journal(written, JOURNAL_WRITE, tail);
    FUZZ_HOLDS(records_same_ledger(want, written));
    FUZZ_HOLDS(journal_add(j, &quit, &e) == 0 && journal_commit(j, true, &e) == 0);
    FUZZ_HOLDS(ledger_apply(want, &quit, false, &e) == 0);
    if ((whole & 1) != 0)
        FUZZ_HOLDS(journal_compact(j, 1800000000, archive_before, true, &done, &e) == 0 && done);
    journal_close(j);
    journal_close(open_journal(last, JOURNAL_WRITE, false));
    if (!done)
        FUZZ_HOLDS(records_same_ledger(want, last));
    else
        FUZZ_HOLDS(ledger_count_state(want, LEDGER_STORED) ==
                       ledger_count_state(last, LEDGER_STORED) &&
                   ledger_count_state(want, LEDGER_GONE) == ledger_count_state(last, LEDGER_GONE));
    ledger_free(want);
    ledger_free(read);
    ledger_free(written);
    ledger_free(last);
}

/* ---- compaction ---- */

static bool same_entry(const struct ledger_entry *a, const struct ledger_entry *b)
{
    return a->state == b->state && a->size == b->size && a->wire_octets == b->wire_octets &&
           a->file_octets == b->file_octets &&
           sv_eq(sv_make(a->uidl, a->uidl_n), sv_make(b->uidl, b->uidl_n)) &&
           (a->uidl == NULL) == (b->uidl == NULL) && strcmp(a->name, b->name) == 0 &&
           memcmp(a->wire_sha, b->wire_sha, HASH_OCTETS) == 0 &&
           memcmp(a->file_sha, b->file_sha, HASH_OCTETS) == 0 && a->gone_at == b->gone_at &&
           a->stored_at == b->stored_at && a->asked_at == b->asked_at && a->quits == b->quits;
}

/* What a message is to take the place of may have been replaced by another meanwhile. */
static bool same_place(const struct ledger *l, const struct ledger_entry *a,
                       const struct ledger_entry *b)
{
    uint32_t k = ledger_index_of(l, a->replaces);
    return a->replaces == b->replaces ||
           (b->replaces == 0 && k != LEDGER_NONE && ledger_entry(l, k)->state == LEDGER_REPLACED);
}

static int see_archived(void *ctx, const struct record *r, struct err *e)
{
    return ledger_apply(ctx, r, true, e);
}

static void apply_text(struct ledger *l, const struct group *g,
                       int (*each)(void *, const struct record *, struct err *), void *ctx)
{
    struct err e = ERR_INIT;
    size_t good;
    (void)l;
    FUZZ_HOLDS(record_scan(buf_sv(&g->text), each, ctx, &good, &e) == 0);
    FUZZ_HOLDS(good == g->text.n);
}

/* The next line that says something: no end of a group, and not that the boot is unknown, which is
 * said as long as there were boots before. */
static struct sv next_line(struct sv *text)
{
    struct sv line = sv_token(text, '\n');
    while (sv_starts(line, SV("E ")) || sv_starts(line, SV("B 1800000000 - ")))
        line = sv_token(text, '\n');
    return line;
}

static void same_journal(struct sv a, struct sv b)
{
    while (a.n > 0 || b.n > 0) {
        struct sv x = next_line(&a), y = next_line(&b);
        FUZZ_HOLDS(sv_eq(x, y));
    }
}

static void compaction_loses_nothing(const struct ledger *l, int64_t archive_before)
{
    struct records_text first, second;
    struct ledger *again = ledger_new();
    struct seen s = {.l = again};
    records_snapshot(&first, l, archive_before);
    group_init(&s.lines);
    apply_text(again, &first.archive, see_archived, again);
    apply_text(again, &first.journal, see, &s);
    group_free(&s.lines);
    for (uint32_t i = 0; i < ledger_count(l); i++) {
        const struct ledger_entry *en = ledger_entry(l, i);
        if (en->state == LEDGER_VOID || en->state == LEDGER_REPLACED)
            continue;
        uint32_t k = ledger_index_of(again, en->id);
        FUZZ_HOLDS(k != LEDGER_NONE && same_entry(en, ledger_entry(again, k)) &&
                   same_place(l, en, ledger_entry(again, k)));
    }
    FUZZ_HOLDS(ledger_next_id(l) == ledger_next_id(again));
    FUZZ_HOLDS(ledger_newest(l) == ledger_newest(again));
    FUZZ_HOLDS(ledger_clock_trusted(l) == ledger_clock_trusted(again));
    FUZZ_HOLDS(ledger_old_before(l) == ledger_old_before(again));
    records_snapshot(&second, again, archive_before);
    same_journal(buf_sv(&first.journal.text), buf_sv(&second.journal.text));
    FUZZ_HOLDS(second.archive.text.n == 0);
    records_text_free(&first);
    records_text_free(&second);
    ledger_free(again);
}

/* ---- damage ---- */

/* What is handed out is the beginning of what was written; damage before a whole group is said. */
static void damage_is_seen(const struct book *b, size_t at, unsigned flip, size_t octets)
{
    struct seen s = {.l = NULL};
    struct err e = ERR_INIT;
    size_t good;
    if (b->groups < 2 || flip == 0)
        return;
    size_t last = b->end[b->groups - 1]; /* where the last group begins, which stays whole */
    at %= last;
    group_init(&s.lines);
    char *copy = fuzz_copy(buf_sv(&b->text.text));
    copy[at] = (char)(copy[at] ^ (char)flip);
    for (size_t i = at + 1; i < at + octets && i + 1 < last; i++) /* a bad sector */
        copy[i] = 0;
    FUZZ_HOLDS(record_scan(sv_make(copy, b->text.text.n), see, &s, &good, &e) != 0);
    fuzz_error_is_good(&e);
    FUZZ_HOLDS(e.status == ST_DATA);
    size_t whole = groups_within(b, at);
    FUZZ_HOLDS(good == b->end[whole]);
    FUZZ_HOLDS(sv_eq(buf_sv(&s.lines.text), sv_make(b->lines.text.p, b->lines_end[whole])));
    free(copy);
    group_free(&s.lines);
}

/* Anything but the end of a group: the fuzzer finds out how one looks, the disk does not. */
static void add_garbage(struct buf *torn, struct sv garbage)
{
    struct sv text = buf_sv(torn);
    size_t n = text.n;
    while (n > 0 && text.p[n - 1] != '\n')
        n--;
    if (garbage.n > 0 && n < text.n && text.p[n] == 'E')
        buf_add_char(torn, 'x');
    for (size_t i = 0; i < garbage.n; i++)
        buf_add_char(torn, garbage.p[i] == 'E' ? 'x' : garbage.p[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    struct book *b = mem_zalloc(1, sizeof *b);
    struct ledger *l = ledger_new();
    struct buf torn = BUF_INIT(FUZZ_BUF_MAX);
    size_t cut = (size_t)fuzz_number(&f, 2), at = (size_t)fuzz_number(&f, 2);
    unsigned flip = fuzz_octet(&f);
    int64_t archive_before = 1700000000 + (int64_t)(int16_t)fuzz_number(&f, 2) * 4096;
    bool keep_all = fuzz_octet(&f) % 4 == 0;
    struct sv garbage = fuzz_octets(&f, fuzz_octet(&f));
    make_folder();
    make_book(b, l, &f);
    size_t length = keep_all ? b->text.text.n : cut % (b->text.text.n + 1);
    buf_add(&torn, b->text.text.p != NULL ? b->text.text.p : "", length);
    add_garbage(&torn, garbage);
    size_t whole = groups_within(b, length);
    scan_torn(b, buf_sv(&torn), whole);
    damage_is_seen(b, at, flip, flip & 1 ? (size_t)flip * 4 : 1);
    compaction_loses_nothing(l, archive_before);
    file_goes_on(b, buf_sv(&torn), whole, archive_before);
    buf_free(&torn);
    ledger_free(l);
    group_free(&b->text);
    group_free(&b->lines);
    free(b);
    return 0;
}
