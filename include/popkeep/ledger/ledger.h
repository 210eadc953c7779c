/* SPDX-License-Identifier: ISC */
/*
 * What is known of every message: the records applied, in memory. Pure.
 *
 * Order: ledger_new -> ledger_apply for each record (archive first, then journal, then each record as it is
 * written) -> queries -> ledger_free. The ledger copies what it keeps. Entries never move in `index`;
 * pointers from ledger_entry are good until the next ledger_apply of an I record.
 * About 250 octets an entry with UIDLs of 20 octets and names of 80.
 *
 * States (popkeep-journal(5)):  I -> INTENT -S-> STORED -D-> ASKED -G-> GONE;  ASKED -S-> STORED;
 * INTENT -V-> VOID;  any but INTENT/VOID -K-> STORED;  S of an entry that replaces another makes that one REPLACED.
 * A record that does not fit the state it meets is ST_DATA.
 */
#ifndef POPKEEP_LEDGER_LEDGER_H
#define POPKEEP_LEDGER_LEDGER_H

#include "popkeep/ledger/record.h"

#define LEDGER_NONE UINT32_MAX

enum ledger_state {
    LEDGER_INTENT,
    LEDGER_STORED,
    LEDGER_ASKED,    /* a DELE was journalled; the next listing decides */
    LEDGER_GONE,     /* tombstone */
    LEDGER_VOID,
    LEDGER_REPLACED
};

struct ledger_entry {
    int64_t stored_at;  /* unix s: age counts from here; adjusted by the clock marks */
    int64_t asked_at;   /* last D, 0: never */
    int64_t gone_at;    /* time of G, else 0 */
    uint64_t size;      /* LIST size or RECORD_NO_SIZE */
    uint64_t wire_octets, file_octets;
    const char *uidl;   /* null: none known (adopted, or the server has none) */
    const char *name;   /* base name */
    uint32_t uidl_n;
    uint32_t id;
    uint32_t replaces;
    uint32_t boot;      /* ordinal of the boot it was stored in, 0: unknown */
    uint8_t state;      /* enum ledger_state */
    uint8_t quits;      /* capped at 255 */
    bool archived;      /* read from the archive */
    unsigned char wire_sha[HASH_OCTETS];
    unsigned char file_sha[HASH_OCTETS];
};

/* The last run that was recorded, and what earlier ones tell. Zero/empty where there was none. */
struct ledger_run {
    bool any;
    int64_t time;
    enum status status;
    uint64_t listed, listed_octets, matched, fetched, deleted;
    char boot_id[40];
    int64_t boot_s;
    char capabilities[256];
    char fingerprint[72];
    int64_t last_success;        /* time of the last run with status 0 or 11, 0: never */
    unsigned refused_in_a_row;   /* runs that ended with 77, counted back from the last */
    unsigned failed_in_a_row;
};

struct ledger;
struct ledger *ledger_new(void);
void ledger_free(struct ledger *l);

int ledger_apply(struct ledger *l, const struct record *r, bool from_archive, struct err *e);

uint32_t ledger_count(const struct ledger *l); /* entries, of whatever state */
const struct ledger_entry *ledger_entry(const struct ledger *l, uint32_t index);
uint32_t ledger_index_of(const struct ledger *l, uint32_t id); /* or LEDGER_NONE */
uint32_t ledger_next_id(const struct ledger *l);
uint64_t ledger_count_state(const struct ledger *l, enum ledger_state s);
int64_t ledger_newest(const struct ledger *l); /* latest time of any record, 0: none. Lowered by a clock mark */
uint64_t ledger_lines(const struct ledger *l); /* records applied from the journal, for compaction */

/* Walk the entries with this UIDL (any state but VOID and REPLACED): first with LEDGER_NONE, then with what it gave. */
uint32_t ledger_by_uidl(const struct ledger *l, struct sv uidl, uint32_t after);
/* Walk the entries (STORED, ASKED, GONE) with these octets, by SHA-256 of the wire form. */
uint32_t ledger_by_content(const struct ledger *l, const unsigned char wire_sha[HASH_OCTETS],
                           uint64_t wire_octets, uint32_t after);
/* The entry with this base name, or LEDGER_NONE. Builds an index at the first call. */
uint32_t ledger_by_name(struct ledger *l, struct sv name);

struct ledger_header {
    bool any;
    char journal_id[33];
    const char *host, *user, *maildir;
    unsigned port;
};
const struct ledger_header *ledger_header(const struct ledger *l);
const struct ledger_run *ledger_run(const struct ledger *l);

/* Marks: the value last given, SV_NULL if never given or cleared (value "-").
 * Names: see the table in ledger.c: "sizes-drift", "utf8" (yes/no), "pipelining" (no), "hold" (known=N),
 * "clock-ok" and "clock-jump" (seconds: these two change stored_at when applied), "bare-end", "keeps", "empty". */
struct sv ledger_mark(const struct ledger *l, const char *name);

/* Clocks (DESIGN: clock guard). Ordinal of the boot with this id, 0 when unknown. */
uint32_t ledger_boot(const struct ledger *l, struct sv boot_id);
/* Smallest and largest (wall - boot_s) recorded for that boot; false if none. */
bool ledger_boot_offsets(const struct ledger *l, uint32_t boot, int64_t *low, int64_t *high);

/* The records that rebuild the live part, for compaction: handed to `each` in an order that ledger_apply accepts. Tombstones gone
 * before `archive_before` go to `archive` instead (as I and G); never-named voids and replaced ones are left out. */
int ledger_snapshot(const struct ledger *l, int64_t now, int64_t archive_before,
                    int (*each)(void *ctx, const struct record *r, bool to_archive, struct err *e),
                    void *ctx, struct err *e);

#endif
