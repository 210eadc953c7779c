/* SPDX-License-Identifier: ISC */
/* Events of a worker, from either of its threads, and the wire trace. See the header. */
#include "popkeep/run/tell.h"

#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/manager.h"
#include "popkeep/sys/output.h"

enum { TRACE_MAX = 600 };

void tell_init(struct tell *t, const char *account, void (*emit)(void *, const struct event *),
               void *ctx, const struct run_options *o, bool json)
{
    t->account = account;
    t->emit = emit;
    t->ctx = ctx;
    t->stage = STAGE_LOCAL;
    t->trace = o->verbose >= 3;
    t->each = o->verbose >= 1 || o->dry_run || json;
    pthread_mutex_init(&t->lock, NULL);
}

void tell_end(struct tell *t)
{
    pthread_mutex_destroy(&t->lock);
}

enum event_stage tell_stage(struct tell *t, enum event_stage stage)
{
    enum event_stage was;

    pthread_mutex_lock(&t->lock);
    was = t->stage;
    t->stage = stage;
    pthread_mutex_unlock(&t->lock);
    return was;
}

static bool has_stage(enum event_kind kind)
{
    return kind == EVENT_NOTE || kind == EVENT_WARNING || kind == EVENT_ERROR ||
           kind == EVENT_FAILED;
}

void tell_event(struct tell *t, const struct event *ev)
{
    struct event timed = *ev;

    timed.num[EN_TIME] = clock_wall_s();
    pthread_mutex_lock(&t->lock);
    if (has_stage(ev->kind) && ev->num[EN_STAGE] == EVENT_UNSET)
        timed.num[EN_STAGE] = t->stage;
    t->emit(t->ctx, &timed);
    pthread_mutex_unlock(&t->lock);
}

void tell_start(struct event *ev, const struct account *a)
{
    event_init(ev, EVENT_ACCOUNT_START, a->name);
    ev->str[ES_HOST] = sv_of(a->host);
    ev->num[EN_PORT] = a->port;
    ev->str[ES_MAILDIR] = sv_of(a->maildir);
    ev->num[EN_TIME] = clock_wall_s();
}

static void tell_va(struct tell *t, enum event_kind kind, int64_t status, const char *server,
                    const char *fmt, va_list ap) __attribute__((format(printf, 5, 0)));
static void tell_va(struct tell *t, enum event_kind kind, int64_t status, const char *server,
                    const char *fmt, va_list ap)
{
    struct buf text = BUF_INIT(ERR_TEXT_MAX);
    struct event ev;

    (void)buf_vaddf(&text, tr(fmt), ap);
    event_init(&ev, kind, t->account);
    ev.num[EN_STATUS] = status;
    ev.str[ES_TEXT] = buf_sv(&text);
    ev.str[ES_SERVER] = sv_of(server);
    tell_event(t, &ev);
    buf_free(&text);
}

void tell_text(struct tell *t, enum event_kind kind, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell_va(t, kind, EVENT_UNSET, NULL, fmt, ap);
    va_end(ap);
}

void tell_trouble(struct tell *t, enum status status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell_va(t, EVENT_WARNING, status, NULL, fmt, ap);
    va_end(ap);
}

void tell_refusal(struct tell *t, enum status status, const char *server, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell_va(t, EVENT_WARNING, status, server, fmt, ap);
    va_end(ap);
}

void tell_error(struct tell *t, const struct err *e, const char *hint)
{
    struct event ev;

    event_init(&ev, EVENT_ERROR, t->account);
    ev.num[EN_STATUS] = e->status;
    ev.str[ES_TEXT] = sv_of(e->text);
    if (e->server[0] != '\0')
        ev.str[ES_SERVER] = sv_of(e->server);
    ev.str[ES_HINT] = sv_of(hint);
    tell_event(t, &ev);
}

void tell_end_account(struct tell *t, enum status status)
{
    struct event ev;

    event_init(&ev, EVENT_ACCOUNT_END, t->account);
    ev.num[EN_STATUS] = status;
    if (status != ST_OK)
        ev.num[EN_STAGE] = t->stage;
    tell_event(t, &ev);
}

void tell_progress(struct tell *t, int phase, uint64_t done, uint64_t total, uint64_t done_octets,
                   uint64_t total_octets)
{
    struct event ev;

    event_init(&ev, EVENT_PROGRESS, t->account);
    ev.num[EN_PHASE] = phase;
    ev.num[EN_DONE] = (int64_t)done;
    ev.num[EN_TOTAL] = (int64_t)total;
    ev.num[EN_DONE_OCTETS] = (int64_t)done_octets;
    ev.num[EN_TOTAL_OCTETS] = (int64_t)total_octets;
    tell_event(t, &ev);
}

void tell_trace(struct tell *t, char direction, struct sv text)
{
    struct buf line = BUF_INIT(8192);
    struct err ignored = ERR_INIT;

    if (!t->trace)
        return;
    (void)buf_addf(&line, "%s %c ", t->account, direction);
    text_escape(&line, text, TRACE_MAX);
    (void)buf_add_char(&line, '\n');
    manager_mark(&line, 0, 2, MANAGER_NOTE);
    /* a trace that cannot be written must not stop mail */
    (void)output_write(2, buf_sv(&line), &ignored);
    buf_free(&line);
}
