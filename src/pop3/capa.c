/* SPDX-License-Identifier: ISC */
/* Capabilities, as a table. */
#include "popkeep/pop3/capa.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"

#include <string.h>

/* In the order of capa_text. */
static const struct {
    const char *word;
    unsigned bit;
} words[] = {
    {"TOP", CAPA_TOP},
    {"USER", CAPA_USER},
    {"UIDL", CAPA_UIDL},
    {"PIPELINING", CAPA_PIPELINING},
    {"UTF8", CAPA_UTF8},
    {"RESP-CODES", CAPA_RESP_CODES},
    {"AUTH-RESP-CODE", CAPA_AUTH_RESP_CODE},
};

void capa_init(struct capa *c)
{
    *c = (struct capa){.bits = 0};
}

static struct sv word_next(struct sv *rest)
{
    *rest = ascii_trim(*rest);
    size_t n = 0;
    while (n < rest->n && !ascii_is_blank(rest->p[n]))
        n++;
    struct sv word = sv_make(rest->p, n);
    *rest = ascii_trim(sv_from(*rest, n));
    return word;
}

/* Append to one of the fixed texts, cut at its end. */
static void keep(char *text, size_t cap, struct sv more)
{
    size_t n = strlen(text);
    if (n > 0 && n + 2 < cap) {
        text[n++] = ' ';
        text[n] = '\0';
    }
    if (n + 1 < cap)
        (void)text_escape_to(text + n, cap - n, more);
}

static void on_sasl(struct capa *c, struct sv rest)
{
    c->bits |= CAPA_SASL;
    if (rest.n > 0)
        keep(c->sasl, sizeof c->sasl, rest);
    while (rest.n > 0) {
        if (ascii_same_c(word_next(&rest), "PLAIN"))
            c->bits |= CAPA_SASL_PLAIN;
    }
}

static void on_expire(struct capa *c, struct sv value)
{
    uint64_t days;
    if (ascii_u64(value, UINT32_MAX, &days) != 0)
        return; /* NEVER, or nonsense */
    if ((c->bits & CAPA_EXPIRE) == 0 || days < c->expire_days)
        c->expire_days = days;
    c->bits |= CAPA_EXPIRE;
}

static void on_login_delay(struct capa *c, struct sv value)
{
    uint64_t seconds;
    if (ascii_u64(value, UINT32_MAX, &seconds) != 0)
        return;
    if (seconds > c->login_delay_s)
        c->login_delay_s = seconds;
    c->bits |= CAPA_LOGIN_DELAY;
}

void capa_line(struct capa *c, struct sv line)
{
    struct sv rest = line;
    struct sv word = word_next(&rest);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (ascii_same_c(word, words[i].word))
            c->bits |= words[i].bit;
    }
    if (ascii_same_c(word, "SASL"))
        on_sasl(c, rest);
    else if (ascii_same_c(word, "EXPIRE"))
        on_expire(c, word_next(&rest));
    else if (ascii_starts(word, "EXPIRE")) /* GNU Mailutils 3.15: EXPIRE30 */
        on_expire(c, sv_from(word, strlen("EXPIRE")));
    else if (ascii_same_c(word, "LOGIN-DELAY"))
        on_login_delay(c, word_next(&rest));
    else if (ascii_same_c(word, "IMPLEMENTATION"))
        keep(c->implementation, sizeof c->implementation, rest);
}

static void add_word(struct buf *out, size_t start, const char *word)
{
    if (out->n > start)
        (void)buf_add_char(out, ' ');
    (void)buf_add_c(out, word);
}

void capa_text(struct buf *out, const struct capa *c)
{
    size_t start = out->n;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((c->bits & words[i].bit) != 0)
            add_word(out, start, words[i].word);
    }
    if ((c->bits & CAPA_SASL_PLAIN) != 0)
        add_word(out, start, "SASL-PLAIN");
    else if ((c->bits & CAPA_SASL) != 0)
        add_word(out, start, "SASL");
    if ((c->bits & CAPA_EXPIRE) != 0) {
        add_word(out, start, "EXPIRE=");
        (void)buf_addf(out, "%llu", (unsigned long long)c->expire_days);
    }
    if ((c->bits & CAPA_LOGIN_DELAY) != 0) {
        add_word(out, start, "LOGIN-DELAY=");
        (void)buf_addf(out, "%llu", (unsigned long long)c->login_delay_s);
    }
}
