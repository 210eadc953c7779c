/* SPDX-License-Identifier: ISC */
/*
 * verify: every stored message read again and compared with its recorded SHA-256; with --server
 * also whether all that the server lists is stored. Nothing is written, no lock is taken.
 */
#include "popkeep/run/account.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/run/pairing.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/signals.h"

enum { PROGRESS_MS = 200 };

static void tell_bad(struct worker *w, const struct ledger_entry *en, const char *reason,
                     const char *text)
{
    struct event ev;
    char sha[HASH_HEX];

    event_init(&ev, EVENT_BAD, w->account->name);
    text_hex(sha, en->wire_sha, HASH_OCTETS);
    ev.str[ES_REASON] = sv_of(reason);
    ev.str[ES_TEXT] = sv_of(tr(text));
    ev.str[ES_UIDL] = sv_make(en->uidl, en->uidl_n);
    ev.str[ES_FILE] = sv_of(en->name);
    ev.str[ES_SHA256] = sv_of(sha);
    ev.num[EN_STORED_AT] = en->stored_at;
    tell_event(w->tell, &ev);
}

/* `missing` gets the entries without a file: whether that is bad only the server's list tells. */
static int verify_files(struct worker *w, uint8_t *missing, struct err *e)
{
    uint32_t n = ledger_count(w->book.ledger);
    int64_t told = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct ledger_entry *en = ledger_entry(w->book.ledger, i);
        if (!ledger_has_file(en))
            continue;
        if (signals_pending())
            return err_set(e, ST_TEMP, "interrupted");
        switch (finder_check(w->finder, en->name, en->file_octets, en->file_sha, e)) {
        case FINDER_ERROR:
            return -1;
        case FINDER_MISSING:
            missing[i] = 1;
            w->totals.copy_missing++;
            break;
        case FINDER_CHANGED:
            w->totals.copy_changed++;
            tell_bad(w, en, "changed", "the file is not what was stored");
            worker_worsen(w, ST_DATA);
            break;
        case FINDER_OK:
        default:
            break;
        }
        w->totals.read++;
        if (clock_mono_ms() - told >= PROGRESS_MS) {
            told = clock_mono_ms();
            tell_progress(w->tell, PHASE_VERIFYING, i, n, 0, 0);
        }
    }
    return 0;
}

static void tell_not_stored(struct worker *w, const struct plan_message *m, enum plan_why why)
{
    struct event ev;

    event_init(&ev, EVENT_BAD, w->account->name);
    ev.num[EN_NUMBER] = m->number;
    ev.str[ES_REASON] = SV("not-stored");
    ev.str[ES_UIDL] = sv_make(m->uidl, m->uidl_n);
    ev.str[ES_TEXT] = sv_of(plan_why_text(why));
    tell_event(w->tell, &ev);
}

static void judge_listed(struct worker *w, const struct plan *plan, const struct plan_message *m,
                         const uint8_t *missing)
{
    for (size_t i = 0; i < plan->n; i++) {
        uint32_t entry = plan->items[i].entry;

        if (plan->items[i].why != PLAN_KNOWN) {
            w->totals.not_stored++;
            tell_not_stored(w, &m[i], (enum plan_why)plan->items[i].why);
            worker_worsen(w, ST_INCOMPLETE);
        } else if (missing[entry]) {
            tell_bad(w, ledger_entry(w->book.ledger, entry), "missing",
                     "the file is gone, but the server still has the message: "
                     "popkeep fetch --missing stores it again");
            worker_worsen(w, ST_DATA);
        }
    }
}

static int verify_server(struct worker *w, const uint8_t *missing, struct err *e)
{
    struct plan_message *messages = NULL;
    struct plan plan = {0};
    struct listing l;
    struct session s;
    bool ok;
    int rc;

    listing_init(&l);
    rc = session_open(&s, w->account, w->password, &w->memory, w->tell, NULL, e);
    if (rc == 0)
        rc = session_list(&s, &l, e);
    if (rc == 0) {
        messages = worker_messages(&l);
        plan_make(&plan, messages, l.n, w->book.ledger);
        w->totals.listed = l.n;
        w->totals.listed_octets = l.octets;
        w->totals.known = plan.known_n;
        w->totals.listed_any = true;
        judge_listed(w, &plan, messages, missing);
        (void)session_quit(&s, &ok, e);
        err_clear(e);
    }
    session_free(&s);
    plan_free(&plan);
    free(messages);
    listing_free(&l);
    return rc;
}

int worker_verify(struct worker *w, struct err *e)
{
    struct sv utf8;
    uint8_t *missing = NULL;
    int rc = -1;

    if (book_open(&w->book, w->state_root, w->account->name, false, w->tell, e) < 0 ||
        pairing_open(&w->maildir, w->account, &w->book, false, false, w->tell, e) < 0)
        return -1;
    worker_confine(w);
    utf8 = ledger_mark(w->book.ledger, "utf8");
    w->memory.utf8 = utf8.p == NULL ? -1 : sv_eq_c(utf8, "yes");
    w->memory.no_pipelining = true; /* as in check: a few round trips more, and no hang-up */
    missing = mem_zalloc((size_t)ledger_count(w->book.ledger) + 1, 1);
    if (w->maildir != NULL) {
        w->finder = finder_new(w->maildir);
        tell_stage(w->tell, STAGE_VERIFYING);
        if (verify_files(w, missing, e) < 0)
            goto out;
    }
    rc = w->options->server ? verify_server(w, missing, e) : 0;
out:
    free(missing);
    return rc;
}
