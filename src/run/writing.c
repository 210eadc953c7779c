/* SPDX-License-Identifier: ISC */
/* The writing thread: parcels out of the queue into files in tmp/, files into batches. */
#include "popkeep/run/fetch_inside.h"

#include "popkeep/base/lineend.h"
#include "popkeep/base/mem.h"
#include "popkeep/sys/clock.h"

enum {
    BATCH_OCTETS = 32 * 1024 * 1024,
    BATCH_MS = 5000, /* what came is durable a few seconds later, even on a slow line */
    /* a batch that is no smaller than what is still to come is worth its syncs from here on */
    WORTH_FILES = (FETCH_BATCH_FILES + 7) / 8,
    WORTH_OCTETS = BATCH_OCTETS / 8
};

struct writing {
    struct fetch *f;
    struct maildir_file big; /* the large message under way */
    bool big_open;
    uint64_t taken, taken_octets; /* messages, whole */
};

/* ---- is it stored already? ---- */

/* Is there a file of this record? QUIT may delete the message (EXPIRE 0): then it must be as it was
 * stored, and, where renames are no single step on the disk, as safe as one before a DELE. */
static enum finder_result look_at(struct fetch *f, const struct ledger_entry *en, struct err *e)
{
    if (!f->job.quit_deletes)
        return finder_look(f->job.finder, en->name, en->file_octets, e);
    return (maildir_uses_syncfs(f->job.maildir) ? finder_check : finder_check_and_sync)(
        f->job.finder, en->name, en->file_octets, en->file_sha, e);
}

/* What these octets are to us; `m` gets same, lost and unfiled. Records are claimed at once, so
 * that no second message of the same octets can stand for them. */
static int identify(struct fetch *f, const struct parcel *p, struct batch_message *m, struct err *e)
{
    const struct ledger *l = f->job.book->ledger;
    const struct plan_item *it = &f->job.plan->items[p->item];

    m->same = plan_match(f->job.plan, l, p->item, p->wire_sha, p->wire_octets);
    m->lost = m->unfiled = LEDGER_NONE;
    if (it->why == PLAN_MISSING && it->entry != LEDGER_NONE) {
        m->unfiled = it->entry;
        if (memcmp(ledger_entry(l, it->entry)->wire_sha, p->wire_sha, HASH_OCTETS) == 0)
            m->lost = it->entry;
    }
    if (m->same != LEDGER_NONE && f->job.finder != NULL) {
        enum finder_result found = look_at(f, ledger_entry(l, m->same), e);

        if (found == FINDER_CHANGED && f->job.quit_deletes)
            found = FINDER_MISSING;
        switch (found) {
        case FINDER_ERROR:
            return -1;
        case FINDER_MISSING:
            if (m->lost == LEDGER_NONE)
                plan_settle(f->job.plan, p->item, m->lost = m->same);
            m->same = LEDGER_NONE;
            break;
        case FINDER_OK:
        case FINDER_CHANGED:
        default:
            break;
        }
    }
    if (m->same != LEDGER_NONE)
        plan_settle(f->job.plan, p->item, m->same);
    return 0;
}

static int identify_locked(struct fetch *f, const struct parcel *p, struct batch_message *m,
                           struct err *e)
{
    int rc;

    pthread_mutex_lock(&f->ledger_lock);
    rc = identify(f, p, m, e);
    pthread_mutex_unlock(&f->ledger_lock);
    return rc;
}

/* ---- one message ---- */

static void join(struct writing *w, const struct parcel *p, struct batch_message *m,
                 struct maildir_file *file)
{
    struct batch *b = w->f->filling;

    if (b->n == 0)
        b->since_ms = clock_mono_ms();
    m->item = p->item;
    m->wire_octets = p->wire_octets;
    memcpy(m->wire_sha, p->wire_sha, sizeof m->wire_sha);
    memcpy(m->file_sha, p->file_sha, sizeof m->file_sha);
    m->file = BATCH_NO_FILE;
    if (file != NULL) {
        m->file = b->n_files;
        b->files[b->n_files++] = *file;
        b->octets += file->octets;
    }
    b->v[b->n++] = *m;
    w->taken++;
    w->taken_octets += p->wire_octets;
}

/* The file is written: give it its name and date. */
static int finish(struct writing *w, const struct parcel *p, struct batch_message *m,
                  struct maildir_file *file, struct err *e)
{
    struct maildir *md = w->f->job.maildir;

    if (maildir_file_finish(md, file, p->crlf_octets, p->mtime_s, e) < 0) {
        maildir_file_discard(md, file);
        return -1;
    }
    join(w, p, m, file);
    return 0;
}

static int open_file(struct fetch *f, struct maildir_file *file, struct err *e)
{
    if (maildir_batch_begin(f->job.maildir, e) < 0)
        return -1;
    return maildir_file_begin(f->job.maildir, file, clock_wall_us(), e);
}

