/* SPDX-License-Identifier: ISC */
/* popkeep status: the accounts as their journals know them; of many accounts as a table. */
#include "popkeep/cmd/setup.h"

#include "popkeep/cmd/sink.h"
#include "popkeep/report/table.h"
#include "popkeep/run/status.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/env.h"
#include "popkeep/sys/terminal.h"

#include <string.h>

enum { STDOUT = 1, TABLE_MAX = 64 * 1024 * 1024 };

struct watch {
    struct sink sink;
    struct table *table; /* null: each account is told of by itself */
};

static void watch_event(void *ctx, const struct event *ev)
{
    struct watch *w = ctx;

    if (w->table != NULL)
        table_add(w->table, ev);
    sink_event(&w->sink, ev);
}

/* https://no-color.org: any value but an empty one says no. */
static bool wants_colour(void)
{
    const char *term = env_get("TERM");

    return terminal_is(STDOUT) && env_get("NO_COLOR") == NULL && term != NULL &&
           strcmp(term, "dumb") != 0;
}

static void print_table(struct watch *w, const struct cmd_options *o)
{
    struct table_style style = {.width = terminal_is(STDOUT) ? terminal_width(STDOUT) : 0,
                                .colour = wants_colour(),
                                .quiet = o->run.verbose < 0};
    struct buf text = BUF_INIT(TABLE_MAX);

    table_print(&text, w->table, &style);
    sink_result(&w->sink, &text);
    buf_free(&text);
}

static enum status tell_accounts(struct watch *w, const struct cmd_setup *s,
                                 const struct cmd_options *o)
{
    enum status worst = ST_OK;

    for (size_t i = 0; i < s->config.n_accounts; i++) {
        const struct account *a = &s->config.accounts[i];
        struct tell t;

        if (!s->chosen[i])
            continue;
        tell_init(&t, a->name, watch_event, w, &o->run, o->json);
        worst = status_worst(
            worst, status_account(a, s->state_root, clock_wall_s(), w->table != NULL, NULL, &t));
        tell_end(&t);
    }
    return worst;
}

enum status cmd_status(const struct cmd_options *o, struct err *e)
{
    int64_t began = clock_mono_ms();
    enum status worst;
    struct cmd_setup s;
    struct watch w = {.table = NULL};

    if (cmd_setup(&s, o, e) < 0) {
        cmd_setup_free(&s);
        return e->status;
    }
    sink_init(&w.sink, o, s.n_chosen);
    cmd_tell_empty(o, &s, &w.sink);
    if (s.n_chosen > 1 && !o->json && o->run.verbose < 1)
        w.table = table_new();
    worst = tell_accounts(&w, &s, o);
    if (w.table != NULL)
        print_table(&w, o);
    table_free(w.table);
    if (o->metrics_file != NULL)
        worst = status_worst(worst, cmd_publish_metrics(o, &s, NULL, &w.sink));
    worst = sink_end(&w.sink, worst, began);
    cmd_setup_free(&s);
    return worst;
}
