/* SPDX-License-Identifier: ISC */
/* One account from lock to run record; what happens in a session stands in mailbox.c, check.c and
 * verify.c. */
#include "popkeep/run/account.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/config/provider.h"
#include "popkeep/run/brief.h"
#include "popkeep/run/facts.h"
#include "popkeep/run/pairing.h"
#include "popkeep/run/recover.h"
#include "popkeep/run/ticket.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/confine.h"
#include "popkeep/sys/signals.h"

enum { VOIDED_MAX = 1024 * 1024, ARCHIVE_DAYS = 90 };

void worker_worsen(struct worker *w, enum status s)
{
    w->status = status_worst(w->status, s);
}

void worker_expire_text(struct buf *out, const struct capa *c, const struct account *a)
{
    if (!(c->bits & CAPA_EXPIRE))
        return;
    if (c->expire_days == 0)
        (void)buf_add_c(out, tr("EXPIRE 0: this server may treat a download itself as a deletion; "
                                "look at its POP settings"));
    else if (a->retention_days < 0 || c->expire_days < (uint64_t)a->retention_days)
        (void)trn_addf(
            out, c->expire_days,
            "the server itself deletes mail after %llu day (EXPIRE), whatever popkeep does",
            "the server itself deletes mail after %llu days (EXPIRE), whatever popkeep does",
            (unsigned long long)c->expire_days);
}

/* What makes a refused login worth another try at once: any change of the account's settings or of
 * its password. */
static void fingerprint(char out[HASH_HEX], const struct worker *w)
{
    const struct account *a = w->account;
    struct buf text = BUF_INIT(65536);
    unsigned char sha[HASH_OCTETS];

    (void)buf_addf(&text, "%s|%u|%s|%d|%d|", a->host, a->port, a->user, (int)a->auth,
                   (int)a->secret.kind);
    if (a->secret.value != NULL)
        (void)buf_add_secret(&text, a->secret.value, strlen(a->secret.value));
    (void)buf_add_secret(&text, "|", 1);
    (void)buf_add_secret(&text, w->password.p, w->password.n);
    hash_once(text.p, text.n, sha);
    text_hex(out, sha, HASH_OCTETS);
    /* 16 bits tell a change well enough; more would let whoever has the journal test guesses of the
     * password against it */
    out[4] = '\0';
    buf_wipe(&text);
}

static int check_login_pause(struct worker *w, struct err *e)
{
    const struct ledger_run *last = ledger_run(w->book.ledger);
    int64_t next = last->time + WORKER_LOGIN_PAUSE_S;
    char print[HASH_HEX], when[24];

    if (w->options->named || last->refused_in_a_row < WORKER_LOGIN_TRIES ||
        clock_wall_s() >= next || clock_wall_s() < last->time)
        return 0;
    fingerprint(print, w);
    if (strcmp(print, last->fingerprint) != 0)
        return 0;
    w->paused = true; /* the hint was given when the login was refused */
    err_set(e, ST_LOGIN,
            trn("the login was refused in the last %u run; the next try is at %s",
                "the login was refused in the last %u runs; the next try is at %s",
                last->refused_in_a_row),
            last->refused_in_a_row, text_time(when, next));
    return err_advise(e, "to try now: popkeep fetch %s", w->account->name);
}

static bool has_word(struct sv text, struct sv word)
{
    while (text.n > 0)
        if (sv_eq(sv_token(&text, ' '), word))
            return true;
    return false;
}

static void load_memory(struct worker *w)
{
    const struct ledger_run *last = ledger_run(w->book.ledger);
    struct sv utf8 = ledger_mark(w->book.ledger, "utf8");

    w->memory.utf8 = utf8.p == NULL ? -1 : sv_eq_c(utf8, "yes");
    if (w->book.dir_fd >= 0)
        ticket_load(&w->ticket, w->book.dir_fd, w->account, clock_wall_s());
    w->memory.ticket = buf_sv(&w->ticket);
    w->memory.no_pipelining = book_mark_is(&w->book, "pipelining", "no");
    if (w->book.dir_fd >= 0)
        served_load(&w->served, w->book.dir_fd, ".");
    /* any surprise in the last run, and all is asked anew */
    w->memory.pipelines =
        last->any && last->status == ST_OK && has_word(sv_of(last->capabilities), SV("PIPELINING"));
}

