/* SPDX-License-Identifier: ISC */
/* What the files of the report's page share; nobody else includes it. */
#ifndef POPKEEP_REPORT_HTML_INSIDE_H
#define POPKEEP_REPORT_HTML_INSIDE_H

#include "popkeep/report/html.h"

enum { HTML_PART_MAX = 4096 };

struct html_making {
    const struct html_page *of;
    enum html_lang lang;
    const struct event **accounts; /* sorted */
    struct buf *to;
    bool has_mailbox, has_due, has_deadline; /* columns in which there is anything */
    bool one_host;                           /* all have the same: not worth naming */
    size_t count[HEALTHS];
};

void html_put(const struct html_making *p, const char *text);
void html_put_word(const struct html_making *p, enum html_word w);
void html_put_icon(const struct html_making *p, enum health health);
/* "4 dakika önce", and when that was; "hiç". */
void html_put_moment(const struct html_making *p, int64_t when);
enum html_word html_health_word(enum health health);
uint64_t html_positive(const struct event *ev, enum event_num slot); /* else 0 */
int64_t html_local(const struct html_making *p, int64_t unix_s);

void html_put_accounts(const struct html_making *p); /* html_rows.c */

#endif
