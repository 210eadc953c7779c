/* SPDX-License-Identifier: ISC */
/* SHA-256, crc32 and a table hash. */
#include "popkeep/base/hash.h"
#include "popkeep/base/status.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Looking the algorithm up at each message takes longer in OpenSSL 3 than hashing a small mail. */
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256_md;

_Noreturn static void broken(void)
{
    static const char text[] = "popkeep: OpenSSL cannot compute SHA-256; check its installation\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    _exit(ST_SOFTWARE);
}

static void must(int ok)
{
    if (ok != 1)
        broken();
}

static void sha256_fetch(void)
{
    sha256_md = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(sha256_md != NULL);
}

void hash_init(struct hash *h)
{
    must(pthread_once(&sha256_once, sha256_fetch) == 0);
    if (h->ctx == NULL) {
        h->ctx = EVP_MD_CTX_new();
        must(h->ctx != NULL);
    }
    must(EVP_DigestInit_ex2(h->ctx, sha256_md, NULL));
}

void hash_add(struct hash *h, const void *p, size_t n)
{
    if (n > 0)
        must(EVP_DigestUpdate(h->ctx, p, n));
}

void hash_end(struct hash *h, unsigned char out[HASH_OCTETS])
{
    must(EVP_DigestFinal_ex(h->ctx, out, NULL));
}

void hash_copy(struct hash *to, const struct hash *from)
{
    must(EVP_MD_CTX_copy_ex(to->ctx, from->ctx));
}

void hash_free(struct hash *h)
{
    EVP_MD_CTX_free(h->ctx);
    h->ctx = NULL;
}

void hash_once(const void *p, size_t n, unsigned char out[HASH_OCTETS])
{
    struct hash h = {NULL};
    hash_init(&h);
    hash_add(&h, p, n);
    hash_end(&h, out);
    hash_free(&h);
}

uint32_t hash_crc32(uint32_t crc, const void *p, size_t n)
{
    /* zlib takes a null pointer for "give me the start value" and forgets the crc handed in */
    return n > 0 ? (uint32_t)crc32_z(crc, p, n) : crc;
}

static uint64_t stir(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    return h ^ (h >> 32);
}

uint64_t hash_mix(const void *p, size_t n)
{
    const unsigned char *at = p;
    uint64_t h = UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)n;
    uint64_t word = 0;
    size_t left = n;
    for (; left >= sizeof word; at += sizeof word, left -= sizeof word) {
        memcpy(&word, at, sizeof word);
        h = stir(h ^ word);
    }
    if (left > 0) {
        /* the last eight octets, part of them a second time, save a copy of unknown length */
        if (n >= sizeof word) {
            memcpy(&word, at + left - sizeof word, sizeof word);
        } else {
            word = 0;
            memcpy(&word, at, left);
        }
        h = stir(h ^ word);
    }
    return stir(h);
}
