/* SPDX-License-Identifier: ISC */
/*
 * The report's languages: its words, and numbers, sizes, dates and spans in their form. The page
 * carries its language with it and is read by others than the one who runs popkeep; so this table
 * stands apart from the messages of the program.
 *
 * Everything is appended to a buffer ready to stand in HTML, in text or in a quoted attribute; what
 * is not ours goes through html_text or html_lines.
 */
#ifndef POPKEEP_REPORT_HTML_WORDS_H
#define POPKEEP_REPORT_HTML_WORDS_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/status.h"
#include "popkeep/report/health.h"

enum html_lang { HTML_EN, HTML_TR, HTML_LANGS };

enum html_word {
    HW_TITLE,
    HW_MADE, /* {1}: when, {2}: time zone */
    HW_OLD,  /* the page itself is old */
    HW_SOME_TROUBLE,
    HW_SOME_LATE,
    HW_ALL_WELL,
    HW_NO_ACCOUNTS,
    HW_WELL,
    HW_LATE,
    HW_TROUBLE,
    HW_SUMMARY, /* heading of the totals */
    HW_ACCOUNTS,
    HW_STATE,
    HW_ACCOUNT,
    HW_LAST_SUCCESS,
    HW_LAST_RUN,
    HW_STORED,
    HW_ON_SERVER,
    HW_MAILBOX,
    HW_DUE,
    HW_DEADLINE,
    HW_STORED_HERE,
    HW_ON_SERVERS,
    HW_NEW_TODAY,
    HW_NEW_WEEK, /* {1}: number of the last seven days */
    HW_NEVER,
    HW_AGO,    /* {1}: span */
    HW_FUTURE, /* a time that has not come yet, where only past ones make sense */
    HW_LEFT,   /* {1}: span */
    HW_PASSED,
    HW_MESSAGE, /* {1}: number */
    HW_MESSAGES,
    HW_USED, /* {1}: octets used, {2}: quota */
    HW_PERCENT,
    HW_UNKNOWN,
    HW_FIND,
    HW_ON_PAGE,   /* the list of what is on this page */
    HW_PLOT,      /* heading */
    HW_PLOT_TEXT, /* {1}: number, {2}: first day, {3}: last day, {4}: most a day, {5}: that day */
    HW_PLOT_NONE, /* {2}, {3}: the same */
    HW_PLOT_DAY,  /* {1}: date, {2}: messages */
    HW_PLOT_CUT,  /* what stands above the scale */
    HW_NUMBERS,   /* heading of the same as a table */
    HW_DAY,
    HW_FOOT, /* {1}: version */
    HTML_WORDS
};

const char *html_word(enum html_lang lang, enum html_word w); /* without its places filled */
const char *html_lang_tag(enum html_lang lang);               /* "en", "tr" */
/* By its tag, or by the name of a locale ("tr_TR.UTF-8", "tr"); -1: none of ours. */
int html_lang_of(struct sv name);

/* The word with {1}, {2}, ... filled; what is handed in stands as it is. */
void html_fill(struct buf *to, enum html_lang lang, enum html_word w, const struct sv *args,
               size_t n);
void html_fill_1(struct buf *to, enum html_lang lang, enum html_word w, const struct buf *arg);

void html_text(struct buf *to, struct sv s);  /* a stranger's octets */
void html_lines(struct buf *to, struct sv s); /* our own text (struct err), its first line */

void html_number(struct buf *to, enum html_lang lang, uint64_t n);    /* 1.204 */
void html_messages(struct buf *to, enum html_lang lang, uint64_t n);  /* 1.204 ileti */
void html_octets(struct buf *to, enum html_lang lang, uint64_t n);    /* 812,4 MB */
void html_percent(struct buf *to, enum html_lang lang, int64_t n);    /* %81 */
void html_date(struct buf *to, enum html_lang lang, int64_t local_s); /* 22.11.2026 */
void html_time(struct buf *to, enum html_lang lang, int64_t local_s); /* 22.11.2026 21:45 */
void html_span(struct buf *to, enum html_lang lang, int64_t seconds); /* 9 gün */
void html_zone(struct buf *to, int64_t utc_offset_s);                 /* UTC+3 */

/* A finding as a sentence. {1} of it: for stale the span, for the last run its status' meaning, for
 * full the percentage, for the certificate the date, for the journal the error. */
const char *html_finding(enum html_lang lang, enum finding f, bool past);
const char *html_status(enum html_lang lang, enum status s);
void html_fill_text(struct buf *to, const char *text, const struct sv *args, size_t n);

#endif
