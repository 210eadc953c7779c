/* SPDX-License-Identifier: ISC */
/*
 * Everything popkeep tells is an event; text, progress line and JSON are made from events, never
 * beside them. Pure.
 *
 * A kind has named fields (event_fields); a field is a slot of `num` or `str`. The table is the
 * contract of --json (popkeep-json(5)): names are stable, fields may be added, a slot has
 * the same name in every kind. A slot not set (EVENT_UNSET, null string) is left out; a slot that
 * the kind has no field for is carried by pack and unpack but never printed as JSON.
 * Strings are views owned by whoever made the event; they may hold any octets and are escaped by
 * the printers.
 *
 * event_pack / event_unpack carry events from a worker process to its parent over a pipe.
 */
#ifndef POPKEEP_REPORT_EVENT_H
#define POPKEEP_REPORT_EVENT_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/report/health.h"

#define EVENT_UNSET INT64_MIN

enum {
    EVENT_STR_MAX = 1 << 16,  /* octets of one string that event_pack takes; the rest is cut off */
    EVENT_FRAME_MAX = 1 << 21 /* no frame is longer; event_unpack calls a longer one nonsense */
};

enum event_kind {
    EVENT_RUN_START,     /* the first one: which popkeep does what. For programs only */
    EVENT_ACCOUNT_START, /* an account is begun. For programs only */
    EVENT_NOTE,          /* worth knowing, changes no exit status: -v, stderr */
    EVENT_WARNING,  /* stderr; carries EN_STATUS if it changes the exit status: then also with -q */
    EVENT_ERROR,    /* stderr; what ended the account or spoiled a part of it. Told once: the
                       account's end does not repeat it */
    EVENT_PROGRESS, /* where fetching or deleting stands; only for the progress line and --json */
    EVENT_STORED,   /* one message is durable: -v */
    EVENT_MATCHED,  /* one message came whose octets were already stored, nothing was written: -v */
    EVENT_FAILED,   /* one message could not be fetched or stored: stderr */
    EVENT_DELETED,  /* the server accepted DELE and QUIT for one message: -v */
    EVENT_KEPT,     /* one message stays on the server, and why: -v, and always in a dry run */
    EVENT_PLANNED,  /* dry run: would fetch or delete one message, and why: stdout */
    EVENT_BAD,      /* verify: one bad message (missing, changed, not stored): stdout */
    EVENT_STEP,     /* check: one of its three steps, with time and result: stdout. When it failed
                       and an EVENT_ERROR follows, it carries no text of its own */
    EVENT_STATUS,   /* status: one account: stdout */
    EVENT_ACCOUNT_END, /* one account is done: its summary */
    EVENT_PROVIDER,    /* providers: one preset. For programs only */
    EVENT_SUMMARY,     /* the last one: the run */
    EVENT_KINDS
};

enum event_num {
    EN_TIME,   /* unix s, when the event was made; printed as RFC 3339 in JSON */
    EN_STATUS, /* enum status */
    EN_NUMBER, /* message number of this session */
    EN_OCTETS,
    EN_DONE, /* progress; also how many messages `verify` has read */
    EN_TOTAL,
    EN_DONE_OCTETS,
    EN_TOTAL_OCTETS,
    EN_LISTED, /* on the server when the run (status: the last run) listed it */
    EN_LISTED_OCTETS,
    EN_KNOWN,   /* listed and already stored */
    EN_FETCHED, /* stored in this run; never set in a dry run */
    EN_FETCHED_OCTETS,
    EN_MATCHED, /* came, were already stored */
    EN_FAILED,
    EN_DELETED, /* never set in a dry run */
    EN_GONE,    /* deletions of earlier runs confirmed by the listing */
    EN_DUE,     /* due and not deleted (held, limit, copy missing or changed) */
    EN_HELD,
    EN_MISSING, /* verify; also copies found missing at deletion */
    EN_CHANGED, /* the same for changed ones */
    EN_NOT_STORED,
    EN_STORED,       /* records in the journal whose message we have */
    EN_MS,           /* duration */
    EN_LAST_SUCCESS, /* unix s, as the next two */
    EN_LAST_RUN,
    EN_NEXT_DUE,
    EN_ACCOUNTS,
    EN_ACCOUNTS_FAILED,
    EN_PHASE,       /* enum event_phase */
    EN_OK,          /* step: 1 or 0 */
    EN_AGE,         /* seconds since stored */
    EN_STORED_AT,   /* unix s: when this message became durable */
    EN_LEFT,        /* listed and neither stored nor matched when the run ended; unset: listed less
                       known, fetched and matched */
    EN_WOULD_FETCH, /* dry run: what the run would have done */
    EN_WOULD_FETCH_OCTETS,
    EN_WOULD_DELETE,
    EN_PORT,
    EN_PID,           /* of the parent */
    EN_DRY_RUN,       /* 1 or 0 */
    EN_USABLE,        /* 1 or 0 */
    EN_HEALTH,        /* status: enum health (health.h) */
    EN_TROUBLE,       /* status: set of enum finding */
    EN_STORED_OCTETS, /* of their files */
    EN_SUCCESS_AGE,   /* seconds since the last success */
    EN_USED_OCTETS,   /* in the mailbox, as STAT told the last run, less what it deleted */
    EN_QUOTA_OCTETS,  /* what the mailbox may hold */
    EN_QUOTA_PERCENT, /* of it used, rounded down */
    EN_CERT_EXPIRES,  /* unix s: end of the certificate, as the last connection showed it */
    EN_DEADLINE,      /* unix s: beginning of the day by which all must be stored */
    EN_STAGE,         /* enum event_stage */
    EVENT_NUMS
};

