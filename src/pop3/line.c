/* SPDX-License-Identifier: ISC */
/* Lines and status lines. */
#include "popkeep/pop3/line.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"

#include <string.h>

enum line_result line_take(struct line_part *part, struct sv *in, struct sv *line)
{
    size_t room = POP3_STATUS_MAX - part->n;
    size_t look = in->n < room ? in->n : room;
    const char *lf = look > 0 ? memchr(in->p, '\n', look) : NULL;
    if (lf == NULL && look == room)
        return LINE_LONG;
    size_t k = lf != NULL ? (size_t)(lf - in->p) + 1 : look;
    if (lf != NULL && part->n == 0) {
        *line = sv_make(in->p, k);
    } else {
        if (k > 0)
            memcpy(part->octets + part->n, in->p, k);
        part->n += k;
        *line = sv_make(part->octets, part->n);
    }
    *in = sv_from(*in, k);
    if (lf == NULL)
        return LINE_MORE;
    part->n = 0;
    return LINE_WHOLE;
}

bool line_ends_in_crlf(struct sv line)
{
    return line.n >= 2 && line.p[line.n - 2] == '\r';
}

struct sv line_without_end(struct sv line)
{
    return sv_make(line.p, line.n - (line_ends_in_crlf(line) ? 2 : 1));
}

size_t line_peek(const struct line_part *part, struct sv in, char *out, size_t max)
{
    size_t a = part->n < max ? part->n : max;
    size_t b = in.n < max - a ? in.n : max - a;
    memcpy(out, part->octets, a);
    if (b > 0)
        memcpy(out + a, in.p, b);
    return a + b;
}

const char *line_sample(const struct line_part *part, struct sv in, char text[LINE_SAMPLE_TEXT])
{
    char raw[LINE_SAMPLE_MAX];
    struct sv rest = sv_make(raw, line_peek(part, in, raw, sizeof raw));
    return text_escape_to(text, LINE_SAMPLE_TEXT, ascii_trim(sv_token(&rest, '\n')));
}

bool line_status(struct sv line, struct status_line *s)
{
    s->ok = ascii_starts(line, "+OK");
    size_t n = s->ok ? 3 : 4;
    if (!s->ok && !ascii_starts(line, "-ERR"))
        return false;
    s->text = ascii_trim(sv_from(line, n));
    return line.n == n || ascii_is_blank(line.p[n]);
}

static bool agree(struct sv first, struct sv word)
{
    size_t n = first.n < word.n ? first.n : word.n;
    return ascii_same(sv_make(first.p, n), sv_make(word.p, n));
}

bool line_may_be_status(struct sv first)
{
    return agree(first, SV("+OK")) || agree(first, SV("-ERR"));
}
