/* SPDX-License-Identifier: ISC */
/*
 * Capabilities (RFC 2449 section 6, RFC 5034, RFC 6856) from the lines of a CAPA answer.
 * Unknown ones are ignored; IMPLEMENTATION is kept to be shown, never acted on (RFC 2449
 * section 6.9).
 */
#ifndef POPKEEP_POP3_CAPA_H
#define POPKEEP_POP3_CAPA_H

#include "popkeep/base/bytes.h"

enum pop3_capa_bit {
    CAPA_KNOWN = 1 << 0, /* CAPA was answered with +OK: set by the caller, who saw it */
    CAPA_USER = 1 << 1,
    CAPA_UIDL = 1 << 2,
    CAPA_PIPELINING = 1 << 3,
    CAPA_UTF8 = 1 << 4,
    CAPA_RESP_CODES = 1 << 5,
    CAPA_AUTH_RESP_CODE = 1 << 6,
    CAPA_EXPIRE = 1 << 7,      /* expire_days holds a number of days */
    CAPA_LOGIN_DELAY = 1 << 8, /* login_delay_s holds seconds */
    CAPA_SASL = 1 << 9,
    CAPA_SASL_PLAIN = 1 << 10,
    CAPA_TOP = 1 << 11
};

struct capa {
    unsigned bits;
    /* The server deletes by itself after so many days; EXPIRE NEVER is the same as no EXPIRE. GNU
     * Mailutils 3.15 writes EXPIRE30 and EXPIRENEVER in one word; both are understood. Of several
     * the smallest holds. */
    uint64_t expire_days;
    uint64_t login_delay_s;
    char sasl[128];           /* mechanism names as announced, escaped, for messages */
    char implementation[128]; /* escaped */
};

/* Order: capa_init; the caller sets CAPA_KNOWN at +OK; capa_line for each line of the block. CAPA
 * is asked again after login: start with capa_init then too, the second answer replaces the
 * first. */
void capa_init(struct capa *c);
void capa_line(struct capa *c, struct sv line); /* one line of the block; never fails */

/* "TOP UIDL PIPELINING SASL-PLAIN EXPIRE=30": stable words for the journal's run record and -v. */
void capa_text(struct buf *out, const struct capa *c);

#endif
