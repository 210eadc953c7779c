/* SPDX-License-Identifier: ISC */
/*
 * Texts for people in their language. What is written in the sources is English; the catalogue
 * src/po/LANGUAGE.po holds the others. gettext is part of the C library; which language is in
 * force, and where its catalogue is, sys/language says once at the start (never with --json, in a
 * journal or on the wire: those are English).
 *
 * How a text gets translated
 *   err_set, err_sys, err_add, err_advise, tell_text, tell_trouble and tr_addf translate the format
 *   they are given: it needs no mark, only to be one literal.
 *   Where a number meets a noun: trn_addf(b, n, "%lld message", "%lld messages", n), or
 *   err_set(e, s, trn("%u message", "%u messages", n), n). Never an "s" put on by hand.
 *   In a table: N_("text"), and tr() where it is printed.
 *   One English word for two things: NC_("context", "text") and tr_in("context", text), or
 *   tr_in("context", "text") alone.
 *   A sentence is one format string, never glued of pieces: the order of words is another in each
 *   language (the catalogue may write %2$s before %1$s). A word that stands alone, like a label, is
 *   a text of its own. What a translator cannot know stands in a comment beginning with "TRANS:"
 *   right above the text.
 *   Not translated: commands, options, keys, values, stable words of JSON, POP3, file names.
 *
 * `make check-po` fails on a text that src/po/tr.po does not hold or has not translated.
 */
#ifndef POPKEEP_BASE_TRANSLATE_H
#define POPKEEP_BASE_TRANSLATE_H

#include "popkeep/base/bytes.h"

/* Marks a text where no function can be called; it is translated by tr() where it is used. */
#define N_(text)           text
#define NC_(context, text) text

/* The text in the language of messages, or `msgid` itself. Never freed. A null stays null. */
const char *tr(const char *msgid) __attribute__((format_arg(1)));

/* The same for a text that means several things in English; `context` tells them apart. */
const char *tr_in(const char *context, const char *msgid) __attribute__((format_arg(2)));

/* The form for n things. */
const char *trn(const char *one, const char *several, uint64_t n)
    __attribute__((format_arg(1), format_arg(2)));

/* buf_addf with the format translated: same arguments, same result. */
int tr_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int trn_addf(struct buf *b, uint64_t n, const char *one, const char *several, ...)
    __attribute__((format(printf, 3, 5), format(printf, 4, 5)));

#endif
