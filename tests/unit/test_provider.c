/* SPDX-License-Identifier: ISC */
/*
 * Presets and advice on wrong servers. What a user loses if these fail: the way to the right server
 * or the right password, or (advice where none is due) a server that works but is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"
#include "popkeep/config/provider.h"

static const struct {
    const char *name, *host;
} presets[] = {
    {"meb-k12", "epostagelen.meb.k12.tr"},
    {"meb", "posta.meb.gov.tr"},
    {"gmail", "pop.gmail.com"},
    {"outlook", "outlook.office365.com"},
    {"yandex", "pop.yandex.com"},
    {"yahoo", "pop.mail.yahoo.com"},
    {"aol", "pop.aol.com"},
    {"gmx", "pop.gmx.com"},
    {"zoho", "pop.zoho.com"},
    {"zoho-eu", "pop.zoho.eu"},
    {"mailru", "pop.mail.ru"},
};

/* All that a login hint says, in one text. */
static struct buf hint = BUF_INIT(65536);

static const char *hint_of(const struct provider *p)
{
    buf_clear(&hint);
    provider_hint(&hint, p);
    return hint.p;
}

static void test_table(void **state)
{
    (void)state;
    size_t n = 0;
    for (const struct provider *p = provider_table(); p->name; p++, n++) {
        assert_int_equal(p->port, 995);
        assert_non_null(p->title);
        assert_non_null(p->login_hint);
        const char *shown = hint_of(p);
        assert_true(text_is_utf8(sv_of(shown)));
        assert_int_not_equal(shown[strlen(shown) - 1], '\n');
        for (const char *c = p->host; *c; c++)
            assert_int_equal(*c, ascii_lower(*c));
        /* A hint is read on a terminal of 80 columns or in a mail from cron. */
        struct sv rest = sv_of(shown);
        while (rest.n > 0)
            assert_in_range(sv_token(&rest, '\n').n, 1, 100);
        if (p->note)
            assert_null(strchr(p->note, '\n'));
    }
    assert_int_equal(n, sizeof presets / sizeof presets[0]);
}

static void test_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        const struct provider *p = provider_find(sv_of(presets[i].name));
        assert_non_null(p);
        assert_string_equal(p->host, presets[i].host);
        assert_ptr_equal(provider_of_host(sv_of(presets[i].host)), p);
    }
    assert_ptr_equal(provider_of_host(SV("POP.GMAIL.COM")), provider_find(SV("gmail")));
    assert_null(provider_find(SV("GMAIL")));
    assert_null(provider_find(SV("")));
    assert_null(provider_find(SV("gmail-recent")));
    assert_null(provider_of_host(SV("gmail.com.example")));
    assert_string_equal(provider_nearest(SV("meb-k21")), "meb-k12");
    assert_null(provider_nearest(SV("something else")));
}

/* What the ministry's users must be told at a refused login, and nothing claimed as certain. */
static void test_meb_hints(void **state)
{
    (void)state;
    const struct provider *k12 = provider_find(SV("meb-k12"));
    const struct provider *meb = provider_find(SV("meb"));
    static const char *const both[] = {
        "MEBBİS web şifresi değil, uygulama/e-posta şifresi",
        "Ajanda Kodu is not needed for POP3 (POP3 için Ajanda Kodu gerekmez)",
        "wrong password",
        "disabled",
        "POP3 switched off",
    };
    assert_int_equal(k12->min_password, 10);
    assert_true(k12->user_is_address);
    assert_string_equal(k12->user_domain, "meb.k12.tr");
    assert_non_null(strstr(k12->login_hint,
                           "MEBBİS > Kişisel Kullanıcı > Kişisel Bilgiler > Uygulama Şifreleri"));
    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
        assert_non_null(strstr(hint_of(k12), both[i]));
        assert_non_null(strstr(hint_of(meb), both[i]));
    }
}

static void test_gmail_hint(void **state)
{
    (void)state;
    const char *shown = hint_of(provider_find(SV("gmail")));
    assert_non_null(strstr(shown, "app password"));
    assert_non_null(strstr(shown, "two-step"));
    assert_non_null(strstr(shown, "Ayarlar → Yönlendirme ve POP/IMAP → POP'u etkinleştir"));
    assert_non_null(strstr(shown, "EXPIRE 0"));
    assert_non_null(strstr(shown, "keep Gmail's copy"));
}

static void test_what_is_not_built(void **state)
{
    (void)state;
    for (const struct provider *p = provider_table(); p->name; p++) {
        if (strcmp(p->name, "outlook") == 0)
            assert_string_equal(p->needs, "OAuth2");
        else
            assert_null(p->needs);
    }
}

