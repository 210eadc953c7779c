/* SPDX-License-Identifier: ISC */
/* Parses the script language (tests/README.md): lines of words, "strings", tables for the names. */
#include "script.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TOKENS = 40 };

struct tokens {
    struct text t[MAX_TOKENS];
    size_t n;
};

static const char *file_name;
static int line_number;

static int wrong(const char *what, const char *with)
{
    fprintf(stderr, "popserver: %s:%d: %s%s%s\n", file_name, line_number, what, with ? ": " : "",
            with ? with : "");
    return -1;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) % 16 : -1;
}

/* One "string" with C's escapes, from behind its opening quote. */
static const char *read_string(const char *p, const char *end, struct text *out)
{
    static const char from[] = "rnt0\\\"", to[] = "\r\n\t\0\\\"";

    out->p = malloc((size_t)(end - p) + 1);
    if (!out->p)
        abort();
    out->n = 0;
    for (; p < end && *p != '"'; p++) {
        char c = *p;

        if (c == '\\' && p + 1 < end) {
            const char *known = strchr(from, *++p);

            if (*p == 'x' && p + 2 < end && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
                c = (char)(hex_digit(p[1]) * 16 + hex_digit(p[2]));
                p += 2;
            } else if (known) {
                c = to[known - from];
            } else {
                return NULL;
            }
        }
        out->p[out->n++] = c;
    }
    out->p[out->n] = '\0';
    return p < end ? p + 1 : NULL;
}

static int split(const char *p, const char *end, struct tokens *out)
{
    out->n = 0;
    for (;;) {
        const char *start;

        while (p < end && strchr(" \t\r", *p))
            p++;
        if (p == end || *p == '#')
            return 0;
        if (out->n == MAX_TOKENS)
            return wrong("too many words", NULL);
        if (*p == '"') {
            p = read_string(p + 1, end, &out->t[out->n++]);
            if (!p)
                return wrong("string without its end, or an unknown escape", NULL);
            continue;
        }
        for (start = p; p < end && !strchr(" \t\r", *p); p++)
            ;
        out->t[out->n].p = strndup(start, (size_t)(p - start));
        out->t[out->n++].n = (size_t)(p - start);
    }
}

static int number_of(const struct text *t, long *out)
{
    char *end;

    *out = strtol(t->p, &end, 10);
    return t->n && !*end && *out >= 0 ? 0 : wrong("not a number", t->p);
}

/* ---- settings --------------------------------------------------------------------------- */

enum setting_kind { SET_FLAG, SET_NUMBER, SET_TEXT, SET_WORDS };

#define AT(member) offsetof(struct script, member)

static const struct setting {
    const char *name;
    enum setting_kind kind;
    size_t at;
} settings[] = {
    {"messages", SET_TEXT, AT(messages)},
    {"user", SET_TEXT, AT(user)},
    {"password", SET_TEXT, AT(password)},
    {"greeting", SET_TEXT, AT(greeting)},
    {"login", SET_TEXT, AT(login)},
    {"login-close", SET_FLAG, AT(login_close)},
    {"sasl-prompt", SET_TEXT, AT(sasl_prompt)},
    {"capa", SET_WORDS, AT(capa)},
    {"capa-after", SET_WORDS, AT(capa_after)},
    {"uidl-prefix", SET_TEXT, AT(uidl_prefix)},
    {"by-address", SET_TEXT, AT(by_address)},
    {"listing-first", SET_NUMBER, AT(listing_first)},
    {"listing-last", SET_NUMBER, AT(listing_last)},
    {"reverse", SET_FLAG, AT(reverse)},
    {"no-stuff", SET_FLAG, AT(no_stuff)},
    {"no-top", SET_FLAG, AT(no_top)},
    {"retr-marks-gone", SET_FLAG, AT(retr_marks_gone)},
    {"dele-ignored", SET_FLAG, AT(dele_ignored)},
    {"dele-at-once", SET_FLAG, AT(dele_at_once)},
    {"lose-after-pass", SET_FLAG, AT(lose_after_pass)},
    {"pipelining-hangup", SET_FLAG, AT(pipelining_hangup)},
    {"max-errors", SET_NUMBER, AT(max_errors)},
    {"chunk", SET_NUMBER, AT(wire.chunk)},
    {"delay", SET_NUMBER, AT(wire.delay_ms)},
    {"coalesce", SET_NUMBER, AT(wire.coalesce_ms)},
    {"idle-limit", SET_NUMBER, AT(wire.idle_s)},
    {"plain", SET_FLAG, AT(wire.plain)},
    {"no-close-notify", SET_FLAG, AT(wire.no_close_notify)},
    {"tls-stall", SET_FLAG, AT(tls_stall)},
    {"demand-cert", SET_FLAG, AT(demand_cert)},
    {"tls-min", SET_TEXT, AT(tls_min)},
    {"tls-max", SET_TEXT, AT(tls_max)},
    {"tls-ciphers", SET_TEXT, AT(tls_ciphers)},
    {"cert", SET_TEXT, AT(cert)},
    {"refuse-name", SET_TEXT, AT(refuse_name)},
    {"staple", SET_TEXT, AT(staple)},
};

