/* SPDX-License-Identifier: ISC */
/* The plot of the report. */
#include "popkeep/report/html_plot.h"

#include <stdlib.h>
#include <string.h>

enum {
    STEP = 4, /* units of the drawing a day; a bar takes all but one of them */
    HEIGHT = 100,
    CUT_FROM = 90, /* where the gap of a bar that is cut begins and ends */
    CUT_TO = 94,
    MAY_BE_CUT = 3, /* days */
    FAR_ABOVE = 4,  /* times the highest of the others */
    OTHERS = 10,    /* days with mail; of fewer it cannot be said what is usual */
    ARGS = 5
};

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint64_t round_up(uint64_t n)
{
    static const uint64_t steps[] = {1, 2, 5};
    uint64_t power = 1;

    for (;; power *= 10)
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
            if (steps[i] * power >= n || power > UINT64_MAX / 100)
                return steps[i] * power;
}

uint64_t html_plot_scale(const struct history *h)
{
    uint64_t sorted[HISTORY_DAYS], top;

    memcpy(sorted, h->stored, sizeof sorted);
    qsort(sorted, HISTORY_DAYS, sizeof *sorted, ascending);
    top = sorted[HISTORY_DAYS - 1];
    for (int cut = 1; cut <= MAY_BE_CUT; cut++) {
        uint64_t rest = sorted[HISTORY_DAYS - 1 - cut];
        if (sorted[HISTORY_DAYS - cut - OTHERS] > 0 &&
            sorted[HISTORY_DAYS - cut] / FAR_ABOVE >= rest)
            top = rest;
    }
    return round_up(top > 0 ? top : 1);
}

static void put_date_of(struct buf *to, enum html_lang lang, const struct history *h, int i)
{
    html_date(to, lang, (h->today - (HISTORY_DAYS - 1 - i)) * HISTORY_DAY_S);
}

static int highest(const struct history *h)
{
    int best = 0;

    for (int i = 1; i < HISTORY_DAYS; i++)
        if (h->stored[i] >= h->stored[best])
            best = i;
    return best;
}

static void put_sentence(struct buf *to, enum html_lang lang, const struct history *h)
{
    struct buf parts[ARGS];
    struct sv args[ARGS];
    uint64_t sum = history_sum(h, HISTORY_DAYS);
    int best = highest(h);

    for (int i = 0; i < ARGS; i++)
        buf_init(&parts[i], 256);
    html_messages(&parts[0], lang, sum);
    put_date_of(&parts[1], lang, h, 0);
    put_date_of(&parts[2], lang, h, HISTORY_DAYS - 1);
    html_number(&parts[3], lang, h->stored[best]);
    put_date_of(&parts[4], lang, h, best);
    for (int i = 0; i < ARGS; i++)
        args[i] = buf_sv(&parts[i]);
    html_fill(to, lang, sum > 0 ? HW_PLOT_TEXT : HW_PLOT_NONE, args, ARGS);
    for (int i = 0; i < ARGS; i++)
        buf_free(&parts[i]);
}

static void put_day_text(struct buf *to, enum html_lang lang, const struct history *h, int i)
{
    struct buf date = BUF_INIT(64), count = BUF_INIT(64);
    struct sv args[2];

    put_date_of(&date, lang, h, i);
    html_messages(&count, lang, h->stored[i]);
    args[0] = buf_sv(&date);
    args[1] = buf_sv(&count);
    html_fill(to, lang, HW_PLOT_DAY, args, 2);
    buf_free(&date);
    buf_free(&count);
}

/* From one height to another, in hundredths. */
static void put_rect(struct buf *to, int day, unsigned from, unsigned until)
{
    unsigned y = 100 * HEIGHT - until, high = until - from;

    (void)buf_addf(to, "<rect x=\"%d\" y=\"%u.%02u\" width=\"%d\" height=\"%u.%02u\"/>", day * STEP,
                   y / 100, y % 100, STEP - 1, high / 100, high % 100);
}

static void put_bar(struct buf *to, enum html_lang lang, const struct history *h, int i,
                    uint64_t scale)
{
    if (h->stored[i] == 0)
        return;
    (void)buf_add_c(to, "<g><title>");
    put_day_text(to, lang, h, i);
    (void)buf_add_c(to, "</title>");
    if (h->stored[i] > scale) {
        put_rect(to, i, 100 * CUT_TO, 100 * HEIGHT);
        put_rect(to, i, 0, 100 * CUT_FROM);
    } else {
        unsigned height = (unsigned)(h->stored[i] * 100 * HEIGHT / scale);
        put_rect(to, i, 0, height < 100 ? 100 : height); /* a day with mail can be seen */
    }
    (void)buf_add_c(to, "</g>\n");
}

