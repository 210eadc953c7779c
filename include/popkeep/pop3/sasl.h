/* SPDX-License-Identifier: ISC */
/*
 * Login mechanisms as a table: bytes in, bytes out, no I/O (RFC 5034, RFC 4616).
 * USER/PASS is the row without a SASL name. The initial response never goes into the AUTH line when
 * that would pass POP3_COMMAND_MAX; then it is sent after the server's "+" (RFC 5034 section 4).
 */
#ifndef POPKEEP_POP3_SASL_H
#define POPKEEP_POP3_SASL_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

struct sasl_mech {
    const char *name;      /* configuration word: "plain", "user" */
    const char *sasl_name; /* "PLAIN"; null: USER and PASS */
    unsigned capa_bit;     /* announced by this bit (pop3/capa.h); 0: needs none */
    /* Append the client's first message, not yet base64, to `out`; null for USER/PASS. Out is a
     * secret. -1 as sasl_check, or ST_SOFTWARE: `out` is full. */
    int (*initial)(struct buf *out, struct sv user, struct sv password, struct err *e);
};

const struct sasl_mech *sasl_table(void); /* best first, ended by a null name */

/* The first row that the capabilities announce; USER/PASS when nothing else fits. `want` null or
 * "auto": choose; else the row of that name, or null if there is none. */
const struct sasl_mech *sasl_choose(const char *want, unsigned capa_bits);

/* ST_CONFIG if either has CR, LF or NUL (P44) or is empty. */
int sasl_check(struct sv user, struct sv password, struct err *e);

/* base64 of a secret (RFC 4648 section 4), appended to out by buf_add_secret. -1: `out` is full,
 * nothing was added. */
int sasl_base64(struct buf *out, struct sv octets);

#endif
