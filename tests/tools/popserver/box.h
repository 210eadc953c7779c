/* SPDX-License-Identifier: ISC */
/*
 * A maildrop made of files: DIR/NAME.eml (every line end becomes CRLF on the wire) and DIR/NAME.raw
 * (octets as they are), in the order of their names. A mail without a final line end gets CRLF, as
 * real servers do. Mail that leaves the mailbox is moved to DIR/gone (deleted) or DIR/hidden (no
 * longer listed), so that later sessions do not see it and tests can.
 */
#ifndef POPSERVER_BOX_H
#define POPSERVER_BOX_H

#include "script.h"

struct message {
    char *name;                 /* with its ending */
    uint64_t octets, octets_lf; /* on the wire; the same with LF line ends. Valid when measured. */
    bool measured, raw;
    bool deleted, retrieved;
};

struct box {
    const char *dir;
    struct message *m;
    size_t n;
};

int box_open(struct box *b, const struct script *s, const char *dir);
void box_measure(struct box *b, struct message *m);
/* Map the file; null for an empty one (n = 0) and, with n = SIZE_MAX, for one that cannot be read.
 */
const char *box_map(const struct box *b, const struct message *m, size_t *n);
void box_unmap(const char *p, size_t n);
void box_move(const struct box *b, const struct message *m, const char *to);

#endif
