/* SPDX-License-Identifier: ISC */
/* The ledger's memory: entries, the ways to them, and the answers to questions. */
#include "popkeep/ledger/ledger.h"
#include "popkeep/ledger/ledger_inside.h"

#include <stdlib.h>
#include <string.h>

struct ledger *ledger_new(void)
{
    struct ledger *l = mem_zalloc(1, sizeof *l);
    l->next_id = 1;
    l->newest_stored = INT64_MIN;
    return l;
}

void ledger_free(struct ledger *l)
{
    if (l == NULL)
        return;
    for (uint32_t i = 0; i < l->blocks_n; i++)
        free(l->blocks[i]);
    for (uint32_t i = 0; i < l->id_pages_n; i++)
        free(l->id_pages[i]);
    for (size_t i = 0; i < l->marks_n; i++) {
        free(l->marks[i].name);
        free(l->marks[i].value);
    }
    free(l->blocks);
    free(l->id_pages);
    free(l->asked);
    free(l->marks);
    free(l->boots);
    index_free(&l->by_uidl);
    index_free(&l->by_content);
    index_free(&l->by_name);
    arena_free(&l->text);
    free(l);
}

/* ---- entries ---- */

struct ledger_cell *ledger_cell(const struct ledger *l, uint32_t index)
{
    return &l->blocks[index / LEDGER_BLOCK][index % LEDGER_BLOCK];
}

static uint32_t *id_place(struct ledger *l, uint32_t id)
{
    uint32_t page = id / LEDGER_ID_PAGE;
    if (page >= l->id_pages_n) {
        l->id_pages = mem_realloc(l->id_pages, (size_t)page + 1, sizeof *l->id_pages);
        for (uint32_t i = l->id_pages_n; i <= page; i++)
            l->id_pages[i] = NULL;
        l->id_pages_n = page + 1;
    }
    if (l->id_pages[page] == NULL)
        l->id_pages[page] = mem_zalloc(LEDGER_ID_PAGE, sizeof **l->id_pages);
    return &l->id_pages[page][id % LEDGER_ID_PAGE];
}

struct ledger_cell *ledger_new_cell(struct ledger *l, uint32_t id, uint32_t *index)
{
    if (l->count == l->blocks_n * LEDGER_BLOCK) {
        l->blocks = mem_realloc(l->blocks, (size_t)l->blocks_n + 1, sizeof(struct ledger_cell *));
        l->blocks[l->blocks_n++] = mem_alloc(LEDGER_BLOCK * sizeof(struct ledger_cell));
    }
    *index = l->count++;
    *id_place(l, id) = *index + 1;
    struct ledger_cell *c = ledger_cell(l, *index);
    memset(c, 0, sizeof *c);
    c->e.id = id;
    return c;
}

uint32_t ledger_index_of(const struct ledger *l, uint32_t id)
{
    uint32_t page = id / LEDGER_ID_PAGE;
    if (page >= l->id_pages_n || l->id_pages[page] == NULL)
        return LEDGER_NONE;
    return l->id_pages[page][id % LEDGER_ID_PAGE] - 1; /* 0 becomes LEDGER_NONE */
}

uint32_t ledger_count(const struct ledger *l)
{
    return l->count;
}

const struct ledger_entry *ledger_entry(const struct ledger *l, uint32_t index)
{
    return &ledger_cell(l, index)->e;
}

bool ledger_has_file(const struct ledger_entry *en)
{
    return en->state == LEDGER_STORED || en->state == LEDGER_ASKED || en->state == LEDGER_GONE;
}

bool ledger_replaceable(const struct ledger *l, uint32_t id)
{
    uint32_t index = ledger_index_of(l, id);
    return index != LEDGER_NONE && ledger_has_file(ledger_entry(l, index));
}

/* ---- the ways to an entry ---- */

struct probe {
    const struct ledger *l;
    const void *p;
    uint64_t n;
};

static bool same_uidl(const void *ctx, uint32_t item)
{
    const struct probe *k = ctx;
    const struct ledger_entry *en = ledger_entry(k->l, item);
    return en->uidl_n == k->n && memcmp(en->uidl, k->p, en->uidl_n) == 0;
}

static bool same_content(const void *ctx, uint32_t item)
{
    const struct probe *k = ctx;
    const struct ledger_entry *en = ledger_entry(k->l, item);
    return en->wire_octets == k->n && memcmp(en->wire_sha, k->p, HASH_OCTETS) == 0;
}

static bool same_name(const void *ctx, uint32_t item)
{
    const struct probe *k = ctx;
    const struct ledger_entry *en = ledger_entry(k->l, item);
    return en->state != LEDGER_VOID && strlen(en->name) == k->n &&
           memcmp(en->name, k->p, k->n) == 0;
}

