/* SPDX-License-Identifier: ISC */
/* Figures for Prometheus: one table of them. See the header. */
#include "popkeep/report/metrics.h"

#include "popkeep/base/mem.h"
#include "popkeep/report/health.h"

static const struct metrics_family families[] = {
    {"popkeep_build_info", METRICS_VERSION, EN_TIME, "The version of popkeep that wrote this."},
    {"popkeep_accounts", METRICS_COUNT, EN_ACCOUNTS,
     "Accounts of the configuration that are not disabled."},
    {"popkeep_accounts_failed", METRICS_FAILED, EN_ACCOUNTS_FAILED,
     "Accounts whose last run did not end with status 0."},
    {"popkeep_run_timestamp_seconds", METRICS_RUN, EN_TIME, "End of the last popkeep fetch."},
    {"popkeep_run_duration_seconds", METRICS_RUN_MS, EN_MS, "Duration of the last popkeep fetch."},
    {"popkeep_run_status", METRICS_RUN, EN_STATUS,
     "Exit status of the last popkeep fetch, see popkeep(1)."},
    {"popkeep_run_accounts", METRICS_RUN, EN_ACCOUNTS,
     "Accounts that the last popkeep fetch worked on."},
    {"popkeep_run_accounts_failed", METRICS_RUN, EN_ACCOUNTS_FAILED,
     "Accounts of the last popkeep fetch that did not end with status 0."},
    {"popkeep_run_stored_messages", METRICS_RUN, EN_FETCHED,
     "Messages that the last popkeep fetch stored."},
    {"popkeep_run_stored_bytes", METRICS_RUN, EN_FETCHED_OCTETS,
     "Size of the messages that the last popkeep fetch stored."},
    {"popkeep_run_deleted_messages", METRICS_RUN, EN_DELETED,
     "Messages that the last popkeep fetch deleted on the servers."},
    {"popkeep_last_run_timestamp_seconds", METRICS_KNOWN, EN_LAST_RUN,
     "End of the last run of the account, 0 if there was none."},
    {"popkeep_last_success_timestamp_seconds", METRICS_KNOWN, EN_LAST_SUCCESS,
     "End of the last run of the account that succeeded, 0 if there was none."},
    {"popkeep_last_run_status", METRICS_ACCOUNT, EN_STATUS,
     "Exit status of the last run of the account, see popkeep(1)."},
    {"popkeep_health", METRICS_ACCOUNT, EN_HEALTH,
     "State of the account as popkeep status tells it: 0 well, 1 late, 2 trouble."},
    {"popkeep_last_run_stored_messages", METRICS_ACCOUNT, EN_FETCHED,
     "Messages that the last run of the account stored."},
    {"popkeep_last_run_deleted_messages", METRICS_ACCOUNT, EN_DELETED,
     "Messages that the last run of the account deleted on the server."},
    {"popkeep_stored_messages", METRICS_ACCOUNT, EN_STORED,
     "Messages of the account that are stored."},
    {"popkeep_server_messages", METRICS_ACCOUNT, EN_LISTED,
     "Messages that the server listed last."},
    {"popkeep_server_bytes", METRICS_ACCOUNT, EN_LISTED_OCTETS,
     "Size of the messages that the server listed last."},
    {"popkeep_unsaved_messages", METRICS_ACCOUNT, EN_LEFT,
     "Messages that the server listed last and that are not stored."},
    {"popkeep_due_messages", METRICS_ACCOUNT, EN_DUE,
     "Messages that are due for deletion and still on the server."},
    {"popkeep_deletions_held", METRICS_HELD, EN_TROUBLE,
     "1 if deletions are held back until popkeep fetch --confirm-delete, else 0."},
    {"popkeep_mailbox_bytes", METRICS_ACCOUNT, EN_USED_OCTETS,
     "Size of the mailbox as the last run left it."},
    {"popkeep_mailbox_quota_bytes", METRICS_ACCOUNT, EN_QUOTA_OCTETS,
     "Size that the mailbox may have, by quota_mb."},
    {"popkeep_certificate_expiry_timestamp_seconds", METRICS_ACCOUNT, EN_CERT_EXPIRES,
     "End of the certificate that the server showed last."},
    {"popkeep_deadline_timestamp_seconds", METRICS_ACCOUNT, EN_DEADLINE,
     "Time by which everything has to be stored, by deadline."},
    {NULL, METRICS_COUNT, EN_TIME, NULL},
};

struct account {
    char *name;
    int64_t num[EVENT_NUMS];
};

struct metrics {
    char *shard; /* null: none */
    struct account *accounts;
    size_t n, cap;
    int64_t failed;
    bool has_run;
    int64_t run[EVENT_NUMS];
};

const struct metrics_family *metrics_table(void)
{
    return families;
}

