/* SPDX-License-Identifier: ISC */
/* Records change the ledger: every transition is checked before anything is touched. */
#include "popkeep/base/ascii.h"
#include "popkeep/base/translate.h"
#include "popkeep/ledger/ledger.h"
#include "popkeep/ledger/ledger_inside.h"

#include <stdlib.h>
#include <string.h>

/* A run this long after the one before it ran under a doubtful clock (retention.h has the same). */
enum { CLOCK_AHEAD_S = 400 * 86400, QUITS_MAX = 255 };

#define IN(state) (1U << (state))

struct transition {
    char kind;
    uint8_t to;
    unsigned from;
};

static const struct transition transitions[] = {
    {REC_STORED, LEDGER_STORED, IN(LEDGER_INTENT) | IN(LEDGER_ASKED)},
    {REC_VOID, LEDGER_VOID, IN(LEDGER_INTENT)},
    {REC_REKEY, LEDGER_STORED, IN(LEDGER_STORED) | IN(LEDGER_ASKED) | IN(LEDGER_GONE)},
    {REC_DELETE, LEDGER_ASKED, IN(LEDGER_STORED)},
    {REC_GONE, LEDGER_GONE, IN(LEDGER_ASKED)},
};

static const char *state_name(uint8_t state)
{
    static const char *const names[LEDGER_STATES] = {
        /* TRANS: these six: what became of a message in the journal */
        N_("it is intended"), N_("it is stored"), N_("it is asked to be deleted"),
        N_("it is gone"),     N_("it is void"),   N_("it is replaced")};
    return names[state];
}

static int misfit(const struct record *r, const char *what, struct err *e)
{
    if (r->id == 0)
        return err_set(e, ST_DATA, "record %c does not fit: %s", (char)r->kind, tr(what));
    return err_set(e, ST_DATA, "record %c of message %lu does not fit: %s", (char)r->kind,
                   (unsigned long)r->id, tr(what));
}

static const char *keep(struct ledger *l, struct sv s)
{
    return arena_dup(&l->text, s.n ? s.p : "", s.n);
}

static void set_state(struct ledger *l, struct ledger_entry *en, enum ledger_state s)
{
    l->states[en->state]--;
    l->states[s]++;
    en->state = (uint8_t)s;
}

static void set_stored_at(struct ledger *l, struct ledger_entry *en, int64_t t)
{
    en->stored_at = t;
    if (t > l->newest_stored)
        l->newest_stored = t;
}

/* ---- entries ---- */

static int check_intent(const struct ledger *l, const struct record *r, struct err *e)
{
    uint32_t old = ledger_index_of(l, r->id);
    if (r->id == 0 || r->id == UINT32_MAX)
        return misfit(r, "no such number", e);
    if (old != LEDGER_NONE && !ledger_entry(l, old)->archived)
        return misfit(r, "the number is in use", e);
    if (r->name.n == 0 || sv_has(r->name, '/') || sv_has(r->name, '\0'))
        return misfit(r, "the file name is none", e);
    if (l->count >= INDEX_ITEM_MAX)
        return misfit(r, "there are too many messages", e);
    if (r->uidl.n > RECORD_TEXT_MAX || r->name.n > RECORD_TEXT_MAX)
        return misfit(r, "a text in it is too long", e);
    if (r->replaces != 0 && (r->replaces == r->id || !ledger_replaceable(l, r->replaces)))
        return misfit(r, "the message it replaces is not stored", e);
    return 0;
}

