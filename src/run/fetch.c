/* SPDX-License-Identifier: ISC */
/*
 * The storing thread. See the header for the order of the syncs; why each is needed where it stands
 * is argued in popkeep-journal(5), RECOVERY.
 */
#include "popkeep/run/fetch.h"

#include "popkeep/base/lineend.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/sys/clock.h"

#ifndef FETCH_BATCH_FILES /* the tests build with smaller ones */
#define FETCH_BATCH_FILES 500
#endif

enum {
    BATCH_FILES = FETCH_BATCH_FILES,
    BATCH_FILES_FSYNC = BATCH_FILES / 5, /* each keeps a descriptor open until it is synced */
    BATCH_OCTETS = 32 * 1024 * 1024,
    BATCH_MS = 5000 /* what came is durable a few seconds later, even on a slow line */
};

struct stored {
    size_t item;
    uint32_t id;
    uint32_t replaces;
    uint64_t wire_octets;
    unsigned char wire_sha[HASH_OCTETS], file_sha[HASH_OCTETS];
};

struct fetch {
    struct fetch_job job;
    struct queue queue;
    pthread_t thread;
    struct stored *batch;
    struct maildir_file *files; /* one for each of batch */
    size_t n, limit;
    uint64_t batch_octets;
    int64_t batch_since_ms;
    bool open;               /* maildir_batch_begin was called */
    struct maildir_file big; /* the large message under way */
    bool big_open;
    struct err error;
};

/* ---- one batch ---- */

static void discard_batch(struct fetch *f)
{
    for (size_t i = 0; i < f->n; i++)
        maildir_file_discard(f->job.maildir, &f->files[i]);
    f->n = 0;
    f->batch_octets = 0;
    f->open = false;
}

static int add_intents(struct fetch *f, struct err *e)
{
    for (size_t i = 0; i < f->n; i++) {
        struct stored *s = &f->batch[i];
        const struct plan_message *m = &f->job.messages[s->item];
        struct record r = {.kind = REC_INTENT,
                           .id = ledger_next_id(f->job.book->ledger),
                           .replaces = s->replaces,
                           .uidl = m->uidl != NULL ? sv_make(m->uidl, m->uidl_n) : SV_NULL,
                           .size = m->size,
                           .wire_octets = s->wire_octets,
                           .file_octets = f->files[i].octets,
                           .name = sv_of(f->files[i].name)};
        memcpy(r.wire_sha, s->wire_sha, sizeof r.wire_sha);
        memcpy(r.file_sha, s->file_sha, sizeof r.file_sha);
        s->id = r.id;
        if (book_add(f->job.book, &r, e) < 0)
            return -1;
    }
    return 0;
}

static void tell_stored(struct fetch *f, const struct ledger_entry *en, size_t item)
{
    char sha[HASH_HEX];
    struct event ev;

    if (!f->job.tell->each)
        return;
    event_init(&ev, EVENT_STORED, f->job.tell->account);
    text_hex(sha, en->wire_sha, HASH_OCTETS);
    ev.num[EN_NUMBER] = f->job.messages[item].number;
    ev.num[EN_OCTETS] = (int64_t)en->file_octets;
    ev.str[ES_UIDL] = sv_make(en->uidl, en->uidl_n);
    ev.str[ES_FILE] = sv_of(en->name);
    ev.str[ES_SHA256] = sv_of(sha);
    tell_event(f->job.tell, &ev);
}

static int add_stored(struct fetch *f, struct err *e)
{
    int64_t now = clock_wall_s(); /* age counts from here: the batch is durable */

    for (size_t i = 0; i < f->n; i++) {
        uint32_t index = ledger_index_of(f->job.book->ledger, f->batch[i].id);
        if (book_stored(f->job.book, index, now, e) < 0)
            return -1;
        plan_settle(f->job.plan, f->batch[i].item, index);
        f->job.totals->fetched++;
        f->job.totals->fetched_octets += ledger_entry(f->job.book->ledger, index)->file_octets;
        tell_stored(f, ledger_entry(f->job.book->ledger, index), f->batch[i].item);
    }
    return 0;
}

