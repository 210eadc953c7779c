/* SPDX-License-Identifier: ISC */
/* The one error type. */
#include "popkeep/base/err.h"
#include "popkeep/base/translate.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A cut inside a UTF-8 sequence would make the whole message unreadable for some log readers. */
static void cut_whole(char *text, size_t n)
{
    size_t start = n;
    while (start > 0 && n - start < 4) {
        unsigned char c = (unsigned char)text[--start];
        if (c < 0x80)
            return;
        if (c >= 0xc0) {
            size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
            if (n - start < length)
                text[start] = '\0';
            return;
        }
    }
}

struct draft {
    char text[ERR_TEXT_MAX];
    size_t n;
};

__attribute__((format(printf, 2, 0))) static void draft_vadd(struct draft *d, const char *fmt,
                                                             va_list ap)
{
    size_t room = sizeof d->text - d->n;
    int n = vsnprintf(d->text + d->n, room, tr(fmt), ap);
    if (n < 0)
        d->text[d->n] = '\0';
    else if ((size_t)n >= room)
        cut_whole(d->text, sizeof d->text - 1);
    d->n = strlen(d->text);
}

__attribute__((format(printf, 2, 3))) static void draft_add(struct draft *d, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    draft_vadd(d, fmt, ap);
    va_end(ap);
}

static void cut_to(struct draft *d, size_t room)
{
    if (d->n < room)
        return;
    d->text[room - 1] = '\0';
    cut_whole(d->text, room - 1);
    d->n = strlen(d->text);
}

/* Everything is written beside and then copied: an argument may be the old text itself. */
static void keep(struct err *e, const struct draft *d)
{
    memcpy(e->text, d->text, d->n + 1);
}

int err_set(struct err *e, enum status s, const char *fmt, ...)
{
    struct draft d = {.n = 0};
    va_list ap;
    va_start(ap, fmt);
    draft_vadd(&d, fmt, ap);
    va_end(ap);
    keep(e, &d);
    e->status = s;
    e->sys_errno = 0;
    e->line_cut = false;
    e->server[0] = '\0';
    return -1;
}

int err_sys(struct err *e, enum status s, int errnum, const char *fmt, ...)
{
    struct draft d = {.n = 0};
    va_list ap;
    va_start(ap, fmt);
    draft_vadd(&d, fmt, ap);
    va_end(ap);
    const char *what = strerrordesc_np(errnum);
    if (what != NULL)
        draft_add(&d, ": %s", tr(what)); /* src/po/system-errors lists those worth translating */
    else
        draft_add(&d, ": system error %d", errnum);
    keep(e, &d);
    e->status = s;
    e->sys_errno = errnum;
    e->line_cut = false;
    e->server[0] = '\0';
    return -1;
}

int err_add(struct err *e, const char *fmt, ...)
{
    struct draft d = {.n = 0};
    va_list ap;
    va_start(ap, fmt);
    draft_vadd(&d, fmt, ap);
    va_end(ap);
    draft_add(&d, ": %s", e->text);
    keep(e, &d);
    return -1;
}

int err_advise(struct err *e, const char *fmt, ...)
{
    struct draft d = {.n = 0};
    va_list ap;
    draft_add(&d, "%s%s", e->text, e->text[0] != '\0' ? "\n" : "");
    va_start(ap, fmt);
    draft_vadd(&d, fmt, ap);
    va_end(ap);
    keep(e, &d);
    return -1;
}

int err_server(struct err *e, const char *escaped)
{
    struct draft d = {.n = 0};
    draft_add(&d, "%s", escaped);
    cut_to(&d, sizeof e->server);
    memcpy(e->server, d.text, d.n + 1);
    return -1;
}

int err_cut(struct err *e)
{
    e->line_cut = true;
    return -1;
}

void err_clear(struct err *e)
{
    e->status = ST_OK;
    e->sys_errno = 0;
    e->line_cut = false;
    e->text[0] = e->server[0] = '\0';
}

enum status err_status_of(int errnum, enum status otherwise)
{
    return errnum == ENOMEM ? ST_SOFTWARE : otherwise;
}
