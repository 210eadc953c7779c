/* SPDX-License-Identifier: ISC */
/*
 * The language of messages, from the environment: LC_MESSAGES is the only part of the locale that
 * popkeep sets. LC_CTYPE stays "C": that of tr_TR would bend protocol words.
 */
#ifndef POPKEEP_SYS_LANGUAGE_H
#define POPKEEP_SYS_LANGUAGE_H

/* To be called once, before the first text is made and before there are threads. From then on
 * base/translate gives texts in the language of LANGUAGE, LC_ALL, LC_MESSAGES or LANG, in UTF-8, if
 * there is a catalogue for it below TEXTDOMAINDIR or else below ../share/locale, seen from the
 * folder the program is in (so PREFIX is nowhere compiled in). It stays with English where the
 * environment asks for characters that are neither UTF-8 nor plain ASCII, and in a program that
 * runs with more rights than its user: a catalogue holds formats for printf. */
void language_enter(void);

#endif
