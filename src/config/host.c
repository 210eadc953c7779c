/* SPDX-License-Identifier: ISC */
/* Configuration values that name a server: host names, addresses, pins of its key. */
#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/config/value.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOST_LIMIT = 253, /* RFC 1035 section 2.3.4, without the dot of the root */
    LABEL_LIMIT = 63, /* the same */
    PIN_BASE64 = 44,  /* of 32 octets, the last a "=" */
};

static bool looks_like_ipv4(struct sv v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!ascii_is_digit(v.p[i]) && v.p[i] != '.')
            return false;
    return v.n > 0;
}

static bool is_address(int family, struct sv v)
{
    char text[64];
    unsigned char octets[sizeof(struct in6_addr)];
    if (v.n == 0 || v.n >= sizeof text)
        return false;
    memcpy(text, v.p, v.n);
    text[v.n] = '\0';
    return inet_pton(family, text, octets) == 1;
}

static bool is_label(struct sv label)
{
    if (label.n == 0 || label.n > LABEL_LIMIT || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    for (size_t i = 0; i < label.n; i++)
        if (!ascii_is_alnum(label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
            return false;
    return true;
}

static bool is_host_name(struct sv v)
{
    if (v.n == 0 || v.n > HOST_LIMIT || v.p[v.n - 1] == '.')
        return false;
    while (v.n > 0)
        if (!is_label(sv_token(&v, '.')))
            return false;
    return true;
}

static bool has_high_octet(struct sv v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] >= 0x80)
            return true;
    return false;
}

static int refuse_host(struct sv v, const char *key, struct err *e)
{
    char shown[VALUE_SHOWN];
    value_shown(shown, v);
    struct sv rest = v;
    struct sv first = sv_token(&rest, ':');
    const char *why = N_("letters, digits, dots and hyphens make a host name");
    if (sv_starts(rest, SV("//")))
        why = N_("give the bare name of the server, without \"://\" and path");
    else if (sv_has(v, '@'))
        why = N_("give the name of the server, not an e-mail address");
    else if (sv_has(rest, ':'))
        why = N_("this is no IPv6 address either");
    else if (rest.p && is_host_name(first))
        why = N_("give the bare name; the number belongs in \"port\"");
    else if (has_high_octet(v))
        why = N_("write such a name in its \"xn--\" form");
    else if (looks_like_ipv4(v))
        why = N_("an IPv4 address has four numbers from 0 to 255");
    else if (v.n > 0 && v.p[v.n - 1] == '.')
        why = N_("leave out the dot at the end");
    return err_set(e, ST_CONFIG, "%s is no host name or address: %s; %s", key, shown, tr(why));
}

int value_host(struct sv v, const char *key, char **out, struct err *e)
{
    struct sv host = v;
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']' &&
        is_address(AF_INET6, sv_make(host.p + 1, host.n - 2)))
        host = sv_make(host.p + 1, host.n - 2);
    bool good = looks_like_ipv4(host) ? is_address(AF_INET, host)
                                      : is_host_name(host) || is_address(AF_INET6, host);
    if (!good)
        return refuse_host(v, key, e);
    char *lower = mem_strndup(host.p, host.n);
    for (size_t i = 0; i < host.n; i++)
        lower[i] = ascii_lower(lower[i]);
    *out = lower;
    return 0;
}

static bool decode_pin(struct sv base64, unsigned char pin[HASH_OCTETS])
{
    unsigned char octets[PIN_BASE64 / 4 * 3];
    if (base64.n != PIN_BASE64 || base64.p[PIN_BASE64 - 1] != '=')
        return false;
    for (size_t i = 0; i + 1 < base64.n; i++)
        if (!ascii_is_alnum(base64.p[i]) && base64.p[i] != '+' && base64.p[i] != '/')
            return false;
    if (EVP_DecodeBlock(octets, (const unsigned char *)base64.p, PIN_BASE64) < 0)
        return false;
    if (octets[HASH_OCTETS] != 0) /* two bits that belong to no octet */
        return false;
    memcpy(pin, octets, HASH_OCTETS);
    return true;
}

int value_pins(struct sv v, unsigned char (**out)[HASH_OCTETS], size_t *n, struct err *e)
{
    unsigned char(*pins)[HASH_OCTETS] = NULL;
    size_t count = 0;
    const struct sv prefix = SV("sha256//");
    size_t i = 0;

    while (i < v.n) {
        size_t start = i;
        while (i < v.n && !ascii_is_blank(v.p[i]))
            i++;
        struct sv word = sv_make(v.p + start, i - start);
        while (i < v.n && ascii_is_blank(v.p[i]))
            i++;
        pins = mem_realloc(pins, count + 1, sizeof *pins);
        if (!sv_starts(word, prefix) || !decode_pin(sv_from(word, prefix.n), pins[count])) {
            char shown[VALUE_SHOWN];
            free(pins);
            return err_set(e, ST_CONFIG,
                           "tls_pin must be sha256// and the 44 characters of a SHA-256 in BASE64, "
                           "not %s; \"popkeep check\" prints the pin of a server",
                           value_shown(shown, word));
        }
        count++;
    }
    *out = pins;
    *n = count;
    return 0;
}
