/* SPDX-License-Identifier: ISC */
/* Configuration text -> accounts; see config.h. */
#include "popkeep/config/config.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/config/check.h"
#include "popkeep/config/keys.h"
#include "popkeep/config/provider.h"
#include "popkeep/config/reader.h"
#include "popkeep/config/value.h"

#include <stdlib.h>

enum {
    PORT_POP3S = 995, /* RFC 8314 section 7.3 */
    TIMEOUT_S = 120,
    JOBS = 4,
    PER_HOST = 2,
    WARNINGS_MAX = 64 * 1024,
};

/* One section as it stands in the file. */
struct section {
    char *name; /* null: [defaults] */
    unsigned line;
    char *value[KEYS_COUNT]; /* null: not given; wiped, as some are passwords */
    unsigned line_of[KEYS_COUNT];
};

struct parse {
    struct config *config;
    const char *home;
    struct section defaults; /* line 0: not in the file */
    struct section *accounts;
    size_t n, room;
    struct section *now; /* the one being read */
};

static void section_free(struct section *s)
{
    mem_wipe_free(s->name);
    for (size_t i = 0; i < KEYS_COUNT; i++)
        mem_wipe_free(s->value[i]);
}

static struct section *add_section(struct parse *p)
{
    if (p->n == p->room) {
        p->room = p->room ? p->room * 2 : 8;
        p->accounts = mem_realloc(p->accounts, p->room, sizeof *p->accounts);
    }
    struct section *s = &p->accounts[p->n++];
    *s = (struct section){0};
    return s;
}

static int begin_defaults(struct parse *p, unsigned line, struct err *e)
{
    if (p->defaults.line)
        return err_set(e, ST_CONFIG, "[defaults] stands already in line %u", p->defaults.line);
    p->defaults.line = line;
    p->now = &p->defaults;
    return 0;
}

static int refuse_header(struct sv header, struct err *e)
{
    static const char *const words[] = {"defaults", "account", NULL};
    char shown[VALUE_SHOWN];
    struct sv rest = header;
    const char *nearest = ascii_nearest(sv_token(&rest, ' '), words);
    value_shown(shown, header);
    if (!nearest)
        return err_set(e, ST_CONFIG,
                       "unknown section %s; a section is [defaults] or [account NAME]", shown);
    return err_set(e, ST_CONFIG, "unknown section %s; did you mean [%s%s]?", shown, nearest,
                   sv_eq_c(sv_of(nearest), "account") ? " NAME" : "");
}

