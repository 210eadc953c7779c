/* SPDX-License-Identifier: ISC */
/*
 * Keeps the lines of one account together: what several accounts that run at a time say is kept
 * until each of them ends. Pure: text is handed in and handed out.
 *
 * An account that says more than WHOLE_MAX octets (each message of a large mailbox, with -v) is let
 * go before its end, and begins to be kept anew; every line of it names the account all the same.
 */
#ifndef POPKEEP_REPORT_WHOLE_H
#define POPKEEP_REPORT_WHOLE_H

#include "popkeep/base/bytes.h"

enum { WHOLE_MAX = 1024 * 1024 };

struct whole {
    struct whole_account {
        char *name;
        struct buf text; /* pieces: stream (1 octet), length (4), octets */
    } * v;
    size_t n, room;
};

/* Where text goes when it is let go; pieces for one stream that follow each other come as one. */
typedef void whole_out(void *ctx, int stream, struct sv text);

void whole_free(struct whole *w); /* what is still kept is lost: whole_end_all first */
/* Keep, or let go at once when it would be too much. `stream` is a number from 0 to 255. */
void whole_add(struct whole *w, struct sv account, int stream, struct sv text, whole_out *out,
               void *ctx);
/* This account has ended. */
void whole_end(struct whole *w, struct sv account, whole_out *out, void *ctx);
/* All have: in the order in which they began to speak. */
void whole_end_all(struct whole *w, whole_out *out, void *ctx);

#endif
