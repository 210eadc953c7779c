/* SPDX-License-Identifier: ISC */
/*
 * From a host name to a connected socket.
 *
 * Order: tcp_resolve, then tcp_connect for one address after the other until one works (IPv6 and
 * IPv4 in the order of RFC 6724, as getaddrinfo gives them), then freeaddrinfo. Only the room net
 * includes this.
 */
#ifndef POPKEEP_NET_TCP_H
#define POPKEEP_NET_TCP_H

#include "popkeep/base/err.h"
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

enum { TCP_ADDRESS_MAX = 64 };

/* The addresses of `host` (name or literal). The resolver has its own time-outs (resolv.conf).
 * -1: ST_UNAVAILABLE (no such name), ST_TEMP with line_cut (the name servers cannot be asked). */
int tcp_resolve(struct addrinfo **out, const char *host, unsigned port, struct err *e);

/* A socket connected to `a`: non-blocking, closed on exec, no Nagle, keep-alive. The size of its
 * buffers is left to the kernel, whose tuning is better than any number. Returned is the
 * descriptor, which the caller closes. -1: ST_TEMP, the text is the bare reason ("connection
 * refused"), sys_errno is set, line_cut unless it was refused or interrupted. */
int tcp_connect(const struct addrinfo *a, int timeout_ms, struct err *e);

/* "192.0.2.1:995", "[2001:db8::1]:995" */
void tcp_address_text(char out[TCP_ADDRESS_MAX], const struct addrinfo *a);

/* Is `host` an IP literal (IPv6 without brackets; a zone "%eth0" is allowed)? Its octets in network
 * order go to `out`, their number (4 or 16) is returned; 0: it is a name. */
int tcp_literal(const char *host, unsigned char out[16]);

#endif
