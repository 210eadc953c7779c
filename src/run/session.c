/* SPDX-License-Identifier: ISC */
/*
 * The pump between connection and engine: octets in, events out, with the deadlines of a session.
 * Opening and login stand in login.c.
 */
#include "popkeep/run/session.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/sys/clock.h"

static void trace_reply(struct session *s, const struct pop3_event *ev)
{
    struct buf line = BUF_INIT(POP3_STATUS_MAX + 16);

    if (!s->tell->trace)
        return;
    if (ev->kind == POP3_LINE || ev->kind == POP3_CONTINUE)
        (void)buf_add_c(&line, ev->kind == POP3_CONTINUE ? "+ " : "");
    else
        (void)buf_add_c(&line, ev->ok ? "+OK" : "-ERR");
    if (ev->text.n > 0 && ev->kind != POP3_LINE && ev->kind != POP3_CONTINUE)
        (void)buf_add_char(&line, ' ');
    (void)buf_add_sv(&line, ev->text);
    tell_trace(s->tell, '<', buf_sv(&line));
    buf_free(&line);
}

static int take_event(struct session *s, struct pop3_event *ev, struct err *e);

/* With nothing in flight there is nothing to read; were it taken for the answer to the command that
 * leaves now, the next mail would be stored with a status line in front. */
static int check_nothing_came(struct session *s, struct err *e)
{
    struct pop3_event ev;

    if (engine_in_flight(s->engine) > 0 || s->unread.n == 0)
        return 0;
    return take_event(s, &ev, e) < 0 ? -1 : 0;
}

int session_send(struct session *s, enum pop3_verb verb, uint32_t number, struct sv arg,
                 uint64_t tag, struct err *e)
{
    struct buf line = BUF_INIT(POP3_STATUS_MAX * 2);

    if (check_nothing_came(s, e) < 0)
        return -1;
    if (s->tell->trace) {
        engine_trace(&line, verb, number, arg);
        tell_trace(s->tell, '>', buf_sv(&line));
        buf_free(&line);
    }
    if (engine_in_flight(s->engine) == 0)
        s->flight_replies = 0;
    s->last_sent_ms = clock_mono_ms();
    return engine_send(s->engine, verb, number, arg, tag, &s->out, e);
}

/* Can another session without pipelining tell what this one could not? */
static bool may_go_without(const struct session *s)
{
    return s->pipelining && s->account->pipelining == PIPELINING_AUTO;
}

bool session_doubts_order(struct session *s)
{
    s->wants_lock_step = s->wants_lock_step || may_go_without(s);
    return s->wants_lock_step;
}

/* Some servers repeat a command they refuse, and with it the password. */
static struct sv without_secret(const struct session *s, struct sv text)
{
    for (size_t i = 0; i < sizeof s->secrets / sizeof s->secrets[0]; i++)
        if (s->secrets[i].n > 0 && text.n > 0 &&
            memmem(text.p, text.n, s->secrets[i].p, s->secrets[i].n) != NULL)
            return sv_of(tr("(its text repeats the password and is not shown)"));
    return text;
}

/* 1: an event; 0: more input is needed. */
static int take_event(struct session *s, struct pop3_event *ev, struct err *e)
{
    if (s->unread.n == 0)
        return 0;
    if (engine_next(s->engine, &s->unread, ev, e) < 0)
        return -1;
    if (engine_in_doubt(s->engine) && session_doubts_order(s))
        return err_set(e, ST_PROTOCOL,
                       "where a message begins or ends is in doubt: it holds what looks like an "
                       "answer to the next command");
    if (ev->kind == POP3_MORE)
        return 0;
    if (ev->kind == POP3_REPLY || ev->kind == POP3_CONTINUE)
        ev->text = without_secret(s, ev->text);
    if (ev->kind == POP3_REPLY && !ev->ok)
        text_escape_to(s->refusal, sizeof s->refusal, ev->text);
    if (ev->kind == POP3_GREETING || ev->kind == POP3_REPLY || ev->kind == POP3_CONTINUE)
        trace_reply(s, ev);
    if (ev->kind == POP3_REPLY && s->pipelining && ++s->flight_replies > 1)
        s->pipelining_proven = true;
    if (ev->kind == POP3_END && ev->bare_end)
        s->bare_end_seen = true;
    return 1;
}

/* A server that sends less than 1 KiB/s over five minutes would hold a scheduled run for ever. */
static int check_rate(struct session *s, struct err *e)
{
    int64_t now = clock_mono_ms();
    uint64_t sent, received;

    conn_counts(s->conn, &sent, &received);
    if (!engine_in_message(s->engine)) {
        s->receiving_since_ms = 0;
        return 0;
    }
    if (s->receiving_since_ms == 0 ||
        received - s->received_mark >= (uint64_t)SESSION_SLOW_S * SESSION_SLOW_RATE) {
        s->receiving_since_ms = now;
        s->received_mark = received;
        return 0;
    }
    if (now - s->receiving_since_ms < (int64_t)SESSION_SLOW_S * 1000)
        return 0;
    err_set(e, ST_TEMP,
            "the server sent less than %d octets a second over %d minutes; gave up for now",
            SESSION_SLOW_RATE, SESSION_SLOW_S / 60);
    s->too_slow = true;
    return err_cut(e);
}

