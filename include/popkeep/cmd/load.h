/* SPDX-License-Identifier: ISC */
/*
 * A configuration from the files on disk: what config/config.h does with them, and their
 * permissions.
 */
#ifndef POPKEEP_CMD_LOAD_H
#define POPKEEP_CMD_LOAD_H

#include "popkeep/config/config.h"

/* As config_load. A file that holds a password and is open to others is refused, too. */
int load_config(struct config *out, const char *file, const char *home, struct err *e);

#endif
