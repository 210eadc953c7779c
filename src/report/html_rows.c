/* SPDX-License-Identifier: ISC */
/* The accounts of the report, a row each. */
#include "popkeep/report/html_inside.h"

enum { MUCH_PERCENT = 80 };

/* What {1} of a finding stands for. */
static void put_argument(struct buf *to, const struct html_making *p, const struct event *ev,
                         enum finding f)
{
    switch (f) {
    case FINDING_JOURNAL:
        html_lines(to, ev->str[ES_TEXT]);
        break;
    case FINDING_STALE:
        html_span(to, p->lang, event_minus(p->of->now, ev->num[EN_LAST_SUCCESS]));
        break;
    case FINDING_LAST_RUN:
        (void)buf_add_c(to, html_status(p->lang, (enum status)ev->num[EN_STATUS]));
        break;
    case FINDING_FULL:
        html_percent(to, p->lang, ev->num[EN_QUOTA_PERCENT]);
        break;
    case FINDING_CERTIFICATE:
        html_date(to, p->lang, html_local(p, ev->num[EN_CERT_EXPIRES]));
        break;
    case FINDING_NO_MAILDIR:
    case FINDING_NEVER_RUN:
    case FINDING_NO_SUCCESS:
    case FINDING_LOGIN_REFUSED:
    case FINDING_HELD:
    case FINDING_SERVER_KEEPS:
    case FINDING_INTERRUPTED:
    case FINDINGS:
    default:
        break;
    }
}

static void put_findings(const struct html_making *p, const struct event *ev)
{
    int64_t set =
        ev->kind == EVENT_STATUS ? event_num(ev, EN_TROUBLE, 0) : health_bit(FINDING_JOURNAL);
    bool ended = event_num(ev, EN_CERT_EXPIRES, INT64_MAX) <= p->of->now;

    if ((set & (health_bit(FINDINGS) - 1)) == 0)
        return;
    html_put(p, "<ul class=\"why\">");
    for (int f = 0; f < FINDINGS; f++) {
        struct buf arg = BUF_INIT(HTML_PART_MAX);
        struct sv one;
        if (!health_has(set, (enum finding)f))
            continue;
        put_argument(&arg, p, ev, (enum finding)f);
        one = buf_sv(&arg);
        html_put(p, "<li>");
        html_fill_text(p->to, html_finding(p->lang, (enum finding)f, ended), &one, 1);
        html_put(p, "</li>");
        buf_free(&arg);
    }
    html_put(p, "</ul>");
}

/* `value` is what the column is sorted by. */
static void open_cell(const struct html_making *p, enum html_word label, const char *class,
                      int64_t value)
{
    (void)buf_addf(p->to, "<td role=\"cell\" class=\"%s\" data-v=\"%lld\" data-l=\"", class,
                   (long long)value);
    html_put_word(p, label);
    html_put(p, "\">");
}

static void close_cell(const struct html_making *p)
{
    html_put(p, "</td>\n");
}

static void put_account(const struct html_making *p, const struct event *ev)
{
    bool host = !p->one_host && ev->str[ES_HOST].n > 0;

    html_put(p, "<th scope=\"row\" role=\"rowheader\">");
    html_text(p->to, ev->str[ES_ACCOUNT]);
    if (host || ev->str[ES_USER].n > 0) {
        html_put(p, "<small>");
        html_text(p->to, ev->str[ES_USER]);
        html_put(p, host && ev->str[ES_USER].n > 0 ? " · " : "");
        html_text(p->to, host ? ev->str[ES_HOST] : SV_NULL);
        html_put(p, "</small>");
    }
    put_findings(p, ev);
    html_put(p, "</th>\n");
}

static void put_state(const struct html_making *p, const struct event *ev)
{
    enum health h = event_health(ev);

    (void)buf_addf(p->to, "<td role=\"cell\" class=\"s\" data-v=\"%d\">", -(int)h);
    html_put_icon(p, h);
    html_put(p, " ");
    html_put_word(p, html_health_word(h));
    close_cell(p);
}

static void put_count(const struct html_making *p, const struct event *ev, enum html_word w,
                      enum event_num slot, enum event_num octets)
{
    open_cell(p, w, html_positive(ev, slot) > 0 ? "n" : "n none", event_num(ev, slot, -1));
    if (ev->num[slot] == EVENT_UNSET)
        html_put(p, "–");
    else
        html_number(p->to, p->lang, html_positive(ev, slot));
    if (octets != EVENT_NUMS && html_positive(ev, slot) > 0) {
        html_put(p, "<small>");
        html_octets(p->to, p->lang, html_positive(ev, octets));
        html_put(p, "</small>");
    }
    close_cell(p);
}

static void put_bar(const struct html_making *p, int64_t percent)
{
    (void)buf_addf(p->to,
                   "<svg class=\"bar%s\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" "
                   "aria-hidden=\"true\"><rect class=\"t\" width=\"100\" height=\"8\"/>"
                   "<rect class=\"v\" width=\"%lld\" height=\"8\"/></svg>",
                   percent >= HEALTH_FULL_PERCENT ? " full"
                   : percent >= MUCH_PERCENT      ? " much"
                                                  : "",
                   (long long)(percent > 100 ? 100
                               : percent < 0 ? 0
                                             : percent));
}

