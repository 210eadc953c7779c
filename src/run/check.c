/* SPDX-License-Identifier: ISC */
/* check: the three steps a person wants to see ticked, or what is wrong and what to do. Nothing is
 * written. */
#include "popkeep/run/account.h"
#include "popkeep/run/probe.h"

#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/config/provider.h"

static void tell_step(struct worker *w, const char *step, bool ok, int64_t ms, struct sv text)
{
    struct event ev;

    event_init(&ev, EVENT_STEP, w->account->name);
    ev.num[EN_OK] = ok;
    if (ms >= 0)
        ev.num[EN_MS] = ms;
    ev.str[ES_STEP] = sv_of(step);
    ev.str[ES_TEXT] = text;
    ev.str[ES_HOST] = sv_of(w->account->host);
    tell_event(w->tell, &ev);
}

static void tell_connected(struct worker *w, const struct session *s)
{
    const struct conn_info *info = conn_info(s->conn);
    struct buf text = BUF_INIT(1024);
    char until[24];

    (void)tr_addf(&text, "%s, %s, certificate for %s valid until %.10s, key %s", info->address,
                  info->tls_version, info->subject, text_time(until, info->not_after), info->pin);
    tell_step(w, "connection", true, s->connect_ms, buf_sv(&text));
    buf_free(&text);
}

/* With the provider's advice, unless a refused login is about to give it. */
static void warn_password(struct worker *w, bool advise)
{
    const struct provider *p = w->account->provider;
    struct buf hint = BUF_INIT(4096);

    if (p == NULL)
        p = provider_of_host(sv_of(w->account->host));
    if (p == NULL || w->password.n >= p->min_password)
        return;
    if (advise)
        provider_hint(&hint, p);
    tell_text(w->tell, EVENT_WARNING,
              trn("the password has fewer than %u character, which is not what %s gives out%s%s",
                  "the password has fewer than %u characters, which is not what %s gives out%s%s",
                  p->min_password),
              p->min_password, tr(p->title), advise ? "\n" : "", advise ? hint.p : "");
    buf_free(&hint);
}

static void tell_listed(struct worker *w, const struct session *s, const struct listing *l)
{
    struct buf text = BUF_INIT(1024);
    struct buf offers = BUF_INIT(1024);
    char size[16];

    (void)trn_addf(&text, l->n, "%zu message", "%zu messages", l->n);
    if (l->has_sizes)
        (void)buf_addf(&text, ", %s", text_size(size, l->octets));
    if (!l->has_uidls)
        (void)buf_add_c(&text, tr(", no UIDL"));
    capa_text(&offers, &s->capa);
    (void)tr_addf(&text, "; the server offers: %s", offers.n > 0 ? offers.p : "");
    buf_free(&offers);
    tell_step(w, "mailbox", true, s->list_ms, buf_sv(&text));
    buf_free(&text);
}

static void warn_expire(struct worker *w, const struct capa *c)
{
    struct buf text = BUF_INIT(512);

    worker_expire_text(&text, c, w->account);
    if (text.n > 0)
        tell_text(w->tell, EVENT_WARNING, "%s", text.p);
    buf_free(&text);
}

static int walk_steps(struct worker *w, struct session *s, struct listing *l, int *step,
                      struct err *e)
{
    bool ok;

    if (session_open(s, w->account, w->password, &w->memory, w->tell, step, e) < 0) {
        if (*step == 1)
            tell_connected(w, s);
        return -1;
    }
    tell_connected(w, s);
    tell_step(w, "login", true, s->login_ms, sv_of(w->account->user));
    *step = 2;
    if (session_list(s, l, e) < 0)
        return -1;
    tell_listed(w, s, l);
    warn_expire(w, &s->capa);
    w->totals.listed = l->n;
    w->totals.listed_octets = l->octets;
    w->totals.listed_any = true;
    (void)session_quit(s, &ok, e);
    err_clear(e); /* nothing was retrieved: how it ends is no matter */
    return 0;
}

int worker_check(struct worker *w, struct err *e)
{
    static const char *const steps[] = {"connection", "login", "mailbox"};
    struct session s;
    struct listing l;
    int step = 0, rc;

    listing_init(&l);
    worker_confine(w);
    w->memory.no_pipelining = true; /* three round trips more, and no server hangs up on us */
    rc = walk_steps(w, &s, &l, &step, e);
    if (rc < 0)
        tell_step(w, steps[step], false, -1, SV_NULL);
    if (rc < 0 && step == 0 && (e->status == ST_UNAVAILABLE || e->status == ST_TEMP))
        probe_usual_names(w);
    warn_password(w, rc == 0);
    session_free(&s);
    listing_free(&l);
    return rc;
}
