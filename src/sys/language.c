/* SPDX-License-Identifier: ISC */
/* The language of messages. */
#include "popkeep/sys/language.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/sys/env.h"

#include <langinfo.h>
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define DOMAIN "popkeep"

/* What the user's characters are, without entering that locale. An 8-bit set (tr_TR alone means
 * ISO-8859-9) would show UTF-8 as two wrong letters for each; ASCII is what cron and services have,
 * where LC_MESSAGES may still be set on purpose. */
static bool can_show_utf8(void)
{
    locale_t l = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    const char *codeset;
    bool can;

    if (l == (locale_t)0)
        return true;
    codeset = nl_langinfo_l(CODESET, l);
    can = strcmp(codeset, "UTF-8") == 0 || strcmp(codeset, "ANSI_X3.4-1968") == 0;
    freelocale(l);
    return can;
}

/* PREFIX/share/locale of PREFIX/bin/popkeep, wherever that was moved to; null if /proc is not
 * there. The caller frees it. */
static char *installed_catalogues(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    char *slash;

    if (n <= 0)
        return NULL;
    path[n] = '\0';
    slash = strrchr(path, '/');
    if (slash == NULL)
        return NULL;
    *slash = '\0';
    return mem_printf("%s/../share/locale", path);
}

void language_enter(void)
{
    const char *asked = env_get("TEXTDOMAINDIR");
    char *dir;

    if (getauxval(AT_SECURE) != 0 || !can_show_utf8() || setlocale(LC_MESSAGES, "") == NULL)
        return;
    dir = asked != NULL && *asked == '/' ? mem_strdup(asked) : installed_catalogues();
    if (dir != NULL)
        (void)bindtextdomain(DOMAIN, dir);
    free(dir);
    /* else gettext would write for LC_CTYPE "C": a question mark for each letter beyond ASCII */
    (void)bind_textdomain_codeset(DOMAIN, "UTF-8");
    (void)tr("popkeep --help shows how it is used"); /* read before anything is given up */
}
