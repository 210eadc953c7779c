/* SPDX-License-Identifier: ISC */
/* The end of an account and of the run. */
#include "popkeep/report/text_account.h"
#include "popkeep/base/text.h"

/* A number that is only worth a word when it is not 0. */
struct counted {
    enum event_num slot, octets; /* octets: EVENT_NUMS for none */
    const char *word;            /* gets an s in the plural; null: the number stands alone */
    const char *one, *several;   /* what follows */
};

static const struct counted done_parts[] = {
    {EN_FETCHED, EN_FETCHED_OCTETS, "new message", " stored", " stored"},
    {EN_MATCHED, EVENT_NUMS, "message", " came that was already stored",
     " came that were already stored"},
    {EN_DELETED, EVENT_NUMS, NULL, " deleted on the server", " deleted on the server"},
    {EN_FAILED, EVENT_NUMS, NULL, " could not be stored", " could not be stored"},
};
static const struct counted would_parts[] = {
    {EN_WOULD_FETCH, EN_WOULD_FETCH_OCTETS, "message", "", ""},
};
static const struct counted held_parts[] = {
    {EN_HELD, EVENT_NUMS, "deletion", " held back", " held back"},
    {EN_MISSING, EVENT_NUMS, NULL, " kept there because the local copy is missing",
     " kept there because their local copies are missing"},
    {EN_CHANGED, EVENT_NUMS, NULL, " kept there because the local copy has changed",
     " kept there because their local copies have changed"},
};
static const struct counted verify_parts[] = {
    {EN_MISSING, EVENT_NUMS, NULL, " no longer in the Maildir", " no longer in the Maildir"},
    {EN_CHANGED, EVENT_NUMS, NULL, " changed", " changed"},
    {EN_NOT_STORED, EVENT_NUMS, NULL, " on the server not stored", " on the server not stored"},
};
#define PARTS(table) (table), sizeof(table) / sizeof *(table)

static int64_t count_of(const struct event *ev, enum event_num slot)
{
    int64_t n = event_num(ev, slot, 0);
    return n > 0 ? n : 0;
}

static void put_counted(struct line_list *list, const struct event *ev, const struct counted *parts,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t count = count_of(ev, parts[i].slot);
        if (count == 0)
            continue;
        struct buf *to = line_part(list);
        if (parts[i].word == NULL)
            buf_addf(to, "%lld", (long long)count);
        else
            line_count(to, count, parts[i].word,
                       parts[i].octets == EVENT_NUMS ? EVENT_UNSET : ev->num[parts[i].octets]);
        buf_add_c(to, count == 1 ? parts[i].one : parts[i].several);
    }
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
    buf_addf(line_part(list), "%lld on the server", (long long)(now > 0 ? now : 0));
    if (ev->num[EN_KNOWN] != EVENT_UNSET || ev->num[EN_LEFT] != EVENT_UNSET)
        buf_addf(line_part(list), "%lld left to fetch", (long long)left_of(ev));
}

/* Due, not deleted, and not counted among those held or with a bad copy: a limit, or the server. */
static void put_waiting(struct line_list *list, const struct event *ev)
{
    int64_t rest = event_minus(count_of(ev, EN_DUE), count_of(ev, EN_HELD));
    rest = event_minus(rest, count_of(ev, EN_MISSING));
    rest = event_minus(rest, count_of(ev, EN_CHANGED));
    if (rest > 0)
        buf_addf(line_part(list), "%lld due for deletion wait%s for a later run", (long long)rest,
                 rest == 1 ? "s" : "");
}

static bool did_something(const struct event *ev)
{
    for (size_t i = 0; i < sizeof done_parts / sizeof *done_parts; i++)
        if (count_of(ev, done_parts[i].slot) > 0)
            return true;
    return false;
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
    put_counted(&list, ev, PARTS(done_parts));
    if (!list.begun)
        buf_add_c(line_part(&list), knows_of_no_new(ev) ? "nothing new" : "nothing new stored");
    size_t before = to->n;
    struct line_list server = {to, ", ", false};
    buf_add_c(to, "; ");
    put_server(&server, ev);
    put_counted(&server, ev, PARTS(held_parts));
    put_waiting(&server, ev);
    if (!server.begun)
        buf_cut(to, before);
}

static void put_dry_run(struct buf *to, const struct event *ev)
{
    int64_t deletions = count_of(ev, EN_WOULD_DELETE);
    struct line_list list = {to, ", ", false};
    buf_add_c(to, "would fetch ");
    put_counted(&list, ev, PARTS(would_parts));
    if (!list.begun)
        buf_add_c(line_part(&list), "nothing");
    buf_add_c(line_part(&list), "would delete ");
    if (deletions > 0)
        buf_addf(to, "%lld on the server", (long long)deletions);
    else
        buf_add_c(to, "nothing");
    if (ev->num[EN_LISTED] != EVENT_UNSET)
        buf_addf(to, "; %lld on the server", (long long)count_of(ev, EN_LISTED));
    list.begun = true;
    put_counted(&list, ev, PARTS(held_parts));
    put_waiting(&list, ev);
}

static void put_check(struct buf *to, const struct event *ev)
{
    buf_add_c(to, "ready");
    if (ev->num[EN_LISTED] == EVENT_UNSET)
        return;
    buf_add_c(to, "; ");
    line_count(to, count_of(ev, EN_LISTED), "message", ev->num[EN_LISTED_OCTETS]);
    buf_add_c(to, " on the server");
}

static bool verify_found_bad(const struct event *ev)
{
    return count_of(ev, EN_MISSING) > 0 || count_of(ev, EN_CHANGED) > 0 ||
           count_of(ev, EN_NOT_STORED) > 0;
}

static void put_verify(struct buf *to, const struct event *ev)
{
    struct line_list list = {to, ", ", false};
    if (ev->num[EN_DONE] != EVENT_UNSET)
        line_count(line_part(&list), count_of(ev, EN_DONE), "stored message", EVENT_UNSET);
    else
        buf_add_c(line_part(&list), "stored messages");
    buf_add_c(to, " checked");
    if (verify_found_bad(ev))
        put_counted(&list, ev, PARTS(verify_parts));
    else if (event_num(ev, EN_STATUS, ST_OK) == ST_OK)
        buf_add_c(line_part(&list), "nothing wrong");
    /* a file that is missing or changed may be that of a listed message: then it is no OK */
    if (ev->num[EN_NOT_STORED] == 0 && ev->num[EN_LISTED] != EVENT_UNSET &&
        event_num(ev, EN_STATUS, ST_OK) == ST_OK)
        buf_addf(to, "; everything the server lists is stored (%lld)",
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
    char text[64];
    int64_t failed = count_of(ev, EN_ACCOUNTS_FAILED);
    if (!st->many || st->verbose < 0 || line_command_is(st, "status"))
        return;
    if (failed == 0 && !worth_telling(ev, st))
        return;
    buf_addf(to->out, "%s: ", text_count(text, (uint64_t)count_of(ev, EN_ACCOUNTS), "account"));
    if (!line_command_is(st, "check") || failed == 0)
        print_end(to->out, ev, st);
    if (failed > 0)
        buf_addf(to->out, "%s%s not complete", line_command_is(st, "check") ? "" : "; ",
                 text_count(text, (uint64_t)failed, "account"));
    buf_add_char(to->out, '\n');
}
