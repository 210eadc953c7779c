/* SPDX-License-Identifier: ISC */
/* What the pool tells: a worker's events, and its own of accounts and of the run. */
#include "popkeep/base/translate.h"
#include "popkeep/run/pool_inside.h"
#include "popkeep/run/tell.h"
#include "popkeep/sys/clock.h"

/* What the first of two tries did is done: the second one does not know of it. */
static void add_first(const struct slot *s, struct event *ev)
{
    static const enum event_num sums[] = {EN_FETCHED, EN_FETCHED_OCTETS, EN_MATCHED,
                                          EN_DELETED, EN_GONE,           EN_MS};
    struct sv frame = buf_sv(&s->first);
    struct event first;

    if (event_unpack(&frame, &first) <= 0)
        return;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        if (first.num[sums[i]] != EVENT_UNSET)
            ev->num[sums[i]] = event_plus(event_num(ev, sums[i], 0), first.num[sums[i]]);
}

void pool_tell_slot(const struct pool *p, enum event_kind kind, const struct slot *s, int64_t stage,
                    const char *reason, const char *text)
{
    struct event ev;

    event_init(&ev, kind, s->account->name);
    ev.num[EN_TIME] = clock_wall_s();
    ev.num[EN_STATUS] = kind == EVENT_NOTE ? EVENT_UNSET : (int64_t)s->status;
    if (kind != EVENT_NOTE && s->status != ST_OK)
        ev.num[EN_STAGE] = stage;
    ev.str[ES_TEXT] = sv_of(text);
    ev.str[ES_REASON] = sv_of(reason);
    if (kind == EVENT_ACCOUNT_END)
        add_first(s, &ev);
    p->job->event(p->job->ctx, &ev);
}

void pool_let_go(struct pool *p, struct slot *s)
{
    struct sv rest = buf_sv(&s->held);
    struct event ev;

    while (event_unpack(&rest, &ev) > 0)
        p->job->event(p->job->ctx, &ev);
    buf_free(&s->held);
}

/* Its own end, unless it was killed behind that: then its numbers stand, but it did not end well.
 */
void pool_tell_its_end(struct pool *p, struct slot *s)
{
    struct sv frame = buf_sv(&s->end);
    struct event ev;

    if (event_unpack(&frame, &ev) <= 0) {
        pool_tell_slot(p, EVENT_ACCOUNT_END, s, STAGE_WORKER, NULL, NULL);
        return;
    }
    if (ev.num[EN_STATUS] != (int64_t)s->status) {
        ev.num[EN_STATUS] = s->status;
        ev.num[EN_STAGE] = STAGE_WORKER;
    }
    add_first(s, &ev);
    p->job->event(p->job->ctx, &ev);
    buf_free(&s->end);
}

/* What ended an account whose mailbox is in use is not told before it is clear that there is no
 * further try: each account ends once. */
void pool_take_event(struct pool *p, struct slot *s, const struct event *ev)
{
    bool may_wait = p->job->options.command == RUN_FETCH && p->n > 1 && !s->again;

    if (ev->kind == EVENT_ACCOUNT_END && s->end.n == 0) {
        event_pack(&s->end, ev);
        s->in_use = may_wait && sv_eq_c(ev->str[ES_REASON], "in-use");
        return;
    }
    pool_let_go(p, s);
    if (may_wait && ev->kind == EVENT_ERROR && event_num(ev, EN_STATUS, ST_OK) == ST_TEMP)
        event_pack(&s->held, ev);
    else
        p->job->event(p->job->ctx, ev);
}

void pool_tell_run(const struct pool *p, enum event_kind kind, struct sv text)
{
    struct event ev;

    event_init(&ev, kind, NULL);
    ev.num[EN_TIME] = clock_wall_s();
    if (kind == EVENT_ERROR) {
        ev.num[EN_STATUS] = ST_TEMP;
        ev.num[EN_STAGE] = STAGE_WORKER;
    }
    ev.str[ES_TEXT] = text;
    p->job->event(p->job->ctx, &ev);
}

void pool_begin(struct pool *p, struct slot *s)
{
    struct event ev;

    s->begun = true;
    tell_start(&ev, s->account);
    p->job->event(p->job->ctx, &ev);
}

void pool_begin_again(struct pool *p, struct slot *s)
{
    buf_free(&s->held);
    s->first = s->end;
    s->end = (struct buf)BUF_INIT(POOL_HELD_MAX);
    s->in_use = s->nonsense = false;
    s->again = true;
    pool_tell_slot(p, EVENT_NOTE, s, EVENT_UNSET, NULL,
                   tr("the mailbox was in use; trying once more"));
}

static void why_text(struct buf *out, const struct pool *p, size_t n)
{
    if (p->ending == ENDING_TIME)
        trn_addf(out, n, "the time is over (max_time): %zu account not begun",
                 "the time is over (max_time): %zu accounts not begun", n);
    else if (p->ending == ENDING_FAILURE)
        trn_addf(out, n, "%s failed (--fail-fast): %zu account not begun",
                 "%s failed (--fail-fast): %zu accounts not begun", p->failed->account->name, n);
    else
        trn_addf(out, n, "ended by a signal: %zu account not begun",
                 "ended by a signal: %zu accounts not begun", n);
}

static void tell_why(const struct pool *p, size_t n)
{
    struct buf text = BUF_INIT(1024);

    why_text(&text, p, n);
    pool_tell_run(p, EVENT_ERROR, buf_sv(&text));
    buf_free(&text);
}

/* Those that were not begun, and those for whose second try there was no time. */
void pool_finish_rest(struct pool *p)
{
    size_t n = 0;

    for (size_t k = 0; k < p->turns.n_waiting; k++)
        n += !p->slots[p->turns.waiting[k]].begun;
    if (n > 0)
        tell_why(p, n);
    for (size_t k = 0; k < p->turns.n_waiting; k++) {
        struct slot *s = &p->slots[p->turns.waiting[k]];
        if (s->begun) {
            pool_let_go(p, s);
            pool_tell_its_end(p, s);
        } else {
            pool_begin(p, s);
            s->status = ST_TEMP;
            pool_tell_slot(p, EVENT_ACCOUNT_END, s, EVENT_UNSET, "not-begun", NULL);
        }
    }
}
