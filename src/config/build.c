/* SPDX-License-Identifier: ISC */
/* Sections -> accounts; see build.h. */
#include "popkeep/config/build.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/config/check.h"
#include "popkeep/config/provider.h"
#include "popkeep/config/value.h"

#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_S = 120, LEVELS = 3 };

struct build {
    struct config *config;
    const struct sections *sections;
    const char *home;
    const struct section **profiles; /* by name */
    size_t n_profiles;
};

/* An account's section, its profile's or null, [defaults]: the first that gives a key counts. */
struct levels {
    const struct section *at[LEVELS];
};

/* The section a key's value is taken from, or null. A section that leads a group takes nothing of
 * it from a further one that leads it, too. */
static const struct section *source_of(const struct levels *l, const struct config_key *key)
{
    enum key_group group = key->rule->group;
    bool led = false;
    for (size_t n = 0; n < LEVELS; n++) {
        const struct section *s = l->at[n];
        if (!s)
            continue;
        bool shut = group != KEY_ALONE && led && s->leads[group];
        if (s->value[keys_index(key)] && !shut)
            return s;
        led = led || s->leads[group];
    }
    return NULL;
}

static void account_init(struct account *a)
{
    *a = (struct account){
        .retention_days = CONFIG_NEVER,
        .delete_requires_copy = true,
        .max_delete = CONFIG_NO_LIMIT,
        .timeout_s = TIMEOUT_S,
        .deadline_s = CONFIG_NO_DEADLINE,
    };
}

void build_account_free(struct account *a)
{
    free(a->name);
    free(a->host);
    free(a->user);
    mem_wipe_free(a->secret.value);
    free(a->maildir);
    free(a->tls_ca_file);
    free(a->tls_name);
    free(a->pins);
    free(a->run_as);
    account_init(a);
}

/* Let the keys set what they mean. What is wrong with a value by itself was found when its section
 * was looked at alone; what is wrong with one taken from elsewhere is so for this account. */
static int apply(const struct build *b, const struct levels *l, struct account *a,
                 struct check_origin *o, struct err *e)
{
    const struct section *own = l->at[0];
    struct key_target t = {.config = b->config, .account = a, .home = b->home, .e = e};
    for (const struct config_key *k = config_keys(); k->name; k++) {
        size_t i = keys_index(k);
        const struct section *from = source_of(l, k);
        if (!from || (own->kind == SECTION_ACCOUNT && !k->in_account))
            continue;
        t.file = o->file[i] = from->file;
        t.line = o->line[i] = from->line_of[i];
        o->own[i] = from == own;
        if (k->rule->set(&t, sv_of(from->value[i])) == 0)
            continue;
        if (from != own)
            err_add(e, "account %s (%s:%u)", own->name, own->file, own->line);
        return err_add(e, "%s:%u", t.file, t.line);
    }
    return 0;
}

/* [defaults] or a profile by itself: what is wrong in it is wrong even if no account takes it. */
static int check_shared(const struct build *b, const struct section *s, struct err *e)
{
    const struct levels alone = {.at = {s}};
    struct account scratch;
    struct check_origin origin = {0};
    account_init(&scratch);
    int rc = apply(b, &alone, &scratch, &origin, e);
    if (rc == 0)
        rc = check_times(b->config, &origin, e);
    build_account_free(&scratch);
    return rc;
}

static int by_name(const void *x, const void *y)
{
    const struct section *a = *(const struct section *const *)x,
                         *b = *(const struct section *const *)y;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : (a > b) - (a < b); /* as they were read */
}

static int index_profiles(struct build *b, struct err *e)
{
    const struct sections *all = b->sections;
    char where[SECTION_WHERE];
    b->profiles = mem_zalloc(all->n - all->n_accounts + 1, sizeof *b->profiles);
    for (size_t i = 0; i < all->n; i++)
        if (all->list[i].kind == SECTION_PROFILE)
            b->profiles[b->n_profiles++] = &all->list[i];
    qsort(b->profiles, b->n_profiles, sizeof *b->profiles, by_name);
    for (size_t i = 1; i < b->n_profiles; i++) {
        const struct section *first = b->profiles[i - 1], *s = b->profiles[i];
        if (strcmp(first->name, s->name) != 0)
            continue;
        err_set(e, ST_CONFIG, "profile %s stands already in %s; a name is given once", s->name,
                section_where(where, first->file, first->line, s->file));
        return err_add(e, "%s:%u", s->file, s->line);
    }
    return 0;
}

