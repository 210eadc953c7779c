/* SPDX-License-Identifier: ISC */
/*
 * The inside of pool_run, shared by pool.c (which worker begins, its pipe, its end) and pool_tell.c
 * (what is told of it). Nobody else includes this.
 */
#ifndef POPKEEP_RUN_POOL_INSIDE_H
#define POPKEEP_RUN_POOL_INSIDE_H

#include "popkeep/run/hosts.h"
#include "popkeep/run/pool.h"
#include "popkeep/run/turn.h"

#include <poll.h>

enum { POOL_HELD_MAX = 4 * EVENT_STR_MAX };

struct slot {
    const struct account *account;
    size_t index; /* of the account in the configuration */
    pid_t pid;
    struct buf rest; /* the beginning of an event that is not whole yet */
    struct buf held; /* told when it is clear that there is no further try */
    enum status status;
    struct buf end;   /* its EVENT_ACCOUNT_END, told once the process has ended as well */
    bool in_use;      /* ... and then it may be tried again */
    bool again;       /* this is that try */
    struct buf first; /* ... and this the EVENT_ACCOUNT_END of the one before, never told */
    bool nonsense;    /* what it wrote is no event */
    bool begun;
    int64_t began; /* unix s */
};

/* Why no further account begins. */
enum ending { ENDING_NOT, ENDING_SIGNAL, ENDING_TIME, ENDING_FAILURE };

struct pool {
    const struct pool_job *job;
    int root_fd; /* the state folder, -1: there is none yet */
    struct slot *slots;
    size_t n;
    struct turns turns; /* of the slots, by their index */
    struct hosts hosts;
    struct pollfd *fds; /* of those that run (-1: it has closed its pipe), and one for the hosts */
    size_t *which;      /* their slots */
    size_t n_running;
    int64_t in_order_ms; /* until then nobody begins while a host is looked up */
    char *in;            /* for each read */
    enum ending ending;
    const struct slot *failed; /* ENDING_FAILURE: which one */
    bool told_to_end, killed;
};

/* EVENT_NOTE, EVENT_ERROR or EVENT_ACCOUNT_END of an account, with s->status; `stage` goes along
 * with what is no success. */
void pool_tell_slot(const struct pool *p, enum event_kind kind, const struct slot *s, int64_t stage,
                    const char *reason, const char *text);
/* Of the run as a whole: EVENT_NOTE or, with ST_TEMP, EVENT_ERROR. */
void pool_tell_run(const struct pool *p, enum event_kind kind, struct sv text);

/* EVENT_ACCOUNT_START; or that it is tried once more. */
void pool_begin(struct pool *p, struct slot *s);
void pool_begin_again(struct pool *p, struct slot *s);
/* What came from the worker, now or when it is clear that there is no further try. */
void pool_take_event(struct pool *p, struct slot *s, const struct event *ev);
void pool_let_go(struct pool *p, struct slot *s);
/* The worker has ended: EVENT_ACCOUNT_END, with its own numbers if it told any. */
void pool_tell_its_end(struct pool *p, struct slot *s);
/* Nobody begins any more: those that were not begun, and those for whose second try there was no
 * time. */
void pool_finish_rest(struct pool *p);

#endif
