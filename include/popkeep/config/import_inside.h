/* SPDX-License-Identifier: ISC */
/* What the column of a table is by its title. Of use to import.c only. */
#ifndef POPKEEP_CONFIG_IMPORT_INSIDE_H
#define POPKEEP_CONFIG_IMPORT_INSIDE_H

#include "popkeep/base/bytes.h"

enum import_column { COL_CODE, COL_ADDRESS, COL_PASSWORD_FILE, COL_HOST, COL_OTHER, COL_PASSWORD };

/* English or Turkish, in UTF-8 or Windows-1254; case, blanks, dashes and the marks of letters do
 * not count. COL_PASSWORD: it seems to hold passwords themselves. COL_OTHER: not known. */
enum import_column import_column(struct sv title);

#endif
