/* SPDX-License-Identifier: ISC */
/* The deletions of one session. Which messages are due: ledger/retention.c and ledger/plan.c. */
#include "popkeep/run/expire.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/store/deletions.h"
#include "popkeep/sys/clock.h"

#ifndef EXPIRE_WINDOW /* the tests build with a smaller one */
#define EXPIRE_WINDOW 500
#endif

enum {
    WINDOW = EXPIRE_WINDOW, /* DELEs under one sync of the journal */
    WINDOW_MS = 3000        /* copies are read this long at a time, then the server hears from us */
};

static const struct ledger_entry *entry_of(const struct expire *x, size_t item)
{
    return ledger_entry(x->book->ledger, x->plan->items[item].entry);
}

/* ---- what is told ---- */

/* `server`: what it said, null if it is not its word. */
static void tell_item(const struct expire *x, enum event_kind kind, size_t item,
                      enum retention_why why, const char *server)
{
    const struct plan_message *m = &x->messages[item];
    struct retention_policy p = {.days = x->account->retention_days, .now = x->now};
    char text[128], span[24], sha[HASH_HEX];
    struct event ev;

    event_init(&ev, kind, x->tell->account);
    ev.num[EN_NUMBER] = m->number;
    ev.str[ES_UIDL] = sv_make(m->uidl, m->uidl_n);
    ev.str[ES_REASON] = sv_of(retention_word(why));
    ev.str[ES_SERVER] = sv_of(server);
    if (kind == EVENT_PLANNED)
        ev.str[ES_ACTION] = SV("delete");
    if (kind == EVENT_KEPT)
        ev.str[ES_TEXT] = sv_of(retention_text(why));
    if (kind == EVENT_PLANNED && !x->plan->items[item].settled)
        ev.str[ES_TEXT] = sv_of(tr("as soon as it is stored"));
    if (x->plan->items[item].settled) {
        ev.num[EN_STORED_AT] = entry_of(x, item)->stored_at;
        ev.num[EN_AGE] = x->now - entry_of(x, item)->stored_at;
        ev.num[EN_OCTETS] = (int64_t)entry_of(x, item)->file_octets;
        ev.str[ES_FILE] = sv_of(entry_of(x, item)->name);
        text_hex(sha, entry_of(x, item)->wire_sha, HASH_OCTETS);
        ev.str[ES_SHA256] = sv_of(sha);
        if (why == RETENTION_YOUNG) {
            snprintf(text, sizeof text, tr("due in %s"),
                     text_span(span, retention_left_s(entry_of(x, item), &p)));
            ev.str[ES_TEXT] = sv_of(text);
        }
    }
    tell_event(x->tell, &ev);
}

static void count_kept(struct expire *x, enum retention_why why)
{
    switch (why) {
    case RETENTION_HELD:
        x->totals->held++;
        x->totals->due++;
        break;
    case RETENTION_COPY_MISSING:
        x->totals->copy_missing++;
        x->totals->due++;
        break;
    case RETENTION_COPY_CHANGED:
        x->totals->copy_changed++;
        x->totals->due++;
        break;
    case RETENTION_LIMIT:
    case RETENTION_SERVER_KEEPS:
    case RETENTION_REFUSED:
        x->totals->due++;
        break;
    case RETENTION_DUE:
    case RETENTION_NEVER:
    case RETENTION_YOUNG:
    case RETENTION_NOT_STORED:
    case RETENTION_NO_UIDL:
    default:
        break;
    }
}

static void keep(struct expire *x, size_t item, enum retention_why why)
{
    count_kept(x, why);
    if (x->tell->each)
        tell_item(x, EVENT_KEPT, item, why, NULL);
}

/* ---- one window ---- */

/* 1: the copy is as recorded (or need not be); 0: it stays, told; -1 */
static int copy_is_good(struct expire *x, size_t item, struct err *e)
{
    const struct ledger_entry *en = entry_of(x, item);

    if (!x->account->delete_requires_copy)
        return 1;
    switch ((x->sync_copies ? finder_check_and_sync : finder_check)(
        x->finder, en->name, en->file_octets, en->file_sha, e)) {
    case FINDER_OK:
        return 1;
    case FINDER_MISSING:
        keep(x, item, RETENTION_COPY_MISSING);
        return 0;
    case FINDER_CHANGED:
        keep(x, item, RETENTION_COPY_CHANGED);
        return 0;
    case FINDER_ERROR:
    default:
        return -1;
    }
}

