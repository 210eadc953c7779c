/* SPDX-License-Identifier: ISC */
/* The table of the keys and how each takes its value; see keys.h. */
#include "popkeep/config/keys.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/config/expand.h"
#include "popkeep/config/provider.h"
#include "popkeep/config/value.h"

enum {
    TIMEOUT_MAX_S = 3600,
    RETENTION_MAX_DAYS = 36500,
    PER_HOST_MAX = 64,
    JITTER_MAX_S = 86400,
    MAX_TIME_MAX_S = 30 * 86400,
    DELETE_MAX = 1000000000,
    RUN_AS_LIMIT = 32, /* useradd(8) */
    QUOTA_MAX_MB = 100000000,
};

static const struct value_word yes_no[] = {{"yes", true, NULL}, {"no", false, NULL}, {0}};

static const struct value_word tls_words[] = {
    {"implicit", 0, NULL},
    {"stls", 0, N_("is not built yet")},
    {"starttls", 0, N_("is not built yet")},
    {"no", 0, N_("does not exist: popkeep never sends a password in clear text")},
    {"none", 0, N_("does not exist: popkeep never sends a password in clear text")},
    {"off", 0, N_("does not exist: popkeep never sends a password in clear text")},
    {0},
};

static const struct value_word auth_words[] = {
    {"auto", AUTH_AUTO, NULL},
    {"plain", AUTH_PLAIN, NULL},
    {"user", AUTH_USER, NULL},
    {"xoauth2", 0, N_("is not built yet")},
    {"oauthbearer", 0, N_("is not built yet")},
    {"scram-sha-1", 0, N_("is not built yet")},
    {"scram-sha-256", 0, N_("is not built yet")},
    {"scram-sha-512", 0, N_("is not built yet")},
    {"external", 0, N_("is not built yet")},
    {"ntlm", 0, N_("is unsafe and left out on purpose")},
    {"apop", 0, N_("is unsafe and left out on purpose")},
    {"cram-md5", 0, N_("is unsafe and left out on purpose")},
    {"digest-md5", 0, N_("is unsafe and left out on purpose")},
    {0},
};

static const struct value_word tls_min_words[] = {
    {"1.2", TLS_MIN_1_2, NULL},
    {"1.3", TLS_MIN_1_3, NULL},
    {"1.0", 0, N_("is unsafe and left out on purpose")},
    {"1.1", 0, N_("is unsafe and left out on purpose")},
    {0},
};

static const struct value_word pipelining_words[] = {
    {"auto", PIPELINING_AUTO, NULL},
    {"always", PIPELINING_ALWAYS, NULL},
    {"never", PIPELINING_NEVER, NULL},
    {0},
};

static const struct value_word line_endings_words[] = {
    {"lf", LINE_ENDINGS_LF, NULL},
    {"crlf", LINE_ENDINGS_CRLF, NULL},
    {0},
};

static char *copy(struct sv v)
{
    return mem_strndup(v.p, v.n);
}

/* [defaults] and profiles are looked at by themselves: no name is known there yet. */
static struct expand_names names_of(const struct account *a)
{
    if (!a->name)
        return (struct expand_names){SV("account"), SV("user@okul.example")};
    return (struct expand_names){sv_of(a->name), sv_of(a->user)};
}

static int own_path(struct key_target *t, struct sv v, const char *key, char **out)
{
    const struct expand_names names = names_of(t->account);
    return value_path(v, key, t->home, &names, out, t->e);
}

static int own_number(struct key_target *t, struct sv v, const char *key, unsigned min,
                      unsigned max, unsigned *out)
{
    uint64_t n;
    if (value_number(v, key, NULL, min, max, &n, t->e))
        return -1;
    *out = (unsigned)n;
    return 0;
}

static int own_yes_no(struct key_target *t, struct sv v, const char *key, bool *out)
{
    int word;
    if (value_word(v, key, yes_no, &word, t->e))
        return -1;
    *out = word;
    return 0;
}