/* A digest is as good a hash as any. */
static uint64_t content_hash(const unsigned char *sha)
{
    uint64_t h;
    memcpy(&h, sha, sizeof h);
    return h;
}

/* What the two chains have in common. */
struct way {
    size_t next;  /* of the link in struct ledger_cell */
    size_t index; /* of the table in struct ledger */
    index_same same;
    struct probe (*key)(const struct ledger *l, const struct ledger_entry *en);
    uint64_t (*hash)(const struct ledger_entry *en);
    bool (*belongs)(const struct ledger_entry *en);
};

static struct probe uidl_key(const struct ledger *l, const struct ledger_entry *en)
{
    return (struct probe){l, en->uidl, en->uidl_n};
}

static uint64_t uidl_hash(const struct ledger_entry *en)
{
    return hash_mix(en->uidl, en->uidl_n);
}

static bool uidl_belongs(const struct ledger_entry *en)
{
    return en->uidl_n > 0 && en->state != LEDGER_VOID && en->state != LEDGER_REPLACED;
}

static struct probe content_key(const struct ledger *l, const struct ledger_entry *en)
{
    return (struct probe){l, en->wire_sha, en->wire_octets};
}

static uint64_t entry_content_hash(const struct ledger_entry *en)
{
    return content_hash(en->wire_sha);
}

static const struct way uidl_way = {offsetof(struct ledger_cell, uidl_next),
                                    offsetof(struct ledger, by_uidl),
                                    same_uidl,
                                    uidl_key,
                                    uidl_hash,
                                    uidl_belongs};
static const struct way content_way = {offsetof(struct ledger_cell, content_next),
                                       offsetof(struct ledger, by_content),
                                       same_content,
                                       content_key,
                                       entry_content_hash,
                                       ledger_has_file};

static uint32_t *link_of(const struct way *w, const struct ledger *l, uint32_t index)
{
    return (uint32_t *)(void *)((char *)ledger_cell(l, index) + w->next);
}

static struct index *index_of(const struct way *w, struct ledger *l)
{
    return (struct index *)(void *)((char *)l + w->index);
}

static void chain_in(const struct way *w, struct ledger *l, uint32_t index)
{
    const struct ledger_entry *en = ledger_entry(l, index);
    struct probe key = w->key(l, en);
    uint64_t hash = w->hash(en);
    uint32_t *slot = index_find(index_of(w, l), hash, w->same, &key);
    *link_of(w, l, index) = slot ? index_item(slot) : LEDGER_NONE;
    if (slot)
        index_replace(slot, index);
    else
        index_put(index_of(w, l), hash, index);
}

/* Growing puts all in again, in the order of the entries: they lie in memory like that. */
static void link_in(const struct way *w, struct ledger *l, uint32_t index)
{
    if (!w->belongs(ledger_entry(l, index)))
        return;
    struct index *x = index_of(w, l);
    if (!index_full(x)) {
        chain_in(w, l, index);
        return;
    }
    /* many of the used slots may be dropped ones: then the size will do */
    index_reset(x, l->count > x->cap / 2 ? x->cap : x->cap / 2);
    for (uint32_t i = 0; i < l->count; i++)
        if (w->belongs(ledger_entry(l, i)))
            chain_in(w, l, i);
}

static void unlink_from(const struct way *w, struct ledger *l, uint32_t index)
{
    const struct ledger_entry *en = ledger_entry(l, index);
    if (!w->belongs(en))
        return;
    struct probe key = w->key(l, en);
    uint32_t *slot = index_find(index_of(w, l), w->hash(en), w->same, &key);
    uint32_t at = index_item(slot);
    uint32_t next = *link_of(w, l, index);
    if (at == index && next == LEDGER_NONE) {
        index_drop(slot);
    } else if (at == index) {
        index_replace(slot, next);
    } else {
        while (*link_of(w, l, at) != index)
            at = *link_of(w, l, at);
        *link_of(w, l, at) = next;
    }
}

void ledger_link_uidl(struct ledger *l, uint32_t index)
{
    link_in(&uidl_way, l, index);
}

void ledger_unlink_uidl(struct ledger *l, uint32_t index)
{
    unlink_from(&uidl_way, l, index);
}

void ledger_link_content(struct ledger *l, uint32_t index)
{
    link_in(&content_way, l, index);
}

void ledger_unlink_content(struct ledger *l, uint32_t index)
{
    unlink_from(&content_way, l, index);
}

static void name_in(struct ledger *l, uint32_t index)
{
    const char *name = ledger_entry(l, index)->name;
    index_put(&l->by_name, hash_mix(name, strlen(name)), index);
}