static int refuse_profile(const struct build *b, const char *name, struct err *e)
{
    char shown[VALUE_SHOWN];
    const char **names = mem_zalloc(b->n_profiles + 1, sizeof *names);
    for (size_t i = 0; i < b->n_profiles; i++)
        names[i] = b->profiles[i]->name;
    const char *nearest = ascii_nearest(sv_of(name), names);
    free(names);
    value_shown(shown, sv_of(name));
    if (nearest)
        return err_set(e, ST_CONFIG, "unknown profile %s; did you mean \"%s\"?", shown, nearest);
    return err_set(e, ST_CONFIG, "unknown profile %s; write a section [profile NAME]", shown);
}

static int is_named(const void *name, const void *profile)
{
    return strcmp(name, (*(const struct section *const *)profile)->name);
}

/* *out stays as it is without one. */
static int find_profile(const struct build *b, const struct section *own,
                        const struct section **out, struct err *e)
{
    size_t row = keys_row("profile");
    const char *name = own->value[row];
    if (!name)
        return 0;
    const struct section *const *found =
        bsearch(name, b->profiles, b->n_profiles, sizeof *b->profiles, is_named);
    if (found) {
        *out = *found;
        return 0;
    }
    refuse_profile(b, name, e);
    return err_add(e, "%s:%u", own->file, own->line_of[row]);
}

static int build_account(const struct build *b, const struct section *s, struct err *e)
{
    struct config *c = b->config;
    struct account *a = &c->accounts[c->n_accounts];
    struct check_origin origin = {0};
    struct levels l = {.at = {s, NULL, &b->sections->defaults}};
    int rc = -1;

    account_init(a);
    a->name = mem_strdup(s->name);
    a->file = s->file;
    a->line = s->line;
    if (find_profile(b, s, &l.at[1], e) || apply(b, &l, a, &origin, e))
        goto out;
    if (a->provider && !a->host)
        a->host = mem_strdup(a->provider->host);
    if (!a->port)
        a->port = a->provider ? a->provider->port : CONFIG_PORT;
    if (check_account(c, a, &origin, e))
        goto out;
    c->n_accounts++;
    rc = 0;
out:
    if (rc)
        build_account_free(a);
    return rc;
}

static int build_all(const struct build *b, struct err *e)
{
    struct config *c = b->config;
    const struct sections *all = b->sections;
    if (check_shared(b, &all->defaults, e))
        return -1;
    for (size_t i = 0; i < all->n; i++)
        if (all->list[i].kind == SECTION_PROFILE && check_shared(b, &all->list[i], e))
            return -1;
    if (all->n_accounts == 0) {
        err_set(e, ST_CONFIG, "no account; write a section [account NAME]");
        if (all->n_includes > 0 && c->n_files == 1)
            err_advise(e, "there is an include, but no file matches it");
        return err_add(e, "%s:1", c->file);
    }
    c->accounts = mem_zalloc(all->n_accounts, sizeof *c->accounts);
    for (size_t i = 0; i < all->n; i++)
        if (all->list[i].kind == SECTION_ACCOUNT && build_account(b, &all->list[i], e))
            return -1;
    return check_accounts(c, e);
}

int build_accounts(struct config *c, const struct sections *s, const char *home, struct err *e)
{
    struct build b = {.config = c, .sections = s, .home = home};
    int rc = index_profiles(&b, e);
    if (rc == 0)
        rc = build_all(&b, e);
    free(b.profiles);
    return rc;
}

int config_check_value(const char *key, struct sv value, const char *home, struct err *e)
{
    struct account scratch;
    struct key_target t = {.account = &scratch, .home = home, .e = e};
    const struct config_key *k = keys_find(sv_of(key));
    if (reader_check_value(k, value, e))
        return -1;
    account_init(&scratch);
    int rc = k->rule->set(&t, value);
    build_account_free(&scratch);
    return rc;
}
