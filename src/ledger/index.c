/* SPDX-License-Identifier: ISC */
/* A hash table of small numbers. */
#include "popkeep/ledger/index.h"
#include "popkeep/base/mem.h"

#include <stdlib.h>

/* A slot is the top bits of the hash over the item + 1; 0 is empty, DROPPED was in use once. */
#define DROPPED   UINT32_MAX
#define ITEM_MASK ((UINT32_C(1) << INDEX_ITEM_BITS) - 1)
enum { CAP_LEAST = 16 };

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> (32 + INDEX_ITEM_BITS)) << INDEX_ITEM_BITS;
}

void index_free(struct index *x)
{
    free(x->slots);
    *x = (struct index){0};
}

bool index_full(const struct index *x)
{
    return x->cap == 0 || x->used >= x->cap / 4 * 3;
}

void index_reset(struct index *x, uint32_t items)
{
    uint32_t cap = CAP_LEAST;
    while (cap / 4 * 3 <= items)
        cap *= 2;
    free(x->slots);
    x->slots = mem_zalloc(cap, sizeof *x->slots);
    x->cap = cap;
    x->used = 0;
}

void index_put(struct index *x, uint64_t hash, uint32_t item)
{
    uint32_t at = (uint32_t)hash & (x->cap - 1);
    while (x->slots[at] != 0)
        at = (at + 1) & (x->cap - 1);
    x->slots[at] = tag_of(hash) | (item + 1);
    x->used++;
}

uint32_t *index_find(const struct index *x, uint64_t hash, index_same same, const void *ctx)
{
    if (x->cap == 0)
        return NULL;
    uint32_t tag = tag_of(hash);
    for (uint32_t at = (uint32_t)hash & (x->cap - 1); x->slots[at] != 0;
         at = (at + 1) & (x->cap - 1)) {
        uint32_t slot = x->slots[at];
        if (slot != DROPPED && (slot & ~ITEM_MASK) == tag && same(ctx, index_item(&slot)))
            return &x->slots[at];
    }
    return NULL;
}

uint32_t index_item(const uint32_t *slot)
{
    return (*slot & ITEM_MASK) - 1;
}

void index_replace(uint32_t *slot, uint32_t item)
{
    *slot = (*slot & ~ITEM_MASK) | (item + 1);
}

void index_drop(uint32_t *slot)
{
    *slot = DROPPED;
}
