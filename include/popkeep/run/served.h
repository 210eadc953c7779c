/* SPDX-License-Identifier: ISC */
/*
 * When an account was last served, how that ended, and what its server said of further logins: a
 * small file beside the journal, so that a run of a thousand accounts can put them in order without
 * opening a journal, and that `status` knows of runs that ended before there was one.
 *
 * It only saves time and refusals: it may be lost, torn or removed without harm (store/cache.h).
 * All times are unix s of the wall clock; one that lies ahead of now is not believed.
 */
#ifndef POPKEEP_RUN_SERVED_H
#define POPKEEP_RUN_SERVED_H

#include "popkeep/base/bytes.h"

enum {
    SERVED_FAILURES = 3,        /* so many failed runs in a row: no claim to be first any more */
    SERVED_DELAY_MAX_S = 86400, /* a longer LOGIN-DELAY is not believed */
    SERVED_DELAY_UNKNOWN_S = 60 /* refused with [LOGIN-DELAY], and the server gives no number */
};

struct served {
    int64_t last_success; /* 0: never */
    int64_t last_try;
    uint64_t failed_in_a_row;
    int64_t last_login;
    uint64_t last_status; /* enum status, of last_try */
    int64_t delay_s;      /* seconds from one login to the next (RFC 2449 section 6.5); 0: none */
};

/* Nothing known: all zero. */
void served_parse(struct served *s, struct sv text);
void served_text(struct buf *out, const struct served *s); /* always of one length */

/* Since when it waits, for turns_add. An account that fails in run after run waits since its last
 * try: else a few dead mailboxes would be first in every run and use up its time. */
int64_t served_since(const struct served *s, int64_t now);
/* Seconds until the server lets it log in again; 0: now. */
int64_t served_delay_left(const struct served *s, int64_t now);

/* `dir` is the account's folder, relative to dir_fd. */
void served_load(struct served *s, int dir_fd, const char *dir);
void served_save(const struct served *s, int account_dir_fd);

#endif
