/* SPDX-License-Identifier: ISC */
/*
 * The receiving thread: which RETR is sent when, and what becomes of the answers. How octets become
 * parcels stands in incoming.c.
 */
#include "popkeep/run/receive.h"

#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/run/incoming.h"
#include "popkeep/sys/clock.h"

enum { PUSH_WAIT_MS = 1000, PROGRESS_MS = 100 };
#define TAG_LAST (UINT64_MAX - 1) /* of the NOOP behind the last RETR */
#define TAG_CALM (UINT64_MAX - 2) /* of the one before a RETR that may end the session */

struct receive {
    struct session *s;
    const struct plan *plan;
    const struct plan_message *messages;
    const uint8_t *when; /* enum receive_when, or null */
    struct queue *queue;
    struct run_totals *totals;
    struct incoming incoming;
    struct parcel *unconfirmed; /* the last parcel of a message whose end was seen */
    size_t next;                /* turn to look at for the next RETR; see item_of */
    size_t asked;               /* RETRs not yet answered whole */
    uint64_t asked_octets;      /* sum of their LIST sizes */
    bool sizes_lie;             /* a message came with another size than listed */
    bool noop_sent, ended;
    bool calm, calming; /* all that was asked for is confirmed; a NOOP is to prove it */
    uint64_t done, done_octets;
    int64_t told_ms;
};

static uint64_t listed_octets(const struct receive *r, size_t item)
{
    uint64_t size = r->messages[item].size;

    return size == RECORD_NO_SIZE ? 0 : size;
}

static void tell_where(struct receive *r, bool now)
{
    int64_t ms = clock_mono_ms();

    if (!now && ms - r->told_ms < PROGRESS_MS)
        return;
    r->told_ms = ms;
    tell_progress(r->s->tell, PHASE_FETCHING, r->done, r->plan->fetch_n,
                  r->done_octets + r->incoming.wire_octets, r->plan->fetch_octets);
}

/* Hand a parcel over. While the disk is slow the line must not fall silent. */
static int push(void *ctx, struct parcel *p, struct err *e)
{
    struct receive *r = ctx;
    int rc;

    while ((rc = queue_push(r->queue, p, PUSH_WAIT_MS)) == 0) {
        r->s->receiving_since_ms = 0; /* it is us who are slow */
        if (session_keep_alive(r->s, e) < 0)
            break;
    }
    if (rc == 1)
        return 0;
    parcel_free(p);
    if (rc < 0)
        return err_set(e, ST_IO, "storing has stopped");
    return -1;
}

static int confirm(struct receive *r, struct err *e)
{
    struct parcel *p = r->unconfirmed;

    if (p == NULL)
        return 0;
    r->unconfirmed = NULL;
    r->done++;
    r->done_octets += p->wire_octets;
    r->s->progress = true;
    return push(r, p, e);
}

/* Two turns an item: those that may end the session come when all others are confirmed. After a
 * session that ended at a message, from the other end: another such message near the first would
 * stand before all the others again. */
static size_t item_of(const struct receive *r, size_t turn)
{
    size_t item = turn % r->plan->n;

    return r->when == NULL ? item : r->plan->n - 1 - item;
}

static bool is_due(const struct receive *r, size_t turn)
{
    size_t item = item_of(r, turn);
    bool late = turn >= r->plan->n;

    if (r->plan->items[item].why == PLAN_KNOWN)
        return false;
    return (r->when == NULL ? RECEIVE_NOW : r->when[item]) == (late ? RECEIVE_LATE : RECEIVE_NOW);
}

static int calm_down(struct receive *r, struct err *e)
{
    if (r->asked > 0 || r->calming)
        return 0;
    r->calming = true;
    return session_send(r->s, POP3_NOOP, 0, SV_NULL, TAG_CALM, e);
}

