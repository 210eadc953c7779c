/* SPDX-License-Identifier: ISC */
/* Listing: most servers give both lists in ascending order, so that each line costs one comparison.
 */
#include "popkeep/pop3/listing.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"

#include <stdlib.h>

enum { LINES_MAX = 4 * LISTING_MAX, SHOWN_MAX = 80, SHOWN_TEXT = 4 * SHOWN_MAX + 8 };

void listing_init(struct listing *l)
{
    *l = (struct listing){.text = ARENA_INIT};
}

void listing_free(struct listing *l)
{
    free(l->v);
    arena_free(&l->text);
    listing_init(l);
}

static int bad_line(const char *which, struct sv line, const char *why, struct err *e)
{
    char shown[SHOWN_TEXT];
    struct sv cut = sv_make(line.p, line.n < SHOWN_MAX ? line.n : SHOWN_MAX);
    return err_set(e, ST_PROTOCOL, "the server's answer to %s has the line \"%s\": %s", which,
                   text_escape_to(shown, sizeof shown, cut), tr(why));
}

/* The octets up to the next blank, and past the blanks behind them. */
static struct sv field(struct sv *rest)
{
    size_t n = 0;
    while (n < rest->n && !ascii_is_blank(rest->p[n]))
        n++;
    struct sv f = sv_make(rest->p, n);
    while (n < rest->n && ascii_is_blank(rest->p[n]))
        n++;
    *rest = sv_from(*rest, n);
    return f;
}

static int line_number(struct sv *rest, uint32_t *number)
{
    uint64_t n;
    if (ascii_u64(field(rest), UINT32_MAX, &n) != 0 || n == 0)
        return -1;
    *number = (uint32_t)n;
    return 0;
}

/* The entry of `number` among those sorted so far, null if there is none. */
static struct listed *search(struct listing *l, uint32_t number)
{
    size_t low = 0, high = l->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->v[mid].number == number)
            return &l->v[mid];
        if (l->v[mid].number < number)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static struct listed *find(struct listing *l, uint32_t number)
{
    if (l->next < l->n && l->v[l->next].number == number)
        return &l->v[l->next];
    if (l->n > 0 && l->v[0].number == number)
        return &l->v[0];
    if (l->unsorted || l->n == 0 || l->v[l->n - 1].number < number)
        return NULL; /* in an unsorted one listing_finish unites what is said twice */
    return search(l, number);
}

static struct listed *append(struct listing *l, uint32_t number)
{
    if (l->n == l->cap) {
        l->cap = l->cap > 0 ? l->cap + l->cap / 2 : 256;
        l->v = mem_realloc(l->v, l->cap, sizeof *l->v);
    }
    if (l->n > 0 && l->v[l->n - 1].number > number)
        l->unsorted = true;
    struct listed *x = &l->v[l->n++];
    *x = (struct listed){.number = number, .size = LISTING_NO_SIZE};
    return x;
}

static struct listed *entry(struct listing *l, uint32_t number, struct err *e)
{
    /* A sorted listing never repeats a number; an unsorted one may hold each twice until the end.
     */
    size_t max = l->unsorted ? 2 * (size_t)LISTING_MAX : (size_t)LISTING_MAX;
    struct listed *x = find(l, number);
    if (++l->lines > LINES_MAX || (x == NULL && l->n >= max)) {
        (void)err_set(e, ST_PROTOCOL, "the server lists more than %d messages", LISTING_MAX);
        return NULL;
    }
    if (x == NULL)
        x = append(l, number);
    l->next = (size_t)(x - l->v) + 1;
    return x;
}

int listing_add_size(struct listing *l, struct sv line, struct err *e)
{
    struct sv rest = ascii_trim(line);
    uint32_t number;
    uint64_t size = LISTING_NO_SIZE;
    l->has_sizes = true;
    if (line_number(&rest, &number) != 0)
        return bad_line("LIST", line, "it begins with no message number", e);
    if (rest.n > 0 && ascii_u64(field(&rest), INT64_MAX, &size) != 0)
        return bad_line("LIST", line, "the size is no number", e);
    struct listed *x = entry(l, number, e);
    if (x == NULL)
        return -1;
    if (size != LISTING_NO_SIZE) {
        if (x->size != LISTING_NO_SIZE && x->size != size)
            return bad_line("LIST", line, "another one gave this message another size", e);
        x->size = size;
    }
    return 0;
}

