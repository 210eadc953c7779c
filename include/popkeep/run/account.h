/* SPDX-License-Identifier: ISC */
/*
 * One account's whole run, in a process of its own: what fetch, check and verify have in common,
 * and their entry points.
 *
 * account_run is the only function the pool calls; it tells everything by events, ends with
 * EVENT_ACCOUNT_END and returns the account's status.
 */
#ifndef POPKEEP_RUN_ACCOUNT_H
#define POPKEEP_RUN_ACCOUNT_H

#include "popkeep/config/config.h"
#include "popkeep/run/book.h"
#include "popkeep/run/options.h"
#include "popkeep/run/served.h"
#include "popkeep/run/session.h"
#include "popkeep/store/finder.h"
#include "popkeep/store/maildir.h"

enum {
    WORKER_VOIDED = 20,     /* messages left out of a run because they break the protocol */
    WORKER_RECONNECTS = 3,  /* after a cut line, a run */
    WORKER_LOGIN_TRIES = 3, /* refused so many runs in a row ... */
    WORKER_LOGIN_PAUSE_S = 6 * 3600, /* ... the next try waits this long */
    WORKER_LOGIN_DELAY_S = 30,  /* so much of a LOGIN-DELAY is waited for before a reconnection */
    WORKER_EXPIRE_0_PART = 200, /* an EXPIRE 0 server that lists as many shows a part */
    WORKER_SPACE_OCTETS = 64 * 1024 * 1024 /* free space that must remain, beside 5 % */
};
#define WORKER_MESSAGE_OCTETS (UINT64_C(1) << 31) /* a LIST size from here on is not believed */

struct worker {
    const struct account *account;
    const struct run_options *options;
    const char *state_root;
    struct sv password;
    struct tell *tell;
    struct book book;
    struct maildir *maildir;
    struct finder *finder;
    struct run_totals totals;
    struct buf ticket; /* what memory.ticket points to */
    struct session_memory memory;
    struct served served;
    enum pop3_code refusal; /* of the last session that was not let in */
    struct capa capa;       /* of the last session that logged in */
    enum status status;     /* worst so far */
    bool ended;             /* by an error: the stage it happened at is the tell's */
    bool connected;         /* a login was tried: worth a run record */
    bool changed;           /* something was journalled: the run record is synced */
    struct buf
        voided; /* UIDLs (tokens, a line each) of messages that the server cannot send right */
    unsigned n_voided;
    struct buf cut_once, cut_twice; /* likewise: sessions of this run that ended at them */
    unsigned n_cut_once;
    bool only_delete;        /* nothing more is fetched in this run */
    struct err void_error;   /* what the first of them did */
    bool paused;             /* no login was tried: too many were refused lately */
    bool gave_pipelining_up; /* in this run; hung_up: because the server hung up on it */
    bool hung_up;
    uint64_t matched; /* listed messages that a record stands for, at the end */
};

enum status account_run(const struct account *a, const char *state_root, struct sv password,
                        const struct run_options *o, struct tell *t);

/* Give up what is not needed any more (sys/confine.h): state and Maildir are open, no octet of a
 * server was read. With -v what this kernel does not have is named. */
void worker_confine(struct worker *w);

/* The three commands. Each returns -1 with *e for what ended it; lesser troubles go into w->status.
 */
int worker_fetch(struct worker *w, struct err *e);
int worker_check(struct worker *w, struct err *e);
int worker_verify(struct worker *w, struct err *e);

/* One session of worker_fetch: list, plan, fetch, expire, quit. *again: the line was cut after
 * progress. */
int mailbox_session(struct worker *w, bool *again, struct err *e);

/* Listing of an open session as the plan wants it; takes what it needs from `l` and keeps a pointer
 * to its UIDLs. */
struct plan_message *worker_messages(struct listing *l);
/* What the server's EXPIRE (RFC 2449, 6.7) means for this account; nothing when it is no trouble.
 */
void worker_expire_text(struct buf *out, const struct capa *c, const struct account *a);
void worker_worsen(struct worker *w, enum status s);

#endif
