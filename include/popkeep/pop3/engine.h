/* SPDX-License-Identifier: ISC */
/*
 * The POP3 client engine (RFC 1939, 2449, 5034): commands out, octets in, events out. Pure.
 *
 * The engine keeps a queue of the commands sent and not yet answered, so that any number may be in
 * flight; whether that is wise (PIPELINING) is the caller's business. It knows the shape of each
 * answer (one status line, or a status line and a multi-line block), undoes dot-stuffing, and finds
 * the ends.
 *
 * Order: engine_new -> hand what the server sends to engine_next until it gives POP3_GREETING ->
 * engine_send (appends to the caller's out buffer) and engine_next in any order -> engine_free.
 *
 * engine_next consumes from *in and returns one event at a time; views in the event point into the
 * caller's input, the engine's line buffer or constant text and are good until the next call. The
 * caller need not keep unconsumed input: *in is always empty when POP3_MORE is returned.
 *
 * Message octets (POP3_DATA) are the wire form: CRLF line ends as sent, stuffing dots
 * removed, the CRLF before the final dot included, the final ".CRLF" not. Lines have no maximum;
 * NUL, bare CR, bare LF and 8-bit octets are data (RFC 1939 section 3). In CRLF mode only CRLF .
 * CRLF (or . CRLF as the first line) ends a block. A server whose greeting ended with a bare LF is
 * in LF mode throughout.
 *
 * A message is whole only when what follows its end is a status line. So: treat the message of a
 * POP3_END as complete only once the next event is POP3_REPLY; a protocol error in between voids
 * it.
 *
 * Status words are taken in any case (+ok is seen in the field). In CRLF mode a bare LF in a status
 * line or in a line of a CAPA, LIST or UIDL block is an error at once, never a wait. After the
 * reply to QUIT whatever else comes is dropped.
 *
 * Errors are final: close the connection without QUIT. They are ST_PROTOCOL, but for two: a
 * greeting that is no POP3 (ST_UNAVAILABLE), and an -ERR that answers nothing, which is how servers
 * announce that they hang up on an idle client (ST_TEMP with line_cut).
 */
#ifndef POPKEEP_POP3_ENGINE_H
#define POPKEEP_POP3_ENGINE_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

enum {
    /* A status line, or a line of a CAPA, LIST or UIDL block, line end included. RFC 2449 says 512;
     * longer ones exist, longer than this is an error. */
    POP3_STATUS_MAX = 8192,
    POP3_COMMAND_MAX = 255,      /* RFC 2449 section 4, CRLF included */
    POP3_IN_FLIGHT_MAX = 100000, /* commands; more is ST_SOFTWARE */
    POP3_CAPA_LINES_MAX = 1000   /* a CAPA answer that never ends is an error */
};

enum pop3_verb {
    POP3_CAPA,
    POP3_UTF8,
    POP3_USER,
    POP3_PASS,
    POP3_AUTH,      /* "AUTH PLAIN" or "AUTH PLAIN <initial response>" */
    POP3_AUTH_LINE, /* the client's further line of that exchange */
    POP3_STAT,
    POP3_UIDL,
    POP3_LIST,
    POP3_RETR,
    POP3_DELE,
    POP3_NOOP,
    POP3_RSET,
    POP3_QUIT,
    POP3_VERBS
};

enum pop3_event_kind {
    POP3_MORE,     /* nothing more in the input */
    POP3_GREETING, /* the status line that opens the session */
    POP3_REPLY,    /* the status line of the oldest command in flight */
    POP3_CONTINUE, /* "+ challenge" of the AUTH in flight; `text` is the challenge, still base64 */
    POP3_LINE,     /* one line of a CAPA, UIDL or LIST block, without its line end */
    POP3_DATA,     /* octets of a message */
    POP3_END       /* the block of the last POP3_REPLY has ended */
};

