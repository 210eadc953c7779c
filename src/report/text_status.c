/* SPDX-License-Identifier: ISC */
/* The answers of `status` and of `check`. */
#include "popkeep/report/text_status.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"

static void put_moment(struct buf *to, const struct event *ev, enum event_num slot)
{
    int64_t at = ev->num[slot], now = ev->num[EN_TIME];
    if (at == EVENT_UNSET) {
        buf_add_c(to, tr("never"));
        return;
    }
    line_time(to, at);
    if (now != EVENT_UNSET) {
        buf_add_c(to, " (");
        line_age(to, event_minus(now, at));
        buf_add_char(to, ')');
    }
}

static void put_stored(struct buf *to, const struct event *ev)
{
    long long n = event_num(ev, EN_STORED, 0);
    trn_addf(to, n > 0 ? (uint64_t)n : 0, "%lld message", "%lld messages", n > 0 ? n : 0);
    if (event_num(ev, EN_MISSING, 0) > 0)
        tr_addf(to, ", %lld of them no longer in the Maildir", (long long)ev->num[EN_MISSING]);
}

static void put_listed(struct buf *to, const struct event *ev)
{
    long long n = event_num(ev, EN_LISTED, 0);
    char size[LINE_SIZE_MAX];
    if (ev->num[EN_LISTED] == EVENT_UNSET) {
        buf_add_c(to, tr("not known yet"));
        return;
    }
    line_size(size, ev->num[EN_LISTED_OCTETS]);
    trn_addf(to, n > 0 ? (uint64_t)n : 0, "%lld message%s at the last run",
             "%lld messages%s at the last run", n > 0 ? n : 0, size);
}

static void put_due(struct buf *to, const struct event *ev)
{
    struct line_list list = {to, ", ", false};
    if (event_num(ev, EN_DUE, 0) > 0)
        tr_addf(line_part(&list), "%lld due for deletion now", (long long)ev->num[EN_DUE]);
    if (ev->num[EN_NEXT_DUE] != EVENT_UNSET) {
        struct buf date = BUF_INIT(64);
        line_date(&date, ev->num[EN_NEXT_DUE]);
        tr_addf(line_part(&list), "next deletion due %s", date.p);
        buf_free(&date);
    }
    if (!list.begun)
        buf_add_c(line_part(&list), tr("nothing due for deletion"));
}

/* "812.4 MB of 1.0 GB, 81 %" */
static void put_quota(struct buf *to, const struct event *ev)
{
    char used[16], quota[16];
    if (ev->num[EN_USED_OCTETS] == EVENT_UNSET)
        tr_addf(to, "of %s, it is not known how much is used",
                text_size(quota, (uint64_t)ev->num[EN_QUOTA_OCTETS]));
    else
        tr_addf(to, "%s of %s, %lld %% full", text_size(used, (uint64_t)ev->num[EN_USED_OCTETS]),
                text_size(quota, (uint64_t)ev->num[EN_QUOTA_OCTETS]),
                (long long)ev->num[EN_QUOTA_PERCENT]);
}

/* "2027-02-28 (in 98 d)", "2026-11-20 (2 days ago)" */
static void put_date(struct buf *to, const struct event *ev, enum event_num slot)
{
    int64_t left = event_minus(ev->num[slot], ev->num[EN_TIME]);
    char span[24];
    line_date(to, ev->num[slot]);
    if (ev->num[EN_TIME] == EVENT_UNSET)
        return;
    buf_add_c(to, " (");
    if (left > 0)
        tr_addf(to, "in %s", text_span(span, left));
    else
        line_age(to, event_minus(0, left));
    buf_add_char(to, ')');
}

static void put_deadline(struct buf *to, const struct event *ev)
{
    put_date(to, ev, EN_DEADLINE);
}

static void put_certificate(struct buf *to, const struct event *ev)
{
    struct buf date = BUF_INIT(256);
    put_date(&date, ev, EN_CERT_EXPIRES);
    tr_addf(to, "valid until %s", date.p);
    buf_free(&date);
}

static bool has_quota(const struct event *ev)
{
    return ev->num[EN_QUOTA_OCTETS] != EVENT_UNSET;
}

static bool has_deadline(const struct event *ev)
{
    return ev->num[EN_DEADLINE] != EVENT_UNSET;
}

static bool has_certificate(const struct event *ev)
{
    return ev->num[EN_CERT_EXPIRES] != EVENT_UNSET;
}

static void put_maildir(struct buf *to, const struct event *ev)
{
    line_word(to, ev->str[ES_MAILDIR]);
}

