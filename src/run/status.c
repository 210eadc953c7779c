/* SPDX-License-Identifier: ISC */
/* What a person wants to know of an account between runs, from its journal alone. */
#include "popkeep/run/status.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"
#include "popkeep/run/book.h"
#include "popkeep/store/finder.h"

enum { WARN_AFTER_S = 7 * 86400 };

static void add_line(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add_line(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    if (b->n > 0)
        (void)buf_add_char(b, '\n');
    va_start(ap, fmt);
    (void)buf_vaddf(b, fmt, ap);
    va_end(ap);
}

/* No success for a week, or for half the retention: another program may be deleting what we never
 * saw. */
static void add_age(struct buf *b, const struct account *a, const struct ledger_run *run,
                    int64_t now)
{
    int64_t limit = WARN_AFTER_S;
    char span[24];

    if (a->retention_days > 0 && a->retention_days * 86400 / 2 < limit)
        limit = a->retention_days * 86400 / 2;
    if (run->last_success == 0)
        add_line(b, run->any ? "no run has succeeded yet" : "it has never been run");
    else if (now - run->last_success > limit)
        add_line(b, "no success for %s", text_span(span, now - run->last_success));
}

static bool has_file(const struct ledger_entry *en)
{
    return en->state == LEDGER_STORED || en->state == LEDGER_ASKED || en->state == LEDGER_GONE;
}

static int64_t count_unseen(struct finder *f, const struct ledger *l)
{
    struct err ignored = ERR_INIT;
    int64_t n = 0;

    for (uint32_t i = 0; i < ledger_count(l); i++) {
        if (!has_file(ledger_entry(l, i)))
            continue;
        switch (finder_glance(f, ledger_entry(l, i)->name, &ignored)) {
        case FINDER_MISSING:
            n++;
            break;
        case FINDER_ERROR:
            return EVENT_UNSET;
        case FINDER_OK:
        case FINDER_CHANGED:
        default:
            break;
        }
    }
    return n;
}

/* How many stored messages have no file any more; EVENT_UNSET: that cannot be seen from here. What
 * the first reading of the folders did not show, a mail reader may have been moving. */
static int64_t count_missing(const struct maildir *m, const struct ledger *l)
{
    struct finder *f = finder_new(m);
    struct err ignored = ERR_INIT;
    int64_t n = count_unseen(f, l);

    if (n > 0)
        n = finder_refresh(f, &ignored) == 0 ? count_unseen(f, l) : EVENT_UNSET;
    finder_free(f);
    return n;
}

static void look_into_maildir(struct event *ev, struct buf *trouble, const struct account *a,
                              const struct ledger *l)
{
    struct maildir *m = NULL;
    struct err why = ERR_INIT;
    bool missing = false;

    if (ev->num[EN_STORED] <= 0)
        return;
    if (maildir_open(&m, a->maildir, a->name, &missing, &why) == 0)
        ev->num[EN_MISSING] = count_missing(m, l);
    else if (missing)
        add_line(trouble, "the Maildir is not there; is a disk not mounted?");
    maildir_close(m);
}

static void add_trouble(struct buf *b, const struct account *a, const struct ledger *l, int64_t now)
{
    const struct ledger_run *run = ledger_run(l);
    uint64_t intents = ledger_count_state(l, LEDGER_INTENT);

    add_age(b, a, run, now);
    if (run->any && run->status != ST_OK)
        add_line(b, "the last run ended with %d: %s", (int)run->status,
                 status_info(run->status)->meaning);
    if (run->refused_in_a_row > 1)
        add_line(b, "the login was refused in the last %u runs", run->refused_in_a_row);
    if (ledger_mark(l, "hold").p != NULL)
        add_line(b, "deletions are held: most UIDLs changed (popkeep fetch --confirm-delete)");
    if (ledger_mark(l, "keeps").p != NULL)
        add_line(b, "the server keeps messages although it confirms their deletion");
    if (intents > 0)
        add_line(b, "a run is at work or was interrupted; the next one completes it");
}

static void fill_numbers(struct event *ev, const struct ledger *l)
{
    const struct ledger_run *run = ledger_run(l);
    struct sv rest = ledger_mark(l, "due"), due;
    uint64_t left = 0, next = 0;

    ev->num[EN_STORED] =
        (int64_t)(ledger_count_state(l, LEDGER_STORED) + ledger_count_state(l, LEDGER_ASKED) +
                  ledger_count_state(l, LEDGER_GONE));
    if (!run->any)
        return;
    ev->num[EN_STATUS] = run->status;
    ev->num[EN_LAST_RUN] = run->time;
    if (run->last_success != 0)
        ev->num[EN_LAST_SUCCESS] = run->last_success;
    if (run->last_success != 0 || run->listed > 0) { /* else nothing was ever listed */
        ev->num[EN_LISTED] = (int64_t)run->listed;
        ev->num[EN_LISTED_OCTETS] = (int64_t)run->listed_octets;
    }
    if (rest.p == NULL)
        return;
    due = sv_token(&rest, ' ');
    if (ascii_u64(due, INT64_MAX, &left) == 0)
        ev->num[EN_DUE] = (int64_t)left;
    if (rest.p != NULL && ascii_u64(rest, INT64_MAX, &next) == 0 && next > 0)
        ev->num[EN_NEXT_DUE] = (int64_t)next;
}

static int tell_status(const struct account *a, const char *state_root, int64_t now, struct tell *t,
                       struct err *e)
{
    struct buf trouble = BUF_INIT(4096);
    struct book b;
    struct event ev;
    int rc = book_open(&b, state_root, a->name, false, t, e);

    if (rc == 0) {
        event_init(&ev, EVENT_STATUS, a->name);
        fill_numbers(&ev, b.ledger);
        add_trouble(&trouble, a, b.ledger, now);
        look_into_maildir(&ev, &trouble, a, b.ledger);
        ev.str[ES_HOST] = sv_of(a->host);
        ev.str[ES_MAILDIR] = sv_of(a->maildir);
        ev.str[ES_TEXT] = buf_sv(&trouble);
        tell_event(t, &ev);
    }
    buf_free(&trouble);
    book_close(&b);
    return rc;
}

enum status status_account(const struct account *a, const char *state_root, int64_t now,
                           struct tell *t)
{
    struct err e = ERR_INIT;
    struct event ev;

    tell_start(&ev, a);
    tell_event(t, &ev);
    if (tell_status(a, state_root, now, t, &e) < 0)
        tell_error(t, &e, NULL);
    event_init(&ev, EVENT_ACCOUNT_END, a->name);
    ev.num[EN_STATUS] = e.status;
    tell_event(t, &ev);
    return e.status;
}
