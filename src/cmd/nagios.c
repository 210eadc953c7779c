/* SPDX-License-Identifier: ISC */
/* popkeep status --nagios: one line, and an exit status of its own kind. */
#include "popkeep/cmd/setup.h"

#include "popkeep/report/nagios.h"
#include "popkeep/run/status.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/output.h"

enum { LINE_MAX_OCTETS = 1024 * 1024, STDOUT = 1 };

static void take(void *nagios, const struct event *ev)
{
    nagios_account(nagios, ev);
}

static int read_limits(struct nagios_limits *l, const struct cmd_options *o, struct err *e)
{
    nagios_limits_init(l);
    if ((o->warning != NULL && nagios_limits_set(l, NAGIOS_WARNING, o->warning, e) < 0) ||
        (o->critical != NULL && nagios_limits_set(l, NAGIOS_CRITICAL, o->critical, e) < 0))
        return -1;
    return nagios_limits_check(l, e);
}

/* -1: nothing can be said of the accounts. */
static int look(struct buf *line, const struct cmd_options *o, enum monitor_status *is,
                struct err *e)
{
    struct nagios_limits limits;
    struct cmd_setup s = {0};
    struct nagios *n = NULL;
    int rc = -1;

    if (read_limits(&limits, o, e) < 0 || cmd_setup(&s, o, e) < 0)
        goto out;
    n = nagios_new(&limits);
    for (size_t i = 0; i < s.config.n_accounts; i++)
        if (s.chosen[i])
            status_figures(&s.config.accounts[i], s.state_root, clock_wall_s(), take, n);
    *is = nagios_print(line, n);
    rc = 0;
out:
    nagios_free(n);
    cmd_setup_free(&s);
    return rc;
}

enum monitor_status cmd_nagios(const struct cmd_options *o, struct err *e)
{
    struct buf line = BUF_INIT(LINE_MAX_OCTETS);
    struct err ignored = ERR_INIT;
    enum monitor_status is;

    if (e->status != ST_OK || look(&line, o, &is, e) < 0)
        is = nagios_unknown(&line, sv_of(e->text));
    if (output_write(STDOUT, buf_sv(&line), &ignored) < 0)
        is = MONITOR_UNKNOWN;
    buf_free(&line);
    return is;
}
