/* SPDX-License-Identifier: ISC */
/* What fetch, check and verify share: set up, run the pool, sum up. */
#include "popkeep/cmd/setup.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/cmd/sink.h"
#include "popkeep/run/pool.h"
#include "popkeep/run/turn.h"
#include "popkeep/store/claim.h"
#include "popkeep/store/folder.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/process.h"
#include "popkeep/sys/random.h"
#include "popkeep/sys/signals.h"
#include "popkeep/sys/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* A run of all accounts, or of a pattern, is a scheduler's: of two such runs that would meet, the
 * second one ends at once. Whoever names an account wants this one, and its own lock will do. */
static bool is_a_set(const struct cmd_options *o)
{
    for (size_t i = 0; i < o->n_words; i++)
        if (strpbrk(o->words[i], "*?[") != NULL)
            return true;
    return o->n_words == 0;
}

/* The folder is made here only if it would belong to who works in it. */
static int open_state(const struct cmd_setup *s)
{
    struct err ignored = ERR_INIT;
    bool becomes_another = false;

    for (size_t i = 0; i < s->config.n_accounts; i++)
        becomes_another = becomes_another || (s->chosen[i] && s->config.accounts[i].run_as != NULL);
    return becomes_another ? folder_open(s->state_root, false, NULL, &ignored)
                           : folder_make(s->state_root, &ignored);
}

static int claim(int *fd, const struct cmd_setup *s, struct err *e)
{
    const char **names = mem_zalloc(s->n_chosen, sizeof *names);
    int root = open_state(s);
    enum claim_result got = CLAIM_NONE;
    pid_t holder = 0;
    size_t n = 0;

    for (size_t i = 0; i < s->config.n_accounts; i++)
        if (s->chosen[i])
            names[n++] = s->config.accounts[i].name;
    if (root >= 0) {
        got = claim_take(root, names, n, fd, &holder);
        close(root);
    }
    free(names);
    if (got != CLAIM_BUSY)
        return 0;
    if (holder == 0)
        return err_set(e, ST_TEMP, "another run is at work on these accounts");
    return err_set(e, ST_TEMP, "another run is at work on these accounts (process %ld)",
                   (long)holder);
}

/* Schedulers everywhere begin at full minutes: with start_jitter not all of them at the server. */
static void spread(const struct cmd_options *o, const struct cmd_setup *s, struct sink *sink)
{
    char text[160];
    struct event ev;
    int64_t ms;

    if (s->config.start_jitter_s == 0 || !is_a_set(o) || terminal_is(0) || terminal_is(1) ||
        terminal_is(2))
        return;
    ms = turns_jitter_ms(random_u64(), s->config.start_jitter_s);
    (void)snprintf(text, sizeof text, tr("waiting %lld.%lld s before the first connection"),
                   (long long)(ms / 1000), (long long)(ms % 1000 / 100));
    event_init(&ev, EVENT_NOTE, NULL);
    ev.str[ES_TEXT] = sv_of(text);
    sink_event(sink, &ev);
    (void)signals_sleep_ms(ms);
}

static struct pool_job job_of(const struct cmd_options *o, const struct cmd_setup *s,
                              struct sink *sink, enum run_command what, int64_t began)
{
    struct pool_job job = {.config = &s->config,
                           .chosen = s->chosen,
                           .state_root = s->state_root,
                           .options = o->run,
                           .json = o->json,
                           .is_a_set = is_a_set(o),
                           .fail_fast = o->fail_fast,
                           .jobs = o->jobs,
                           .event = sink_event,
                           .tick = sink_tick,
                           .ctx = sink};

    job.options.command = what;
    if (s->config.max_time_s > 0)
        job.end_ms = began + (int64_t)s->config.max_time_s * 1000;
    return job;
}

/* fetch, check and verify differ only in what the workers do. */
static enum status run_accounts(const struct cmd_options *o, enum run_command what, struct err *e)
{
    int64_t began = clock_mono_ms();
    struct cmd_setup s;
    struct sink sink;
    struct pool_job job;
    struct event summary;
    enum status worst = ST_CONFIG;
    bool fetches = what == RUN_FETCH && !o->run.dry_run;
    int claimed = -1;

    if (cmd_setup(&s, o, e) < 0) {
        worst = e->status;
        goto out;
    }
    if (fetches && is_a_set(o) && claim(&claimed, &s, e) < 0) {
        worst = e->status;
        goto out;
    }
    sink_init(&sink, o, s.n_chosen);
    sink_warn(&sink, buf_sv(&s.config.warnings), somebody_looks(o));
    warn_root(o, &s, &sink);
    cmd_tell_empty(o, &s, &sink);
    if (fetches)
        spread(o, &s, &sink);
    job = job_of(o, &s, &sink, what, began);
    worst = pool_run(&job);
    if (o->metrics_file != NULL) {
        sink_summary(&sink, worst, began, &summary);
        worst = status_worst(worst, cmd_publish_metrics(o, &s, &summary, &sink));
    }
    worst = sink_end(&sink, worst, began);
out:
    if (claimed >= 0)
        close(claimed);
    cmd_setup_free(&s);
    return worst;
}

enum status cmd_fetch(const struct cmd_options *o, struct err *e)
{
    return run_accounts(o, RUN_FETCH, e);
}

enum status cmd_check(const struct cmd_options *o, struct err *e)
{
    return run_accounts(o, RUN_CHECK, e);
}

enum status cmd_verify(const struct cmd_options *o, struct err *e)
{
    return run_accounts(o, RUN_VERIFY, e);
}
