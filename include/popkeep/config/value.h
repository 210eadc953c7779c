/* SPDX-License-Identifier: ISC */
/*
 * Kinds of values: words, numbers, paths, host names, pins. Each function takes the text of one
 * value and either gives the whole of it or refuses it; `key` is for the message, which names what
 * would be right. Strings given back are owned by the caller.
 */
#ifndef POPKEEP_CONFIG_VALUE_H
#define POPKEEP_CONFIG_VALUE_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/base/hash.h"
#include "popkeep/config/expand.h"

struct value_word {
    const char *word;
    int value;
    const char *refusal; /* null: accepted; else why it is not, e.g. "is not built yet" */
};

/* `words` ends with a null word. Case counts. */
int value_word(struct sv v, const char *key, const struct value_word *words, int *out,
               struct err *e);

/* A whole number from min to max. `word` is what the key takes besides a number, or null; it is
 * for the message only: the caller has looked for it. */
int value_number(struct sv v, const char *key, const char *word, uint64_t min, uint64_t max,
                 uint64_t *out, struct err *e);

/* A day, "2027-02-28", as its first second (UTC). */
int value_day(struct sv v, const char *key, int64_t *unix_s, struct err *e);

/* An absolute path, or one below the home folder ("~/..."); "%" as in expand.h, `names` may be
 * null; no trailing or repeated slash and no "." or ".." in what comes out, so that equal folders
 * are equal texts. */
int value_path(struct sv v, const char *key, const char *home, const struct expand_names *names,
               char **out, struct err *e);

/* Host name in lower case, or an IPv4 or IPv6 address (brackets around IPv6 are dropped). */
int value_host(struct sv v, const char *key, char **out, struct err *e);

/* "sha256//BASE64", several separated by blanks. */
int value_pins(struct sv v, unsigned char (**out)[HASH_OCTETS], size_t *n, struct err *e);

/* An e-mail address by itself: no name, no brackets, no blanks. */
int value_address(struct sv v, struct err *e);

/* Name of an account, as in config.h, or of a profile; `what` is "account" or "profile". */
int value_section_name(struct sv v, const char *what, struct err *e);

/* `v` in quotes, escaped and shortened for a message. Returns `out`. */
enum { VALUE_SHOWN = 160 };
char *value_shown(char out[VALUE_SHOWN], struct sv v);

#endif
