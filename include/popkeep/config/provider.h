/* SPDX-License-Identifier: ISC */
/*
 * Provider presets, and host names that cannot be a POP3 server. Two const tables and look-ups.
 * A preset sets host, port and hints; it never switches deletion on.
 */
#ifndef POPKEEP_CONFIG_PROVIDER_H
#define POPKEEP_CONFIG_PROVIDER_H

#include "popkeep/base/bytes.h"

struct provider {
    const char *name;    /* "meb-k12" */
    const char *title;   /* "Turkish Ministry of National Education, schools (meb.k12.tr)" */
    const char *host;
    unsigned port;
    bool user_is_address;      /* a user name without @ is refused, with the completed form */
    const char *user_domain;   /* for that form, null: unknown */
    unsigned min_password;     /* octets; shorter ones are warned of; 0: no rule known */
    const char *needs;         /* null, or what popkeep does not have yet ("OAuth2"): refused by name */
    const char *login_hint;    /* lines in plain words, shown by check and at a refused login */
    const char *note;          /* one line for `providers`; null allowed */
};

const struct provider *provider_table(void); /* ended by a null name */
const struct provider *provider_find(struct sv name);
const struct provider *provider_of_host(struct sv host); /* preset with this host, or null */

/* Advice on a host and port that cannot be right for POP3S: outgoing servers, web names, providers
 * without POP3, the ports of other protocols. Null: nothing known against them.
 * `out` takes the whole text; returned is its content. `fatal` says whether it is refused outright. */
const char *provider_advice(struct sv host, unsigned port, struct buf *out, bool *fatal);

#endif
