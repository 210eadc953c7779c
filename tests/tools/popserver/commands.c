/* SPDX-License-Identifier: ISC */
/* What a POP3 server says to each command, and the ways in which the script's settings bend it. */
#include "model_inside.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- sending ----------------------------------------------------------------------------- */

static void end_line(struct model *m)
{
    if (m->s->lf)
        wire_put(m->w, "\n", 1);
    else
        wire_put(m->w, "\r\n", 2);
}

void model_reply(struct model *m, const char *fmt, ...)
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

/* One line of a listing. */
static void list_line(struct model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void list_line(struct model *m, const char *fmt, ...)
{
    char line[4096];
    va_list ap;
    int n;

    if (model_line_bent(m) || m->mute)
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
        model_reply(m, "-ERR no such message");
        return NULL;
    }
    x = &m->box.m[m->number - 1];
    if (x->deleted) {
        model_reply(m, "-ERR message %ld is deleted", m->number);
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
        const char *name;

        if (m->s->uidl_kind == UIDL_PAIRS)
            stem = (int)strlen(m->box.m[i / 2 * 2].name) - 4, x = &m->box.m[i / 2 * 2];
        name = x->name;
        if (m->s->uidl_kind == UIDL_TAIL)
            while (stem > 0 && memchr(name, '.', (size_t)stem))
                name++, stem--;
        snprintf(out, sizeof out, "%s%.*s", m->s->uidl_prefix.p ? m->s->uidl_prefix.p : "u", stem,
                 name);
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
        model_reply(m, "-ERR unknown command");
        return;
    }
    model_reply(m, "+OK");
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
        model_reply(m, "%s", m->s->login.p);
    else if (!good)
        model_reply(m, "-ERR [AUTH] wrong user name or password");
    else {
        m->logged_in = true;
        model_reply(m, "+OK logged in");
    }
    if (!m->logged_in && m->s->login_close)
        wire_close(m->w);
    if (m->s->lose_after_pass)
        wire_drop_input(m->w);
}

static void do_user(struct model *m)
{
    snprintf(m->user, sizeof m->user, "%s", m->arg);
    model_reply(m, "+OK");
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
        model_reply(m, "-ERR unknown mechanism");
        return;
    }
    if (*initial) {
        initial++;
    } else {
        model_reply(m, "%s", m->s->sasl_prompt.p ? m->s->sasl_prompt.p : "+ ");
        if (wire_line(m->w, &initial) < 0)
            return;
    }
    n = (int)strlen(initial);
    n = n && n < 4000 ? EVP_DecodeBlock((unsigned char *)decoded, (unsigned char *)initial, n) : -1;
    if (n < 2) {
        model_reply(m, "-ERR not base64");
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
    model_reply(m, "+OK %zu %" PRIu64, n, sum);
}

static void do_list(struct model *m)
{
    if (*m->arg) {
        struct message *x = message_of(m);

        if (x)
            model_reply(m, "+OK %ld %" PRIu64, m->number, told_size(m, x));
        return;
    }
    model_reply(m, "+OK");
    for (size_t i = 0; i < m->box.n && !wire_dead(m->w); i++)
        if (!m->box.m[i].deleted)
            list_line(m, "%zu %" PRIu64, i + 1, told_size(m, &m->box.m[i]));
    list_end(m);
}

static void do_uidl(struct model *m)
{
    if (m->s->uidl_kind == UIDL_NONE) {
        model_reply(m, "-ERR unknown command");
        return;
    }
    if (*m->arg) {
        if (message_of(m))
            model_reply(m, "+OK %ld %s", m->number, told_uidl(m, (size_t)m->number - 1));
        return;
    }
    model_reply(m, "+OK");
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
        if (!model_line_bent(m)) {
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
        model_reply(m, "-ERR cannot open message");
        return;
    }
    model_reply(m, "+OK %zu octets", n);
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
        model_reply(m, "-ERR unknown command");
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
    model_reply(m, "+OK");
}

static void do_rset(struct model *m)
{
    for (size_t i = 0; i < m->box.n; i++)
        m->box.m[i].deleted = m->box.m[i].retrieved = false;
    model_reply(m, "+OK");
}

static void do_ok(struct model *m)
{
    model_reply(m, "+OK");
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
    model_reply(m, "+OK bye");
    m->over = true;
}

static void do_greeting(struct model *m)
{
    model_reply(m, "%s", m->s->greeting.p ? m->s->greeting.p : "+OK ready");
}

static void do_unknown(struct model *m)
{
    model_reply(m, "-ERR unknown command");
}

const struct model_command model_commands[MODEL_COMMANDS] = {
    {"GREETING", ANY, do_greeting},
    {"CAPA", ANY, do_capa},
    {"USER", BEFORE_LOGIN, do_user},
    {"PASS", BEFORE_LOGIN, do_pass},
    {"AUTH", BEFORE_LOGIN, do_auth},
    {"STAT", AFTER_LOGIN, do_stat},
    {"LIST", AFTER_LOGIN, do_list},
    {"UIDL", AFTER_LOGIN, do_uidl},
    {"RETR", AFTER_LOGIN, do_retr},
    {"TOP", AFTER_LOGIN, do_top},
    {"DELE", AFTER_LOGIN, do_dele},
    {"RSET", AFTER_LOGIN, do_rset},
    {"NOOP", AFTER_LOGIN, do_ok},
    {"UTF8", BEFORE_LOGIN, do_ok},
    {"LANG", ANY, do_ok},
    {"QUIT", ANY, do_quit},
    {"OTHER", ANY, do_unknown},
};
