/* SPDX-License-Identifier: ISC */
/* popkeep providers: the presets. */
#include "popkeep/cmd/setup.h"

#include "popkeep/config/provider.h"
#include "popkeep/report/text.h"
#include "popkeep/sys/output.h"

enum { TEXT_MAX = 65536 };

static void print_json(struct buf *out, const struct provider *p)
{
    /* names, hosts and titles of the table are plain ASCII or UTF-8 without quotes */
    (void)buf_addf(
        out,
        "{\"v\":1,\"event\":\"provider\",\"name\":\"%s\",\"title\":\"%s\",\"host\":\"%s\","
        "\"port\":%u,\"usable\":%s}\n",
        p->name, p->title, p->host, p->port, p->needs == NULL ? "true" : "false");
}

static void print_text(struct buf *out, const struct provider *p, bool verbose)
{
    (void)buf_addf(out, "%-10s %s:%u  %s\n", p->name, p->host, p->port, p->title);
    if (p->needs != NULL)
        (void)buf_addf(out, "%-10s cannot be used yet: needs %s\n", "", p->needs);
    if (p->note != NULL)
        (void)buf_addf(out, "%-10s %s\n", "", p->note);
    if (verbose && p->login_hint != NULL) {
        struct sv rest = sv_of(p->login_hint);
        while (rest.n > 0) {
            struct sv line = sv_token(&rest, '\n');
            (void)buf_addf(out, "%-10s %.*s\n", "", SV_ARG(line));
        }
    }
}

static void print_summary(struct buf *out)
{
    struct event ev;

    event_init(&ev, EVENT_SUMMARY, NULL);
    ev.num[EN_STATUS] = ST_OK;
    ev.num[EN_ACCOUNTS] = ev.num[EN_ACCOUNTS_FAILED] = 0;
    report_json(out, &ev);
}

enum status cmd_providers(const struct cmd_options *o, struct err *e)
{
    struct buf out = BUF_INIT(TEXT_MAX);
    enum status st;

    for (const struct provider *p = provider_table(); p->name != NULL; p++) {
        if (o->json)
            print_json(&out, p);
        else
            print_text(&out, p, o->run.verbose > 0);
    }
    if (o->json)
        print_summary(&out);
    st = output_write(1, buf_sv(&out), e) < 0 ? e->status : ST_OK;
    buf_free(&out);
    return st;
}
