/* SPDX-License-Identifier: ISC */
/* Kinds of configuration values: words, numbers, paths, names; host.c has hosts and pins. */
#include "popkeep/config/value.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/config/config.h"

#include <stdio.h>
#include <string.h>

enum { PATH_LIMIT = 4095 }; /* PATH_MAX of Linux less NUL */

char *value_shown(char out[VALUE_SHOWN], struct sv v)
{
    char escaped[VALUE_SHOWN - 2];
    text_escape_to(escaped, sizeof escaped, v);
    snprintf(out, VALUE_SHOWN, "\"%s\"", escaped);
    return out;
}

/* "a, b or c": the words that are accepted. */
static void list_words(const struct value_word *words, struct buf *out)
{
    size_t left = 0;
    for (const struct value_word *w = words; w->word; w++)
        left += !w->refusal;
    for (const struct value_word *w = words; w->word; w++) {
        if (w->refusal)
            continue;
        left--;
        buf_addf(out, "%s%s", w->word, left == 0 ? "" : left == 1 ? tr(" or ") : ", ");
    }
}

static const struct value_word *find_word(const struct value_word *words, struct sv v)
{
    for (; words->word; words++)
        if (sv_eq_c(v, words->word))
            return words;
    return NULL;
}

int value_word(struct sv v, const char *key, const struct value_word *words, int *out,
               struct err *e)
{
    const struct value_word *w = find_word(words, v);
    if (w && !w->refusal) {
        *out = w->value;
        return 0;
    }
    struct buf list = BUF_INIT(512);
    list_words(words, &list);
    char shown[VALUE_SHOWN];
    if (w)
        err_set(e, ST_CONFIG, "%s = %s %s; use %s", key, w->word, tr(w->refusal), list.p);
    else
        err_set(e, ST_CONFIG, "%s must be %s, not %s", key, list.p, value_shown(shown, v));
    buf_free(&list);
    return -1;
}

int value_number(struct sv v, const char *key, const char *word, uint64_t min, uint64_t max,
                 uint64_t *out, struct err *e)
{
    if (ascii_u64(v, max, out) == 0 && *out >= min)
        return 0;
    char shown[VALUE_SHOWN];
    value_shown(shown, v);
    if (word)
        return err_set(e, ST_CONFIG, "%s must be %s or a whole number from %llu to %llu, not %s",
                       key, word, (unsigned long long)min, (unsigned long long)max, shown);
    return err_set(e, ST_CONFIG, "%s must be a whole number from %llu to %llu, not %s", key,
                   (unsigned long long)min, (unsigned long long)max, shown);
}

int value_day(struct sv v, const char *key, int64_t *unix_s, struct err *e)
{
    const struct sv form = SV("2027-02-28");
    char shown[VALUE_SHOWN];
    if (v.n == form.n && v.p[0] != '@' && text_parse_time(v, unix_s) == 0)
        return 0;
    return err_set(e, ST_CONFIG, "%s must be a day written like %s, not %s", key, form.p,
                   value_shown(shown, v));
}

/* `path` begins with a slash; its components are appended to `out`, each behind one slash. */
static int add_components(struct buf *out, struct sv path, const char *key, struct err *e)
{
    while (path.n > 0) {
        struct sv part = sv_token(&path, '/');
        if (part.n == 0 || sv_eq(part, SV(".")))
            continue;
        /* Which folder ".." leads to depends on symbolic links, so equal folders would not have
         * equal texts. */
        if (sv_eq(part, SV("..")))
            return err_set(e, ST_CONFIG, "%s must not hold \"..\"; write the path without it", key);
        if (buf_add_char(out, '/') || buf_add_sv(out, part))
            return err_set(e, ST_CONFIG, "%s: the path is too long", key);
    }
    return 0;
}

static int refuse_relative(struct sv v, const char *key, struct err *e)
{
    char shown[VALUE_SHOWN];
    value_shown(shown, v);
    if (v.n > 0 && v.p[0] == '~')
        return err_set(e, ST_CONFIG, "%s must be an absolute path or begin with \"~/\", not %s",
                       key, shown);
    return err_set(e, ST_CONFIG,
                   "%s must not be a relative path like %s: popkeep is started from many folders; "
                   "write an absolute path or begin with \"~/\"",
                   key, shown);
}

int value_path(struct sv v, const char *key, const char *home, const struct expand_names *names,
               char **out, struct err *e)
{
    char *plain = NULL;
    struct buf b = BUF_INIT(PATH_LIMIT);
    int rc = -1;

    /* what a name becomes must not decide where the path begins */
    if (!sv_starts(v, SV("~/")) && !sv_starts(v, SV("/")))
        return refuse_relative(v, key, e);
    if (expand(v, key, EXPAND_PATH, names, &plain, e))
        return -1;
    struct sv path = sv_of(plain);
    if (sv_starts(path, SV("~/"))) {
        if (!home || home[0] != '/') {
            err_set(
                e, ST_CONFIG,
                "%s begins with \"~/\", but the home folder is not known; give an absolute path",
                key);
            goto out;
        }
        if (add_components(&b, sv_of(home), key, e))
            goto out;
        path = sv_from(path, 1);
    }
    if (add_components(&b, path, key, e))
        goto out;
    if (b.n == 0) {
        err_set(e, ST_CONFIG, "%s must not be the root folder \"/\"", key);
        goto out;
    }
    *out = mem_strndup(b.p, b.n);
    rc = 0;
out:
    buf_free(&b);
    mem_wipe_free(plain);
    return rc;
}

int value_address(struct sv v, struct err *e)
{
    char shown[VALUE_SHOWN];
    struct sv domain = v, local = sv_token(&domain, '@');
    bool good = local.n > 0 && domain.n > 0 && !sv_has(domain, '@');
    for (size_t i = 0; i < v.n; i++)
        good = good && !sv_has(SV(" \t,;<>()\"'"), v.p[i]);
    if (!good)
        return err_set(e, ST_CONFIG, "%s is no e-mail address", value_shown(shown, v));
    return 0;
}

static bool is_name_char(char c)
{
    return ascii_is_alnum(c) || (c != '\0' && strchr("._@+-", c));
}

int value_section_name(struct sv v, const char *what, struct err *e)
{
    char shown[VALUE_SHOWN];
    value_shown(shown, v);
    if (v.n == 0)
        return err_set(e, ST_CONFIG, "the %s has no name; write [%s NAME]", what, what);
    if (v.p[0] == '"' || v.p[0] == '\'')
        return err_set(e, ST_CONFIG, "%s names are not quoted; write [%s NAME]", what, what);
    if (v.n > CONFIG_NAME_MAX)
        return err_set(e, ST_CONFIG,
                       "[%s NAME]: the name has at most %d octets; this one has %zu: %s", what,
                       (int)CONFIG_NAME_MAX, v.n, shown);
    if (v.p[0] == '.')
        return err_set(e, ST_CONFIG, "[%s NAME]: the name must not begin with a dot: %s", what,
                       shown);
    for (size_t i = 0; i < v.n; i++)
        if (!is_name_char(v.p[i]))
            return err_set(e, ST_CONFIG,
                           "[%s NAME]: the name is made of A-Z a-z 0-9 . _ @ + - only, not %s",
                           what, shown);
    return 0;
}