struct metrics *metrics_new(const char *shard)
{
    struct metrics *m = mem_zalloc(1, sizeof *m);

    m->shard = shard != NULL ? mem_strdup(shard) : NULL;
    return m;
}

void metrics_free(struct metrics *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n; i++)
        free(m->accounts[i].name);
    free(m->accounts);
    free(m->shard);
    free(m);
}

void metrics_account(struct metrics *m, const struct event *ev)
{
    struct account *a;

    if (ev->kind != EVENT_STATUS)
        return;
    if (m->n == m->cap) {
        m->cap = m->cap > 0 ? 2 * m->cap : 64;
        m->accounts = mem_realloc(m->accounts, m->cap, sizeof *m->accounts);
    }
    a = &m->accounts[m->n++];
    a->name = mem_strndup(ev->str[ES_ACCOUNT].p, ev->str[ES_ACCOUNT].n);
    memcpy(a->num, ev->num, sizeof a->num);
    m->failed += event_num(ev, EN_STATUS, ST_OK) != ST_OK;
}

void metrics_run(struct metrics *m, const struct event *summary)
{
    m->has_run = true;
    memcpy(m->run, summary->num, sizeof m->run);
}

/* ---- printing ---- */

/* The backslash, the quote and the line feed are all that the format wants escaped. */
static void put_label(struct buf *to, const char *before, const char *name, const char *value)
{
    buf_addf(to, "%s%s=\"", before, name);
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == '\\' || *p == '"')
            buf_add_char(to, '\\');
        if (*p == '\n')
            buf_add_c(to, "\\n");
        else
            buf_add_char(to, *p);
    }
    buf_add_char(to, '"');
}

static void put_value(struct buf *to, const struct metrics_family *f, int64_t value)
{
    if (f->source == METRICS_RUN_MS)
        buf_addf(to, " %lld.%03lld\n", (long long)(value / 1000), (long long)(value % 1000));
    else
        buf_addf(to, " %lld\n", (long long)value);
}

/* EVENT_UNSET: there is no line for it. */
static int64_t value_of(const struct metrics_family *f, const struct account *a)
{
    int64_t value = a->num[f->slot];

    switch (f->source) {
    case METRICS_KNOWN:
        return value == EVENT_UNSET ? 0 : value;
    case METRICS_HELD:
        if (value == EVENT_UNSET)
            return value;
        return health_has(value, FINDING_HELD) || a->num[EN_STATUS] == ST_HELD;
    case METRICS_ACCOUNT:
        return value;
    case METRICS_VERSION:
    case METRICS_COUNT:
    case METRICS_FAILED:
    case METRICS_RUN:
    case METRICS_RUN_MS:
    default:
        return EVENT_UNSET;
    }
}

/* Of the whole. Several parts of one configuration may be served on one machine: they are told
 * apart. */
static void put_one(struct buf *to, const struct metrics *m, const struct metrics_family *f,
                    int64_t value)
{
    const char *next = "{";

    if (value == EVENT_UNSET)
        return;
    buf_add_c(to, f->name);
    if (f->source == METRICS_VERSION) {
        put_label(to, next, "version", POPKEEP_VERSION);
        next = ",";
    }
    if (m->shard != NULL) {
        put_label(to, next, "shard", m->shard);
        next = ",";
    }
    if (*next == ',')
        buf_add_char(to, '}');
    put_value(to, f, value);
}

static void put_samples(struct buf *to, const struct metrics *m, const struct metrics_family *f)
{
    switch (f->source) {
    case METRICS_VERSION:
        put_one(to, m, f, 1);
        return;
    case METRICS_COUNT:
        put_one(to, m, f, (int64_t)m->n);
        return;
    case METRICS_FAILED:
        put_one(to, m, f, m->failed);
        return;
    case METRICS_RUN:
    case METRICS_RUN_MS:
        put_one(to, m, f, m->has_run ? m->run[f->slot] : EVENT_UNSET);
        return;
    case METRICS_ACCOUNT:
    case METRICS_KNOWN:
    case METRICS_HELD:
    default:
        break;
    }
    for (size_t i = 0; i < m->n; i++) {
        int64_t value = value_of(f, &m->accounts[i]);

        if (value == EVENT_UNSET)
            continue;
        buf_add_c(to, f->name);
        put_label(to, "{", "account", m->accounts[i].name);
        buf_add_char(to, '}');
        put_value(to, f, value);
    }
}

void metrics_print(struct buf *out, const struct metrics *m)
{
    for (const struct metrics_family *f = families; f->name != NULL; f++) {
        size_t before = out->n, head;

        buf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n", f->name, f->help, f->name);
        head = out->n;
        put_samples(out, m, f);
        if (out->n == head)
            buf_cut(out, before); /* a head alone is none of use */
    }
}
