/* SPDX-License-Identifier: ISC */
/*
 * The presets. Hosts and ports: the two of the ministry from its own instructions for mail
 * programs, the others from Thunderbird's autoconfig data (March 2026).
 */
#include "popkeep/config/provider.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/translate.h"

/* Why a login is refused is known to the server alone; most say the same for all of these. */
#define OTHER_CAUSES                                                                               \
    N_("The server does not say why. Besides the password: the user name, an account that is\n"    \
       "disabled or inactive, or POP3 switched off for the mailbox.")

#define MEB_CAUSES                                                                                 \
    N_("MEBBİS web şifresi değil, uygulama/e-posta şifresi.\n"                                 \
       "Ajanda Kodu is not needed for POP3 (POP3 için Ajanda Kodu gerekmez).\n"                   \
       "The server does not say why it refuses. Possible: a wrong password, or one replaced by "   \
       "a\n"                                                                                       \
       "newer one; an account that is disabled, or inactive because its data in MEBBİS are out "  \
       "of\n"                                                                                      \
       "date; POP3 switched off for the mailbox.")

#define APP_PASSWORD                                                                               \
    N_("The password is an app password, made in the account's security settings,\n"               \
       "not the one of the web site.")

#define TWO_STEP                                                                                   \
    N_("With two-step verification the password is an app password made in the account's\n"        \
       "security settings. POP access must be switched on in the settings of the mailbox.")

static const struct provider providers[] = {
    {
        .name = "meb-k12",
        .title = N_("Turkish Ministry of National Education, schools (meb.k12.tr)"),
        .host = "epostagelen.meb.k12.tr",
        .port = 995,
        .user_is_address = true,
        .user_domain = "meb.k12.tr",
        .min_password = 10,
        .login_hint = N_(
            "The user name is the whole address, the password is the application password made in\n"
            "MEBBİS > Kişisel Kullanıcı > Kişisel Bilgiler > Uygulama Şifreleri\n"
            "(at least 10 characters; if it is shorter, make another), not that of the web site:"),
        .causes = MEB_CAUSES,
        .note = N_("application password from MEBBİS; other programs may delete after 30 days"),
    },
    {
        .name = "meb",
        .title = N_("Turkish Ministry of National Education, staff (meb.gov.tr)"),
        .host = "posta.meb.gov.tr",
        .port = 995,
        .user_is_address = true,
        .user_domain = "meb.gov.tr",
        .login_hint =
            N_("The password is the separate e-mail password (E-posta Şifresi), not the one of "
               "MEBBİS:"),
        .causes = MEB_CAUSES,
        .note = N_("separate e-mail password; asking for a new one replaces the old"),
    },
    {
        .name = "gmail",
        .title = N_("Gmail, Google Workspace (also under own domains, many edu.tr)"),
        .host = "pop.gmail.com",
        .port = 995,
        .user_is_address = true,
        .user_domain = "gmail.com",
        .login_hint = N_(
            "The password is an app password (Google Account > Security; needs two-step\n"
            "verification, and a Workspace administrator can forbid it), not that of the account.\n"
            "\"Less secure app access\" (daha az güvenli uygulama erişimi) no longer exists.\n"
            "POP must be switched on: Ayarlar → Yönlendirme ve POP/IMAP → POP'u etkinleştir\n"
            "(Settings > Forwarding and POP/IMAP > Enable POP), for all mail.\n"
            "Gmail announces EXPIRE 0: a download by itself can change the copy on the server, as\n"
            "set on that page; choose \"keep Gmail's copy in the Inbox\" there."),
        .causes = OTHER_CAUSES,
        .note = N_("app password; lists a part at a time; set \"keep Gmail's copy\" first"),
    },
    {
        .name = "outlook",
        .title = N_("Microsoft 365, Outlook.com, Hotmail"),
        .host = "outlook.office365.com",
        .port = 995,
        .user_is_address = true,
        .user_domain = "outlook.com",
        .needs = "OAuth2",
        .login_hint = N_(
            "Microsoft accepts no passwords over POP3 any more. Until then, either run an OAuth2\n"
            "proxy on this machine that offers POP3 over TLS and give its host, port and tls_pin\n"
            "instead of the provider, or let the mailbox forward its mail to one popkeep can "
            "read."),
        .note = N_("OAuth2 only: not built yet"),
    },
    {
        .name = "yandex",
        .title = N_("Yandex Mail, Yandex 360"),
        .host = "pop.yandex.com",
        .port = 995,
        .user_is_address = true,
        .user_domain = "yandex.com",
        .login_hint = N_(
            "The password is an app password, made in Yandex ID > Security > App passwords (for\n"
            "mail), not the one of the web site.\n"
            "POP3 must be switched on in the settings of the mailbox, under mail clients."),
        .causes = OTHER_CAUSES,
        .note = N_("app password; the server may keep what it is asked to delete"),
    },
    {
        .name = "yahoo",
        .title = N_("Yahoo Mail"),
        .host = "pop.mail.yahoo.com",
        .port = 995,
        .user_is_address = true,
        .user_domain = "yahoo.com",
        .login_hint = APP_PASSWORD,
        .causes = OTHER_CAUSES,
        .note = N_("app password"),
    },
    {
        .name = "aol",
        .title = N_("AOL Mail"),
        .host = "pop.aol.com",
        .port = 995,
        .user_is_address = true,
        .user_domain = "aol.com",
        .login_hint = APP_PASSWORD,
        .causes = OTHER_CAUSES,
        .note = N_("app password"),
    },
    {
        .name = "gmx",
        .title = N_("GMX (gmx.com, gmx.com.tr)"),
        .host = "pop.gmx.com",
        .port = 995,
        .user_is_address = true,
        .user_domain = "gmx.com",
        .login_hint = N_("POP3 must be switched on in the settings of the mailbox first."),
        .causes = OTHER_CAUSES,
        .note = N_("switch POP3 on in the web settings first"),
    },
    {
        .name = "zoho",
        .title = N_("Zoho Mail"),
        .host = "pop.zoho.com",
        .port = 995,
        .user_is_address = true,
        .user_domain = "zohomail.com",
        .login_hint = TWO_STEP,
        .causes = OTHER_CAUSES,
        .note = N_("accounts of the European data centre: zoho-eu"),
    },
    {
        .name = "zoho-eu",
        .title = N_("Zoho Mail, European data centre"),
        .host = "pop.zoho.eu",
        .port = 995,
        .user_is_address = true,
        .user_domain = "zohomail.eu",
        .login_hint = TWO_STEP,
        .causes = OTHER_CAUSES,
        .note = NULL,
    },
    {
        .name = "mailru",
        .title = N_("Mail.ru"),
        .host = "pop.mail.ru",
        .port = 995,
        .user_is_address = true,
        .user_domain = "mail.ru",
        .login_hint =
            N_("The password is an app password, made in the account's security settings, for\n"
               "external programs, not the one of the web site."),
        .causes = OTHER_CAUSES,
        .note = N_("app password"),
    },
    {0},
};