static int set_provider(struct key_target *t, struct sv v)
{
    char shown[VALUE_SHOWN];
    const struct provider *p = provider_find(v);
    value_shown(shown, v);
    if (!p) {
        const char *nearest = provider_nearest(v);
        if (nearest)
            return err_set(t->e, ST_CONFIG, "unknown provider %s; did you mean \"%s\"?", shown,
                           nearest);
        return err_set(t->e, ST_CONFIG,
                       "unknown provider %s; \"popkeep providers\" lists them, any other server is "
                       "given by \"host\"",
                       shown);
    }
    if (p->needs) {
        err_set(t->e, ST_CONFIG, "provider %s needs %s, which is not built yet", p->name, p->needs);
        return err_advise(t->e, "%s", tr(p->login_hint));
    }
    t->account->provider = p;
    return 0;
}

static int set_host(struct key_target *t, struct sv v)
{
    return value_host(v, "host", &t->account->host, t->e);
}

static int set_port(struct key_target *t, struct sv v)
{
    return own_number(t, v, "port", 1, 65535, &t->account->port);
}

static int set_tls(struct key_target *t, struct sv v)
{
    int word;
    return value_word(v, "tls", tls_words, &word, t->e);
}

static int set_user(struct key_target *t, struct sv v)
{
    if (sv_has(v, '\t'))
        return err_set(t->e, ST_CONFIG, "user must not hold a tab");
    t->account->user = copy(v);
    return 0;
}

static int keep_secret(struct key_target *t, enum secret_kind kind, char *value)
{
    t->account->secret.kind = kind;
    t->account->secret.value = value;
    t->account->secret.file = t->file;
    t->account->secret.line = t->line;
    return 0;
}

static int set_password(struct key_target *t, struct sv v)
{
    return keep_secret(t, SECRET_INLINE, copy(v));
}

static int set_password_file(struct key_target *t, struct sv v)
{
    char *path;
    if (own_path(t, v, "password_file", &path))
        return -1;
    return keep_secret(t, SECRET_FILE, path);
}

static int set_password_command(struct key_target *t, struct sv v)
{
    const struct expand_names names = names_of(t->account);
    char *command;
    if (expand(v, "password_command", EXPAND_COMMAND, &names, &command, t->e))
        return -1;
    return keep_secret(t, SECRET_COMMAND, command);
}

static int set_password_credential(struct key_target *t, struct sv v)
{
    const struct expand_names names = names_of(t->account);
    char shown[VALUE_SHOWN], *name;
    if (sv_has(v, '/') || v.p[0] == '.')
        return err_set(
            t->e, ST_CONFIG,
            "password_credential is the name given to LoadCredential=, without \"/\" and "
            "no \".\" in front, not %s",
            value_shown(shown, v));
    if (expand(v, "password_credential", EXPAND_PATH, &names, &name, t->e))
        return -1;
    return keep_secret(t, SECRET_CREDENTIAL, name);
}

static int set_auth(struct key_target *t, struct sv v)
{
    int word;
    if (value_word(v, "auth", auth_words, &word, t->e))
        return -1;
    t->account->auth = (enum auth_choice)word;
    return 0;
}

static int set_maildir(struct key_target *t, struct sv v)
{
    return own_path(t, v, "maildir", &t->account->maildir);
}

static int set_retention_days(struct key_target *t, struct sv v)
{
    uint64_t n;
    if (sv_eq(v, SV("never"))) {
        t->account->retention_days = CONFIG_NEVER;
        return 0;
    }
    if (value_number(v, "retention_days", "\"never\"", 0, RETENTION_MAX_DAYS, &n, t->e))
        return -1;
    t->account->retention_days = (int64_t)n;
    return 0;
}

static int set_delete_requires_copy(struct key_target *t, struct sv v)
{
    return own_yes_no(t, v, "delete_requires_copy", &t->account->delete_requires_copy);
}

static int set_max_delete(struct key_target *t, struct sv v)
{
    return value_number(v, "max_delete", NULL, 1, DELETE_MAX, &t->account->max_delete, t->e);
}

static int set_tls_ca_file(struct key_target *t, struct sv v)
{
    return own_path(t, v, "tls_ca_file", &t->account->tls_ca_file);
}