static int apply_intent(struct ledger *l, const struct record *r, bool from_archive, struct err *e)
{
    if (check_intent(l, r, e) != 0)
        return -1;
    uint32_t index = ledger_index_of(l, r->id);
    struct ledger_cell *c;
    if (index == LEDGER_NONE) {
        c = ledger_new_cell(l, r->id, &index);
        l->states[LEDGER_INTENT]++;
    } else {
        c = ledger_cell(l, index);
        ledger_unlink_uidl(l, index);
        ledger_unlink_content(l, index);
        set_state(l, &c->e, LEDGER_INTENT);
    }
    bool on_asked = c->e.on_asked, in_archive = c->e.in_archive || from_archive;
    c->e = (struct ledger_entry){
        .id = r->id,
        .replaces = r->replaces,
        .size = r->size,
        .wire_octets = r->wire_octets,
        .file_octets = r->file_octets,
        .uidl = r->uidl.p ? keep(l, r->uidl) : NULL,
        .uidl_n = (uint32_t)r->uidl.n,
        .name = keep(l, r->name),
        .state = LEDGER_INTENT,
        .archived = from_archive,
        .in_archive = in_archive,
        .on_asked = on_asked,
    };
    memcpy(c->e.wire_sha, r->wire_sha, HASH_OCTETS);
    memcpy(c->e.file_sha, r->file_sha, HASH_OCTETS);
    set_stored_at(l, &c->e, r->time);
    if (r->id >= l->next_id)
        l->next_id = r->id + 1;
    ledger_link_uidl(l, index);
    ledger_link_name(l, index);
    return 0;
}

static void replace(struct ledger *l, uint32_t id)
{
    uint32_t index = ledger_index_of(l, id);
    ledger_unlink_uidl(l, index);
    ledger_unlink_content(l, index);
    set_state(l, &ledger_cell(l, index)->e, LEDGER_REPLACED);
}

static void apply_stored(struct ledger *l, uint32_t index, const struct record *r)
{
    struct ledger_entry *en = &ledger_cell(l, index)->e;
    set_stored_at(l, en, r->stored_at);
    if (en->state == LEDGER_ASKED) {
        set_state(l, en, LEDGER_STORED);
        return;
    }
    /* another intent may have taken that place meanwhile: then both files are kept */
    if (ledger_replaceable(l, en->replaces))
        replace(l, en->replaces);
    en->replaces = 0;
    en->boot = en->archived ? 0 : l->boot;
    en->quits = (uint8_t)(r->quits < QUITS_MAX ? r->quits : QUITS_MAX);
    en->asked_at = r->asked_at;
    set_state(l, en, LEDGER_STORED);
    ledger_link_content(l, index);
}

static void apply_rekey(struct ledger *l, uint32_t index, const struct record *r)
{
    struct ledger_entry *en = &ledger_cell(l, index)->e;
    ledger_unlink_uidl(l, index);
    if (!sv_eq(r->uidl, sv_make(en->uidl, en->uidl_n)) || en->uidl == NULL) {
        en->uidl = r->uidl.p ? keep(l, r->uidl) : NULL;
        en->uidl_n = (uint32_t)r->uidl.n;
    }
    en->size = r->size;
    en->quits = 0;
    en->asked_at = 0;
    en->gone_at = 0;
    en->archived = en->redated = false;
    set_state(l, en, LEDGER_STORED);
    ledger_link_uidl(l, index);
}

static void apply_delete(struct ledger *l, uint32_t index, const struct record *r)
{
    struct ledger_entry *en = &ledger_cell(l, index)->e;
    en->asked_at = r->time;
    set_state(l, en, LEDGER_ASKED);
    if (en->on_asked)
        return;
    if (l->asked_n == l->asked_cap) {
        l->asked_cap = l->asked_cap ? l->asked_cap * 2 : 64;
        l->asked = mem_realloc(l->asked, l->asked_cap, sizeof *l->asked);
    }
    l->asked[l->asked_n++] = index;
    en->on_asked = true;
}

/* Only here are entries that left ASKED taken off the list, so that neither S nor G must search. */
static void apply_quit(struct ledger *l)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->asked_n; i++) {
        struct ledger_entry *en = &ledger_cell(l, l->asked[i])->e;
        en->on_asked = en->state == LEDGER_ASKED && !en->archived;
        if (!en->on_asked)
            continue;
        if (en->quits < QUITS_MAX)
            en->quits++;
        l->asked[kept++] = l->asked[i];
    }
    l->asked_n = kept;
}

/* A run that was killed after QUIT, or failed, recorded no number of what it deleted: what is gone
 * since is subtracted here, or the guard would take popkeep's own deletions for another mailbox. */
