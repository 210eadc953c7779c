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

/* One row a line of the block, in this order; `brief` rows also make the line of many accounts. */
static const struct {
    const char *label;
    const char *brief; /* put before it in a line; null: not there */
    bool (*shown)(const struct event *ev);
    void (*put)(struct buf *to, const struct event *ev);
} rows[] = {
    {"last success", "last success ", NULL, put_success},
    {"last run", NULL, has_other_run, put_run},
    {"stored", "stored ", NULL, put_stored},
    {"on the server", "on the server ", NULL, put_listed},
    {"deletion", "", NULL, put_due},
    {"server", NULL, has_host, put_host},
    {"Maildir", NULL, has_maildir, put_maildir},
    {"trouble", "TROUBLE: ", in_trouble, put_trouble},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void status_line(struct buf *to, const struct event *ev)
{
    struct line_list list = {to, "; ", false};
    line_account(to, ev);
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].brief == NULL || (rows[i].shown != NULL && !rows[i].shown(ev)))
            continue;
        buf_add_c(line_part(&list), rows[i].brief);
        rows[i].put(to, ev);
    }
    buf_add_char(to, '\n');
}

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
    if (st->many && st->verbose < 1)
        status_line(to->out, ev);
    else
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
