/* SPDX-License-Identifier: ISC */
/*
 * The committing thread, and the order of the syncs (see the header; why each is needed where it
 * stands is argued in popkeep-journal(5), RECOVERY). It works on one batch while the next one is
 * written: on a mailbox of many small messages the disk is as busy as the line.
 */
#include "popkeep/run/fetch_inside.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/sys/clock.h"

/*
 * 2,000 small files a batch: each batch costs three syncs and, behind them, a commit of the file
 * system's own journal. 20,000 messages took 66 syncs in all, and 1.12 times as long when each sync
 * was 10 ms slower (make bench ONLY=slowsync, 2026-11-22); on a fast disk 500 did about as well.
 */
enum {
    BATCH_FILES = FETCH_BATCH_FILES,
    BATCH_FILES_FSYNC =
        (BATCH_FILES + 19) / 20 /* each keeps a descriptor open until it is synced */
};

/* ---- what is told ---- */

static void tell_message(struct fetch *f, enum event_kind kind, const struct ledger_entry *en,
                         size_t item)
{
    const struct plan_message *m = &f->job.messages[item];
    char sha[HASH_HEX];
    struct event ev;

    if (!f->job.tell->each)
        return;
    event_init(&ev, kind, f->job.tell->account);
    ev.num[EN_NUMBER] = m->number;
    ev.str[ES_UIDL] = sv_make(m->uidl, m->uidl_n);
    ev.str[ES_FILE] = sv_of(en->name);
    if (kind == EVENT_STORED) {
        text_hex(sha, en->wire_sha, HASH_OCTETS);
        ev.num[EN_OCTETS] = (int64_t)en->file_octets;
        ev.str[ES_SHA256] = sv_of(sha);
    }
    tell_event(f->job.tell, &ev);
}

/* ---- records of a batch; all under the ledger's lock ---- */

static int add_intent(struct fetch *f, struct batch_message *bm, const struct maildir_file *file,
                      struct err *e)
{
    const struct plan_message *m = &f->job.messages[bm->item];
    const struct ledger *l = f->job.book->ledger;
    struct record r = {.kind = REC_INTENT,
                       .id = ledger_next_id(l),
                       .replaces = bm->lost == LEDGER_NONE ? 0 : ledger_entry(l, bm->lost)->id,
                       .uidl = m->uidl != NULL ? sv_make(m->uidl, m->uidl_n) : SV_NULL,
                       .size = m->size,
                       .wire_octets = bm->wire_octets,
                       .file_octets = file->octets,
                       .name = sv_of(file->name)};

    memcpy(r.wire_sha, bm->wire_sha, sizeof r.wire_sha);
    memcpy(r.file_sha, bm->file_sha, sizeof r.file_sha);
    bm->id = r.id;
    return book_add(f->job.book, &r, e);
}

static int add_intents(struct fetch *f, struct batch *b, struct err *e)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->v[i].file != BATCH_NO_FILE &&
            add_intent(f, &b->v[i], &b->files[b->v[i].file], e) < 0)
            return -1;
    return 0;
}

static int add_stored(struct fetch *f, struct batch *b, struct err *e)
{
    int64_t now = clock_wall_s(); /* age counts from here: the batch is durable */

    for (size_t i = 0; i < b->n; i++) {
        uint32_t index;

        if (b->v[i].file == BATCH_NO_FILE)
            continue;
        index = ledger_index_of(f->job.book->ledger, b->v[i].id);
        if (book_stored(f->job.book, index, now, e) < 0)
            return -1;
        plan_settle(f->job.plan, b->v[i].item, index);
        f->job.totals->fetched++;
        f->job.totals->fetched_octets += ledger_entry(f->job.book->ledger, index)->file_octets;
        tell_message(f, EVENT_STORED, ledger_entry(f->job.book->ledger, index), b->v[i].item);
    }
    return 0;
}

static int sizes_drift(struct fetch *f, struct err *e)
{
    if (!book_mark_is(f->job.book, "sizes-drift", "yes"))
        tell_text(f->job.tell, EVENT_WARNING,
                  "the server gave another size for a message that did not change; sizes are no "
                  "longer compared for this account");
    return book_mark(f->job.book, "sizes-drift", "yes", e);
}

