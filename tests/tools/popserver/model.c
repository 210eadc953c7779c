/* SPDX-License-Identifier: ISC */
/* A small POP3 server whose every answer a script may bend (tests/README.md). */
#include "model.h"
#include "box.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct model {
    struct wire *w;
    const struct script *s;
    struct box box;
    bool logged_in, over;
    char user[512];
    char *arg;   /* of the command at hand, after the verb; "" without */
    long number; /* the first argument as a number, -1 if it is none */
    const char *verb;
    long errors;
    long body_line; /* line of the multi-line answer being sent, from 1 */
    bool mute;
    unsigned seen[32]; /* how often each command of the table came */
};

/* ---- sending ----------------------------------------------------------------------------- */

static void end_line(struct model *m)
{
    if (m->s->lf)
        wire_put(m->w, "\n", 1);
    else
        wire_put(m->w, "\r\n", 2);
}

/* A status line or any other line of ours, without its end. */
static void reply(struct model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void reply(struct model *m, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (line[0] == '-')
        m->errors++;
    if (m->mute)
        return;
    wire_log(m->w, 'S', line, (size_t)n);
    wire_put(m->w, line, (size_t)n);
    end_line(m);
}

static void put_text(struct model *m, const struct text *t)
{
    wire_log(m->w, 'S', t->p, t->n);
    wire_put(m->w, t->p, t->n);
}

/* Rows for one line of the answer at hand: true when the usual line is not to be sent. */
static bool line_bent(struct model *m)
{
    bool bent = false;

    m->body_line++;
    for (size_t i = 0; i < m->s->n_rows; i++) {
        const struct row *r = &m->s->rows[i];

        if (r->line != m->body_line || strcmp(r->verb, m->verb) ||
            (r->arg >= 0 && r->arg != m->number))
            continue;
        if (r->action == DO_SEND || r->action == DO_BEFORE)
            put_text(m, &r->text);
        else if (r->action == DO_CLOSE)
            wire_close(m->w);
        else if (r->action == DO_RST)
            wire_flush(m->w), wire_reset(m->w);
        else if (r->action == DO_SILENT)
            wire_drain(m->w);
        else if (r->action == DO_DELAY)
            wire_flush(m->w), wire_sleep_ms(r->number);
        bent |= r->action == DO_SEND || r->action == DO_DROP;
    }
    return bent;
}

/* One line of a listing. */
static void list_line(struct model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void list_line(struct model *m, const char *fmt, ...)
{
    char line[4096];
    va_list ap;
    int n;

    if (line_bent(m) || m->mute)
        return;
    va_start(ap, fmt);
    n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    wire_put(m->w, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
    end_line(m);
}

static void list_end(struct model *m)
{
    if (m->mute)
        return;
    wire_put(m->w, ".", 1);
    end_line(m);
}

/* ---- the maildrop as it is told ---------------------------------------------------------- */

static struct message *message_of(struct model *m)
{
    struct message *x;

    if (m->number < 1 || (size_t)m->number > m->box.n) {
        reply(m, "-ERR no such message");
        return NULL;
    }
    x = &m->box.m[m->number - 1];
    if (x->deleted) {
        reply(m, "-ERR message %ld is deleted", m->number);
        return NULL;
    }
    return x;
}

static uint64_t told_size(struct model *m, struct message *x)
{
    if (m->s->size_kind == SIZE_FIXED)
        return (uint64_t)m->s->size_number;
    box_measure(&m->box, x);
    switch (m->s->size_kind) {
    case SIZE_LF:
        return x->octets_lf;
    case SIZE_KIB:
        return (x->octets + 1023) / 1024 * 1024;
    case SIZE_PLUS:
        return x->octets + (uint64_t)m->s->size_number;
    default:
        return x->octets;
    }
}

/* Content hash: equal mails share one, as popa3d does. */
static void hash_uidl(struct model *m, const struct message *x, char out[64])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    size_t n;
    const char *p = box_map(&m->box, x, &n);

    if (n == SIZE_MAX)
        n = 0;
    EVP_Digest(p ? p : "", n, sum, NULL, EVP_sha256(), NULL);
    for (int i = 0; i < 8; i++)
        snprintf(out + 2 * i, 3, "%02x", sum[i]);
    box_unmap(p, n);
}

static const char *told_uidl(struct model *m, size_t i)
{
    static char out[512];
    const struct message *x = &m->box.m[i];
    char hash[64];
    int stem = (int)strlen(x->name) - 4;

    if (m->s->uidl_kind == UIDL_SAME) {
        snprintf(out, sizeof out, "same");
    } else if (m->s->uidl_kind == UIDL_HASH) {
        hash_uidl(m, x, hash);
        snprintf(out, sizeof out, "%s", hash);
    } else {
        if (m->s->uidl_kind == UIDL_PAIRS)
            stem = (int)strlen(m->box.m[i / 2 * 2].name) - 4, x = &m->box.m[i / 2 * 2];
        snprintf(out, sizeof out, "%s%.*s", m->s->uidl_prefix.p ? m->s->uidl_prefix.p : "u", stem,
                 x->name);
    }
    return out;
}

/* ---- commands -------------------------------------------------------------------------- */

static void do_capa(struct model *m)
{
    const struct words *c = m->logged_in && m->s->capa_after.set ? &m->s->capa_after : &m->s->capa;
    static const char *const usual[] = {"TOP",        "UIDL",           "USER",      "SASL PLAIN",
                                        "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING"};

    if (c->none) {
        reply(m, "-ERR unknown command");
        return;
    }
    reply(m, "+OK");
    if (!c->set)
        for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
            list_line(m, "%s", usual[i]);
    for (size_t i = 0; i < c->n; i++)
        list_line(m, "%s", c->w[i].p);
    list_end(m);
}

static void log_in(struct model *m, const char *user, const char *password)
{
    bool good = (!m->s->user.p || !strcmp(user, m->s->user.p)) &&
                !strcmp(password, m->s->password.p ? m->s->password.p : "secret");

    if (m->s->login.p)
        reply(m, "%s", m->s->login.p);
    else if (!good)
        reply(m, "-ERR [AUTH] wrong user name or password");
    else {
        m->logged_in = true;
        reply(m, "+OK logged in");
    }
    if (!m->logged_in && m->s->login_close)
        wire_close(m->w);
    if (m->s->lose_after_pass)
        wire_drop_input(m->w);
}

static void do_user(struct model *m)
{
    snprintf(m->user, sizeof m->user, "%s", m->arg);
    reply(m, "+OK");
}

static void do_pass(struct model *m)
{
    log_in(m, m->user, m->arg);
}

static void do_auth(struct model *m)
{
    static char decoded[4096];
    char *initial = m->arg + strcspn(m->arg, " ");
    int n;

    if (strncmp(m->arg, "PLAIN", 5)) {
        reply(m, "-ERR unknown mechanism");
        return;
    }
    if (*initial) {
        initial++;
    } else {
        reply(m, "%s", m->s->sasl_prompt.p ? m->s->sasl_prompt.p : "+ ");
        if (wire_line(m->w, &initial) < 0)
            return;
    }
    n = (int)strlen(initial);
    n = n && n < 4000 ? EVP_DecodeBlock((unsigned char *)decoded, (unsigned char *)initial, n) : -1;
    if (n < 2) {
        reply(m, "-ERR not base64");
    } else {
        const char *user, *password;

        decoded[n] = '\0';
        user = decoded + strlen(decoded) + 1;
        password = user + strlen(user) + 1;
        log_in(m, user, password <= decoded + n ? password : "");
    }
}

static void do_stat(struct model *m)
{
    uint64_t sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < m->box.n; i++)
        if (!m->box.m[i].deleted) {
            n++;
            sum += told_size(m, &m->box.m[i]);
        }
    reply(m, "+OK %zu %" PRIu64, n, sum);
}

static void do_list(struct model *m)
{
    if (*m->arg) {
        struct message *x = message_of(m);

        if (x)
            reply(m, "+OK %ld %" PRIu64, m->number, told_size(m, x));
        return;
    }
    reply(m, "+OK");
    for (size_t i = 0; i < m->box.n && !wire_dead(m->w); i++)
        if (!m->box.m[i].deleted)
            list_line(m, "%zu %" PRIu64, i + 1, told_size(m, &m->box.m[i]));
    list_end(m);
}

static void do_uidl(struct model *m)
{
    if (m->s->uidl_kind == UIDL_NONE) {
        reply(m, "-ERR unknown command");
        return;
    }
    if (*m->arg) {
        if (message_of(m))
            reply(m, "+OK %ld %s", m->number, told_uidl(m, (size_t)m->number - 1));
        return;
    }
    reply(m, "+OK");
    for (size_t i = 0; i < m->box.n && !wire_dead(m->w); i++)
        if (!m->box.m[i].deleted)
            list_line(m, "%zu %s", i + 1, told_uidl(m, i));
    list_end(m);
}

/* The lines of a mail; `body` of them after the header, all when negative. */
static void put_mail(struct model *m, const struct message *x, const char *p, size_t n, long body)
{
    const char *end = p + n;
    bool in_header = true;

    while (p && p < end && !wire_dead(m->w)) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf ? lf : end;
        bool cr = lf && lf > p && lf[-1] == '\r';

        if (!in_header && body == 0)
            break;
        if (!in_header && body > 0)
            body--;
        if (stop - cr == p)
            in_header = false;
        if (!line_bent(m)) {
            if (*p == '.' && !m->s->no_stuff)
                wire_put(m->w, ".", 1);
            if (x->raw && lf && !m->s->lf) {
                wire_put(m->w, p, (size_t)(lf + 1 - p));
            } else {
                wire_put(m->w, p, (size_t)(stop - p - cr));
                end_line(m);
            }
        }
        p = lf ? lf + 1 : end;
    }
}

