/* SPDX-License-Identifier: ISC */
/* A session: commands come, the script's rows happen before, instead of and after them
 * (tests/README.md). */
#include "model.h"
#include "model_inside.h"

#include <stdlib.h>
#include <string.h>

static void put_text(struct model *m, const struct text *t)
{
    wire_log(m->w, 'S', t->p, t->n);
    wire_put(m->w, t->p, t->n);
}

/* Rows for one line of the answer at hand: true when the usual line is not to be sent. */
bool model_line_bent(struct model *m)
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

/* ---- the loop ---------------------------------------------------------------------------- */

static void run_usual(struct model *m, const struct model_command *c)
{
    if (c->state == AFTER_LOGIN && !m->logged_in)
        model_reply(m, "-ERR log in first");
    else if (c->state == BEFORE_LOGIN && m->logged_in)
        model_reply(m, "-ERR already logged in");
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

    m->verb = model_commands[which].verb;
    m->body_line = 0;
    m->mute = false;
    if (!bent_before(m, nth) && !wire_dead(m->w))
        run_usual(m, &model_commands[which]);
    bent_after(m, nth);
    if (m->w->cut_at > m->w->how.cut_after)
        wire_flush(m->w); /* a cut of this answer must not wait for the next one */
}

static size_t command_of(const char *word)
{
    for (size_t i = 1; i < MODEL_COMMANDS - 1; i++)
        if (!strcasecmp(word, model_commands[i].verb)) /* the server stays in the C locale */
            return i;
    return MODEL_COMMANDS - 1;
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
