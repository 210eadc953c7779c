/* SPDX-License-Identifier: ISC */
/* Texts for people in their language. */
#include "popkeep/base/translate.h"

#include <libintl.h>
#include <stdio.h>

#define DOMAIN "popkeep"

enum { CONTEXT_MAX = 256 }; /* of a text with a context; those are single words */

const char *tr(const char *msgid)
{
    /* the empty text is the name of the catalogue's head */
    return msgid == NULL || *msgid == '\0' ? msgid : dgettext(DOMAIN, msgid);
}

/* As pgettext of gettext.h does it: in the catalogue the context stands in front, behind it \004.
 */
const char *tr_in(const char *context, const char *msgid)
{
    char key[CONTEXT_MAX];
    int n = snprintf(key, sizeof key, "%s\004%s", context, msgid);

    if (n < 0 || (size_t)n >= sizeof key)
        return msgid;
    const char *found = dgettext(DOMAIN, key);
    return found == key ? msgid : found;
}

const char *trn(const char *one, const char *several, uint64_t n)
{
    return dngettext(DOMAIN, one, several, n);
}

int tr_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int result = buf_vaddf(b, tr(fmt), ap);
    va_end(ap);
    return result;
}

int trn_addf(struct buf *b, uint64_t n, const char *one, const char *several, ...)
{
    va_list ap;

    va_start(ap, several);
    int result = buf_vaddf(b, trn(one, several, n), ap);
    va_end(ap);
    return result;
}
