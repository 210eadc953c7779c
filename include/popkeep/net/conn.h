/* SPDX-License-Identifier: ISC */
/*
 * A verified TLS connection as a stream of octets with deadlines.
 *
 * Order: conn_open (resolves, tries every address, handshakes, verifies; when it returns 0 the
 * server is the one that was meant) -> conn_exchange any number of times -> conn_close.
 * No octet is sent or delivered before the verification is done, and nothing switches it off: there
 * is a CA file, another name to look for, or a pinned key.
 * A struct conn belongs to one thread. SIGPIPE must be ignored (signals_install does it).
 *
 * Errors of conn_open:
 *   ST_CERT         chain, dates, name, strength or pin; the text names every check that failed,
 * what the certificate says, its pin and the safe remedies ST_UNAVAILABLE  no such host; no TLS
 * version or cipher in common; not a TLS server, with what it seems to be by its first octets
 *   ST_TEMP         line_cut set: time-outs, cut or silent handshakes, unreachable networks, name
 *                   servers that do not answer. Not set: refused by every address, interrupted
 *   ST_CONFIG       CA file unreadable or without certificates; a name no certificate can have
 * Another address of the host is tried after ST_TEMP only.
 * Errors of conn_exchange are ST_TEMP with line_cut set.
 */
#ifndef POPKEEP_NET_CONN_H
#define POPKEEP_NET_CONN_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/base/hash.h"

struct conn;

enum { CONN_ADDRESS_MAX = 64 };

/* One address that stands for all of a host's: the smallest of them as text, so that names that
 * lead to the same servers give the same one. -1: it cannot be looked up. Blocks as long as the
 * resolver does. */
int conn_host_address(char out[CONN_ADDRESS_MAX], const char *host, unsigned port);

/* Borrowed for the time of conn_open only. */
struct conn_target {
    const char *host; /* name or IP literal (IPv6 without brackets) */
    unsigned port;
    /* Name or IP that the certificate must be for, null: host. A name is also what the server is
     * asked for (SNI); wildcards stand for one whole left label; the subject's CN never counts (RFC
     * 6125). */
    const char *tls_name;
    const char *tls_ca_file; /* the only authorities trusted; null: the system's trust store */
    bool tls_1_3_only;
    /* SHA-256 of the SubjectPublicKeyInfo. n_pins > 0: a match suffices whatever chain, name or
     * dates; no match is ST_CERT whatever they are. */
    const unsigned char (*pins)[HASH_OCTETS];
    size_t n_pins;
    struct sv kept;   /* conn_keep of an earlier connection to this target; SV_NULL: none */
    int connect_ms;   /* for each address, TCP */
    int handshake_ms; /* for each address, TLS with verification */
    bool *at_tls;     /* null, or set when it was TLS that failed, not the way there */
};

struct conn_info {
    char address[64];     /* numeric address:port reached, "[2001:db8::1]:995" */
    char tls_version[16]; /* "TLSv1.3" */
    char cipher[64];
    char pin[64];      /* "sha256//BASE64" of the server's key, ready for tls_pin */
    char subject[256]; /* escaped */
    int64_t not_after; /* certificate's end, seconds since 1970 */
    bool resumed;      /* a session ticket was used */
};

/* Before a process that will make many connections forks its workers: what each of them would set
 * up anew is set up once and shared by them, the authorities of this file (null: the system's)
 * among it. What cannot be had is left to them, and to their messages. */
void conn_prepare(const char *tls_ca_file);

/* -1 with *e filled and *out null, or 0 and *out, which the caller owns until conn_close. `now_s`
 * is the wall-clock time for which the certificate's dates are judged and which messages show
 * ("expired 3 d ago; the clock here says ..."). The name look-up follows the resolver's own
 * time-outs. */
int conn_open(struct conn **out, const struct conn_target *t, int64_t now_s, struct err *e);
const struct conn_info *conn_info(const struct conn *c); /* lives as long as c */

enum conn_result {
    CONN_ERROR = -1, /* *e says why; line_cut set; it stays so */
    CONN_TIMEOUT = 0,
    CONN_READ,       /* *got octets were read into in[] (and perhaps some of `out` was sent) */
    CONN_SENT,       /* `out` is empty and nothing was there to read: only if return_when_sent */
    CONN_EOF,        /* the peer closed, with or without close_notify: never the end of a message by
                        itself (truncation is for the protocol to notice); it stays so */
    CONN_INTERRUPTED /* the flag of conn_set_interrupt is set */
};

/* Send from the front of `out` what can be sent (it is dropped from there) and read what has come,
 * waiting at most timeout_ms (>= 0) since the call, or since the last octet could be sent. Reading
 * never waits for writing: both directions move as they can, so that a server that first wants its
 * answers read and then our commands blocks nobody. What arrived is always delivered before an
 * error or EOF is. The caller may append to `out` between calls, but must not change what is in it.
 * `cap` should be >= 16384 (one TLS record); 65536 is best for throughput. */
enum conn_result conn_exchange(struct conn *c, struct buf *out, char *in, size_t cap, size_t *got,
                               int timeout_ms, bool return_when_sent, struct err *e);

/* A flag that a signal handler sets. While it is not 0, conn_exchange returns CONN_INTERRUPTED at
 * once, also when data are flowing, and conn_open ends with ST_TEMP; waits notice within half a
 * second, mostly at once. To finish in good order after an interruption (QUIT), call it with null
 * first. Null: none. Process-wide. */
void conn_set_interrupt(const volatile int *flag);

/* Octets sent and received inside TLS so far, for tests and -v. */
void conn_counts(const struct conn *c, uint64_t *sent, uint64_t *received);

/* Append what lets a later connection to the same target resume this TLS session: a secret, at most
 * 64 KiB. To be called near the end: servers give their tickets with the first answers. -1: nothing
 * to keep. */
int conn_keep(const struct conn *c, struct buf *out);

/* close_notify is sent if `clean` (mailutils complains without it), then the socket is closed.
 * Null allowed. */
void conn_close(struct conn *c, bool clean);

#endif