/* The octets are already stored: give the record its new UIDL and size. */
static int add_match(struct fetch *f, const struct batch_message *bm, struct err *e)
{
    const struct plan_message *m = &f->job.messages[bm->item];
    const struct ledger_entry *en = ledger_entry(f->job.book->ledger, bm->same);
    struct sv uidl = sv_make(m->uidl, m->uidl_n);
    bool same_uidl =
        en->uidl != NULL && m->uidl != NULL && sv_eq(uidl, sv_make(en->uidl, en->uidl_n));
    bool keyed = m->uidl != NULL && m->size != RECORD_NO_SIZE;

    /* the same message under the same UIDL with another size: this server's sizes mean nothing */
    if (same_uidl && keyed && en->size != RECORD_NO_SIZE && en->size != m->size &&
        sizes_drift(f, e) < 0)
        return -1;
    if (keyed && (!same_uidl || en->size != m->size || en->state != LEDGER_STORED) &&
        book_rekey(f->job.book, bm->same, uidl, m->size, e) < 0)
        return -1;
    /* this UIDL is the other record's now: the one without a file must not stand for it any more */
    if (bm->unfiled != LEDGER_NONE &&
        ledger_entry(f->job.book->ledger, bm->unfiled)->state != LEDGER_REPLACED &&
        book_rekey(f->job.book, bm->unfiled, SV_NULL, RECORD_NO_SIZE, e) < 0)
        return -1;
    f->job.totals->matched++;
    tell_message(f, EVENT_MATCHED, ledger_entry(f->job.book->ledger, bm->same), bm->item);
    return 0;
}

static int add_matches(struct fetch *f, struct batch *b, struct err *e)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->v[i].file == BATCH_NO_FILE && add_match(f, &b->v[i], e) < 0)
            return -1;
    return 0;
}

static int locked(struct fetch *f, int (*add)(struct fetch *, struct batch *, struct err *),
                  struct batch *b, struct err *e)
{
    int rc;

    pthread_mutex_lock(&f->ledger_lock);
    rc = add(f, b, e);
    pthread_mutex_unlock(&f->ledger_lock);
    return rc;
}

/* ---- the order of the syncs ---- */

static void clear_batch(struct batch *b)
{
    b->n = b->n_files = 0;
    b->octets = 0;
    b->flush = false;
}

/* Whole files in tmp/ and their intents, both on the disk. A failed sync is final: the batch is
 * dropped. */
static int secure_files(struct fetch *f, struct batch *b, struct err *e)
{
    if (maildir_batch_sync(f->job.maildir, b->files, b->n_files, e) == 0 &&
        locked(f, add_intents, b, e) == 0 && book_commit(f->job.book, e) == 0)
        return 0;
    for (size_t i = 0; i < b->n_files; i++)
        maildir_file_discard(f->job.maildir, &b->files[i]);
    return -1;
}

/* From the first name on nothing is removed any more: what fails here is recovery's to decide. */
static int publish_files(struct fetch *f, struct batch *b, struct err *e)
{
    for (size_t i = 0; i < b->n_files; i++)
        if (maildir_publish(f->job.maildir, b->files[i].name, e) < 0)
            return -1;
    return maildir_sync_new(f->job.maildir, e);
}

static int commit_batch(struct fetch *f, struct batch *b, struct err *e)
{
    if (b->n_files > 0 && (secure_files(f, b, e) < 0 || publish_files(f, b, e) < 0 ||
                           locked(f, add_stored, b, e) < 0))
        return -1;
    if (locked(f, add_matches, b, e) < 0)
        return -1;
    return b->flush ? book_commit(f->job.book, e) : 0;
}

/* ---- the two threads ---- */

void fetch_fail(struct fetch *f, const struct err *e)
{
    pthread_mutex_lock(&f->hand_lock);
    if (!f->failed)
        f->error = *e;
    f->failed = true;
    pthread_cond_broadcast(&f->handed);
    pthread_mutex_unlock(&f->hand_lock);
    queue_fail(&f->queue);
}