static bool same_uidl(const struct listed *x, struct sv uidl)
{
    return sv_eq(sv_make(x->uidl, x->uidl_n), uidl);
}

int listing_add_uidl(struct listing *l, struct sv line, struct err *e)
{
    struct sv rest = ascii_trim(line);
    uint32_t number;
    l->has_uidls = true;
    if (line_number(&rest, &number) != 0)
        return bad_line("UIDL", line, "it begins with no message number", e);
    if (rest.n > LISTING_UIDL_MAX)
        return bad_line("UIDL", line, "the UIDL is too long", e);
    if (sv_has(rest, '\r') || sv_has(rest, '\n'))
        return bad_line("UIDL", line, "the UIDL has a line end in it", e);
    struct listed *x = entry(l, number, e);
    if (x == NULL)
        return -1;
    if (rest.n == 0)
        return 0;
    if (x->uidl != NULL) {
        if (!same_uidl(x, rest))
            return bad_line("UIDL", line, "another one gave this message another UIDL", e);
        return 0;
    }
    if (l->text_octets + rest.n > LISTING_TEXT_MAX)
        return err_set(e, ST_PROTOCOL, "the server's UIDLs take more than %d octets",
                       LISTING_TEXT_MAX);
    l->text_octets += rest.n;
    x->uidl = arena_dup(&l->text, rest.p, rest.n);
    x->uidl_n = (uint32_t)rest.n;
    return 0;
}

int listing_stat(struct listing *l, struct sv text)
{
    uint64_t messages, octets;
    struct sv rest = ascii_trim(text);
    if (ascii_u64(field(&rest), UINT32_MAX, &messages) != 0 ||
        ascii_u64(field(&rest), INT64_MAX, &octets) != 0)
        return -1;
    l->stat_messages = messages;
    l->stat_octets = octets;
    return 0;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = ((const struct listed *)a)->number, y = ((const struct listed *)b)->number;
    return (x > y) - (x < y);
}

/* What both say of one message, into *x. */
static int unite(struct listed *x, const struct listed *y, struct err *e)
{
    if ((x->size != LISTING_NO_SIZE && y->size != LISTING_NO_SIZE && x->size != y->size) ||
        (x->uidl != NULL && y->uidl != NULL && !same_uidl(x, sv_make(y->uidl, y->uidl_n))))
        return err_set(e, ST_PROTOCOL,
                       "the server lists message %u twice, with different sizes or UIDLs",
                       (unsigned)x->number);
    if (x->size == LISTING_NO_SIZE)
        x->size = y->size;
    if (x->uidl == NULL) {
        x->uidl = y->uidl;
        x->uidl_n = y->uidl_n;
    }
    return 0;
}

static int sort_and_unite(struct listing *l, struct err *e)
{
    size_t n = 0;
    qsort(l->v, l->n, sizeof *l->v, by_number);
    for (size_t i = 0; i < l->n; i++) {
        if (n > 0 && l->v[n - 1].number == l->v[i].number) {
            if (unite(&l->v[n - 1], &l->v[i], e) != 0)
                return -1;
        } else {
            l->v[n++] = l->v[i];
        }
    }
    l->n = n;
    l->unsorted = false;
    return 0;
}

int listing_finish(struct listing *l, struct err *e)
{
    if (l->unsorted && sort_and_unite(l, e) != 0)
        return -1;
    if (l->n > LISTING_MAX)
        return err_set(e, ST_PROTOCOL, "the server lists more than %d messages", LISTING_MAX);
    l->octets = 0;
    l->without_uidl = 0;
    l->without_size = 0;
    for (size_t i = 0; i < l->n; i++) {
        l->without_uidl += l->v[i].uidl == NULL;
        if (l->v[i].size == LISTING_NO_SIZE)
            l->without_size++;
        else if (l->v[i].size > UINT64_MAX - l->octets)
            l->octets = UINT64_MAX; /* nonsense of the server's, but no wrong small number */
        else
            l->octets += l->v[i].size;
    }
    return 0;
}
