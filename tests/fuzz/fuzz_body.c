/* SPDX-License-Identifier: ISC */
/*
 * The message decoder (pop3/body.h). The first octet says whether LF mode; the rest comes from the
 * server. Must hold: what comes out is the same however the octets are split, and the same as of a
 * decoder so simple that it can be compared with RFC 1939 by eye; a message that was stuffed comes
 * out as it was.
 */
#include "fuzz.h"

#include "popkeep/pop3/body.h"

struct decoded {
    struct buf data;
    size_t taken; /* octets up to the end of the message, the end included */
    bool ended, suspect, in_doubt;
};

static void decode(struct decoded *d, struct sv wire, bool lf_mode, enum fuzz_split how,
                   struct fuzz *f)
{
    struct body b;
    struct sv data;
    *d = (struct decoded){.data = BUF_INIT(FUZZ_BUF_MAX)};
    body_init(&b, lf_mode);
    while (d->taken < wire.n && !d->ended) {
        size_t n = fuzz_piece(f, how, wire.n - d->taken);
        char *piece = fuzz_copy(sv_make(wire.p + d->taken, n));
        struct sv in = sv_make(piece, n);
        enum body_result r;
        while ((r = body_next(&b, &in, &data)) == BODY_DATA) {
            FUZZ_HOLDS(data.n > 0);
            FUZZ_HOLDS((data.p >= piece && data.p + data.n <= piece + n) || data.n <= 3);
            FUZZ_HOLDS(buf_add_sv(&d->data, data) == 0);
        }
        FUZZ_HOLDS(r == BODY_END || in.n == 0);
        FUZZ_HOLDS(in.n <= n);
        d->taken += n - in.n;
        d->ended = r == BODY_END;
        free(piece);
    }
    d->suspect = !d->ended && body_suspect(&b);
    d->in_doubt = body_in_doubt(&b);
}

static bool begins(struct sv s, const char *what)
{
    return sv_starts(s, sv_of(what));
}

/* Does what lies before `at` look like an end that was none, and what follows like an answer? */
static bool looks_answered(struct sv wire, size_t at, bool lf_mode)
{
    struct sv before = sv_make(wire.p, at), rest = sv_from(wire, at);
    if (!begins(rest, "+") && !begins(rest, "-"))
        return false;
    if (at == 0)
        return true;
    bool word = begins(rest, "+OK") || begins(rest, "-ERR");
    if (word && at > 3 && sv_ends(before, SV(".\r\n")) && before.p[at - 4] != '\n' &&
        before.p[at - 4] != '.')
        return true;
    if (lf_mode)
        return false;
    bool first = sv_eq(before, SV(".\n"));
    bool bare_crlf = sv_ends(before, SV("\n.\r\n")); /* a whole end was found before */
    return first || bare_crlf || sv_ends(before, SV("\n.\n"));
}

/* One look at each octet with all that is around it in sight; what might be the end and has nothing
 * behind it is held back. */
static void decode_simply(struct decoded *d, struct sv wire, bool lf_mode)
{
    *d = (struct decoded){.data = BUF_INIT(FUZZ_BUF_MAX)};
    size_t i = 0;
    while (i < wire.n) {
        struct sv rest = sv_from(wire, i);
        struct sv before = sv_make(wire.p, i);
        bool behind_lf = sv_ends(before, SV("\n"));
        bool start = i == 0 || sv_ends(before, SV("\r\n")) || (lf_mode && behind_lf);
        bool bare = behind_lf && !start;
        if (start && (begins(rest, ".\r\n") || (lf_mode && begins(rest, ".\n")))) {
            d->taken = i + (begins(rest, ".\n") ? 2 : 3);
            d->ended = true;
            return;
        }
        d->in_doubt = d->in_doubt || looks_answered(wire, i, lf_mode);
        bool dot_lf = sv_eq(rest, SV(".\n"));
        if ((start || bare) && (sv_eq(rest, SV(".")) || sv_eq(rest, SV(".\r")) || dot_lf))
            d->suspect = dot_lf;
        else if (bare && sv_eq(rest, SV(".\r\n")))
            d->suspect = true;
        else if (start && rest.p[0] == '.')
            goto next;
        else {
            buf_add_char(&d->data, rest.p[0]);
            goto next;
        }
        break;
    next:
        i++;
    }
    d->taken = wire.n;
}

static void free_decoded(struct decoded *d)
{
    buf_free(&d->data);
}

static void all_splits_agree(struct sv wire, bool lf_mode, struct fuzz *f)
{
    struct decoded whole, other;
    decode(&whole, wire, lf_mode, FUZZ_WHOLE, f);
    for (int how = FUZZ_OCTETS; how < FUZZ_SPLITS; how++) {
        decode(&other, wire, lf_mode, (enum fuzz_split)how, f);
        FUZZ_HOLDS(sv_eq(buf_sv(&whole.data), buf_sv(&other.data)));
        FUZZ_HOLDS(whole.taken == other.taken && whole.ended == other.ended);
        FUZZ_HOLDS(whole.suspect == other.suspect && whole.in_doubt == other.in_doubt);
        free_decoded(&other);
    }
    decode_simply(&other, wire, lf_mode);
    FUZZ_HOLDS(sv_eq(buf_sv(&whole.data), buf_sv(&other.data)));
    FUZZ_HOLDS(whole.taken == other.taken && whole.ended == other.ended);
    FUZZ_HOLDS(whole.suspect == other.suspect && whole.in_doubt == other.in_doubt);
    free_decoded(&other);
    free_decoded(&whole);
}

/* As a server that follows the RFC sends a message: a line end at its end, dots doubled. */
static void stuffed_comes_back(struct sv message, bool lf_mode, struct fuzz *f)
{
    struct sv end = lf_mode ? SV("\n") : SV("\r\n");
    struct buf mail = BUF_INIT(FUZZ_BUF_MAX), wire = BUF_INIT(FUZZ_BUF_MAX);
    buf_add_sv(&mail, message);
    if (mail.n > 0 && !sv_ends(buf_sv(&mail), end))
        buf_add_sv(&mail, end);
    for (size_t i = 0; i < mail.n; i++) {
        struct sv before = sv_make(mail.p, i);
        if (mail.p[i] == '.' && (i == 0 || sv_ends(before, end)))
            buf_add_char(&wire, '.');
        buf_add_char(&wire, mail.p[i]);
    }
    buf_add_char(&wire, '.');
    buf_add_sv(&wire, end);
    size_t length = wire.n;
    buf_add_c(&wire, "+OK\r\n");
    struct decoded d;
    decode(&d, buf_sv(&wire), lf_mode, (enum fuzz_split)fuzz_below(f, FUZZ_SPLITS), f);
    FUZZ_HOLDS(d.ended && d.taken == length);
    FUZZ_HOLDS(sv_eq(buf_sv(&d.data), buf_sv(&mail)));
    free_decoded(&d);
    buf_free(&mail);
    buf_free(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    bool lf_mode = (fuzz_octet(&f) & 1) != 0;
    all_splits_agree(f.rest, lf_mode, &f);
    stuffed_comes_back(f.rest, lf_mode, &f);
    return 0;
}
