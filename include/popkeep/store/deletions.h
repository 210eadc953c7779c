/* SPDX-License-Identifier: ISC */
/*
 * deletions.jsonl beside the journal: one JSON line for each message the server was asked to
 * delete. It is appended to, never rewritten, and nothing reads it back: a record for people and
 * auditors.
 *
 *     {"v":1,"time":"2026-11-22T11:43:51Z","account":"school","uidl":"0001","octets":4096,
 *      "sha256":"...","file":"1700000000.M...","stored_at":"2026-10-20T...","age_s":2851200}
 *
 * Each object is one line. "uidl" is null where there is none; octets in it that are no UTF-8 read
 * U+FFFD (the journal has them exactly).
 */
#ifndef POPKEEP_STORE_DELETIONS_H
#define POPKEEP_STORE_DELETIONS_H

#include "popkeep/base/err.h"
#include "popkeep/base/hash.h"
#include "popkeep/base/bytes.h"

struct deletion {
    int64_t time; /* unix s: when DELE was about to be sent */
    const char *account;
    struct sv uidl;
    uint64_t octets;                /* as stored */
    unsigned char sha[HASH_OCTETS]; /* of the wire form */
    const char *file;               /* base name */
    int64_t stored_at;              /* unix s */
    int64_t age_s;
};

/* Append one line for each of the n, then fdatasync. A line that a crash left torn is ended first,
 * so that it spoils itself only. `dir_fd`: the account's state folder, `dir` its path.
 * -1: ST_CANTCREATE, ST_IO; the file is cut back to what it was, as far as that is possible. */
int deletions_append(int dir_fd, const char *dir, const struct deletion *d, size_t n,
                     struct err *e);

#endif
