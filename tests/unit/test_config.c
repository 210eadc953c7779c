/* SPDX-License-Identifier: ISC */
/*
 * What the keys mean. What a user loses if these fail: mail deleted that was to be kept, a server
 * other than the one meant, a password sent to it, or an hour in search of a typing error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/config/config.h"
#include "popkeep/config/provider.h"

#define HEAD                                                                                       \
    "[account a]\n"                                                                                \
    "host = mail.okul.example\n"                                                                   \
    "user = a@okul.example\n"                                                                      \
    "maildir = /m/a\n"
#define NOHOST                                                                                     \
    "[account a]\n"                                                                                \
    "user = a@okul.example\n"                                                                      \
    "maildir = /m/a\n"
#define NODIR                                                                                      \
    "[account a]\n"                                                                                \
    "host = mail.okul.example\n"                                                                   \
    "user = a@okul.example\n"
#define PIN_0 "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_1 "sha256///wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static int parse(struct config *c, const char *text, const char *home, struct err *e)
{
    memset(e, 0, sizeof *e);
    return config_parse(c, (struct sv){text, strlen(text)}, "conf", home, e);
}

struct refused {
    const char *text;
    const char *begin; /* file and line */
    const char *says;
};

static const struct refused refused[] = {
    /* missing */
    {"\n[account a]\n", "conf:2: ", "account a: host is missing"},
    {"[account a]\nhost = h.example\nmaildir = /m\n", "conf:1: ", "user is missing"},
    {"[account a]\nhost = h.example\nuser = u\n", "conf:1: ", "maildir is missing"},
    {HEAD "[account b]\nuser = b\nmaildir = /b\n", "conf:5: ", "account b: host is missing"},
    /* where keys belong */
    {HEAD "jobs = 3\n", "conf:5: ", "[defaults]"},
    {HEAD "per_host = 3\n", "conf:5: ", "[defaults]"},
    {HEAD "state_dir = /s\n", "conf:5: ", "[defaults]"},
    {"[defaults]\nuser = x\n" HEAD, "conf:2: ", "[account NAME]"},
    {"[defaults]\nmaildir = /x\n" HEAD, "conf:2: ", "[account NAME]"},
    /* numbers */
    {HEAD "port = 0\n", "conf:5: ", "from 1 to 65535"},
    {HEAD "port = 65536\n", "conf:5: ", "from 1 to 65535"},
    {HEAD "port = 99x\n", "conf:5: ", "not \"99x\""},
    {HEAD "port = +995\n", "conf:5: ", "whole number"},
    {HEAD "port = -1\n", "conf:5: ", "whole number"},
    {HEAD "port = 9 95\n", "conf:5: ", "whole number"},
    {HEAD "port = 99999999999999999999999\n", "conf:5: ", "whole number"},
    {HEAD "timeout = 0\n", "conf:5: ", "from 1 to 3600"},
    {HEAD "timeout = 3601\n", "conf:5: ", "from 1 to 3600"},
    {HEAD "timeout = 1.5\n", "conf:5: ", "whole number"},
    {HEAD "retention_days = -1\n", "conf:5: ", "\"never\""},
    {HEAD "retention_days = 36501\n", "conf:5: ", "36500"},
    {HEAD "retention_days = Never\n", "conf:5: ", "\"never\""},
    {HEAD "retention_days = 30 days\n", "conf:5: ", "not \"30 days\""},
    {HEAD "retention_days = 30d\n", "conf:5: ", "not \"30d\""},
    {HEAD "max_delete = 0\n", "conf:5: ", "from 1"},
    {HEAD "max_delete = no limit\n", "conf:5: ", "whole number"},
    {"[defaults]\njobs = 0\n" HEAD, "conf:2: ", "from 1 to 256"},
    {"[defaults]\njobs = 257\n" HEAD, "conf:2: ", "from 1 to 256"},
    {"[defaults]\nper_host = 65\n" HEAD, "conf:2: ", "from 1 to 64"},
    {"[defaults]\ntimeout = x\n" HEAD "timeout = 3\n", "conf:2: ", "whole number"},
    /* words */
    {HEAD "tls = stls\n", "conf:5: ", "stls is not built yet; use implicit"},
    {HEAD "tls = none\n", "conf:5: ", "clear text"},
    {HEAD "tls = yes\n", "conf:5: ", "must be implicit"},
    {HEAD "auth = xoauth2\n", "conf:5: ", "xoauth2 is not built yet; use auto, plain or user"},
    {HEAD "auth = oauthbearer\n", "conf:5: ", "not built yet"},
    {HEAD "auth = scram-sha-256\n", "conf:5: ", "not built yet"},
    {HEAD "auth = ntlm\n", "conf:5: ", "unsafe"},
    {HEAD "auth = apop\n", "conf:5: ", "unsafe"},
    {HEAD "auth = PLAIN\n", "conf:5: ", "auto, plain or user, not \"PLAIN\""},
    {HEAD "tls_min = 1.1\n", "conf:5: ", "use 1.2 or 1.3"},
    {HEAD "tls_min = 1\n", "conf:5: ", "1.2 or 1.3"},
    {HEAD "pipelining = yes\n", "conf:5: ", "auto, always or never"},
    {HEAD "line_endings = dos\n", "conf:5: ", "lf or crlf"},
    {HEAD "delete_requires_copy = true\n", "conf:5: ", "yes or no"},
    {HEAD "delete_requires_copy = 1\n", "conf:5: ", "yes or no"},
    {HEAD "disabled = 1\n", "conf:5: ", "yes or no"},
    {HEAD "enabled = no\n", "conf:5: ", "did you mean \"disabled\""},
    {"[defaults]\ndisabled = yes\n" HEAD, "conf:2: ", "[account NAME]"},
    /* days */
    {HEAD "deadline = 2027-02-29\n", "conf:5: ", "written like 2027-02-28, not \"2027-02-29\""},
    {HEAD "deadline = 28.02.2027\n", "conf:5: ", "written like 2027-02-28"},
    {HEAD "deadline = 2027-02-28 08:00\n", "conf:5: ", "written like 2027-02-28"},
    {HEAD "deadline = @180375555\n", "conf:5: ", "written like 2027-02-28"},
    {HEAD "quota_mb = 0\n", "conf:5: ", "from 1"},
    {HEAD "quota_mb = 2 GB\n", "conf:5: ", "whole number"},
    /* hosts */
    {NOHOST "host = okul..example\n", "conf:4: ", "no host name"},
    {NOHOST "host = -okul.example\n", "conf:4: ", "no host name"},
    {NOHOST "host = okul.example.\n", "conf:4: ", "dot at the end"},
    {NOHOST "host = mail okul\n", "conf:4: ", "no host name"},
    {NOHOST "host = a@okul.example\n", "conf:4: ", "e-mail address"},
    {NOHOST "host = mail.okul.example:995\n", "conf:4: ", "\"port\""},
    {NOHOST "host = pop3s://mail.okul.example\n", "conf:4: ", "bare name"},
    {NOHOST "host = posta.öğrenci.example\n", "conf:4: ", "xn--"},
    {NOHOST "host = 192.0.2.256\n", "conf:4: ", "0 to 255"},
    {NOHOST "host = 192.0.2\n", "conf:4: ", "four numbers"},
    {NOHOST "host = 2001:db8:::1\n", "conf:4: ", "no IPv6 address"},
    {HEAD "tls_name = *.okul.example\n", "conf:5: ", "tls_name"},
    /* servers that cannot be meant */
    {NOHOST "host = epostagiden.meb.k12.tr\n", "conf:4: ", "epostagelen.meb.k12.tr"},
    {NOHOST "host = eposta.meb.k12.tr\n", "conf:4: ", "epostagelen.meb.k12.tr"},
    {NOHOST "host = posta.ktun.edu.tr\n", "conf:4: ", "pop.gmail.com"},
    {NOHOST "host = SMTP.gmail.com\n", "conf:4: ", "pop.gmail.com"},
    {NOHOST "host = imap.okul.example\n", "conf:4: ", "mail.okul.example"},
    {NOHOST "host = smtp.mail.me.com\n", "conf:4: ", "iCloud does not offer POP3"},
    {HEAD "port = 465\n", "conf:5: ", "outgoing mail (SMTP)"},
    {HEAD "port = 467\n", "conf:5: ", "995"},
    {HEAD "port = 993\n", "conf:5: ", "IMAP"},
    {HEAD "port = 110\n", "conf:5: ", "clear text"},
    {"[defaults]\nport = 993\n" HEAD, "conf:2: ", "IMAP"},
    /* providers */
    {NOHOST "provider = gmial\n", "conf:4: ", "did you mean \"gmail\"?"},
    {NOHOST "provider = okul\n", "conf:4: ", "popkeep providers"},
    {NOHOST "provider = outlook\n", "conf:4: ", "outlook needs OAuth2, which is not built yet"},
    {NOHOST "provider = outlook\n", "conf:4: ", "OAuth2\nproxy"},
    {"[account a]\nprovider = meb-k12\nuser = 706590\nmaildir = /m\n",
     "conf:3: ", "for example user = 706590@meb.k12.tr"},
    {"[defaults]\nprovider = gmail\n[account a]\nuser = ali\nmaildir = /m\n",
     "conf:4: ", "for example user = ali@gmail.com"},
    {HEAD "user = x\n", "conf:5: ", "repeated"},
    {"[account a]\nhost = h.example\nuser = a\tb\nmaildir = /m\n", "conf:3: ", "tab"},
    /* paths */
    {NODIR "maildir = Mail/a\n", "conf:4: ", "~/"},
    {NODIR "maildir = ./Mail\n", "conf:4: ", "absolute path"},
    {NODIR "maildir = ~\n", "conf:4: ", "~/"},
    {NODIR "maildir = ~ali/Mail\n", "conf:4: ", "~/"},
    {NODIR "maildir = $HOME/Mail\n", "conf:4: ", "absolute path"},
    {NODIR "maildir = /\n", "conf:4: ", "root folder"},
    {NODIR "maildir = /m/../a\n", "conf:4: ", ".."},
    {NODIR "maildir = /m/%h\n", "conf:4: ", "%%"},
    {NODIR "maildir = %a\n", "conf:4: ", "relative path"},
    {NODIR "maildir = %u/m\n", "conf:4: ", "relative path"},
    {"[defaults]\nstate_dir = /s/%a\n" HEAD, "conf:2: ", "\"%\" is reserved"},
    {"[defaults]\nmaildir = /m/%d\n" HEAD, "conf:2: ", "must hold %a or %u"},
    {"[defaults]\nmaildir = /m/%%a\n" HEAD, "conf:2: ", "must hold %a or %u"},
    {"[defaults]\nmaildir = m/%a\n" HEAD, "conf:2: ", "relative path"},
    {"[profile p]\nmaildir = /m\n" HEAD, "conf:2: ", "must hold %a or %u"},
    {"[profile p]\nmaildir = /m/%a/../x\n" HEAD, "conf:2: ", "\"..\""},
    {"[account a]\nhost = h.example\nuser = a\nmaildir = /m/%d\n",
     "conf:4: ", "maildir: %d is the domain of the user, who has none"},
    {"[account a]\nhost = h.example\nuser = a@\nmaildir = /m/%d\n", "conf:4: ", "who has none"},
    {"[account a]\nhost = h.example\nuser = ..\nmaildir = /m/%u/x\n",
     "conf:4: ", "would put \"..\""},
    {"[account a]\nhost = h.example\nuser = .a\nmaildir = /m/%u/x\n",
     "conf:4: ", "no dot in front"},
    {"[account a]\nhost = h.example\nuser = a/../b\nmaildir = /m/%u/x\n", "conf:4: ", "no \"/\""},
    {"[account a]\nhost = h.example\nuser = a@b/../c\nmaildir = /m/%d/x\n", "conf:4: ", "no \"/\""},
    {"[account a]\nhost = h.example\nuser = a@..\nmaildir = /m/%d/x\n",
     "conf:4: ", "no dot in front"},
    {"[account a]\nhost = h.example\nmaildir = /m/%u\n", "conf:3: ", "user is missing"},
    {HEAD "[account b]\nhost = h.example\nuser = b;reboot\nmaildir = /b\n"
          "password_command = pass %u\n",
     "conf:9: ", "would put \"b;reboot\" into a command"},
    {"[account -a]\nhost = h.example\nuser = b\nmaildir = /b\npassword_command = pass %a\n",
     "conf:5: ", "no - in front"},
    {"[account a]\nhost = h.example\nuser = b'\nmaildir = /b\npassword_command = pass '%u'\n",
     "conf:5: ", "into a command"},
    {HEAD "password_credential = %u/x\n", "conf:5: ", "without \"/\""},
    {"[defaults]\nmaildir = /m/%d/%u\n[account a]\nhost = h.example\nuser = a\n",
     "conf:2: ", "account a (conf:3): maildir: %d is the domain"},
    {"[defaults]\nhost = h.example\nmaildir = /m/%u\n[account a]\nuser = a\n[account b]\nuser = "
     "a\n",
     "conf:6: ", "have the same maildir"},
    /* profiles */
    {HEAD "profile = schol\n[profile school]\n", "conf:5: ", "did you mean \"school\"?"},
    {HEAD "profile = x\n", "conf:5: ", "unknown profile \"x\"; write a section [profile NAME]"},
    {"[profile p]\nuser = x\n" HEAD, "conf:2: ", "[account NAME]"},
    {"[profile p]\njobs = 2\n" HEAD, "conf:2: ", "[defaults]"},
    {"[profile p]\nprofile = q\n" HEAD, "conf:2: ", "[account NAME]"},
    {"[defaults]\nprofile = q\n" HEAD, "conf:2: ", "[account NAME]"},
    {"[profile p]\n[profile p]\n" HEAD, "conf:2: ", "profile p stands already in line 1"},
    {"[profile]\n" HEAD, "conf:1: ", "the profile has no name"},
    {"[profile a/b]\n" HEAD, "conf:1: ", "[profile NAME]: the name"},
    {"[profiles p]\n" HEAD, "conf:1: ", "did you mean [profile NAME]?"},
    {"[profile unused]\ntimeout = x\n" HEAD, "conf:2: ", "whole number"},
    {"[profile p]\npassword = a\npassword_file = /b\n" HEAD, "conf:3: ", "one way"},
    {HEAD "include = x.conf\n", "conf:5: ", "[defaults]"},
    {"[profile p]\ninclude = x.conf\n" HEAD, "conf:2: ", "[defaults]"},
    {"include = /x.conf\n" HEAD, "conf:1: ", "/x.conf cannot be included here"},
    {NODIR "maildir = /m/a%\n", "conf:4: ", "reserved"},
    {NODIR "maildir = /m/%%%\n", "conf:4: ", "reserved"},
    {HEAD "tls_ca_file = ca.pem\n", "conf:5: ", "absolute path"},
    {HEAD "password_file = secret\n", "conf:5: ", "absolute path"},
    {"[defaults]\nstate_dir = state\n" HEAD, "conf:2: ", "absolute path"},
    /* secrets */
    {HEAD "password = a\npassword_file = /b\n", "conf:6: ", "password (line 5)"},
    {HEAD "password_file = /b\npassword = a\n", "conf:6: ", "one way"},
    {HEAD "password_command = x\npassword_credential = y\n", "conf:6: ", "one way"},
    {"[defaults]\npassword_command = x\npassword = y\n" HEAD, "conf:3: ", "one way"},
    {HEAD "password_command = date +%Y\n", "conf:5: ", "%%"},
    {HEAD "password_credential = a/b\n", "conf:5: ", "LoadCredential"},
    {HEAD "password_credential = .a\n", "conf:5: ", "LoadCredential"},
    /* pins */
    {HEAD "tls_pin = x\n", "conf:5: ", "sha256//"},
    {HEAD "tls_pin = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "conf:5: ", "sha256//"},
    {HEAD "tls_pin = sha256//AAAA\n", "conf:5: ", "44 characters"},
    {HEAD "tls_pin = " PIN_0 "=\n", "conf:5: ", "44 characters"},
    {HEAD "tls_pin = sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n", "conf:5: ", "44"},
    {HEAD "tls_pin = sha256//AAAAAAAAAAAAAAAAAAAAA=AAAAAAAAAAAAAAAAAAAAA=\n", "conf:5: ", "44"},
    {HEAD "tls_pin = sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n", "conf:5: ", "44"},
    {HEAD "tls_pin = " PIN_0 " sha1//AAAA\n", "conf:5: ", "not \"sha1//AAAA\""},
    /* users of this system */
    {HEAD "run_as = mail user\n", "conf:5: ", "name of a user"},
    {HEAD "run_as = -x\n", "conf:5: ", "name of a user"},
    {HEAD "run_as = ../x\n", "conf:5: ", "name of a user"},
    /* accounts in each other's way */
    {HEAD "[account b]\nhost = h.example\nuser = b\nmaildir = /m//a/\n",
     "conf:5: ", "a (line 1) and b have the same maildir"},
    {HEAD "retention_days = 30\n[account b]\nhost = MAIL.okul.example\nuser = a@okul.example\n"
          "maildir = /m/b\n",
     "conf:6: ", "same mailbox"},
    {HEAD "[account b]\nhost = mail.okul.example\nuser = a@okul.example\nmaildir = /m/b\n"
          "[account c]\nhost = mail.okul.example\nuser = a@okul.example\nmaildir = /m/c\n"
          "retention_days = 0\n",
     "conf:9: ", "same mailbox"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct config c;
        struct err e;
        const struct refused *r = &refused[i];
        if (parse(&c, r->text, "/home/user", &e) != -1)
            fail_msg("case %zu was taken:\n%s", i, r->text);
        assert_int_equal(e.status, ST_CONFIG);
        if (strncmp(e.text, r->begin, strlen(r->begin)) != 0 || !strstr(e.text, r->says))
            fail_msg("case %zu says: %s", i, e.text);
        assert_int_not_equal(e.text[strlen(e.text) - 1], '\n');
        assert_null(c.accounts);
    }
}

/* The account as one line of text, so that a case needs no code. */
static void describe(char *out, size_t cap, const struct account *a)
{
    static const char *const kinds[] = {"none", "inline", "file", "command", "credential"};
    size_t n = 0;
    n += (size_t)snprintf(out, cap, "%s|%s|%s:%u|%s|%s=%s|auth=%d|%s|", a->name,
                          a->provider ? a->provider->name : "-", a->host, a->port, a->user,
                          kinds[a->secret.kind], a->secret.value ? a->secret.value : "",
                          (int)a->auth, a->maildir);
    n += (size_t)snprintf(out + n, cap - n,
                          "days=%lld|copy=%d|max=%lld|ca=%s|name=%s|min=%d|pins=%zu|",
                          (long long)a->retention_days, a->delete_requires_copy,
                          a->max_delete == CONFIG_NO_LIMIT ? -1 : (long long)a->max_delete,
                          a->tls_ca_file ? a->tls_ca_file : "-", a->tls_name ? a->tls_name : "-",
                          (int)a->tls_min, a->n_pins);
    n +=
        (size_t)snprintf(out + n, cap - n, "pipe=%d|ends=%d|timeout=%u|run=%s|", (int)a->pipelining,
                         (int)a->line_endings, a->timeout_s, a->run_as ? a->run_as : "-");
    n += (size_t)snprintf(out + n, cap - n, "off=%d|quota=%llu|until=%lld|", a->disabled,
                          (unsigned long long)a->quota_mb,
                          a->deadline_s == CONFIG_NO_DEADLINE ? -1 : (long long)a->deadline_s);
    assert_true(n < cap);
}

struct taken {
    const char *text;
    const char *shows; /* in the description of the last account */
};

static const struct taken taken[] = {
    {HEAD, "a|-|mail.okul.example:995|a@okul.example|none=|auth=0|/m/a|days=-1|copy=1|max=-1|ca=-|"
           "name=-|min=0|pins=0|pipe=0|ends=0|timeout=120|run=-|off=0|quota=0|until=-1|"},
    /* presets */
    {"[account 706590]\nprovider = meb-k12\nuser = 706590@meb.k12.tr\nmaildir = ~/Mail/706590\n",
     "706590|meb-k12|epostagelen.meb.k12.tr:995|706590@meb.k12.tr|none=|auth=0|"
     "/home/user/Mail/706590|days=-1|"},
    {NOHOST "provider = gmail\n", "|gmail|pop.gmail.com:995|"},
    {NOHOST "provider = gmail\nport = 10995\n", "|gmail|pop.gmail.com:10995|"},
    {NOHOST "provider = meb\nhost = proxy.example\n", "|meb|proxy.example:995|"},
    {"[account 007]\nhost = h.example\nuser = 000123\nmaildir = /m\n",
     "007|-|h.example:995|000123|"},
    /* hosts */
    {NOHOST "host = MAIL.Okul.EXAMPLE\n", "|mail.okul.example:995|"},
    {NOHOST "host = 192.0.2.1\n", "|192.0.2.1:995|"},
    {NOHOST "host = 2001:DB8::1\n", "|2001:db8::1:995|"},
    {NOHOST "host = [2001:db8::1]\nport = 1\n", "|2001:db8::1:1|"},
    {NOHOST "host = mail_1.okul-2.example\n", "|mail_1.okul-2.example:995|"},
    {NOHOST "host = localhost\nport = 65535\n", "|localhost:65535|"},
    {HEAD "tls_name = Posta.Firma.example\n", "|name=posta.firma.example|"},
    /* users */
    {"[account a]\nhost = h.example\nuser = ad.soyad_01\nmaildir = /m\n", "|ad.soyad_01|"},
    {"[account a]\nhost = h.example\nuser = şükrü ç\nmaildir = /m\n", "|şükrü ç|"},
    /* secrets */
    {HEAD "password = a b#c;d %p\n", "|inline=a b#c;d %p|"},
    {HEAD "password_file = ~/.secret/%%1\n", "|file=/home/user/.secret/%1|"},
    {HEAD "password_command = pass show 'a b' # c\n", "|command=pass show 'a b' # c|"},
    {HEAD "password_command = date +%%Y; a|b\n", "|command=date +%Y; a|b|"},
    {HEAD "password_credential = meb_706590\n", "|credential=meb_706590|"},
    {"[defaults]\npassword_file = /p\n" HEAD, "|file=/p|"},
    {"[defaults]\npassword_file = /p\n" HEAD "password = q\n", "|inline=q|"},
    {"[defaults]\npassword = p\n" HEAD "password_command = q\n", "|command=q|"},
    {HEAD "[defaults]\npassword_file = /late\n", "|file=/late|"},
    /* words */
    {HEAD "tls = implicit\nauth = auto\n", "|auth=0|"},
    {HEAD "auth = plain\n", "|auth=1|"},
    {HEAD "auth = user\n", "|auth=2|"},
    {HEAD "tls_min = 1.3\n", "|min=1|"},
    {HEAD "tls_min = 1.2\n", "|min=0|"},
    {HEAD "pipelining = always\n", "|pipe=1|"},
    {HEAD "pipelining = never\n", "|pipe=2|"},
    {HEAD "line_endings = crlf\n", "|ends=1|"},
    {HEAD "delete_requires_copy = no\n", "|copy=0|"},
    /* numbers */
    {HEAD "retention_days = 0\n", "|days=0|"},
    {HEAD "retention_days = 36500\n", "|days=36500|"},
    {HEAD "retention_days = 030\n", "|days=30|"},
    {HEAD "retention_days = 30\nmax_delete = 500\n", "|days=30|copy=1|max=500|"},
    {HEAD "timeout = 1\n", "|timeout=1|"},
    {HEAD "timeout = 3600\n", "|timeout=3600|"},
    {HEAD "run_as = _pop-keep.1\n", "|run=_pop-keep.1|"},
    /* the account */
    {HEAD "disabled = yes\n", "|off=1|"},
    {HEAD "disabled = no\n", "|off=0|"},
    {HEAD "quota_mb = 500\ndeadline = 2027-02-28\n", "|quota=500|until=1803772800|"},
    {"[defaults]\nquota_mb = 500\ndeadline = 2027-02-28\n" HEAD "deadline = 2028-02-29\n",
     "|quota=500|until=1835395200|"},
    /* paths */
    {NODIR "maildir = /m//x/./y/\n", "|/m/x/y|"},
    {NODIR "maildir = ~/Okul Postası/ğüş\n", "|/home/user/Okul Postası/ğüş|"},
    {NODIR "maildir = /100%%/%%%%\n", "|/100%/%%|"},
    {NODIR "maildir = /m/..a/b..\n", "|/m/..a/b..|"},
    {HEAD "tls_ca_file = ~/ca.pem\n", "|ca=/home/user/ca.pem|"},
    /* pins */
    {HEAD "tls_pin = " PIN_0 "\n", "|pins=1|"},
    {HEAD "tls_pin = " PIN_0 " \t " PIN_1 "\n", "|pins=2|"},
    /* [defaults] and what replaces it */
    {"[defaults]\nretention_days = 30\ntimeout = 9\n" HEAD "timeout = 8\n", "|timeout=8|"},
    {"[defaults]\nretention_days = 30\ntimeout = 9\n" HEAD, "|days=30|"},
    {"[defaults]\nretention_days = 30\n" HEAD "retention_days = never\n", "|days=-1|"},
    {"[defaults]\nprovider = gmail\n" NOHOST, "|gmail|pop.gmail.com:995|"},
    {"[defaults]\nprovider = gmail\nport = 1995\n" HEAD, "|-|mail.okul.example:995|"},
    {"[defaults]\nport = 1995\ntls_name = n.example\n" HEAD, "|-|mail.okul.example:1995|"},
    {"[defaults]\nport = 1995\ntls_name = n.example\n" HEAD, "|name=n.example|"},
    {"[defaults]\nhost = h.example\nport = 1995\ntls_name = n.example\ntls_pin = " PIN_0 "\n" NOHOST
     "provider = gmail\n",
     "|gmail|pop.gmail.com:995|a@okul.example|none=|auth=0|/m/a|days=-1|copy=1|max=-1|ca=-|name=-|"
     "min=0|pins=0|"},
    {"[defaults]\nhost = h.example\nport = 1995\ntls_name = n.example\n" NOHOST "port = 1996\n",
     "|-|h.example:1996|a@okul.example|none=|auth=0|/m/"
     "a|days=-1|copy=1|max=-1|ca=-|name=n.example|"},
    /* names in paths and commands */
    {NODIR "maildir = /m/%a\n", "|/m/a|"},
    {NODIR "maildir = ~/%d/%u/%%%a%%\n", "|/home/user/okul.example/a@okul.example/%a%|"},
    {"[account a]\nhost = h.example\nuser = x@y@Okul.EXAMPLE\nmaildir = /m/%d\n",
     "|/m/okul.example|"},
    {"[defaults]\nmaildir = /m/%a\n" NODIR, "|/m/a|"},
    {"[defaults]\nmaildir = /m/%a\n" HEAD, "|/m/a|"},
    {HEAD "tls_ca_file = /ca/%d.pem\n", "|ca=/ca/okul.example.pem|"},
    {HEAD "password_file = /p/%a\n", "|file=/p/a|"},
    {HEAD "password_command = pass %a '%u' %%d\n", "|command=pass a 'a@okul.example' %d|"},
    {HEAD "password_credential = meb-%a\n", "|credential=meb-a|"},
    {"[defaults]\npassword_credential = meb-%a\n" HEAD, "|credential=meb-a|"},
    {HEAD "password = %a%\n", "|inline=%a%|"},
    /* profiles: between the account and [defaults] */
    {"[defaults]\ntimeout = 9\nretention_days = 30\n[profile p]\ntimeout = 8\nmaildir = "
     "/p/%a\n" NODIR "profile = p\n",
     "|/p/a|days=30|copy=1|max=-1|ca=-|name=-|min=0|pins=0|pipe=0|ends=0|timeout=8|"},
    {HEAD "profile = p\ntimeout = 7\n[profile p]\ntimeout = 8\n[defaults]\ntimeout = 9\n",
     "|timeout=7|"},
    {HEAD "[profile p]\ntimeout = 8\n", "|timeout=120|"},
    {"[defaults]\npassword = x\n[profile p]\npassword_file = /p\n" HEAD "profile = p\n",
     "|file=/p|"},
    {"[defaults]\npassword = x\n[profile p]\npassword_file = /p\n" HEAD
     "profile = p\npassword_credential = c\n",
     "|credential=c|"},
    {"[defaults]\nhost = h.example\ntls_name = n.example\n[profile p]\nprovider = gmail\n" NOHOST
     "profile = p\n",
     "|gmail|pop.gmail.com:995|a@okul.example|none=|auth=0|/m/"
     "a|days=-1|copy=1|max=-1|ca=-|name=-|"},
    {"[defaults]\nhost = h.example\ntls_name = n.example\n[profile p]\nport = 1995\n" NOHOST
     "profile = p\n",
     "|-|h.example:1995|a@okul.example|none=|auth=0|/m/"
     "a|days=-1|copy=1|max=-1|ca=-|name=n.example|"},
    {"[defaults]\nhost = h.example\ntls_name = n.example\n[profile p]\nhost = p.example\nport = "
     "1995\n" HEAD "profile = p\n",
     "|-|mail.okul.example:995|a@okul.example|none=|auth=0|/m/"
     "a|days=-1|copy=1|max=-1|ca=-|name=-|"},
    /* one that says nothing of the server lets nothing of another one through */
    {"[defaults]\nhost = h.example\ntls_name = n.example\n[profile p]\ntimeout = 8\n" HEAD
     "profile = p\n",
     "|ca=-|name=-|"},
    /* one mailbox twice is no harm while nothing is deleted; another port or user is another */
    {HEAD "[account b]\nhost = mail.okul.example\nuser = a@okul.example\nmaildir = /m/b\n", "b|"},
    {HEAD "[account b]\nhost = mail.okul.example\nport = 1995\nuser = a@okul.example\n"
          "maildir = /m/b\nretention_days = 0\n",
     "b|"},
    {HEAD "[account b]\nhost = mail.okul.example\nuser = b@okul.example\nmaildir = /m/b\n"
          "retention_days = 0\n",
     "b|"},
};

static void test_taken(void **state)
{
    (void)state;
    char text[2048];
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        struct config c;
        struct err e;
        if (parse(&c, taken[i].text, "/home/user", &e) != 0)
            fail_msg("case %zu: %s", i, e.text);
        describe(text, sizeof text, &c.accounts[c.n_accounts - 1]);
        if (!strstr(text, taken[i].shows))
            fail_msg("case %zu: %s", i, text);
        config_free(&c);
    }
}

