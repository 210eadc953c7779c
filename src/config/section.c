/* SPDX-License-Identifier: ISC */
/* Sections as they stand in the files; see section.h. */
#include "popkeep/config/section.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/config/expand.h"
#include "popkeep/config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *section_where(char out[SECTION_WHERE], const char *file, unsigned line, const char *seen_from)
{
    if (file == seen_from)
        snprintf(out, SECTION_WHERE, tr("line %u"), line);
    else
        snprintf(out, SECTION_WHERE, "%s:%u", file, line);
    return out;
}

static struct section *add_section(struct sections *s)
{
    if (s->n == s->room) {
        s->room = s->room ? s->room * 2 : 8;
        s->list = mem_realloc(s->list, s->room, sizeof *s->list);
    }
    struct section *new = &s->list[s->n++];
    *new = (struct section){0};
    return new;
}

static int begin_defaults(struct sections *s, unsigned line, struct err *e)
{
    char where[SECTION_WHERE];
    if (s->defaults.line)
        return err_set(e, ST_CONFIG, "[defaults] stands already in %s",
                       section_where(where, s->defaults.file, s->defaults.line, s->file->name));
    s->defaults.file = s->file->name;
    s->defaults.line = line;
    s->now = &s->defaults;
    return 0;
}

static int refuse_header(struct sv header, struct err *e)
{
    static const char *const words[] = {"defaults", "account", "profile", NULL};
    char shown[VALUE_SHOWN];
    struct sv rest = header;
    const char *nearest = ascii_nearest(sv_token(&rest, ' '), words);
    value_shown(shown, header);
    if (!nearest)
        return err_set(
            e, ST_CONFIG,
            "unknown section %s; a section is [defaults], [profile NAME] or [account NAME]", shown);
    return err_set(e, ST_CONFIG, "unknown section %s; did you mean [%s%s]?", shown, nearest,
                   sv_eq_c(sv_of(nearest), "defaults") ? "" : tr(" NAME"));
}

static bool is_kind(struct sv header, struct sv word)
{
    return sv_starts(header, word) && (header.n == word.n || ascii_is_blank(header.p[word.n]));
}

static int on_section(void *ctx, struct sv header, unsigned line, struct err *e)
{
    struct sections *s = ctx;
    const struct sv account = SV("account"), profile = SV("profile");
    if (sv_eq_c(header, "defaults"))
        return begin_defaults(s, line, e);
    bool is_account = is_kind(header, account);
    if (!is_account && !is_kind(header, profile))
        return refuse_header(header, e);
    struct sv name = ascii_trim(sv_from(header, account.n)); /* both words have seven letters */
    if (value_section_name(name, is_account ? "account" : "profile", e))
        return -1;
    s->now = add_section(s);
    s->now->kind = is_account ? SECTION_ACCOUNT : SECTION_PROFILE;
    s->now->file = s->file->name;
    s->now->line = line;
    s->now->name = mem_strndup(name.p, name.n);
    s->n_accounts += is_account;
    return 0;
}

/* The password may come from one place only. */
static int check_one_secret(const struct section *s, const struct config_key *key, struct err *e)
{
    if (key->rule->group != KEY_OF_SECRET)
        return 0;
    for (const struct config_key *k = config_keys(); k->name; k++)
        if (k->rule->group == KEY_OF_SECRET && s->value[keys_index(k)])
            return err_set(e, ST_CONFIG, "%s beside %s (line %u); give the password in one way",
                           key->name, k->name, s->line_of[keys_index(k)]);
    return 0;
}

/* Whether the key may stand in this kind of section. */
static int check_place(const struct section *s, const struct config_key *key, struct sv value,
                       struct err *e)
{
    if (s->kind != SECTION_DEFAULTS && !key->in_account)
        return err_set(e, ST_CONFIG, "%s is for all accounts; it belongs in [defaults]", key->name);
    if (s->kind != SECTION_ACCOUNT && !key->in_defaults)
        return err_set(e, ST_CONFIG,
                       "%s differs from account to account; it belongs in [account NAME]",
                       key->name);
    if (s->kind != SECTION_ACCOUNT && key->rule->differs && !expand_varies(value))
        return err_set(e, ST_CONFIG,
                       "%s differs from account to account; it belongs in [account NAME], or must "
                       "hold %%a or %%u",
                       key->name);
    return 0;
}

static int add_include(struct sections *s, struct sv value, unsigned line)
{
    s->includes = mem_realloc(s->includes, s->n_includes + 1, sizeof *s->includes);
    s->includes[s->n_includes++] = (struct section_include){
        .pattern = mem_strndup(value.p, value.n), .file = s->file->name, .line = line};
    return 0;
}

static int on_value(void *ctx, const struct config_key *key, struct sv value, unsigned line,
                    struct err *e)
{
    struct sections *all = ctx;
    struct section *s = all->now ? all->now : &all->defaults;
    size_t i = keys_index(key);
    if (check_place(s, key, value, e))
        return -1;
    if (key->rule->at_top)
        return add_include(all, value, line);
    if (s->value[i])
        return err_set(e, ST_CONFIG, "%s is repeated; it stands already in line %u", key->name,
                       s->line_of[i]);
    if (check_one_secret(s, key, e))
        return -1;
    s->value[i] = mem_strndup(value.p, value.n);
    s->line_of[i] = line;
    s->leads[key->rule->group] = s->leads[key->rule->group] || key->rule->leads;
    if (key->rule->is_secret && all->file->secret_line == 0)
        all->file->secret_line = line;
    return 0;
}

int sections_read(struct sections *s, struct sv text, struct config_file *file, struct err *e)
{
    const struct reader_events events = {.ctx = s, .section = on_section, .value = on_value};
    s->file = file;
    s->now = NULL;
    return reader_run(text, file->name, &events, e);
}

static void section_free(struct section *s)
{
    free(s->name);
    for (size_t i = 0; i < KEYS_COUNT; i++)
        mem_wipe_free(s->value[i]);
}

void sections_free(struct sections *s)
{
    section_free(&s->defaults);
    for (size_t i = 0; i < s->n; i++)
        section_free(&s->list[i]);
    for (size_t i = 0; i < s->n_includes; i++)
        free(s->includes[i].pattern);
    free(s->list);
    free(s->includes);
    *s = (struct sections){0};
}
