/* SPDX-License-Identifier: ISC */
/*
 * Line ends between wire and file (base/lineend.h). Must hold: of any octets in any split, what is
 * stored gives back exactly what was on the wire, and is the same for every split; a maximum of the
 * output is kept.
 */
#include "fuzz.h"

#include "popkeep/base/lineend.h"

struct stored {
    struct buf file;  /* LF form; of a broken message what was put out until then */
    struct buf plain; /* of a broken message: the rest, as on the wire */
    uint64_t clean;
    bool broken;
};

static void store(struct stored *s, struct sv wire, enum fuzz_split how, struct fuzz *f)
{
    struct lineend l;
    *s = (struct stored){.file = BUF_INIT(FUZZ_BUF_MAX), .plain = BUF_INIT(FUZZ_BUF_MAX)};
    lineend_init(&l);
    for (size_t at = 0; at < wire.n;) {
        size_t n = fuzz_piece(f, how, wire.n - at);
        char *piece = fuzz_copy(sv_make(wire.p + at, n));
        struct sv rest = sv_make(piece, n);
        if (!s->broken) {
            enum lineend_result r = lineend_add(&l, rest, &s->file, &rest);
            FUZZ_HOLDS(r == LINEEND_CLEAN || r == LINEEND_BROKEN);
            FUZZ_HOLDS(r == LINEEND_BROKEN || rest.n == 0);
            s->broken = r == LINEEND_BROKEN;
            if (s->broken)
                buf_add_sv(&s->plain, lineend_held(&l));
        }
        if (s->broken)
            buf_add_sv(&s->plain, rest);
        free(piece);
        at += n;
    }
    if (!s->broken && lineend_end(&l) == LINEEND_BROKEN) {
        s->broken = true;
        buf_add_sv(&s->plain, lineend_held(&l));
    }
    s->clean = l.clean;
}

static void check(const struct stored *s, struct sv wire, enum fuzz_split how, struct fuzz *f)
{
    struct buf again = BUF_INIT(FUZZ_BUF_MAX);
    for (size_t at = 0; at < s->file.n;) {
        size_t n = fuzz_piece(f, how, s->file.n - at);
        FUZZ_HOLDS(lineend_restore(&again, sv_make(s->file.p + at, n)) == 0);
        at += n;
    }
    FUZZ_HOLDS(again.n == s->clean);
    buf_add_sv(&again, buf_sv(&s->plain));
    FUZZ_HOLDS(sv_eq(buf_sv(&again), wire));
    FUZZ_HOLDS(!sv_has(buf_sv(&s->file), '\r'));
    buf_free(&again);
    bool clean = true;
    for (size_t i = 0; i < wire.n; i++) {
        clean = clean && (wire.p[i] != '\n' || (i > 0 && wire.p[i - 1] == '\r'));
        clean = clean && (wire.p[i] != '\r' || (i + 1 < wire.n && wire.p[i + 1] == '\n'));
    }
    FUZZ_HOLDS(clean == !s->broken);
}

static void free_stored(struct stored *s)
{
    buf_free(&s->file);
    buf_free(&s->plain);
}

static void maximum_is_kept(struct sv wire, size_t max)
{
    struct buf out = BUF_INIT(max);
    struct lineend l;
    struct sv rest;
    lineend_init(&l);
    if (lineend_add(&l, wire, &out, &rest) == LINEEND_FULL)
        FUZZ_HOLDS(out.n == 0 && sv_eq(rest, wire) && l.clean == 0);
    FUZZ_HOLDS(out.n <= max);
    buf_clear(&out);
    FUZZ_HOLDS(lineend_restore(&out, wire) == 0 || out.n == 0);
    FUZZ_HOLDS(out.n <= max);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    size_t max = fuzz_octet(&f);
    struct stored whole, other;
    store(&whole, f.rest, FUZZ_WHOLE, &f);
    check(&whole, f.rest, FUZZ_WHOLE, &f);
    for (int how = FUZZ_OCTETS; how < FUZZ_SPLITS; how++) {
        store(&other, f.rest, (enum fuzz_split)how, &f);
        check(&other, f.rest, (enum fuzz_split)how, &f);
        FUZZ_HOLDS(sv_eq(buf_sv(&whole.file), buf_sv(&other.file)) && whole.clean == other.clean);
        free_stored(&other);
    }
    free_stored(&whole);
    maximum_is_kept(f.rest, max);
    return 0;
}