static void test_defaults_only_keys(void **state)
{
    (void)state;
    struct config c;
    struct err e;
    assert_int_equal(parse(&c, HEAD, NULL, &e), 0);
    assert_int_equal(c.jobs, 4);
    assert_int_equal(c.per_host, 2);
    assert_null(c.state_dir);
    assert_string_equal(c.file, "conf");
    assert_int_equal(c.accounts[0].line, 1);
    assert_int_equal(c.files[0].secret_line, 0);
    config_free(&c);
    assert_int_equal(parse(&c, "[defaults]\njobs = 256\nper_host = 64\nstate_dir = ~/s/\n" HEAD,
                           "/home/user/", &e),
                     0);
    assert_int_equal(c.jobs, 256);
    assert_int_equal(c.per_host, 64);
    assert_string_equal(c.state_dir, "/home/user/s");
    config_free(&c);
}

static void test_pin_octets(void **state)
{
    (void)state;
    struct config c;
    struct err e;
    assert_int_equal(parse(&c, HEAD "tls_pin = " PIN_0 " " PIN_1 "\n", NULL, &e), 0);
    for (size_t i = 0; i < HASH_OCTETS; i++) {
        assert_int_equal(c.accounts[0].pins[0][i], 0);
        assert_int_equal(c.accounts[0].pins[1][i], i == 0 ? 0xff : i);
    }
    config_free(&c);
}

