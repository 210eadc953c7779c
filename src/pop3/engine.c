/* SPDX-License-Identifier: ISC */
/* The engine: which answer is awaited, where lines end, what an answer may look like. */
#include "popkeep/pop3/engine.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/pop3/body.h"
#include "popkeep/pop3/command.h"
#include "popkeep/pop3/inflight.h"
#include "popkeep/pop3/line.h"
#include "popkeep/pop3/respcode.h"
#include "popkeep/pop3/stranger.h"

#include <stdlib.h>

enum engine_state { AT_GREETING, AT_STATUS, IN_LINES, IN_BODY, AFTER_QUIT, FAILED };

struct engine {
    enum engine_state state;
    bool lf_mode;
    bool behind_message; /* a message has ended and no status line has come since */
    bool probing;        /* engine_probe has been called and is not yet decided */
    bool probed;         /* it has been called for the message at hand */
    struct body body;
    size_t block_lines;
    struct inflight sent;
    struct line_part line;
    struct sv replay; /* octets in `line` that the probe took and that turned out to be data */
};

struct engine *engine_new(void)
{
    struct engine *en = mem_zalloc(1, sizeof *en);
    en->state = AT_GREETING;
    return en;
}

void engine_free(struct engine *en)
{
    if (en == NULL)
        return;
    inflight_free(&en->sent);
    /* The line may hold a password: see shown. */
    mem_wipe(en, sizeof *en);
    free(en);
}

/* ---- commands in flight ---- */

static bool auth_in_flight(const struct engine *en)
{
    const struct pending *p = inflight_oldest(&en->sent);
    return p != NULL && p->verb == POP3_AUTH;
}

int engine_send(struct engine *en, enum pop3_verb verb, uint32_t number, struct sv arg,
                uint64_t tag, struct buf *out, struct err *e)
{
    if (verb == POP3_AUTH_LINE && !auth_in_flight(en))
        return err_set(e, ST_SOFTWARE, "a SASL line was to be sent without an AUTH in flight");
    if (verb != POP3_AUTH_LINE && en->sent.count >= POP3_IN_FLIGHT_MAX)
        return err_set(e, ST_SOFTWARE, "more than %d commands in flight", POP3_IN_FLIGHT_MAX);
    if (command_write(out, verb, number, arg, e) != 0)
        return -1;
    if (verb != POP3_AUTH_LINE)
        inflight_add(&en->sent, (struct pending){.tag = tag, .number = number, .verb = verb});
    return 0;
}

void engine_trace(struct buf *out, enum pop3_verb verb, uint32_t number, struct sv arg)
{
    command_trace(out, verb, number, arg);
}

bool engine_oldest(const struct engine *en, enum pop3_verb *verb, uint64_t *tag)
{
    const struct pending *p = inflight_oldest(&en->sent);

    if (p == NULL)
        return false;
    *verb = p->verb;
    *tag = p->tag;
    return true;
}

size_t engine_in_flight(const struct engine *en)
{
    return en->sent.count;
}

bool engine_in_message(const struct engine *en)
{
    return en->state == IN_BODY;
}

bool engine_in_doubt(const struct engine *en)
{
    return en->state == IN_BODY && en->sent.count > 1 && !en->probed && body_in_doubt(&en->body);
}

bool engine_lf_mode(const struct engine *en)
{
    return en->lf_mode;
}

/* ---- lines ---- */

static const char *awaited(const struct engine *en, char name[32])
{
    const struct pending *p = inflight_oldest(&en->sent);
    return p == NULL ? tr("nothing") : command_name(name, p->verb, p->number);
}

/* What the server sent, as a message may show it. Some servers repeat the command they do not
 * understand, and with it the password. */
static const char *shown(const struct engine *en, struct sv in, char text[LINE_SAMPLE_TEXT])
{
    const struct pending *p = inflight_oldest(&en->sent);
    if (p != NULL && (p->verb == POP3_PASS || p->verb == POP3_AUTH))
        return "***";
    return line_sample(&en->line, in, text);
}

