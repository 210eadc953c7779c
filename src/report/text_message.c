/* SPDX-License-Identifier: ISC */
/* Lines about single messages. */
#include "popkeep/report/text_message.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"

#include <limits.h>

enum { ALWAYS = INT_MIN };

/* How a kind's lines begin, who sees them, and what stands in brackets behind the message. */
struct message_form {
    const char *verb;
    int verbose; /* from this -v count on */
    bool dry_run_shows;
    bool on_diag;
    bool tell_size, tell_age, tell_file;
};

static const struct message_form forms[EVENT_KINDS] = {
    [EVENT_STORED] = {N_("stored"), 1, false, false, true, false, true},
    [EVENT_MATCHED] = {N_("already stored"), 1, false, false, true, false, true},
    [EVENT_FAILED] = {N_("not stored"), ALWAYS, false, true, true, false, false},
    [EVENT_DELETED] = {N_("deleted on the server"), 1, false, false, false, true, false},
    [EVENT_KEPT] = {N_("keep"), 1, true, false, false, false, false},
    [EVENT_PLANNED] = {N_("would fetch"), 0, true, false, true, false, false},
    [EVENT_BAD] = {N_("bad"), ALWAYS, false, false, false, true, false},
};

static const struct message_form would_delete = {
    N_("would delete"), 0, true, false, false, true, false};

/* By the stable word of ES_REASON. */
static const struct {
    const char *reason, *verb;
} verify_verbs[] = {
    {"missing", N_("missing")}, {"changed", N_("changed")}, {"not-stored", N_("not stored")}};

static const char *verb_of(const struct event *ev, const struct message_form *form)
{
    if (ev->kind != EVENT_BAD)
        return form->verb;
    for (size_t i = 0; i < sizeof verify_verbs / sizeof *verify_verbs; i++)
        if (sv_eq_c(ev->str[ES_REASON], verify_verbs[i].reason))
            return verify_verbs[i].verb;
    return form->verb;
}

/* An event may give the moment, the age, or both with the time of the event. */
static void put_age(struct line_list *list, const struct event *ev)
{
    int64_t at = ev->num[EN_STORED_AT], age = ev->num[EN_AGE];
    struct buf when = BUF_INIT(256);
    if (at != EVENT_UNSET)
        line_date(&when, at);
    else if (age != EVENT_UNSET)
        line_age(&when, age);
    /* TRANS: %s is a date or "3 days ago" */
    if (when.n > 0)
        tr_addf(line_part(list), "stored %s", when.p);
    if (at != EVENT_UNSET && age != EVENT_UNSET)
        line_age(line_part(list), age);
    buf_free(&when);
}

static void put_size(struct line_list *list, const struct event *ev)
{
    char text[16];
    if (event_num(ev, EN_OCTETS, -1) >= 0)
        buf_add_c(line_part(list), text_size(text, (uint64_t)ev->num[EN_OCTETS]));
}

/* Why: the phrase, or at least the word, unless the age has said it. It is the last in the
 * brackets, so that its further lines stand below. */
static void put_why(struct line_list *list, const struct event *ev, const struct message_form *form)
{
    if (ev->str[ES_TEXT].n > 0)
        line_text(line_part(list), ev->str[ES_TEXT]);
    else if (ev->str[ES_REASON].n > 0 && ev->kind != EVENT_BAD && !(form->tell_age && list->begun))
        line_word(line_part(list), ev->str[ES_REASON]);
}

static void put_details(struct buf *to, const struct event *ev, const struct message_form *form)
{
    struct line_list list = {to, ", ", false};
    size_t before = to->n;
    buf_add_c(to, "  (");
    if (form->tell_size)
        put_size(&list, ev);
    if (form->tell_age && ev->str[ES_TEXT].n == 0) /* a text speaks of the age itself */
        put_age(&list, ev);
    if (form->tell_file && ev->str[ES_FILE].n > 0) {
        struct buf file = BUF_INIT(SIZE_MAX / 2);
        line_word(&file, ev->str[ES_FILE]);
        tr_addf(line_part(&list), "file %s", file.p);
        buf_free(&file);
    }
    if (!form->on_diag)
        put_why(&list, ev, form);
    if (list.begun)
        buf_add_char(to, ')');
    else
        buf_cut(to, before);
}

/* What is wrong with a message that failed reads like any other error: text, advice below. */
static void put_failure(struct buf *to, const struct event *ev)
{
    buf_add_c(to, ": ");
    if (ev->str[ES_TEXT].n > 0)
        line_text(to, ev->str[ES_TEXT]);
    else if (ev->str[ES_REASON].n > 0)
        line_word(to, ev->str[ES_REASON]);
    else
        buf_add_c(to,
                  tr(status_info((enum status)event_num(ev, EN_STATUS, ST_INCOMPLETE))->meaning));
}

/* A bad file is looked for by its name; the UIDL says which message it was. */
static void put_subject(struct buf *to, const struct event *ev)
{
    bool by_file = ev->kind == EVENT_BAD && ev->str[ES_FILE].n > 0;
    if (!by_file) {
        line_message(to, ev);
        return;
    }
    line_word(to, ev->str[ES_FILE]);
    if (ev->str[ES_UIDL].n > 0) {
        buf_add_c(to, "  ");
        line_word(to, ev->str[ES_UIDL]);
    }
}

/* That nothing is ever deleted is no news of each of ten thousand messages, but with -vv. */
static bool is_shown(const struct event *ev, const struct message_form *form,
                     const struct report_style *st)
{
    int from = form->verbose;
    if (form->dry_run_shows && st->dry_run && st->verbose >= 0)
        return true;
    if (ev->kind == EVENT_KEPT && sv_eq_c(ev->str[ES_REASON], "never"))
        from++;
    return st->verbose >= from;
}

void text_message(struct lines *to, const struct event *ev, const struct report_style *st)
{
    const struct message_form *form = &forms[ev->kind];
    if (form->verb == NULL)
        return;
    if (ev->kind == EVENT_PLANNED && sv_eq_c(ev->str[ES_ACTION], "delete"))
        form = &would_delete;
    if (!is_shown(ev, form, st))
        return;
    struct buf *line = form->on_diag ? to->diag : to->out;
    if (form->on_diag || st->many)
        line_account(line, ev);
    buf_add_c(line, tr(verb_of(ev, form)));
    buf_add_c(line, "  ");
    put_subject(line, ev);
    put_details(line, ev, form);
    if (form->on_diag)
        put_failure(line, ev);
    buf_add_char(line, '\n');
}
