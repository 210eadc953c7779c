/* SPDX-License-Identifier: ISC */
/* --metrics FILE: what the journals and the run tell, for a monitor. */
#include "popkeep/cmd/setup.h"

#include "popkeep/base/mem.h"
#include "popkeep/report/metrics.h"
#include "popkeep/run/status.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/file.h"

enum { METRICS_MAX = 256 * 1024 * 1024 };

static void take(void *metrics, const struct event *ev)
{
    metrics_account(metrics, ev);
}

static enum status tell_failure(const struct err *e, struct sink *sink)
{
    struct event ev;

    event_init(&ev, EVENT_ERROR, NULL);
    ev.num[EN_STATUS] = e->status;
    ev.num[EN_STAGE] = STAGE_LOCAL;
    ev.str[ES_TEXT] = sv_of(e->text);
    sink_event(sink, &ev);
    return e->status;
}

enum status cmd_publish_metrics(const struct cmd_options *o, const struct cmd_setup *s,
                                const struct event *summary, struct sink *sink)
{
    struct buf text = BUF_INIT(METRICS_MAX);
    char *shard = o->shard.n > 0 ? mem_printf("%u/%u", o->shard.i, o->shard.n) : NULL;
    struct metrics *m = metrics_new(shard);
    struct err e = ERR_INIT;

    for (size_t i = 0; i < s->config.n_accounts; i++) {
        const struct account *a = &s->config.accounts[i];

        if (!a->disabled && shard_has(&o->shard, sv_of(a->name)))
            status_figures(a, s->state_root, clock_wall_s(), take, m);
    }
    if (summary != NULL)
        metrics_run(m, summary);
    metrics_print(&text, m);
    if (file_publish(o->metrics_file, buf_sv(&text), &e) < 0) {
        (void)err_add(&e, "the figures of --metrics were not written");
        e.status = ST_IO; /* whichever way: the mail is done, its figures are not */
    }
    metrics_free(m);
    free(shard);
    buf_free(&text);
    return e.status == ST_OK ? ST_OK : tell_failure(&e, sink);
}