static void left_asked(struct ledger *l, const struct ledger_entry *en)
{
    struct ledger_run *run = &l->run;
    if (l->subtracted > 0)
        l->subtracted--;
    else if (en->state == LEDGER_GONE && en->id < run->known_before && run->known > 0)
        run->known--;
}

static int apply_to_entry(struct ledger *l, const struct record *r, bool from_archive,
                          struct err *e)
{
    uint32_t index = ledger_index_of(l, r->id);
    if (index == LEDGER_NONE)
        return misfit(r, "there is no such message", e);
    struct ledger_entry *en = &ledger_cell(l, index)->e;
    if (from_archive ? !en->archived || r->kind == REC_REKEY : en->archived && r->kind != REC_REKEY)
        return misfit(r, "archive and journal disagree", e);
    const struct transition *t = transitions;
    while (t->kind != (char)r->kind)
        t++;
    if ((t->from & IN(en->state)) == 0)
        return misfit(r, state_name(en->state), e);
    if (r->uidl.n > RECORD_TEXT_MAX)
        return misfit(r, "a text in it is too long", e);
    switch (r->kind) {
    case REC_STORED:
        apply_stored(l, index, r);
        return 0;
    case REC_REKEY:
        apply_rekey(l, index, r);
        return 0;
    case REC_DELETE:
        apply_delete(l, index, r);
        return 0;
    case REC_VOID:
        ledger_unlink_uidl(l, index);
        break;
    default:
        en->gone_at = r->time;
        break;
    }
    set_state(l, en, (enum ledger_state)t->to);
    return 0;
}

static int apply_change(struct ledger *l, const struct record *r, bool from_archive, struct err *e)
{
    uint32_t index = ledger_index_of(l, r->id);
    const struct ledger_entry *en = index == LEDGER_NONE ? NULL : &ledger_cell(l, index)->e;
    bool asked = en != NULL && en->state == LEDGER_ASKED && !from_archive;
    if (apply_to_entry(l, r, from_archive, e) != 0)
        return -1;
    if (asked && en->state != LEDGER_ASKED)
        left_asked(l, en);
    return 0;
}

/* ---- marks ---- */

static int parse_i64(struct sv s, int64_t *out)
{
    uint64_t v;
    bool minus = s.n > 0 && s.p[0] == '-';
    if (ascii_u64(sv_from(s, minus), INT64_MAX, &v) != 0)
        return -1;
    *out = minus ? -(int64_t)v : (int64_t)v;
    return 0;
}

static bool counts_age(const struct ledger_entry *en)
{
    return !en->archived && en->state != LEDGER_INTENT && en->state != LEDGER_VOID;
}

/* A tombstone of the archive can be brought back, and is then as old as it says. */
static bool counts_age_once_back(const struct ledger *l, const struct ledger_entry *en)
{
    return l->clocked && en->archived && en->state == LEDGER_GONE;
}

static void date_back(struct ledger *l, struct ledger_entry *en, int64_t t)
{
    if (en->stored_at <= t)
        return;
    if (counts_age_once_back(l, en))
        en->redated = true;
    else if (!counts_age(en))
        return;
    en->stored_at = t;
}

static void clock_ok(struct ledger *l, int64_t t)
{
    if (l->newest_stored > t) {
        l->newest_stored = t;
        for (uint32_t i = 0; i < l->count; i++) {
            struct ledger_entry *en = &ledger_cell(l, i)->e;
            date_back(l, en, t);
            set_stored_at(l, en, en->stored_at); /* some keep a later time */
        }
    }
    if (l->newest > t)
        l->newest = t;
    l->trusted = t;
    /* the boot's offsets stay: a clock that was right only after it jumped still re-dates by that
     */
}

/* The offsets are forgotten: what comes next in this boot is measured by the new clock. */
static void clock_jump(struct ledger *l, int64_t t)
{
    if (l->boot == 0)
        return;
    for (uint32_t i = 0; i < l->count; i++) {
        struct ledger_entry *en = &ledger_cell(l, i)->e;
        if (counts_age(en) && en->boot == l->boot)
            set_stored_at(l, en, t);
    }
    l->boots[l->boot - 1].any = false;
}

