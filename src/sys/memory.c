/* SPDX-License-Identifier: ISC */
/* OpenSSL's allocations, by ours. */
#include "popkeep/sys/memory.h"

#include "popkeep/base/mem.h"

#include <openssl/crypto.h>
#include <stdlib.h>

/* As OpenSSL's own functions: nothing is asked for as nothing. */

static void *openssl_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return n > 0 ? mem_alloc(n) : NULL;
}

static void openssl_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

static void *openssl_realloc(void *p, size_t n, const char *file, int line)
{
    if (n > 0)
        return mem_realloc(p, n, 1);
    openssl_free(p, file, line);
    return NULL;
}

void memory_guard_openssl(void)
{
    (void)CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
    /* nor does a worker free one by one, at its end, what it shares with a thousand others */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}
