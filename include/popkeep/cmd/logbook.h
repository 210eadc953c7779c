/* SPDX-License-Identifier: ISC */
/*
 * What --log keeps of a run: every event as text, as detailed as -v asks for and never shorter than
 * without -q, each line naming its account, and the sum of the run in any case.
 */
#ifndef POPKEEP_CMD_LOGBOOK_H
#define POPKEEP_CMD_LOGBOOK_H

#include "popkeep/cmd/options.h"
#include "popkeep/report/text.h"

struct logbook {
    const char *path; /* null without --log: then nothing here does anything */
    struct report_style style;
};

/* `style` is that of the printed text. */
void logbook_init(struct logbook *l, const struct cmd_options *o, const struct report_style *style);
/* -1, ST_IO: it could not be written; the next call tries again. */
int logbook_event(struct logbook *l, const struct event *ev, struct err *e);
/* Whole lines that are no event. */
int logbook_lines(const struct logbook *l, enum report_level level, struct sv text, struct err *e);

#endif
