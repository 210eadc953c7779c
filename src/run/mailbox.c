/* SPDX-License-Identifier: ISC */
/* One session of a fetch: list, plan, fetch, expire, quit. QUIT is a deletion: it is sent only when
 * all that was retrieved is durable. */
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/run/expire.h"
#include "popkeep/run/facts.h"
#include "popkeep/run/fetch.h"
#include "popkeep/run/mailbox_inside.h"
#include "popkeep/run/receive.h"
#include "popkeep/run/ticket.h"
#include "popkeep/store/folder.h"
#include "popkeep/sys/clock.h"

struct plan_message *worker_messages(struct listing *l)
{
    struct plan_message *m = mem_zalloc(l->n, sizeof *m);

    for (size_t i = 0; i < l->n; i++)
        m[i] = (struct plan_message){.number = l->v[i].number,
                                     .uidl_n = l->v[i].uidl_n,
                                     .uidl = l->v[i].uidl,
                                     .size = l->v[i].size == LISTING_NO_SIZE ? RECORD_NO_SIZE
                                                                             : l->v[i].size};
    return m;
}

/* ---- listing and plan ---- */

/* What became of the DELEs of earlier sessions. */
static int reconcile(struct mailbox *b, struct err *e)
{
    struct worker *w = b->w;
    bool keeps = false;

    w->totals.gone += b->plan.n_gone;
    if (b->plan.n_gone > 0 && !w->options->dry_run &&
        expire_log_gone(&w->book, w->account->name, b->plan.gone, b->plan.n_gone, e) < 0)
        return -1;
    for (size_t i = 0; i < b->plan.n_gone; i++)
        if (book_simple(&w->book, REC_GONE, b->plan.gone[i], e) < 0)
            return -1;
    for (size_t i = 0; i < b->plan.n_back; i++) {
        const struct ledger_entry *en = ledger_entry(w->book.ledger, b->plan.back[i]);
        keeps = keeps || en->quits >= RETENTION_KEEPS_QUITS;
        if (book_stored(&w->book, b->plan.back[i], en->stored_at, e) < 0)
            return -1;
    }
    if (keeps && !book_mark_is(&w->book, "keeps", "yes")) {
        tell_text(
            w->tell, EVENT_WARNING,
            "the server keeps messages although it confirmed their deletion %d times (a setting "
            "of the mailbox?); they are asked for once a day from now on",
            RETENTION_KEEPS_QUITS);
        return book_mark(&w->book, "keeps", "yes", e);
    }
    return 0;
}

static int refetch_missing(struct mailbox *b, struct err *e)
{
    struct worker *w = b->w;

    for (size_t i = 0; i < b->plan.n && w->finder != NULL; i++) {
        const struct ledger_entry *en;
        if (b->plan.items[i].why != PLAN_KNOWN)
            continue;
        en = ledger_entry(w->book.ledger, b->plan.items[i].entry);
        switch (finder_look(w->finder, en->name, en->file_octets, e)) {
        case FINDER_MISSING:
            plan_refetch(&b->plan, i);
            break;
        case FINDER_ERROR:
            return -1;
        case FINDER_OK:
        case FINDER_CHANGED:
        default:
            break;
        }
        if (session_keep_alive(&b->s, e) < 0)
            return -1;
    }
    return 0;
}

static int list_and_plan(struct mailbox *b, struct err *e)
{
    struct run_totals *n = &b->w->totals;

    tell_progress(b->w->tell, PHASE_LISTING, 0, 0, 0, 0);
    if (session_list(&b->s, &b->listing, e) < 0)
        return -1;
    b->messages = worker_messages(&b->listing);
    plan_make(&b->plan, b->messages, b->listing.n, b->w->book.ledger);
    n->listed = b->listing.n;
    n->listed_octets = b->listing.octets;
    n->known = b->plan.known_n;
    n->listed_any = true;
    facts_listed(n, &b->listing);
    n->next_due = 0;
    n->failed = n->due = n->held = n->copy_missing = n->copy_changed = 0;
    if (reconcile(b, e) < 0)
        return -1;
    return b->w->options->missing ? refetch_missing(b, e) : 0;
}

/* ---- fetching ---- */

/* LIST sizes are hints: one that no mail has must not stop an account for want of space. */
static uint64_t believable_octets(const struct mailbox *b)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < b->plan.n; i++)
        if (b->plan.items[i].why != PLAN_KNOWN && b->messages[i].size < WORKER_MESSAGE_OCTETS)
            sum += b->messages[i].size;
    return sum;
}

static int check_space(struct mailbox *b, struct err *e)
{
    int64_t free_octets = folder_free_octets(maildir_folder_fd(b->w->maildir));
    uint64_t octets = believable_octets(b);
    uint64_t need = octets + octets / 20 + WORKER_SPACE_OCTETS;
    char need_text[16], free_text[16];

    if (b->plan.fetch_n == 0 || free_octets < 0 || (uint64_t)free_octets >= need)
        return 0;
    err_set(e, ST_CANTCREATE,
            "not enough space for the new mail: %s needed (5 %% and 64 MiB to spare included), %s "
            "free on the disk that holds %s",
            text_size(need_text, need), text_size(free_text, (uint64_t)free_octets),
            b->w->account->maildir);
    return err_advise(e, "nothing was downloaded or deleted; make room and run again");
}

