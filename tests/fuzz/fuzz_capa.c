/* SPDX-License-Identifier: ISC */
/*
 * The answer to CAPA (pop3/capa.h), a line a capability. Must hold: its order does not matter;
 * whatever a server says in it, the words that go into the journal are known ones, and what is
 * shown can be shown.
 */
#include "fuzz.h"

#include "popkeep/base/ascii.h"
#include "popkeep/pop3/capa.h"
#include "popkeep/pop3/sasl.h"

enum { LINES_MAX = 200 };

static void add(struct capa *c, struct sv line)
{
    char *copy = fuzz_copy(line);
    capa_line(c, sv_make(copy, line.n));
    free(copy);
}

/* One of the stable words of a run record, "EXPIRE=30" included. */
static bool is_known(struct sv word)
{
    static const char *const plain[] = {"TOP",        "USER",       "UIDL", "PIPELINING",    "UTF8",
                                        "RESP-CODES", "SASL-PLAIN", "SASL", "AUTH-RESP-CODE"};
    struct sv value = word;
    uint64_t n;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (sv_eq_c(word, plain[i]))
            return true;
    struct sv name = sv_token(&value, '=');
    return (sv_eq_c(name, "EXPIRE") || sv_eq_c(name, "LOGIN-DELAY")) &&
           ascii_u64(value, UINT32_MAX, &n) == 0;
}

static void check(const struct capa *c)
{
    struct buf text = BUF_INIT(FUZZ_BUF_MAX);
    capa_text(&text, c);
    for (struct sv rest = buf_sv(&text); rest.n > 0;)
        FUZZ_HOLDS(is_known(sv_token(&rest, ' ')));
    buf_free(&text);
    FUZZ_HOLDS(memchr(c->sasl, '\0', sizeof c->sasl) != NULL);
    FUZZ_HOLDS(memchr(c->implementation, '\0', sizeof c->implementation) != NULL);
    FUZZ_HOLDS(fuzz_printable(sv_of(c->sasl), ""));
    FUZZ_HOLDS(fuzz_printable(sv_of(c->implementation), ""));
    FUZZ_HOLDS((c->bits & CAPA_SASL) != 0 || (c->bits & CAPA_SASL_PLAIN) == 0);
    FUZZ_HOLDS((c->bits & CAPA_KNOWN) == 0); /* only the caller knows */
    FUZZ_HOLDS((c->bits & CAPA_EXPIRE) != 0 || c->expire_days == 0);
    FUZZ_HOLDS((c->bits & CAPA_LOGIN_DELAY) != 0 || c->login_delay_s == 0);
    const struct sasl_mech *mech = sasl_choose("auto", c->bits);
    FUZZ_HOLDS(mech != NULL && (mech->capa_bit & c->bits) == mech->capa_bit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    struct sv lines[LINES_MAX];
    size_t n = 0;
    struct capa forth, back;
    while (f.rest.n > 0 && n < LINES_MAX)
        lines[n++] = fuzz_line(&f);
    capa_init(&forth);
    capa_init(&back);
    for (size_t i = 0; i < n; i++)
        add(&forth, lines[i]);
    for (size_t i = n; i-- > 0;) {
        add(&back, lines[i]);
        add(&back, lines[i]);
    }
    check(&forth);
    check(&back);
    FUZZ_HOLDS(forth.bits == back.bits && forth.expire_days == back.expire_days &&
               forth.login_delay_s == back.login_delay_s);
    return 0;
}
