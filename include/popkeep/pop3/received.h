/* SPDX-License-Identifier: ISC */
/*
 * The moment a message arrived, from its top Received header (RFC 5322 sections 3.3 and 3.6.7).
 * It becomes the file's mtime, which IMAP servers show; it never feeds retention: a sender may
 * write anything there.
 */
#ifndef POPKEEP_POP3_RECEIVED_H
#define POPKEEP_POP3_RECEIVED_H

#include "popkeep/base/bytes.h"

enum { RECEIVED_LOOK = 16384 }; /* octets of a message's beginning that are enough to look at */

/* `head`: the message's first octets, CRLF or LF; no more than RECEIVED_LOOK of them are read. -1:
 * before the empty line and within what was given there is no Received header, or the first one
 * (the last hop, the user's own server) ends in no date of RFC 5322 section 3.3 or 4.3. Only the
 * first is looked at: those below it were written by others. Years outside 1970..2200 do not parse.
 */
int received_time(struct sv head, int64_t *unix_s);

#endif
