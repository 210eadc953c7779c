/* SPDX-License-Identifier: ISC */
/*
 * deletions.jsonl beside the journal: one JSON line for each message the server was asked to delete, appended, never rewritten.
 * A record for people and auditors; nothing reads it back.
 */
#ifndef POPKEEP_STORE_DELETIONS_H
#define POPKEEP_STORE_DELETIONS_H

#include "popkeep/base/err.h"
#include "popkeep/base/hash.h"
#include "popkeep/base/bytes.h"

struct deletion {
    int64_t time;
    const char *account;
    struct sv uidl;
    uint64_t octets;      /* as stored */
    unsigned char sha[HASH_OCTETS]; /* of the wire form */
    const char *file;     /* base name */
    int64_t stored_at;
    int64_t age_s;
};

/* Append one line each (a torn last line of a crash is first ended), fdatasync. `dir_fd`: state folder. */
int deletions_append(int dir_fd, const char *dir, const struct deletion *d, size_t n, struct err *e);

#endif
