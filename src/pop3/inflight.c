/* SPDX-License-Identifier: ISC */
/* The ring of commands in flight. */
#include "popkeep/pop3/inflight.h"

#include "popkeep/base/mem.h"

#include <stdlib.h>

void inflight_free(struct inflight *q)
{
    free(q->ring);
    *q = (struct inflight){.ring = NULL};
}

static void grow(struct inflight *q)
{
    size_t cap = q->cap > 0 ? 2 * q->cap : 64;
    struct pending *ring = mem_zalloc(cap, sizeof *ring);
    for (size_t i = 0; i < q->count; i++)
        ring[i] = q->ring[(q->first + i) % q->cap];
    free(q->ring);
    q->ring = ring;
    q->first = 0;
    q->cap = cap;
}

void inflight_add(struct inflight *q, struct pending p)
{
    if (q->count == q->cap)
        grow(q);
    q->ring[(q->first + q->count) % q->cap] = p;
    q->count++;
}

void inflight_drop(struct inflight *q)
{
    q->first = (q->first + 1) % q->cap;
    q->count--;
}

const struct pending *inflight_oldest(const struct inflight *q)
{
    return q->count > 0 ? &q->ring[q->first] : NULL;
}
