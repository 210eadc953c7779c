/* SPDX-License-Identifier: ISC */
/* Which accounts the words of the command line mean; see config_select in config.h. */
#include "popkeep/config/config.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
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
    if (nearest && strcmp(nearest, word) == 0) /* only a command can be: it stands too late */
        return err_set(e, ST_USAGE,
                       "no account named %s; a command comes before the accounts, and only one",
                       shown);
    if (nearest)
        return err_set(e, ST_USAGE, "no %s named %s; did you mean \"%s\"?",
                       others ? "command or account" : "account", shown, nearest);
    return err_set(e, ST_USAGE, "no %s named %s; the accounts are those of %s",
                   others ? "command or account" : "account", shown, c->file);
}

int config_select(const struct config *c, const char *const *words, size_t n_words,
                  const char *const *other_words, bool *chosen, struct err *e)
{
    for (size_t i = 0; i < c->n_accounts; i++)
        chosen[i] = n_words == 0;
    for (size_t w = 0; w < n_words; w++) {
        bool found = false;
        for (size_t i = 0; i < c->n_accounts; i++) {
            if (!ascii_glob(words[w], sv_of(c->accounts[i].name)))
                continue;
            chosen[i] = true;
            found = true;
        }
        if (!found)
            return refuse_word(c, words[w], other_words, e);
    }
    return 0;
}