static void tell_would_fetch(struct mailbox *b)
{
    for (size_t i = 0; i < b->plan.n; i++) {
        const struct plan_message *m = &b->messages[i];
        struct event ev;

        if (b->plan.items[i].why == PLAN_KNOWN)
            continue;
        event_init(&ev, EVENT_PLANNED, b->w->account->name);
        ev.num[EN_NUMBER] = m->number;
        if (m->size != RECORD_NO_SIZE)
            ev.num[EN_OCTETS] = (int64_t)m->size;
        ev.str[ES_UIDL] = sv_make(m->uidl, m->uidl_n);
        ev.str[ES_ACTION] = SV("fetch");
        ev.str[ES_REASON] = sv_of(plan_why_word(b->plan.items[i].why));
        ev.str[ES_TEXT] = sv_of(plan_why_text(b->plan.items[i].why));
        tell_event(b->w->tell, &ev);
        b->w->totals.fetched++;
        if (m->size != RECORD_NO_SIZE)
            b->w->totals.fetched_octets += m->size;
    }
}

static int fetch_all(struct mailbox *b, struct err *e)
{
    struct worker *w = b->w;
    struct fetch_job job = {.account = w->account,
                            .book = &w->book,
                            .maildir = w->maildir,
                            .finder =
                                w->options->missing || mailbox_quit_deletes(b) ? w->finder : NULL,
                            .quit_deletes = mailbox_quit_deletes(b),
                            .plan = &b->plan,
                            .messages = b->messages,
                            .totals = &w->totals,
                            .tell = w->tell};
    struct err storing = ERR_INIT;
    struct fetch *f;
    int rc;

    if (b->plan.fetch_n == 0)
        return 0;
    tell_stage(w->tell, STAGE_FETCHING);
    mailbox_put_in_order(b);
    if (w->only_delete) {
        mailbox_leave_new_mail(b);
        return 0;
    }
    tell_stage(w->tell, STAGE_STORING);
    if (check_space(b, e) < 0 || fetch_start(&f, &job, e) < 0)
        return -1;
    tell_stage(w->tell, STAGE_FETCHING);
    rc = receive_all(&b->s, &b->plan, b->messages, b->when, fetch_queue(f), &w->totals, e);
    if (fetch_end(f, &storing) < 0) {
        tell_stage(w->tell, STAGE_STORING);
        *e = storing; /* the cause; what receive_all says is only its effect */
        /* recovery has to settle what is half done: no other session in this run */
        e->line_cut = b->s.voided = b->s.wants_lock_step = false;
        return -1;
    }
    return rc;
}

/* ---- deleting ---- */

/* May anything be deleted in this session? Tells when not, if anything is due. */
static int find_hold(struct mailbox *b, enum retention_hold *hold, struct err *e)
{
    struct worker *w = b->w;
    int64_t now = clock_wall_s();
    uint64_t old = plan_old(&b->plan, w->book.ledger);
    bool jump = false;
    char *value;
    int rc = 0;

    *hold = retention_clock(w->book.ledger, now, clock_boot_s(), sv_of(w->book.boot_id), &jump);
    if (jump) {
        value = mem_printf("%lld", (long long)now);
        tell_text(w->tell, EVENT_WARNING,
                  "the clock was set while the machine ran: what was stored since the machine "
                  "started counts as stored now");
        rc = book_mark(&w->book, "clock-jump", value, e);
        free(value);
    }
    if (rc < 0 || *hold != HOLD_NONE || w->options->confirm_delete)
        return rc;
    if (b->s.utf8_lost)
        *hold = HOLD_UTF8;
    else
        *hold = retention_uidls(w->book.ledger, b->listing.n, old, b->listing.n - old);
    return 0;
}

static int mark_hold(struct mailbox *b, enum retention_hold hold, struct err *e)
{
    struct worker *w = b->w;
    char *value;
    int rc;

    if (hold == HOLD_NONE)
        return book_mark(&w->book, "hold", "-", e);
    if (hold != HOLD_UIDLS_CHANGED || ledger_mark(w->book.ledger, "hold").p != NULL)
        return 0;
    value = mem_printf("%llu", (unsigned long long)retention_known(w->book.ledger));
    rc = book_mark(&w->book, "hold", value, e);
    free(value);
    return rc;
}

static int expire_all(struct mailbox *b, struct expire *x, struct err *e)
{
    struct worker *w = b->w;

    tell_stage(w->tell, STAGE_DELETING);
    if (find_hold(b, &x->hold, e) < 0 || mark_hold(b, x->hold, e) < 0 ||
        expire_run(x, &b->s, e) < 0)
        return -1;
    if (w->totals.held > 0) {
        tell_trouble(
            w->tell, ST_HELD,
            trn("%llu deletion held back: %s", "%llu deletions held back: %s", w->totals.held),
            (unsigned long long)w->totals.held, retention_hold_text(x->hold));
        worker_worsen(w, ST_HELD);
    }
    if (w->totals.copy_changed > 0)
        worker_worsen(w, ST_DATA);
    return 0;
}