static const struct {
    const char *host;
    unsigned port;
    bool fatal;
    const char *says, *says_too;
} advised[] = {
    {"epostagiden.meb.k12.tr", 465, true, "outgoing (SMTP)", "epostagelen.meb.k12.tr, port 995"},
    {"EPOSTAGIDEN.MEB.K12.TR", 995, true, "outgoing (SMTP)", "provider = meb-k12"},
    {"epostagiden.example", 995, true, "outgoing (SMTP)", "epostagelen.meb.k12.tr"},
    {"eposta.meb.k12.tr", 995, true, "web address", "epostagelen.meb.k12.tr"},
    {"mebbis.meb.gov.tr", 995, true, "not a mail server", "epostagelen.meb.k12.tr"},
    {"posta.ktun.edu.tr", 995, true, "web address", "pop.gmail.com"},
    {"nilufer.meb.gov.tr", 995, false, "closed in 2019", "posta.meb.gov.tr"},
    {"meb.k12.tr", 995, true, "behind the @", "epostagelen.meb.k12.tr"},
    {"gmail.com", 995, true, "behind the @", "pop.gmail.com"},
    {"smtp.gmail.com", 587, true, "outgoing (SMTP)", "pop.gmail.com"},
    {"imap.gmail.com", 993, true, "IMAP", "provider = gmail"},
    {"mail.google.com", 995, true, "web address", "pop.gmail.com"},
    {"smtp.office365.com", 587, true, "outgoing", "needs OAuth2, not built yet"},
    {"outlook.office365.com", 995, false, "OAuth2 only", NULL},
    {"outlook.office365.com", 993, true, "IMAP", "995"},
    {"smtp.yandex.com.tr", 995, true, "outgoing", "pop.yandex.com"},
    {"smtp.mail.yahoo.com", 995, true, "outgoing", "pop.mail.yahoo.com"},
    {"smtp.mail.me.com", 587, true, "iCloud does not offer POP3", NULL},
    {"imap.mail.me.com", 993, true, "iCloud does not offer POP3", NULL},
    {"icloud.com", 995, true, "iCloud does not offer POP3", NULL},
    {"pop.icloud.com", 995, true, "iCloud does not offer POP3", NULL},
    {"smtp.okul.example", 995, true, "outgoing", "pop.okul.example or mail.okul.example"},
    {"imap.okul.example", 995, true, "IMAP", "mail.okul.example"},
    {"www.okul.example", 995, false, "web address", "mail.okul.example"},
    {"www.okul.example", 443, true, "port 443", "995"},
    {"mail.okul.example", 25, true, "port 25 is for outgoing", "995"},
    {"mail.okul.example", 465, true, "outgoing", "995"},
    {"mail.okul.example", 467, true, "misprint", "995"},
    {"mail.okul.example", 587, true, "outgoing", "995"},
    {"mail.okul.example", 143, true, "IMAP", "995"},
    {"mail.okul.example", 993, true, "IMAP", "995"},
    {"mail.okul.example", 110, true, "clear text", "995"},
    {"192.0.2.1", 993, true, "IMAP", "995"},
    {"smtp.", 995, true, "outgoing", NULL},
    {"", 25, true, "outgoing", NULL},
};

static void test_advised(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(1024);
    for (size_t i = 0; i < sizeof advised / sizeof advised[0]; i++) {
        bool fatal = !advised[i].fatal, of_port;
        const char *says =
            provider_advice(sv_of(advised[i].host), advised[i].port, &out, &fatal, &of_port);
        if (!says || !strstr(says, advised[i].says) ||
            (advised[i].says_too && !strstr(says, advised[i].says_too)))
            fail_msg("%s:%u: %s", advised[i].host, advised[i].port, says ? says : "nothing");
        assert_int_equal(fatal, advised[i].fatal);
        assert_int_equal(of_port, strncmp(says, "port ", 5) == 0);
        assert_null(strchr(says, '\n'));
    }
    buf_free(&out);
}

static void test_nothing_against(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "mail.okul.example",
        "pop.okul.example",
        "okul.example",
        "localhost",
        "127.0.0.1",
        "::1",
        "theme.com",
        "some.com",
        "smtpd.example",
        "imaginary.example",
        "meb.example",
        "eposta.okul.k12.tr",
        "",
    };
    struct buf out = BUF_INIT(1024);
    bool fatal, of_port;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        assert_null(provider_advice(sv_of(hosts[i]), 995, &out, &fatal, &of_port));
        assert_false(fatal);
        assert_null(provider_advice(sv_of(hosts[i]), 10995, &out, &fatal, &of_port));
    }
    for (const struct provider *p = provider_table(); p->name; p++)
        if (!p->needs)
            assert_null(provider_advice(sv_of(p->host), p->port, &out, &fatal, &of_port));
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_meb_hints),
        cmocka_unit_test(test_gmail_hint),
        cmocka_unit_test(test_what_is_not_built),
        cmocka_unit_test(test_advised),
        cmocka_unit_test(test_nothing_against),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