static int set_tls_name(struct key_target *t, struct sv v)
{
    return value_host(v, "tls_name", &t->account->tls_name, t->e);
}

static int set_tls_min(struct key_target *t, struct sv v)
{
    int word;
    if (value_word(v, "tls_min", tls_min_words, &word, t->e))
        return -1;
    t->account->tls_min = (enum tls_min)word;
    return 0;
}

static int set_tls_pin(struct key_target *t, struct sv v)
{
    return value_pins(v, &t->account->pins, &t->account->n_pins, t->e);
}

static int set_pipelining(struct key_target *t, struct sv v)
{
    int word;
    if (value_word(v, "pipelining", pipelining_words, &word, t->e))
        return -1;
    t->account->pipelining = (enum pipelining_choice)word;
    return 0;
}

static int set_line_endings(struct key_target *t, struct sv v)
{
    int word;
    if (value_word(v, "line_endings", line_endings_words, &word, t->e))
        return -1;
    t->account->line_endings = (enum line_endings)word;
    return 0;
}

static int set_timeout(struct key_target *t, struct sv v)
{
    return own_number(t, v, "timeout", 1, TIMEOUT_MAX_S, &t->account->timeout_s);
}

static int set_run_as(struct key_target *t, struct sv v)
{
    char shown[VALUE_SHOWN];
    bool good = v.n <= RUN_AS_LIMIT && v.p[0] != '-';
    for (size_t i = 0; i < v.n && good; i++)
        good = ascii_is_alnum(v.p[i]) || v.p[i] == '.' || v.p[i] == '_' || v.p[i] == '-';
    if (!good)
        return err_set(t->e, ST_CONFIG, "run_as must be the name of a user of this system, not %s",
                       value_shown(shown, v));
    t->account->run_as = copy(v);
    return 0;
}

/* What it names was found before any key was set. */
static int set_profile(struct key_target *t, struct sv v)
{
    (void)t;
    (void)v;
    return 0;
}

static int set_disabled(struct key_target *t, struct sv v)
{
    return own_yes_no(t, v, "disabled", &t->account->disabled);
}

static int set_quota_mb(struct key_target *t, struct sv v)
{
    return value_number(v, "quota_mb", NULL, 1, QUOTA_MAX_MB, &t->account->quota_mb, t->e);
}

static int set_deadline(struct key_target *t, struct sv v)
{
    return value_day(v, "deadline", &t->account->deadline_s, t->e);
}

static int set_jobs(struct key_target *t, struct sv v)
{
    return own_number(t, v, "jobs", 1, CONFIG_JOBS_MAX, &t->config->jobs);
}

static int set_per_host(struct key_target *t, struct sv v)
{
    return own_number(t, v, "per_host", 1, PER_HOST_MAX, &t->config->per_host);
}

static int set_start_jitter(struct key_target *t, struct sv v)
{
    return own_number(t, v, "start_jitter", 0, JITTER_MAX_S, &t->config->start_jitter_s);
}

static int set_max_time(struct key_target *t, struct sv v)
{
    return own_number(t, v, "max_time", 1, MAX_TIME_MAX_S, &t->config->max_time_s);
}

static int set_state_dir(struct key_target *t, struct sv v)
{
    return value_path(v, "state_dir", t->home, NULL, &t->config->state_dir, t->e);
}

/* clang-format off */
#define RULE(...) &(const struct key_rule) { __VA_ARGS__ }
#define SERVER(fn) RULE(.set = fn, .group = KEY_OF_SERVER)
#define SERVER_LEADS(fn) RULE(.set = fn, .group = KEY_OF_SERVER, .leads = true)
#define SECRET(fn, ...) RULE(.set = fn, .group = KEY_OF_SECRET, .leads = true, __VA_ARGS__)

