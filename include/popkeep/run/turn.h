/* SPDX-License-Identifier: ISC */
/*
 * Whose turn it is: which account of a run is begun next, and when. No I/O and no clock: times are
 * handed in.
 *
 * Order: turns_init, turns_add for each account, turns_sort; turns_host as soon as it is known
 * which server an account is at; then turns_next / turns_end / turns_again until nothing runs and
 * turns_left is 0. Accounts are numbered as they were added.
 *
 * Of the accounts that may begin, the one that has been waiting longest comes first (`since`, unix
 * s; equal ones as they were added). At most `limit` run at a time, at most `per_host` at one host.
 */
#ifndef POPKEEP_RUN_TURN_H
#define POPKEEP_RUN_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TURNS_NONE SIZE_MAX /* of turns_next: nobody now */
enum { TURNS_HOST_UNKNOWN = -1 };

struct turns {
    struct turn {
        int64_t since;
        int64_t not_before_ms;
        int host;   /* number of the server, or TURNS_HOST_UNKNOWN: not begun before */
        bool spare; /* a further try: the run does not wait for it */
    } * v;
    size_t n;
    size_t *waiting; /* in the order of their turns */
    size_t n_waiting;
    unsigned *at_host; /* how many run there */
    unsigned running, limit, per_host;
    bool closed;
};

/* Room for n accounts, whose hosts are numbered 0 to n - 1. */
void turns_init(struct turns *t, size_t n, unsigned limit, unsigned per_host);
void turns_free(struct turns *t);

/* `since`: when it was last served, 0: never. `not_before_ms`: on the clock of `now_ms`. */
void turns_add(struct turns *t, int64_t since, int64_t not_before_ms);
/* This account is not to be begun at all; before turns_sort. */
void turns_leave_out(struct turns *t, size_t i);
void turns_sort(struct turns *t);
void turns_host(struct turns *t, size_t i, int host);

/* The next to begin, which counts as running from here; or TURNS_NONE. */
size_t turns_next(struct turns *t, int64_t now_ms);
void turns_end(struct turns *t, size_t i);
/* This one cannot begin while so many run: it is the next when one of them has ended, and from now
 * on one fewer runs at a time. Only while another runs. */
void turns_put_back(struct turns *t, size_t i);
/* One that has ended comes again, behind all others, not before that time. */
void turns_again(struct turns *t, size_t i, int64_t not_before_ms);
/* Nobody is begun any more. */
void turns_close(struct turns *t);
/* How many wait, further tries left aside; of a closed one 0. */
size_t turns_left(const struct turns *t);

/* The time a run may take. end_ms 0: there is no end. */
enum turns_phase {
    TURNS_GOING,
    TURNS_OVER, /* those that run are told to end */
    TURNS_KILL  /* the grace is over, too */
};
enum turns_phase turns_phase(int64_t now_ms, int64_t end_ms, int64_t grace_ms);
/* When a run with start_jitter begins, out of 64 random bits: 0 to jitter_s seconds, in ms. */
int64_t turns_jitter_ms(uint64_t random, unsigned jitter_s);

#endif
