/* SPDX-License-Identifier: ISC */
/*
 * Texts: octets of strangers made safe to print, and numbers and times made readable.
 * All of it is pure and free of the locale, but for text_size and text_span, which speak the
 * language of messages; times are UTC unless an offset is handed in.
 */
#ifndef POPKEEP_BASE_TEXT_H
#define POPKEEP_BASE_TEXT_H

#include "popkeep/base/bytes.h"

/* Append `s` so that no terminal or log can be harmed: C0, C1, DEL, backslash, bidirectional
 * controls, line separators and octets that are no UTF-8 become \xNN; at most `max` source octets,
 * then "...". */
void text_escape(struct buf *out, struct sv s, size_t max);

/* The same with our own text, in which strangers' words are escaped already (struct err), but file
 * names are as they are: backslashes and newlines stay, and all is appended. */
void text_guard(struct buf *out, struct sv s);

/* text_escape into a fixed array (always NUL-terminated); returns `out`. */
char *text_escape_to(char *out, size_t cap, struct sv s);

/* Token form for the journal and lists: 0x21..0x7e but '%' as they are, all others %XX.
 * Never empty: no octets give "%". text_untoken undoes it; -1 on a malformed token. */
void text_token(struct buf *out, struct sv s);
int text_untoken(struct buf *out, struct sv token);
bool text_is_plain(struct sv s); /* is its token the text itself? (unless it is empty) */

bool text_is_utf8(struct sv s);
/* Append `s` as the inside of a JSON string (RFC 8259 section 7): what is no UTF-8 becomes U+FFFD,
 * what text_escape would not let through becomes \uXXXX. */
void text_json(struct buf *out, struct sv s);

/* Lower-case hexadecimal of n octets; `out` has 2n+1 octets. text_unhex: -1 unless exactly 2n
 * hexadecimal digits (either case). */
void text_hex(char *out, const unsigned char *p, size_t n);
int text_unhex(unsigned char *out, size_t n, struct sv hex);

/* How many columns `s` fills on a terminal: characters of UTF-8 (an octet that is none counts as
 * one). Meant for our own texts; no letter of theirs is wide or combining. */
size_t text_columns(struct sv s);
/* Octets of `s` that fill at most `columns`; never ends inside a character. */
size_t text_fit(struct sv s, size_t columns);
/* Append `s` and blanks up to `columns`: "%-*s" counts octets. */
void text_pad(struct buf *out, struct sv s, size_t columns);

/* "1.2 MB" style, decimal multiples of 1000, '.' whatever the locale; `out` holds 16 octets. */
char *text_octets(char out[16], uint64_t octets);
/* The same for people: "1,2 MB" in Turkish. */
char *text_size(char out[16], uint64_t octets);
/* "3 d 4 h", "12 min", "45 s". */
char *text_span(char out[24], int64_t seconds);

/* "2026-11-22T11:43:51Z". */
char *text_time(char out[24], int64_t unix_s);
/* "2026-11-22", "2026-11-22 11:43", "2026-11-22T11:43:51Z" or "@SECONDS" -> seconds; -1 otherwise.
 * A date alone means 00:00 UTC. */
int text_parse_time(struct sv s, int64_t *unix_s);
/* Civil date (proleptic Gregorian, UTC) to seconds; no checks. */
int64_t text_civil(int year, int month, int day, int hour, int minute, int second);

#endif
