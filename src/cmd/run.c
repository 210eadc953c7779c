/* SPDX-License-Identifier: ISC */
/* What fetch, check and verify share: set up, run the pool, sum up. */
#include "popkeep/cmd/setup.h"

#include "popkeep/base/translate.h"
#include "popkeep/cmd/sink.h"
#include "popkeep/run/pool.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/process.h"
#include "popkeep/sys/terminal.h"

/* What is worth knowing to somebody who looks, but no reason for cron to send a mail each quarter
 * of an hour. */
static bool somebody_looks(const struct cmd_options *o)
{
    return o->run.verbose > 0 ||
           (o->run.verbose == 0 && (terminal_is(2) || o->command->bit == CMD_CHECK));
}

static void warn_root(const struct cmd_options *o, const struct cmd_setup *s, struct sink *sink)
{
    if (!process_is_root() || !somebody_looks(o))
        return;
    for (size_t i = 0; i < s->config.n_accounts; i++)
        if (s->chosen[i] && s->config.accounts[i].run_as == NULL) {
            sink_warn(
                sink,
                sv_of(
                    tr("popkeep: running as root; run_as = USER in the configuration is safer\n")),
                true);
            return;
        }
}

enum status cmd_run_accounts(const struct cmd_options *o, enum run_command what, struct err *e)
{
    int64_t began = clock_mono_ms();
    struct cmd_setup s;
    struct sink sink;
    struct pool_job job;
    enum status worst = ST_CONFIG;
    uint64_t failed;
    size_t n = 0;

    if (cmd_setup(&s, o, e) < 0) {
        worst = e->status;
        goto out;
    }
    for (size_t i = 0; i < s.config.n_accounts; i++)
        n += s.chosen[i];
    sink_init(&sink, o, n);
    sink_warn(&sink, buf_sv(&s.config.warnings), somebody_looks(o));
    warn_root(o, &s, &sink);
    cmd_tell_empty(o, n, &sink);
    job = (struct pool_job){.config = &s.config,
                            .chosen = s.chosen,
                            .state_root = s.state_root,
                            .options = o->run,
                            .json = o->json,
                            .jobs = o->jobs,
                            .event = sink_event,
                            .tick = sink_tick,
                            .ctx = &sink};
    job.options.command = what;
    worst = pool_run(&job, &failed);
    worst = sink_end(&sink, worst, began);
out:
    cmd_setup_free(&s);
    return worst;
}

enum status cmd_fetch(const struct cmd_options *o, struct err *e)
{
    return cmd_run_accounts(o, RUN_FETCH, e);
}

enum status cmd_check(const struct cmd_options *o, struct err *e)
{
    return cmd_run_accounts(o, RUN_CHECK, e);
}

enum status cmd_verify(const struct cmd_options *o, struct err *e)
{
    return cmd_run_accounts(o, RUN_VERIFY, e);
}
