/* SPDX-License-Identifier: ISC */
/*
 * The journal's records and their text form (popkeep-journal(5)). Pure.
 *
 * A record is one line: a letter, fields apart by one blank, then the crc32 of all that stands
 * before it in the line (that blank included) as 8 lower-case hexadecimal digits. Records are
 * written in groups; a group ends with a line E that holds the number of its lines and the crc32
 * of their octets, line ends included. Only whole groups count. A writer never lets two groups be
 * unsynced at once, so that after a power loss only the last group can be torn (store/journal.h).
 *
 * Octets from outside (UIDL, names) are tokens (text_token); one that holds an octet which should
 * have been escaped makes the line none of popkeep's. "-" stands for "none", so that a text
 * that is just "-" is written "%2D". Times are unix seconds and may be negative.
 */
#ifndef POPKEEP_LEDGER_RECORD_H
#define POPKEEP_LEDGER_RECORD_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/base/hash.h"

#define RECORD_NO_SIZE UINT64_MAX /* the server gave no LIST size */

enum record_kind {
    REC_HEADER = 'H', /* version, journal id, host, port, user, maildir: the first record of a
                         journal; a later one rebinds it (--adopt) */
    REC_BOOT = 'B',   /* clocks at the beginning of a run that changes something */
    REC_INTENT = 'I', /* this file, synced in tmp/, is about to get its name in new/ */
    REC_STORED = 'S', /* durable; also: listed again after a delete intent */
    REC_VOID = 'V',   /* the intent came to nothing */
    REC_REKEY = 'K',  /* the same message is now listed with this UIDL and size */
    REC_DELETE = 'D', /* DELE is about to be sent */
    REC_QUIT = 'Q',   /* QUIT was answered +OK: every entry in state D was asked for once more */
    REC_GONE = 'G',   /* listed no more after a delete intent */
    REC_MARK = 'M',   /* a fact of the account: NAME VALUE */
    REC_RUN = 'R',    /* end of a run */
    REC_END = 'E'     /* end of a group: written by group_end, never by anyone else */
};

/* One struct for all kinds; the comment says who uses the field. Views belong to whoever made
 * them. Fields that a kind does not use are not written, and zero after reading. */
struct record {
    enum record_kind kind;
    int64_t time;         /* all but E: when it was written */
    uint32_t id;          /* I S V K D G: the entry; numbers grow by one an account, from 1,
                             and are never used again */
    uint32_t replaces;    /* I: the entry whose lost file this one takes the place of, 0: none */
    struct sv uidl;       /* I K: null: none */
    uint64_t size;        /* I K: LIST size or RECORD_NO_SIZE */
    uint64_t wire_octets; /* I: unstuffed, CRLF as sent */
    uint64_t file_octets; /* I */
    unsigned char wire_sha[HASH_OCTETS]; /* I */
    unsigned char file_sha[HASH_OCTETS]; /* I */
    struct sv name;    /* I: base name in new/ or cur/, without flags. M: the mark's name */
    int64_t stored_at; /* S: the moment age counts from */
    uint32_t quits;    /* S: QUITs answered +OK after a DELE for it */
    int64_t asked_at;  /* S: time of the last DELE, 0: never */
    struct sv value;   /* M: value */
    /* B and R: clocks */
    struct sv boot_id;
    int64_t boot_s; /* seconds since boot */
    /* R */
    uint32_t status; /* enum status of the run */
    uint64_t listed, listed_octets;
    uint64_t matched; /* listed messages that a record stood for at the end of the run, those
                         deleted in it included */
    uint64_t fetched, deleted;
    struct sv capabilities;
    struct sv fingerprint; /* of the account's configuration: a changed one lifts the login pause */
    /* H */
    uint32_t version;
    struct sv journal_id; /* 32 hex digits */
    struct sv host;
    uint32_t port;
    struct sv user, maildir;
    /* E */
    uint32_t count;
    uint32_t crc;
};

enum {
    RECORD_VERSION = 1,
    RECORD_LINE_MAX = 65536,
    RECORD_TEXT_MAX = 4096 /* octets of a UIDL and of a file name: an I with both fits a line */
};

/* Build groups: group_init; group_add for each record, then group_end; write all of `text`;
 * group_clear before the next. Several groups may follow one another in `text` where they are
 * synced together beside the live journal (compaction). A line longer than RECORD_LINE_MAX or an
 * unknown kind is a fault of the caller and aborts: a path, too, has at most RECORD_TEXT_MAX
 * octets.
 */
struct group {
    struct buf text;
    uint32_t count; /* records since the last group_end */
    size_t start;   /* private: where the group begins in `text` */
};
void group_init(struct group *g);
void group_add(struct group *g, const struct record *r);
void group_end(struct group *g); /* appends the E line; nothing is added for an empty group */
void group_clear(struct group *g);
void group_free(struct group *g);

/* One line without its LF -> record. Views point into `line` or into `scratch` (cleared first, made
 * with a maximum of at least RECORD_LINE_MAX): both must outlive *r.
 * -1: not a whole, undamaged record; no error text (scan says where).
 * Fast: a million of them in under a second. */
int record_parse(struct record *r, struct sv line, struct buf *scratch);

/* Walk the text of a journal. Each record of each whole group is handed to `each`, in order, E
 * lines excluded; a -1 from it (with *e filled) stops, and "line N" is put before an ST_DATA.
 * *good is the offset behind the last whole group, on an error too: what follows it is a torn tail
 * (half lines, NULs, damaged lines, even good lines without their E) and is to be cut by the holder
 * of the lock, ignored by readers. One pass, however much garbage there is.
 * -1, ST_DATA: damage before a whole group, or a line E with more lines before it than it counts
 * (an older, synced group must be among them). The text names the line (counted from 1) and octet;
 * the caller puts the file's name in front. */
int record_scan(struct sv text, int (*each)(void *ctx, const struct record *r, struct err *e),
                void *ctx, size_t *good, struct err *e);

#endif
