/* SPDX-License-Identifier: ISC */
/* What the tests of the ledger room share: chance with a fixed seed, and records made in one line.
 */
#ifndef TESTS_LEDGER_HELP_H
#define TESTS_LEDGER_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "popkeep/ledger/plan.h"

static uint64_t chance_state = 1;

static inline void chance_seed(uint64_t seed)
{
    chance_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

static inline uint64_t chance(void)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return chance_state;
}

static inline uint32_t below(uint32_t n)
{
    return (uint32_t)((chance() >> 20) % n);
}

/* The octets of a made-up message are just a number. */
static inline void content_sha(unsigned char sha[HASH_OCTETS], uint64_t content)
{
    hash_once(&content, sizeof content, sha);
}

static inline struct record rec(char kind, int64_t time, uint32_t id)
{
    return (struct record){.kind = (enum record_kind)kind, .time = time, .id = id};
}

/* `name` must outlive the record; null takes a fixed one. */
static inline struct record rec_intent(int64_t time, uint32_t id, const char *uidl, uint64_t size,
                                       uint64_t content, const char *name)
{
    struct record r = rec('I', time, id);
    r.uidl = sv_of(uidl);
    r.size = size;
    r.wire_octets = 1000 + content;
    r.file_octets = 990 + content;
    content_sha(r.wire_sha, content);
    content_sha(r.file_sha, content + (UINT64_C(1) << 40));
    r.name = sv_of(name ? name : "1700000000.M1P2Q3R4.host,S=1,W=2");
    return r;
}

static inline struct record rec_stored(int64_t time, uint32_t id)
{
    struct record r = rec('S', time, id);
    r.stored_at = time;
    return r;
}

static inline struct record rec_mark(int64_t time, const char *name, const char *value)
{
    struct record r = rec('M', time, 0);
    r.name = sv_of(name);
    r.value = sv_of(value);
    return r;
}

static inline struct record rec_boot(int64_t time, const char *boot_id, int64_t boot_s)
{
    struct record r = rec('B', time, 0);
    r.boot_id = sv_of(boot_id);
    r.boot_s = boot_s;
    return r;
}

static inline struct record rec_run(int64_t time, enum status status, uint64_t listed,
                                    uint64_t matched, uint64_t deleted)
{
    struct record r = rec('R', time, 0);
    r.status = status;
    r.listed = listed;
    r.matched = matched;
    r.deleted = deleted;
    return r;
}

/* Must be accepted. */
static inline void feed(struct ledger *l, struct record r)
{
    struct err e = ERR_INIT;
    if (ledger_apply(l, &r, false, &e) != 0)
        fail_msg("record %c refused: %s", (char)r.kind, e.text);
}

/* Must be refused as damage. */
static inline void feed_bad(struct ledger *l, struct record r)
{
    struct err e = ERR_INIT;
    if (ledger_apply(l, &r, false, &e) == 0)
        fail_msg("record %c %u accepted", (char)r.kind, (unsigned)r.id);
    assert_int_equal(e.status, ST_DATA);
    assert_true(strlen(e.text) > 10);
}

static inline void feed_stored(struct ledger *l, int64_t time, uint32_t id, const char *uidl,
                               uint64_t size, uint64_t content)
{
    feed(l, rec_intent(time, id, uidl, size, content, NULL));
    feed(l, rec_stored(time, id));
}

static inline const struct ledger_entry *entry(const struct ledger *l, uint32_t id)
{
    uint32_t index = ledger_index_of(l, id);
    assert_true(index != LEDGER_NONE);
    return ledger_entry(l, index);
}

/* How many entries there are, and the sum of their ids. */
static inline unsigned walk_uidl(const struct ledger *l, const char *uidl, uint64_t *id_sum)
{
    unsigned n = 0;
    *id_sum = 0;
    for (uint32_t i = ledger_by_uidl(l, sv_of(uidl), LEDGER_NONE); i != LEDGER_NONE;
         i = ledger_by_uidl(l, sv_of(uidl), i)) {
        n++;
        *id_sum += ledger_entry(l, i)->id;
        assert_string_equal(ledger_entry(l, i)->uidl, uidl);
    }
    return n;
}

static inline unsigned walk_content(const struct ledger *l, uint64_t content, uint64_t *id_sum)
{
    unsigned n = 0;
    unsigned char sha[HASH_OCTETS];
    content_sha(sha, content);
    *id_sum = 0;
    for (uint32_t i = ledger_by_content(l, sha, 1000 + content, LEDGER_NONE); i != LEDGER_NONE;
         i = ledger_by_content(l, sha, 1000 + content, i)) {
        n++;
        *id_sum += ledger_entry(l, i)->id;
    }
    return n;
}

#endif
