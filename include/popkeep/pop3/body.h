/* SPDX-License-Identifier: ISC */
/*
 * The message in the answer to RETR: finds its end and takes stuffing dots off (RFC 1939 section
 * 3).
 *
 * Order: body_init -> body_next until BODY_END. Octets may arrive in any split. Each BODY_DATA is a
 * view into the input, as large as possible, or a constant of at most three octets: what had been
 * held back because it might have been the end. Nothing is allocated, lines have no maximum.
 *
 * CRLF mode. A line ends in CRLF and in nothing else, so:
 *   - only CRLF . CRLF, or . CRLF as the first line, ends the message;
 *   - only a dot that begins such a line is a stuffing dot. A dot behind a bare LF is in the middle
 *     of a line for the server that stuffed it: it was not doubled and must not be taken off, or
 * the message would lose an octet;
 *   - LF . LF and LF . CRLF are data (if they ended a message, a sender could make one mail look
 *     like two and cut its own: "smuggling"). They are held back while nothing follows them, so
 * that body_suspect can ask. LF mode. A line ends in LF, with or without a CR before it; LF . LF
 * and LF . CRLF end the message.
 */
#ifndef POPKEEP_POP3_BODY_H
#define POPKEEP_POP3_BODY_H

#include "popkeep/base/bytes.h"

enum body_state {
    BODY_LINE_START,   /* at the beginning, or behind a line end */
    BODY_IN_LINE,      /* anywhere else, the last octet being no CR */
    BODY_BEHIND_CR,    /* the last octet was CR (it has been given out) */
    BODY_BEHIND_LF,    /* CRLF mode: the last octet was a bare LF */
    BODY_DOT,          /* held: "." at the start of a line */
    BODY_DOT_CR,       /* held: ".\r" there */
    BODY_DOT_LF,       /* held: ".\n" there (CRLF mode) */
    BODY_BARE_DOT,     /* held: "." behind a bare LF */
    BODY_BARE_DOT_CR,  /* held: ".\r" there */
    BODY_BARE_DOT_LF,  /* held: ".\n" there */
    BODY_BARE_DOT_CRLF /* held: ".\r\n" there */
};

struct body {
    enum body_state state;
    bool lf_mode;
    bool begun;          /* the first octet has come */
    bool in_doubt;       /* see body_in_doubt */
    unsigned char glued; /* so many of an octet, ".", CR, LF and a status word came last */
    char sign;           /* the first octet of that word */
};

enum body_result {
    BODY_MORE, /* the input is used up */
    BODY_DATA, /* *data are octets of the message */
    BODY_END   /* what is left of the input comes behind the message */
};

void body_init(struct body *b, bool lf_mode);
enum body_result body_next(struct body *b, struct sv *in, struct sv *data);

/* CRLF mode: the last octets were LF . LF or LF . CRLF (the CRLF . LF of a sloppy end included),
 * which end no message but would look like an end to a careless server. They have been held back.
 */
bool body_suspect(const struct body *b);
/* Such octets were followed by "+" or "-", with which a status line begins, or the message begins
 * so; or a line that ends in a dot, perhaps one glued to it (Exchange 2000), was followed by "+OK"
 * or "-ERR". If more commands are in flight, this may be the answer to the next one, or to this one
 * if the server answered another twice, and no data. */
bool body_in_doubt(const struct body *b);

#endif
