/* SPDX-License-Identifier: ISC */
/*
 * The script of a test server: settings, deviations ("on EVENT ... ACTION") and raw steps, as they
 * stand for one session. The language is described in tests/README.md.
 */
#ifndef POPSERVER_SCRIPT_H
#define POPSERVER_SCRIPT_H

#include "wire.h"

struct text {
    char *p; /* NUL behind it; null: not set */
    size_t n;
};

enum action {
    DO_SEND,   /* text instead of doing the command */
    DO_BEFORE, /* text, then the usual */
    DO_AFTER,  /* the usual, then text */
    DO_CLOSE,
    DO_RST,
    DO_SILENT, /* instead of doing the command */
    DO_THEN_CLOSE,
    DO_THEN_RST, /* after the usual */
    DO_CUT,      /* the usual, closed after so many octets of it */
    DO_MUTE,     /* do it, answer nothing */
    DO_DELAY,    /* so many ms before anything else */
    DO_DROP      /* leave a line of a listing out */
};

struct row {
    char verb[16];
    long arg; /* message number it must name; -1: any */
    long nth; /* only the nth such command of the session; 0: each */
    long
        line; /* this line of a multi-line answer (1: the first after the status); 0: the command */
    enum action action;
    struct text text;
    long number; /* of DO_CUT, DO_DELAY */
};

enum step_kind {
    STEP_SEND,
    STEP_EXPECT,
    STEP_EXPECT_ANY,
    STEP_DRAIN,
    STEP_CLOSE,
    STEP_RST,
    STEP_SLEEP,
    STEP_FLOOD,
    STEP_SEND_FILE,
    STEP_SEND_RAW,
    STEP_RENEGOTIATE,
    STEP_UPDATE_KEY,
    STEP_GOODBYE
};

struct step {
    enum step_kind kind;
    struct text text;
    long number;
    int line; /* in the script, for messages */
};

enum size_kind { SIZE_TRUE, SIZE_LF, SIZE_KIB, SIZE_FIXED, SIZE_PLUS };
enum uidl_kind { UIDL_NAME, UIDL_NONE, UIDL_SAME, UIDL_HASH, UIDL_PAIRS, UIDL_TAIL };

enum { SCRIPT_WORDS = 32, SCRIPT_ROWS = 64, SCRIPT_STEPS = 256 };

struct words {
    struct text w[SCRIPT_WORDS];
    size_t n;
    bool none; /* the command is refused */
    bool set;
};

struct script {
    struct wire_manners wire;
    struct text messages, user, password, greeting, login, cert, tls_min, tls_max, tls_ciphers,
        refuse_name, staple, sasl_prompt, uidl_prefix, by_address;
    struct words capa, capa_after;
    bool demand_cert, lf, no_stuff, login_close, lose_after_pass, pipelining_hangup,
        retr_marks_gone, dele_ignored, dele_at_once, reverse, tls_stall, no_top;
    long listing_first, listing_last, max_errors;
    enum size_kind size_kind;
    long size_number;
    enum uidl_kind uidl_kind;
    struct row rows[SCRIPT_ROWS];
    size_t n_rows;
    struct step steps[SCRIPT_STEPS];
    size_t n_steps;
};

/* Read what holds for session number `session` (from 1) of the text; every line is checked, also of
 * other sessions. On a mistake it is printed to stderr with `name` and its line: -1. The memory is
 * never freed: a server is a short-lived process. */
int script_read(struct script *s, const char *name, const char *text, size_t n, long session);

#endif
