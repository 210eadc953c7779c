/* SPDX-License-Identifier: ISC */
/*
 * What kind of server spoke instead of TLS, by its first octets. Only the room net includes this.
 */
#ifndef POPKEEP_NET_GUESS_H
#define POPKEEP_NET_GUESS_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

enum { GUESS_OCTETS = 64 }; /* as many are worth collecting; one line is enough */

/* Can a TLS server have sent this first octet (record type handshake or alert, RFC 8446, 5.1)? */
bool guess_is_tls(char first);

/* Fill *e (ST_UNAVAILABLE) with what the server at HOST:PORT seems to be and what to do; `first` is
 * quoted escaped if nothing is known that begins so. Never advises to go without TLS. Always -1. */
int guess_explain(struct sv first, const char *host, unsigned port, struct err *e);

#endif
