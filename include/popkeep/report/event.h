/* SPDX-License-Identifier: ISC */
/*
 * Everything popkeep tells is an event; text, progress line and JSON are made from events, never beside them. Pure.
 *
 * A kind has named fields (event_fields); a field is a slot of `num` or `str`. The table is the contract of --json
 * (popkeep(1) JSON OUTPUT): names are stable, fields may be added. A slot not set (EVENT_UNSET, null string) is left out.
 * Strings are views owned by whoever made the event; they may hold any octets and are escaped by the printers.
 *
 * event_pack / event_unpack carry events from a worker process to its parent over a pipe.
 */
#ifndef POPKEEP_REPORT_EVENT_H
#define POPKEEP_REPORT_EVENT_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

#define EVENT_UNSET INT64_MIN

enum event_kind {
    EVENT_NOTE,     /* worth knowing, changes no exit status: -v */
    EVENT_WARNING,  /* stderr */
    EVENT_ERROR,    /* stderr; what ended the account or spoiled a part of it */
    EVENT_PROGRESS, /* where fetching or deleting stands; only for the progress line and --json */
    EVENT_STORED,   /* one message is durable: -v */
    EVENT_MATCHED,  /* one message came whose octets were already stored; nothing was written: -v */
    EVENT_FAILED,   /* one message could not be fetched or stored: stderr */
    EVENT_DELETED,  /* the server accepted DELE and QUIT for one message: -v */
    EVENT_KEPT,     /* one message stays on the server, and why: -v, and always in a dry run */
    EVENT_WOULD,    /* dry run: would fetch or delete one message, and why: stdout */
    EVENT_STEP,     /* check: one of its three steps, with time and result: stdout */
    EVENT_STATUS,   /* status: one account: stdout */
    EVENT_VERIFY,   /* verify: one bad message (missing, changed, not stored): stdout */
    EVENT_ACCOUNT,  /* one account is done: its summary */
    EVENT_SUMMARY,  /* the last one: the run */
    EVENT_KINDS
};

enum event_num {
    EN_TIME,            /* unix s; printed as RFC 3339 in JSON */
    EN_STATUS,          /* enum status */
    EN_NUMBER,          /* message number of this session */
    EN_OCTETS,
    EN_DONE, EN_TOTAL, EN_DONE_OCTETS, EN_TOTAL_OCTETS, /* progress; DONE also: how many of `verify` were read */
    EN_LISTED, EN_LISTED_OCTETS,
    EN_KNOWN,           /* listed and already stored */
    EN_FETCHED, EN_FETCHED_OCTETS, /* stored in this run */
    EN_MATCHED,         /* came, were already stored */
    EN_FAILED,
    EN_DELETED,
    EN_GONE,            /* deletions of earlier runs confirmed by the listing */
    EN_DUE,             /* due and not deleted (held, limit, copy missing or changed) */
    EN_HELD,
    EN_MISSING, EN_CHANGED, EN_NOT_STORED, /* verify; MISSING and CHANGED also for copies at deletion */
    EN_STORED,          /* records in the journal whose message we have */
    EN_MS,              /* duration */
    EN_LAST_SUCCESS, EN_LAST_RUN, EN_NEXT_DUE, /* unix s */
    EN_ACCOUNTS, EN_ACCOUNTS_FAILED,
    EN_PHASE,           /* progress: 0 connecting, 1 listing, 2 fetching, 3 storing, 4 deleting, 5 verifying */
    EN_OK,              /* step: 1 or 0 */
    EN_AGE,             /* seconds since stored */
    EVENT_NUMS
};

enum event_str {
    ES_ACCOUNT,
    ES_TEXT,    /* for people */
    ES_UIDL,
    ES_FILE,
    ES_SHA256,  /* hex, of the wire form */
    ES_ACTION,  /* would: "fetch", "delete" */
    ES_REASON,  /* stable word: "new", "due", "young", "copy-missing", ... */
    ES_STEP,    /* "connection", "login", "mailbox" */
    ES_HINT,    /* the provider's hint, several lines */
    ES_HOST,
    ES_MAILDIR,
    EVENT_STRS
};

struct event {
    enum event_kind kind;
    int64_t num[EVENT_NUMS];
    struct sv str[EVENT_STRS];
};

void event_init(struct event *ev, enum event_kind kind, const char *account);

struct event_field {
    const char *name; /* JSON name */
    bool is_str;
    int slot;
    enum { EVENT_AS_NUMBER, EVENT_AS_TIME, EVENT_AS_STATUS, EVENT_AS_BOOL, EVENT_AS_STRING } as;
};
const struct event_field *event_fields(enum event_kind kind); /* ended by a null name */
const char *event_name(enum event_kind kind);                 /* "stored" */

/* One framed event appended to `out`. */
void event_pack(struct buf *out, const struct event *ev);
/* Take one whole event off the front of *in; views point into *in's octets. 1: done, 0: not yet whole, -1: nonsense. */
int event_unpack(struct sv *in, struct event *ev);

#endif
