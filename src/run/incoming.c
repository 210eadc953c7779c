/* SPDX-License-Identifier: ISC */
/* Wire octets -> parcels in the form they are stored in. See the header. */
#include "popkeep/run/incoming.h"

#include "popkeep/pop3/received.h"
#include "popkeep/sys/clock.h"

void incoming_init(struct incoming *in, int (*push)(void *, struct parcel *, struct err *),
                   void *ctx, bool want_lf)
{
    *in = (struct incoming){.push = push, .ctx = ctx, .want_lf = want_lf};
}

void incoming_free(struct incoming *in)
{
    parcel_free(in->parcel);
    hash_free(&in->wire);
    hash_free(&in->file);
    *in = (struct incoming){0};
}

void incoming_begin(struct incoming *in, size_t item)
{
    parcel_free(in->parcel);
    in->parcel = parcel_new(PARCEL_MESSAGE, item);
    in->item = item;
    in->under_way = true;
    in->large = in->after_cr = in->dated = false;
    in->verbatim = !in->want_lf;
    in->wire_octets = in->file_octets = in->bare_lf = 0;
    lineend_init(&in->lineend);
    hash_init(&in->wire);
    if (in->want_lf)
        hash_init(&in->file);
}

/* mtime: what IMAP servers show as the time of arrival; never used to decide anything. */
static void look_for_date(struct incoming *in)
{
    struct sv head = buf_sv(&in->parcel->octets);

    if (in->dated)
        return;
    in->dated = true;
    if (head.n > RECEIVED_LOOK)
        head.n = RECEIVED_LOOK;
    if (received_time(head, &in->mtime_s) < 0)
        in->mtime_s = clock_wall_s();
}

/* Give away what is in the parcel as a piece of a large message. */
static int spill(struct incoming *in, struct err *e)
{
    struct parcel *piece = in->parcel;

    look_for_date(in);
    in->parcel = parcel_new(PARCEL_MESSAGE, in->item);
    if (!in->large && in->push(in->ctx, parcel_new(PARCEL_BEGIN, in->item), e) < 0) {
        parcel_free(piece);
        return -1;
    }
    in->large = true;
    piece->kind = PARCEL_PIECE;
    return in->push(in->ctx, piece, e);
}

static int add_verbatim(struct incoming *in, struct sv wire, struct err *e)
{
    const char *p = wire.p, *end = wire.p + wire.n, *lf;

    /* W= in the file's name counts each LF that has no CR before it twice */
    while (p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        bool cr = lf > wire.p ? lf[-1] == '\r' : in->after_cr;
        in->bare_lf += cr ? 0 : 1;
        p = lf + 1;
    }
    if (wire.n > 0)
        in->after_cr = wire.p[wire.n - 1] == '\r';
    (void)buf_add_sv(&in->parcel->octets, wire); /* spilled long before its maximum */
    in->file_octets += wire.n;
    return in->parcel->octets.n >= QUEUE_SMALL ? spill(in, e) : 0;
}

/* A CR or LF alone: from here on, and from the beginning, the message is kept as it was on the
 * wire. */
static int become_verbatim(struct incoming *in, struct sv rest, struct err *e)
{
    struct parcel *lf_form = in->parcel;
    int rc = 0;

    in->verbatim = true;
    in->file_octets = in->lineend.clean;
    if (in->large) {
        if (lf_form->octets.n > 0)
            rc = spill(in, e);
        if (rc == 0)
            rc = in->push(in->ctx, parcel_new(PARCEL_BROKEN, in->item), e);
    } else {
        in->parcel = parcel_new(PARCEL_MESSAGE, in->item);
        (void)lineend_restore(&in->parcel->octets, buf_sv(&lf_form->octets));
        parcel_free(lf_form);
    }
    if (rc == 0)
        rc = add_verbatim(in, lineend_held(&in->lineend), e);
    return rc == 0 ? add_verbatim(in, rest, e) : -1;
}

int incoming_add(struct incoming *in, struct sv wire, struct err *e)
{
    size_t before = in->parcel->octets.n;
    enum lineend_result r;
    struct sv rest;

    hash_add(&in->wire, wire.p, wire.n);
    in->wire_octets += wire.n;
    if (in->verbatim)
        return add_verbatim(in, wire, e);
    r = lineend_add(&in->lineend, wire, &in->parcel->octets, &rest);
    if (r == LINEEND_BROKEN)
        return become_verbatim(in, rest, e);
    if (r == LINEEND_FULL)
        return err_set(e, ST_SOFTWARE, "a piece of a message is too large for its buffer");
    hash_add(&in->file, in->parcel->octets.p + before, in->parcel->octets.n - before);
    in->file_octets += in->parcel->octets.n - before;
    return in->parcel->octets.n >= QUEUE_SMALL ? spill(in, e) : 0;
}

struct parcel *incoming_end(struct incoming *in, struct err *e)
{
    struct parcel *p;

    if (!in->verbatim && lineend_end(&in->lineend) == LINEEND_BROKEN &&
        become_verbatim(in, SV_NULL, e) < 0)
        return NULL;
    look_for_date(in);
    if (in->large && in->parcel->octets.n > 0 && spill(in, e) < 0)
        return NULL;
    p = in->parcel;
    in->parcel = NULL;
    in->under_way = false;
    p->kind = in->large ? PARCEL_END : PARCEL_MESSAGE;
    p->item = in->item;
    p->wire_octets = in->wire_octets;
    p->file_octets = in->file_octets;
    p->crlf_octets = in->wire_octets + in->bare_lf;
    p->mtime_s = in->mtime_s;
    hash_end(&in->wire, p->wire_sha);
    if (in->verbatim)
        memcpy(p->file_sha, p->wire_sha, sizeof p->file_sha);
    else
        hash_end(&in->file, p->file_sha);
    return p;
}
