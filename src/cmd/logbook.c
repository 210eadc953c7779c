/* SPDX-License-Identifier: ISC */
/* Events as lines of the log. */
#include "popkeep/cmd/logbook.h"

#include "popkeep/sys/clock.h"
#include "popkeep/sys/logfile.h"

enum { TEXT_MAX = 4 * 1024 * 1024 };

static const char *const words[] = {[REPORT_ERROR] = "error",
                                    [REPORT_WARNING] = "warning",
                                    [REPORT_RESULT] = "result",
                                    [REPORT_NOTE] = "note"};

void logbook_init(struct logbook *l, const struct cmd_options *o, const struct report_style *style)
{
    *l = (struct logbook){.path = o->log_file, .style = *style};
    l->style.verbose = style->verbose < 0 ? 0 : style->verbose;
    l->style.many = true;
}

int logbook_event(struct logbook *l, const struct event *ev, struct err *e)
{
    struct buf out = BUF_INIT(TEXT_MAX), diag = BUF_INIT(TEXT_MAX);
    const char *word = words[report_level(ev)];
    int64_t at = event_num(ev, EN_TIME, clock_wall_s());
    int rc;

    if (l->path == NULL)
        return 0;
    l->style.terminal = ev->kind == EVENT_SUMMARY; /* a run that found nothing ran, too */
    report_text(&out, &diag, ev, &l->style);
    rc = logfile_add(l->path, at, word, buf_sv(&diag), e);
    if (rc == 0)
        rc = logfile_add(l->path, at, word, buf_sv(&out), e);
    buf_free(&out);
    buf_free(&diag);
    return rc;
}

int logbook_lines(const struct logbook *l, enum report_level level, struct sv text, struct err *e)
{
    if (l->path == NULL)
        return 0;
    return logfile_add(l->path, clock_wall_s(), words[level], text, e);
}