static int take_message(struct writing *w, struct parcel *p, struct err *e)
{
    struct maildir *md = w->f->job.maildir;
    struct maildir_file file = {.fd = -1};
    struct batch_message m;

    if (identify_locked(w->f, p, &m, e) < 0)
        return -1;
    if (m.same != LEDGER_NONE) {
        join(w, p, &m, NULL);
        return 0;
    }
    if (open_file(w->f, &file, e) < 0)
        return -1;
    if (maildir_file_write(md, &file, buf_sv(&p->octets), e) < 0) {
        maildir_file_discard(md, &file);
        return -1;
    }
    return finish(w, p, &m, &file, e);
}

/* ---- one large message ---- */

static void drop_big(struct writing *w)
{
    if (w->big_open)
        maildir_file_discard(w->f->job.maildir, &w->big);
    w->big_open = false;
}

static int begin_big(struct writing *w, struct err *e)
{
    drop_big(w); /* the one before was never proven whole */
    if (open_file(w->f, &w->big, e) < 0)
        return -1;
    w->big_open = true;
    return 0;
}

static int end_big(struct writing *w, struct parcel *p, struct err *e)
{
    struct batch_message m;

    if (identify_locked(w->f, p, &m, e) < 0)
        return -1;
    if (m.same != LEDGER_NONE) {
        drop_big(w);
        join(w, p, &m, NULL);
        return 0;
    }
    w->big_open = false;
    return finish(w, p, &m, &w->big, e);
}

/* What was written so far is the LF form of a clean prefix: write its wire form into another file.
 */
static int restore_wire_form(struct writing *w, struct err *e)
{
    struct maildir *md = w->f->job.maildir;
    struct maildir_file wire = {.fd = -1};
    struct buf out = BUF_INIT(2 * QUEUE_SMALL);
    char *piece = mem_alloc(QUEUE_SMALL);
    uint64_t off = 0;
    size_t got = 1;
    int rc = maildir_file_begin(md, &wire, clock_wall_us(), e);

    while (rc == 0 && got > 0) {
        rc = maildir_file_read(md, &w->big, off, piece, QUEUE_SMALL, &got, e);
        if (rc < 0 || got == 0)
            break;
        buf_clear(&out);
        (void)lineend_restore(&out, sv_make(piece, got)); /* at most twice as long */
        rc = maildir_file_write(md, &wire, buf_sv(&out), e);
        off += got;
    }
    buf_free(&out);
    free(piece);
    maildir_file_discard(md, rc < 0 ? &wire : &w->big);
    if (rc < 0)
        return -1;
    w->big = wire;
    return 0;
}

/* ---- parcels ---- */

static int take_parcel(struct writing *w, struct parcel *p, struct err *e)
{
    switch (p->kind) {
    case PARCEL_MESSAGE:
        return take_message(w, p, e);
    case PARCEL_BEGIN:
        return begin_big(w, e);
    case PARCEL_PIECE:
        return maildir_file_write(w->f->job.maildir, &w->big, buf_sv(&p->octets), e);
    case PARCEL_BROKEN:
        return restore_wire_form(w, e);
    case PARCEL_END:
        return end_big(w, p, e);
    case PARCEL_VOID:
        drop_big(w);
        return 0;
    case PARCEL_FLUSH:
        w->f->filling->flush = true;
        return 0;
    case PARCEL_STOP:
    default:
        return 0;
    }
}

/* Towards the end batches get smaller, so that little is left to write and to commit when the last
 * octet has come: 20,000 small messages took 1.78 s, 1.86 without it (make bench ONLY=20k ROUNDS=5,
 * 2026-11-22). */
static bool is_near_the_end(const struct writing *w)
{
    const struct batch *b = w->f->filling;
    const struct plan *plan = w->f->job.plan;

    return (b->n >= WORTH_FILES && b->n + w->taken >= plan->fetch_n) ||
           (b->octets >= WORTH_OCTETS && b->octets + w->taken_octets >= plan->fetch_octets);
}

static bool is_full(const struct writing *w)
{
    const struct batch *b = w->f->filling;

    return b->flush || b->n >= b->limit || b->octets >= BATCH_OCTETS || is_near_the_end(w) ||
           (b->n > 0 && clock_mono_ms() - b->since_ms >= BATCH_MS);
}

static int time_left(const struct batch *b)
{
    int64_t left;

    if (b->n == 0)
        return -1;
    left = b->since_ms + BATCH_MS - clock_mono_ms();
    return left > 0 ? (int)left : 0;
}

void *fetch_writer(void *fetch)
{
    struct writing w = {.f = fetch, .big = {.fd = -1}};
    struct err e = ERR_INIT;
    bool stop = false;
    int rc = 0;

    while (rc == 0 && !stop) {
        struct parcel *p = queue_pop(&w.f->queue, time_left(w.f->filling));

        if (p == NULL && queue_failed(&w.f->queue))
            rc = -1; /* the committing thread has given up: no parcel will come any more */
        if (p != NULL && take_parcel(&w, p, &e) < 0) {
            fetch_fail(w.f, &e);
            rc = -1;
        }
        stop = p != NULL && p->kind == PARCEL_STOP;
        parcel_free(p);
        /* what came whole is worth keeping, whatever stopped the rest */
        if (rc < 0 || stop || is_full(&w))
            if (fetch_hand_over(w.f) < 0)
                rc = -1;
    }
    drop_big(&w);
    return NULL;
}