static bool window_open(const struct receive *r, size_t item)
{
    if (r->asked == 0)
        return true;
    if (!r->s->pipelining || r->asked >= RECEIVE_WINDOW)
        return false;
    return r->asked_octets + listed_octets(r, item) <= RECEIVE_WINDOW_OCTETS;
}

/* As many RETR as the window takes. A NOOP follows the last one, in the same flight: its answer
 * proves the last message whole. */
static int ask(struct receive *r, struct err *e)
{
    for (; r->next < 2 * r->plan->n; r->next++) {
        size_t item = item_of(r, r->next);

        if (!is_due(r, r->next))
            continue;
        if (r->next >= r->plan->n && !r->calm)
            return calm_down(r, e);
        if (!window_open(r, item))
            return 0;
        if (session_send(r->s, POP3_RETR, r->messages[item].number, SV_NULL, item, e) < 0)
            return -1;
        r->calm = false;
        r->asked++;
        r->asked_octets += listed_octets(r, item);
    }
    if (r->noop_sent || (r->asked > 0 && !r->s->pipelining))
        return 0;
    r->noop_sent = true;
    return session_send(r->s, POP3_NOOP, 0, SV_NULL, TAG_LAST, e);
}

static void answered(struct receive *r, size_t item)
{
    r->asked--;
    r->asked_octets -= listed_octets(r, item);
}

static void tell_failed(struct receive *r, size_t item)
{
    struct buf text = BUF_INIT(4096);
    struct event ev;

    (void)tr_addf(&text, "message %u could not be fetched; the server says: %s",
                  r->messages[item].number, r->s->refusal);
    event_init(&ev, EVENT_FAILED, r->s->tell->account);
    ev.num[EN_STATUS] = ST_INCOMPLETE;
    ev.num[EN_NUMBER] = r->messages[item].number;
    ev.str[ES_UIDL] = sv_make(r->messages[item].uidl, r->messages[item].uidl_n);
    ev.str[ES_TEXT] = buf_sv(&text);
    ev.str[ES_SERVER] = sv_of(r->s->refusal);
    tell_event(r->s->tell, &ev);
    buf_free(&text);
    r->totals->failed++;
}

static int take_reply(struct receive *r, const struct pop3_event *ev, struct err *e)
{
    if (ev->verb == POP3_RETR && !ev->ok)
        tell_failed(r, (size_t)ev->tag);
    /* a status line follows: the message before was whole */
    if (confirm(r, e) < 0)
        return -1;
    if (ev->verb == POP3_NOOP) {
        r->ended = r->ended || ev->tag == TAG_LAST;
        if (ev->tag != TAG_CALM)
            return 0;
        r->calm = true;
        r->calming = false;
        return ask(r, e);
    }
    if (ev->verb != POP3_RETR)
        return 0;
    if (ev->ok) {
        incoming_begin(&r->incoming, (size_t)ev->tag);
        return 0;
    }
    answered(r, (size_t)ev->tag);
    return ask(r, e);
}

/* The nearest item that is fetched, behind (step 1) or before (step SIZE_MAX) this one, has that
 * size. */
static bool neighbour_has(const struct receive *r, size_t item, size_t step, uint64_t octets)
{
    do {
        item += step; /* below 0 it wraps round to SIZE_MAX */
    } while (item < r->plan->n && r->plan->items[item].why == PLAN_KNOWN);
    return item < r->plan->n && r->messages[item].size == octets;
}

/* Has this message the listed size of its neighbour and not its own? A server that leaves out an
 * answer, or gives one twice, while commands are in flight hands over each mail under the UIDL of
 * another. Only sizes show it, and only where they were right so far; asked one by one it cannot
 * happen. */
static bool looks_like_its_neighbour(struct receive *r, size_t item)
{
    uint64_t own = r->messages[item].size, octets = r->incoming.wire_octets;

    /* Dovecot does not count the line end it adds to a mail without one */
    if (own == RECORD_NO_SIZE || own == octets || own + 2 == octets || r->sizes_lie)
        return false;
    r->sizes_lie = true;
    return neighbour_has(r, item, 1, octets) || neighbour_has(r, item, SIZE_MAX, octets);
}

