/* SPDX-License-Identifier: ISC */
/* Events for people: which printer an event goes to, and the three kinds of notice. */
#include "popkeep/report/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/report/line.h"
#include "popkeep/report/text_account.h"
#include "popkeep/report/text_message.h"
#include "popkeep/report/text_status.h"

typedef void printer(struct lines *to, const struct event *ev, const struct report_style *st);

/* "706590: text", advice and the provider's hint indented below it. */
static void notice(struct lines *to, const struct event *ev, const char *kind)
{
    const char *otherwise = status_info((enum status)event_num(ev, EN_STATUS, ST_OK))->meaning;
    if (ev->str[ES_ACCOUNT].n > 0)
        line_account(to->diag, ev);
    else
        buf_add_c(to->diag, "popkeep: ");
    buf_add_c(to->diag, kind);
    if (ev->str[ES_TEXT].n > 0)
        line_text(to->diag, ev->str[ES_TEXT]);
    else
        buf_add_c(to->diag, tr(otherwise));
    buf_add_char(to->diag, '\n');
    line_block(to->diag, ev->str[ES_HINT]);
}

static void print_note(struct lines *to, const struct event *ev, const struct report_style *st)
{
    if (st->verbose >= 1)
        notice(to, ev, "");
}

static void print_warning(struct lines *to, const struct event *ev, const struct report_style *st)
{
    if (st->verbose >= 0 || event_num(ev, EN_STATUS, ST_OK) != ST_OK)
        notice(to, ev, tr("warning: "));
}

static void print_error(struct lines *to, const struct event *ev, const struct report_style *st)
{
    (void)st;
    notice(to, ev, "");
}

static printer *const printers[EVENT_KINDS] = {
    [EVENT_NOTE] = print_note,          [EVENT_WARNING] = print_warning,
    [EVENT_ERROR] = print_error,        [EVENT_STORED] = text_message,
    [EVENT_MATCHED] = text_message,     [EVENT_FAILED] = text_message,
    [EVENT_DELETED] = text_message,     [EVENT_KEPT] = text_message,
    [EVENT_PLANNED] = text_message,     [EVENT_BAD] = text_message,
    [EVENT_STEP] = text_step,           [EVENT_STATUS] = text_status,
    [EVENT_ACCOUNT_END] = text_account, [EVENT_SUMMARY] = text_summary,
};

enum report_level report_level(const struct event *ev)
{
    switch (ev->kind) {
    case EVENT_ERROR:
    case EVENT_FAILED:
    case EVENT_BAD:
        return REPORT_ERROR;
    case EVENT_STEP:
        return event_num(ev, EN_OK, 1) != 0 ? REPORT_RESULT : REPORT_ERROR;
    case EVENT_WARNING:
        return REPORT_WARNING;
    case EVENT_NOTE:
        return REPORT_NOTE;
    default:
        return REPORT_RESULT;
    }
}

void report_text(struct buf *out, struct buf *diag, const struct event *ev,
                 const struct report_style *st)
{
    /* The callers' buffers get whole lines or nothing. */
    struct buf out_lines = BUF_INIT(SIZE_MAX / 2), diag_lines = BUF_INIT(SIZE_MAX / 2);
    struct lines to = {&out_lines, &diag_lines};
    if (printers[ev->kind] == NULL)
        return;
    printers[ev->kind](&to, ev, st);
    buf_add_sv(out, buf_sv(&out_lines));
    buf_add_sv(diag, buf_sv(&diag_lines));
    buf_free(&out_lines);
    buf_free(&diag_lines);
}