static int leave(struct mailbox *b, struct expire *x, struct err *e)
{
    struct err quit = ERR_INIT;
    bool ok;
    int rc;

    tell_stage(b->w->tell, STAGE_QUITTING);
    rc = session_quit(&b->s, &ok, &quit);
    if (!b->w->options->dry_run)
        ticket_save(b->w->book.dir_fd, b->w->account, clock_wall_s(), buf_sv(&b->s.ticket));
    if (rc == 0 && ok)
        return b->w->options->dry_run ? 0 : expire_quit_answered(x, e);
    if (rc < 0)
        tell_trouble(b->w->tell, ST_INCOMPLETE,
                     "QUIT was not answered (%s); the next run will see what was deleted",
                     quit.text);
    else
        tell_refusal(b->w->tell, ST_INCOMPLETE, b->s.refusal,
                     "the server refused QUIT (%s); the next run will see what was deleted",
                     b->s.refusal);
    worker_worsen(b->w, ST_INCOMPLETE);
    return 0;
}

static void count_matched(struct mailbox *b)
{
    b->w->matched = b->w->totals.left = 0;
    for (size_t i = 0; i < b->plan.n; i++) {
        b->w->matched += b->plan.items[i].entry != LEDGER_NONE;
        b->w->totals.left += !b->plan.items[i].settled;
    }
}

static int work(struct mailbox *b, struct err *e)
{
    struct worker *w = b->w;
    struct expire x = {.account = w->account,
                       .options = w->options,
                       .book = &w->book,
                       .finder = w->finder,
                       .plan = &b->plan,
                       .messages = b->messages,
                       .totals = &w->totals,
                       .tell = w->tell,
                       .sync_copies = !w->options->dry_run && w->maildir != NULL &&
                                      !maildir_uses_syncfs(w->maildir),
                       .now = w->options->has_as_of ? w->options->as_of : clock_wall_s()};
    int rc = -1;

    if (w->options->dry_run)
        tell_would_fetch(b);
    if (w->options->dry_run ? w->maildir != NULL && check_space(b, e) < 0 : fetch_all(b, e) < 0)
        goto out;
    if (!w->options->has_as_of)
        x.now = clock_wall_s(); /* fetching may have taken hours, or the clock was set meanwhile */
    if (w->totals.failed > 0 || mailbox_shows_a_part(b))
        worker_worsen(w, ST_INCOMPLETE);
    if (w->n_voided > 0) {
        *e = w->void_error;
        err_advise(e, "the other messages were fetched; nothing was deleted");
        goto out;
    }
    if (expire_all(b, &x, e) < 0)
        goto out;
    rc = leave(b, &x, e);
    if (mailbox_shows_a_part(b))
        tell_trouble(
            w->tell, ST_INCOMPLETE,
            "this server shows a part of the mailbox at a time (EXPIRE 0, %zu listed): run "
            "again in 5 minutes for the rest",
            b->listing.n);
    if (rc == 0)
        rc = mailbox_warn_of_bare_ends(b, e);
out:
    expire_free(&x);
    return rc;
}

int mailbox_session(struct worker *w, bool *again, struct err *e)
{
    struct mailbox b = {.w = w};
    uint64_t before = w->totals.fetched + w->totals.matched;
    int64_t login;
    bool hung_up;
    int rc;

    listing_init(&b.listing);
    tell_progress(w->tell, PHASE_CONNECTING, 0, 0, 0, 0);
    rc = mailbox_open_session(&b, e);
    login = clock_wall_s();
    if (rc == 0 && list_and_plan(&b, e) < 0)
        rc = -1;
    if (rc == 0)
        rc = mailbox_remember_server(&b, e);
    if (rc == 0)
        rc = mailbox_warn_of_server(&b, e);
    if (rc == 0)
        rc = work(&b, e);
    if (rc == 0)
        rc = mailbox_remember_pipelining(&b, e);
    hung_up = rc < 0 && mailbox_hung_up_on_pipelining(&b, e);
    if ((hung_up || (rc < 0 && b.s.wants_lock_step)) && !w->gave_pipelining_up) {
        w->hung_up = hung_up;
        w->gave_pipelining_up = w->memory.no_pipelining = true;
        *again = true;
    } else if (rc < 0) {
        bool gained = w->totals.fetched + w->totals.matched > before;

        *again =
            mailbox_go_on_without(&b, e) || mailbox_go_on_around(&b, e) || (e->line_cut && gained);
    }
    if (b.messages != NULL)
        count_matched(&b);
    mailbox_remember_login(w, &b.s, login);
    session_free(&b.s); /* after a failure: without QUIT */
    plan_free(&b.plan);
    free(b.when);
    free(b.messages);
    listing_free(&b.listing);
    return rc;
}
