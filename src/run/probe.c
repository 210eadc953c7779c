/* SPDX-License-Identifier: ISC */
/* Looking for the server where providers mostly have it. See the header. */
#include "popkeep/run/probe.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/sys/clock.h"

enum { PROBE_MS = 5000, GREETING_OCTETS = 512 };

static bool greets_as_pop3(struct conn *c)
{
    struct buf none = BUF_INIT(16);
    struct err ignored = ERR_INIT;
    char in[GREETING_OCTETS];
    size_t got = 0;

    return conn_exchange(c, &none, in, sizeof in, &got, PROBE_MS, false, &ignored) == CONN_READ &&
           ascii_starts(sv_make(in, got), "+OK");
}

static void probe(struct worker *w, const char *host)
{
    struct conn_target target = {.host = host,
                                 .port = w->account->port,
                                 .tls_ca_file = w->account->tls_ca_file,
                                 .connect_ms = PROBE_MS,
                                 .handshake_ms = PROBE_MS};
    struct err e = ERR_INIT;
    struct conn *c;

    if (conn_open(&c, &target, clock_wall_s(), &e) < 0) {
        if (e.status == ST_CERT)
            tell_text(w->tell, EVENT_WARNING,
                      "%s answers at port %u, but its certificate was not accepted: %s", host,
                      target.port, e.text);
        return;
    }
    if (greets_as_pop3(c))
        tell_text(
            w->tell, EVENT_WARNING,
            "%s answers at port %u as a POP3 server: if your provider says so, write host = %s",
            host, target.port, host);
    conn_close(c, true);
}

void probe_usual_names(struct worker *w)
{
    static const char *const prefixes[] = {"pop.", "pop3.", "mail."};
    struct sv domain = sv_of(w->account->user);

    (void)sv_token(&domain, '@');
    if (domain.n == 0)
        return;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        char *host = mem_printf("%s%.*s", prefixes[i], SV_ARG(domain));

        if (!ascii_same_c(sv_of(w->account->host), host))
            probe(w, host);
        free(host);
    }
}
