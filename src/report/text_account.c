/* SPDX-License-Identifier: ISC */
/* The end of an account and of the run. */
#include "popkeep/report/text_account.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"

static int64_t count_of(const struct event *ev, enum event_num slot)
{
    int64_t n = event_num(ev, slot, 0);
    return n > 0 ? n : 0;
}

static char *size_of(char out[LINE_SIZE_MAX], const struct event *ev, enum event_num slot)
{
    return line_size(out, ev->num[slot]);
}

static void put_done(struct line_list *list, const struct event *ev)
{
    long long n = count_of(ev, EN_FETCHED);
    char size[LINE_SIZE_MAX];
    /* TRANS: %s is the size, " (3.4 MB)", or nothing */
    line_counted(list, n, "%lld new message%s stored", "%lld new messages%s stored", n,
                 size_of(size, ev, EN_FETCHED_OCTETS));
    n = count_of(ev, EN_MATCHED);
    line_counted(list, n, "%lld message came that was already stored",
                 "%lld messages came that were already stored", n);
    n = count_of(ev, EN_DELETED);
    line_counted(list, n, "%lld deleted on the server", "%lld deleted on the server", n);
    n = count_of(ev, EN_FAILED);
    line_counted(list, n, "%lld could not be stored", "%lld could not be stored", n);
}

static void put_held(struct line_list *list, const struct event *ev)
{
    long long n = count_of(ev, EN_HELD);
    line_counted(list, n, "%lld deletion held back", "%lld deletions held back", n);
    n = count_of(ev, EN_MISSING);
    line_counted(list, n, "%lld kept there because the local copy is missing",
                 "%lld kept there because their local copies are missing", n);
    n = count_of(ev, EN_CHANGED);
    line_counted(list, n, "%lld kept there because the local copy has changed",
                 "%lld kept there because their local copies have changed", n);
}

static void put_bad(struct line_list *list, const struct event *ev)
{
    long long n = count_of(ev, EN_MISSING);
    line_counted(list, n, "%lld no longer in the Maildir", "%lld no longer in the Maildir", n);
    n = count_of(ev, EN_CHANGED);
    line_counted(list, n, "%lld changed", "%lld changed", n);
    n = count_of(ev, EN_NOT_STORED);
    line_counted(list, n, "%lld on the server not stored", "%lld on the server not stored", n);
}

static int64_t left_of(const struct event *ev)
{
    int64_t left = event_minus(event_num(ev, EN_LISTED, 0), event_num(ev, EN_KNOWN, 0));
    left = event_minus(left, event_num(ev, EN_FETCHED, 0));
    left = event_minus(left, event_num(ev, EN_MATCHED, 0));
    left = event_num(ev, EN_LEFT, left);
    return left > 0 ? left : 0;
}

/* "214 on the server, 0 left to fetch": how many are there now, not how many were listed. */
static void put_server(struct line_list *list, const struct event *ev)
{
    if (ev->num[EN_LISTED] == EVENT_UNSET)
        return;
    int64_t now = event_minus(count_of(ev, EN_LISTED), count_of(ev, EN_DELETED));
    tr_addf(line_part(list), "%lld on the server", (long long)(now > 0 ? now : 0));
    if (ev->num[EN_KNOWN] != EVENT_UNSET || ev->num[EN_LEFT] != EVENT_UNSET)
        tr_addf(line_part(list), "%lld left to fetch", (long long)left_of(ev));
}

/* Due, not deleted, and not counted among those held or with a bad copy: a limit, or the server. */
static void put_waiting(struct line_list *list, const struct event *ev)
{
    int64_t rest = event_minus(count_of(ev, EN_DUE), count_of(ev, EN_HELD));
    rest = event_minus(rest, count_of(ev, EN_MISSING));
    rest = event_minus(rest, count_of(ev, EN_CHANGED));
    line_counted(list, rest, "%lld due for deletion waits for a later run",
                 "%lld due for deletion wait for a later run", (long long)rest);
}

static bool did_something(const struct event *ev)
{
    return count_of(ev, EN_FETCHED) > 0 || count_of(ev, EN_MATCHED) > 0 ||
           count_of(ev, EN_DELETED) > 0 || count_of(ev, EN_FAILED) > 0;
}

/* Whether an empty-handed run may say that there was nothing to get. */
static bool knows_of_no_new(const struct event *ev)
{
    enum status status = (enum status)event_num(ev, EN_STATUS, ST_OK);
    return (status == ST_OK || status == ST_HELD) && left_of(ev) == 0;
}

static void put_fetch(struct buf *to, const struct event *ev)
{
    struct line_list list = {to, ", ", false};
    put_done(&list, ev);
    if (!list.begun)
        buf_add_c(line_part(&list),
                  knows_of_no_new(ev) ? tr("nothing new") : tr("nothing new stored"));
    size_t before = to->n;
    struct line_list server = {to, ", ", false};
    buf_add_c(to, "; ");
    put_server(&server, ev);
    put_held(&server, ev);
    put_waiting(&server, ev);
    if (!server.begun)
        buf_cut(to, before);
}

