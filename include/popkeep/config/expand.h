/* SPDX-License-Identifier: ISC */
/*
 * "%a", "%u", "%d" and "%%" in paths and commands: the account's name, its user, the user's domain
 * in lower case (what follows the last "@"), a percent sign.
 *
 * What is put in comes from an account section, which may have been made from somebody's list: it
 * must not be able to lead a path elsewhere or a shell to something else. So a value that could is
 * refused, never changed or quoted.
 * Of use inside the config room only.
 */
#ifndef POPKEEP_CONFIG_EXPAND_H
#define POPKEEP_CONFIG_EXPAND_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

struct expand_names {
    struct sv account;
    struct sv user; /* may be empty: not given */
};

enum expand_place {
    EXPAND_PATH,   /* refused: empty, "/", a dot in front, control octets */
    EXPAND_COMMAND /* refused: all but A-Z a-z 0-9 . _ @ + -, and "-" in front */
};

/* `key` is for the message. Without `names` only "%%" is known. -1: ST_CONFIG, *out unchanged.
 * The caller frees *out, and wipes it where it may hold a secret. */
int expand(struct sv v, const char *key, enum expand_place place, const struct expand_names *names,
           char **out, struct err *e);

/* Whether the value differs from account to account: holds %a or %u. */
bool expand_varies(struct sv v);

#endif
