/* SPDX-License-Identifier: ISC */
/*
 * Names of Maildir files.
 *
 *     <time>.M<usec>P<pid>Q<count>R<random>.<host>,S=<octets>,W=<crlf octets>[:2,<flags>]
 *     `------------- unique ---------------'
 *     `------------------------- base name --------------------------------'
 *
 * Time, process, a count within the process and 32 random bits make `unique` unique on a host and,
 * with the host, everywhere. No octet of a server is ever part of a name. The longest base name is
 * under 200 octets, which leaves room for the flags and keywords of mail readers.
 */
#ifndef POPKEEP_STORE_NAMES_H
#define POPKEEP_STORE_NAMES_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

enum { NAMES_UNIQUE = 80, NAMES_HOST = 65 }; /* arrays that hold one, with its NUL */

/* A new `unique`. May be called from several threads. -1, ST_IO: no random octets. */
int names_unique(char out[NAMES_UNIQUE], int64_t now_us, struct err *e);

/* The host part: '/' and ':' become \057 and \072 as the Maildir page says, every other octet but
 * letters, digits, '.', '-' and '_' becomes '_'; cut to 64 octets; empty becomes "localhost". */
void names_host(char out[NAMES_HOST], const char *hostname);
void names_host_here(char out[NAMES_HOST]); /* of gethostname(2) */

/* Has the whole of `s` the shape of a `unique`? */
bool names_is_unique(struct sv s);
/* The `unique` a base name begins with; SV_NULL if it does not begin with one. */
struct sv names_unique_of(struct sv base_name);

/* File name -> base name: the part before ":2," (";2," on file systems that forbid the colon). */
struct sv names_base(struct sv file_name);

#endif
