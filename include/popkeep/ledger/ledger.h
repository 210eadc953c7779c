/* SPDX-License-Identifier: ISC */
/*
 * What is known of every message: the records applied, in memory. Pure.
 *
 * Order: ledger_new -> ledger_apply for each record (archive first, then journal, then each record
 * as it is written) -> queries -> ledger_free. The ledger copies what it keeps. Entries never move:
 * an index and a pointer from ledger_entry are good until ledger_free, and what the pointer shows
 * follows the records applied. About 280 octets an entry with UIDLs of 20 octets and names of 80.
 *
 * States (popkeep-journal(5)):
 *   I -> INTENT -S-> STORED -D-> ASKED -G-> GONE    the way of most messages
 *   ASKED -S-> STORED                               listed again; quits and asked_at stay
 *   INTENT -V-> VOID                                the file never got its name
 *   STORED, ASKED, GONE -K-> STORED                 the same octets under another UIDL or size:
 *                                                   stored_at stays, quits and asked_at begin anew
 *   S of an entry that replaces another             makes that one REPLACED; if a third one has
 *                                                   done so since the I, both new ones stay
 * A record that does not fit the state it meets is ST_DATA, and then nothing was changed.
 *
 * The archive holds tombstones: I S D G of each, and perhaps an H. They count for next_id and for
 * UIDL and content, not for ledger_newest and ledger_lines. Of the marks only "clock-ok" changes
 * them: one brought back by a K must not be of a time that the clock has not reached. The next
 * snapshot then writes them into the archive once more, with their new time. An I in the journal
 * with the id of an archived entry takes its place: it was brought back by a K, or
 * the compaction that archived it was interrupted.
 */
#ifndef POPKEEP_LEDGER_LEDGER_H
#define POPKEEP_LEDGER_LEDGER_H

#include "popkeep/ledger/record.h"

#define LEDGER_NONE UINT32_MAX
enum { LEDGER_BOOT_ID_MAX = 39, LEDGER_CAPABILITIES_MAX = 255, LEDGER_FINGERPRINT_MAX = 71 };

enum ledger_state {
    LEDGER_INTENT,
    LEDGER_STORED,
    LEDGER_ASKED, /* a DELE was journalled; the next listing decides */
    LEDGER_GONE,  /* tombstone */
    LEDGER_VOID,
    LEDGER_REPLACED
};

struct ledger_entry {
    int64_t stored_at; /* unix s: age counts from here; adjusted by the clock marks. In state INTENT
                          the time of I */
    int64_t asked_at;  /* last D, 0: never */
    int64_t gone_at;   /* time of G, else 0 */
    uint64_t size;     /* LIST size or RECORD_NO_SIZE */
    uint64_t wire_octets, file_octets;
    const char *uidl; /* null: none known (adopted, or the server has none); uidl_n octets, a NUL */
    const char *name; /* base name; no slash, no NUL in it */
    uint32_t uidl_n;
    uint32_t id;
    uint32_t replaces; /* INTENT: the entry it is to take the place of; 0: none, or done */
    uint32_t boot;     /* ordinal of the boot it was stored in: that of the last B or R before its
                          S; 0: unknown */
    uint8_t state;     /* enum ledger_state */
    uint8_t quits;     /* QUITs answered +OK after a D; capped at 255 */
    bool archived;     /* read from the archive, and not brought back since */
    bool in_archive;   /* private: the archive has a record of it, whatever happened since */
    bool on_asked;     /* private */
    bool redated;      /* private: archived, with another stored_at than the archive says */
    unsigned char wire_sha[HASH_OCTETS];
    unsigned char file_sha[HASH_OCTETS];
};

/* The last run that was recorded, and what earlier ones tell. Zero/empty where there was none. */
struct ledger_run {
    bool any;
    int64_t time;
    enum status status;
    uint64_t listed, listed_octets, matched, fetched, deleted;
    char boot_id[LEDGER_BOOT_ID_MAX + 1];
    int64_t boot_s;
    char capabilities[LEDGER_CAPABILITIES_MAX + 1]; /* longer ones are cut */
    char fingerprint[LEDGER_FINGERPRINT_MAX + 1];
    int64_t last_success;      /* time of the last run with status 0 or 11, 0: never */
    unsigned refused_in_a_row; /* runs that ended with 77, counted back from the last */
    unsigned failed_in_a_row;  /* runs that were no success, counted back from the last */
    /* Of the last run that saw any message and came to its end (status 0, 10 or 11): */
    uint64_t known;        /* matched less deleted, then and since: what the next listing should
                              still hold */
    uint32_t known_before; /* entries with a smaller id were stored by the end of it */
};

struct ledger;
struct ledger *ledger_new(void);
void ledger_free(struct ledger *l); /* null allowed */

int ledger_apply(struct ledger *l, const struct record *r, bool from_archive, struct err *e);

