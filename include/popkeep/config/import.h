/* SPDX-License-Identifier: ISC */
/*
 * A table of mailboxes (csv.h) -> sections for popkeep.conf. Pure.
 *
 * Columns are the code (it becomes the account's name), the address, and, if wanted, a password
 * file and a host. With a header line they are found by name, in English or Turkish, whatever the
 * case, and other columns are passed over; without one they are the first, the second and the
 * third. A first line without any "@" is a header.
 *
 * The server is that of the address's domain, unless there is a host. What all rows share stands
 * once, in a profile of the table's name, with %a for the code.
 */
#ifndef POPKEEP_CONFIG_IMPORT_H
#define POPKEEP_CONFIG_IMPORT_H

#include "popkeep/base/bytes.h"

enum { IMPORT_ERRORS_MAX = 40 }; /* told; the rest is counted */

struct import {
    struct buf out; /* the sections; config_parse takes them as they are */
    /* "FILE:LINE: text\n", whole sentences; nothing of the table in them harms a terminal */
    struct buf errors;
    size_t accounts;
    size_t wrong; /* rows */
};

/* `file` is for messages and names the profile ("stdin" does not). -1: something is wrong, then
 * `out` is empty. The caller ends with import_free in any case. */
int import_table(struct import *im, struct sv text, const char *file);
void import_free(struct import *im);

#endif
