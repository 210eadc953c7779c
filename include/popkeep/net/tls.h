/* SPDX-License-Identifier: ISC */
/*
 * TLS settings and the handshake. Only the room net includes this.
 *
 * TLS 1.2 or newer (RFC 8996), no renegotiation, no compression, security level 2 whatever
 * openssl.cnf says (RSA and DH of 2048 bits, no SHA-1 signatures). There is no way to switch the
 * verification off.
 */
#ifndef POPKEEP_NET_TLS_H
#define POPKEEP_NET_TLS_H

#include "popkeep/base/err.h"
#include "popkeep/net/cert.h"
#include "popkeep/net/conn.h"
#include <openssl/ssl.h>

/* The context for one target. -1: ST_CONFIG (tls_ca_file cannot be read or holds no certificate).
 */
int tls_context(SSL_CTX **out, const struct conn_target *t, struct err *e);

/* Handshake and verification on the connected socket `fd`, within t->handshake_ms. When 0 is
 * returned *out is a session with the server that was meant. `where` is "HOST port N (ADDRESS)" for
 * messages. -1: ST_CERT; ST_UNAVAILABLE (no version or cipher in common, no TLS server); ST_TEMP
 * with line_cut (cut, silent), without it (interrupted). *chain: the certificates as the server
 * showed them, now or when the resumed session was new; the caller frees it, null after a failure.
 * *check is filled in every case and belongs to the caller. */
int tls_handshake(SSL **out, SSL_CTX *ctx, int fd, const struct conn_target *t, const char *where,
                  struct cert_check *check, STACK_OF(X509) * *chain, struct err *e);

/* conn_prepare. */
void tls_prepare(const char *ca_file);

/* The reason of the last failure inside OpenSSL in English, never null. */
const char *tls_reason(unsigned long code);

#endif
