/* SPDX-License-Identifier: ISC */
/* popkeep status: the accounts as their journals know them. */
#include "popkeep/cmd/setup.h"

#include "popkeep/cmd/sink.h"
#include "popkeep/run/status.h"
#include "popkeep/sys/clock.h"

enum status cmd_status(const struct cmd_options *o, struct err *e)
{
    int64_t began = clock_mono_ms();
    enum status worst = ST_OK;
    struct cmd_setup s;
    struct sink sink;
    size_t n = 0;

    if (cmd_setup(&s, o, e) < 0) {
        cmd_setup_free(&s);
        return e->status;
    }
    for (size_t i = 0; i < s.config.n_accounts; i++)
        n += s.chosen[i];
    sink_init(&sink, o, n);
    cmd_tell_empty(o, n, &sink);
    for (size_t i = 0; i < s.config.n_accounts; i++) {
        struct tell t;

        if (!s.chosen[i])
            continue;
        tell_init(&t, s.config.accounts[i].name, sink_event, &sink, &o->run, o->json);
        worst = status_worst(
            worst, status_account(&s.config.accounts[i], s.state_root, clock_wall_s(), &t));
        tell_end(&t);
    }
    worst = sink_end(&sink, worst, began);
    cmd_setup_free(&s);
    return worst;
}