/* A whole line of a session that has begun, without its line end. 1, 0 (more input needed) or -1.
 */
static int session_line(struct engine *en, struct sv *in, struct sv *line, struct err *e)
{
    char name[32];
    char text[LINE_SAMPLE_TEXT];
    const char *said;
    enum line_result r = line_take(&en->line, in, line);
    if (r == LINE_MORE)
        return 0;
    if (r == LINE_LONG) {
        said = shown(en, *in, text);
        err_set(e, ST_PROTOCOL,
                "the server's answer to %s has a line of more than %d octets: \"%s\"",
                awaited(en, name), POP3_STATUS_MAX, said);
        return err_server(e, said);
    }
    if (!en->lf_mode && !line_ends_in_crlf(*line)) {
        said = shown(en, *line, text);
        err_set(e, ST_PROTOCOL,
                "the server's answer to %s has a line that ends in a bare LF, though its "
                "greeting ended in CRLF: \"%s\"",
                awaited(en, name), said);
        return err_server(e, said);
    }
    *line = line_without_end(*line);
    return 1;
}

/* ---- status lines ---- */

static void event_status(struct pop3_event *ev, enum pop3_event_kind kind, struct status_line s)
{
    ev->kind = kind;
    ev->ok = s.ok;
    ev->text = s.text;
    ev->code = respcode_of(s.text);
}

static void event_of(struct pop3_event *ev, enum pop3_event_kind kind, const struct pending *p)
{
    ev->kind = kind;
    ev->verb = p->verb;
    ev->tag = p->tag;
}

static int no_status(const struct engine *en, struct sv in, struct err *e)
{
    char name[32];
    char buf[LINE_SAMPLE_TEXT];
    const char *text = shown(en, in, buf);
    if (en->behind_message)
        err_set(e, ST_PROTOCOL,
                "the server sent octets behind the end of a message, \"%s\": it probably "
                "does not double the dots at line starts, so that the message is cut",
                text);
    else if (en->sent.count == 0)
        err_set(e, ST_PROTOCOL, "the server sent \"%s\" though nothing was asked", text);
    else
        err_set(e, ST_PROTOCOL, "the server answered %s with \"%s\", which is no POP3 answer",
                awaited(en, name), text);
    return err_server(e, text);
}

static int unsolicited(struct status_line s, struct err *e)
{
    char text[LINE_SAMPLE_TEXT];
    text_escape_to(text, sizeof text,
                   sv_make(s.text.p, s.text.n < LINE_SAMPLE_MAX ? s.text.n : LINE_SAMPLE_MAX));
    if (s.ok)
        err_set(e, ST_PROTOCOL, "the server sent \"+OK %s\" though nothing was asked", text);
    else
        err_set(e, ST_TEMP, "the server ends the session: \"%s\"", text);
    e->line_cut = !s.ok;
    return err_server(e, text);
}

static void reply(struct engine *en, struct status_line s, struct pop3_event *ev)
{
    const struct pending *p = inflight_oldest(&en->sent);
    event_of(ev, POP3_REPLY, p);
    event_status(ev, POP3_REPLY, s);
    en->behind_message = false;
    if (s.ok && command_has_block(p->verb, p->number)) {
        en->block_lines = 0;
        en->probed = false;
        body_init(&en->body, en->lf_mode);
        en->state = p->verb == POP3_RETR ? IN_BODY : IN_LINES;
        return;
    }
    if (p->verb == POP3_QUIT)
        en->state = AFTER_QUIT;
    inflight_drop(&en->sent);
}

