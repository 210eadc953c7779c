/* SPDX-License-Identifier: ISC */
/* Hosts and ports that cannot be right for POP3 over TLS, and what would be; see provider.h. */
#include "popkeep/config/provider.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/translate.h"

enum match {
    EXACT,  /* the whole name */
    PREFIX, /* the name begins so */
    DOMAIN  /* the name, or one below it */
};

struct host_rule {
    enum match match;
    const char *text;
    const char *what;     /* "HOST " + what */
    const char *provider; /* the preset that is right, null: look for one of the same domain */
    bool fatal;
    bool same_domain; /* without a preset, suggest pop.DOMAIN and mail.DOMAIN */
};

/* TRANS: each stands behind "host NAME" */
#define IS_SMTP          N_("is an outgoing (SMTP) server")
#define IS_IMAP          N_("is an IMAP server; popkeep speaks POP3")
#define IS_WEB           N_("is a web address, not a mail server")
#define IS_WEB_OF_GOOGLE N_("is a web address, not a mail server (the mailboxes are Google's)")
#define LOOKS_WEB        N_("looks like a web address, not a mail server")
#define NO_POP                                                                                     \
    N_("belongs to iCloud; iCloud does not offer POP3, only IMAP, so popkeep cannot read it")
#define NO_BASIC  N_("accepts OAuth2 only, which is not built yet")
#define IS_MEBBIS N_("is MEBBİS, where accounts are looked after, not a mail server")

/* The first that matches counts. */
static const struct host_rule host_rules[] = {
    {PREFIX, "epostagiden", IS_SMTP, "meb-k12", true, false},
    {EXACT, "eposta.meb.k12.tr", IS_WEB, "meb-k12", true, false},
    {DOMAIN, "mebbis.meb.gov.tr", IS_MEBBIS, "meb-k12", true, false},
    {EXACT, "nilufer.meb.gov.tr", N_("is the ministry's old server, closed in 2019"), "meb", false,
     false},
    {EXACT, "posta.ktun.edu.tr", IS_WEB_OF_GOOGLE, "gmail", true, false},
    {DOMAIN, "icloud.com", NO_POP, NULL, true, false},
    {DOMAIN, "me.com", NO_POP, NULL, true, false},
    {DOMAIN, "mac.com", NO_POP, NULL, true, false},
    {EXACT, "mail.google.com", IS_WEB, "gmail", true, false},
    {EXACT, "outlook.live.com", IS_WEB, "outlook", true, false},
    {EXACT, "outlook.office.com", IS_WEB, "outlook", true, false},
    {EXACT, "mail.yahoo.com", IS_WEB, "yahoo", true, false},
    {EXACT, "mail.yandex.com", IS_WEB, "yandex", true, false},
    {EXACT, "mail.yandex.com.tr", IS_WEB, "yandex", true, false},
    {EXACT, "smtp.yandex.com.tr", IS_SMTP, "yandex", true, false},
    {EXACT, "imap.yandex.com.tr", IS_IMAP, "yandex", true, false},
    {EXACT, "smtp.office365.com", IS_SMTP, "outlook", true, false},
    {EXACT, "smtp-mail.outlook.com", IS_SMTP, "outlook", true, false},
    {EXACT, "outlook.office365.com", NO_BASIC, NULL, false, false},
    {PREFIX, "smtp.", IS_SMTP, NULL, true, true},
    {PREFIX, "smtps.", IS_SMTP, NULL, true, true},
    {PREFIX, "imap.", IS_IMAP, NULL, true, true},
    {PREFIX, "imaps.", IS_IMAP, NULL, true, true},
    {PREFIX, "imap4.", IS_IMAP, NULL, true, true},
    {PREFIX, "www.", LOOKS_WEB, NULL, false, true},
    {PREFIX, "webmail.", LOOKS_WEB, NULL, false, true},
};

struct port_rule {
    unsigned port;
    const char *what; /* "port N " + what */
};