static int confirm_clock(struct worker *w, struct err *e)
{
    char *now = mem_printf("%lld", (long long)clock_wall_s());
    int rc = book_mark(&w->book, "clock-ok", now, e);

    free(now);
    if (rc == 0)
        rc = book_mark(&w->book, "hold", "-", e);
    return rc == 0 ? book_commit(&w->book, e) : -1;
}

void worker_confine(struct worker *w)
{
    struct buf text = BUF_INIT(256);
    int own[2] = {-1, -1};
    unsigned can = confine_can(), held;

    if (w->book.lock_fd >= 0) { /* else it is opened to be read only */
        own[0] = w->book.dir_fd;
        own[1] = w->maildir != NULL ? maildir_folder_fd(w->maildir) : -1;
    }
    held = confine_worker(own, 2);
    if (held != CONFINE_ALL && can != 0) {
        confine_text(&text, CONFINE_ALL & ~held);
        tell_text(w->tell, EVENT_NOTE, "this system does not let a worker give up: %s", text.p);
    }
    buf_free(&text);
}

static int prepare(struct worker *w, struct err *e)
{
    bool write = !w->options->dry_run;

    if (book_open(&w->book, w->state_root, w->account->name, write, w->tell, e) < 0 ||
        pairing_open(&w->maildir, w->account, &w->book, write, w->options->adopt, w->tell, e) < 0)
        return -1;
    if (w->maildir != NULL)
        w->finder = finder_new(w->maildir);
    if (w->maildir != NULL && recover_intents(&w->book, w->maildir, w->finder, w->tell, e) < 0)
        return -1;
    if (write && w->options->confirm_delete && confirm_clock(w, e) < 0)
        return -1;
    load_memory(w);
    tell_stage(w->tell, STAGE_LOGIN);
    return check_login_pause(w, e);
}

/* Before a further session of this run: a server with a LOGIN-DELAY would refuse it. */
static bool await_login_delay(const struct worker *w)
{
    int64_t left = served_delay_left(&w->served, clock_wall_s());

    return left <= WORKER_LOGIN_DELAY_S && signals_sleep_ms(left * 1000);
}

/* Connect again after a cut line, as long as each session gained something. */
static int sessions(struct worker *w, struct err *e)
{
    unsigned tries = 0;

    for (;;) {
        unsigned voided = w->n_voided;
        bool again = false;
        int rc = mailbox_session(w, &again, e);

        if (rc == 0 || !again || signals_pending())
            return rc;
        tries += w->n_voided == voided;
        if (tries > WORKER_RECONNECTS || !await_login_delay(w))
            return rc;
        tell_text(w->tell, EVENT_NOTE, "%s; connecting again", e->text);
        err_clear(e);
    }
}

static void run_record(struct worker *w, enum status status)
{
    struct buf capabilities = BUF_INIT(512);
    struct err e = ERR_INIT;
    enum event_stage was;
    char print[HASH_HEX];
    struct record r = {.kind = REC_RUN,
                       .status = status,
                       .boot_id = sv_of(w->book.boot_id),
                       .boot_s = clock_boot_s(),
                       .listed = w->totals.listed,
                       .listed_octets = w->totals.listed_octets,
                       .matched = w->matched,
                       .fetched = w->totals.fetched,
                       .deleted = w->totals.deleted};

    was = tell_stage(w->tell, STAGE_LOCAL);
    fingerprint(print, w);
    capa_text(&capabilities, &w->capa);
    r.capabilities = buf_sv(&capabilities);
    r.fingerprint = sv_of(print);
    if (!w->totals.listed_any) { /* nothing was seen: what was known of the mailbox stands */
        r.listed = ledger_run(w->book.ledger)->listed;
        r.listed_octets = ledger_run(w->book.ledger)->listed_octets;
        r.matched = ledger_run(w->book.ledger)->matched;
    }
    if (facts_mark(w, &e) < 0)
        tell_error(w->tell, &e, NULL);
    w->changed = w->changed || journal_pending(w->book.journal) > 0;
    if (book_add(&w->book, &r, &e) < 0 || journal_commit(w->book.journal, w->changed, &e) < 0) {
        tell_error(w->tell, &e, NULL);
        worker_worsen(w, e.status);
    }
    tell_stage(w->tell, was); /* what ended the account is told later */
    buf_free(&capabilities);
}

