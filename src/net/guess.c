/* SPDX-License-Identifier: ISC */
/* Servers that are none, known by how they greet. */
#include "popkeep/net/guess.h"
#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"

enum guess_remedy { GUESS_OTHER_SERVER, GUESS_PLAIN_POP3 };

static const struct {
    const char *prefix;
    const char *what;
    enum guess_remedy remedy;
} guesses[] = {
    {"220", N_("a server for outgoing mail (SMTP)"), GUESS_OTHER_SERVER},
    {"421", N_("a server for outgoing mail (SMTP)"), GUESS_OTHER_SERVER},
    {"554", N_("a server for outgoing mail (SMTP)"), GUESS_OTHER_SERVER},
    {"* OK", N_("an IMAP server"), GUESS_OTHER_SERVER},
    {"* PREAUTH", N_("an IMAP server"), GUESS_OTHER_SERVER},
    {"* BYE", N_("an IMAP server"), GUESS_OTHER_SERVER},
    {"+OK", N_("a POP3 server that speaks without TLS on this port"), GUESS_PLAIN_POP3},
    {"-ERR", N_("a POP3 server that speaks without TLS on this port"), GUESS_PLAIN_POP3},
    {"HTTP/", N_("a web server"), GUESS_OTHER_SERVER},
    {"<", N_("a web server"), GUESS_OTHER_SERVER},
    {"SSH-", N_("an SSH server"), GUESS_OTHER_SERVER},
    {"\"IMPLEMENTATION\"", N_("a server for mail filters (ManageSieve)"), GUESS_OTHER_SERVER},
};

bool guess_is_tls(char first)
{
    return first == 0x16 || first == 0x15;
}

static int guess_advise(enum guess_remedy remedy, unsigned port, struct err *e)
{
    if (remedy == GUESS_OTHER_SERVER)
        return err_advise(e, port == 995
                                 ? tr("popkeep needs the server for incoming mail by POP3 over "
                                      "TLS, mostly port 995; set host as the provider's "
                                      "instructions for POP3 say")
                                 : tr("popkeep needs the server for incoming mail by POP3 over "
                                      "TLS, mostly port 995; set host and port as the provider's "
                                      "instructions for POP3 say"));
    if (port == 995)
        return err_advise(e,
                          "the server's operator has to switch TLS on for port 995; popkeep sends "
                          "a password only inside TLS");
    return err_advise(e, "set port = 995, where POP3 over TLS is; popkeep sends a password only "
                         "inside TLS");
}

int guess_explain(struct sv first, const char *host, unsigned port, struct err *e)
{
    char shown[4 * GUESS_OCTETS + 4];
    struct sv line = sv_token(&first, '\n');

    text_escape_to(shown, sizeof shown, ascii_trim(line));
    for (size_t i = 0; i < sizeof guesses / sizeof guesses[0]; i++) {
        if (!ascii_starts(line, guesses[i].prefix))
            continue;
        err_set(e, ST_UNAVAILABLE, "%s port %u is %s: it says \"%s\"", host, port,
                tr(guesses[i].what), shown);
        return guess_advise(guesses[i].remedy, port, e);
    }
    err_set(e, ST_UNAVAILABLE, "%s port %u is no TLS server: it says \"%s\"", host, port, shown);
    return guess_advise(GUESS_OTHER_SERVER, port, e);
}