int fetch_hand_over(struct fetch *f)
{
    int rc = 0;

    pthread_mutex_lock(&f->hand_lock);
    while (f->full != NULL)
        pthread_cond_wait(&f->handed, &f->hand_lock);
    if (f->filling->n > 0 || f->filling->flush) {
        f->full = f->filling;
        f->filling = f->full == &f->batches[0] ? &f->batches[1] : &f->batches[0];
        pthread_cond_broadcast(&f->handed);
    }
    rc = f->failed ? -1 : 0;
    pthread_mutex_unlock(&f->hand_lock);
    return rc;
}

/* The next batch to commit, null when there will be none. */
static struct batch *await_batch(struct fetch *f)
{
    struct batch *b;

    pthread_mutex_lock(&f->hand_lock);
    while (f->full == NULL && !f->no_more)
        pthread_cond_wait(&f->handed, &f->hand_lock);
    b = f->full;
    pthread_mutex_unlock(&f->hand_lock);
    return b;
}

static void give_back(struct fetch *f, struct batch *b)
{
    bool flush = b->flush;

    clear_batch(b);
    pthread_mutex_lock(&f->hand_lock);
    f->full = NULL;
    pthread_cond_broadcast(&f->handed);
    pthread_mutex_unlock(&f->hand_lock);
    if (flush)
        queue_flushed(&f->queue);
}

/* After a failed commit of its own this thread touches nothing more: files of later batches are
 * removed from tmp/ only. */
static void *fetch_committer(void *fetch)
{
    struct fetch *f = fetch;
    struct err e = ERR_INIT;
    struct batch *b;
    int rc = 0;

    while ((b = await_batch(f)) != NULL) {
        if (rc == 0)
            rc = commit_batch(f, b, &e);
        else
            for (size_t i = 0; i < b->n_files; i++)
                maildir_file_discard(f->job.maildir, &b->files[i]);
        if (rc < 0) {
            fetch_fail(f, &e);
            b->flush = false;
        }
        give_back(f, b);
    }
    if (rc == 0 && book_commit(f->job.book, &e) < 0)
        fetch_fail(f, &e);
    return NULL;
}

/* ---- beginning and end ---- */

static void fetch_free(struct fetch *f)
{
    queue_end(&f->queue);
    for (size_t i = 0; i < 2; i++) {
        free(f->batches[i].v);
        free(f->batches[i].files);
    }
    pthread_cond_destroy(&f->handed);
    pthread_mutex_destroy(&f->hand_lock);
    pthread_mutex_destroy(&f->ledger_lock);
    free(f);
}

static void no_more(struct fetch *f)
{
    pthread_mutex_lock(&f->hand_lock);
    f->no_more = true;
    pthread_cond_broadcast(&f->handed);
    pthread_mutex_unlock(&f->hand_lock);
}

int fetch_start(struct fetch **out, const struct fetch_job *job, struct err *e)
{
    struct fetch *f = mem_zalloc(1, sizeof *f);
    int rc;

    f->job = *job;
    for (size_t i = 0; i < 2; i++) {
        struct batch *b = &f->batches[i];
        b->limit = maildir_uses_syncfs(job->maildir) ? BATCH_FILES : BATCH_FILES_FSYNC;
        b->v = mem_zalloc(b->limit, sizeof *b->v);
        b->files = mem_zalloc(b->limit, sizeof *b->files);
    }
    f->filling = &f->batches[0];
    queue_init(&f->queue);
    pthread_mutex_init(&f->ledger_lock, NULL);
    pthread_mutex_init(&f->hand_lock, NULL);
    pthread_cond_init(&f->handed, NULL);
    rc = pthread_create(&f->committer, NULL, fetch_committer, f);
    if (rc == 0) {
        rc = pthread_create(&f->writer, NULL, fetch_writer, f);
        if (rc != 0) {
            no_more(f);
            pthread_join(f->committer, NULL);
        }
    }
    if (rc != 0) {
        fetch_free(f);
        return err_sys(e, ST_SOFTWARE, rc, "cannot start the storing threads");
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
    pthread_join(f->writer, NULL);
    no_more(f);
    pthread_join(f->committer, NULL);
    rc = f->failed ? -1 : 0;
    if (rc < 0)
        *e = f->error;
    fetch_free(f);
    return rc;
}
