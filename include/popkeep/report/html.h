/* SPDX-License-Identifier: ISC */
/*
 * The report: one HTML page for people who never see a terminal. Pure.
 *
 * Self-contained: style, script and drawings stand in it, its Content-Security-Policy lets nothing
 * else be loaded or run, and without script it can be read just as well. It is well-formed XML too,
 * so that a parser can check it. The accounts are sorted, the worst first; what a stranger can
 * choose (names, hosts, errors) is escaped.
 */
#ifndef POPKEEP_REPORT_HTML_H
#define POPKEEP_REPORT_HTML_H

#include "popkeep/report/event.h"
#include "popkeep/report/history.h"
#include "popkeep/report/html_words.h"

struct html_page {
    enum html_lang lang;
    const char *version;
    int64_t now;                  /* unix s */
    const struct event *accounts; /* EVENT_STATUS; or EVENT_ERROR where that cannot be told */
    size_t n;
    const struct history *history; /* of all accounts; its time zone is that of the page */
};

/* The whole page, or nothing if the maximum of `out` forbids it. */
void html_page(struct buf *out, const struct html_page *p);

#endif
