/* SPDX-License-Identifier: ISC */
/*
 * Characters and words of protocols and configuration: ASCII, whatever the locale.
 * Under tr_TR.UTF-8 strcasecmp("UIDL", "uidl") is not 0; these are.
 */
#ifndef POPKEEP_BASE_ASCII_H
#define POPKEEP_BASE_ASCII_H

#include "popkeep/base/bytes.h"

bool ascii_is_digit(char c);
bool ascii_is_alpha(char c);
bool ascii_is_alnum(char c);
bool ascii_is_blank(char c); /* space or tab */
bool ascii_is_print(char c); /* 0x20..0x7e */
char ascii_lower(char c);
bool ascii_same(struct sv a, struct sv b); /* equal but for the case of A-Z */
bool ascii_same_c(struct sv a, const char *b);
bool ascii_starts(struct sv a, const char *prefix); /* the same rule */
struct sv ascii_trim(struct sv a);                  /* blanks, CR and LF off both ends */

/* Decimal digits only: no sign, no blank, at least one. -1 on anything else or past `max`. */
int ascii_u64(struct sv s, uint64_t max, uint64_t *out);

/* Shell pattern with * and ? and [set] over octets, in ASCII (fnmatch(3) follows the locale). */
bool ascii_glob(const char *pattern, struct sv text);

/* The entry of `words` (ended by null) nearest to `word` by edit distance (case ignored), null when
 * none is near enough to be meant (more than a third of its letters differ). */
const char *ascii_nearest(struct sv word, const char *const *words);

#endif