/* Without a home folder "~/" must not become a path of the root folder. */
static void test_unknown_home(void **state)
{
    (void)state;
    static const char *const homes[] = {NULL, "", "user"};
    for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++) {
        struct config c;
        struct err e;
        assert_int_equal(parse(&c, NODIR "maildir = ~/m\n", homes[i], &e), -1);
        assert_non_null(strstr(e.text, "conf:4: maildir"));
        assert_non_null(strstr(e.text, "not known"));
    }
}

/* The file's rights matter exactly when it holds a password. */
static void test_inline_secret(void **state)
{
    (void)state;
    struct config c;
    struct err e;
    assert_int_equal(parse(&c, HEAD "password_file = /p\n", NULL, &e), 0);
    assert_int_equal(c.files[0].secret_line, 0);
    config_free(&c);
    assert_int_equal(parse(&c, HEAD "password_file = /p\n[defaults]\npassword = x\n", NULL, &e), 0);
    assert_true(c.files[0].secret_line > 0);
    assert_int_equal(c.files[0].secret_line, 7);
    assert_int_equal(c.accounts[0].secret.line, 5);
    config_free(&c);
}

struct warned {
    const char *text;
    const char *says; /* the whole, or null: nothing */
};

static const struct warned warned[] = {
    {HEAD, NULL},
    {HEAD "password = \"x\"\n",
     "conf:5: the quotes around the password are taken for a part of it\n"},
    {NOHOST "provider = meb-k12\npassword = 123456789\n",
     "conf:5: the password has 9 octets; those of provider meb-k12 have at least 10\n"},
    {NOHOST "provider = meb-k12\npassword = 1234567890\n", NULL},
    {"[defaults]\nprovider = meb-k12\npassword = x\n"
     "[account a]\nuser = a@meb.k12.tr\nmaildir = /a\n[account b]\nuser = b@meb.k12.tr\n"
     "maildir = /b\n",
     "conf:3: the password has 1 octet; those of provider meb-k12 have at least 10\n"},
    {HEAD "max_delete = 5\n", "conf:5: max_delete has no effect, as retention_days is never\n"},
    {HEAD "max_delete = 5\nretention_days = 5\n", NULL},
    {"[defaults]\nmax_delete = 5\n" HEAD, NULL},
    {NOHOST "host = outlook.office365.com\n",
     "conf:4: host outlook.office365.com accepts OAuth2 only, which is not built yet\n"},
};