/* For the next run's order of accounts. */
static void save_served(struct worker *w, enum status status)
{
    const struct ledger_run *run = ledger_run(w->book.ledger);

    w->served.last_success = run->last_success;
    w->served.last_try = clock_wall_s();
    w->served.last_status = status;
    w->served.failed_in_a_row = run->failed_in_a_row;
    served_save(&w->served, w->book.dir_fd);
}

static void compact(struct worker *w)
{
    int64_t keep_s =
        (w->account->retention_days > 0 ? 3 * w->account->retention_days : 0) * RETENTION_DAY_S;
    int64_t now = clock_wall_s();
    struct err e = ERR_INIT;
    bool done;

    if (keep_s < (int64_t)ARCHIVE_DAYS * RETENTION_DAY_S)
        keep_s = (int64_t)ARCHIVE_DAYS * RETENTION_DAY_S;
    if (journal_compact(w->book.journal, now, now - keep_s, false, &done, &e) < 0)
        tell_text(w->tell, EVENT_WARNING, "the journal could not be compacted: %s", e.text);
}

int worker_fetch(struct worker *w, struct err *e)
{
    int rc = prepare(w, e);

    if (rc == 0) {
        worker_confine(w);
        w->connected = true;
        rc = sessions(w, e);
    }
    if (w->connected && !w->options->dry_run) {
        enum status st = rc < 0 ? status_worst(w->status, e->status) : w->status;
        run_record(w, st);
        save_served(w, st);
        compact(w);
        brief_save(&w->book);
    }
    return rc;
}

/* ---- the end ---- */

static void fill_fetch(struct event *ev, const struct run_totals *n, bool dry_run)
{
    ev->num[dry_run ? EN_WOULD_FETCH : EN_FETCHED] = (int64_t)n->fetched;
    ev->num[dry_run ? EN_WOULD_FETCH_OCTETS : EN_FETCHED_OCTETS] = (int64_t)n->fetched_octets;
    ev->num[dry_run ? EN_WOULD_DELETE : EN_DELETED] = (int64_t)n->deleted;
    ev->num[EN_MATCHED] = (int64_t)n->matched;
    ev->num[EN_FAILED] = (int64_t)n->failed;
    ev->num[EN_GONE] = (int64_t)n->gone;
    ev->num[EN_DUE] = (int64_t)n->due;
    ev->num[EN_HELD] = (int64_t)n->held;
    ev->num[EN_MISSING] = (int64_t)n->copy_missing;
    ev->num[EN_CHANGED] = (int64_t)n->copy_changed;
    if (n->listed_any) {
        ev->num[EN_KNOWN] = (int64_t)n->known;
        ev->num[EN_LEFT] = (int64_t)n->left;
    }
}

static void fill_verify(struct event *ev, const struct run_totals *n, bool server)
{
    ev->num[EN_DONE] = (int64_t)n->read;
    ev->num[EN_MISSING] = (int64_t)n->copy_missing;
    ev->num[EN_CHANGED] = (int64_t)n->copy_changed;
    if (server && n->listed_any) {
        ev->num[EN_KNOWN] = (int64_t)n->known;
        ev->num[EN_NOT_STORED] = (int64_t)n->not_stored;
    }
}