/* TRANS: each stands behind "port N" */
static const struct port_rule port_rules[] = {
    {25, N_("is for outgoing mail (SMTP)")},
    {465, N_("is for outgoing mail (SMTP)")},
    {467, N_("belongs to no mail service (465, of which it is a misprint, is for outgoing mail)")},
    {587, N_("is for outgoing mail (SMTP)")},
    {2525, N_("is for outgoing mail (SMTP)")},
    {143, N_("is for IMAP; popkeep speaks POP3")},
    {993, N_("is for IMAP; popkeep speaks POP3")},
    {110, N_("begins in clear text (STLS on it is not built yet)")},
    {80, N_("is for web pages")},
    {443, N_("is for web pages")},
};

static bool below(struct sv host, const char *domain)
{
    struct sv d = sv_of(domain);
    if (host.n <= d.n)
        return ascii_same(host, d);
    return host.p[host.n - d.n - 1] == '.' && ascii_same(sv_from(host, host.n - d.n), d);
}

static bool matches(const struct host_rule *r, struct sv host)
{
    switch (r->match) {
    case EXACT:
        return ascii_same_c(host, r->text);
    case PREFIX:
        return ascii_starts(host, r->text);
    case DOMAIN:
        return below(host, r->text);
    }
    return false;
}

/* What follows the first dot. */
static struct sv domain_of(struct sv host)
{
    sv_token(&host, '.');
    return host;
}

/* The preset whose server is in `domain`: smtp.gmail.com leads to pop.gmail.com. */
static const struct provider *provider_in(struct sv domain)
{
    for (const struct provider *p = provider_table(); p->name; p++)
        if (ascii_same(domain, domain_of(sv_of(p->host))))
            return p;
    return NULL;
}

static void name_right_server(struct buf *out, const struct provider *p)
{
    tr_addf(out, "; the incoming (POP3) server is %s, port %u: write provider = %s", p->host,
            p->port, p->name);
    if (p->needs)
        tr_addf(out, " (which needs %s, not built yet)", p->needs);
}

static void advise_host(const struct host_rule *r, struct sv host, struct buf *out)
{
    struct sv domain = domain_of(host);
    const struct provider *p = r->provider      ? provider_find(sv_of(r->provider))
                               : r->same_domain ? provider_in(domain)
                                                : NULL;
    tr_addf(out, "host %.*s %s", SV_ARG(host), tr(r->what));
    if (p)
        name_right_server(out, p);
    else if (r->same_domain && domain.n > 0)
        tr_addf(out, "; the incoming (POP3) server is often called pop.%.*s or mail.%.*s",
                SV_ARG(domain), SV_ARG(domain));
}

static const struct host_rule *rule_of_host(struct sv host)
{
    for (size_t i = 0; i < sizeof host_rules / sizeof host_rules[0]; i++)
        if (matches(&host_rules[i], host))
            return &host_rules[i];
    return NULL;
}

static const struct port_rule *rule_of_port(unsigned port)
{
    for (size_t i = 0; i < sizeof port_rules / sizeof port_rules[0]; i++)
        if (port_rules[i].port == port)
            return &port_rules[i];
    return NULL;
}

const char *provider_advice(struct sv host, unsigned port, struct buf *out, bool *fatal,
                            bool *of_port)
{
    const struct host_rule *h = rule_of_host(host);
    const struct port_rule *wrong_port = rule_of_port(port);
    const struct provider *p = provider_of_domain(host); /* what stands behind the @ is no server */

    buf_clear(out);
    *of_port = false;
    *fatal = (h && h->fatal) || p || wrong_port;
    if (h && (h->fatal || !wrong_port)) {
        advise_host(h, host, out);
    } else if (p) {
        tr_addf(out, "host %.*s is the part of addresses behind the @", SV_ARG(host));
        name_right_server(out, p);
    } else if (wrong_port) {
        tr_addf(out, "port %u %s; POP3 over TLS is on port 995", port, tr(wrong_port->what));
        *of_port = true;
    } else {
        return NULL;
    }
    return out->p;
}