uint32_t ledger_count(const struct ledger *l); /* entries, of whatever state */
const struct ledger_entry *ledger_entry(const struct ledger *l, uint32_t index);
uint32_t ledger_index_of(const struct ledger *l, uint32_t id); /* or LEDGER_NONE */
uint32_t ledger_next_id(const struct ledger *l);               /* for the next I */
uint64_t ledger_count_state(const struct ledger *l, enum ledger_state s);
/* Its message was stored, be the file still there or not: STORED, ASKED, GONE. */
bool ledger_has_file(const struct ledger_entry *en);
int64_t ledger_newest(const struct ledger *l); /* latest time of any record of the journal,
                                                  0: none; lowered by the mark "clock-ok" */
uint64_t ledger_lines(const struct ledger *l); /* records applied from the journal; far more than
                                                  entries: worth a compaction */

/* Walk the entries with this UIDL (any state but VOID and REPLACED): first with LEDGER_NONE, then
 * with what it gave, until LEDGER_NONE. No order is promised. An empty or null UIDL finds none. */
uint32_t ledger_by_uidl(const struct ledger *l, struct sv uidl, uint32_t after);
/* The same for the entries (STORED, ASKED, GONE) with these octets: SHA-256 of the wire form. */
uint32_t ledger_by_content(const struct ledger *l, const unsigned char wire_sha[HASH_OCTETS],
                           uint64_t wire_octets, uint32_t after);
/* The entry with this base name (any state but VOID), or LEDGER_NONE. Builds an index at the first
 * call, about 8 octets an entry. */
uint32_t ledger_by_name(struct ledger *l, struct sv name);

/* The last H of the journal. */
struct ledger_header {
    bool any;
    char journal_id[33];
    const char *host, *user, *maildir; /* never null once `any` */
    unsigned port;
};
const struct ledger_header *ledger_header(const struct ledger *l);
const struct ledger_run *ledger_run(const struct ledger *l);

/* Marks, facts of the account: the value last given, SV_NULL if never given or cleared (value "-"
 * or null). Unknown names are kept and carried on. Known ones: sizes-drift yes   LIST sizes change
 * while the octets do not: they are no longer compared utf8 yes|no       the first session's choice
 *   pipelining no     the server cannot do it
 *   adopting yes      --adopt has begun and not ended: the next run goes on with it
 *   hold N            deletions are held since the UIDLs changed; N messages were known then
 *   clock-ok T        --confirm-delete: the clock was right at T. When applied: entries with a
 * later stored_at get T, ledger_newest is lowered to T, ledger_clock_trusted becomes T clock-jump T
 * the clock jumped within the current boot. When applied: entries stored in it get stored_at T, and
 * its offsets are forgotten bare-end, keeps, empty: said once, so that they are not said at each
 * run totals            written by ledger_snapshot alone; not shown here */
struct sv ledger_mark(const struct ledger *l, const char *name);

/* Entries with a smaller id are older than the mark "hold" while it stands, else older than this
 * run (ledger_run.known_before): what the UIDL guard calls known. */
uint32_t ledger_old_before(const struct ledger *l);

/* Clocks (DESIGN: clock guard). Ordinal of the boot with this id, 0 when unknown. */
uint32_t ledger_boot(const struct ledger *l, struct sv boot_id);
/* Smallest and largest (wall - boot_s) recorded for that boot; false if none. */
bool ledger_boot_offsets(const struct ledger *l, uint32_t boot, int64_t *low, int64_t *high);
/* The latest time of a recorded run that is believed: a run more than 400 days after the one
 * before it does not count, or one run under a wrong clock would make the next one believe it.
 * The mark "clock-ok" sets it. 0: no run yet. */
int64_t ledger_clock_trusted(const struct ledger *l);

/* The records that rebuild the ledger, for compaction: handed to `each` in an order that
 * ledger_apply accepts, header first. Tombstones gone before `archive_before` go to the archive
 * (to_archive: append these to it, and sync it, before the new journal takes the old one's name);
 * those archived already are in neither, unless "clock-ok" gave them another time. Voids and
 * replaced entries are left out. What stands between the records that are left is carried over by
 * the mark "totals": next id, newest time, counts of runs. Of the boots only the last keeps its
 * entries' ordinal. `now` is the time written into the marks. Views are good until `each` returns.
 */
int ledger_snapshot(const struct ledger *l, int64_t now, int64_t archive_before,
                    int (*each)(void *ctx, const struct record *r, bool to_archive, struct err *e),
                    void *ctx, struct err *e);

/* Only what a snapshot says beside the entries: header, marks, the last run, the totals. A ledger
 * made of it knows no message; ledger_header, ledger_run and ledger_mark say what they say of l. */
int ledger_brief(const struct ledger *l, int64_t now,
                 int (*each)(void *ctx, const struct record *r, bool to_archive, struct err *e),
                 void *ctx, struct err *e);

#endif