static int status_next(struct engine *en, struct sv *in, struct pop3_event *ev, struct err *e)
{
    char first[4];
    struct sv begin = sv_make(first, line_peek(&en->line, *in, first, sizeof first));
    bool prompt = auth_in_flight(en) && begin.n > 0 && begin.p[0] == '+';
    if (!prompt && !line_may_be_status(begin))
        return no_status(en, *in, e);
    struct sv line;
    int r = session_line(en, in, &line, e);
    if (r <= 0)
        return r;
    struct status_line s;
    if (line_status(line, &s)) {
        if (en->sent.count == 0)
            return unsolicited(s, e);
        reply(en, s, ev);
        return 0;
    }
    if (!prompt)
        return no_status(en, line, e);
    /* "+ " by RFC 5034 section 4; Exchange and others send "+" alone. */
    event_of(ev, POP3_CONTINUE, inflight_oldest(&en->sent));
    ev->text = ascii_trim(sv_from(line, 1));
    return 0;
}

/* ---- greeting ---- */

const char *engine_stranger(struct sv first)
{
    const struct stranger *who = stranger_of(first);
    return who != NULL ? who->what : NULL;
}

static int not_pop3(const struct engine *en, struct sv in, struct err *e)
{
    char raw[LINE_SAMPLE_MAX];
    char text[LINE_SAMPLE_TEXT];
    const struct stranger *who =
        stranger_of(sv_make(raw, line_peek(&en->line, in, raw, sizeof raw)));
    line_sample(&en->line, in, text);
    if (who == NULL) {
        (void)err_set(e, ST_UNAVAILABLE, "not a POP3 server: it greets with \"%s\"", text);
        (void)err_server(e, text);
        return err_advise(e, "see host and port of the account; POP3 over TLS is usually on port "
                             "995");
    }
    (void)err_set(e, ST_UNAVAILABLE, "this is %s, not a POP3 server: it greets with \"%s\"",
                  tr(who->what), text);
    (void)err_server(e, text);
    return err_advise(e, "%s", tr(who->remedy));
}

static int greeting_next(struct engine *en, struct sv *in, struct pop3_event *ev, struct err *e)
{
    char c;
    (void)line_peek(&en->line, *in, &c, 1);
    /* A binary protocol need not ever send a line end. */
    if (!ascii_is_print(c) && !ascii_is_blank(c) && c != '\r' && c != '\n')
        return not_pop3(en, *in, e);
    struct sv line;
    enum line_result r = line_take(&en->line, in, &line);
    if (r == LINE_MORE)
        return 0;
    if (r == LINE_LONG)
        return not_pop3(en, *in, e);
    struct status_line s;
    if (!line_status(line_without_end(line), &s))
        return not_pop3(en, line, e);
    en->lf_mode = !line_ends_in_crlf(line);
    en->state = AT_STATUS;
    event_status(ev, POP3_GREETING, s);
    return 0;
}

/* ---- blocks ---- */

static void block_end(struct engine *en, struct pop3_event *ev, bool bare)
{
    event_of(ev, POP3_END, inflight_oldest(&en->sent));
    ev->bare_end = bare;
    en->behind_message = en->state == IN_BODY;
    en->state = AT_STATUS;
    inflight_drop(&en->sent);
}

static int lines_next(struct engine *en, struct sv *in, struct pop3_event *ev, struct err *e)
{
    struct sv line;
    int r = session_line(en, in, &line, e);
    if (r <= 0)
        return r;
    if (sv_eq(line, SV("."))) {
        block_end(en, ev, false);
        return 0;
    }
    const struct pending *p = inflight_oldest(&en->sent);
    if (p->verb == POP3_CAPA && ++en->block_lines > POP3_CAPA_LINES_MAX)
        return err_set(e, ST_PROTOCOL, "the server's answer to CAPA has more than %d lines",
                       POP3_CAPA_LINES_MAX);
    event_of(ev, POP3_LINE, p);
    ev->text = line.n > 0 && line.p[0] == '.' ? sv_from(line, 1) : line;
    return 0;
}

enum probe_result { PROBE_WAIT, PROBE_ENDED, PROBE_DATA };

/* The octets behind a suspected end, while the NOOP of engine_probe awaits its answer. They are
 * gathered until they are a whole status line or cannot become one. */
