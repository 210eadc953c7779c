/* SPDX-License-Identifier: ISC */
/*
 * TLS session resumption (RFC 8446, 2.2; RFC 5077) across runs. Only the room net includes this.
 *
 * What is kept is the session and the certificates the server had shown. Before a session is
 * offered again, those certificates are verified anew, in full, against today's store, time, name
 * and pins: resuming saves the server work, never us a check. A server that does not resume goes
 * through the usual handshake. Anything odd about the kept octets means: not offered.
 */
#ifndef POPKEEP_NET_RESUME_H
#define POPKEEP_NET_RESUME_H

#include "popkeep/base/bytes.h"
#include "popkeep/net/cert.h"

enum { RESUME_MAX = 64 * 1024, RESUME_CERTS = 10 };

/* Offer the kept session on an ssl that cert_check_install has prepared. On success *chain holds
 * its certificates (the caller frees it) and *check says accepted; else *chain is null and *check
 * is as if nothing had happened. */
void resume_offer(SSL *ssl, SSL_CTX *ctx, struct sv kept, struct cert_check *check,
                  STACK_OF(X509) * *chain);

/* Append what a later run may offer; `chain` as the server showed it in the full handshake. -1:
 * this server gave nothing that can be resumed. */
int resume_keep(struct buf *out, SSL *ssl, const STACK_OF(X509) * chain);

#endif
