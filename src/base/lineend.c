/* SPDX-License-Identifier: ISC */
/* Line ends: CRLF on the wire, LF in the file, only where nothing is lost by it. */
#include "popkeep/base/lineend.h"

#include <string.h>

void lineend_init(struct lineend *l)
{
    *l = (struct lineend){0};
}

struct sv lineend_held(const struct lineend *l)
{
    return l->held ? SV("\r") : SV("");
}

enum lineend_result lineend_end(struct lineend *l)
{
    if (l->held)
        l->broken = true;
    return l->broken ? LINEEND_BROKEN : LINEEND_CLEAN;
}

static char *put(char *to, const char *from, const char *end)
{
    size_t n = (size_t)(end - from);
    memcpy(to, from, n);
    return to + n;
}

/* Takes whole lines and what follows the last one; returns where it stopped. Two memchr passes over
 * one line stay in the first-level cache and are several times faster than a look at each octet. */
static const char *take(struct lineend *l, const char *p, const char *end, char **to)
{
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const char *stop = lf ? lf : end;
        const char *cr = memchr(p, '\r', (size_t)(stop - p));
        if (cr == NULL) {
            *to = put(*to, p, stop);
            l->broken = lf != NULL;
            return stop;
        }
        *to = put(*to, p, cr);
        if (cr + 1 < stop) {
            l->broken = true;
            return cr;
        }
        if (lf == NULL) {
            l->held = true;
            return end;
        }
        *(*to)++ = '\n';
        p = lf + 1;
    }
    return p;
}

enum lineend_result lineend_add(struct lineend *l, struct sv wire, struct buf *out, struct sv *rest)
{
    *rest = wire;
    if (l->broken)
        return LINEEND_BROKEN;
    if (wire.n == 0)
        return LINEEND_CLEAN;
    char *start = buf_reserve(out, wire.n);
    if (start == NULL)
        return LINEEND_FULL;
    char *to = start;
    const char *p = wire.p;
    if (l->held) {
        if (*p != '\n') {
            l->broken = true;
            return LINEEND_BROKEN;
        }
        l->held = false;
        l->clean++; /* the CR of the chunk before */
        *to++ = *p++;
    }
    p = take(l, p, wire.p + wire.n, &to);
    buf_grew(out, (size_t)(to - start));
    *rest = sv_from(wire, (size_t)(p - wire.p));
    l->clean += wire.n - rest->n - (l->held ? 1 : 0);
    return l->broken ? LINEEND_BROKEN : LINEEND_CLEAN;
}

int lineend_restore(struct buf *out, struct sv lf)
{
    if (lf.n == 0)
        return 0;
    const char *end = lf.p + lf.n;
    size_t lines = 0;
    for (const char *p = lf.p; p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        lines++;
    char *start = buf_reserve(out, lf.n + lines);
    if (start == NULL)
        return -1;
    char *to = start;
    for (const char *p = lf.p; p < end;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        to = put(to, p, nl ? nl : end);
        if (nl == NULL)
            break;
        *to++ = '\r';
        *to++ = '\n';
        p = nl + 1;
    }
    buf_grew(out, (size_t)(to - start));
    return 0;
}
