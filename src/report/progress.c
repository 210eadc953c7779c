/* SPDX-License-Identifier: ISC */
/* The progress line. */
#include "popkeep/report/progress.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"

#include <stdlib.h>
#include <string.h>

enum {
    WINDOW_MS = 5000,    /* the rate is that of so long */
    SAMPLE_MS = 200,     /* two samples are at least so far apart */
    SAMPLES = 32,        /* > WINDOW_MS / SAMPLE_MS, so that the ring always spans the window */
    RATE_FROM_MS = 1000, /* less is no rate yet */
    PART_MAX = 96
};

enum work { WORK_NONE, WORK_FETCH, WORK_DELETE, WORK_VERIFY, WORKS };

/* One row a phase. When accounts are in different phases the line speaks of the highest rank. */
static const struct {
    enum work work;
    int rank;
    const char *verb; /* before the numbers */
} phases[EVENT_PHASES] = {
    [PHASE_CONNECTING] = {WORK_NONE, 0, N_("connecting")},
    [PHASE_LISTING] = {WORK_NONE, 1, N_("listing")},
    [PHASE_FETCHING] = {WORK_FETCH, 5, N_("fetching")},
    [PHASE_STORING] = {WORK_FETCH, 4, N_("storing")},
    [PHASE_DELETING] = {WORK_DELETE, 3, N_("deleting")},
    [PHASE_VERIFYING] = {WORK_VERIFY, 2, N_("verifying")},
};

struct tally {
    int64_t done, total, done_octets, total_octets;
};

struct one {
    char *name;
    int phase;
    bool finished;
    struct tally work[WORKS];
};

struct sample {
    int64_t ms, octets;
};

struct progress {
    size_t n_accounts;
    struct one *ones; /* those heard of */
    size_t n, cap;
    size_t finished;
    bool over, drawn;
    enum work sampled; /* which work the samples are of */
    struct sample samples[SAMPLES];
    size_t n_samples, newest;
};

struct progress *progress_new(size_t n_accounts)
{
    struct progress *p = mem_zalloc(1, sizeof *p);
    p->n_accounts = n_accounts;
    return p;
}

void progress_free(struct progress *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->n; i++)
        free(p->ones[i].name);
    free(p->ones);
    free(p);
}

/* The account spoken of last is asked for again almost always; so the search goes backwards. */
static struct one *one_of(struct progress *p, struct sv name)
{
    for (size_t i = p->n; i-- > 0;)
        if (sv_eq_c(name, p->ones[i].name))
            return &p->ones[i];
    if (p->n == p->cap) {
        p->cap = p->cap > 0 ? 2 * p->cap : 8;
        p->ones = mem_realloc(p->ones, p->cap, sizeof *p->ones);
    }
    struct one *o = &p->ones[p->n++];
    memset(o, 0, sizeof *o);
    o->name = mem_strndup(name.n > 0 ? name.p : "", name.n);
    return o;
}

/* What comes from a pipe is kept in a range in which sums cannot overflow. */
static int64_t sane(int64_t n)
{
    const int64_t most = INT64_MAX / 1000000;
    return n == EVENT_UNSET || n < 0 ? 0 : n > most ? most : n;
}

static enum work work_of(const struct progress *p, int *phase)
{
    int best = -1;
    for (size_t i = 0; i < p->n; i++) {
        const struct one *o = &p->ones[i];
        if (!o->finished && (best < 0 || phases[o->phase].rank > phases[best].rank))
            best = o->phase;
    }
    *phase = best;
    return best < 0 ? WORK_NONE : phases[best].work;
}

static struct tally sum_of(const struct progress *p, enum work work)
{
    struct tally t = {0, 0, 0, 0};
    for (size_t i = 0; i < p->n; i++) {
        const struct tally *o = &p->ones[i].work[work];
        t.done += o->done;
        t.total += o->total > o->done ? o->total : o->done;
        t.done_octets += o->done_octets;
        /* sizes a server lists are hints: more may come than was announced */
        t.total_octets += o->total_octets > o->done_octets ? o->total_octets : o->done_octets;
    }
    return t;
}

static void sample(struct progress *p, enum work work, int64_t octets, int64_t ms)
{
    const struct sample *newest = &p->samples[p->newest];
    if (work != p->sampled || (p->n_samples > 0 && octets < newest->octets)) {
        p->n_samples = 0; /* other work, or a batch was dropped and begins again */
        p->sampled = work;
    }
    if (work == WORK_NONE || (p->n_samples > 0 && ms - newest->ms < SAMPLE_MS))
        return;
    p->newest = (p->newest + 1) % SAMPLES;
    p->samples[p->newest] = (struct sample){ms, octets};
    if (p->n_samples < SAMPLES)
        p->n_samples++;
}

/* Octets a second since the newest sample at least a window old, or the oldest there is; so silence
 * counts, however seldom the line is drawn. -1: not known yet. */
