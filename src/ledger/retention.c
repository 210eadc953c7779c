/* SPDX-License-Identifier: ISC */
/* The age rule and the guards. */
#include "popkeep/ledger/retention.h"
#include "popkeep/base/ascii.h"
#include "popkeep/base/translate.h"

/* a - b; what does not fit is as far as can be told. A journal may hold any time. */
static int64_t span(int64_t a, int64_t b)
{
    int64_t d;
    if (__builtin_sub_overflow(a, b, &d))
        return a < b ? INT64_MIN : INT64_MAX;
    return d;
}

int64_t retention_left_s(const struct ledger_entry *en, const struct retention_policy *p)
{
    int64_t age = span(p->now, en->stored_at);
    if (p->days < 0 || p->days > INT64_MAX / RETENTION_DAY_S)
        return INT64_MAX;
    if (p->days == 0 || age >= p->days * RETENTION_DAY_S)
        return 0;
    return span(p->days * RETENTION_DAY_S, age);
}

static bool server_keeps(const struct ledger_entry *en, int64_t now)
{
    return en->quits >= RETENTION_KEEPS_QUITS && span(now, en->asked_at) < RETENTION_KEEPS_RETRY_S;
}

enum retention_why retention_judge(const struct ledger_entry *en, bool has_uidl, bool has_size,
                                   const struct retention_policy *p)
{
    if (p->days < 0)
        return RETENTION_NEVER;
    if (en->state != LEDGER_STORED)
        return RETENTION_NOT_STORED;
    if (!has_uidl || !has_size || en->uidl_n == 0 || en->size == RECORD_NO_SIZE)
        return RETENTION_NO_UIDL;
    if (retention_left_s(en, p) > 0)
        return RETENTION_YOUNG;
    return server_keeps(en, p->now) ? RETENTION_SERVER_KEEPS : RETENTION_DUE;
}

static bool clock_jumped(const struct ledger *l, int64_t now, int64_t boot_s, struct sv boot_id)
{
    int64_t low, high, offset = span(now, boot_s);
    if (!ledger_boot_offsets(l, ledger_boot(l, boot_id), &low, &high))
        return false;
    return span(offset, low) > RETENTION_CLOCK_JUMP_S ||
           span(high, offset) > RETENTION_CLOCK_JUMP_S;
}

enum retention_hold retention_clock(const struct ledger *l, int64_t now, int64_t boot_s,
                                    struct sv boot_id, bool *jump)
{
    int64_t newest = ledger_newest(l), trusted = ledger_clock_trusted(l);
    *jump = clock_jumped(l, now, boot_s, boot_id);
    if (newest != 0 && span(newest, now) > RETENTION_CLOCK_BACK_S)
        return HOLD_CLOCK_BACK;
    if (trusted != 0 && span(now, trusted) > RETENTION_CLOCK_AHEAD_S)
        return HOLD_CLOCK_AHEAD;
    return HOLD_NONE;
}

/* The number in the mark "hold"; one that cannot be read holds for ever: that is the safe side. */
static bool hold_stands(const struct ledger *l, uint64_t *known)
{
    struct sv mark = ledger_mark(l, "hold");
    if (mark.p == NULL)
        return false;
    if (ascii_u64(mark, UINT64_MAX, known) != 0)
        *known = UINT64_MAX;
    return true;
}

uint64_t retention_known(const struct ledger *l)
{
    uint64_t known;
    return hold_stands(l, &known) ? known : ledger_run(l)->known;
}

enum retention_hold retention_uidls(const struct ledger *l, uint64_t listed, uint64_t old,
                                    uint64_t unknown)
{
    uint64_t known;
    if (hold_stands(l, &known))
        return old < known - known / 2 ? HOLD_UIDLS_CHANGED : HOLD_NONE;
    known = ledger_run(l)->known;
    bool most_gone = old < known - known / 2;
    bool most_new = unknown > listed / 2;
    return known >= RETENTION_KNOWN_LEAST && most_gone && most_new ? HOLD_UIDLS_CHANGED : HOLD_NONE;
}

struct words {
    const char *word;
    const char *text;
};

static const struct words whys[] = {
    [RETENTION_DUE] = {"due", N_("old enough")},
    [RETENTION_NEVER] = {"never", N_("retention_days is never")},
    [RETENTION_YOUNG] = {"young", N_("not stored long enough yet")},
    [RETENTION_NOT_STORED] = {"not-stored", N_("not stored yet")},
    [RETENTION_NO_UIDL] = {"no-uidl", N_("the server gives no UIDL or no size for it")},
    [RETENTION_SERVER_KEEPS] = {"server-keeps",
                                N_("the server kept it after three deletions; asked "
                                   "again once a day")},
    [RETENTION_HELD] = {"held", N_("deletions are held back")},
    [RETENTION_LIMIT] = {"limit", N_("over max_delete, waits for a later run")},
    [RETENTION_COPY_MISSING] = {"copy-missing", N_("its local file is missing")},
    [RETENTION_REFUSED] = {"refused",
                           N_("the server does not delete it now; the next run asks again")},
    [RETENTION_COPY_CHANGED] = {"copy-changed", N_("its local file has changed")},
};

static const struct words holds[] = {
    [HOLD_NONE] = {"none", N_("deletions are not held back")},
    [HOLD_CLOCK_BACK] =
        {"clock-back",
         N_("the clock stands more than an hour before the newest record: deletions are held back\n"
            "correct the clock; if it is right now and was wrong before, run once with "
            "--confirm-delete: records dated later than now then count from now")},
    [HOLD_CLOCK_AHEAD] =
        {"clock-ahead",
         N_("the clock stands more than 400 days after the last run: deletions are held back\n"
            "if the clock is wrong, correct it; if it is right, run once with --confirm-delete: "
            "that says the clock is right, and deletes what is due by it")},
    [HOLD_UIDLS_CHANGED] =
        {"uidls-changed",
         N_("most messages known from the last run are gone and most of those listed are new: "
            "this may be another mailbox, so deletions are held back\n"
            "if it is the right mailbox, run once with --confirm-delete: that says the new "
            "listing is right, and deletes what is due in it")},
    [HOLD_UTF8] = {"utf8",
                   N_("the server no longer gives mail in the form (UTF8 or not) it was first "
                      "fetched in: deletions "
                      "are held back\n"
                      "run once with --confirm-delete to delete what is due all the same")},
};

const char *retention_text(enum retention_why w)
{
    return tr(whys[w].text);
}

const char *retention_word(enum retention_why w)
{
    return whys[w].word;
}

const char *retention_hold_text(enum retention_hold h)
{
    return tr(holds[h].text);
}

const char *retention_hold_word(enum retention_hold h)
{
    return holds[h].word;
}