/* Where an account is: of EVENT_PROGRESS. */
enum event_phase {
    PHASE_CONNECTING,
    PHASE_LISTING,
    PHASE_FETCHING,
    PHASE_STORING,
    PHASE_DELETING,
    PHASE_VERIFYING,
    EVENT_PHASES
};

/* Where an account was when something was told of it, or what ended it happened. */
enum event_stage {
    STAGE_CONFIGURATION,
    STAGE_PASSWORD, /* its source: file, command, terminal */
    STAGE_LOCAL,    /* state, journal, Maildir, lock */
    STAGE_CONNECTION,
    STAGE_TLS, /* handshake and certificate */
    STAGE_GREETING,
    STAGE_LOGIN, /* with what is asked before and after it */
    STAGE_LISTING,
    STAGE_FETCHING,
    STAGE_STORING,
    STAGE_DELETING,
    STAGE_QUITTING,
    STAGE_VERIFYING,
    STAGE_WORKER, /* the process could not be started, or was ended from outside */
    EVENT_STAGES
};

enum event_str {
    ES_ACCOUNT,
    ES_TEXT, /* for people: a phrase, or the text of a struct err: further lines are advice.
                Of a message: why, in place of the age made from EN_STORED_AT and EN_AGE */
    ES_UIDL,
    ES_FILE,
    ES_SHA256, /* hex, of the wire form */
    ES_ACTION, /* planned: "fetch", "delete" */
    ES_REASON, /* stable word: "new", "due", "young", "copy-missing", ...; bad: "missing",
                  "changed", "not-stored" */
    ES_STEP,   /* "connection", "login", "mailbox" */
    ES_HINT,   /* the provider's hint, several lines */
    ES_HOST,
    ES_MAILDIR,
    ES_RUN,     /* 16 hexadecimal digits: one run of the program; in every event it prints */
    ES_VERSION, /* popkeep's */
    ES_COMMAND, /* "fetch" */
    ES_MACHINE, /* the name of the machine that popkeep runs on */
    ES_SERVER,  /* what the server said, escaped as in texts */
    ES_NAME,
    ES_TITLE,
    ES_USER,
    EVENT_STRS
};

struct event {
    enum event_kind kind;
    int64_t num[EVENT_NUMS];
    struct sv str[EVENT_STRS];
};

/* Nothing set but the kind and the account (null: it concerns no single account). */
void event_init(struct event *ev, enum event_kind kind, const char *account);
/* The number, or `otherwise` if it is not set. */
int64_t event_num(const struct event *ev, enum event_num slot, int64_t otherwise);

/* How bad an account stands: of EVENT_STATUS; any other is about trouble. */
enum health event_health(const struct event *ev);

/* Sum and difference that stay in range, whatever came through the pipe or stands in a journal. */
int64_t event_plus(int64_t a, int64_t b);
int64_t event_minus(int64_t a, int64_t b);

enum event_as {
    EVENT_AS_NUMBER,
    EVENT_AS_TIME,   /* string, RFC 3339 in UTC */
    EVENT_AS_STATUS, /* two JSON fields: "NAME": number, "NAME_name": its stable word */
    EVENT_AS_BOOL,
    EVENT_AS_HEALTH,   /* string: health_word */
    EVENT_AS_FINDINGS, /* array of strings: health_finding_word of each in the set */
    EVENT_AS_PHASE,    /* string: event_phase_word */
    EVENT_AS_STAGE,    /* string: event_stage_word */
    EVENT_AS_STRING
};

struct event_field {
    const char *name; /* JSON name */
    bool is_str;
    int slot;
    enum event_as as;
};
const struct event_field *event_fields(enum event_kind kind); /* ended by a null name */
const char *event_name(enum event_kind kind);                 /* "message-stored" */
const char *event_phase_word(int64_t phase);                  /* "fetching"; "working" if unknown */
const char *event_stage_word(int64_t stage);                  /* "login"; "unknown" if unknown */

/* One framed event appended to `out`; if the maximum of `out` forbids it, nothing is. */
void event_pack(struct buf *out, const struct event *ev);
/* Take one whole event off the front of *in; views point into *in's octets. 1: done, 0: not yet
 * whole, -1: nonsense. Only with 1 are *in and *ev changed. */
int event_unpack(struct sv *in, struct event *ev);

#endif