static int on_section(void *ctx, struct sv header, unsigned line, struct err *e)
{
    struct parse *p = ctx;
    const struct sv word = SV("account");
    if (sv_eq_c(header, "defaults"))
        return begin_defaults(p, line, e);
    if (!sv_starts(header, word) || (header.n > word.n && !ascii_is_blank(header.p[word.n])))
        return refuse_header(header, e);
    struct sv name = ascii_trim(sv_from(header, word.n));
    if (value_account_name(name, e))
        return -1;
    p->now = add_section(p);
    p->now->line = line;
    p->now->name = mem_strndup(name.p, name.n);
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

static int on_value(void *ctx, const struct config_key *key, struct sv value, unsigned line,
                    struct err *e)
{
    struct section *s = ((struct parse *)ctx)->now;
    size_t i = keys_index(key);
    if (s->name && !key->in_account)
        return err_set(e, ST_CONFIG, "%s is for all accounts; it belongs in [defaults]", key->name);
    if (!s->name && !key->in_defaults)
        return err_set(e, ST_CONFIG,
                       "%s differs from account to account; it belongs in "
                       "[account NAME]",
                       key->name);
    if (s->value[i])
        return err_set(e, ST_CONFIG, "%s is repeated; it stands already in line %u", key->name,
                       s->line_of[i]);
    if (check_one_secret(s, key, e))
        return -1;
    s->value[i] = mem_strndup(value.p, value.n);
    s->line_of[i] = line;
    return 0;
}

/* Whether the section gives a leading key of the group itself. */
static bool leads(const struct section *s, enum key_group group)
{
    for (const struct config_key *k = config_keys(); k->name; k++)
        if (k->rule->leads && k->rule->group == group && s->value[keys_index(k)])
            return true;
    return false;
}

/* The section a key's value is taken from, or null. */
static const struct section *source_of(const struct parse *p, const struct section *own,
                                       const struct config_key *key)
{
    size_t i = keys_index(key);
    if (own->value[i])
        return own;
    if (!key->in_account || !p->defaults.value[i])
        return NULL;
    enum key_group group = key->rule->group;
    if (group != KEY_ALONE && leads(own, group) && leads(&p->defaults, group))
        return NULL;
    return &p->defaults;
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

static void account_free(struct account *a)
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

/* Let the keys set what they mean. */
static int apply(struct parse *p, const struct section *own, struct account *a,
                 struct check_origin *o, struct err *e)
{
    struct key_target t = {.config = p->config, .account = a, .home = p->home, .e = e};
    for (const struct config_key *k = config_keys(); k->name; k++) {
        size_t i = keys_index(k);
        const struct section *from = source_of(p, own, k);
        if (!from)
            continue;
        t.line = o->line[i] = from->line_of[i];
        o->own[i] = from == own;
        if (k->rule->set(&t, sv_of(from->value[i])))
            return err_add(e, "%s:%u", p->config->file, t.line);
    }
    return 0;
}

static void note_secret(struct config *c, const struct account *a)
{
    if (a->secret.kind != SECRET_INLINE)
        return;
    if (!c->has_inline_secret || a->secret.line < c->secret_line)
        c->secret_line = a->secret.line;
    c->has_inline_secret = true;
}

/* [defaults] by itself: what is wrong in it is wrong even if no account takes it. */
static int build_defaults(struct parse *p, struct err *e)
{
    struct account scratch;
    struct check_origin origin = {0};
    account_init(&scratch);
    int rc = apply(p, &p->defaults, &scratch, &origin, e);
    if (rc == 0)
        note_secret(p->config, &scratch);
    account_free(&scratch);
    return rc;
}

static int build_account(struct parse *p, const struct section *s, struct err *e)
{
    struct config *c = p->config;
    struct account *a = &c->accounts[c->n_accounts];
    struct check_origin origin = {0};
    int rc = -1;

    account_init(a);
    a->name = mem_strdup(s->name);
    a->line = s->line;
    if (apply(p, s, a, &origin, e))
        goto out;
    if (a->provider && !a->host)
        a->host = mem_strdup(a->provider->host);
    if (!a->port)
        a->port = a->provider ? a->provider->port : PORT_POP3S;
    if (check_account(c, a, &origin, e))
        goto out;
    note_secret(c, a);
    c->n_accounts++;
    rc = 0;
out:
    if (rc)
        account_free(a);
    return rc;
}

static int build(struct parse *p, struct err *e)
{
    struct config *c = p->config;
    if (build_defaults(p, e))
        return -1;
    if (p->n == 0) {
        err_set(e, ST_CONFIG, "%s:1: no account; write a section [account NAME]", c->file);
        return -1;
    }
    c->accounts = mem_zalloc(p->n, sizeof *c->accounts);
    for (size_t i = 0; i < p->n; i++)
        if (build_account(p, &p->accounts[i], e))
            return -1;
    return check_accounts(c, e);
}

int config_parse(struct config *out, struct sv text, const char *file, const char *home,
                 struct err *e)
{
    struct parse p = {.config = out, .home = home};
    const struct reader_events events = {.ctx = &p, .section = on_section, .value = on_value};

    *out = (struct config){.jobs = JOBS, .per_host = PER_HOST, .warnings = BUF_INIT(WARNINGS_MAX)};
    out->file = mem_strdup(file);
    int rc = reader_run(text, file, &events, e);
    if (rc == 0)
        rc = build(&p, e);
    section_free(&p.defaults);
    for (size_t i = 0; i < p.n; i++)
        section_free(&p.accounts[i]);
    free(p.accounts);
    if (rc)
        config_free(out);
    return rc;
}

void config_free(struct config *c)
{
    for (size_t i = 0; i < c->n_accounts; i++)
        account_free(&c->accounts[i]);
    free(c->accounts);
    free(c->file);
    free(c->state_dir);
    buf_free(&c->warnings);
    *c = (struct config){0};
}
