/* SPDX-License-Identifier: ISC */
/*
 * From nothing to a logged-in session, and its listing: the fixed part of the dialogue, in the
 * order that real servers bear (RFC 1939, 2449, 5034, 6856).
 */
#include "popkeep/run/session.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/pop3/sasl.h"
#include "popkeep/sys/clock.h"

#include <limits.h>

enum {
    TICKET_MAX = 64 * 1024,
    IN_CAP = 256 * 1024, /* one read; many small messages share it */
    OUT_MAX = 256 * 1024,
    CONNECT_MS = 30000,
    HANDSHAKE_MS = 30000,
    GREETING_MS = 60000, /* some servers look up our name first */
    SERVER_TEXT = 512
};

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int open_connection(struct session *s, const struct session_memory *memory, struct err *e)
{
    const struct account *a = s->account;
    int limit = (int)a->timeout_s * 1000;
    bool at_tls = false;
    struct conn_target target = {.host = a->host,
                                 .port = a->port,
                                 .tls_name = a->tls_name,
                                 .tls_ca_file = a->tls_ca_file,
                                 .tls_1_3_only = a->tls_min == TLS_MIN_1_3,
                                 .pins = (const unsigned char(*)[HASH_OCTETS])a->pins,
                                 .n_pins = a->n_pins,
                                 .kept = memory->ticket,
                                 .connect_ms = smaller(limit, CONNECT_MS),
                                 .handshake_ms = smaller(limit, HANDSHAKE_MS),
                                 .at_tls = &at_tls};
    const struct conn_info *info;

    tell_stage(s->tell, STAGE_CONNECTION);
    if (conn_open(&s->conn, &target, clock_wall_s(), e) < 0) {
        if (at_tls)
            tell_stage(s->tell, STAGE_TLS);
        return -1;
    }
    info = conn_info(s->conn);
    tell_text(s->tell, EVENT_NOTE, "connected to %s, %s %s, key %s%s", info->address,
              info->tls_version, info->cipher, info->pin, info->resumed ? tr(", resumed") : "");
    return 0;
}

/* What a refusal before or at login amounts to, from its response code. */
static enum status refusal_status(enum pop3_code code, enum status otherwise)
{
    switch (code) {
    case POP3_CODE_IN_USE:
    case POP3_CODE_LOGIN_DELAY:
    case POP3_CODE_SYS_TEMP:
        return ST_TEMP;
    case POP3_CODE_SYS_PERM:
        return ST_UNAVAILABLE;
    case POP3_CODE_AUTH:
        return ST_LOGIN;
    case POP3_CODE_NONE:
    case POP3_CODE_UTF8:
    case POP3_CODE_OTHER:
    default:
        return otherwise;
    }
}

static int greet(struct session *s, struct err *e)
{
    struct pop3_event ev;
    char text[SERVER_TEXT];
    int limit = smaller((int)s->account->timeout_s * 1000, GREETING_MS);
    int rc;

    tell_stage(s->tell, STAGE_GREETING);
    rc = session_next(s, limit, &ev, e);

    if (rc < 0)
        return -1;
    if (rc == 0) {
        err_set(e, ST_TEMP,
                trn("%s said nothing for %d second after the connection was made",
                    "%s said nothing for %d seconds after the connection was made",
                    (unsigned)limit / 1000),
                s->account->host, limit / 1000);
        return err_cut(e);
    }
    if (ev.ok)
        return 0;
    s->refusal_code = ev.code;
    /* nothing is sent to a server that greets with -ERR */
    err_set(e, refusal_status(ev.code, ST_UNAVAILABLE), "%s refuses service: %s", s->account->host,
            text_escape_to(text, sizeof text, ev.text));
    return err_server(e, text);
}

static int ask_capa(struct session *s, struct err *e)
{
    struct capa before = s->capa;
    bool ok;

    if (session_send(s, POP3_CAPA, 0, SV_NULL, 0, e) < 0)
        return -1;
    capa_init(&s->capa);
    if (session_reply(s, &ok, NULL, NULL, 0, e) < 0)
        return -1;
    if (ok)
        s->capa.bits |= CAPA_KNOWN;
    else
        s->capa = before; /* refused now: what was said before still stands */
    return 0;
}

/* Before the login, since Courier otherwise wraps each 8-bit message into another one. */
static int choose_utf8(struct session *s, const struct session_memory *memory, struct err *e)
{
    bool ok;

    if (memory->utf8 == 0)
        return 0;
    if (!(s->capa.bits & CAPA_UTF8)) {
        s->utf8_lost = memory->utf8 == 1;
        return 0;
    }
    if (session_send(s, POP3_UTF8, 0, SV_NULL, 0, e) < 0 ||
        session_reply(s, &ok, NULL, NULL, 0, e) < 0)
        return -1;
    s->utf8 = ok;
    s->utf8_lost = memory->utf8 == 1 && !ok;
    return 0;
}

