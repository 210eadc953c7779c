/* SPDX-License-Identifier: ISC */
/*
 * One configuration, several machines: each does its part of the accounts, and none talks to the
 * others. Pure.
 *
 * Where an account belongs follows from its name and the number of parts alone: the first eight
 * octets of the SHA-256 of the name, as a big-endian number, modulo N; the remainder 0 is part 1.
 * So every machine comes to the same answer whatever the order of the sections, an account added
 * or removed moves no other, and the parts of many accounts are about equally large. The rule is
 * in the manual; a change of it would move accounts between machines that are at work.
 */
#ifndef POPKEEP_CONFIG_SHARD_H
#define POPKEEP_CONFIG_SHARD_H

#include "popkeep/base/bytes.h"

enum { SHARD_MAX = 100000 };

struct shard {
    unsigned i; /* 1..n */
    unsigned n; /* 0: not divided, every account belongs */
};

/* "I/N", decimal digits, 1 <= I <= N <= SHARD_MAX. -1 on anything else; *s is as it was then. */
int shard_parse(struct shard *s, struct sv text);

/* Does the account of this name belong to the part? */
bool shard_has(const struct shard *s, struct sv name);

#endif
