/* SPDX-License-Identifier: ISC */
/* Marks of what a run saw. See the header. */
#include "popkeep/run/facts.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/report/health.h"
#include "popkeep/sys/clock.h"

/* 9999-12-31, which RFC 5280 (4.1.2.5) gives for "no end": not a date that anybody waits for. */
#define NO_END INT64_C(253402214400)

static int mark(struct worker *w, const char *name, char *value, struct err *e)
{
    int rc = book_mark(&w->book, name, value, e);

    free(value);
    return rc;
}

static int warn_certificate(struct worker *w, int64_t ends, struct err *e)
{
    int64_t left = ends - clock_wall_s();
    char date[24], span[24];
    char *value;

    if (left >= HEALTH_CERTIFICATE_S || w->account->n_pins > 0)
        return mark(w, "certificate-told", mem_strdup("-"), e);
    value = mem_printf("%lld", (long long)ends);
    if (!book_mark_is(&w->book, "certificate-told", value))
        tell_text(w->tell, EVENT_WARNING,
                  "the server's certificate ends on %.10s, in %s; once it has ended nothing can be "
                  "fetched until the server gets another one",
                  text_time(date, ends), text_span(span, left));
    return mark(w, "certificate-told", value, e);
}

int facts_connected(struct worker *w, const struct conn_info *info, struct err *e)
{
    if (info->not_after <= 0 || info->not_after >= NO_END)
        return mark(w, "certificate", mem_strdup("-"), e);
    if (mark(w, "certificate", mem_printf("%lld", (long long)info->not_after), e) < 0)
        return -1;
    return warn_certificate(w, info->not_after, e);
}

void facts_listed(struct run_totals *n, const struct listing *l)
{
    n->used_octets = l->stat_octets > 0 ? l->stat_octets : l->octets;
    n->used_any = n->used_octets > 0 || l->n == 0;
    n->deleted_octets = 0;
}

/* What `status` says of deletions, as this listing showed them. */
static int mark_due(struct worker *w, struct err *e)
{
    return mark(
        w, "due",
        mem_printf("%llu %lld", (unsigned long long)w->totals.due, (long long)w->totals.next_due),
        e);
}

/* As the run leaves it: a mailbox that was full until its old mail was deleted is not full. */
static int mark_mailbox(struct worker *w, struct err *e)
{
    const struct run_totals *n = &w->totals;
    uint64_t messages = n->listed > n->deleted ? n->listed - n->deleted : 0;
    uint64_t octets = n->used_octets > n->deleted_octets ? n->used_octets - n->deleted_octets : 0;

    if (!n->used_any)
        return mark(w, "mailbox", mem_strdup("-"), e);
    return mark(w, "mailbox",
                mem_printf("%llu %llu", (unsigned long long)messages, (unsigned long long)octets),
                e);
}

int facts_mark(struct worker *w, struct err *e)
{
    if (!w->totals.listed_any)
        return 0;
    return mark_due(w, e) < 0 ? -1 : mark_mailbox(w, e);
}

/* ---- reading ---- */

static int64_t take(struct sv *rest)
{
    uint64_t n;

    return rest->n > 0 && ascii_u64(sv_token(rest, ' '), INT64_MAX, &n) == 0 ? (int64_t)n
                                                                             : EVENT_UNSET;
}

void facts_read(struct facts *f, const struct ledger *l)
{
    struct sv due = ledger_mark(l, "due"), mailbox = ledger_mark(l, "mailbox");
    struct sv certificate = ledger_mark(l, "certificate");

    f->due = take(&due);
    f->next_due = take(&due);
    if (f->next_due == 0)
        f->next_due = EVENT_UNSET;
    f->messages = take(&mailbox);
    f->used_octets = take(&mailbox);
    f->certificate_ends = take(&certificate);
}