static int take_end(struct receive *r, const struct pop3_event *ev, struct err *e)
{
    if (ev->verb != POP3_RETR)
        return 0;
    if (looks_like_its_neighbour(r, (size_t)ev->tag) && session_doubts_order(r->s))
        return err_set(e, ST_PROTOCOL,
                       "message %u came with the size of its neighbour: the server may answer in "
                       "another order than asked",
                       r->messages[ev->tag].number);
    /* the next RETR leaves before this message is worked on: the line does not wait for the disk */
    answered(r, (size_t)ev->tag);
    if (ask(r, e) < 0)
        return -1;
    r->unconfirmed = incoming_end(&r->incoming, e);
    if (r->unconfirmed == NULL)
        return -1;
    tell_where(r, false);
    return 0;
}

static int take(struct receive *r, const struct pop3_event *ev, struct err *e)
{
    switch (ev->kind) {
    case POP3_REPLY:
        return take_reply(r, ev, e);
    case POP3_DATA:
        tell_where(r, false);
        return incoming_add(&r->incoming, ev->text, e);
    case POP3_END:
        return take_end(r, ev, e);
    case POP3_MORE:
    case POP3_GREETING:
    case POP3_CONTINUE:
    case POP3_LINE:
    default:
        return 0;
    }
}

/* All is received: wait until all of it is durable. */
static int flush(struct receive *r, struct err *e)
{
    int rc;

    tell_progress(r->s->tell, PHASE_STORING, r->done, r->plan->fetch_n, r->done_octets,
                  r->plan->fetch_octets);
    if (push(r, parcel_new(PARCEL_FLUSH, 0), e) < 0)
        return -1;
    while ((rc = queue_wait_flushed(r->queue, PUSH_WAIT_MS)) == 0)
        if (session_keep_alive(r->s, e) < 0)
            return -1;
    return rc < 0 ? err_set(e, ST_IO, "storing has stopped") : 0;
}

static void note_voided(struct receive *r)
{
    r->s->voided = r->unconfirmed != NULL || r->incoming.under_way;
    if (r->s->voided)
        r->s->voided_item = r->unconfirmed != NULL ? r->unconfirmed->item : r->incoming.item;
}

/* At which message did the session end? */
static void note_cut(const struct receive *r)
{
    enum pop3_verb verb;
    uint64_t tag;

    r->s->cut = !r->s->too_slow && engine_oldest(r->s->engine, &verb, &tag) && verb == POP3_RETR;
    if (r->s->cut)
        r->s->cut_item = (size_t)tag;
}

int receive_all(struct session *s, const struct plan *plan, const struct plan_message *messages,
                const uint8_t *when, struct queue *q, struct run_totals *totals, struct err *e)
{
    struct receive r = {.s = s,
                        .plan = plan,
                        .messages = messages,
                        .when = when,
                        .queue = q,
                        .totals = totals,
                        .calm = true};
    struct pop3_event ev;
    int rc;

    if (plan->fetch_n == 0)
        return 0;
    incoming_init(&r.incoming, push, &r, s->account->line_endings == LINE_ENDINGS_LF);
    rc = ask(&r, e);
    while (rc == 0 && !r.ended) {
        rc = session_next(s, -1, &ev, e);
        rc = rc < 0 ? -1 : take(&r, &ev, e);
    }
    if (rc == 0)
        rc = flush(&r, e);
    if (rc < 0 && e->status == ST_PROTOCOL)
        note_voided(&r);
    if (rc < 0 && e->line_cut)
        note_cut(&r);
    parcel_free(r.unconfirmed);
    incoming_free(&r.incoming); /* voids what is not whole */
    return rc;
}