static int set_words(struct words *to, const struct tokens *t)
{
    *to = (struct words){.set = true};
    if (t->n == 2 && !strcmp(t->t[1].p, "none")) {
        to->none = true;
        return 0;
    }
    for (size_t i = 1; i < t->n; i++) {
        if (to->n == SCRIPT_WORDS)
            return wrong("too many words", NULL);
        to->w[to->n++] = t->t[i];
    }
    return 0;
}

static int apply_setting(struct script *s, const struct setting *set, const struct tokens *t)
{
    void *to = (char *)s + set->at;

    if (set->kind != SET_WORDS && t->n != (set->kind == SET_FLAG ? 1 : 2))
        return wrong("wrong number of words for", set->name);
    switch (set->kind) {
    case SET_FLAG:
        *(bool *)to = true;
        return 0;
    case SET_NUMBER:
        return number_of(&t->t[1], to);
    case SET_TEXT:
        *(struct text *)to = t->t[1];
        return 0;
    case SET_WORDS:
        return set_words(to, t);
    }
    return -1;
}

/* The few settings with a syntax of their own. 1: not one of them. */
static int apply_special(struct script *s, const struct tokens *t)
{
    static const char *const sizes[] = {"true", "lf", "kib", "fixed", "plus", NULL};
    static const char *const uidls[] = {"name", "none", "same", "hash", "pairs", "tail", NULL};
    static const struct {
        const char *name;
        size_t at;
    } cuts[] = {{"cut-after", AT(wire.cut_after)},
                {"cut-in", AT(wire.cut_in)},
                {"raw-cut", AT(wire.raw_cut)}};
    const char *name = t->t[0].p;
    const char *value = t->n > 1 ? t->t[1].p : "";
    long n = 0;

    if (!strcmp(name, "lineend") && (!strcmp(value, "lf") || !strcmp(value, "crlf"))) {
        s->lf = !strcmp(value, "lf");
        return 0;
    }
    if (!strcmp(name, "trickle") && t->n == 3)
        return number_of(&t->t[1], &s->wire.trickle_octets) ||
                       number_of(&t->t[2], &s->wire.trickle_ms)
                   ? -1
                   : 0;
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        const char *how = t->n == 3 ? t->t[2].p : "";

        if (strcmp(name, cuts[i].name) || (t->n != 2 && strcmp(how, "rst") && strcmp(how, "stall")))
            continue;
        if (number_of(&t->t[1], &n) < 0)
            return -1;
        *(uint64_t *)(void *)((char *)s + cuts[i].at) = (uint64_t)n;
        s->wire.cut_by_rst = !strcmp(how, "rst");
        s->wire.cut_stalls = !strcmp(how, "stall");
        return 0;
    }
    if (!strcmp(name, "split") && t->n == 2) {
        if (number_of(&t->t[1], &n) < 0)
            return -1;
        s->wire.split_seed = (uint64_t)n;
        return 0;
    }
    if (!strcmp(name, "list-size"))
        for (int i = 0; sizes[i]; i++)
            if (!strcmp(value, sizes[i])) {
                s->size_kind = (enum size_kind)i;
                return t->n == 3 ? number_of(&t->t[2], &s->size_number) : 0;
            }
    if (!strcmp(name, "uidl"))
        for (int i = 0; uidls[i]; i++)
            if (!strcmp(value, uidls[i])) {
                s->uidl_kind = (enum uidl_kind)i;
                return 0;
            }
    return 1;
}

/* ---- on EVENT [N] [nth K] [line L] ACTION ------------------------------------------------ */

static const struct action_name {
    const char *name;
    enum action action;
    char takes; /* 0, t(ext), n(umber) */
} actions[] = {
    {"send", DO_SEND, 't'},
    {"before", DO_BEFORE, 't'},
    {"after", DO_AFTER, 't'},
    {"close", DO_CLOSE, 0},
    {"rst", DO_RST, 0},
    {"silent", DO_SILENT, 0},
    {"then-close", DO_THEN_CLOSE, 0},
    {"then-rst", DO_THEN_RST, 0},
    {"cut", DO_CUT, 'n'},
    {"mute", DO_MUTE, 0},
    {"delay", DO_DELAY, 'n'},
    {"drop", DO_DROP, 0},
};

