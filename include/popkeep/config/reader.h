/* SPDX-License-Identifier: ISC */
/*
 * Configuration text -> sections and raw values, through libinih.
 *
 * libinih cuts long lines and section names, ends a value at " ;" and takes an indented line for a
 * continuation, all without a word, and builds of it differ. So every line passes through here
 * first: what libinih would cut or join is refused or straightened, and what libinih makes of a
 * line is compared with what was meant. The rest of popkeep never sees libinih.
 *
 * Refused here: NUL, UTF-16 and other control octets, over-long lines and section names, text after
 * "]", a missing "=", keys before the first section (but for include), keys that do not exist, " ;"
 * and " #" in values, empty values, values that are not UTF-8. Comments may hold anything but NUL
 * and a CR inside. Left to the receiver: section names, repeats, and what a value means.
 */
#ifndef POPKEEP_CONFIG_READER_H
#define POPKEEP_CONFIG_READER_H

#include "popkeep/config/config.h"

enum {
    READER_LINE_MAX = 197,  /* octets; libinih's buffer of 200 less CR, LF and NUL */
    READER_SECTION_MAX = 49 /* libinih's 50 less NUL */
};

/* Both return -1 with *e filled (without "FILE:LINE: ", which is put in front) to stop. */
struct reader_events {
    void *ctx;
    int (*section)(void *ctx, struct sv header, unsigned line, struct err *e);
    int (*value)(void *ctx, const struct config_key *key, struct sv value, unsigned line,
                 struct err *e);
};

/* Read the whole text. The values handed out live until the callback returns; libinih's copies of
 * them are wiped. `file` is for messages. */
int reader_run(struct sv text, const char *file, const struct reader_events *events, struct err *e);

/* For what writes configurations: whether the line "KEY = VALUE" would come through. What the value
 * means is not looked at. */
int reader_check_value(const struct config_key *key, struct sv value, struct err *e);

#endif
