/* SPDX-License-Identifier: ISC */
/*
 * Pieces of lines for people: the account in front, times, ages, strangers' words. Used by the
 * printers of the report room only. Everything is appended to a buffer, nothing is ever cut off.
 */
#ifndef POPKEEP_REPORT_LINE_H
#define POPKEEP_REPORT_LINE_H

#include "popkeep/report/text.h"

/* Where a printer writes. */
struct lines {
    struct buf *out;
    struct buf *diag;
};

bool line_command_is(const struct report_style *st, const char *command);

/* "706590: ", or nothing if the event concerns no account. */
void line_account(struct buf *to, const struct event *ev);

/* Octets a stranger chose (UIDL, file): escaped, one line, shortened past LINE_WORD_MAX octets. */
enum { LINE_WORD_MAX = 200 };
void line_word(struct buf *to, struct sv s);

/* Our own text, in which strangers' words are escaped already (struct err): a backslash stays as it
 * is, whatever could harm a terminal is escaped all the same. The first line goes where the line
 * stands, each further one is begun anew, indented. Trailing newlines are dropped. */
void line_text(struct buf *to, struct sv s);

/* The lines of such a text behind each other on one line, "; " between them. */
void line_joined(struct buf *to, struct sv s);

/* Each line of `s` on a line of its own, indented. Ends with a newline, unless `s` is empty. */
void line_block(struct buf *to, struct sv s);

/* The message: its UIDL, else its number in this session. */
void line_message(struct buf *to, const struct event *ev);

void line_date(struct buf *to, int64_t unix_s); /* "2026-10-20" */
void line_time(struct buf *to, int64_t unix_s); /* "2026-10-20 03:15 UTC" */
void line_age(struct buf *to, int64_t seconds); /* "33 days ago", "3 h 5 min ago" */
/* " (3.4 MB)", to stand behind a number of messages; "" if the octets are EVENT_UNSET. */
enum { LINE_SIZE_MAX = 24 };
char *line_size(char out[LINE_SIZE_MAX], int64_t octets);

/* Puts ", " (or what is asked for) before every part but the first. */
struct line_list {
    struct buf *to;
    const char *between;
    bool begun;
};
struct buf *line_part(struct line_list *list); /* begin the next part; returns `to` */
/* A part that is worth its words only when n is above 0; the forms as for trn_addf. */
void line_counted(struct line_list *list, int64_t n, const char *one, const char *several, ...)
    __attribute__((format(printf, 3, 5), format(printf, 4, 5)));

#endif
