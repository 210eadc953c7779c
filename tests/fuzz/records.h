/* SPDX-License-Identifier: ISC */
/* Journal records made of a fuzz target's input, and ledgers written down so that they can be
 * compared. */
#ifndef POPKEEP_TESTS_FUZZ_RECORDS_H
#define POPKEEP_TESTS_FUZZ_RECORDS_H

#include "fuzz.h"

#include "popkeep/ledger/ledger.h"

/* The number of a message that is there, or any. */
static inline uint32_t records_id(const struct ledger *l, unsigned choice)
{
    uint32_t n = ledger_count(l);
    return n > 0 && choice < 192 ? ledger_entry(l, choice % n)->id : choice % 32;
}

/* '>' stands for what usually comes next for that message. */
static inline char records_kind(const struct ledger *l, char kind, uint32_t id)
{
    static const char next[] = {
        [LEDGER_INTENT] = REC_STORED, [LEDGER_STORED] = REC_DELETE, [LEDGER_ASKED] = REC_GONE,
        [LEDGER_GONE] = REC_REKEY,    [LEDGER_VOID] = REC_INTENT,   [LEDGER_REPLACED] = REC_QUIT};
    uint32_t index = ledger_index_of(l, id);
    if (kind != '>')
        return kind;
    return index == LEDGER_NONE ? (char)REC_INTENT : next[ledger_entry(l, index)->state];
}

/* One record: any kind, small numbers so that records meet, times a clock may have, texts that are
 * views into the input. It need not fit any ledger. */
static inline struct record records_make(struct fuzz *f, const struct ledger *l)
{
    static const char kinds[] = ">>>>>>>>IIIISSSDDGGQVKKMMRRBH";
    static const char *const marks[] = {"sizes-drift", "utf8",       "pipelining", "adopting",
                                        "hold",        "clock-jump", "clock-ok",   "made-up"};
    static const char *const values[] = {"yes", "no", "-", "12", "1800000000", "1500000000", "a b"};
    char kind = kinds[fuzz_octet(f) % (sizeof kinds - 1)];
    unsigned choice = fuzz_octet(f);
    uint32_t id = records_id(l, choice);
    struct record r = {.kind = (enum record_kind)records_kind(l, kind, id), .id = id};
    r.time = 1700000000 + (int64_t)(int16_t)fuzz_number(f, 2) * 4096;
    if (r.kind == REC_INTENT && choice < 224)
        r.id = ledger_next_id(l);
    unsigned how = fuzz_octet(f);
    switch (r.kind) {
    case REC_INTENT:
        r.replaces = (how & 3) == 0 ? records_id(l, fuzz_octet(f)) : 0;
        __attribute__((fallthrough));
    case REC_REKEY:
        r.uidl = (how & 4) != 0 ? fuzz_octets(f, fuzz_octet(f) % 80) : SV("uid");
        r.uidl = (how & 8) != 0 ? SV_NULL : r.uidl;
        r.size = (how & 16) != 0 ? RECORD_NO_SIZE : fuzz_number(f, 1 + (how & 7));
        if (r.kind == REC_REKEY)
            break;
        r.wire_octets = r.file_octets = fuzz_octet(f);
        memset(r.wire_sha, (int)fuzz_octet(f) % 4, sizeof r.wire_sha);
        memset(r.file_sha, (int)how, sizeof r.file_sha);
        r.name = (how & 32) != 0 ? fuzz_octets(f, 1 + fuzz_octet(f) % 80) : SV("17.M1P1Q1R0a.host");
        break;
    case REC_STORED:
        r.stored_at = r.time - (how & 15);
        r.quits = how >> 4;
        r.asked_at = (how & 16) != 0 ? r.time : 0;
        break;
    case REC_MARK:
        r.name = sv_of(marks[how % 8]);
        r.value = sv_of(values[(how >> 3) % 7]);
        r.value = sv_starts(r.name, SV("clock")) && (how & 0x60) != 0 ? SV("1700000000") : r.value;
        break;
    case REC_RUN:
        r.status = how % 80;
        r.listed = r.matched = fuzz_octet(f);
        r.fetched = fuzz_octet(f);
        r.deleted = fuzz_octet(f);
        r.capabilities = fuzz_octets(f, fuzz_octet(f));
        r.fingerprint = SV("0a0b");
        __attribute__((fallthrough));
    case REC_BOOT:
        r.boot_id = (how & 3) == 0 ? SV("boot-a") : (how & 3) == 1 ? SV("boot-b") : SV_NULL;
        r.boot_s = fuzz_octet(f);
        break;
    case REC_HEADER:
        r.version = RECORD_VERSION;
        r.journal_id = SV("0123456789abcdef0123456789abcdef");
        r.host = SV("pop.example.org");
        r.port = 995;
        r.user = fuzz_octets(f, how % 64);
        r.maildir = SV("/home/ogretmen/Mail/okul");
        break;
    default:
        break;
    }
    return r;
}

struct records_text {
    struct group journal, archive;
};

static inline void records_text_init(struct records_text *t)
{
    group_init(&t->journal);
    group_init(&t->archive);
}

static inline void records_text_free(struct records_text *t)
{
    group_free(&t->journal);
    group_free(&t->archive);
}

static inline int records_put(void *ctx, const struct record *r, bool to_archive, struct err *e)
{
    struct records_text *t = ctx;
    (void)e;
    group_add(to_archive ? &t->archive : &t->journal, r);
    return 0;
}

/* All that a ledger holds, as the groups a compaction would write. */
static inline void records_snapshot(struct records_text *t, const struct ledger *l,
                                    int64_t archive_before)
{
    struct err e = ERR_INIT;
    records_text_init(t);
    FUZZ_HOLDS(ledger_snapshot(l, 1800000000, archive_before, records_put, t, &e) == 0);
    group_end(&t->journal);
    group_end(&t->archive);
}

static inline bool records_same_ledger(const struct ledger *a, const struct ledger *b)
{
    struct records_text x, y;
    records_snapshot(&x, a, INT64_MIN);
    records_snapshot(&y, b, INT64_MIN);
    bool same = sv_eq(buf_sv(&x.journal.text), buf_sv(&y.journal.text)) &&
                sv_eq(buf_sv(&x.archive.text), buf_sv(&y.archive.text));
    records_text_free(&x);
    records_text_free(&y);
    return same;
}

#endif