static void put_dry_run(struct buf *to, const struct event *ev)
{
    long long fetches = count_of(ev, EN_WOULD_FETCH), deletions = count_of(ev, EN_WOULD_DELETE);
    struct line_list list = {to, ", ", false};
    char size[LINE_SIZE_MAX];
    /* TRANS: %s is the size, " (3.4 MB)", or nothing */
    line_counted(&list, fetches, "would fetch %lld message%s", "would fetch %lld messages%s",
                 fetches, size_of(size, ev, EN_WOULD_FETCH_OCTETS));
    if (fetches == 0)
        buf_add_c(line_part(&list), tr("would fetch nothing"));
    if (deletions > 0)
        tr_addf(line_part(&list), "would delete %lld on the server", deletions);
    else
        buf_add_c(line_part(&list), tr("would delete nothing"));
    if (ev->num[EN_LISTED] != EVENT_UNSET) {
        buf_add_c(to, "; ");
        tr_addf(to, "%lld on the server", (long long)count_of(ev, EN_LISTED));
    }
    put_held(&list, ev);
    put_waiting(&list, ev);
}

static void put_check(struct buf *to, const struct event *ev)
{
    long long n = count_of(ev, EN_LISTED);
    char size[LINE_SIZE_MAX];
    buf_add_c(to, tr("ready"));
    if (ev->num[EN_LISTED] == EVENT_UNSET)
        return;
    buf_add_c(to, "; ");
    trn_addf(to, (uint64_t)n, "%lld message%s on the server", "%lld messages%s on the server", n,
             size_of(size, ev, EN_LISTED_OCTETS));
}

static bool verify_found_bad(const struct event *ev)
{
    return count_of(ev, EN_MISSING) > 0 || count_of(ev, EN_CHANGED) > 0 ||
           count_of(ev, EN_NOT_STORED) > 0;
}

static void put_verify(struct buf *to, const struct event *ev)
{
    struct line_list list = {to, ", ", false};
    long long done = count_of(ev, EN_DONE);
    if (ev->num[EN_DONE] != EVENT_UNSET)
        trn_addf(line_part(&list), (uint64_t)done, "%lld stored message checked",
                 "%lld stored messages checked", done);
    else
        buf_add_c(line_part(&list), tr("stored messages checked"));
    if (verify_found_bad(ev))
        put_bad(&list, ev);
    else if (event_num(ev, EN_STATUS, ST_OK) == ST_OK)
        buf_add_c(line_part(&list), tr("nothing wrong"));
    /* a file that is missing or changed may be that of a listed message: then it is no OK */
    if (ev->num[EN_NOT_STORED] == 0 && ev->num[EN_LISTED] != EVENT_UNSET &&
        event_num(ev, EN_STATUS, ST_OK) == ST_OK)
        tr_addf(to, "; everything the server lists is stored (%lld)",
                (long long)count_of(ev, EN_LISTED));
}

/* How a command ends: what it says, and when it has a reason to. */
static void print_end(struct buf *to, const struct event *ev, const struct report_style *st)
{
    if (line_command_is(st, "verify"))
        put_verify(to, ev);
    else if (line_command_is(st, "check"))
        put_check(to, ev);
    else if (st->dry_run)
        put_dry_run(to, ev);
    else
        put_fetch(to, ev);
}

/* Quiet or not, an account that did not end well is never passed over in silence: what it could not
 * do may stand nowhere but in its numbers. Without a listing there are none, and an error has told.
 */
static bool worth_telling(const struct event *ev, const struct report_style *st)
{
    bool failed = event_num(ev, EN_STATUS, ST_OK) != ST_OK;
    if (line_command_is(st, "status"))
        return false;
    if (line_command_is(st, "check"))
        return !failed && st->verbose >= 0;
    if (line_command_is(st, "verify"))
        return ev->num[EN_DONE] != EVENT_UNSET && (failed || st->verbose >= 0);
    if (failed && ev->num[EN_LISTED] != EVENT_UNSET)
        return true;
    if (st->verbose < 0)
        return false;
    if (did_something(ev) || (st->dry_run && !failed))
        return true;
    return !failed && (st->terminal || st->verbose >= 1);
}

void text_account(struct lines *to, const struct event *ev, const struct report_style *st)
{
    if (!worth_telling(ev, st))
        return;
    line_account(to->out, ev);
    print_end(to->out, ev, st);
    buf_add_char(to->out, '\n');
}

void text_summary(struct lines *to, const struct event *ev, const struct report_style *st)
{
    long long accounts = count_of(ev, EN_ACCOUNTS);
    int64_t failed = count_of(ev, EN_ACCOUNTS_FAILED);
    if (!st->many || st->verbose < 0 || line_command_is(st, "status"))
        return;
    if (failed == 0 && !worth_telling(ev, st))
        return;
    trn_addf(to->out, (uint64_t)accounts, "%lld account: ", "%lld accounts: ", accounts);
    if (!line_command_is(st, "check") || failed == 0)
        print_end(to->out, ev, st);
    if (failed > 0)
        trn_addf(to->out, (uint64_t)failed, "%s%lld account not complete",
                 "%s%lld accounts not complete", line_command_is(st, "check") ? "" : "; ",
                 (long long)failed);
    buf_add_char(to->out, '\n');
}
