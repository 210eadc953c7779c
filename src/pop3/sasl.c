/* SPDX-License-Identifier: ISC */
/* Login mechanisms. */
#include "popkeep/pop3/sasl.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/pop3/capa.h"

#include <openssl/evp.h>

int sasl_check(struct sv user, struct sv password, struct err *e)
{
    static const char bad[] = {'\r', '\n', '\0'};
    if (user.n == 0)
        return err_set(e, ST_CONFIG, "the user name is empty");
    if (password.n == 0)
        return err_set(e, ST_CONFIG, "the password is empty");
    for (size_t i = 0; i < sizeof bad; i++) {
        if (sv_has(user, bad[i]))
            return err_set(e, ST_CONFIG, "the user name holds a line end or a NUL octet");
        if (sv_has(password, bad[i]))
            return err_set(e, ST_CONFIG, "the password holds a line end or a NUL octet");
    }
    return 0;
}

/* RFC 4616: authorisation identity (none: as the user), NUL, user, NUL, password. */
static int plain_initial(struct buf *out, struct sv user, struct sv password, struct err *e)
{
    if (sasl_check(user, password, e) != 0)
        return -1;
    size_t before = out->n;
    if (buf_add_secret(out, "", 1) == 0 && buf_add_secret(out, user.p, user.n) == 0 &&
        buf_add_secret(out, "", 1) == 0 && buf_add_secret(out, password.p, password.n) == 0)
        return 0;
    if (out->n > before) {
        mem_wipe(out->p + before, out->n - before);
        out->n = before;
    }
    return err_set(e, ST_SOFTWARE, "user name and password are too long together");
}

static const struct sasl_mech table[] = {
    {"plain", "PLAIN", CAPA_SASL_PLAIN, plain_initial},
    {"user", NULL, 0, NULL},
    {NULL, NULL, 0, NULL},
};

const struct sasl_mech *sasl_table(void)
{
    return table;
}

const struct sasl_mech *sasl_choose(const char *want, unsigned capa_bits)
{
    bool any = want == NULL || ascii_same_c(sv_of(want), "auto");
    for (const struct sasl_mech *m = table; m->name != NULL; m++) {
        if (any ? (capa_bits & m->capa_bit) == m->capa_bit : ascii_same_c(sv_of(want), m->name))
            return m;
    }
    return NULL;
}

int sasl_base64(struct buf *out, struct sv octets)
{
    enum { PIECE = 48, PIECE_TEXT = 64 };
    unsigned char text[PIECE_TEXT + 1];
    size_t need = (octets.n + 2) / 3 * 4;
    if (need > out->max || out->n > out->max - need)
        return -1;
    int r = 0;
    for (size_t i = 0; i < octets.n && r == 0; i += PIECE) {
        size_t n = octets.n - i < PIECE ? octets.n - i : PIECE;
        int k = EVP_EncodeBlock(text, (const unsigned char *)octets.p + i, (int)n);
        r = buf_add_secret(out, text, (size_t)k);
    }
    mem_wipe(text, sizeof text);
    return r;
}
