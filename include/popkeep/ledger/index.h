/* SPDX-License-Identifier: ISC */
/*
 * A hash table of small numbers (positions in somebody's array): open addressing, four octets a
 * slot, a few bits of the hash kept beside the number so that other keys are rarely looked at.
 * Pure.
 *
 * The keys stay with the owner, who hands in their hash and, for looking up, a test for equality.
 * Order: zeroed struct -> index_full? then index_reset to twice the size and put all again ->
 * index_put -> index_find -> index_free. At most three quarters of the slots are used.
 */
#ifndef POPKEEP_LEDGER_INDEX_H
#define POPKEEP_LEDGER_INDEX_H

#include <stdbool.h>
#include <stdint.h>

enum { INDEX_ITEM_BITS = 26, INDEX_ITEM_MAX = (1 << INDEX_ITEM_BITS) - 3 };

struct index {
    uint32_t *slots;
    uint32_t cap;  /* 0 or a power of two */
    uint32_t used; /* slots that are not empty; dropped ones count */
};

/* Is item the one that is looked for? `ctx` is what index_find was given. */
typedef bool (*index_same)(const void *ctx, uint32_t item);

void index_free(struct index *x);
bool index_full(const struct index *x); /* index_put needs an index_reset first */
/* Empty it, with room for `items` more at the least. */
void index_reset(struct index *x, uint32_t items);
/* Put an item in without looking for an equal one. Not on a full index. */
void index_put(struct index *x, uint64_t hash, uint32_t item);
/* The slot of the item with this key, or null. Good until the next put or reset. */
uint32_t *index_find(const struct index *x, uint64_t hash, index_same same, const void *ctx);
uint32_t index_item(const uint32_t *slot);
void index_replace(uint32_t *slot, uint32_t item); /* another item with the same key */
void index_drop(uint32_t *slot);

#endif
