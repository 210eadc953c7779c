/* SPDX-License-Identifier: ISC */
/* Message decoder: whole runs of lines are given out as one view; only dots at line starts cost. */
#include "popkeep/pop3/body.h"

#include <string.h>

void body_init(struct body *b, bool lf_mode)
{
    b->state = BODY_LINE_START;
    b->lf_mode = lf_mode;
    b->begun = b->in_doubt = false;
    b->glued = 0;
}

bool body_suspect(const struct body *b)
{
    return b->state == BODY_DOT_LF || b->state == BODY_BARE_DOT_LF ||
           b->state == BODY_BARE_DOT_CRLF;
}

bool body_in_doubt(const struct body *b)
{
    return b->in_doubt;
}

static bool may_begin_status(char c)
{
    return c == '+' || c == '-';
}

/* Can a dot behind it be one that is glued to a line? A line of one dot is just text. */
static bool may_be_glued_to(char c)
{
    return c != '\n' && c != '.';
}

/* One octet more, in search of the end of a line, a dot, CRLF and a status word. What does not go
 * on with one such find may begin the next: the octet, or a dot and the octet before it. */
static void glue_step(struct body *b, char c)
{
    static const char lead[] = " .\r\n";
    const char *word = b->sign == '+' ? "+OK" : "-ERR";

    if (b->glued > 4 && c == word[b->glued - 4]) {
        b->in_doubt = b->in_doubt || word[b->glued - 3] == '\0';
        b->glued = word[b->glued - 3] == '\0' ? 0 : b->glued + 1;
    } else if (b->glued == 4 && may_begin_status(c)) {
        b->glued = 5;
        b->sign = c;
    } else if (b->glued > 0 && b->glued < 4 && c == lead[b->glued]) {
        b->glued++;
    } else if (c == '.' && (b->glued == 3 || b->glued > 4)) {
        b->glued = 2;
    } else {
        b->glued = may_be_glued_to(c) ? 1 : 0;
    }
}

/* The same over data that is given out: in the middle of them `scan` looks at the beginnings of
 * lines only; here it is what may go on in the data before and behind. */
static void glue_ends(struct body *b, struct sv data)
{
    enum { LONGEST = 7 }; /* "x.\r\n-ER" */
    size_t head = data.n < LONGEST ? data.n : LONGEST;

    for (size_t i = 0; i < head && b->glued > 0; i++)
        glue_step(b, data.p[i]);
    if (head == data.n && b->glued > 0)
        return;
    b->glued = 0;
    for (size_t i = data.n - head; i < data.n; i++)
        glue_step(b, data.p[i]);
}

/* Is `at`, inside of the data from `start`, a status word behind a line with a dot at its end? */
static bool is_glued(const char *start, const char *at, const char *end)
{
    struct sv word = sv_make(at, (size_t)(end - at));

    return at - start > 3 && may_be_glued_to(at[-4]) && memcmp(at - 3, ".\r\n", 3) == 0 &&
           (sv_starts(word, SV("+OK")) || sv_starts(word, SV("-ERR")));
}

/* What each holding state does with the next octet. `give` is what it turns out to have held. */
static const struct hold {
    enum body_state on_cr,
        on_lf;                 /* the octet joins what is held; equal to the state: it does not */
    enum body_state otherwise; /* ... then `give` is data, and the octet is looked at again */
    const char *give;
} holds[] = {
    [BODY_DOT] = {BODY_DOT_CR, BODY_DOT_LF, BODY_IN_LINE, ""},
    [BODY_DOT_CR] = {BODY_DOT_CR, BODY_DOT_CR, BODY_BEHIND_CR, "\r"},
    [BODY_DOT_LF] = {BODY_DOT_LF, BODY_DOT_LF, BODY_BEHIND_LF, "\n"},
    [BODY_BARE_DOT] = {BODY_BARE_DOT_CR, BODY_BARE_DOT_LF, BODY_IN_LINE, "."},
    [BODY_BARE_DOT_CR] = {BODY_BARE_DOT_CR, BODY_BARE_DOT_CRLF, BODY_BEHIND_CR, ".\r"},
    [BODY_BARE_DOT_LF] = {BODY_BARE_DOT_LF, BODY_BARE_DOT_LF, BODY_BEHIND_LF, ".\n"},
    [BODY_BARE_DOT_CRLF] = {BODY_BARE_DOT_CRLF, BODY_BARE_DOT_CRLF, BODY_LINE_START, ".\r\n"},
};