static int apply_row(struct script *s, const struct tokens *t)
{
    struct row r = {.arg = -1};
    size_t i = 1;

    if (t->n < 3 || t->t[1].n >= sizeof r.verb || s->n_rows == SCRIPT_ROWS)
        return wrong("on EVENT [N] [nth K] [line L] ACTION is meant", NULL);
    memcpy(r.verb, t->t[i].p, t->t[i].n + 1);
    i++;
    if (t->t[i].p[0] >= '0' && t->t[i].p[0] <= '9' && number_of(&t->t[i++], &r.arg) < 0)
        return -1;
    while (i + 1 < t->n && (!strcmp(t->t[i].p, "nth") || !strcmp(t->t[i].p, "line"))) {
        if (number_of(&t->t[i + 1], t->t[i].p[0] == 'n' ? &r.nth : &r.line) < 0)
            return -1;
        i += 2;
    }
    for (size_t a = 0; i < t->n && a < sizeof actions / sizeof *actions; a++) {
        if (strcmp(t->t[i].p, actions[a].name))
            continue;
        if (t->n - i != (actions[a].takes ? 2u : 1u))
            return wrong("wrong number of words after", actions[a].name);
        r.action = actions[a].action;
        if (actions[a].takes == 't')
            r.text = t->t[i + 1];
        else if (actions[a].takes == 'n' && number_of(&t->t[i + 1], &r.number) < 0)
            return -1;
        s->rows[s->n_rows++] = r;
        return 0;
    }
    return wrong("unknown action", i < t->n ? t->t[i].p : "none given");
}

/* ---- raw steps ----------------------------------------------------------------------------- */

static const struct step_name {
    const char *name;
    enum step_kind kind;
    const char *takes; /* of t(ext), n(umber) in order; '?' behind one: may be left out */
} steps[] = {
    {"send", STEP_SEND, "t"},
    {"expect", STEP_EXPECT, "t"},
    {"expect-any", STEP_EXPECT_ANY, "n?"},
    {"drain", STEP_DRAIN, ""},
    {"close", STEP_CLOSE, ""},
    {"rst", STEP_RST, ""},
    {"sleep", STEP_SLEEP, "n"},
    {"flood", STEP_FLOOD, "tn?"},
    {"send-file", STEP_SEND_FILE, "t"},
    {"send-raw", STEP_SEND_RAW, "t"},
    {"renegotiate", STEP_RENEGOTIATE, ""},
    {"update-key", STEP_UPDATE_KEY, ""},
    {"goodbye", STEP_GOODBYE, ""},
};

/* 1: not a step. */
static int apply_step(struct script *s, const struct tokens *t)
{
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
        struct step step = {.kind = steps[k].kind, .line = line_number};
        const char *takes = steps[k].takes;
        size_t i = 1;

        if (strcmp(t->t[0].p, steps[k].name))
            continue;
        if (s->n_steps == SCRIPT_STEPS)
            return wrong("too many steps", NULL);
        for (; *takes; takes += takes[1] == '?' ? 2 : 1, i++) {
            if (i >= t->n && takes[1] == '?')
                break;
            if (i >= t->n)
                return wrong("something is missing after", steps[k].name);
            if (*takes == 't')
                step.text = t->t[i];
            else if (number_of(&t->t[i], &step.number) < 0)
                return -1;
        }
        if (i < t->n)
            return wrong("too much after", steps[k].name);
        s->steps[s->n_steps++] = step;
        return 0;
    }
    return 1;
}

static int apply_line(struct script *s, const struct tokens *t)
{
    int done;

    if (!strcmp(t->t[0].p, "on"))
        return apply_row(s, t);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (!strcmp(t->t[0].p, settings[i].name))
            return apply_setting(s, &settings[i], t);
    done = apply_special(s, t);
    if (done > 0)
        done = apply_step(s, t);
    return done > 0 ? wrong("unknown line", t->t[0].p) : done;
}

/* session N {  |  session N-M {  |  session N+ { */
static int session_range(const struct tokens *t, long *from, long *to)
{
    char *end;

    if (t->n != 3 || strcmp(t->t[2].p, "{"))
        return wrong("session N|N-M|N+ { is meant", NULL);
    *from = *to = strtol(t->t[1].p, &end, 10);
    if (*end == '+' && !end[1])
        *to = 1L << 30;
    else if (*end == '-')
        *to = strtol(end + 1, &end, 10);
    return *from > 0 && *to >= *from ? 0 : wrong("not a range of sessions", t->t[1].p);
}

int script_read(struct script *s, const char *name, const char *text, size_t n, long session)
{
    static struct script other; /* what is for other sessions is checked and forgotten */
    const char *p = text, *end = text + n;
    long from = 0, to = 1L << 30;
    bool inside = false;

    file_name = name;
    line_number = 0;
    *s = (struct script){.size_kind = SIZE_TRUE};
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf ? lf : end;
        struct tokens t;

        line_number++;
        if (split(p, stop, &t) < 0)
            return -1;
        p = lf ? lf + 1 : end;
        if (!t.n)
            continue;
        if (!inside && !strcmp(t.t[0].p, "session")) {
            if (session_range(&t, &from, &to) < 0)
                return -1;
            inside = true;
        } else if (inside && t.n == 1 && !strcmp(t.t[0].p, "}")) {
            inside = false;
            from = 0;
            to = 1L << 30;
        } else {
            other.n_rows = other.n_steps = 0;
            if (apply_line(session >= from && session <= to ? s : &other, &t) < 0)
                return -1;
        }
    }
    return inside ? wrong("a session { is not closed", NULL) : 0;
}
