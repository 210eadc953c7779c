/* SPDX-License-Identifier: ISC */
/*
 * LIST and UIDL lines (pop3/listing.h). Each line of the input begins with an octet that says of
 * which block the rest is: an even one LIST, an odd one UIDL, '*' the answer to STAT. Must hold:
 * the listing is sorted, each number once, counts and sums right, UIDLs as given; and it does not
 * matter in which order the lines come, or whether they come twice: servers have any order.
 */
#include "fuzz.h"

#include "popkeep/base/ascii.h"
#include "popkeep/pop3/listing.h"

enum { LINES_MAX = 400 };

static int add(struct listing *l, struct sv line, struct err *e)
{
    char first = line.n > 0 ? line.p[0] : '0';
    struct sv rest = sv_from(line, 1);
    char *copy = fuzz_copy(rest); /* gone afterwards: the listing keeps what it needs */
    struct sv text = sv_make(copy, rest.n);
    int r = 0;
    if (first == '*')
        (void)listing_stat(l, text);
    else if ((first & 1) != 0)
        r = listing_add_uidl(l, text, e);
    else
        r = listing_add_size(l, text, e);
    free(copy);
    return r;
}

static void check(const struct listing *l)
{
    size_t without_uidl = 0, without_size = 0;
    uint64_t octets = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct listed *x = &l->v[i];
        struct sv uidl = sv_make(x->uidl, x->uidl_n);
        FUZZ_HOLDS(x->number > 0 && (i == 0 || x[-1].number < x->number));
        FUZZ_HOLDS((x->uidl != NULL) == (x->uidl_n > 0));
        FUZZ_HOLDS(x->uidl_n <= LISTING_UIDL_MAX);
        FUZZ_HOLDS(!sv_has(uidl, '\r') && !sv_has(uidl, '\n'));
        FUZZ_HOLDS(sv_eq(ascii_trim(uidl), uidl));
        FUZZ_HOLDS(x->size <= INT64_MAX || x->size == LISTING_NO_SIZE);
        FUZZ_HOLDS((x->uidl == NULL || l->has_uidls) &&
                   (x->size == LISTING_NO_SIZE || l->has_sizes));
        without_uidl += x->uidl == NULL;
        without_size += x->size == LISTING_NO_SIZE;
        if (x->size != LISTING_NO_SIZE)
            octets = x->size > UINT64_MAX - octets ? UINT64_MAX : octets + x->size;
    }
    FUZZ_HOLDS(l->without_uidl == without_uidl && l->without_size == without_size);
    FUZZ_HOLDS(l->octets == octets);
}

static bool same(const struct listing *a, const struct listing *b)
{
    if (a->n != b->n || a->has_sizes != b->has_sizes || a->has_uidls != b->has_uidls)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct listed *x = &a->v[i], *y = &b->v[i];
        if (x->number != y->number || x->size != y->size ||
            !sv_eq(sv_make(x->uidl, x->uidl_n), sv_make(y->uidl, y->uidl_n)))
            return false;
    }
    return true;
}

/* Every line in the order given, each `times` times in a row. */
static int build(struct listing *l, const struct sv *lines, const size_t *order, size_t n,
                 int times)
{
    struct err e = ERR_INIT;
    int r = 0;
    listing_init(l);
    for (size_t i = 0; i < n && r == 0; i++)
        for (int k = 0; k < times && r == 0; k++)
            r = add(l, lines[order[i]], &e);
    if (r == 0)
        r = listing_finish(l, &e);
    if (r == 0) {
        check(l);
    } else {
        fuzz_error_is_good(&e);
        FUZZ_HOLDS(e.status == ST_PROTOCOL);
    }
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    struct sv lines[LINES_MAX];
    size_t order[LINES_MAX], n = 0;
    struct listing first, other;
    while (f.rest.n > 0 && n < LINES_MAX) {
        order[n] = n;
        lines[n++] = fuzz_line(&f);
    }
    int result = build(&first, lines, order, n, 1);
    for (int round = 0; round < 3; round++) {
        for (size_t i = n; i > 1; i--) {
            size_t k = round == 0 ? 0 : fuzz_below(&f, i); /* of the first: one turned to the end */
            size_t keep = order[i - 1];
            order[i - 1] = order[k];
            order[k] = keep;
        }
        int again = build(&other, lines, order, n, round == 1 ? 2 : 1);
        FUZZ_HOLDS((result == 0) == (again == 0));
        FUZZ_HOLDS(result != 0 || same(&first, &other));
        listing_free(&other);
    }
    listing_free(&first);
    return 0;
}
