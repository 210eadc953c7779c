/* SPDX-License-Identifier: ISC */
/* Whose turn it is. A run has some thousand accounts at most, and looks for the next one only when
 * a place is free: a list in order is quick enough. */
#include "popkeep/run/turn.h"

#include "popkeep/base/mem.h"

#include <stdlib.h>
#include <string.h>

void turns_init(struct turns *t, size_t n, unsigned limit, unsigned per_host)
{
    *t = (struct turns){.limit = limit, .per_host = per_host};
    t->v = mem_zalloc(n, sizeof *t->v);
    t->waiting = mem_zalloc(n, sizeof *t->waiting);
    t->at_host = mem_zalloc(n, sizeof *t->at_host);
}

void turns_free(struct turns *t)
{
    free(t->v);
    free(t->waiting);
    free(t->at_host);
    *t = (struct turns){0};
}

void turns_add(struct turns *t, int64_t since, int64_t not_before_ms)
{
    t->v[t->n] =
        (struct turn){.since = since, .not_before_ms = not_before_ms, .host = TURNS_HOST_UNKNOWN};
    t->waiting[t->n_waiting++] = t->n++;
}

static void take_out(struct turns *t, size_t at)
{
    t->n_waiting--;
    memmove(t->waiting + at, t->waiting + at + 1, (t->n_waiting - at) * sizeof *t->waiting);
}

void turns_leave_out(struct turns *t, size_t i)
{
    for (size_t k = 0; k < t->n_waiting; k++)
        if (t->waiting[k] == i) {
            take_out(t, k);
            return;
        }
}

struct by_turn {
    int64_t since;
    size_t i;
};

static int compare(const void *a, const void *b)
{
    const struct by_turn *x = a, *y = b;

    if (x->since != y->since)
        return x->since < y->since ? -1 : 1;
    return x->i < y->i ? -1 : x->i > y->i;
}

void turns_sort(struct turns *t)
{
    struct by_turn *order = mem_zalloc(t->n_waiting, sizeof *order);

    for (size_t k = 0; k < t->n_waiting; k++)
        order[k] = (struct by_turn){t->v[t->waiting[k]].since, t->waiting[k]};
    qsort(order, t->n_waiting, sizeof *order, compare);
    for (size_t k = 0; k < t->n_waiting; k++)
        t->waiting[k] = order[k].i;
    free(order);
}

void turns_host(struct turns *t, size_t i, int host)
{
    t->v[i].host = host;
}

static bool may_begin(const struct turns *t, const struct turn *one, int64_t now_ms)
{
    return one->host != TURNS_HOST_UNKNOWN && one->not_before_ms <= now_ms &&
           t->at_host[one->host] < t->per_host;
}

size_t turns_next(struct turns *t, int64_t now_ms)
{
    if (t->closed || t->running >= t->limit)
        return TURNS_NONE;
    for (size_t k = 0; k < t->n_waiting; k++) {
        size_t i = t->waiting[k];
        if (!may_begin(t, &t->v[i], now_ms))
            continue;
        take_out(t, k);
        t->running++;
        t->at_host[t->v[i].host]++;
        return i;
    }
    return TURNS_NONE;
}

void turns_end(struct turns *t, size_t i)
{
    t->running--;
    t->at_host[t->v[i].host]--;
}

void turns_put_back(struct turns *t, size_t i)
{
    turns_end(t, i);
    memmove(t->waiting + 1, t->waiting, t->n_waiting++ * sizeof *t->waiting);
    t->waiting[0] = i;
    t->limit = t->running > 1 ? t->running - 1 : 1;
}

void turns_again(struct turns *t, size_t i, int64_t not_before_ms)
{
    t->v[i].not_before_ms = not_before_ms;
    t->v[i].spare = true;
    t->waiting[t->n_waiting++] = i;
}

void turns_close(struct turns *t)
{
    t->closed = true;
}

size_t turns_left(const struct turns *t)
{
    size_t n = 0;

    if (t->closed)
        return 0;
    for (size_t k = 0; k < t->n_waiting; k++)
        n += !t->v[t->waiting[k]].spare;
    return n;
}

enum turns_phase turns_phase(int64_t now_ms, int64_t end_ms, int64_t grace_ms)
{
    if (end_ms == 0 || now_ms < end_ms)
        return TURNS_GOING;
    return now_ms - end_ms < grace_ms ? TURNS_OVER : TURNS_KILL;
}

int64_t turns_jitter_ms(uint64_t random, unsigned jitter_s)
{
    return (int64_t)(random % ((uint64_t)jitter_s * 1000 + 1));
}