static void set_offsets(struct ledger_boot *b, bool any, int64_t low, int64_t high)
{
    b->any = any;
    b->low = any ? low : 0;
    b->high = any ? high : 0;
}

static int totals(struct ledger *l, const struct record *r, struct err *e)
{
    int64_t v[LEDGER_TOTALS_N];
    struct sv rest = r->value;
    /* without that number: most were compacted behind the record of a run that had counted them */
    v[LEDGER_T_SUBTRACTED] = (int64_t)l->states[LEDGER_ASKED];
    for (int i = 0; i < LEDGER_TOTALS_N && (i < LEDGER_T_SUBTRACTED || rest.n > 0); i++)
        if (parse_i64(sv_token(&rest, ' '), &v[i]) != 0)
            return misfit(r, "its numbers are none", e);
    if (v[LEDGER_T_NEXT_ID] < l->next_id || v[LEDGER_T_NEXT_ID] > UINT32_MAX)
        return misfit(r, "its next number is in use", e);
    l->next_id = (uint32_t)v[LEDGER_T_NEXT_ID];
    l->newest = v[LEDGER_T_NEWEST];
    l->trusted = v[LEDGER_T_TRUSTED];
    l->run.last_success = v[LEDGER_T_SUCCESS];
    l->run.refused_in_a_row = (unsigned)v[LEDGER_T_REFUSED];
    l->run.failed_in_a_row = (unsigned)v[LEDGER_T_FAILED];
    l->run.known = (uint64_t)v[LEDGER_T_KNOWN];
    l->run.known_before = (uint32_t)v[LEDGER_T_KNOWN_BEFORE];
    l->hold_before = (uint32_t)v[LEDGER_T_HOLD_BEFORE];
    l->subtracted = v[LEDGER_T_SUBTRACTED] > 0 ? (uint64_t)v[LEDGER_T_SUBTRACTED] : 0;
    if (l->boot != 0)
        set_offsets(&l->boots[l->boot - 1], v[LEDGER_T_OFFSETS] != 0, v[LEDGER_T_LOW],
                    v[LEDGER_T_HIGH]);
    return 0;
}

static int apply_mark(struct ledger *l, const struct record *r, struct err *e)
{
    int64_t t = 0;
    bool ok = sv_eq_c(r->name, "clock-ok"), jump = sv_eq_c(r->name, "clock-jump");
    bool cleared = r->value.p == NULL || sv_eq_c(r->value, "-");
    if (r->name.n == 0)
        return misfit(r, "a mark without a name", e);
    if (sv_eq_c(r->name, LEDGER_TOTALS))
        return totals(l, r, e);
    if ((ok || jump) && !cleared && parse_i64(r->value, &t) != 0)
        return misfit(r, "its time is none", e);
    if (sv_eq_c(r->name, "hold") && ledger_mark(l, "hold").p == NULL)
        l->hold_before = l->run.known_before;
    ledger_set_mark(l, r->name, r->value);
    if (ok && !cleared)
        clock_ok(l, t);
    if (jump && !cleared)
        clock_jump(l, t);
    return 0;
}

/* ---- runs and boots ---- */

static void copy_text(char *to, size_t max, struct sv s)
{
    size_t n = s.n < max ? s.n : max;
    if (n > 0)
        memcpy(to, s.p, n);
    to[n] = '\0';
}

static void apply_boot(struct ledger *l, const struct record *r)
{
    uint32_t boot = ledger_boot(l, r->boot_id);
    int64_t offset;
    l->clocked = true;
    if (boot == 0 && r->boot_id.n > 0) {
        l->boots = mem_realloc(l->boots, (size_t)l->boots_n + 1, sizeof *l->boots);
        l->boots[l->boots_n] = (struct ledger_boot){.any = false};
        copy_text(l->boots[l->boots_n].id, LEDGER_BOOT_ID_MAX, r->boot_id);
        boot = ++l->boots_n;
    }
    l->boot = boot;
    if (boot == 0 || __builtin_sub_overflow(r->time, r->boot_s, &offset))
        return;
    struct ledger_boot *b = &l->boots[boot - 1];
    set_offsets(b, true, b->any && b->low < offset ? b->low : offset,
                b->any && b->high > offset ? b->high : offset);
}

