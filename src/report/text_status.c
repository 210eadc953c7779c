/* SPDX-License-Identifier: ISC */
/* The answers of `status` and of `check`. */
#include "popkeep/report/text_status.h"
#include "popkeep/base/text.h"

/* Why an account needs looking at; nothing is appended if it does not. */
static void put_trouble(struct buf *to, const struct event *ev)
{
    struct line_list list = {to, "; ", false};
    enum status last = (enum status)event_num(ev, EN_STATUS, ST_OK);
    int64_t now = ev->num[EN_TIME], success = ev->num[EN_LAST_SUCCESS];
    if (ev->str[ES_TEXT].n > 0) { /* the run's own words, a line each, say it all */
        struct sv rest = ev->str[ES_TEXT];
        while (rest.n > 0)
            line_text(line_part(&list), sv_token(&rest, '\n'));
        return;
    }
    if (last != ST_OK)
        buf_addf(line_part(&list), "the last run ended with %d: %s", (int)last,
                 status_info(last)->meaning);
    if (now != EVENT_UNSET && success != EVENT_UNSET && event_minus(now, success) >= TEXT_STALE_S)
        buf_addf(line_part(&list), "no successful run for %lld days",
                 (long long)(event_minus(now, success) / 86400));
    else if (success == EVENT_UNSET && ev->num[EN_LAST_RUN] != EVENT_UNSET)
        buf_add_c(line_part(&list), "no run has succeeded yet");
}

static void put_moment(struct buf *to, const struct event *ev, enum event_num slot)
{
    int64_t at = ev->num[slot], now = ev->num[EN_TIME];
    if (at == EVENT_UNSET) {
        buf_add_c(to, "never");
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
    line_count(to, event_num(ev, EN_STORED, 0), "message", EVENT_UNSET);
    if (event_num(ev, EN_MISSING, 0) > 0)
        buf_addf(to, ", %lld of them no longer in the Maildir", (long long)ev->num[EN_MISSING]);
}

static void put_listed(struct buf *to, const struct event *ev)
{
    if (ev->num[EN_LISTED] == EVENT_UNSET) {
        buf_add_c(to, "not known yet");
        return;
    }
    line_count(to, ev->num[EN_LISTED], "message", ev->num[EN_LISTED_OCTETS]);
    buf_add_c(to, " at the last run");
}

static void put_due(struct buf *to, const struct event *ev)
{
    struct line_list list = {to, ", ", false};
    if (event_num(ev, EN_DUE, 0) > 0)
        buf_addf(line_part(&list), "%lld due for deletion now", (long long)ev->num[EN_DUE]);
    if (event_num(ev, EN_HELD, 0) > 0)
        buf_addf(line_part(&list), "%lld held back", (long long)ev->num[EN_HELD]);
    if (ev->num[EN_NEXT_DUE] != EVENT_UNSET) {
        buf_add_c(line_part(&list), "next deletion due ");
        line_date(to, ev->num[EN_NEXT_DUE]);
    }
    if (!list.begun)
        buf_add_c(line_part(&list), "nothing due for deletion");
}

/* "812.4 MB of 1.0 GB, 81 %" */
static void put_quota(struct buf *to, const struct event *ev)
{
    char used[16], quota[16];
    if (ev->num[EN_USED_OCTETS] == EVENT_UNSET)
        buf_addf(to, "of %s, it is not known how much is used",
                 text_octets(quota, (uint64_t)ev->num[EN_QUOTA_OCTETS]));
    else
        buf_addf(to, "%s of %s, %lld %% full", text_octets(used, (uint64_t)ev->num[EN_USED_OCTETS]),
                 text_octets(quota, (uint64_t)ev->num[EN_QUOTA_OCTETS]),
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
        buf_addf(to, "in %s", text_span(span, left));
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
    buf_add_c(to, "valid until ");
    put_date(to, ev, EN_CERT_EXPIRES);
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

static bool in_trouble(const struct event *ev)
{
    struct buf text = BUF_INIT(SIZE_MAX / 2);
    put_trouble(&text, ev);
    bool any = text.n > 0;
    buf_free(&text);
    return any;
}

/* One row a line of the block, in this order. */
static const struct {
    const char *label;
    bool (*shown)(const struct event *ev);
    void (*put)(struct buf *to, const struct event *ev);
} rows[] = {
    {"last success", NULL, put_success},
    {"last run", has_other_run, put_run},
    {"stored", NULL, put_stored},
    {"on the server", NULL, put_listed},
    {"mailbox", has_quota, put_quota},
    {"deletion", NULL, put_due},
    {"deadline", has_deadline, put_deadline},
    {"certificate", has_certificate, put_certificate},
    {"server", has_host, put_host},
    {"Maildir", has_maildir, put_maildir},
    {"trouble", in_trouble, put_trouble},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void status_block(struct buf *to, const struct event *ev)
{
    line_word(to, ev->str[ES_ACCOUNT]);
    buf_add_char(to, '\n');
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].shown != NULL && !rows[i].shown(ev))
            continue;
        buf_addf(to, "    %-15s", rows[i].label);
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

/* "[ok]     connection  epostagelen.meb.k12.tr, TLSv1.3 (84 ms)" */
void text_step(struct lines *to, const struct event *ev, const struct report_style *st)
{
    bool ok = event_num(ev, EN_OK, 0) != 0;
    char step[32];
    if (ok && st->verbose < 0)
        return;
    if (st->many)
        line_account(to->out, ev);
    text_escape_to(step, sizeof step, ev->str[ES_STEP]);
    bool more = ev->str[ES_TEXT].n + ev->str[ES_HOST].n > 0 || event_num(ev, EN_MS, -1) >= 0;
    buf_addf(to->out, "%-8s %-*s", ok ? "[ok]" : "[FAILED]", more ? 10 : 0, step);
    if (ev->str[ES_TEXT].n > 0) {
        buf_add_c(to->out, "  ");
        line_text(to->out, ev->str[ES_TEXT]);
    } else if (ev->str[ES_HOST].n > 0) {
        buf_add_c(to->out, "  ");
        line_word(to->out, ev->str[ES_HOST]);
    }
    if (event_num(ev, EN_MS, -1) >= 0)
        buf_addf(to->out, " (%lld ms)", (long long)ev->num[EN_MS]);
    buf_add_char(to->out, '\n');
    line_block(to->out, ev->str[ES_HINT]);
}
