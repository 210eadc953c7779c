/* SPDX-License-Identifier: ISC */
/* popkeep providers: the presets. */
#include "popkeep/cmd/setup.h"

#include "popkeep/base/translate.h"
#include "popkeep/cmd/sink.h"
#include "popkeep/config/provider.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/output.h"

enum { TEXT_MAX = 65536 };

static void tell(struct sink *s, const struct provider *p)
{
    struct event ev;

    event_init(&ev, EVENT_PROVIDER, NULL);
    ev.str[ES_NAME] = sv_of(p->name);
    ev.str[ES_TITLE] = sv_of(p->title);
    ev.str[ES_HOST] = sv_of(p->host);
    ev.num[EN_PORT] = p->port;
    ev.num[EN_USABLE] = p->needs == NULL;
    sink_event(s, &ev);
}

static void print_text(struct buf *out, const struct provider *p, bool verbose)
{
    (void)buf_addf(out, "%-10s %s:%u  %s\n", p->name, p->host, p->port, tr(p->title));
    if (p->needs != NULL)
        (void)tr_addf(out, "%-10s cannot be used yet: needs %s\n", "", p->needs);
    else if (p->note != NULL)
        (void)buf_addf(out, "%-10s %s\n", "", tr(p->note));
    if (verbose) {
        struct buf hint = BUF_INIT(TEXT_MAX);
        provider_hint(&hint, p);
        struct sv rest = buf_sv(&hint);
        while (rest.n > 0) {
            struct sv line = sv_token(&rest, '\n');
            (void)buf_addf(out, "%-10s %.*s\n", "", SV_ARG(line));
        }
        buf_free(&hint);
    }
}

static enum status print_table(const struct cmd_options *o, struct err *e)
{
    struct buf out = BUF_INIT(TEXT_MAX);
    enum status st;

    for (const struct provider *p = provider_table(); p->name != NULL; p++)
        print_text(&out, p, o->run.verbose > 0);
    st = output_write(1, buf_sv(&out), e) < 0 ? e->status : ST_OK;
    buf_free(&out);
    return st;
}

enum status cmd_providers(const struct cmd_options *o, struct err *e)
{
    int64_t began = clock_mono_ms();
    struct sink sink;

    if (!o->json)
        return print_table(o, e);
    sink_init(&sink, o, 0);
    for (const struct provider *p = provider_table(); p->name != NULL; p++)
        tell(&sink, p);
    return sink_end(&sink, ST_OK, began);
}
