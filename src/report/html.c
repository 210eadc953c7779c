/* SPDX-License-Identifier: ISC */
/* The report's page. See the header. */
#include "popkeep/report/html.h"

#include "popkeep/base/mem.h"
#include "popkeep/report/html_inside.h"
#include "popkeep/report/html_look.h"
#include "popkeep/report/html_plot.h"

#include <stdlib.h>

/* ---- head ---- */

static void put_symbols(const struct html_making *p)
{
    html_put(p,
             "<svg width=\"0\" height=\"0\" aria-hidden=\"true\" focusable=\"false\"><defs>\n"
             "<symbol id=\"well\" viewBox=\"0 0 16 16\"><path fill-rule=\"evenodd\" "
             "d=\"M8 0a8 8 0 100 16A8 8 0 008 0zM7 11.8L3.2 8l1.3-1.3L7 9.2l4.6-4.6L12.9 "
             "6z\"/></symbol>\n"
             "<symbol id=\"late\" viewBox=\"0 0 16 16\"><path fill-rule=\"evenodd\" "
             "d=\"M8 0a8 8 0 100 16A8 8 0 008 0zM7.1 3h1.8v4.6l3 1.8-.9 1.5-3.9-2.3z\"/></symbol>\n"
             "<symbol id=\"trouble\" viewBox=\"0 0 16 16\"><path fill-rule=\"evenodd\" "
             "d=\"M8 .6l7.8 14H.2zM7.1 5.5h1.8v5H7.1zm0 5.9h1.8v1.8H7.1z\"/></symbol>\n"
             "</defs></svg>\n");
}

static enum health worst(const struct html_making *p)
{
    return p->count[HEALTH_TROUBLE] > 0 ? HEALTH_TROUBLE
           : p->count[HEALTH_LATE] > 0  ? HEALTH_LATE
                                        : HEALTH_WELL;
}

/* A browser's tab shows how things stand, too. */
static void put_tab_icon(const struct html_making *p)
{
    static const char *const colour[HEALTHS] = {
        [HEALTH_WELL] = "1a6e33", [HEALTH_LATE] = "c98a00", [HEALTH_TROUBLE] = "b3261e"};

    (void)buf_addf(p->to,
                   "<link rel=\"icon\" href=\"data:image/svg+xml,%%3Csvg "
                   "xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%%3E%%3Ccircle cx='4' "
                   "cy='4' r='4' fill='%%23%s'/%%3E%%3C/svg%%3E\"/>\n",
                   colour[worst(p)]);
}

