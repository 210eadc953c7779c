/* SPDX-License-Identifier: ISC */
/*
 * The keys of the configuration: one table that says where each may stand, what it means when it is
 * absent, and how its value is taken. The reader looks keys up in it, build.c applies it, the
 * manual's test and the spelling hints read it. Adding a key means adding a row and a setter.
 * Of use inside the config room only; others read config_keys() (config.h).
 */
#ifndef POPKEEP_CONFIG_KEYS_H
#define POPKEEP_CONFIG_KEYS_H

#include "popkeep/config/config.h"

enum { KEYS_COUNT = 32 };

/* What a setter may read and write. */
struct key_target {
    struct config *config;
    struct account *account;
    const char *home; /* null: unknown */
    const char *file; /* where the value stands */
    unsigned line;
    struct err *e;
};

/* Keys that belong together. Where two sections of which one inherits both give a leading key of a
 * group, it takes no key of that group from the other: not the password of one source beside
 * another, and not the name to verify of one server beside another's host. */
enum key_group { KEY_ALONE, KEY_OF_SERVER, KEY_OF_SECRET };
enum { KEY_GROUPS = 3 };

struct key_rule {
    /* Take `value` (trimmed, not empty, no control octets but tabs). -1 with *t->e, which says
     * what is wrong and lacks only "FILE:LINE: ". `user` was set before any key that may hold
     * "%u". */
    int (*set)(struct key_target *t, struct sv value);
    enum key_group group;
    bool leads;
    bool is_secret;  /* the value is the password itself */
    bool differs;    /* outside of an account only with %a or %u */
    bool at_top;     /* may stand before the first section, and again; never set */
    bool free_text;  /* " #" and quotes are part of the value */
    bool any_octets; /* need not be UTF-8 */
};

/* Null: no such key. */
const struct config_key *keys_find(struct sv name);
size_t keys_index(const struct config_key *key); /* its row, below KEYS_COUNT */
/* The index of a key that is in the table. */
size_t keys_row(const char *name);
/* The key meant by a misspelt name, or null. */
const char *keys_nearest(struct sv name);

#endif
