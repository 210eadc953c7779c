/* SPDX-License-Identifier: ISC */
/*
 * Why a certificate was refused, in words a user can act on. Only the room net includes this.
 */
#ifndef POPKEEP_NET_CERT_REPORT_H
#define POPKEEP_NET_CERT_REPORT_H

#include "popkeep/net/cert.h"

/* Fill *e (ST_CERT): which checks failed, what the certificate says (names, issuer, dates against
 * our clock; escaped, bounded), its key's pin, and the safe remedies: another name, a CA file, the
 * pin compared over another channel. Going without TLS is never one. `where` is "HOST port N
 * (ADDRESS)". `c` is as the handshake left it. Always -1. */
int cert_report(const struct cert_check *c, const char *where, struct err *e);

#endif
