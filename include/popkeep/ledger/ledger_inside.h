/* SPDX-License-Identifier: ISC */
/*
 * The inside of struct ledger, shared by ledger.c (life and questions), ledger_apply.c (records
 * change it) and ledger_snapshot.c (it becomes records again). Nobody else includes this. Pure.
 *
 * Entries lie in blocks that never move; their texts in an arena. Three ways lead to them: a table
 * of pages by id, and hash tables by UIDL and by content that hold the first entry of a chain.
 * An entry is in the UIDL chain in every state but VOID and REPLACED, in the content chain in
 * STORED, ASKED and GONE. The table by name is made when it is first asked for.
 */
#ifndef POPKEEP_LEDGER_LEDGER_INSIDE_H
#define POPKEEP_LEDGER_LEDGER_INSIDE_H

#include "popkeep/base/mem.h"
#include "popkeep/ledger/index.h"
#include "popkeep/ledger/ledger.h"

enum {
    LEDGER_BLOCK = 512,    /* entries */
    LEDGER_ID_PAGE = 4096, /* ids */
    LEDGER_STATES = LEDGER_REPLACED + 1,
    LEDGER_NUMBER_MAX = 24 /* digits of a decimal int64_t, and some */
};

/* The mark that a snapshot ends with: what cannot be told from the records it kept. Its numbers: */
#define LEDGER_TOTALS "totals"
enum ledger_total {
    LEDGER_T_NEXT_ID,
    LEDGER_T_NEWEST,
    LEDGER_T_TRUSTED,
    LEDGER_T_SUCCESS, /* struct ledger_run, this and the next four */
    LEDGER_T_REFUSED,
    LEDGER_T_FAILED,
    LEDGER_T_KNOWN,
    LEDGER_T_KNOWN_BEFORE,
    LEDGER_T_HOLD_BEFORE,
    LEDGER_T_OFFSETS, /* 1: the last boot has offsets, the next two; 0: forgotten */
    LEDGER_T_LOW,
    LEDGER_T_HIGH,
    LEDGER_T_SUBTRACTED, /* journals of November 2026 end before it */
    LEDGER_TOTALS_N
};

struct ledger_cell {
    struct ledger_entry e;
    uint32_t uidl_next, content_next; /* chains, LEDGER_NONE ends */
};

struct ledger_mark_value {
    char *name;
    char *value;
    size_t n;
};

struct ledger_boot {
    char id[LEDGER_BOOT_ID_MAX + 1];
    bool any; /* low and high are known */
    int64_t low, high;
};

struct ledger {
    struct ledger_cell **blocks;
    uint32_t count, blocks_n;
    uint32_t **id_pages; /* index + 1 of each id, 0: none */
    uint32_t id_pages_n;
    struct index by_uidl, by_content, by_name;
    bool names_wanted;
    struct arena text;
    uint64_t states[LEDGER_STATES];
    uint32_t next_id;
    uint64_t lines;
    int64_t newest;
    uint32_t hold_before;  /* run.known_before when the mark "hold" was set */
    uint64_t subtracted;   /* of the entries in ASKED: run.known does not count so many */
    int64_t trusted;       /* see ledger_clock_trusted */
    int64_t newest_stored; /* no entry has a later stored_at: spares clock marks a walk */
    uint32_t *asked;       /* entries that are, or since the last Q were, in state ASKED */
    uint32_t asked_n, asked_cap;
    struct ledger_mark_value *marks;
    size_t marks_n;
    struct ledger_boot *boots; /* ordinal 1 first */
    uint32_t boots_n;
    uint32_t boot; /* ordinal of the last B or R, 0: none yet */
    bool clocked;  /* a B or R was met: the marks before them are a snapshot's, older than what the
                      archive got then */
    struct ledger_header header;
    struct ledger_run run;
};

struct ledger_cell *ledger_cell(const struct ledger *l, uint32_t index);
bool ledger_replaceable(const struct ledger *l, uint32_t id); /* STORED, ASKED or GONE */
struct ledger_cell *ledger_new_cell(struct ledger *l, uint32_t id, uint32_t *index);
void ledger_set_mark(struct ledger *l, struct sv name, struct sv value);

/* Chains. Linking one twice, or unlinking what is not linked, is a fault. */
void ledger_link_uidl(struct ledger *l, uint32_t index);
void ledger_unlink_uidl(struct ledger *l, uint32_t index);
void ledger_link_content(struct ledger *l, uint32_t index);
void ledger_unlink_content(struct ledger *l, uint32_t index);
void ledger_link_name(struct ledger *l, uint32_t index);

#endif
