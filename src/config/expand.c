/* SPDX-License-Identifier: ISC */
/* "%a", "%u", "%d" and "%%"; see expand.h. */
#include "popkeep/config/expand.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/config/value.h"

#include <string.h>

enum { EXPANDED_MAX = 4095 }; /* PATH_MAX of Linux less NUL */

static bool fits_path(struct sv s)
{
    if (s.n == 0 || s.p[0] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '/' || (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return true;
}

/* Quoting would not do: the user may have put quotes around it, which would then end there. */
static bool fits_command(struct sv s)
{
    if (s.n == 0 || s.p[0] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alnum(s.p[i]) && (s.p[i] == '\0' || !strchr("._@+-", s.p[i])))
            return false;
    return true;
}

static struct sv domain_of(struct sv user)
{
    size_t i = user.n;
    while (i > 0 && user.p[i - 1] != '@')
        i--;
    return i > 0 ? sv_from(user, i) : SV_NULL;
}

static int refuse(const char *key, char sign, struct sv s, enum expand_place place, struct err *e)
{
    char shown[VALUE_SHOWN];
    if (sign == 'u' && s.n == 0)
        return err_set(e, ST_CONFIG, "%s: %%u is the user, and user is missing", key);
    if (sign == 'd' && s.n == 0)
        return err_set(e, ST_CONFIG, "%s: %%d is the domain of the user, who has none", key);
    value_shown(shown, s);
    if (place == EXPAND_COMMAND)
        return err_set(e, ST_CONFIG,
                       "%s: %%%c would put %s into a command; only A-Z a-z 0-9 . _ @ + - may stand "
                       "there, and no - in front",
                       key, sign, shown);
    return err_set(e, ST_CONFIG,
                   "%s: %%%c would put %s into it; it may hold no \"/\" and no control character, "
                   "and no dot in front",
                   key, sign, shown);
}

static int add_name(struct buf *out, char sign, const char *key, enum expand_place place,
                    const struct expand_names *names, struct err *e)
{
    struct sv s = sign == 'a' ? names->account : sign == 'u' ? names->user : domain_of(names->user);
    if (!(place == EXPAND_COMMAND ? fits_command(s) : fits_path(s)))
        return refuse(key, sign, s, place, e);
    for (size_t i = 0; i < s.n; i++)
        if (buf_add_char(out, sign == 'd' ? ascii_lower(s.p[i]) : s.p[i]))
            return err_set(e, ST_CONFIG, "%s is too long", key);
    return 0;
}

static bool is_name_sign(char c)
{
    return c == 'a' || c == 'u' || c == 'd';
}

static int refuse_sign(const char *key, bool names, struct err *e)
{
    if (names)
        return err_set(e, ST_CONFIG,
                       "%s: \"%%\" is reserved; write \"%%%%\" for one \"%%\"; %%a, %%u and %%d "
                       "are the account, its user and the user's domain",
                       key);
    return err_set(e, ST_CONFIG, "%s: \"%%\" is reserved; write \"%%%%\" for one \"%%\"", key);
}

int expand(struct sv v, const char *key, enum expand_place place, const struct expand_names *names,
           char **out, struct err *e)
{
    struct buf b = BUF_INIT(EXPANDED_MAX);
    int rc = 0;
    for (size_t i = 0; i < v.n && rc == 0; i++) {
        char sign = v.p[i] == '%' && i + 1 < v.n ? v.p[i + 1] : '\0';
        if (v.p[i] == '%' && names && is_name_sign(sign))
            rc = add_name(&b, sign, key, place, names, e);
        else if (v.p[i] == '%' && sign != '%')
            rc = refuse_sign(key, names != NULL, e);
        else if (buf_add_char(&b, v.p[i]))
            rc = err_set(e, ST_CONFIG, "%s is too long", key);
        i += v.p[i] == '%';
    }
    if (rc == 0)
        *out = mem_strndup(b.n > 0 ? b.p : "", b.n);
    buf_wipe(&b);
    return rc;
}

bool expand_varies(struct sv v)
{
    for (size_t i = 0; i + 1 < v.n; i++) {
        if (v.p[i] != '%')
            continue;
        i++;
        if (v.p[i] == 'a' || v.p[i] == 'u')
            return true;
    }
    return false;
}
