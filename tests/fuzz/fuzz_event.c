/* SPDX-License-Identifier: ISC */
/*
 * Events (report/event.h), as frames from a worker and as what is printed. Must hold: a frame that
 * is accepted is one that event_pack could have made, its beginning alone is "not yet whole"; of
 * whatever is in an event, the text for people goes to a terminal without harm, every line of it
 * ends, and JSON is one line of UTF-8 without controls.
 */
#include "fuzz.h"

#include "popkeep/report/progress.h"
#include "popkeep/report/text.h"

static bool same_event(const struct event *a, const struct event *b)
{
    bool same = a->kind == b->kind && memcmp(a->num, b->num, sizeof a->num) == 0;
    for (int i = 0; same && i < EVENT_STRS; i++)
        same = (a->str[i].p == NULL) == (b->str[i].p == NULL) && sv_eq(a->str[i], b->str[i]);
    return same;
}

static void comes_back(const struct event *ev)
{
    struct buf frame = BUF_INIT(FUZZ_BUF_MAX), small = BUF_INIT(64);
    struct event again;
    event_pack(&frame, ev);
    FUZZ_HOLDS(frame.n > 0 && frame.n <= EVENT_FRAME_MAX);
    buf_add_char(&frame, 'x');
    struct sv in = buf_sv(&frame);
    FUZZ_HOLDS(event_unpack(&in, &again) == 1 && in.n == 1);
    FUZZ_HOLDS(same_event(ev, &again));
    for (size_t n = 0; n < frame.n - 1; n += 1 + n / 8) {
        struct sv part = sv_make(frame.p, n);
        FUZZ_HOLDS(event_unpack(&part, &again) == 0 && part.n == n);
    }
    event_pack(&small, ev);
    FUZZ_HOLDS(small.n == 0 || small.n == frame.n - 1);
    buf_free(&frame);
    buf_free(&small);
}

static void print(const struct event *ev, unsigned how)
{
    static const char *const commands[] = {NULL, "fetch", "check", "status", "verify"};
    struct buf out = BUF_INIT(FUZZ_BUF_MAX), diag = BUF_INIT(FUZZ_BUF_MAX),
               json = BUF_INIT(FUZZ_BUF_MAX);
    struct report_style st = {.verbose = (int)(how % 4) - 1,
                              .terminal = (how & 4) != 0,
                              .many = (how & 8) != 0,
                              .dry_run = (how & 16) != 0,
                              .command = commands[(how >> 5) % 5]};
    report_text(&out, &diag, ev, &st);
    FUZZ_HOLDS(fuzz_printable(buf_sv(&out), "\n") && fuzz_printable(buf_sv(&diag), "\n"));
    FUZZ_HOLDS(out.n == 0 || out.p[out.n - 1] == '\n');
    FUZZ_HOLDS(diag.n == 0 || diag.p[diag.n - 1] == '\n');
    report_json(&json, ev);
    FUZZ_HOLDS(json.n > 3 && sv_ends(buf_sv(&json), SV("}\n")));
    FUZZ_HOLDS(fuzz_printable(sv_make(json.p, json.n - 1), ""));
    buf_free(&out);
    buf_free(&diag);
    buf_free(&json);
}

/* Nothing but what takes the line off the screen and ASCII, no wider than asked for. */
static void draw(struct progress *p, const struct event *ev, int64_t *ms)
{
    struct buf line = BUF_INIT(FUZZ_BUF_MAX);
    unsigned width = 20 + (unsigned)(*ms % 100);
    progress_event(p, ev, *ms);
    *ms += 700;
    progress_line(&line, p, width, *ms);
    struct sv text = buf_sv(&line);
    FUZZ_HOLDS(text.n < width + 8);
    for (size_t i = 0; i < text.n; i++)
        FUZZ_HOLDS((text.p[i] >= 0x20 && text.p[i] < 0x7f) || text.p[i] == '\r' ||
                   (text.p[i] == 0x1b && i + 2 < text.n && text.p[i + 2] == 'K'));
    buf_free(&line);
}

/* The octets are those that event_pack makes, unless a number was given as not set. */
static void is_canonical(const struct event *ev, struct sv octets)
{
    struct buf frame = BUF_INIT(FUZZ_BUF_MAX);
    event_pack(&frame, ev);
    FUZZ_HOLDS(frame.n < octets.n || sv_eq(buf_sv(&frame), octets));
    buf_free(&frame);
}

static void any_frame(struct sv octets)
{
    struct progress *p = progress_new(2);
    int64_t ms = 0;
    char *copy = fuzz_copy(octets);
    struct sv in = sv_make(copy, octets.n);
    struct event ev;
    int r;
    size_t left = in.n;
    while ((r = event_unpack(&in, &ev)) == 1) {
        FUZZ_HOLDS(in.n < left && ev.kind < EVENT_KINDS);
        is_canonical(&ev, sv_make(in.p - (left - in.n), left - in.n));
        left = in.n;
        comes_back(&ev);
        print(&ev, (unsigned)left);
        draw(p, &ev, &ms);
    }
    FUZZ_HOLDS(in.n == left);
    progress_free(p);
    free(copy);
}

static void any_event(struct fuzz *f)
{
    struct event ev;
    unsigned how = fuzz_octet(f);
    event_init(&ev, (enum event_kind)(fuzz_octet(f) % EVENT_KINDS), NULL);
    for (unsigned n = fuzz_octet(f) % 16; n > 0; n--) {
        unsigned slot = fuzz_octet(f) % EVENT_NUMS;
        ev.num[slot] = (int64_t)fuzz_number(f, (int)(fuzz_octet(f) % 9));
    }
    for (unsigned n = fuzz_octet(f) % 6; n > 0; n--) {
        unsigned slot = fuzz_octet(f) % EVENT_STRS;
        ev.str[slot] = fuzz_octets(f, fuzz_octet(f));
    }
    comes_back(&ev);
    print(&ev, how);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    if ((fuzz_octet(&f) & 1) != 0)
        any_event(&f);
    else
        any_frame(f.rest);
    return 0;
}
