/* SPDX-License-Identifier: ISC */
/* What must be true of accounts beyond the form of each value; see check.h. */
#include "popkeep/config/check.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/config/provider.h"
#include "popkeep/config/section.h"
#include "popkeep/config/value.h"

#include <stdlib.h>
#include <string.h>

static int at_key(const struct check_origin *from, size_t row, struct err *e)
{
    return err_add(e, "%s:%u", from->file[row], from->line[row]);
}

/* "FILE:LINE: text" into c->warnings, once: what stands in [defaults] is met with each account. */
static void warn(struct config *c, const char *file, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void warn(struct config *c, const char *file, unsigned line, const char *fmt, ...)
{
    struct buf text = BUF_INIT(8192);
    va_list ap;
    va_start(ap, fmt);
    buf_addf(&text, "%s:%u: ", file, line);
    buf_vaddf(&text, tr(fmt), ap);
    buf_add_char(&text, '\n');
    va_end(ap);
    /* One that does not fit is left out whole, and not even looked for: the first thousand say
     * enough. */
    if (text.n <= c->warnings.max - c->warnings.n &&
        (c->warnings.n == 0 || !memmem(c->warnings.p, c->warnings.n, text.p, text.n)))
        (void)buf_add_sv(&c->warnings, buf_sv(&text));
    buf_free(&text);
}

static int check_missing(const struct account *a, struct err *e)
{
    if (!a->host)
        err_set(e, ST_CONFIG,
                "account %s: host is missing; give provider or host (\"popkeep providers\" lists "
                "the presets)",
                a->name);
    else if (!a->user)
        err_set(e, ST_CONFIG,
                "account %s: user is missing; it is the login name, mostly the whole "
                "address",
                a->name);
    else if (!a->maildir)
        err_set(e, ST_CONFIG, "account %s: maildir is missing; it is the folder to store mail in",
                a->name);
    else
        return 0;
    return err_add(e, "%s:%u", a->file, a->line);
}

static int check_server(struct config *c, const struct account *a, const struct check_origin *from,
                        struct err *e)
{
    struct buf advice = BUF_INIT(4096);
    bool fatal = false, of_port = false;
    int rc = 0;
    size_t row = keys_row("host"), port_row = keys_row("port");
    if (!from->line[row])
        row = keys_row("provider");

    if (provider_advice(sv_of(a->host), a->port, &advice, &fatal, &of_port)) {
        if (from->line[port_row] && of_port)
            row = port_row;
        if (fatal) {
            err_set(e, ST_CONFIG, "%s", advice.p);
            rc = at_key(from, row, e);
        } else {
            warn(c, from->file[row], from->line[row], "%s", advice.p);
        }
    }
    buf_free(&advice);
    return rc;
}

static int check_user(const struct account *a, const struct check_origin *from, struct err *e)
{
    char shown[VALUE_SHOWN], plain[VALUE_SHOWN];
    const struct provider *p = a->provider;
    if (!p || !p->user_is_address || sv_has(sv_of(a->user), '@'))
        return 0;
    value_shown(shown, sv_of(a->user));
    text_escape_to(plain, sizeof plain, sv_of(a->user));
    err_set(e, ST_CONFIG,
            "user %s: provider %s wants the whole address; write it, for example user = %s@%s",
            shown, p->name, plain, p->user_domain ? p->user_domain : "okul.example");
    return at_key(from, keys_row("user"), e);
}

static void warn_password(struct config *c, const struct account *a)
{
    const struct config_secret *s = &a->secret;
    if (s->kind != SECRET_INLINE)
        return;
    size_t n = strlen(s->value);
    if (n > 1 && s->value[0] == s->value[n - 1] && (s->value[0] == '"' || s->value[0] == '\''))
        warn(c, s->file, s->line, "the quotes around the password are taken for a part of it");
    if (a->provider && n < a->provider->min_password)
        warn(c, s->file, s->line,
             trn("the password has %zu octet; those of provider %s have at least %u",
                 "the password has %zu octets; those of provider %s have at least %u", n),
             n, a->provider->name, a->provider->min_password);
}

int check_account(struct config *c, const struct account *a, const struct check_origin *from,
                  struct err *e)
{
    if (check_missing(a, e) || check_server(c, a, from, e) || check_user(a, from, e))
        return -1;
    warn_password(c, a);
    size_t row = keys_row("max_delete");
    if (a->max_delete != CONFIG_NO_LIMIT && a->retention_days == CONFIG_NEVER && from->own[row])
        warn(c, from->file[row], from->line[row],
             "max_delete has no effect, as retention_days is never");
    return 0;
}

int check_times(const struct config *c, const struct check_origin *from, struct err *e)
{
    if (c->max_time_s == 0 || c->start_jitter_s < c->max_time_s)
        return 0;
    err_set(e, ST_CONFIG,
            "start_jitter is part of the time that max_time gives to a run, and must be smaller");
    return at_key(from, keys_row("start_jitter"), e);
}

typedef int (*comparison)(const void *, const void *);

static const struct account *account_at(const void *slot)
{
    return *(const struct account *const *)slot;
}

static int by_name(const void *x, const void *y)
{
    return strcmp(account_at(x)->name, account_at(y)->name);
}

static int by_maildir(const void *x, const void *y)
{
    return strcmp(account_at(x)->maildir, account_at(y)->maildir);
}

static int by_mailbox(const void *x, const void *y)
{
    const struct account *a = account_at(x), *b = account_at(y);
    int order = strcmp(a->host, b->host);
    if (order == 0)
        order = (a->port > b->port) - (a->port < b->port);
    return order != 0 ? order : strcmp(a->user, b->user);
}

static int refuse_same_name(const struct account *a, const struct account *b, struct err *e)
{
    char where[SECTION_WHERE];
    return err_set(e, ST_CONFIG, "account %s stands already in %s; a name is given once", b->name,
                   section_where(where, a->file, a->line, b->file));
}

static int refuse_same_maildir(const struct account *a, const struct account *b, struct err *e)
{
    char where[SECTION_WHERE];
    return err_set(e, ST_CONFIG, "accounts %s (%s) and %s have the same maildir; give each its own",
                   a->name, section_where(where, a->file, a->line, b->file), b->name);
}

static int refuse_same_mailbox(const struct account *a, const struct account *b, struct err *e)
{
    if (a->retention_days == CONFIG_NEVER && b->retention_days == CONFIG_NEVER)
        return 0;
    char where[SECTION_WHERE];
    return err_set(e, ST_CONFIG,
                   "accounts %s (%s) and %s read the same mailbox (host, port and user); one "
                   "could delete what the other has not stored, so retention_days must be never "
                   "in both",
                   a->name, section_where(where, a->file, a->line, b->file), b->name);
}

/* Sorted, equal accounts are neighbours; and if one of a group deletes, so does one of a pair. */
static int check_pairs(const struct config *c, const struct account **sorted, comparison cmp,
                       int (*refuse)(const struct account *, const struct account *, struct err *),
                       struct err *e)
{
    qsort(sorted, c->n_accounts, sizeof(const struct account *), cmp);
    for (size_t i = 1; i < c->n_accounts; i++) {
        const struct account *a = sorted[i - 1], *b = sorted[i];
        if (cmp(&a, &b) != 0)
            continue;
        if (a > b) { /* they lie in the order they were read in */
            a = sorted[i];
            b = sorted[i - 1];
        }
        if (refuse(a, b, e))
            return err_add(e, "%s:%u", b->file, b->line);
    }
    return 0;
}

int check_accounts(const struct config *c, struct err *e)
{
    const struct account **sorted = mem_zalloc(c->n_accounts, sizeof *sorted);
    for (size_t i = 0; i < c->n_accounts; i++)
        sorted[i] = &c->accounts[i];
    int rc = check_pairs(c, sorted, by_name, refuse_same_name, e);
    if (rc == 0)
        rc = check_pairs(c, sorted, by_maildir, refuse_same_maildir, e);
    if (rc == 0)
        rc = check_pairs(c, sorted, by_mailbox, refuse_same_mailbox, e);
    free(sorted);
    return rc;
}
