/* SPDX-License-Identifier: ISC */
/*
 * The sections of all files as they stand there: raw values with their places, nothing inherited or
 * understood yet. The reader fills them; build.c makes accounts of them.
 * Of use inside the config room only.
 */
#ifndef POPKEEP_CONFIG_SECTION_H
#define POPKEEP_CONFIG_SECTION_H

#include "popkeep/config/keys.h"
#include "popkeep/config/reader.h"

enum section_kind { SECTION_DEFAULTS, SECTION_PROFILE, SECTION_ACCOUNT };

struct section {
    enum section_kind kind;
    char *name;              /* null: [defaults] */
    const char *file;        /* not owned */
    unsigned line;           /* 0: [defaults], and in no file */
    char *value[KEYS_COUNT]; /* null: not given; wiped, as some are passwords */
    unsigned line_of[KEYS_COUNT];
    bool leads[KEY_GROUPS]; /* gives a leading key of the group itself */
};

/* One "include = PATTERN". */
struct section_include {
    char *pattern;
    const char *file; /* not owned */
    unsigned line;
};

struct sections {
    struct section defaults;
    struct section *list; /* profiles and accounts, as they were read */
    size_t n, room;
    size_t n_accounts;
    struct section_include *includes;
    size_t n_includes;
    struct section *now;      /* the one being read, null before the first of a file */
    struct config_file *file; /* the one being read */
};

/* Read one file's text into *s. Errors with "FILE:LINE: ". */
int sections_read(struct sections *s, struct sv text, struct config_file *file, struct err *e);
void sections_free(struct sections *s);

/* Where something else stands, for messages: "line 4" in the same file, else "FILE:4". */
enum { SECTION_WHERE = 192 };
char *section_where(char out[SECTION_WHERE], const char *file, unsigned line,
                    const char *seen_from);

#endif
