/* SPDX-License-Identifier: ISC */
/* Text by account; those that speak at a time are as many as run, so that a list will do. */
#include "popkeep/report/whole.h"

#include "popkeep/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 1 + 4, ROOM_STEP = 16 };

static struct whole_account *find(const struct whole *w, struct sv name)
{
    for (size_t i = 0; i < w->n; i++)
        if (sv_eq_c(name, w->v[i].name))
            return &w->v[i];
    return NULL;
}

static struct whole_account *begin(struct whole *w, struct sv name)
{
    if (w->n == w->room) {
        w->room += ROOM_STEP;
        w->v = mem_realloc(w->v, w->room, sizeof *w->v);
    }
    w->v[w->n] =
        (struct whole_account){.name = mem_strndup(name.p, name.n), .text = BUF_INIT(WHOLE_MAX)};
    return &w->v[w->n++];
}

static void put_piece(struct buf *b, int stream, struct sv text)
{
    uint32_t n = (uint32_t)text.n;

    (void)buf_add_char(b, (char)(unsigned char)stream);
    (void)buf_add(b, &n, sizeof n);
    (void)buf_add_sv(b, text);
}

static bool take_piece(struct sv *rest, int *stream, struct sv *text)
{
    uint32_t n;

    if (rest->n < HEAD)
        return false;
    *stream = (unsigned char)rest->p[0];
    memcpy(&n, rest->p + 1, sizeof n);
    *text = sv_make(rest->p + HEAD, n);
    *rest = sv_from(*rest, HEAD + (size_t)n);
    return true;
}

static void let_go(struct whole_account *a, whole_out *out, void *ctx)
{
    struct buf joined = BUF_INIT(WHOLE_MAX);
    struct sv rest = buf_sv(&a->text), text;
    int stream, last = -1;

    while (take_piece(&rest, &stream, &text)) {
        if (stream != last && joined.n > 0) {
            out(ctx, last, buf_sv(&joined));
            buf_clear(&joined);
        }
        (void)buf_add_sv(&joined, text);
        last = stream;
    }
    if (joined.n > 0)
        out(ctx, last, buf_sv(&joined));
    buf_free(&joined);
    buf_free(&a->text);
}

void whole_add(struct whole *w, struct sv account, int stream, struct sv text, whole_out *out,
               void *ctx)
{
    struct whole_account *a = find(w, account);

    if (text.n == 0)
        return;
    if (a == NULL)
        a = begin(w, account);
    if (a->text.n + HEAD + text.n > WHOLE_MAX)
        let_go(a, out, ctx);
    if (HEAD + text.n > WHOLE_MAX)
        out(ctx, stream, text);
    else
        put_piece(&a->text, stream, text);
}

void whole_end(struct whole *w, struct sv account, whole_out *out, void *ctx)
{
    struct whole_account *a = find(w, account);

    if (a == NULL)
        return;
    let_go(a, out, ctx);
    free(a->name);
    w->n--;
    memmove(a, a + 1, (size_t)(w->v + w->n - a) * sizeof *a);
}

void whole_end_all(struct whole *w, whole_out *out, void *ctx)
{
    while (w->n > 0)
        whole_end(w, sv_of(w->v[0].name), out, ctx);
}

void whole_free(struct whole *w)
{
    for (size_t i = 0; i < w->n; i++) {
        free(w->v[i].name);
        buf_free(&w->v[i].text);
    }
    free(w->v);
    *w = (struct whole){0};
}