static enum probe_result probe_look(struct engine *en, struct sv *in)
{
    char first[4];
    struct sv begin = sv_make(first, line_peek(&en->line, *in, first, sizeof first));
    if (!line_may_be_status(begin))
        return PROBE_DATA;
    size_t before = en->line.n;
    struct sv input = *in;
    struct sv line;
    enum line_result r = line_take(&en->line, in, &line);
    if (r == LINE_MORE)
        return PROBE_WAIT;
    struct status_line s;
    bool ended =
        r == LINE_WHOLE && line_ends_in_crlf(line) && line_status(line_without_end(line), &s);
    /* Put back: the status line is read once more, as an answer or as data. */
    en->line.n = before;
    *in = input;
    return ended ? PROBE_ENDED : PROBE_DATA;
}

static int body_event(struct engine *en, struct sv *in, struct pop3_event *ev)
{
    if (en->probing && in->n > 0) {
        enum probe_result r = probe_look(en, in);
        if (r == PROBE_WAIT)
            return 0;
        en->probing = false;
        if (r == PROBE_ENDED) {
            block_end(en, ev, true);
            return 0;
        }
        en->replay = sv_make(en->line.octets, en->line.n);
        en->line.n = 0;
    }
    struct sv *src = en->replay.n > 0 ? &en->replay : in;
    enum body_result r = body_next(&en->body, src, &ev->text);
    if (r == BODY_DATA)
        event_of(ev, POP3_DATA, inflight_oldest(&en->sent));
    else if (r == BODY_END)
        block_end(en, ev, false);
    return 0;
}

static int engine_step(struct engine *en, struct sv *in, struct pop3_event *ev, struct err *e)
{
    switch (en->state) {
    case AT_GREETING:
        return greeting_next(en, in, ev, e);
    case AT_STATUS:
        return status_next(en, in, ev, e);
    case IN_LINES:
        return lines_next(en, in, ev, e);
    case IN_BODY:
        return body_event(en, in, ev);
    case AFTER_QUIT:
        *in = sv_from(*in, in->n);
        return 0;
    case FAILED:
        break;
    }
    return err_set(e, ST_PROTOCOL, "the session has failed and reads no more");
}

int engine_next(struct engine *en, struct sv *in, struct pop3_event *ev, struct err *e)
{
    *ev = (struct pop3_event){.kind = POP3_MORE};
    while (ev->kind == POP3_MORE && (in->n > 0 || en->replay.n > 0)) {
        if (engine_step(en, in, ev, e) != 0) {
            en->state = FAILED;
            return -1;
        }
    }
    return 0;
}

/* ---- ends ---- */

int engine_eof(const struct engine *en, struct err *e)
{
    char name[32];
    if (en->state == AT_GREETING && en->line.n > 0 &&
        stranger_of(sv_make(en->line.octets, en->line.n)))
        return not_pop3(en, SV_NULL, e);
    if (en->state == AT_GREETING)
        (void)err_set(e, ST_TEMP, "the server closed the connection before its greeting");
    else if (en->state == IN_BODY || en->state == IN_LINES)
        (void)err_set(e, ST_TEMP, "the connection ended in the middle of the answer to %s",
                      awaited(en, name));
    else if (en->sent.count > 0)
        (void)err_set(e, ST_TEMP, "the connection ended before the answer to %s",
                      awaited(en, name));
    else
        return 0;
    e->line_cut = true;
    return -1;
}

bool engine_maybe_ended(const struct engine *en)
{
    return en->state == IN_BODY && !en->probing && en->sent.count == 1 && body_suspect(&en->body);
}

int engine_probe(struct engine *en, uint64_t tag, struct buf *out, struct err *e)
{
    if (!engine_maybe_ended(en))
        return err_set(e, ST_SOFTWARE, "a probe was asked for where no message may have ended");
    if (engine_send(en, POP3_NOOP, 0, SV_NULL, tag, out, e) != 0)
        return -1;
    en->probing = en->probed = true;
    return 0;
}