static int publish_batch(struct fetch *f, struct err *e)
{
    for (size_t i = 0; i < f->n; i++)
        if (maildir_publish(f->job.maildir, f->files[i].name, e) < 0)
            return -1;
    return maildir_sync_new(f->job.maildir, e) < 0 ? -1 : add_stored(f, e);
}

/* A failed sync is final: before names are in new/ the batch is dropped; after, nothing is removed
 * and recovery decides. */
static int commit_batch(struct fetch *f, struct err *e)
{
    int rc;

    if (f->n == 0)
        return 0;
    f->open = false;
    if (maildir_batch_sync(f->job.maildir, f->files, f->n, e) < 0 || add_intents(f, e) < 0 ||
        book_commit(f->job.book, e) < 0) {
        discard_batch(f);
        return -1;
    }
    rc = publish_batch(f, e);
    f->n = 0;
    f->batch_octets = 0;
    return rc;
}

/* ---- one message ---- */

static int open_file(struct fetch *f, struct maildir_file *file, struct err *e)
{
    if (!f->open) {
        if (maildir_batch_begin(f->job.maildir, e) < 0)
            return -1;
        f->open = true;
        f->batch_since_ms = clock_mono_ms();
    }
    return maildir_file_begin(f->job.maildir, file, clock_wall_us(), e);
}

static void tell_matched(struct fetch *f, const struct ledger_entry *en, size_t item)
{
    struct event ev;

    if (!f->job.tell->each)
        return;
    event_init(&ev, EVENT_MATCHED, f->job.tell->account);
    ev.num[EN_NUMBER] = f->job.messages[item].number;
    ev.str[ES_UIDL] = sv_make(f->job.messages[item].uidl, f->job.messages[item].uidl_n);
    ev.str[ES_FILE] = sv_of(en->name);
    tell_event(f->job.tell, &ev);
}

/* The octets are already stored: give the record its new UIDL and size. */
static int match(struct fetch *f, size_t item, uint32_t index, struct err *e)
{
    const struct plan_message *m = &f->job.messages[item];
    const struct ledger_entry *en = ledger_entry(f->job.book->ledger, index);
    struct sv uidl = sv_make(m->uidl, m->uidl_n);
    bool same_uidl =
        en->uidl != NULL && m->uidl != NULL && sv_eq(uidl, sv_make(en->uidl, en->uidl_n));
    bool keyed = m->uidl != NULL && m->size != RECORD_NO_SIZE;

    /* the same message under the same UIDL with another size: this server's sizes mean nothing */
    if (same_uidl && keyed && en->size != RECORD_NO_SIZE && en->size != m->size) {
        if (!book_mark_is(f->job.book, "sizes-drift", "yes"))
            tell_text(f->job.tell, EVENT_WARNING,
                      "the server gave another size for a message that did not change; sizes are "
                      "no longer compared for this account");
        if (book_mark(f->job.book, "sizes-drift", "yes", e) < 0)
            return -1;
    }
    if (keyed && (!same_uidl || en->size != m->size || en->state != LEDGER_STORED) &&
        book_rekey(f->job.book, index, uidl, m->size, e) < 0)
        return -1;
    /* this UIDL is the other record's now: the one without a file must not stand for it any more */
    if (f->job.plan->items[item].why == PLAN_MISSING &&
        book_rekey(f->job.book, f->job.plan->items[item].entry, SV_NULL, RECORD_NO_SIZE, e) < 0)
        return -1;
    plan_settle(f->job.plan, item, index);
    f->job.totals->matched++;
    tell_matched(f, ledger_entry(f->job.book->ledger, index), item);
    return 0;
}

/* The entry whose lost file this message stands in for (fetch --missing), LEDGER_NONE if none. */
static uint32_t own_lost(const struct fetch *f, const struct parcel *p)
{
    const struct plan_item *it = &f->job.plan->items[p->item];
    const struct ledger_entry *en;

    if (it->why != PLAN_MISSING || it->entry == LEDGER_NONE)
        return LEDGER_NONE;
    en = ledger_entry(f->job.book->ledger, it->entry);
    return memcmp(en->wire_sha, p->wire_sha, HASH_OCTETS) == 0 ? it->entry : LEDGER_NONE;
}

/* What these octets are to us: *same, the record they are stored under; or *lost, the record whose
 * file they replace; or neither: new. */
