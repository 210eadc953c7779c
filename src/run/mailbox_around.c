/* SPDX-License-Identifier: ISC */
/* Messages at which a session ended: the others are fetched, and deleted, around them. */
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/run/mailbox_inside.h"
#include "popkeep/run/receive.h"

static void tell_left_out(struct mailbox *b, size_t item, enum status status, const char *text)
{
    struct event ev;

    event_init(&ev, EVENT_FAILED, b->w->account->name);
    ev.num[EN_STATUS] = status;
    ev.num[EN_NUMBER] = b->messages[item].number;
    ev.str[ES_UIDL] = sv_make(b->messages[item].uidl, b->messages[item].uidl_n);
    ev.str[ES_TEXT] = sv_of(tr(text));
    tell_event(b->w->tell, &ev);
    b->w->totals.failed++;
}

static bool has_line(const struct buf *lines, struct sv line)
{
    struct sv rest = buf_sv(lines);

    while (rest.n > 0)
        if (sv_eq(sv_token(&rest, '\n'), line))
            return true;
    return false;
}

/* Add the message's UIDL to the lines. False: it has none, or there is no room. */
static bool add_line(struct buf *lines, const struct plan_message *m)
{
    size_t before = lines->n;

    if (m->uidl == NULL)
        return false;
    text_token(lines, sv_make(m->uidl, m->uidl_n));
    return lines->n > before && buf_add_char(lines, '\n') == 0;
}

static enum receive_when place(struct mailbox *b, size_t item, struct sv uidl)
{
    const struct worker *w = b->w;

    if (has_line(&w->voided, uidl)) {
        tell_left_out(b, item, ST_PROTOCOL,
                      "the server cannot send this message right; it is left out of this run");
        return RECEIVE_NOT;
    }
    if (has_line(&w->cut_twice, uidl)) {
        tell_left_out(b, item, ST_TEMP,
                      "the connection ended twice while the server was to send this message; it is "
                      "left out of this run");
        return RECEIVE_NOT;
    }
    if (!has_line(&w->cut_once, uidl))
        return RECEIVE_NOW;
    if (w->n_cut_once == 1)
        return RECEIVE_LATE;
    tell_left_out(b, item, ST_TEMP,
                  "the connection ended while the server was to send this message, as it did at "
                  "another one; it is left out of this run");
    return RECEIVE_NOT;
}

/* A message that ended an earlier session of this run must not keep the others from being fetched
 * and deleted: it comes last, or not at all. */
void mailbox_put_in_order(struct mailbox *b)
{
    struct buf token = BUF_INIT(4 * LISTING_UIDL_MAX);

    if (b->w->voided.n == 0 && b->w->cut_once.n == 0)
        return;
    b->when = mem_zalloc(b->plan.n, sizeof *b->when);
    for (size_t i = 0; i < b->plan.n; i++) {
        if (b->plan.items[i].why == PLAN_KNOWN || b->messages[i].uidl == NULL)
            continue;
        buf_clear(&token);
        text_token(&token, sv_make(b->messages[i].uidl, b->messages[i].uidl_n));
        b->when[i] = (uint8_t)place(b, i, buf_sv(&token));
    }
    buf_free(&token);
}

/* The session ended because of one message: fetch the others in another one. That one deletes
 * nothing and ends without QUIT: a server that does not double dots has spoilt mail in ways that do
 * not show. */
bool mailbox_go_on_without(struct mailbox *b, const struct err *e)
{
    struct worker *w = b->w;

    if (!b->s.voided || w->n_voided >= WORKER_VOIDED ||
        !add_line(&w->voided, &b->messages[b->s.voided_item]))
        return false;
    if (w->n_voided++ == 0)
        w->void_error = *e;
    return true;
}

/* Nothing new came in this run, and nothing in the last one, however often it connected. */
static bool gains_nothing(const struct worker *w)
{
    const struct ledger_run *last = ledger_run(w->book.ledger);

    return w->totals.fetched + w->totals.matched == 0 && last->status == ST_TEMP &&
           last->fetched == 0;
}

/* The line was cut, or silent, where this message was due. If that is its own doing (a server that
 * falls over it), no run would ever get beyond it: the next session takes it last, and the one
 * after that not at all. If there is another such message, both are left out: a session spent on
 * each of them would leave none for the deletions. Of too many of them nothing can be gained: then
 * the last session is for the deletions alone. */
bool mailbox_go_on_around(struct mailbox *b, const struct err *e)
{
    struct worker *w = b->w;
    const struct plan_message *m;

    if (!e->line_cut || !b->s.cut)
        return false;
    m = &b->messages[b->s.cut_item];
    if (b->when != NULL && b->when[b->s.cut_item] == RECEIVE_LATE)
        return add_line(&w->cut_twice, m);
    if (!add_line(&w->cut_once, m))
        return false;
    w->only_delete = ++w->n_cut_once >= WORKER_RECONNECTS && gains_nothing(w);
    return true;
}

void mailbox_leave_new_mail(struct mailbox *b)
{
    uint64_t n = 0;

    for (size_t i = 0; i < b->plan.n; i++)
        n += b->plan.items[i].why != PLAN_KNOWN && b->when[i] == RECEIVE_NOW;
    if (n == 0)
        return;
    tell_trouble(b->w->tell, ST_TEMP,
                 "new messages not asked for any more: %llu; the connection has ended at each "
                 "that was, in this run and the last one",
                 (unsigned long long)n);
    worker_worsen(b->w, ST_TEMP);
}
