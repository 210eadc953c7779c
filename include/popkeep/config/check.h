/* SPDX-License-Identifier: ISC */
/*
 * What must be true of accounts beyond the form of each value: nothing missing, no server that
 * cannot be one, no two accounts in each other's way.
 * Of use inside the config room only.
 */
#ifndef POPKEEP_CONFIG_CHECK_H
#define POPKEEP_CONFIG_CHECK_H

#include "popkeep/config/keys.h"

/* Where the values of one account come from, by keys_index(). */
struct check_origin {
    const char *file[KEYS_COUNT];
    unsigned line[KEYS_COUNT]; /* 0: not given */
    bool own[KEYS_COUNT];      /* given in the account's own section */
};

/* One account by itself, after the preset was applied. May add to c->warnings. -1 with the whole
 * text, "FILE:LINE: " included. */
int check_account(struct config *c, const struct account *a, const struct check_origin *from,
                  struct err *e);

/* start_jitter and max_time of [defaults], against each other. */
int check_times(const struct config *c, const struct check_origin *from, struct err *e);

/* All accounts against each other. */
int check_accounts(const struct config *c, struct err *e);

#endif