/* A message that has no good copy, or that the server refused to delete, uses nothing of max_delete
 * up: else a few of them, being the oldest, would keep all others from ever being deleted. */
static bool limit_reached(const struct expire *x, size_t wanted)
{
    return wanted >= x->account->max_delete;
}

/* Check copies of order[*next...] until a window is full or has lasted long enough; the good ones
 * go to `window`. */
static int fill_window(struct expire *x, const uint32_t *order, size_t n, size_t *next,
                       uint32_t *window, size_t *n_window, struct err *e)
{
    int64_t began = clock_mono_ms();

    *n_window = 0;
    while (*next < n && *n_window < WINDOW && clock_mono_ms() - began < WINDOW_MS &&
           !limit_reached(x, x->n_accepted + *n_window)) {
        uint32_t item = order[(*next)++];
        int good = copy_is_good(x, item, e);
        if (good < 0)
            return -1;
        if (good > 0)
            window[(*n_window)++] = item;
    }
    return 0;
}

static int journal_window(struct expire *x, const uint32_t *window, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (book_simple(x->book, REC_DELETE, x->plan->items[window[i]].entry, e) < 0)
            return -1;
    return n > 0 ? book_commit(x->book, e) : 0;
}

static int take_answer(struct expire *x, const struct session *s, const struct pop3_event *ev,
                       struct err *e)
{
    size_t item = (size_t)ev->tag;
    uint32_t entry = x->plan->items[item].entry;

    if (ev->ok) {
        x->accepted[x->n_accepted++] = (uint32_t)item;
        return 0;
    }
    count_kept(x, RETENTION_REFUSED);
    if (x->tell->each)
        tell_item(x, EVENT_KEPT, item, RETENTION_REFUSED, s->refusal);
    return book_stored(x->book, entry, entry_of(x, item)->stored_at, e);
}

/* DELE for the whole window: in one flight if the server takes that, else one by one. */
static int send_window(struct expire *x, struct session *s, const uint32_t *window, size_t n,
                       struct err *e)
{
    size_t sent = 0, answered = 0;
    struct pop3_event ev;

    while (answered < n) {
        while (sent < n && (s->pipelining || sent == answered)) {
            if (session_send(s, POP3_DELE, x->messages[window[sent]].number, SV_NULL, window[sent],
                             e) < 0)
                return -1;
            sent++;
        }
        if (session_next(s, -1, &ev, e) < 0)
            return -1;
        if (ev.kind != POP3_REPLY || ev.verb != POP3_DELE)
            continue;
        if (take_answer(x, s, &ev, e) < 0)
            return -1;
        answered++;
    }
    return 0;
}

static int delete_due(struct expire *x, struct session *s, const uint32_t *order, size_t n,
                      struct err *e)
{
    uint32_t window[WINDOW];
    size_t next = 0, n_window;

    x->accepted = mem_zalloc(n, sizeof *x->accepted);
    while (next < n && !limit_reached(x, x->n_accepted)) {
        if (fill_window(x, order, n, &next, window, &n_window, e) < 0 ||
            journal_window(x, window, n_window, e) < 0 ||
            send_window(x, s, window, n_window, e) < 0 || session_keep_alive(s, e) < 0)
            return -1;
        tell_progress(x->tell, PHASE_DELETING, next, n, 0, 0);
    }
    for (; next < n; next++)
        keep(x, order[next], RETENTION_LIMIT);
    return 0;
}

/* retention_days = 0: what a run would fetch it would delete as well, after all that is older. */
static void show_new(struct expire *x)
{
    for (size_t i = 0; i < x->plan->n; i++) {
        const struct plan_message *m = &x->messages[i];

        if (x->plan->items[i].settled)
            continue;
        if (m->uidl_n == 0 || m->size == RECORD_NO_SIZE) {
            keep(x, i, RETENTION_NO_UIDL);
        } else if (x->hold != HOLD_NONE) {
            keep(x, i, RETENTION_HELD);
        } else if (limit_reached(x, x->totals->deleted)) {
            keep(x, i, RETENTION_LIMIT);
        } else {
            x->totals->deleted++;
            tell_item(x, EVENT_PLANNED, i, RETENTION_DUE, NULL);
        }
    }
}