/* Response codes (RFC 2449 section 8, RFC 3206, 6856), by what they ask of us. */
enum pop3_code {
    POP3_CODE_NONE,
    POP3_CODE_IN_USE,
    POP3_CODE_LOGIN_DELAY,
    POP3_CODE_AUTH,
    POP3_CODE_SYS_TEMP,
    POP3_CODE_SYS_PERM,
    POP3_CODE_UTF8,
    POP3_CODE_OTHER
};

struct pop3_event {
    enum pop3_event_kind kind;
    enum pop3_verb verb; /* REPLY, CONTINUE, LINE, DATA, END: of which command */
    uint64_t tag;        /* as given to engine_send */
    bool ok;             /* GREETING, REPLY */
    bool bare_end;       /* END: the message ended without CRLF.CRLF (see engine_probe) */
    enum pop3_code code; /* GREETING, REPLY with -ERR (or +OK) and [CODE] */
    /* GREETING, REPLY: what follows +OK or -ERR, code included, blanks off both ends. CONTINUE,
     * LINE and DATA: as said there. */
    struct sv text;
};

struct engine; /* opaque */

struct engine *engine_new(void);
void engine_free(struct engine *en);

/* Append one command to `out` and to the queue. `number` is the message number for LIST n, UIDL n,
 * RETR, DELE (0: none, as in the listing commands); `arg` is the argument of USER, PASS, AUTH
 * ("PLAIN" or "PLAIN <initial>") and AUTH_LINE. AUTH_LINE does not join the queue: it goes on with
 * the AUTH in flight. -1, ST_CONFIG: an argument with CR, LF or NUL; ST_SOFTWARE: longer than
 * POP3_COMMAND_MAX (AUTH_LINE: up to 12288), arguments the verb does not take, too many in flight,
 * `out` is full; then nothing was added. Memory that held secrets is wiped: a growing `out` too. */
int engine_send(struct engine *en, enum pop3_verb verb, uint32_t number, struct sv arg,
                uint64_t tag, struct buf *out, struct err *e);

/* The next event of *in. 0 with *ev (POP3_MORE: give more input), or -1. */
int engine_next(struct engine *en, struct sv *in, struct pop3_event *ev, struct err *e);

/* Call once the connection has ended. 0 if nothing was awaited; -1 with ST_TEMP, line_cut, saying
 * what was. */
int engine_eof(const struct engine *en, struct err *e);

size_t engine_in_flight(const struct engine *en); /* commands not yet wholly answered */
/* The oldest of them, at which the server is. False: there is none. */
bool engine_oldest(const struct engine *en, enum pop3_verb *verb, uint64_t *tag);
bool engine_in_message(const struct engine *en); /* a RETR block has begun and not ended */
/* While more than one command is in flight, something in the message at hand looks like the answer
 * to a command, behind an end without its CRLF or at the very beginning (body_in_doubt). Only
 * asking one by one can tell. */
bool engine_in_doubt(const struct engine *en);
bool engine_lf_mode(const struct engine *en);

/* Some servers lose the CRLF before the final dot. In lock-step only, when a message's data end in
 * "\n.\r\n" or "\n.\n" and the server has been silent (the caller waits 5 s), engine_maybe_ended is
 * true; engine_probe then sends NOOP: if the very next octets are a status line, the message had
 * ended there (POP3_END with bare_end, then POP3_REPLY of the NOOP with the given tag); else they
 * are data and the octets held back are delivered as such. */
bool engine_maybe_ended(const struct engine *en);
int engine_probe(struct engine *en, uint64_t tag, struct buf *out, struct err *e);

/* The command as a trace may show it: "PASS ***", "AUTH PLAIN ***", "***" for AUTH_LINE, else the
 * whole line without CRLF. User names are shown. */
void engine_trace(struct buf *out, enum pop3_verb verb, uint32_t number, struct sv arg);

/* What kind of server greets so: "an SMTP server (outgoing mail)", "an IMAP server", "a web
 * server", "an SSH server"; null when it may be POP3. `first` are the first octets received.
 * engine_next uses it for its error text (ST_UNAVAILABLE). */
const char *engine_stranger(struct sv first);

#endif
