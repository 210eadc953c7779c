/* SPDX-License-Identifier: ISC */
/*
 * The judgement on a server's certificate, and its explanation.
 *
 * Order: fill the first part of a struct cert_check, install it with cert_check_install before the
 * handshake; after it the field accepted says yes, or cert_report (cert_report.h) explains the no;
 * cert_check_free. All faults are collected before the judgement, so that somebody whose server
 * has an expired certificate of the wrong name hears both at once. The handshake is ended by an
 * alert when the answer is no. Only the room net includes this.
 */
#ifndef POPKEEP_NET_CERT_H
#define POPKEEP_NET_CERT_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/base/hash.h"
#include <openssl/ssl.h>

enum { CERT_PIN_TEXT = 64 }; /* "sha256//" and 44 characters */

/* Bits of cert_check.faults. */
enum cert_fault {
    CERT_NO_ISSUER = 1 << 0, /* no chain to a trusted authority */
    CERT_SELF_SIGNED = 1 << 1,
    CERT_UNKNOWN_ROOT = 1 << 2, /* the server sent a chain up to a root that is not trusted here */
    CERT_EXPIRED = 1 << 3,
    CERT_NOT_YET = 1 << 4,
    CERT_NAME = 1 << 5,
    CERT_WEAK = 1 << 6,
    CERT_PURPOSE = 1 << 7,
    CERT_BAD_CHAIN =
        1 << 8, /* broken signature, an issuer that is no authority, name constraints */
    CERT_REVOKED = 1 << 9,
    CERT_PIN = 1 << 10, /* pins were given and none matches: then this is the only fault */
    CERT_OTHER = 1 << 11
};

struct cert_check {
    const char *name;                         /* to be found in the certificate: name or IP */
    const unsigned char (*pins)[HASH_OCTETS]; /* n_pins > 0: nothing else is looked at */
    size_t n_pins;
    const char *ca_file; /* for advice; null: the system's store was used */
    int64_t now_s;       /* the time for which the dates are checked */

    unsigned faults;
    X509 *faulty_issuer; /* with dates or strength: the certificate above the server's, else null */
    int other_error;     /* X509_V_ERR_..., with CERT_OTHER or CERT_BAD_CHAIN */
    X509 *leaf;
    X509 *top; /* the last certificate of the chain that could be built */
    int n_sent;
    bool ran;
    bool accepted;
};

/* name -> SNI, host name or IP check; dates at now_s; the judgement for this ssl. `c` must stay
 * where it is until the handshake is over. -1: ST_CONFIG (a name that can be in no certificate). */
int cert_check_install(struct cert_check *c, SSL_CTX *ctx, SSL *ssl, char *sni, struct err *e);
/* The judgement outside a handshake, on a store context that holds the certificates. */
bool cert_check_chain(struct cert_check *c, X509_STORE_CTX *store);
/* As before the judgement; what was filled in by the caller stays. */
void cert_check_forget(struct cert_check *c);
void cert_check_free(struct cert_check *c);

/* "sha256//BASE64" of the SubjectPublicKeyInfo (RFC 7469, 2.4, wrote it so). */
void cert_pin_text(char out[CERT_PIN_TEXT], const X509 *x);
void cert_pin_format(char out[CERT_PIN_TEXT], const unsigned char key[HASH_OCTETS]);
/* The subject in one escaped line, at most cap - 1 octets. */
void cert_subject_text(char *out, size_t cap, const X509 *x);
/* Seconds since 1970; INT64_MAX or INT64_MIN if there is no readable date. */
int64_t cert_not_after(const X509 *x);
int64_t cert_not_before(const X509 *x);

#endif