static int64_t rate_of(const struct progress *p, int64_t octets, int64_t ms)
{
    const struct sample *from = NULL;
    for (size_t i = 0; i < p->n_samples; i++) {
        const struct sample *s = &p->samples[(p->newest + SAMPLES - i) % SAMPLES];
        from = s;
        if (ms - s->ms >= WINDOW_MS)
            break;
    }
    if (from == NULL || ms - from->ms < RATE_FROM_MS || octets < from->octets)
        return -1;
    /* quotient and rest apart: the product with 1000 of either cannot overflow */
    int64_t grown = octets - from->octets, span = ms - from->ms;
    return grown / span * 1000 + grown % span * 1000 / span;
}

static void take_progress(struct progress *p, const struct event *ev)
{
    struct one *o = one_of(p, ev->str[ES_ACCOUNT]);
    int64_t phase = ev->num[EN_PHASE];
    if (phase >= 0 && phase < EVENT_PHASES)
        o->phase = (int)phase;
    enum work work = phases[o->phase].work;
    if (o->finished)
        p->finished--;
    o->finished = false;
    if (work != WORK_NONE)
        o->work[work] =
            (struct tally){sane(ev->num[EN_DONE]), sane(ev->num[EN_TOTAL]),
                           sane(ev->num[EN_DONE_OCTETS]), sane(ev->num[EN_TOTAL_OCTETS])};
}

void progress_event(struct progress *p, const struct event *ev, int64_t mono_ms)
{
    int phase;
    if (ev->kind == EVENT_PROGRESS) {
        take_progress(p, ev);
    } else if (ev->kind == EVENT_ACCOUNT_END) {
        struct one *o = one_of(p, ev->str[ES_ACCOUNT]);
        p->finished += !o->finished;
        o->finished = true;
    } else if (ev->kind == EVENT_SUMMARY) {
        p->over = true;
    } else {
        return;
    }
    enum work work = work_of(p, &phase);
    sample(p, work, sum_of(p, work).done_octets, mono_ms);
}

/* The parts of the line. When not all fit, those with the highest `drop` go first. */
enum part { PART_ACCOUNTS, PART_MESSAGES, PART_OCTETS, PART_RATE, PART_LEFT, PARTS };
static const int drop_order[] = {PART_ACCOUNTS, PART_OCTETS, PART_RATE, PART_LEFT};

static void describe_fetch(char part[PARTS][PART_MAX], const struct tally *t, int64_t rate)
{
    char a[24], b[24];
    if (t->total_octets == 0)
        return;
    text_size(a, (uint64_t)t->done_octets);
    text_size(b, (uint64_t)t->total_octets);
    snprintf(part[PART_OCTETS], PART_MAX, tr("%s of %s"), a, b);
    if (rate < 0)
        return;
    snprintf(part[PART_RATE], PART_MAX, tr("%s/s"), text_size(a, (uint64_t)rate));
    int64_t left = t->total_octets - t->done_octets;
    if (rate > 0 && left > 0)
        snprintf(part[PART_LEFT], PART_MAX, tr("%s left"), text_span(b, (left + rate - 1) / rate));
}

/* False: there is nothing to show. */
static bool describe(struct progress *p, int64_t ms, char part[PARTS][PART_MAX])
{
    int phase;
    enum work work = work_of(p, &phase);
    if (p->over || phase < 0)
        return false;
    struct tally t = sum_of(p, work);
    sample(p, work, t.done_octets, ms);
    if (work == WORK_NONE)
        snprintf(part[PART_MESSAGES], PART_MAX, "%s", tr(phases[phase].verb));
    else
        /* TRANS: %s is "fetching", "deleting", ...; the numbers: done, of all */
        snprintf(part[PART_MESSAGES], PART_MAX,
                 trn("%s %lld of %lld message", "%s %lld of %lld messages", (uint64_t)t.total),
                 tr(phases[phase].verb), (long long)t.done, (long long)t.total);
    if (work != WORK_NONE)
        describe_fetch(part, &t, rate_of(p, t.done_octets, ms));
    if (p->n_accounts > 1)
        snprintf(part[PART_ACCOUNTS], PART_MAX, tr("%zu of %zu accounts done"), p->finished,
                 p->n_accounts);
    return true;
}

static void compose(struct buf *line, char part[PARTS][PART_MAX])
{
    buf_clear(line);
    for (int i = 0; i < PARTS; i++)
        if (part[i][0] != '\0')
            buf_addf(line, "%s%s", line->n > 0 ? ", " : "", part[i]);
}

void progress_line(struct buf *out, struct progress *p, unsigned width, int64_t mono_ms)
{
    char part[PARTS][PART_MAX] = {{0}};
    struct buf line = BUF_INIT(PARTS * (PART_MAX + 2));
    size_t most = width > 0 ? width - 1 : 0;
    if (!describe(p, mono_ms, part)) {
        progress_clear(out, p);
        return;
    }
    compose(&line, part);
    for (size_t i = 0;
         text_columns(buf_sv(&line)) > most && i < sizeof drop_order / sizeof *drop_order; i++) {
        part[drop_order[i]][0] = '\0';
        compose(&line, part);
    }
    buf_cut(&line, text_fit(buf_sv(&line), most));
    buf_addf(out, "\r%.*s\033[K", (int)line.n, line.n > 0 ? line.p : "");
    p->drawn = true;
    buf_free(&line);
}

void progress_clear(struct buf *out, struct progress *p)
{
    if (p->drawn)
        buf_add_c(out, "\r\033[K");
    p->drawn = false;
}
