/* SPDX-License-Identifier: ISC */
/* Small pieces of the report's page. */
#include "popkeep/report/html_inside.h"

enum html_word html_health_word(enum health health)
{
    static const enum html_word words[HEALTHS] = {
        [HEALTH_WELL] = HW_WELL, [HEALTH_LATE] = HW_LATE, [HEALTH_TROUBLE] = HW_TROUBLE};

    return words[health];
}

void html_put(const struct html_making *p, const char *text)
{
    (void)buf_add_c(p->to, text);
}

void html_put_word(const struct html_making *p, enum html_word w)
{
    html_put(p, html_word(p->lang, w));
}

uint64_t html_positive(const struct event *ev, enum event_num slot)
{
    int64_t n = event_num(ev, slot, 0);

    return n > 0 ? (uint64_t)n : 0;
}

int64_t html_local(const struct html_making *p, int64_t unix_s)
{
    return history_local(p->of->history, unix_s);
}

void html_put_icon(const struct html_making *p, enum health health)
{
    (void)buf_addf(p->to, "<svg class=\"i\" aria-hidden=\"true\"><use href=\"#%s\"/></svg>",
                   health_word(health));
}

static void put_ago(const struct html_making *p, int64_t when)
{
    struct buf span = BUF_INIT(HTML_PART_MAX);
    int64_t age = event_minus(p->of->now, when);

    if (age < 0) {
        html_put_word(p, HW_FUTURE); /* the clock was set back since */
        return;
    }
    html_span(&span, p->lang, age);
    html_fill_1(p->to, p->lang, HW_AGO, &span);
    buf_free(&span);
}

void html_put_moment(const struct html_making *p, int64_t when)
{
    if (when == EVENT_UNSET) {
        html_put_word(p, HW_NEVER);
        return;
    }
    put_ago(p, when);
    html_put(p, "<small>");
    html_time(p->to, p->lang, html_local(p, when));
    html_put(p, "</small>");
}