static void send_mail(struct model *m, long body)
{
    struct message *x = message_of(m);
    const char *p;
    size_t n;

    if (!x)
        return;
    p = box_map(&m->box, x, &n);
    if (n == SIZE_MAX) {
        reply(m, "-ERR cannot open message");
        return;
    }
    reply(m, "+OK %zu octets", n);
    if (!m->mute) {
        put_mail(m, x, p, n, body);
        list_end(m);
    }
    box_unmap(p, n);
    if (body < 0)
        x->retrieved = true;
}

static void do_retr(struct model *m)
{
    send_mail(m, -1);
}

static void do_top(struct model *m)
{
    const char *lines = strchr(m->arg, ' ');

    if (m->s->no_top || !lines)
        reply(m, "-ERR unknown command");
    else
        send_mail(m, strtol(lines, NULL, 10));
}

static void do_dele(struct model *m)
{
    struct message *x = message_of(m);

    if (!x)
        return;
    if (!m->s->dele_ignored)
        x->deleted = true;
    if (x->deleted && m->s->dele_at_once)
        box_move(&m->box, x, "gone");
    reply(m, "+OK");
}

static void do_rset(struct model *m)
{
    for (size_t i = 0; i < m->box.n; i++)
        m->box.m[i].deleted = m->box.m[i].retrieved = false;
    reply(m, "+OK");
}