void ledger_link_name(struct ledger *l, uint32_t index)
{
    if (!l->names_wanted)
        return;
    if (!index_full(&l->by_name)) {
        name_in(l, index);
        return;
    }
    index_reset(&l->by_name, l->count);
    for (uint32_t i = 0; i < l->count; i++)
        name_in(l, i);
}

/* ---- questions ---- */

uint32_t ledger_by_uidl(const struct ledger *l, struct sv uidl, uint32_t after)
{
    if (after != LEDGER_NONE)
        return ledger_cell(l, after)->uidl_next;
    if (uidl.n == 0)
        return LEDGER_NONE;
    struct probe key = {l, uidl.p, uidl.n};
    uint32_t *slot = index_find(&l->by_uidl, hash_mix(uidl.p, uidl.n), same_uidl, &key);
    return slot ? index_item(slot) : LEDGER_NONE;
}

uint32_t ledger_by_content(const struct ledger *l, const unsigned char wire_sha[HASH_OCTETS],
                           uint64_t wire_octets, uint32_t after)
{
    if (after != LEDGER_NONE)
        return ledger_cell(l, after)->content_next;
    struct probe key = {l, wire_sha, wire_octets};
    uint32_t *slot = index_find(&l->by_content, content_hash(wire_sha), same_content, &key);
    return slot ? index_item(slot) : LEDGER_NONE;
}

uint32_t ledger_by_name(struct ledger *l, struct sv name)
{
    if (!l->names_wanted) {
        l->names_wanted = true;
        index_reset(&l->by_name, l->count);
        for (uint32_t i = 0; i < l->count; i++)
            name_in(l, i);
    }
    struct probe key = {l, name.p, name.n};
    uint32_t *slot = index_find(&l->by_name, hash_mix(name.p, name.n), same_name, &key);
    return slot ? index_item(slot) : LEDGER_NONE;
}

uint32_t ledger_next_id(const struct ledger *l)
{
    return l->next_id;
}

uint64_t ledger_count_state(const struct ledger *l, enum ledger_state s)
{
    return l->states[s];
}

int64_t ledger_newest(const struct ledger *l)
{
    return l->newest;
}

uint64_t ledger_lines(const struct ledger *l)
{
    return l->lines;
}

const struct ledger_header *ledger_header(const struct ledger *l)
{
    return &l->header;
}

const struct ledger_run *ledger_run(const struct ledger *l)
{
    return &l->run;
}

struct sv ledger_mark(const struct ledger *l, const char *name)
{
    for (size_t i = 0; i < l->marks_n; i++)
        if (sv_eq_c(sv_of(l->marks[i].name), name))
            return sv_make(l->marks[i].value, l->marks[i].n);
    return SV_NULL;
}

uint32_t ledger_old_before(const struct ledger *l)
{
    return ledger_mark(l, "hold").p ? l->hold_before : l->run.known_before;
}

void ledger_set_mark(struct ledger *l, struct sv name, struct sv value)
{
    size_t i = 0;
    while (i < l->marks_n && !sv_eq_c(name, l->marks[i].name))
        i++;
    if (value.p == NULL || sv_eq_c(value, "-")) {
        if (i == l->marks_n)
            return;
        free(l->marks[i].name);
        free(l->marks[i].value);
        l->marks[i] = l->marks[--l->marks_n];
        return;
    }
    if (i == l->marks_n) {
        l->marks = mem_realloc(l->marks, l->marks_n + 1, sizeof *l->marks);
        l->marks[l->marks_n++] = (struct ledger_mark_value){.name = mem_strndup(name.p, name.n)};
    }
    free(l->marks[i].value);
    l->marks[i].value = mem_strndup(value.p, value.n);
    l->marks[i].n = value.n;
}

uint32_t ledger_boot(const struct ledger *l, struct sv boot_id)
{
    if (boot_id.n > LEDGER_BOOT_ID_MAX)
        boot_id.n = LEDGER_BOOT_ID_MAX;
    if (boot_id.n == 0)
        return 0;
    for (uint32_t i = l->boots_n; i > 0; i--) /* the last one is asked for most */
        if (sv_eq_c(boot_id, l->boots[i - 1].id))
            return i;
    return 0;
}

bool ledger_boot_offsets(const struct ledger *l, uint32_t boot, int64_t *low, int64_t *high)
{
    if (boot == 0 || boot > l->boots_n || !l->boots[boot - 1].any)
        return false;
    *low = l->boots[boot - 1].low;
    *high = l->boots[boot - 1].high;
    return true;
}

int64_t ledger_clock_trusted(const struct ledger *l)
{
    return l->trusted;
}
