/* SPDX-License-Identifier: ISC */
/*
 * Lines of a server, at most POP3_STATUS_MAX octets with their end, from input in any split; and
 * what a status line looks like (RFC 1939 section 3). Used by pop3/engine.h.
 *
 * Order: line_take until it gives LINE_WHOLE, then anew. The beginning of a line that is not yet
 * whole is kept in the struct; line_peek and line_sample look at it and at what has come since.
 */
#ifndef POPKEEP_POP3_LINE_H
#define POPKEEP_POP3_LINE_H

#include "popkeep/pop3/engine.h"

enum {
    LINE_SAMPLE_MAX = 120, /* octets of a line that a message shows */
    LINE_SAMPLE_TEXT = 4 * LINE_SAMPLE_MAX + 8
};

struct line_part { /* all zero: nothing begun */
    size_t n;
    char octets[POP3_STATUS_MAX];
};

enum line_result {
    LINE_MORE,  /* the input is used up */
    LINE_WHOLE, /* *line is the line, its LF included; good until the next call */
    LINE_LONG   /* more than POP3_STATUS_MAX; nothing was taken */
};

/* Take the rest of a line off *in. A whole line that lies in the input is not copied. */
enum line_result line_take(struct line_part *part, struct sv *in, struct sv *line);
bool line_ends_in_crlf(struct sv line);
struct sv line_without_end(struct sv line); /* a line with LF or CRLF */

/* Copy the first octets of the line that has begun; returns how many, at most `max`. */
size_t line_peek(const struct line_part *part, struct sv in, char *out, size_t max);
/* The same, escaped and no further than the line goes. Returns `text`. */
const char *line_sample(const struct line_part *part, struct sv in, char text[LINE_SAMPLE_TEXT]);

struct status_line {
    bool ok;
    struct sv text; /* what follows the word, blanks off both ends */
};

/* `line` has no line end. The word is +OK or -ERR in any case; behind it the line ends or a blank
 * follows. False: no status line, *s is undefined. */
bool line_status(struct sv line, struct status_line *s);

/* Can a line that begins so (four octets are enough) still become a status line? */
bool line_may_be_status(struct sv first);

#endif
