/* SPDX-License-Identifier: ISC */
/* What a person wants to know of an account between runs, from its journal alone. */
#include "popkeep/run/status.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/report/health.h"
#include "popkeep/run/book.h"
#include "popkeep/run/brief.h"
#include "popkeep/run/facts.h"
#include "popkeep/run/served.h"
#include "popkeep/store/finder.h"
#include "popkeep/store/folder.h"

#include <unistd.h>

enum { TEXT_MAX = 4096, MB = 1000000, PERCENT_OF_MB = MB / 100 };

/* How much is read: all; or only what stands beside the messages, for a table or a monitor. */
enum depth { STATUS_WHOLE, STATUS_BRIEF, STATUS_FIGURES };

/* What is put together for one account. */
struct view {
    const struct account *account;
    enum depth depth;
    const struct ledger *ledger;
    struct brief counts;
    struct event ev;
    struct buf text; /* a line a finding */
    int64_t now, found;
    enum status last_status; /* of the last run that was recorded, or noted (served.h) */
    int64_t last_time;       /* 0: there was none */
};

static void find(struct view *v, enum finding f, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void find(struct view *v, enum finding f, const char *fmt, ...)
{
    va_list ap;

    v->found |= health_bit(f);
    if (v->text.n > 0)
        (void)buf_add_char(&v->text, '\n');
    va_start(ap, fmt);
    (void)buf_vaddf(&v->text, tr(fmt), ap);
    va_end(ap);
}

/* No success for a week, or for half the retention: another program may be deleting what we never
 * saw. */
static void find_age(struct view *v, const struct ledger_run *run)
{
    int64_t limit = HEALTH_STALE_S, days = v->account->retention_days;
    char span[24];

    if (days > 0 && days * 86400 / 2 < limit)
        limit = days * 86400 / 2;
    if (v->last_time == 0)
        find(v, FINDING_NEVER_RUN, "it has never been run");
    else if (run->last_success == 0)
        find(v, FINDING_NO_SUCCESS, "no run has succeeded yet");
    else if (v->now - run->last_success > limit)
        find(v, FINDING_STALE, "no success for %s", text_span(span, v->now - run->last_success));
}

static int64_t count_unseen(struct finder *f, const struct ledger *l)
{
    struct err ignored = ERR_INIT;
    int64_t n = 0;

    for (uint32_t i = 0; i < ledger_count(l); i++) {
        if (!ledger_has_file(ledger_entry(l, i)))
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

static void look_into_maildir(struct view *v)
{
    const struct account *a = v->account;
    struct maildir *m = NULL;
    struct err why = ERR_INIT;
    bool missing = false;

    if (v->ev.num[EN_STORED] <= 0)
        return;
    if (maildir_open(&m, a->maildir, a->name, &missing, &why) == 0) {
        if (v->depth == STATUS_WHOLE)
            v->ev.num[EN_MISSING] = count_missing(m, v->ledger);
    } else if (missing)
        find(v, FINDING_NO_MAILDIR, "the Maildir is not there; is a disk not mounted?");
    maildir_close(m);
}

static void find_in_journal(struct view *v)
{
    const struct ledger *l = v->ledger;
    const struct ledger_run *run = ledger_run(l);

    find_age(v, run);
    if (v->last_time != 0 && v->last_status != ST_OK)
        find(v, FINDING_LAST_RUN, "the last run ended with %d: %s", (int)v->last_status,
             tr(status_info(v->last_status)->meaning));
    if (run->refused_in_a_row > 1)
        find(v, FINDING_LOGIN_REFUSED,
             trn("the login was refused in the last %u run",
                 "the login was refused in the last %u runs", run->refused_in_a_row),
             run->refused_in_a_row);
    if (ledger_mark(l, "hold").p != NULL)
        find(v, FINDING_HELD,
             "deletions are held: most UIDLs changed (popkeep fetch --confirm-delete)");
    if (ledger_mark(l, "keeps").p != NULL)
        find(v, FINDING_SERVER_KEEPS,
             "the server keeps messages although it confirms their deletion");
    if (v->counts.intents > 0)
        find(v, FINDING_INTERRUPTED,
             "a run is at work or was interrupted; the next one completes it");
}

static void find_in_facts(struct view *v)
{
    int64_t ends = v->ev.num[EN_CERT_EXPIRES], percent = event_num(&v->ev, EN_QUOTA_PERCENT, 0);
    char date[24], span[24];

    if (percent >= HEALTH_FULL_PERCENT)
        find(v, FINDING_FULL, "the mailbox is %lld %% full", (long long)percent);
    if (ends == EVENT_UNSET || ends - v->now >= HEALTH_CERTIFICATE_S)
        return;
    if (ends <= v->now)
        find(v, FINDING_CERTIFICATE, "the server's certificate ended on %.10s",
             text_time(date, ends));
    else
        find(v, FINDING_CERTIFICATE, "the server's certificate ends on %.10s, in %s",
             text_time(date, ends), text_span(span, ends - v->now));
}

static void fill_facts(struct view *v)
{
    struct facts f;

    facts_read(&f, v->ledger);
    v->ev.num[EN_DUE] = f.due;
    v->ev.num[EN_NEXT_DUE] = f.next_due;
    v->ev.num[EN_USED_OCTETS] = f.used_octets;
    if (v->account->quota_mb > 0 && f.used_octets != EVENT_UNSET)
        v->ev.num[EN_QUOTA_PERCENT] = f.used_octets / (int64_t)v->account->quota_mb / PERCENT_OF_MB;
    if (v->account->n_pins == 0) /* else its dates are not looked at */
        v->ev.num[EN_CERT_EXPIRES] = f.certificate_ends;
}

static void fill_account(struct view *v)
{
    const struct account *a = v->account;

    v->ev.str[ES_HOST] = sv_of(a->host);
    v->ev.str[ES_USER] = sv_of(a->user);
    v->ev.str[ES_MAILDIR] = sv_of(a->maildir);
    if (a->quota_mb > 0)
        v->ev.num[EN_QUOTA_OCTETS] = (int64_t)a->quota_mb * MB;
    if (a->deadline_s != CONFIG_NO_DEADLINE)
        v->ev.num[EN_DEADLINE] = a->deadline_s;
}

static void fill_history(const struct view *v, struct history *h)
{
    for (uint32_t i = 0; i < ledger_count(v->ledger); i++)
        if (ledger_has_file(ledger_entry(v->ledger, i)))
            history_add(h, ledger_entry(v->ledger, i)->stored_at);
}

static void fill_run(struct view *v)
{
    const struct ledger *l = v->ledger;
    const struct ledger_run *run = ledger_run(l);
    struct event *ev = &v->ev;

    ev->num[EN_STORED] = v->counts.stored;
    ev->num[EN_STORED_OCTETS] = v->counts.stored_octets;
    if (v->last_time == 0)
        return;
    ev->num[EN_STATUS] = v->last_status;
    ev->num[EN_LAST_RUN] = v->last_time;
    if (!run->any)
        return;
    if (run->last_success != 0) {
        ev->num[EN_LAST_SUCCESS] = run->last_success;
        ev->num[EN_SUCCESS_AGE] = event_minus(v->now, run->last_success);
    }
    if (run->last_success != 0 || run->listed > 0) { /* else nothing was ever listed */
        ev->num[EN_LISTED] = (int64_t)run->listed;
        ev->num[EN_LISTED_OCTETS] = (int64_t)run->listed_octets;
    }
}

/* Of a run that saw nothing these are still those of the one before. */
static void fill_last_run(struct view *v)
{
    const struct ledger_run *run = ledger_run(v->ledger);

    if (!run->any)
        return;
    v->ev.num[EN_FETCHED] = (int64_t)run->fetched;
    v->ev.num[EN_DELETED] = (int64_t)run->deleted;
    if (v->ev.num[EN_LISTED] != EVENT_UNSET)
        v->ev.num[EN_LEFT] = run->listed > run->matched ? (int64_t)(run->listed - run->matched) : 0;
}

/* A run that ended before it had a journal, or was killed, is only noted. */
static void find_last_run(struct view *v, int dir_fd)
{
    const struct ledger_run *run = ledger_run(v->ledger);
    struct served noted = {0};

    v->last_status = run->status;
    v->last_time = run->any ? run->time : 0;
    if (dir_fd >= 0)
        served_load(&noted, dir_fd, ".");
    if (noted.last_try >= v->last_time && noted.last_status != ST_OK) {
        v->last_status = (enum status)noted.last_status;
        v->last_time = noted.last_try;
    }
}

/* The account's ledger: the whole, or where that is enough, what is known without its messages. */
struct source {
    struct book book;
    int dir_fd;           /* of the brief; -1: the book is used */
    struct ledger *brief; /* likewise, null */
};

static bool open_brief(struct source *s, struct view *v, const char *state_root)
{
    char *dir = mem_printf("%s/%s", state_root, v->account->name);
    struct err ignored = ERR_INIT;

    s->dir_fd = folder_open(dir, true, NULL, &ignored);
    free(dir);
    if (s->dir_fd < 0)
        return false;
    s->brief = ledger_new();
    v->ledger = s->brief;
    if (brief_load(&v->counts, s->brief, s->dir_fd))
        return true;
    ledger_free(s->brief);
    s->brief = NULL;
    return false;
}

static int open_source(struct source *s, struct view *v, const char *state_root, struct tell *t,
                       struct err *e)
{
    *s = (struct source){.book = {.dir_fd = -1, .lock_fd = -1}, .dir_fd = -1};
    if (v->depth == STATUS_WHOLE || !open_brief(s, v, state_root)) {
        if (book_open(&s->book, state_root, v->account->name, false, t, e) < 0)
            return -1;
        v->ledger = s->book.ledger;
        brief_count(&v->counts, v->ledger);
    }
    find_last_run(v, s->brief != NULL ? s->dir_fd : s->book.dir_fd);
    return 0;
}

static void close_source(struct source *s)
{
    ledger_free(s->brief);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    book_close(&s->book);
}

static void fill(struct view *v, struct history *h)
{
    const struct ledger_run *run = ledger_run(v->ledger);

    fill_account(v);
    fill_run(v);
    if (h != NULL)
        fill_history(v, h);
    if (run->any)
        fill_facts(v);
    find_in_journal(v);
    find_in_facts(v);
    if (v->depth == STATUS_FIGURES)
        fill_last_run(v);
    look_into_maildir(v);
    v->ev.num[EN_TROUBLE] = v->found;
    v->ev.num[EN_HEALTH] = health_of(v->found, v->last_status);
    v->ev.str[ES_TEXT] = buf_sv(&v->text);
}

static int tell_status(struct view *v, const char *state_root, struct history *h, struct tell *t,
                       struct err *e)
{
    struct source s;
    int rc = open_source(&s, v, state_root, t, e);

    if (rc == 0) {
        event_init(&v->ev, EVENT_STATUS, v->account->name);
        fill(v, h);
        tell_event(t, &v->ev);
    }
    buf_free(&v->text);
    close_source(&s);
    return rc;
}

enum status status_account(const struct account *a, const char *state_root, int64_t now, bool brief,
                           struct history *h, struct tell *t)
{
    struct view v = {.account = a,
                     .depth = brief && h == NULL ? STATUS_BRIEF : STATUS_WHOLE,
                     .text = BUF_INIT(TEXT_MAX),
                     .now = now};
    struct err e = ERR_INIT;
    struct event ev;

    tell_start(&ev, a);
    tell_event(t, &ev);
    if (tell_status(&v, state_root, h, t, &e) < 0)
        tell_error(t, &e, NULL);
    tell_end_account(t, e.status);
    return e.status;
}

/* Who listens to status alone. */
struct listener {
    void (*emit)(void *ctx, const struct event *ev);
    void *ctx;
};

static void pass_status(void *listener, const struct event *ev)
{
    const struct listener *l = listener;

    if (ev->kind == EVENT_STATUS)
        l->emit(l->ctx, ev);
}

void status_figures(const struct account *a, const char *state_root, int64_t now,
                    void (*emit)(void *ctx, const struct event *ev), void *ctx)
{
    struct listener l = {.emit = emit, .ctx = ctx};
    struct view v = {.account = a, .depth = STATUS_FIGURES, .text = BUF_INIT(TEXT_MAX), .now = now};
    struct run_options quiet = {.verbose = -1};
    struct err e = ERR_INIT;
    struct event ev;
    struct tell t;

    tell_init(&t, a->name, pass_status, &l, &quiet, false);
    if (tell_status(&v, state_root, NULL, &t, &e) < 0) {
        event_init(&ev, EVENT_STATUS, a->name);
        ev.num[EN_STATUS] = e.status;
        ev.num[EN_TROUBLE] = health_bit(FINDING_JOURNAL);
        ev.num[EN_HEALTH] = HEALTH_TROUBLE;
        tell_event(&t, &ev);
    }
    tell_end(&t);
}