static int identify(struct fetch *f, const struct parcel *p, uint32_t *same, uint32_t *lost,
                    struct err *e)
{
    const struct ledger *l = f->job.book->ledger;
    const struct ledger_entry *en;

    *same = plan_match(f->job.plan, l, p->item, p->wire_sha, p->wire_octets);
    *lost = own_lost(f, p);
    if (*same == LEDGER_NONE || f->job.finder == NULL)
        return 0;
    en = ledger_entry(l, *same);
    switch (finder_look(f->job.finder, en->name, en->file_octets, e)) {
    case FINDER_ERROR:
        return -1;
    case FINDER_MISSING:
        if (*lost == LEDGER_NONE) {
            *lost = *same;
            plan_settle(f->job.plan, p->item, *same); /* no second message may replace it */
        }
        *same = LEDGER_NONE;
        return 0;
    case FINDER_OK:
    case FINDER_CHANGED:
    default:
        return 0;
    }
}

/* Its file is complete in tmp/: join the batch. */
static int join_batch(struct fetch *f, const struct parcel *p, uint32_t lost,
                      struct maildir_file *file, struct err *e)
{
    struct stored *s = &f->batch[f->n];

    if (maildir_file_finish(f->job.maildir, file, p->crlf_octets, p->mtime_s, e) < 0) {
        maildir_file_discard(f->job.maildir, file);
        return -1;
    }
    *s = (struct stored){.item = p->item, .wire_octets = p->wire_octets};
    if (lost != LEDGER_NONE)
        s->replaces = ledger_entry(f->job.book->ledger, lost)->id;
    memcpy(s->wire_sha, p->wire_sha, sizeof s->wire_sha);
    memcpy(s->file_sha, p->file_sha, sizeof s->file_sha);
    f->files[f->n++] = *file;
    f->batch_octets += file->octets;
    return 0;
}

static int take_message(struct fetch *f, struct parcel *p, struct err *e)
{
    struct maildir_file file = {.fd = -1};
    uint32_t same, lost;

    if (identify(f, p, &same, &lost, e) < 0)
        return -1;
    if (same != LEDGER_NONE)
        return match(f, p->item, same, e);
    if (open_file(f, &file, e) < 0)
        return -1;
    if (maildir_file_write(f->job.maildir, &file, buf_sv(&p->octets), e) < 0) {
        maildir_file_discard(f->job.maildir, &file);
        return -1;
    }
    return join_batch(f, p, lost, &file, e);
}

static int take_end(struct fetch *f, struct parcel *p, struct err *e)
{
    uint32_t same, lost;

    if (identify(f, p, &same, &lost, e) < 0)
        return -1; /* the file is discarded with the rest */
    f->big_open = false;
    if (same == LEDGER_NONE)
        return join_batch(f, p, lost, &f->big, e);
    maildir_file_discard(f->job.maildir, &f->big);
    return match(f, p->item, same, e);
}

/* What was written so far is the LF form of a clean prefix: write its wire form into another file.
 */
static int restore_wire_form(struct fetch *f, struct err *e)
{
    struct maildir_file wire = {.fd = -1};
    struct buf out = BUF_INIT(2 * QUEUE_SMALL);
    char *piece = mem_alloc(QUEUE_SMALL);
    uint64_t off = 0;
    size_t got = 1;
    int rc = maildir_file_begin(f->job.maildir, &wire, clock_wall_us(), e);

    while (rc == 0 && got > 0) {
        rc = maildir_file_read(f->job.maildir, &f->big, off, piece, QUEUE_SMALL, &got, e);
        if (rc < 0 || got == 0)
            break;
        buf_clear(&out);
        (void)lineend_restore(&out, sv_make(piece, got)); /* at most twice as long */
        rc = maildir_file_write(f->job.maildir, &wire, buf_sv(&out), e);
        off += got;
    }
    buf_free(&out);
    free(piece);
    if (rc < 0) {
        maildir_file_discard(f->job.maildir, &wire);
        return -1;
    }
    maildir_file_discard(f->job.maildir, &f->big);
    f->big = wire;
    return 0;
}