static const struct config_key keys[KEYS_COUNT + 1] = {
    /* name, in an account, in [defaults], default */
    {"provider", true, true, "none", SERVER_LEADS(set_provider)},
    {"host", true, true, "that of the provider", SERVER_LEADS(set_host)},
    {"port", true, true, "995", SERVER(set_port)},
    {"tls", true, true, "implicit", RULE(.set = set_tls)},
    {"user", true, false, "none, it must be given", RULE(.set = set_user)},
    {"password", true, true, "asked on a terminal",
     SECRET(set_password, .is_secret = true, .free_text = true, .any_octets = true)},
    {"password_file", true, true, "none", SECRET(set_password_file)},
    {"password_command", true, true, "none", SECRET(set_password_command, .free_text = true)},
    {"password_credential", true, true, "none", SECRET(set_password_credential)},
    {"auth", true, true, "auto", RULE(.set = set_auth)},
    {"maildir", true, true, "none, it must be given", RULE(.set = set_maildir, .differs = true)},
    {"retention_days", true, true, "never", RULE(.set = set_retention_days)},
    {"delete_requires_copy", true, true, "yes", RULE(.set = set_delete_requires_copy)},
    {"max_delete", true, true, "no limit", RULE(.set = set_max_delete)},
    {"line_endings", true, true, "lf", RULE(.set = set_line_endings)},
    {"tls_ca_file", true, true, "that of the system", RULE(.set = set_tls_ca_file)},
    {"tls_name", true, true, "the host", SERVER(set_tls_name)},
    {"tls_min", true, true, "1.2", RULE(.set = set_tls_min)},
    {"tls_pin", true, true, "none", SERVER(set_tls_pin)},
    {"pipelining", true, true, "auto", RULE(.set = set_pipelining)},
    {"timeout", true, true, "120", RULE(.set = set_timeout)},
    {"run_as", true, true, "none", RULE(.set = set_run_as)},
    {"profile", true, false, "none", RULE(.set = set_profile)},
    {"disabled", true, false, "no", RULE(.set = set_disabled)},
    {"quota_mb", true, true, "not known", RULE(.set = set_quota_mb)},
    {"deadline", true, true, "none", RULE(.set = set_deadline)},
    {"include", false, true, "none", RULE(.at_top = true)},
    {"jobs", false, true, "4", RULE(.set = set_jobs)},
    {"per_host", false, true, "2", RULE(.set = set_per_host)},
    {"start_jitter", false, true, "0", RULE(.set = set_start_jitter)},
    {"max_time", false, true, "none", RULE(.set = set_max_time)},
    {"state_dir", false, true, "see FILES", RULE(.set = set_state_dir)},
    {0},
};
/* clang-format on */

/* Names other programs give to the same thing, too far away for a spelling hint. */
static const struct {
    const char *name, *key;
} other_names[] = {
    {"server", "host"},
    {"hostname", "host"},
    {"username", "user"},
    {"login", "user"},
    {"pass", "password"},
    {"passwd", "password"},
    {"passwordeval", "password_command"},
    {"passcmd", "password_command"},
    {"keep", "retention_days"},
    {"delete", "retention_days"},
    {"delete_after", "retention_days"},
    {"retention", "retention_days"},
    {"path", "maildir"},
    {"folder", "maildir"},
    {"enabled", "disabled"},
    {"skip", "disabled"},
    {"active", "disabled"},
    {"quota", "quota_mb"},
    {"inherit", "profile"},
    {"template", "profile"},
    {"ca_file", "tls_ca_file"},
    {"pin", "tls_pin"},
    {"ssl", "tls"},
};

const struct config_key *config_keys(void)
{
    return keys;
}

const struct config_key *keys_find(struct sv name)
{
    for (const struct config_key *k = keys; k->name; k++)
        if (sv_eq_c(name, k->name))
            return k;
    return NULL;
}

size_t keys_index(const struct config_key *key)
{
    return (size_t)(key - keys);
}

size_t keys_row(const char *name)
{
    return keys_index(keys_find(sv_of(name)));
}

const char *keys_nearest(struct sv name)
{
    const char *names[KEYS_COUNT + 1];
    for (size_t i = 0; i < sizeof other_names / sizeof other_names[0]; i++)
        if (ascii_same_c(name, other_names[i].name))
            return other_names[i].key;
    for (size_t i = 0; i <= KEYS_COUNT; i++)
        names[i] = keys[i].name;
    return ascii_nearest(name, names);
}