static int refused(struct session *s, enum pop3_code code, const char *text, struct err *e)
{
    enum status st = refusal_status(code, ST_LOGIN);

    s->refusal_code = code;
    if (st != ST_LOGIN)
        err_set(e, st, "the server does not let %s in now: %s", s->account->user, text);
    else
        err_set(e, st, "login refused for %s by %s: %s", s->account->user, s->account->host,
                text[0] != '\0' ? text : tr("(no reason given)"));
    return err_server(e, text);
}

static int user_pass(struct session *s, struct sv password, struct err *e)
{
    char text[SERVER_TEXT];
    enum pop3_code code = POP3_CODE_NONE;
    bool ok;

    if (session_send(s, POP3_USER, 0, sv_of(s->account->user), 0, e) < 0 ||
        session_reply(s, &ok, &code, text, sizeof text, e) < 0)
        return -1;
    if (!ok)
        return refused(s, code, text, e);
    if (session_send(s, POP3_PASS, 0, password, 0, e) < 0 ||
        session_reply(s, &ok, &code, text, sizeof text, e) < 0)
        return -1;
    return ok ? 0 : refused(s, code, text, e);
}

/* AUTH in one line when it fits into 255 octets, else the response after the server's "+" (RFC 5034
 * section 4). */
static int sasl_login(struct session *s, const struct sasl_mech *mech, struct sv password,
                      struct err *e)
{
    struct buf raw = BUF_INIT(16384), arg = BUF_INIT(32768), line = BUF_INIT(32768);
    char text[SERVER_TEXT];
    struct pop3_event ev;
    size_t name_n = strlen(mech->sasl_name);
    bool one_line;
    int rc = -1;

    if (mech->initial(&raw, sv_of(s->account->user), password, e) < 0)
        goto out;
    sasl_base64(&line, buf_sv(&raw));
    s->secrets[1] = buf_sv(&line);
    one_line = strlen("AUTH  \r\n") + name_n + line.n <= POP3_COMMAND_MAX;
    (void)buf_add_secret(&arg, mech->sasl_name, name_n);
    if (one_line) {
        (void)buf_add_secret(&arg, " ", 1);
        (void)buf_add_secret(&arg, line.p, line.n);
    }
    if (session_send(s, POP3_AUTH, 0, buf_sv(&arg), 0, e) < 0)
        goto out;
    for (int asked = 0;; asked++) {
        if (session_next(s, -1, &ev, e) < 0)
            goto out;
        if (ev.kind != POP3_CONTINUE)
            break;
        if (asked > 0) {
            err_set(e, ST_PROTOCOL, "the server asks for the password again and again");
            goto out;
        }
        /* a server may ask although the response came along: it gets it again */
        if (session_send(s, POP3_AUTH_LINE, 0, buf_sv(&line), 0, e) < 0)
            goto out;
    }
    rc = ev.ok ? 0 : refused(s, ev.code, text_escape_to(text, sizeof text, ev.text), e);
out:
    s->secrets[1] = SV_NULL;
    buf_wipe(&raw);
    buf_wipe(&arg);
    buf_wipe(&line);
    return rc;
}

static int log_in(struct session *s, struct sv password, struct err *e)
{
    static const char *const words[] = {
        [AUTH_AUTO] = NULL, [AUTH_PLAIN] = "plain", [AUTH_USER] = "user"};
    const struct sasl_mech *mech = sasl_choose(words[s->account->auth], s->capa.bits);
    int rc;

    if (mech == NULL)
        return err_set(e, ST_UNAVAILABLE,
                       "the server does not offer the login mechanism asked for");
    if (sasl_check(sv_of(s->account->user), password, e) < 0)
        return -1;
    s->secrets[0] = password;
    if (mech->sasl_name == NULL)
        rc = user_pass(s, password, e);
    else
        rc = sasl_login(s, mech, password, e);
    s->secrets[0] = SV_NULL;
    buf_wipe(&s->out); /* it held the password */
    if (rc < 0 && e->line_cut)
        err_advise(e, "this happened during the login: some servers answer a wrong password so");
    return rc;
}

