/* SPDX-License-Identifier: ISC */
/* Which accounts the words of the command line mean; see config_select in config.h. */
#include "popkeep/config/config.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/config/value.h"

#include <stdlib.h>
#include <string.h>

static size_t count_words(const char *const *words)
{
    size_t n = 0;
    while (words && words[n])
        n++;
    return n;
}

/* Addresses are what people have at hand; but two accounts may have the same one, so that a word
 * means names only. */
static const struct account *account_of_user(const struct config *c, const char *word)
{
    for (size_t i = 0; i < c->n_accounts; i++)
        if (ascii_same_c(sv_of(word), c->accounts[i].user))
            return &c->accounts[i];
    return NULL;
}

static int refuse_word(const struct config *c, const char *word, const char *const *other_words,
                       struct err *e)
{
    size_t others = count_words(other_words);
    const char **known = mem_zalloc(c->n_accounts + others + 1, sizeof *known);
    char shown[VALUE_SHOWN];
    for (size_t i = 0; i < c->n_accounts; i++)
        known[i] = c->accounts[i].name;
    for (size_t i = 0; i < others; i++)
        known[c->n_accounts + i] = other_words[i];
    const char *nearest = ascii_nearest(sv_of(word), known);
    free(known);
    value_shown(shown, sv_of(word));
    const struct account *of_user = account_of_user(c, word);
    if (of_user)
        return err_set(e, ST_USAGE, "no account named %s; it is the user of account \"%s\"", shown,
                       of_user->name);
    if (nearest && strcmp(nearest, word) == 0) /* only a command can be: it stands too late */
        return err_set(e, ST_USAGE,
                       "no account named %s; a command comes before the accounts, and only one",
                       shown);
    if (nearest)
        return err_set(e, ST_USAGE, "no %s named %s; did you mean \"%s\"?",
                       others ? tr("command or account") : tr("account"), shown, nearest);
    return err_set(e, ST_USAGE, "no %s named %s; the accounts are those of %s",
                   others ? tr("command or account") : tr("account"), shown, c->file);
}

static bool any_enabled(const struct config *c)
{
    for (size_t i = 0; i < c->n_accounts; i++)
        if (!c->accounts[i].disabled)
            return true;
    return false;
}

static int choose(const struct config *c, const char *word, const char *const *other_words,
                  bool *chosen, struct err *e)
{
    char shown[VALUE_SHOWN];
    bool found = false, off = false;
    for (size_t i = 0; i < c->n_accounts; i++) {
        const struct account *a = &c->accounts[i];
        if (!ascii_glob(word, sv_of(a->name)))
            continue;
        if (a->disabled && strcmp(word, a->name) != 0) {
            off = true;
            continue;
        }
        chosen[i] = true;
        found = true;
    }
    if (found)
        return 0;
    if (off)
        return err_set(e, ST_USAGE,
                       "every account that matches %s is disabled; a disabled account is worked on "
                       "when its whole name is given",
                       value_shown(shown, sv_of(word)));
    return refuse_word(c, word, other_words, e);
}

int config_select(const struct config *c, const char *const *words, size_t n_words,
                  const char *const *other_words, bool *chosen, struct err *e)
{
    for (size_t i = 0; i < c->n_accounts; i++)
        chosen[i] = n_words == 0 && !c->accounts[i].disabled;
    for (size_t w = 0; w < n_words; w++)
        if (choose(c, words[w], other_words, chosen, e))
            return -1;
    if (n_words == 0 && !any_enabled(c))
        return err_set(e, ST_CONFIG, "every account of %s is disabled; name one to work on it",
                       c->file);
    return 0;
}
