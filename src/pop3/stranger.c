/* SPDX-License-Identifier: ISC */
/* Greetings of other protocols, as a table. */
#include "popkeep/pop3/stranger.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/translate.h"

static const char incoming[] =
    N_("the server for incoming mail usually has a name such as "
       "pop.example.org, and port 995; see host and port of the account");
static const char imap_remedy[] =
    N_("this port speaks IMAP; POP3 over TLS is usually on port 995 of "
       "the same host, and may have to be switched on at the provider");
static const char check_port[] = N_("see host and port of the account; POP3 over TLS is usually on "
                                    "port 995");

static const struct stranger smtp = {N_("an SMTP server (outgoing mail)"), incoming};
static const struct stranger ftp = {N_("an FTP server"), check_port};
static const struct stranger news = {N_("a news server"), check_port};
static const struct stranger imap = {N_("an IMAP server"), imap_remedy};
static const struct stranger web = {N_("a web server"), check_port};
static const struct stranger ssh = {N_("an SSH server"), check_port};
static const struct stranger sieve = {N_("a ManageSieve server"), check_port};

static const struct {
    const char *prefix;
    const struct stranger *who;
} greetings[] = {
    {"* OK", &imap},     {"* PREAUTH", &imap}, {"* BYE", &imap},
    {"SSH-", &ssh},      {"HTTP/", &web},      {"<html", &web},
    {"<!doctype", &web}, {"<?xml", &web},      {"\"IMPLEMENTATION\"", &sieve},
    {"421 ", &smtp},     {"521 ", &smtp},      {"554 ", &smtp},
    {"554-", &smtp},     {"200 ", &news},      {"201 ", &news},
};

static bool mentions(struct sv line, const char *word)
{
    for (size_t i = 0; i < line.n && line.p[i] != '\n'; i++) {
        if (ascii_starts(sv_from(line, i), word))
            return true;
    }
    return false;
}

const struct stranger *stranger_of(struct sv first)
{
    if (ascii_starts(first, "220 ") || ascii_starts(first, "220-"))
        return mentions(first, "ftp") && !mentions(first, "smtp") ? &ftp : &smtp;
    for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
        if (ascii_starts(first, greetings[i].prefix))
            return greetings[i].who;
    }
    return NULL;
}