static void put_head(const struct html_making *p)
{
    const char *tag = html_lang_tag(p->lang);

    (void)buf_addf(p->to,
                   "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"%s\" "
                   "xml:lang=\"%s\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"",
                   tag, tag);
    html_policy(p->to);
    html_put(p, "\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
                "<meta name=\"robots\" content=\"noindex\"/>\n"
                "<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    put_tab_icon(p);
    html_put(p, "<title>");
    html_put_word(p, HW_TITLE);
    html_put(p, "</title>\n<style>");
    html_put(p, html_style);
    html_put(p, "</style>\n</head>\n<body>\n");
    put_symbols(p);
}

/* With five hundred accounts between them, the plot would not be found. */
static void put_contents(const struct html_making *p)
{
    if (p->of->n == 0)
        return;
    html_put(p, "<nav aria-label=\"");
    html_put_word(p, HW_ON_PAGE);
    html_put(p, "\"><a href=\"#all\">");
    html_put_word(p, HW_ACCOUNTS);
    html_put(p, "</a> <a href=\"#plot\">");
    html_put_word(p, HW_PLOT);
    html_put(p, "</a></nav>\n");
}

static void put_header(const struct html_making *p)
{
    struct buf when = BUF_INIT(HTML_PART_MAX), zone = BUF_INIT(HTML_PART_MAX);
    struct sv args[2];
    enum health h = worst(p);

    html_time(&when, p->lang, html_local(p, p->of->now));
    html_zone(&zone, p->of->history->utc_offset_s);
    args[0] = buf_sv(&when);
    args[1] = buf_sv(&zone);
    html_put(p, "<header>\n<h1>");
    html_put_word(p, HW_TITLE);
    html_put(p, "</h1>\n<p class=\"soft\">");
    html_fill(p->to, p->lang, HW_MADE, args, 2);
    (void)buf_addf(
        p->to, "</p>\n<p class=\"banner late s\" id=\"old\" data-made=\"%lld\" hidden=\"hidden\">",
        (long long)p->of->now);
    html_put_icon(p, HEALTH_LATE);
    html_put(p, "<span>");
    html_put_word(p, HW_OLD);
    (void)buf_addf(p->to, "</span></p>\n<p class=\"banner %s s\">", health_word(h));
    html_put_icon(p, h);
    html_put(p, "<span>");
    html_put_word(p, p->of->n == 0         ? HW_NO_ACCOUNTS
                     : h == HEALTH_TROUBLE ? HW_SOME_TROUBLE
                     : h == HEALTH_LATE    ? HW_SOME_LATE
                                           : HW_ALL_WELL);
    html_put(p, "</span></p>\n");
    put_contents(p);
    html_put(p, "</header>\n");
    buf_free(&when);
    buf_free(&zone);
}

/* ---- totals ---- */

struct totals {
    uint64_t stored, stored_octets, listed, used;
    int64_t last_run;
};

static struct totals add_up(const struct html_making *p)
{
    struct totals t = {.last_run = EVENT_UNSET};

    for (size_t i = 0; i < p->of->n; i++) {
        const struct event *ev = &p->of->accounts[i];
        t.stored += html_positive(ev, EN_STORED);
        t.stored_octets += html_positive(ev, EN_STORED_OCTETS);
        t.listed += html_positive(ev, EN_LISTED);
        t.used += html_positive(ev, EN_USED_OCTETS);
        if (ev->num[EN_LAST_RUN] > t.last_run)
            t.last_run = ev->num[EN_LAST_RUN];
    }
    return t;
}

static void open_tile(const struct html_making *p, enum html_word w)
{
    html_put(p, "<div><dt>");
    html_put_word(p, w);
    html_put(p, "</dt><dd>");
}

static void close_tile(const struct html_making *p)
{
    html_put(p, "</dd></div>\n");
}

static void put_state_tile(const struct html_making *p, enum health h)
{
    (void)buf_addf(p->to, "<div class=\"%s\"><dt>", p->count[h] > 0 ? health_word(h) : "none");
    html_put_word(p, html_health_word(h));
    html_put(p, "</dt><dd class=\"s\">");
    html_put_icon(p, h);
    html_put(p, " ");
    html_number(p->to, p->lang, p->count[h]);
    close_tile(p);
}

static void put_mail_tile(const struct html_making *p, enum html_word w, uint64_t n,
                          uint64_t octets)
{
    open_tile(p, w);
    html_number(p->to, p->lang, n);
    html_put(p, "<small>");
    html_octets(p->to, p->lang, octets);
    html_put(p, "</small>");
    close_tile(p);
}

static void put_new_tile(const struct html_making *p)
{
    struct buf week = BUF_INIT(HTML_PART_MAX);

    open_tile(p, HW_NEW_TODAY);
    html_number(p->to, p->lang, history_sum(p->of->history, 1));
    html_put(p, "<small>");
    html_number(&week, p->lang, history_sum(p->of->history, 7));
    html_fill_1(p->to, p->lang, HW_NEW_WEEK, &week);
    html_put(p, "</small>");
    close_tile(p);
    buf_free(&week);
}

static void put_totals(const struct html_making *p)
{
    struct totals t = add_up(p);

    html_put(p, "<section aria-labelledby=\"summary\"><h2 id=\"summary\">");
    html_put_word(p, HW_SUMMARY);
    html_put(p, "</h2>\n<dl class=\"tiles states\">\n");
    put_state_tile(p, HEALTH_TROUBLE);
    put_state_tile(p, HEALTH_LATE);
    put_state_tile(p, HEALTH_WELL);
    html_put(p, "</dl>\n<dl class=\"tiles\">\n");
    put_mail_tile(p, HW_STORED_HERE, t.stored, t.stored_octets);
    put_mail_tile(p, HW_ON_SERVERS, t.listed, t.used);
    put_new_tile(p);
    open_tile(p, HW_LAST_RUN);
    html_put_moment(p, t.last_run);
    close_tile(p);
    html_put(p, "</dl></section>\n");
}

static void put_foot(const struct html_making *p)
{
    struct buf version = BUF_INIT(HTML_PART_MAX);

    html_text(&version, sv_of(p->of->version));
    html_put(p, "<footer class=\"soft\"><p>");
    html_fill_1(p->to, p->lang, HW_FOOT, &version);
    html_put(p, "</p></footer>\n<script>");
    html_put(p, html_script);
    html_put(p, "</script>\n</body>\n</html>\n");
    buf_free(&version);
}

/* The worst first, among equals the one whose last success is longest ago. */
static int worst_first(const void *a, const void *b)
{
    const struct event *x = *(const struct event *const *)a, *y = *(const struct event *const *)b;
    int64_t left = x->num[EN_LAST_SUCCESS], right = y->num[EN_LAST_SUCCESS];

    if (event_health(x) != event_health(y))
        return event_health(x) < event_health(y) ? 1 : -1;
    if (left != right) /* none at all is the smallest */
        return left < right ? -1 : 1;
    return sv_cmp(x->str[ES_ACCOUNT], y->str[ES_ACCOUNT]);
}

static void look_at(struct html_making *p, const struct event *ev, const struct sv *host)
{
    p->count[event_health(ev)]++;
    p->one_host = p->one_host && (ev->kind != EVENT_STATUS || sv_eq(ev->str[ES_HOST], *host));
    p->has_mailbox = p->has_mailbox || ev->num[EN_USED_OCTETS] != EVENT_UNSET;
    p->has_due = p->has_due || event_num(ev, EN_DUE, 0) > 0;
    p->has_deadline = p->has_deadline || ev->num[EN_DEADLINE] != EVENT_UNSET;
}

static void look_over(struct html_making *p)
{
    const struct sv *host = NULL;

    p->one_host = true;
    p->accounts = mem_zalloc(p->of->n + 1, sizeof *p->accounts);
    for (size_t i = 0; i < p->of->n; i++) {
        const struct event *ev = p->accounts[i] = &p->of->accounts[i];
        if (host == NULL && ev->kind == EVENT_STATUS)
            host = &ev->str[ES_HOST];
        look_at(p, ev, host);
    }
    qsort(p->accounts, p->of->n, sizeof *p->accounts, worst_first);
}

void html_page(struct buf *out, const struct html_page *of)
{
    struct buf whole = BUF_INIT(SIZE_MAX / 2); /* `out` gets all or nothing */
    struct html_making p = {.of = of, .lang = of->lang, .to = &whole};

    look_over(&p);
    put_head(&p);
    put_header(&p);
    html_put(&p, "<main>\n");
    put_totals(&p);
    if (of->n > 0)
        html_put_accounts(&p);
    html_plot(p.to, p.lang, of->history);
    html_put(&p, "</main>\n");
    put_foot(&p);
    (void)buf_add_sv(out, buf_sv(&whole));
    buf_free(&whole);
    free(p.accounts);
}
