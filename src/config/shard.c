/* SPDX-License-Identifier: ISC */
/* Which part of the accounts is meant. */
#include "popkeep/config/shard.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/hash.h"

int shard_parse(struct shard *s, struct sv text)
{
    uint64_t i, n;
    struct sv first = sv_token(&text, '/');

    /* without a '/' the rest is empty, which is no number */
    if (ascii_u64(text, SHARD_MAX, &n) < 0 || ascii_u64(first, n, &i) < 0 || i == 0)
        return -1;
    *s = (struct shard){.i = (unsigned)i, .n = (unsigned)n};
    return 0;
}

bool shard_has(const struct shard *s, struct sv name)
{
    unsigned char sha[HASH_OCTETS];
    uint64_t number = 0;

    if (s->n == 0)
        return true;
    hash_once(name.p, name.n, sha);
    for (unsigned k = 0; k < sizeof number; k++)
        number = number << 8 | sha[k];
    return number % s->n == s->i - 1;
}
