/* SPDX-License-Identifier: ISC */
/*
 * What --log keeps of a run: every event as text, as detailed as -v asks for and never shorter than
 * without -q, each line naming its account, and the sum of the run in any case.
 */
#ifndef POPKEEP_CMD_LOGBOOK_H
#define POPKEEP_CMD_LOGBOOK_H

#include "popkeep/cmd/options.h"
#include "popkeep/report/text.h"
#include "popkeep/sys/logfile.h"

struct logbook {
    struct logfile file; /* its path is null without --log: then nothing here does anything */
    struct report_style style;
};

/* `style` is that of the printed text. Nothing is opened before the first line. */
void logbook_init(struct logbook *l, const struct cmd_options *o, const struct report_style *style);
/* -1, ST_IO: it could not be written; the next call tries again. */
int logbook_event(struct logbook *l, const struct event *ev, struct err *e);
/* Whole lines that are no event. */
int logbook_lines(struct logbook *l, enum report_level level, struct sv text, struct err *e);
void logbook_close(struct logbook *l);

#endif
