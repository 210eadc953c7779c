/* SPDX-License-Identifier: ISC */
/*
 * The date of the top Received header (pop3/received.h): a time made from the first octets, written
 * as mail servers write it, and the rest as the head of a mail of any octets. Must hold: a
 * well-formed date is read as it was meant; LF and CRLF are the same; what follows the header
 * changes nothing; a date that is read lies between 1970 and 2200.
 */
#include "fuzz.h"

#include "popkeep/pop3/received.h"

#define YEAR_2201 INT64_C(7289654400)

static int read_head(struct sv head, int64_t *t)
{
    char *copy = fuzz_copy(head);
    *t = -1;
    int r = received_time(sv_make(copy, head.n), t);
    free(copy);
    FUZZ_HOLDS(r != 0 || (*t >= 0 && *t <= YEAR_2201 + 86400));
    return r;
}

static void any_head(struct sv head)
{
    int64_t lf, other;
    int r = read_head(head, &lf);
    struct buf b = BUF_INIT(FUZZ_BUF_MAX);
    if (r == 0 && head.n < RECEIVED_LOOK) {
        buf_add_sv(&b, head);
        buf_add_c(&b, "To: somebody\n\nReceived: by x; 1 Jan 2001 00:00:00 +0000\n");
        /* a line that begins with a blank would have gone on with the header */
        FUZZ_HOLDS(read_head(buf_sv(&b), &other) == 0 && other == lf);
        buf_clear(&b);
    }
    fuzz_crlf(&b, head);
    if (b.n <= RECEIVED_LOOK && !sv_has(head, '\r') && !sv_has(head, '\\')) {
        FUZZ_HOLDS((read_head(buf_sv(&b), &other) == 0) == (r == 0));
        FUZZ_HOLDS(r != 0 || other == lf);
    }
    buf_free(&b);
}

/* A civil date written by the rules, `zone_min` minutes east. */
static void write_date(struct buf *b, int64_t t, int zone_min)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[24];
    text_time(text, t + zone_min * 60);
    int east = zone_min < 0 ? -zone_min : zone_min;
    buf_addf(b, "%c%c %s %.4s %.8s %c%02d%02d", text[8], text[9],
             months[(text[5] - '0') * 10 + text[6] - '1'], text, text + 11,
             zone_min < 0 ? '-' : '+', east / 60, east % 60);
}

static void written_date_comes_back(struct fuzz *f)
{
    struct buf b = BUF_INIT(FUZZ_BUF_MAX);
    int64_t got, t = 86400 + (int64_t)(fuzz_number(f, 5) % (uint64_t)(YEAR_2201 - 3 * 86400));
    int zone = (int)(fuzz_number(f, 2) % 2880) - 1440;
    unsigned how = fuzz_octet(f);
    zone = zone == -1440 ? 0 : zone;
    if ((how & 1) != 0)
        buf_add_c(&b, "Return-Path: <a@example.org>\r\n");
    buf_add_c(&b, (how & 2) != 0 ? "received" : "Received");
    buf_add_c(&b, ": from a.example.org (b;c [192.0.2.1])\r\n\tby d with ESMTP id \"x;y\"");
    buf_add_c(&b, (how & 4) != 0 ? "\r\n ;\r\n " : "; ");
    buf_add_c(&b, (how & 8) != 0 ? "Sun, " : "");
    write_date(&b, t, zone);
    buf_add_c(&b, (how & 16) != 0 ? " (CET)\r\n" : "\r\n");
    buf_add_c(&b, (how & 32) != 0 ? "Received: by e; 1 Jan 2001 00:00:00 +0000\r\n" : "");
    FUZZ_HOLDS(read_head(buf_sv(&b), &got) == 0 && got == t);
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    written_date_comes_back(&f);
    any_head(f.rest);
    return 0;
}