static void put_drawing(struct buf *to, enum html_lang lang, const struct history *h,
                        uint64_t scale)
{
    (void)buf_addf(to,
                   "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
                   "aria-labelledby=\"plot-title plot-text\">\n<title id=\"plot-title\">%s</title>"
                   "<desc id=\"plot-text\">",
                   HISTORY_DAYS * STEP - 1, HEIGHT, html_word(lang, HW_PLOT));
    put_sentence(to, lang, h);
    (void)buf_addf(
        to,
        "</desc>\n<path class=\"grid\" d=\"M0 0H%d\"/><path class=\"grid\" d=\"M0 %dH%d\"/>"
        "<path class=\"grid\" d=\"M0 %dH%d\"/>\n",
        HISTORY_DAYS * STEP - 1, HEIGHT / 2, HISTORY_DAYS * STEP - 1, HEIGHT,
        HISTORY_DAYS * STEP - 1);
    for (int i = 0; i < HISTORY_DAYS; i++)
        put_bar(to, lang, h, i, scale);
    (void)buf_add_c(to, "</svg>\n");
}

static void put_scale(struct buf *to, enum html_lang lang, uint64_t scale)
{
    (void)buf_add_c(to, "<div class=\"scale\" aria-hidden=\"true\"><span>");
    html_number(to, lang, scale);
    (void)buf_add_c(to, "</span><span>");
    if (scale % 2 == 0)
        html_number(to, lang, scale / 2);
    (void)buf_add_c(to, "</span><span>0</span></div>\n");
}

static void put_dates(struct buf *to, enum html_lang lang, const struct history *h)
{
    static const int at[] = {0, HISTORY_DAYS / 2, HISTORY_DAYS - 1};

    (void)buf_add_c(to, "<div class=\"dates\" aria-hidden=\"true\">");
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        (void)buf_add_c(to, "<span>");
        put_date_of(to, lang, h, at[i]);
        (void)buf_add_c(to, "</span>");
    }
    (void)buf_add_c(to, "</div>\n");
}

static void put_table(struct buf *to, enum html_lang lang, const struct history *h)
{
    (void)buf_addf(to,
                   "<details><summary>%s</summary>\n<table><thead><tr><th scope=\"col\">%s</th>"
                   "<th scope=\"col\" class=\"n\">%s</th></tr></thead><tbody>\n",
                   html_word(lang, HW_NUMBERS), html_word(lang, HW_DAY),
                   html_word(lang, HW_STORED));
    for (int i = HISTORY_DAYS - 1; i >= 0; i--) {
        if (h->stored[i] == 0)
            continue;
        (void)buf_add_c(to, "<tr><td>");
        put_date_of(to, lang, h, i);
        (void)buf_add_c(to, "</td><td class=\"n\">");
        html_number(to, lang, h->stored[i]);
        (void)buf_add_c(to, "</td></tr>\n");
    }
    (void)buf_add_c(to, "</tbody></table></details>\n");
}

void html_plot(struct buf *to, enum html_lang lang, const struct history *h)
{
    uint64_t scale = html_plot_scale(h), sum = history_sum(h, HISTORY_DAYS);

    (void)buf_addf(to, "<section aria-labelledby=\"plot\"><h2 id=\"plot\">%s</h2>\n",
                   html_word(lang, HW_PLOT));
    if (sum > 0) {
        (void)buf_add_c(to, "<figure>\n");
        put_scale(to, lang, scale);
        put_drawing(to, lang, h, scale);
        put_dates(to, lang, h);
        (void)buf_add_c(to, "</figure>\n");
    }
    (void)buf_add_c(to, "<p class=\"soft\">");
    put_sentence(to, lang, h);
    if (h->stored[highest(h)] > scale)
        (void)buf_addf(to, " %s", html_word(lang, HW_PLOT_CUT));
    (void)buf_add_c(to, "</p>\n");
    if (sum > 0)
        put_table(to, lang, h);
    (void)buf_add_c(to, "</section>\n");
}