static void test_warned(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof warned / sizeof warned[0]; i++) {
        struct config c;
        struct err e;
        if (parse(&c, warned[i].text, NULL, &e) != 0)
            fail_msg("case %zu: %s", i, e.text);
        const char *says = c.warnings.n > 0 ? c.warnings.p : "";
        assert_string_equal(says, warned[i].says ? warned[i].says : "");
        config_free(&c);
    }
}

/* A password in a profile that nobody takes lies open all the same. */
static void test_secret_in_profile(void **state)
{
    (void)state;
    struct config c;
    struct err e;
    assert_int_equal(parse(&c, "[profile p]\npassword = x\n" HEAD, NULL, &e), 0);
    assert_int_equal(c.files[0].secret_line, 2);
    assert_int_equal(c.accounts[0].secret.kind, SECRET_NONE);
    config_free(&c);
}

/* A ministry's worth of schools in one file is read at once, not in minutes. */
static void test_many_accounts(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct buf b = BUF_INIT(MANY * 120);
    buf_add_c(&b, "[defaults]\nprovider = meb-k12\nretention_days = 30\n");
    for (int i = 0; i < MANY; i++)
        assert_int_equal(
            buf_addf(&b, "[account %06d]\nuser = %06d@meb.k12.tr\nmaildir = /m/%06d\n", i, i, i),
            0);
    struct config c;
    struct err e;
    assert_int_equal(parse(&c, b.p, NULL, &e), 0);
    assert_int_equal(c.n_accounts, MANY);
    assert_string_equal(c.accounts[MANY - 1].user, "004999@meb.k12.tr");
    config_free(&c);
    buf_add_c(&b, "[account 000000]\nuser = x@meb.k12.tr\nmaildir = /x\n");
    assert_int_equal(parse(&c, b.p, NULL, &e), -1);
    assert_non_null(strstr(e.text, "conf:15004: account 000000 stands already in line 4"));
    buf_free(&b);
}

static void test_keys(void **state)
{
    (void)state;
    for (const struct config_key *k = config_keys(); k->name; k++) {
        assert_true(k->in_account || k->in_defaults);
        assert_non_null(k->default_text);
        for (const struct config_key *other = config_keys(); other < k; other++)
            assert_string_not_equal(other->name, k->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_defaults_only_keys),
        cmocka_unit_test(test_pin_octets),
        cmocka_unit_test(test_unknown_home),
        cmocka_unit_test(test_inline_secret),
        cmocka_unit_test(test_secret_in_profile),
        cmocka_unit_test(test_warned),
        cmocka_unit_test(test_many_accounts),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
