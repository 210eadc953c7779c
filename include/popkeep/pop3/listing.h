/* SPDX-License-Identifier: ISC */
/*
 * What the server lists: the union of LIST and UIDL (RFC 1939 sections 5 and 7), by message number.
 *
 * Order: listing_init -> listing_add_size / listing_add_uidl for each line, in any order ->
 * listing_finish -> read v[0..n-1] (ascending numbers, each once) -> listing_free. Before
 * listing_finish v is neither sorted nor free of repetitions. The UIDLs belong to the listing.
 * has_sizes and has_uidls are set by the first line; of an empty block only the caller knows that
 * it was answered with +OK, so it sets them itself. STAT is a hint and only kept.
 *
 * A line without its second field says nothing about it (no size, no UIDL); the message is listed
 * all the same. Errors are ST_PROTOCOL: a number that is none or 0 (CVE-2001-1009: a negative one
 * was used as an index), a size past 2^63-1, a number given twice with different content, or more
 * than the maxima below.
 */
#ifndef POPKEEP_POP3_LISTING_H
#define POPKEEP_POP3_LISTING_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/base/mem.h"

#define LISTING_NO_SIZE UINT64_MAX
enum {
    LISTING_MAX = 5000000,     /* messages; more is ST_PROTOCOL: memory */
    LISTING_UIDL_MAX = 4096,   /* octets of one UIDL (RFC 1939 says 70); longer: ST_PROTOCOL */
    LISTING_TEXT_MAX = 1 << 29 /* octets of all UIDLs together */
};

struct listed {
    uint32_t number; /* of this session only */
    uint32_t uidl_n;
    /* uidl_n octets, any but CR and LF, no blank at the ends; null: the server gave none, or an
     * empty one */
    const char *uidl;
    uint64_t size; /* octets as LIST says, a hint; LISTING_NO_SIZE: not given */
};

struct listing {
    struct listed *v;
    size_t n;
    bool has_sizes;                      /* LIST was answered */
    bool has_uidls;                      /* UIDL was answered */
    uint64_t octets;                     /* sum of the sizes given */
    uint64_t stat_messages, stat_octets; /* as STAT said; only hints */
    size_t without_uidl, without_size;   /* counted by listing_finish */
    /* private */
    size_t cap;
    size_t next; /* the entry the next line probably is about: both lists usually have one order */
    size_t lines, text_octets;
    bool unsorted;
    struct arena text;
};

void listing_init(struct listing *l);
void listing_free(struct listing *l);
/* One line of the LIST block: "12 1234 [anything]". */
int listing_add_size(struct listing *l, struct sv line, struct err *e);
/* One line of the UIDL block: "12 uid"; runs of blanks are one. */
int listing_add_uidl(struct listing *l, struct sv line, struct err *e);
/* What follows the +OK of STAT. -1 (no error set): it makes no sense, nothing was kept. */
int listing_stat(struct listing *l, struct sv text);
/* Sort, unite what is said twice, count. Fast: the lists of most servers are sorted already. */
int listing_finish(struct listing *l, struct err *e);

#endif