static void trust(struct ledger *l, int64_t t)
{
    int64_t step;
    if (l->trusted == 0 ||
        (t > l->trusted && !__builtin_sub_overflow(t, l->trusted, &step) && step <= CLOCK_AHEAD_S))
        l->trusted = t;
}

static void apply_run(struct ledger *l, const struct record *r)
{
    struct ledger_run *run = &l->run;
    bool success = r->status == ST_OK || r->status == ST_HELD;
    run->any = true;
    run->time = r->time;
    run->status = (enum status)r->status;
    run->listed = r->listed;
    run->listed_octets = r->listed_octets;
    run->matched = r->matched;
    run->fetched = r->fetched;
    run->deleted = r->deleted;
    run->boot_s = r->boot_s;
    copy_text(run->boot_id, LEDGER_BOOT_ID_MAX, r->boot_id);
    copy_text(run->capabilities, LEDGER_CAPABILITIES_MAX, r->capabilities);
    copy_text(run->fingerprint, LEDGER_FINGERPRINT_MAX, r->fingerprint);
    if (success)
        run->last_success = r->time;
    run->refused_in_a_row = r->status == ST_LOGIN ? run->refused_in_a_row + 1 : 0;
    run->failed_in_a_row = success ? 0 : run->failed_in_a_row + 1;
    /* a run that saw no message, or was cut short, does not tell what should be there */
    if (r->listed > 0 && (success || r->status == ST_INCOMPLETE)) {
        run->known = r->matched > r->deleted ? (r->matched - r->deleted) & INT64_MAX : 0;
        run->known_before = l->next_id;
        l->subtracted = r->deleted < l->states[LEDGER_ASKED] ? r->deleted : l->states[LEDGER_ASKED];
    }
    apply_boot(l, r);
    trust(l, r->time);
}

static int apply_header(struct ledger *l, const struct record *r, bool from_archive, struct err *e)
{
    if (r->version != RECORD_VERSION)
        return err_set(e, ST_DATA,
                       "the format is version %lu, this popkeep knows version %d: use a newer "
                       "popkeep",
                       (unsigned long)r->version, RECORD_VERSION);
    if (from_archive)
        return 0;
    struct ledger_header *h = &l->header;
    h->any = true;
    copy_text(h->journal_id, sizeof h->journal_id - 1, r->journal_id);
    h->host = keep(l, r->host);
    h->user = keep(l, r->user);
    h->maildir = keep(l, r->maildir);
    h->port = r->port;
    return 0;
}

static int apply_kind(struct ledger *l, const struct record *r, bool from_archive, struct err *e)
{
    switch (r->kind) {
    case REC_HEADER:
        return apply_header(l, r, from_archive, e);
    case REC_INTENT:
        return apply_intent(l, r, from_archive, e);
    case REC_STORED:
    case REC_VOID:
    case REC_REKEY:
    case REC_DELETE:
    case REC_GONE:
        return apply_change(l, r, from_archive, e);
    case REC_BOOT:
    case REC_RUN:
    case REC_QUIT:
    case REC_MARK:
        break;
    default:
        return misfit(r, "its kind is unknown", e);
    }
    if (from_archive)
        return misfit(r, "it does not belong into an archive", e);
    if (r->kind == REC_MARK)
        return apply_mark(l, r, e);
    if (r->kind == REC_QUIT)
        apply_quit(l);
    else if (r->kind == REC_RUN)
        apply_run(l, r);
    else
        apply_boot(l, r);
    return 0;
}

int ledger_apply(struct ledger *l, const struct record *r, bool from_archive, struct err *e)
{
    int64_t newest = l->newest;
    /* before the record is applied: "clock-ok" and "totals" lower it again */
    if (!from_archive && r->time > l->newest)
        l->newest = r->time;
    if (apply_kind(l, r, from_archive, e) != 0) {
        l->newest = newest;
        return -1;
    }
    l->lines += !from_archive;
    return 0;
}