static enum body_result hold_step(struct body *b, struct sv *in, struct sv *data)
{
    char c = in->p[0];
    const struct hold *h = &holds[b->state];
    if (c == '\n' && (b->state == BODY_DOT_CR || (b->state == BODY_DOT && b->lf_mode))) {
        *in = sv_from(*in, 1);
        return BODY_END;
    }
    enum body_state joined = c == '\r' ? h->on_cr : c == '\n' ? h->on_lf : b->state;
    if (joined != b->state) {
        b->state = joined;
        *in = sv_from(*in, 1);
        return BODY_MORE;
    }
    b->in_doubt = b->in_doubt || (body_suspect(b) && may_begin_status(c));
    b->state = h->otherwise;
    *data = sv_of(h->give);
    for (size_t i = 0; i < data->n; i++)
        glue_step(b, data->p[i]);
    return data->n > 0 ? BODY_DATA : BODY_MORE;
}

/* Is `s`, from a dot behind a bare LF to the end of the input, something that must be held back? */
static bool may_be_bare_end(const char *s, size_t n)
{
    static const char crlf[] = ".\r\n";
    return (n <= 3 && memcmp(s, crlf, n) == 0) || (n == 2 && s[1] == '\n');
}

/* Is it such an end, and behind it what may be a status line? */
static bool is_bare_end_in_doubt(const char *s, size_t n)
{
    size_t end = n > 2 && s[1] == '\r' && s[2] == '\n' ? 3 : n > 1 && s[1] == '\n' ? 2 : n;
    return end < n && may_begin_status(s[end]);
}

/* Give out as much as is certainly data. The state is not a holding one; if it is the start of a
 * line, the first octet is no dot. */
static struct sv scan(struct body *b, struct sv *in)
{
    const char *const start = in->p, *const end = in->p + in->n;
    const char *cut = end; /* where the view ends */
    const char *from = start;
    for (;;) {
        const char *lf = memchr(from, '\n', (size_t)(end - from));
        if (lf == NULL) {
            b->state = end[-1] == '\r' ? BODY_BEHIND_CR : BODY_IN_LINE;
            break;
        }
        bool after_cr = lf > start ? lf[-1] == '\r' : b->state == BODY_BEHIND_CR;
        from = lf + 1;
        if (from < end && *from != '.') {
            if (may_begin_status(*from))
                b->in_doubt = b->in_doubt || is_glued(start, from, end);
            continue;
        }
        bool line_end = after_cr || b->lf_mode;
        if (from == end || line_end || may_be_bare_end(from, (size_t)(end - from))) {
            b->state = line_end ? BODY_LINE_START : BODY_BEHIND_LF;
            cut = from;
            break;
        }
        b->in_doubt = b->in_doubt || is_bare_end_in_doubt(from, (size_t)(end - from));
    }
    glue_ends(b, sv_make(start, (size_t)(cut - start)));
    *in = sv_from(*in, (size_t)(cut - start));
    return sv_make(start, (size_t)(cut - start));
}

enum body_result body_next(struct body *b, struct sv *in, struct sv *data)
{
    if (!b->begun && in->n > 0) {
        b->begun = true;
        b->in_doubt = may_begin_status(in->p[0]);
    }
    while (in->n > 0) {
        if (b->state >= BODY_DOT) {
            enum body_result r = hold_step(b, in, data);
            if (r != BODY_MORE)
                return r;
        } else if (in->p[0] == '.' && b->state == BODY_LINE_START) {
            b->state = BODY_DOT;
            b->glued = 0;
            *in = sv_from(*in, 1);
        } else if (in->p[0] == '.' && b->state == BODY_BEHIND_LF) {
            b->state = BODY_BARE_DOT;
            *in = sv_from(*in, 1);
        } else {
            *data = scan(b, in);
            return BODY_DATA;
        }
    }
    return BODY_MORE;
}
