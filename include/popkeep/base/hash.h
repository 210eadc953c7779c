/* SPDX-License-Identifier: ISC */
/*
 * SHA-256 (OpenSSL) and crc32 (zlib), streaming.
 *
 * Order: a struct hash zeroed (HASH_INIT); hash_init, hash_add any number of times, hash_end, and
 * over again. hash_copy forks a running hash. A struct hash owns memory until hash_free.
 * Failure inside OpenSSL ends the program with 70.
 */
#ifndef POPKEEP_BASE_HASH_H
#define POPKEEP_BASE_HASH_H

#include "popkeep/base/bytes.h"

enum { HASH_OCTETS = 32, HASH_HEX = 65 };

struct hash {
    void *ctx; /* EVP_MD_CTX */
};

#define HASH_INIT                                                                                  \
    {                                                                                              \
        NULL                                                                                       \
    }

void hash_init(struct hash *h); /* may be called again after hash_end to start the next message */
void hash_add(struct hash *h, const void *p, size_t n);
void hash_end(struct hash *h, unsigned char out[HASH_OCTETS]);
void hash_copy(struct hash *to, const struct hash *from); /* both initialised */
void hash_free(struct hash *h);                           /* zeroed struct allowed */
void hash_once(const void *p, size_t n, unsigned char out[HASH_OCTETS]);

uint32_t hash_crc32(uint32_t crc, const void *p, size_t n); /* start with 0 */

/* A fast non-cryptographic hash for tables in memory. */
uint64_t hash_mix(const void *p, size_t n);

#endif
