/* SPDX-License-Identifier: ISC */
/*
 * One connection to the server: opened, logged in, listed, and the pump that turns waiting into
 * events.
 *
 * Order: session_open (connect, verify, greeting, CAPA, UTF8, login, CAPA) -> session_list ->
 * session_send / session_next ... -> session_quit or session_drop -> session_free. Every wait has a
 * deadline; silence of `timeout` seconds ends the session (ST_TEMP, line_cut).
 */
#ifndef POPKEEP_RUN_SESSION_H
#define POPKEEP_RUN_SESSION_H

#include "popkeep/config/config.h"
#include "popkeep/net/conn.h"
#include "popkeep/pop3/capa.h"
#include "popkeep/pop3/engine.h"
#include "popkeep/pop3/listing.h"
#include "popkeep/run/tell.h"

enum {
    SESSION_QUIET_MS = 15000, /* a NOOP goes out before the line was silent for 20 s */
    SESSION_PROBE_MS = 5000,  /* an end of message without CRLF is probed after this silence */
    SESSION_SLOW_S = 300, /* receiving less than SESSION_SLOW_RATE on average over this time: cut */
    SESSION_SLOW_RATE = 1024, /* octets a second */
    SESSION_REFUSAL = 512
};

/* What the account's earlier sessions settled. */
struct session_memory {
    int utf8;         /* 1: UTF8 was used, 0: not, -1: not yet decided */
    struct sv ticket; /* TLS session to be resumed, or SV_NULL */
    bool pipelines; /* the last run's server announced PIPELINING after the login, and it worked */
    bool no_pipelining; /* it made the server hang up */
};

struct session {
    const struct account *account;
    struct tell *tell;
    struct conn *conn;
    struct buf ticket; /* filled by session_quit: what the next run may resume */
    struct engine *engine;
    struct buf out;
    char *in;
    size_t in_cap;
    struct sv unread;
    struct sv secrets[2]; /* during the login: password and SASL response, never shown */
    struct capa capa;     /* as last answered: after login if it was asked again */
    bool logged_in;
    enum pop3_code refusal_code; /* of the -ERR that did not let us in */
    bool capa_due; /* the CAPA after the login goes out with the lists, in one flight */
    bool pipelining;
    unsigned flight_replies; /* status lines since nothing was in flight */
    bool pipelining_proven;  /* a command sent behind another one was answered */
    bool utf8;               /* this session is in UTF8 mode */
    bool utf8_lost;          /* memory says UTF8, the server does not offer it any more */
    bool progress;           /* something was gained: a cut line is worth a reconnection */
    bool bare_end_seen;
    bool voided;        /* the server broke the protocol at the end of a message: this one */
    size_t voided_item; /* of the plan */
    bool cut;           /* the line was cut or silent while this one was due */
    size_t cut_item;
    bool too_slow;        /* it ended for SESSION_SLOW_RATE: no message is to blame */
    bool wants_lock_step; /* ended because the end of a message was in doubt while pipelining */
    char refusal[SESSION_REFUSAL]; /* the last -ERR, escaped */
    int64_t last_sent_ms;          /* for the silent-line rule */
    int64_t receiving_since_ms;    /* 0: not receiving */
    uint64_t received_mark;
    int64_t connect_ms, login_ms, list_ms; /* durations, for check */
};

/* -1: see conn.h, engine.h; ST_LOGIN for a refused login, ST_TEMP for [IN-USE] and the like,
 * ST_UNAVAILABLE. After a failure session_free is due. `step` (may be null) tells how far it came:
 * 0 connection, 1 login. */
int session_open(struct session *s, const struct account *a, struct sv password,
                 const struct session_memory *memory, struct tell *t, int *step, struct err *e);
int session_list(struct session *s, struct listing *l, struct err *e);

/* Queue a command (and trace it). It leaves with the next session_next. -1 also when the server has
 * already sent something: no answer to a command that has not left. */
int session_send(struct session *s, enum pop3_verb verb, uint32_t number, struct sv arg,
                 uint64_t tag, struct err *e);
/* The next event. 1: *ev; 0: nothing came within wait_ms (< 0: the account's timeout, which is then
 * an error); -1. */
int session_next(struct session *s, int wait_ms, struct pop3_event *ev, struct err *e);
/* Wait for the REPLY (and END) of a command just sent in lock-step; *ok and the text (escaped, up
 * to cap). */
int session_reply(struct session *s, bool *ok, enum pop3_code *code, char *text, size_t cap,
                  struct err *e);
/* True if it cannot be told whether answers belong to their commands, and another session without
 * pipelining could tell: then this one must end. */
bool session_doubts_order(struct session *s);
/* NOOP and its answer, if nothing is in flight and the line was silent for SESSION_QUIET_MS. */
int session_keep_alive(struct session *s, struct err *e);

/* QUIT, and its answer read. *ok: +OK. -1: no answer (then *e says why). The connection is closed
 * either way. */
int session_quit(struct session *s, bool *ok, struct err *e);
void session_drop(struct session *s); /* close without QUIT */
void session_free(struct session *s);

#endif
