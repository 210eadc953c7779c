/* SPDX-License-Identifier: ISC */
/*
 * A verified TLS connection as a stream of octets with deadlines.
 *
 * Order: conn_open (resolves, tries every address, handshakes, verifies; when it returns 0 the
 * server is the one that was meant) -> conn_exchange any number of times -> conn_close.
 * No octet is sent or delivered before the verification is done. A struct conn belongs to one thread.
 *
 * Errors: ST_CERT (verification or pin), ST_UNAVAILABLE (no TLS version or cipher in common; not a
 * TLS server, with what it seems to be), ST_TEMP with line_cut set (network, timeout, name look-up
 * that may work later), ST_CONFIG (CA file unreadable or empty).
 */
#ifndef POPKEEP_NET_CONN_H
#define POPKEEP_NET_CONN_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/base/hash.h"

struct conn;

struct conn_target {
    const char *host; /* name or IP literal (IPv6 without brackets) */
    unsigned port;
    const char *tls_name;    /* name or IP to verify instead of host; null: host */
    const char *tls_ca_file; /* null: the system's trust store */
    bool tls_1_3_only;
    const unsigned char (*pins)[HASH_OCTETS]; /* SHA-256 of the SubjectPublicKeyInfo */
    size_t n_pins;       /* > 0: a match suffices whatever chain, name or dates; no match is ST_CERT */
    int connect_ms;      /* for each address, TCP */
    int handshake_ms;    /* for each address, TLS */
};

struct conn_info {
    char address[64];        /* numeric address:port reached */
    char tls_version[16];    /* "TLSv1.3" */
    char cipher[64];
    char pin[64];            /* "sha256//BASE64" of the server's key */
    char subject[256];       /* escaped */
    int64_t not_after;       /* certificate's end, seconds */
    bool resumed;
};

/* -1 with *e filled, or 0 and *out. The caller owns *out until conn_close. `now_s` is wall-clock time for
 * messages on dates ("expired 3 days ago; the clock here says ..."). */
int conn_open(struct conn **out, const struct conn_target *t, int64_t now_s, struct err *e);
const struct conn_info *conn_info(const struct conn *c);

enum conn_result {
    CONN_ERROR = -1, /* *e says why; line_cut set */
    CONN_TIMEOUT = 0,
    CONN_READ,  /* *got octets were read into in[] (and perhaps some of `out` was sent) */
    CONN_SENT,  /* `out` is empty now and nothing was there to read: only if return_when_sent */
    CONN_EOF,   /* the peer closed; with or without close_notify */
    CONN_INTERRUPTED /* a signal arrived (conn_set_interrupt) */
};

/* Send from the front of `out` what can be sent (it is dropped from there) and read what has come,
 * waiting at most timeout_ms for the first octet. Reading never waits for writing: both directions move as
 * they can. `cap` should be >= 16384. */
enum conn_result conn_exchange(struct conn *c, struct buf *out, char *in, size_t cap, size_t *got,
                               int timeout_ms, bool return_when_sent, struct err *e);

/* A flag a signal handler sets; waits (also those of conn_open, through the target's thread) end early
 * with CONN_INTERRUPTED, conn_open with ST_TEMP. Null: none. Process-wide. */
void conn_set_interrupt(const volatile int *flag);

/* Octets sent and received inside TLS so far, for tests and -v. */
void conn_counts(const struct conn *c, uint64_t *sent, uint64_t *received);

/* close_notify is sent if `clean` (mailutils complains without it), then the socket is closed. Null allowed. */
void conn_close(struct conn *c, bool clean);

#endif
