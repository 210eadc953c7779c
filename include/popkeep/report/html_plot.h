/* SPDX-License-Identifier: ISC */
/*
 * Messages stored a day as a drawing (inline SVG with title and description), as a sentence, and as
 * a table.
 */
#ifndef POPKEEP_REPORT_HTML_PLOT_H
#define POPKEEP_REPORT_HTML_PLOT_H

#include "popkeep/report/history.h"
#include "popkeep/report/html_words.h"

void html_plot(struct buf *to, enum html_lang lang, const struct history *h);

/* The scale's end: the most of any day, rounded up to 1, 2 or 5 times a power of ten. A first fetch
 * stores years in a day, beside which all other days would vanish: a few days that stand far above
 * the others do not count, and are drawn cut. */
uint64_t html_plot_scale(const struct history *h);

#endif