/* How long one wait may last: the caller's wish, the account's timeout, or the time to probe. */
static int wait_length(struct session *s, int wait_ms, bool *probing)
{
    int limit = wait_ms >= 0 ? wait_ms : (int)s->account->timeout_s * 1000;

    *probing = !s->pipelining && engine_maybe_ended(s->engine);
    if (*probing && limit > SESSION_PROBE_MS)
        return SESSION_PROBE_MS;
    *probing = *probing && limit == SESSION_PROBE_MS;
    return limit;
}

static int silence(struct session *s, int wait_ms, bool probing, struct err *e)
{
    if (probing)
        return engine_probe(s->engine, UINT64_MAX, &s->out, e);
    if (wait_ms >= 0)
        return 0;
    s->wants_lock_step = may_go_without(s) && engine_in_message(s->engine);
    err_set(e, ST_TEMP,
            trn("the server was silent for %u second", "the server was silent for %u seconds",
                s->account->timeout_s),
            s->account->timeout_s);
    return err_cut(e);
}

/* One wait. 1: something was read, 0: silence (or probed), -1. */
static int pump(struct session *s, int wait_ms, bool *idle, struct err *e)
{
    size_t got = 0;
    bool probing;
    int ms = wait_length(s, wait_ms, &probing);

    *idle = false;
    switch (conn_exchange(s->conn, &s->out, s->in, s->in_cap, &got, ms, false, e)) {
    case CONN_READ:
        s->unread = sv_make(s->in, got);
        return check_rate(s, e) < 0 ? -1 : 1;
    case CONN_TIMEOUT:
        if (silence(s, wait_ms, probing, e) < 0)
            return -1;
        *idle = !probing;
        return 0;
    case CONN_INTERRUPTED:
        return err_set(e, ST_TEMP, "interrupted");
    case CONN_EOF:
        if (engine_eof(s->engine, e) < 0)
            return -1;
        err_set(e, ST_TEMP, "the server closed the connection");
        return err_cut(e);
    case CONN_SENT:
    case CONN_ERROR:
    default:
        return -1;
    }
}

int session_next(struct session *s, int wait_ms, struct pop3_event *ev, struct err *e)
{
    for (;;) {
        bool idle;
        int rc = take_event(s, ev, e);

        if (rc != 0)
            return rc;
        rc = pump(s, wait_ms, &idle, e);
        if (rc < 0)
            return -1;
        if (idle)
            return 0;
    }
}

int session_reply(struct session *s, bool *ok, enum pop3_code *code, char *text, size_t cap,
                  struct err *e)
{
    struct pop3_event ev;
    bool block = false;

    do {
        if (session_next(s, -1, &ev, e) < 0)
            return -1;
        if (ev.kind == POP3_REPLY) {
            *ok = ev.ok;
            if (code != NULL)
                *code = ev.code;
            if (text != NULL)
                text_escape_to(text, cap, ev.text);
            block = ev.ok && (ev.verb == POP3_CAPA || ev.verb == POP3_RETR);
        } else if (ev.kind == POP3_LINE && ev.verb == POP3_CAPA) {
            capa_line(&s->capa, ev.text);
        } else if (ev.kind == POP3_END) {
            block = false;
        }
    } while (block || ev.kind == POP3_LINE || ev.kind == POP3_DATA);
    return 0;
}

int session_keep_alive(struct session *s, struct err *e)
{
    bool ok;

    if (engine_in_flight(s->engine) > 0 || clock_mono_ms() - s->last_sent_ms < SESSION_QUIET_MS)
        return 0;
    if (session_send(s, POP3_NOOP, 0, SV_NULL, 0, e) < 0)
        return -1;
    return session_reply(s, &ok, NULL, NULL, 0, e);
}

int session_quit(struct session *s, bool *ok, struct err *e)
{
    int rc = -1;

    *ok = false;
    if (session_send(s, POP3_QUIT, 0, SV_NULL, 0, e) == 0 &&
        session_reply(s, ok, NULL, NULL, 0, e) == 0)
        rc = 0;
    (void)conn_keep(s->conn, &s->ticket);
    conn_close(s->conn, rc == 0);
    s->conn = NULL;
    return rc;
}

void session_drop(struct session *s)
{
    conn_close(s->conn, false);
    s->conn = NULL;
}

void session_free(struct session *s)
{
    session_drop(s);
    engine_free(s->engine);
    buf_wipe(&s->out);
    buf_wipe(&s->ticket);
    free(s->in);
    *s = (struct session){0};
}