static void do_ok(struct model *m)
{
    reply(m, "+OK");
}

static void do_quit(struct model *m)
{
    for (size_t i = 0; m->logged_in && i < m->box.n; i++) {
        const struct message *x = &m->box.m[i];

        if (x->deleted && !m->s->dele_at_once)
            box_move(&m->box, x, "gone");
        else if (x->retrieved && m->s->retr_marks_gone && !x->deleted)
            box_move(&m->box, x, "hidden");
    }
    reply(m, "+OK bye");
    m->over = true;
}

static void do_greeting(struct model *m)
{
    reply(m, "%s", m->s->greeting.p ? m->s->greeting.p : "+OK ready");
}

static void do_unknown(struct model *m)
{
    reply(m, "-ERR unknown command");
}

enum state { ANY, BEFORE_LOGIN, AFTER_LOGIN };

static const struct command {
    const char *verb;
    enum state state;
    void (*run)(struct model *m);
} commands[] = {
    {"GREETING", ANY, do_greeting}, /* not a client's command: the event before the first */
    {"CAPA", ANY, do_capa},          {"USER", BEFORE_LOGIN, do_user},
    {"PASS", BEFORE_LOGIN, do_pass}, {"AUTH", BEFORE_LOGIN, do_auth},
    {"STAT", AFTER_LOGIN, do_stat},  {"LIST", AFTER_LOGIN, do_list},
    {"UIDL", AFTER_LOGIN, do_uidl},  {"RETR", AFTER_LOGIN, do_retr},
    {"TOP", AFTER_LOGIN, do_top},    {"DELE", AFTER_LOGIN, do_dele},
    {"RSET", AFTER_LOGIN, do_rset},  {"NOOP", AFTER_LOGIN, do_ok},
    {"UTF8", BEFORE_LOGIN, do_ok},   {"LANG", ANY, do_ok},
    {"QUIT", ANY, do_quit},          {"OTHER", ANY, do_unknown},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

/* ---- the loop ---------------------------------------------------------------------------- */

static void run_usual(struct model *m, const struct command *c)
{
    if (c->state == AFTER_LOGIN && !m->logged_in)
        reply(m, "-ERR log in first");
    else if (c->state == BEFORE_LOGIN && m->logged_in)
        reply(m, "-ERR already logged in");
    else
        c->run(m);
}

static bool row_fits(const struct model *m, const struct row *r, unsigned nth)
{
    return !r->line && !strcmp(r->verb, m->verb) && (r->arg < 0 || r->arg == m->number) &&
           (!r->nth || (unsigned)r->nth == nth);
}

/* What rows do before or instead of the command: true when it is done with. */
static bool bent_before(struct model *m, unsigned nth)
{
    bool done = false;

    for (size_t i = 0; i < m->s->n_rows && !wire_dead(m->w); i++) {
        const struct row *r = &m->s->rows[i];

        if (!row_fits(m, r, nth))
            continue;
        if (r->action == DO_SEND || r->action == DO_BEFORE)
            put_text(m, &r->text);
        else if (r->action == DO_DELAY)
            wire_flush(m->w), wire_sleep_ms(r->number);
        else if (r->action == DO_CUT)
            wire_flush(m->w), m->w->cut_at = m->w->octets_out + (uint64_t)r->number;
        else if (r->action == DO_MUTE)
            m->mute = true;
        else if (r->action == DO_CLOSE)
            wire_close(m->w);
        else if (r->action == DO_RST)
            wire_flush(m->w), wire_reset(m->w);
        done |= r->action == DO_SEND || r->action == DO_CLOSE || r->action == DO_RST ||
                r->action == DO_SILENT;
    }
    return done;
}

static void bent_after(struct model *m, unsigned nth)
{
    for (size_t i = 0; i < m->s->n_rows && !wire_dead(m->w); i++) {
        const struct row *r = &m->s->rows[i];

        if (!row_fits(m, r, nth))
            continue;
        if (r->action == DO_AFTER)
            put_text(m, &r->text);
        else if (r->action == DO_THEN_CLOSE)
            wire_close(m->w);
        else if (r->action == DO_THEN_RST)
            wire_flush(m->w), wire_reset(m->w);
    }
}

static void run_command(struct model *m, size_t which)
{
    unsigned nth = ++m->seen[which];

    m->verb = commands[which].verb;
    m->body_line = 0;
    m->mute = false;
    if (!bent_before(m, nth) && !wire_dead(m->w))
        run_usual(m, &commands[which]);
    bent_after(m, nth);
    if (m->w->cut_at > m->w->how.cut_after)
        wire_flush(m->w); /* a cut of this answer must not wait for the next one */
}

static size_t command_of(const char *word)
{
    for (size_t i = 1; i < N_COMMANDS - 1; i++)
        if (!strcasecmp(word, commands[i].verb)) /* the server stays in the C locale */
            return i;
    return N_COMMANDS - 1;
}

static void split_line(struct model *m, char *line)
{
    char *end;

    m->arg = line + strcspn(line, " ");
    if (*m->arg)
        *m->arg++ = '\0';
    m->number = strtol(m->arg, &end, 10);
    if (end == m->arg || (*end && *end != ' '))
        m->number = -1;
}

void model_serve(struct wire *w, const struct script *s)
{
    static struct model m;
    char none[] = "", *line;

    m = (struct model){.w = w, .s = s, .arg = none, .number = -1};
    if (box_open(&m.box, s, s->messages.p ? s->messages.p : ".") < 0)
        wire_event(w, "no maildrop %s", s->messages.p ? s->messages.p : ".");
    run_command(&m, 0);
    while (!m.over && !wire_dead(w) && wire_line(w, &line) >= 0) {
        split_line(&m, line);
        if (s->pipelining_hangup && m.logged_in && wire_has_more(w)) {
            wire_event(w, "pipelining: hanging up");
            break;
        }
        run_command(&m, command_of(line));
        if (s->max_errors && m.errors >= s->max_errors)
            break;
    }
    wire_close(w);
}