static int take_parcel(struct fetch *f, struct parcel *p, struct err *e)
{
    switch (p->kind) {
    case PARCEL_MESSAGE:
        return take_message(f, p, e);
    case PARCEL_BEGIN:
        if (f->big_open) /* the one before was never proven whole */
            maildir_file_discard(f->job.maildir, &f->big);
        f->big_open = false;
        if (open_file(f, &f->big, e) < 0)
            return -1;
        f->big_open = true;
        return 0;
    case PARCEL_PIECE:
        return maildir_file_write(f->job.maildir, &f->big, buf_sv(&p->octets), e);
    case PARCEL_BROKEN:
        return restore_wire_form(f, e);
    case PARCEL_END:
        return take_end(f, p, e);
    case PARCEL_VOID:
        if (f->big_open)
            maildir_file_discard(f->job.maildir, &f->big);
        f->big_open = false;
        return 0;
    case PARCEL_FLUSH:
        if (commit_batch(f, e) < 0 || book_commit(f->job.book, e) < 0)
            return -1;
        queue_flushed(&f->queue);
        return 0;
    case PARCEL_STOP:
    default:
        return 0;
    }
}

/* ---- the thread ---- */

static bool batch_full(const struct fetch *f)
{
    return f->n >= f->limit || f->batch_octets >= BATCH_OCTETS ||
           (f->n > 0 && clock_mono_ms() - f->batch_since_ms >= BATCH_MS);
}

static int time_left(const struct fetch *f)
{
    int64_t left;

    if (f->n == 0)
        return -1;
    left = f->batch_since_ms + BATCH_MS - clock_mono_ms();
    return left > 0 ? (int)left : 0;
}

/* The messages that are whole are worth keeping whatever stopped the others; a second failure
 * changes nothing. */
static void give_up(struct fetch *f)
{
    struct err second = ERR_INIT;

    if (f->big_open)
        maildir_file_discard(f->job.maildir, &f->big);
    f->big_open = false;
    if (f->error.status != ST_OK && commit_batch(f, &second) == 0)
        (void)book_commit(f->job.book, &second);
    queue_fail(&f->queue);
}

static void *fetch_thread(void *arg)
{
    struct fetch *f = arg;
    bool stop = false;

    while (!stop) {
        struct parcel *p = queue_pop(&f->queue, time_left(f));
        int rc = p != NULL ? take_parcel(f, p, &f->error) : 0;

        stop = p != NULL && p->kind == PARCEL_STOP;
        parcel_free(p);
        if (rc == 0 && (stop || batch_full(f)))
            rc = commit_batch(f, &f->error);
        if (rc == 0 && stop)
            rc = book_commit(f->job.book, &f->error);
        if (rc < 0) {
            give_up(f);
            return NULL;
        }
    }
    if (f->big_open)
        maildir_file_discard(f->job.maildir, &f->big);
    return NULL;
}

int fetch_start(struct fetch **out, const struct fetch_job *job, struct err *e)
{
    struct fetch *f = mem_zalloc(1, sizeof *f);
    int rc;

    f->job = *job;
    f->limit = maildir_uses_syncfs(job->maildir) ? BATCH_FILES : BATCH_FILES_FSYNC;
    f->batch = mem_zalloc(f->limit, sizeof *f->batch);
    f->files = mem_zalloc(f->limit, sizeof *f->files);
    f->big.fd = -1;
    queue_init(&f->queue);
    rc = pthread_create(&f->thread, NULL, fetch_thread, f);
    if (rc != 0) {
        queue_end(&f->queue);
        free(f->batch);
        free(f->files);
        free(f);
        return err_sys(e, ST_SOFTWARE, rc, "cannot start the storing thread");
    }
    *out = f;
    return 0;
}

struct queue *fetch_queue(struct fetch *f)
{
    return &f->queue;
}

int fetch_end(struct fetch *f, struct err *e)
{
    struct parcel *stop = parcel_new(PARCEL_STOP, 0);
    int rc;

    do {
        rc = queue_push(&f->queue, stop, 1000);
    } while (rc == 0);
    if (rc < 0)
        parcel_free(stop);
    pthread_join(f->thread, NULL);
    rc = f->error.status == ST_OK ? 0 : -1;
    if (rc < 0)
        *e = f->error;
    queue_end(&f->queue);
    free(f->batch);
    free(f->files);
    free(f);
    return rc;
}
