/* SPDX-License-Identifier: ISC */
/*
 * Provider presets, and host names that cannot be a POP3 server. Const tables and look-ups; nothing
 * here allocates but what goes into the caller's buf.
 *
 * A preset sets host, port and hints; it never switches deletion on. Only providers whose settings
 * were read in the provider's own or another dependable source have a row.
 * Texts for people are plain English, to be translated where they are printed; the names of menus
 * stand in the language of the menu.
 */
#ifndef POPKEEP_CONFIG_PROVIDER_H
#define POPKEEP_CONFIG_PROVIDER_H

#include "popkeep/base/bytes.h"

struct provider {
    const char *name;  /* "meb-k12" */
    const char *title; /* "Turkish Ministry of National Education, schools (meb.k12.tr)" */
    const char *host;  /* lower case */
    unsigned port;
    bool user_is_address;    /* a user name without @ is refused, with the completed form */
    const char *user_domain; /* for that form, null: unknown */
    unsigned min_password;   /* octets; shorter ones are warned of; 0: no rule known */
    const char *needs; /* null, or what popkeep does not have yet ("OAuth2"): refused by name */
    const char *login_hint; /* lines in plain words, no newline at the end; null allowed */
    const char *causes;     /* the same: why a login may be refused, never one as certain */
    const char *note;       /* one line for `providers`; null allowed */
};

/* Both, in the language of messages, no newline at the end: shown by check and at a refused login.
 */
void provider_hint(struct buf *out, const struct provider *p);

const struct provider *provider_table(void); /* ended by a null name */
const struct provider *provider_find(struct sv name);
const struct provider *provider_of_host(struct sv host); /* preset with this host, or null */
/* The preset of the addresses of a domain, or null; it may be one that cannot be used (needs). */
const struct provider *provider_of_domain(struct sv domain);
const char *provider_nearest(struct sv name); /* the preset meant by a misspelt name, or null */

/* Advice on a host and port that cannot be right for POP3S: outgoing servers, web names, providers
 * without POP3, the ports of other protocols. Null: nothing known against them.
 * `out` (initialised, at least 1 KiB allowed) is emptied and takes the whole text: one line without
 * a full stop, naming the right server where it is known; returned is its content. `fatal` says
 * whether it is refused outright, `of_port` whether it is the port that is wrong. */
const char *provider_advice(struct sv host, unsigned port, struct buf *out, bool *fatal,
                            bool *of_port);

#endif