static void put_mailbox(const struct html_making *p, const struct event *ev)
{
    int64_t percent = ev->num[EN_QUOTA_PERCENT];
    struct buf used = BUF_INIT(HTML_PART_MAX), quota = BUF_INIT(HTML_PART_MAX);
    struct sv args[2];

    open_cell(p, HW_MAILBOX, ev->num[EN_USED_OCTETS] == EVENT_UNSET ? "m none" : "m",
              event_num(ev, EN_QUOTA_PERCENT, -1));
    if (percent != EVENT_UNSET) {
        html_octets(&used, p->lang, html_positive(ev, EN_USED_OCTETS));
        html_octets(&quota, p->lang, html_positive(ev, EN_QUOTA_OCTETS));
        args[0] = buf_sv(&used);
        args[1] = buf_sv(&quota);
        put_bar(p, percent);
        html_percent(p->to, p->lang, percent);
        html_put(p, "<small>");
        html_fill(p->to, p->lang, HW_USED, args, 2);
        html_put(p, "</small>");
    } else if (ev->num[EN_USED_OCTETS] != EVENT_UNSET) {
        html_octets(p->to, p->lang, html_positive(ev, EN_USED_OCTETS));
    } else {
        html_put(p, "–");
    }
    close_cell(p);
    buf_free(&used);
    buf_free(&quota);
}

static void put_deadline(const struct html_making *p, const struct event *ev)
{
    int64_t until = ev->num[EN_DEADLINE];
    int64_t left = until == EVENT_UNSET ? 0 : event_minus(until, p->of->now);
    struct buf span = BUF_INIT(HTML_PART_MAX);

    open_cell(p, HW_DEADLINE, until == EVENT_UNSET ? "d none" : "d",
              until == EVENT_UNSET ? INT64_C(1) << 40 : until);
    if (until == EVENT_UNSET) {
        html_put(p, "–");
    } else {
        html_span(&span, p->lang, left);
        if (left > 0)
            html_fill_1(p->to, p->lang, HW_LEFT, &span);
        else
            html_put_word(p, HW_PASSED);
        html_put(p, "<small>");
        html_date(p->to, p->lang, until); /* a day, the same in every zone */
        html_put(p, "</small>");
    }
    close_cell(p);
    buf_free(&span);
}

static void put_row(const struct html_making *p, const struct event *ev)
{
    (void)buf_addf(p->to, "<tr role=\"row\" class=\"%s\">\n", health_word(event_health(ev)));
    put_state(p, ev);
    put_account(p, ev);
    open_cell(p, HW_LAST_SUCCESS, "d", event_num(ev, EN_LAST_SUCCESS, 0));
    html_put_moment(p, ev->num[EN_LAST_SUCCESS]);
    close_cell(p);
    if (p->has_mailbox)
        put_mailbox(p, ev);
    put_count(p, ev, HW_STORED, EN_STORED, EN_STORED_OCTETS);
    put_count(p, ev, HW_ON_SERVER, EN_LISTED, EVENT_NUMS);
    if (p->has_due)
        put_count(p, ev, HW_DUE, EN_DUE, EVENT_NUMS);
    if (p->has_deadline)
        put_deadline(p, ev);
    html_put(p, "</tr>\n");
}

static void put_column(const struct html_making *p, enum html_word w, const char *class)
{
    (void)buf_addf(p->to, "<th scope=\"col\" role=\"columnheader\" class=\"%s\">", class);
    html_put_word(p, w);
    html_put(p, "</th>");
}

static void put_columns(const struct html_making *p)
{
    html_put(p, "<thead role=\"rowgroup\"><tr role=\"row\">");
    put_column(p, HW_STATE, "c");
    put_column(p, HW_ACCOUNT, "c");
    put_column(p, HW_LAST_SUCCESS, "c");
    if (p->has_mailbox)
        put_column(p, HW_MAILBOX, "c");
    put_column(p, HW_STORED, "n");
    put_column(p, HW_ON_SERVER, "n");
    if (p->has_due)
        put_column(p, HW_DUE, "n");
    if (p->has_deadline)
        put_column(p, HW_DEADLINE, "c");
    html_put(p, "</tr></thead>\n");
}

void html_put_accounts(const struct html_making *p)
{
    html_put(p, "<section aria-labelledby=\"all\"><h2 id=\"all\">");
    html_put_word(p, HW_ACCOUNTS);
    html_put(p, " (");
    html_number(p->to, p->lang, p->of->n);
    html_put(p, ")</h2>\n<p class=\"find\" hidden=\"hidden\"><label for=\"find\">");
    html_put_word(p, HW_FIND);
    html_put(p, "</label><input type=\"search\" id=\"find\" autocomplete=\"off\"/></p>\n"
                "<table id=\"accounts\" role=\"table\" aria-labelledby=\"all\">\n");
    put_columns(p);
    html_put(p, "<tbody role=\"rowgroup\">\n");
    for (size_t i = 0; i < p->of->n; i++)
        put_row(p, p->accounts[i]);
    html_put(p, "</tbody></table></section>\n");
}