static void tell_account(struct worker *w, int64_t began_ms)
{
    const struct run_totals *n = &w->totals;
    struct event ev;

    event_init(&ev, EVENT_ACCOUNT_END, w->account->name);
    ev.num[EN_STATUS] = w->status;
    if (w->ended)
        ev.num[EN_STAGE] = w->tell->stage;
    ev.num[EN_MS] = clock_mono_ms() - began_ms;
    if (w->book.ledger != NULL)
        ev.num[EN_STORED] = (int64_t)n->stored;
    ev.str[ES_MAILDIR] = sv_of(w->account->maildir);
    if (w->refusal == POP3_CODE_IN_USE)
        ev.str[ES_REASON] = SV("in-use");
    else if (w->refusal == POP3_CODE_LOGIN_DELAY)
        ev.str[ES_REASON] = SV("login-delay");
    if (n->listed_any) {
        ev.num[EN_LISTED] = (int64_t)n->listed;
        ev.num[EN_LISTED_OCTETS] = (int64_t)n->listed_octets;
    }
    if (w->options->command == RUN_FETCH)
        fill_fetch(&ev, n, w->options->dry_run);
    else if (w->options->command == RUN_VERIFY)
        fill_verify(&ev, n, w->options->server);
    tell_event(w->tell, &ev);
}

static const char any_login_hint[] =
    N_("The server does not always say why. Possible: a wrong user name (many want the whole "
       "address),\n"
       "a wrong or replaced password (many want one made for mail programs, not that of the web "
       "site),\n"
       "an account that is disabled, or POP3 switched off for the mailbox.");

static void tell_failure(struct worker *w, const struct err *e)
{
    const struct provider *p = w->account->provider;
    struct buf hint = BUF_INIT(4096);

    if (p == NULL)
        p = provider_of_host(sv_of(w->account->host));
    if (e->status == ST_LOGIN && !w->paused && p != NULL)
        provider_hint(&hint, p);
    else if (e->status == ST_LOGIN && !w->paused)
        (void)buf_add_c(&hint, tr(any_login_hint));
    tell_error(w->tell, e, hint.p);
    buf_free(&hint);
}

enum status account_run(const struct account *a, const char *state_root, struct sv password,
                        const struct run_options *o, struct tell *t)
{
    static int (*const commands[])(struct worker *, struct err *) = {
        [RUN_FETCH] = worker_fetch, [RUN_CHECK] = worker_check, [RUN_VERIFY] = worker_verify};
    struct worker w = {.account = a,
                       .options = o,
                       .state_root = state_root,
                       .password = password,
                       .tell = t,
                       .book = {.dir_fd = -1, .lock_fd = -1},
                       .ticket = BUF_INIT(TICKET_MAX),
                       .voided = BUF_INIT(VOIDED_MAX),
                       .cut_once = BUF_INIT(VOIDED_MAX),
                       .cut_twice = BUF_INIT(VOIDED_MAX),
                       .memory = {.utf8 = -1}};
    struct err e = ERR_INIT;
    int64_t began = clock_mono_ms();

    capa_init(&w.capa);
    tell_stage(t, STAGE_LOCAL);
    if (commands[o->command](&w, &e) < 0) {
        worker_worsen(&w, e.status);
        tell_failure(&w, &e);
        w.ended = true;
    }
    if (w.book.ledger != NULL)
        w.totals.stored = ledger_count_state(w.book.ledger, LEDGER_STORED) +
                          ledger_count_state(w.book.ledger, LEDGER_ASKED) +
                          ledger_count_state(w.book.ledger, LEDGER_GONE);
    tell_account(&w, began);
    finder_free(w.finder);
    maildir_close(w.maildir);
    book_close(&w.book);
    buf_wipe(&w.ticket);
    buf_free(&w.voided);
    buf_free(&w.cut_once);
    buf_free(&w.cut_twice);
    return w.status;
}