static void put_host(struct buf *to, const struct event *ev)
{
    line_word(to, ev->str[ES_HOST]);
}

static void put_success(struct buf *to, const struct event *ev)
{
    put_moment(to, ev, EN_LAST_SUCCESS);
}

static void put_run(struct buf *to, const struct event *ev)
{
    put_moment(to, ev, EN_LAST_RUN);
}

static bool has_maildir(const struct event *ev)
{
    return ev->str[ES_MAILDIR].n > 0;
}

static bool has_host(const struct event *ev)
{
    return ev->str[ES_HOST].n > 0;
}

/* The last run is only news when it was not the successful one. */
static bool has_other_run(const struct event *ev)
{
    return ev->num[EN_LAST_RUN] != ev->num[EN_LAST_SUCCESS] ||
           event_num(ev, EN_STATUS, ST_OK) != ST_OK;
}

/* The run's own words, a line each, say why an account needs looking at. */
static bool in_trouble(const struct event *ev)
{
    return ev->str[ES_TEXT].n > 0;
}

static void put_trouble(struct buf *to, const struct event *ev)
{
    line_joined(to, ev->str[ES_TEXT]);
}

/* One row a line of the block, in this order. */
static const struct {
    const char *label;
    bool (*shown)(const struct event *ev);
    void (*put)(struct buf *to, const struct event *ev);
} rows[] = {
    {NC_("status", "last success"), NULL, put_success},
    {NC_("status", "last run"), has_other_run, put_run},
    {NC_("status", "stored"), NULL, put_stored},
    {NC_("status", "on the server"), NULL, put_listed},
    {NC_("status", "mailbox"), has_quota, put_quota},
    {NC_("status", "deletion"), NULL, put_due},
    {NC_("status", "deadline"), has_deadline, put_deadline},
    {NC_("status", "certificate"), has_certificate, put_certificate},
    {NC_("status", "server"), has_host, put_host},
    {NC_("status", "Maildir"), has_maildir, put_maildir},
    {NC_("status", "trouble"), in_trouble, put_trouble},
};
enum { ROWS = sizeof rows / sizeof *rows, LABEL_COLUMNS = 15 };

static void status_block(struct buf *to, const struct event *ev)
{
    line_word(to, ev->str[ES_ACCOUNT]);
    buf_add_char(to, '\n');
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].shown != NULL && !rows[i].shown(ev))
            continue;
        buf_add_c(to, "    ");
        text_pad(to, sv_of(tr_in("status", rows[i].label)), LABEL_COLUMNS);
        rows[i].put(to, ev);
        buf_add_char(to, '\n');
    }
}

void text_status(struct lines *to, const struct event *ev, const struct report_style *st)
{
    if (st->verbose < 0 && !in_trouble(ev))
        return;
    if (!st->many || st->verbose > 0) /* else it is in the table */
        status_block(to->out, ev);
}

/* By the stable word of ES_STEP. */
static const char *const steps[] = {N_("connection"), N_("login"), N_("mailbox")};

static struct sv step_name(struct sv word)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (sv_eq_c(word, steps[i]))
            return sv_of(tr(steps[i]));
    return word;
}

/* "[ok]     connection  epostagelen.meb.k12.tr, TLSv1.3 (84 ms)" */
void text_step(struct lines *to, const struct event *ev, const struct report_style *st)
{
    enum { RESULT_COLUMNS = 9, STEP_COLUMNS = 10 };
    bool ok = event_num(ev, EN_OK, 0) != 0;
    char step[32];
    if (ok && st->verbose < 0)
        return;
    if (st->many)
        line_account(to->out, ev);
    text_escape_to(step, sizeof step, step_name(ev->str[ES_STEP]));
    bool more = ev->str[ES_TEXT].n + ev->str[ES_HOST].n > 0 || event_num(ev, EN_MS, -1) >= 0;
    text_pad(to->out, sv_of(ok ? tr("[ok]") : tr("[FAILED]")), RESULT_COLUMNS);
    text_pad(to->out, sv_of(step), more ? STEP_COLUMNS : 0);
    if (ev->str[ES_TEXT].n > 0) {
        buf_add_c(to->out, "  ");
        line_text(to->out, ev->str[ES_TEXT]);
    } else if (ev->str[ES_HOST].n > 0) {
        buf_add_c(to->out, "  ");
        line_word(to->out, ev->str[ES_HOST]);
    }
    if (event_num(ev, EN_MS, -1) >= 0)
        tr_addf(to->out, " (%lld ms)", (long long)ev->num[EN_MS]);
    buf_add_char(to->out, '\n');
    line_block(to->out, ev->str[ES_HINT]);
}