/* Domains whose addresses are the provider's own. Where any may be Google's, none is named. */
static const struct {
    const char *domain, *provider;
} domains[] = {
    {"meb.k12.tr", "meb-k12"},
    {"meb.gov.tr", "meb"},
    {"gmail.com", "gmail"},
    {"googlemail.com", "gmail"},
    {"outlook.com", "outlook"},
    {"outlook.com.tr", "outlook"},
    {"hotmail.com", "outlook"},
    {"hotmail.com.tr", "outlook"},
    {"live.com", "outlook"},
    {"msn.com", "outlook"},
    {"windowslive.com", "outlook"},
    {"yandex.com", "yandex"},
    {"yandex.com.tr", "yandex"},
    {"yandex.ru", "yandex"},
    {"ya.ru", "yandex"},
    {"yahoo.com", "yahoo"},
    {"yahoo.com.tr", "yahoo"},
    {"ymail.com", "yahoo"},
    {"aol.com", "aol"},
    {"gmx.com", "gmx"},
    {"gmx.com.tr", "gmx"},
    {"zohomail.com", "zoho"},
    {"zohomail.eu", "zoho-eu"},
    {"mail.ru", "mailru"},
    {"bk.ru", "mailru"},
    {"inbox.ru", "mailru"},
    {"list.ru", "mailru"},
};

enum { PROVIDERS = sizeof providers / sizeof providers[0] };

void provider_hint(struct buf *out, const struct provider *p)
{
    size_t before = out->n;

    if (p->login_hint != NULL)
        (void)buf_add_c(out, tr(p->login_hint));
    if (p->causes != NULL)
        (void)buf_addf(out, "%s%s", out->n > before ? "\n" : "", tr(p->causes));
}

const struct provider *provider_table(void)
{
    return providers;
}

const struct provider *provider_find(struct sv name)
{
    for (const struct provider *p = providers; p->name; p++)
        if (sv_eq_c(name, p->name))
            return p;
    return NULL;
}

const struct provider *provider_of_host(struct sv host)
{
    for (const struct provider *p = providers; p->name; p++)
        if (ascii_same_c(host, p->host))
            return p;
    return NULL;
}

const struct provider *provider_of_domain(struct sv domain)
{
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
        if (ascii_same_c(domain, domains[i].domain))
            return provider_find(sv_of(domains[i].provider));
    return NULL;
}

const char *provider_nearest(struct sv name)
{
    const char *names[PROVIDERS];
    for (size_t i = 0; i < PROVIDERS; i++)
        names[i] = providers[i].name;
    return ascii_nearest(name, names);
}