static void choose_pipelining(struct session *s, const struct session_memory *memory)
{
    switch (s->account->pipelining) {
    case PIPELINING_ALWAYS:
        s->pipelining = true;
        break;
    case PIPELINING_NEVER:
        s->pipelining = false;
        break;
    case PIPELINING_AUTO:
    default:
        s->pipelining = (s->capa.bits & CAPA_PIPELINING) && !memory->no_pipelining;
        break;
    }
}

int session_open(struct session *s, const struct account *a, struct sv password,
                 const struct session_memory *memory, struct tell *t, int *step, struct err *e)
{
    int64_t began = clock_mono_ms();

    *s = (struct session){.account = a,
                          .tell = t,
                          .out = BUF_INIT(OUT_MAX),
                          .in_cap = IN_CAP,
                          .ticket = BUF_INIT(TICKET_MAX)};
    s->in = mem_alloc(s->in_cap);
    s->engine = engine_new();
    capa_init(&s->capa);
    if (step != NULL)
        *step = 0;
    if (open_connection(s, memory, e) < 0 || greet(s, e) < 0)
        return -1;
    s->connect_ms = clock_mono_ms() - began;
    if (step != NULL)
        *step = 1;
    began = clock_mono_ms();
    tell_stage(t, STAGE_LOGIN);
    if (ask_capa(s, e) < 0 || choose_utf8(s, memory, e) < 0 || log_in(s, password, e) < 0)
        return -1;
    s->logged_in = true;
    /* Some say more after the login (Gmail, perdition), or speak for another server then: ask
     * again. A server that is known to pipeline gets the question together with the lists: a round
     * trip less. */
    s->capa_due = (s->capa.bits & CAPA_PIPELINING) && memory->pipelines && !memory->no_pipelining;
    if (!s->capa_due && ask_capa(s, e) < 0)
        return -1;
    choose_pipelining(s, memory);
    s->login_ms = clock_mono_ms() - began;
    return 0;
}

static int take_capa(struct session *s, const struct pop3_event *ev)
{
    if (ev->kind == POP3_REPLY && ev->ok)
        capa_init(&s->capa);
    else if (ev->kind == POP3_LINE)
        capa_line(&s->capa, ev->text);
    else if (ev->kind == POP3_END)
        s->capa.bits |= CAPA_KNOWN;
    return 0;
}

static int listing_event(struct session *s, struct listing *l, const struct pop3_event *ev,
                         bool *done, struct err *e)
{
    *done = ev->kind == POP3_END || (ev->kind == POP3_REPLY && (!ev->ok || ev->verb == POP3_STAT));
    if (ev->verb == POP3_CAPA)
        return take_capa(s, ev);
    if (ev->kind == POP3_LINE)
        return ev->verb == POP3_UIDL ? listing_add_uidl(l, ev->text, e)
                                     : listing_add_size(l, ev->text, e);
    if (ev->kind != POP3_REPLY || !ev->ok)
        return 0;
    if (ev->verb == POP3_STAT)
        (void)listing_stat(l, ev->text); /* a hint; nonsense is no harm */
    else if (ev->verb == POP3_UIDL)
        l->has_uidls = true;
    else
        l->has_sizes = true;
    return 0;
}

static int await_lists(struct session *s, struct listing *l, size_t n, struct err *e)
{
    struct pop3_event ev;
    bool done;

    while (n > 0) {
        if (session_next(s, -1, &ev, e) < 0 || listing_event(s, l, &ev, &done, e) < 0)
            return -1;
        if (done)
            n--;
    }
    return 0;
}

int session_list(struct session *s, struct listing *l, struct err *e)
{
    static const enum pop3_verb verbs[] = {POP3_CAPA, POP3_STAT, POP3_UIDL, POP3_LIST};
    enum { N = sizeof verbs / sizeof verbs[0] };
    int64_t began = clock_mono_ms();
    size_t first = s->capa_due ? 0 : 1;

    tell_stage(s->tell, STAGE_LISTING);
    for (size_t i = first; i < N; i++) {
        if (session_send(s, verbs[i], 0, SV_NULL, 0, e) < 0)
            return -1;
        if (!s->pipelining && await_lists(s, l, 1, e) < 0)
            return -1;
    }
    if (s->pipelining && await_lists(s, l, N - first, e) < 0)
        return -1;
    if (s->capa_due && !(s->capa.bits & CAPA_PIPELINING) &&
        s->account->pipelining == PIPELINING_AUTO)
        s->pipelining = false; /* not the server it was */
    if (!l->has_uidls && !l->has_sizes)
        return err_set(e, ST_UNAVAILABLE,
                       "%s refuses both UIDL and LIST: there is no way to know its messages",
                       s->account->host);
    s->list_ms = clock_mono_ms() - began;
    return listing_finish(l, e);
}
