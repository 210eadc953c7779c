/* SPDX-License-Identifier: ISC */
/*
 * Sections -> accounts: what each inherits, what each key means, what must be true of the whole.
 * Of use inside the config room only.
 */
#ifndef POPKEEP_CONFIG_BUILD_H
#define POPKEEP_CONFIG_BUILD_H

#include "popkeep/config/section.h"

/* Errors with "FILE:LINE: "; *c then holds what was built so far, for config_free. */
int build_accounts(struct config *c, const struct sections *s, const char *home, struct err *e);
void build_account_free(struct account *a);

#endif
