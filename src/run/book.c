/* SPDX-License-Identifier: ISC */
/* The account's state folder, lock, ledger and journal, opened and closed together. */
#include "popkeep/run/book.h"

#include "popkeep/base/mem.h"
#include "popkeep/run/brief.h"
#include "popkeep/store/cache.h"
#include "popkeep/store/folder.h"
#include "popkeep/store/lock.h"
#include "popkeep/sys/clock.h"

#include <unistd.h>

static void tell_warnings(struct tell *t, const struct buf *warnings)
{
    struct sv rest = buf_sv(warnings);

    while (rest.n > 0) {
        struct sv line = sv_token(&rest, '\n');
        if (line.n > 0)
            tell_text(t, EVENT_WARNING, "%.*s", SV_ARG(line));
    }
}

int book_folder(const char *state_root, const char *account, const char *dir, struct err *e)
{
    int root = folder_make(state_root, e), fd;

    if (root < 0)
        return -1;
    fd = folder_make_at(root, account, dir, e);
    close(root);
    return fd;
}

static int open_folder(struct book *b, const char *state_root, const char *account, bool write,
                       struct err *e)
{
    bool missing = false;

    b->dir_fd = write ? book_folder(state_root, account, b->dir, e)
                      : folder_open(b->dir, true, &missing, e);
    if (b->dir_fd < 0 && !missing)
        return -1;
    err_clear(e);
    return 0;
}

int book_open(struct book *b, const char *state_root, const char *account, bool write,
              struct tell *t, struct err *e)
{
    struct buf warnings = BUF_INIT(65536);
    int rc = -1;

    *b = (struct book){.dir_fd = -1, .lock_fd = -1};
    b->dir = mem_printf("%s/%s", state_root, account);
    b->ledger = ledger_new();
    clock_boot_id(b->boot_id);
    if (open_folder(b, state_root, account, write, e) < 0)
        goto out;
    if (write) {
        b->lock_fd = lock_take(b->dir_fd, "lock", b->dir, e);
        if (b->lock_fd < 0)
            goto out;
    }
    if (b->dir_fd >= 0 &&
        journal_open(&b->journal, b->dir_fd, b->dir, write ? JOURNAL_WRITE : JOURNAL_READ,
                     b->ledger, &warnings, e) < 0) {
        if (write) /* or status would go on telling what was well */
            cache_drop(b->dir_fd, BRIEF_FILE);
        goto out;
    }
    rc = 0;
out:
    tell_warnings(t, &warnings);
    buf_free(&warnings);
    return rc;
}

void book_close(struct book *b)
{
    journal_close(b->journal);
    ledger_free(b->ledger);
    if (b->lock_fd >= 0)
        close(b->lock_fd);
    if (b->dir_fd >= 0)
        close(b->dir_fd);
    free(b->dir);
    *b = (struct book){.dir_fd = -1, .lock_fd = -1};
}

/* A reader (dry run) goes through the same steps as a writer, in memory only. */
static int add(struct book *b, const struct record *r, struct err *e)
{
    if (b->lock_fd < 0)
        return ledger_apply(b->ledger, r, false, e);
    return journal_add(b->journal, r, e);
}

int book_add(struct book *b, struct record *r, struct err *e)
{
    r->time = clock_wall_s();
    if (!b->began && r->kind != REC_HEADER && r->kind != REC_RUN) {
        struct record begin = {.kind = REC_BOOT,
                               .time = r->time,
                               .boot_id = sv_of(b->boot_id),
                               .boot_s = clock_boot_s()};
        b->began = true;
        if (add(b, &begin, e) < 0)
            return -1;
    }
    return add(b, r, e);
}

int book_stored(struct book *b, uint32_t index, int64_t stored_at, struct err *e)
{
    const struct ledger_entry *en = ledger_entry(b->ledger, index);
    struct record r = {.kind = REC_STORED,
                       .id = en->id,
                       .stored_at = stored_at,
                       .quits = en->quits,
                       .asked_at = en->asked_at};

    return book_add(b, &r, e);
}

int book_simple(struct book *b, enum record_kind kind, uint32_t index, struct err *e)
{
    struct record r = {.kind = kind, .id = ledger_entry(b->ledger, index)->id};

    return book_add(b, &r, e);
}

int book_quit(struct book *b, struct err *e)
{
    struct record r = {.kind = REC_QUIT};

    return book_add(b, &r, e);
}

int book_rekey(struct book *b, uint32_t index, struct sv uidl, uint64_t size, struct err *e)
{
    struct record r = {
        .kind = REC_REKEY, .id = ledger_entry(b->ledger, index)->id, .uidl = uidl, .size = size};

    return book_add(b, &r, e);
}

bool book_mark_is(const struct book *b, const char *name, const char *value)
{
    return sv_eq_c(ledger_mark(b->ledger, name), value);
}

int book_mark(struct book *b, const char *name, const char *value, struct err *e)
{
    struct record r = {.kind = REC_MARK, .name = sv_of(name), .value = sv_of(value)};
    bool clears = sv_eq_c(r.value, "-");

    if (book_mark_is(b, name, value) || (clears && ledger_mark(b->ledger, name).p == NULL))
        return 0;
    return book_add(b, &r, e);
}

int book_commit(struct book *b, struct err *e)
{
    return b->lock_fd < 0 ? 0 : journal_commit(b->journal, true, e);
}