static int show_due(struct expire *x, struct session *s, const uint32_t *order, size_t n,
                    struct err *e)
{
    size_t next = 0;

    for (; next < n && !limit_reached(x, x->totals->deleted); next++) {
        int good = copy_is_good(x, order[next], e);
        if (good < 0 || session_keep_alive(s, e) < 0)
            return -1;
        if (good > 0) {
            x->totals->deleted++;
            tell_item(x, EVENT_PLANNED, order[next], RETENTION_DUE, NULL);
        }
    }
    for (; next < n; next++)
        keep(x, order[next], RETENTION_LIMIT);
    if (x->account->retention_days == 0)
        show_new(x);
    return 0;
}

static void note_next_due(struct expire *x, int64_t when)
{
    if (x->totals->next_due == 0 || when < x->totals->next_due)
        x->totals->next_due = when;
}

int expire_run(struct expire *x, struct session *s, struct err *e)
{
    struct retention_policy policy = {
        .days = x->account->retention_days, .max_delete = UINT64_MAX, .now = x->now};
    enum retention_why *judge = mem_zalloc(x->plan->n, sizeof *judge);
    uint32_t *order = mem_zalloc(x->plan->n, sizeof *order);
    size_t n = plan_due(x->plan, x->book->ledger, &policy, x->hold, judge, order);
    int rc;

    for (size_t i = 0; i < x->plan->n; i++) {
        if (judge[i] == RETENTION_YOUNG)
            note_next_due(x, x->now + retention_left_s(entry_of(x, i), &policy));
        if (judge[i] != RETENTION_DUE && (x->plan->items[i].settled || !x->options->dry_run))
            keep(x, i, judge[i]);
    }
    rc = x->options->dry_run ? show_due(x, s, order, n, e) : delete_due(x, s, order, n, e);
    free(judge);
    free(order);
    return rc;
}

/* ---- after QUIT ---- */

static struct deletion log_line(const struct ledger_entry *en, const char *account, int64_t now)
{
    struct deletion d = {.time = now,
                         .account = account,
                         .uidl = sv_make(en->uidl, en->uidl_n),
                         .octets = en->file_octets,
                         .file = en->name,
                         .stored_at = en->stored_at,
                         .age_s = now - en->stored_at};

    memcpy(d.sha, en->wire_sha, sizeof d.sha);
    return d;
}

int expire_log_gone(struct book *b, const char *account, const uint32_t *entries, size_t n,
                    struct err *e)
{
    struct deletion *d = mem_zalloc(n, sizeof *d);
    size_t k = 0;
    int rc;

    for (size_t i = 0; i < n; i++) {
        const struct ledger_entry *en = ledger_entry(b->ledger, entries[i]);
        if (en->quits == 0) /* the others were logged when QUIT was answered */
            d[k++] = log_line(en, account, clock_wall_s());
    }
    rc = k > 0 ? deletions_append(b->dir_fd, b->dir, d, k, e) : 0;
    free(d);
    return rc;
}

int expire_quit_answered(struct expire *x, struct err *e)
{
    struct deletion *d = mem_zalloc(x->n_accepted, sizeof *d);
    int rc = 0;

    for (size_t i = 0; i < x->n_accepted; i++) {
        d[i] = log_line(entry_of(x, x->accepted[i]), x->tell->account, clock_wall_s());
        if (x->messages[x->accepted[i]].size != RECORD_NO_SIZE)
            x->totals->deleted_octets += x->messages[x->accepted[i]].size;
    }
    if (x->n_accepted > 0)
        rc = deletions_append(x->book->dir_fd, x->book->dir, d, x->n_accepted, e);
    if (rc == 0 && x->n_accepted > 0)
        rc = book_quit(x->book, e);
    x->totals->deleted += x->n_accepted;
    for (size_t i = 0; i < x->n_accepted && x->tell->each; i++)
        tell_item(x, EVENT_DELETED, x->accepted[i], RETENTION_DUE, NULL);
    free(d);
    return rc;
}

void expire_free(struct expire *x)
{
    free(x->accepted);
    x->accepted = NULL;
    x->n_accepted = 0;
}
