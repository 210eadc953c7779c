/* SPDX-License-Identifier: ISC */
/* Names of Maildir files. */
#include "popkeep/store/names.h"
#include "popkeep/base/ascii.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { SECOND_US = 1000000, HOST_MOST = NAMES_HOST - 1 };

static int random_octets(uint32_t *out, struct err *e)
{
    ssize_t n;
    do
        n = getrandom(out, sizeof *out, 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof *out)
        return err_sys(e, ST_IO, n < 0 ? errno : EIO, "cannot get random octets from the system");
    return 0;
}

int names_unique(char out[NAMES_UNIQUE], int64_t now_us, struct err *e)
{
    static atomic_uint_least64_t count;
    uint32_t chance;
    if (random_octets(&chance, e) != 0)
        return -1;
    if (now_us < 0) /* a clock before 1970 must not put a sign into the name */
        now_us = 0;
    uint64_t q = atomic_fetch_add(&count, 1) + 1;
    snprintf(out, NAMES_UNIQUE, "%" PRId64 ".M%06" PRId64 "P%ldQ%" PRIu64 "R%08" PRIx32,
             now_us / SECOND_US, now_us % SECOND_US, (long)getpid(), q, chance);
    return 0;
}

/* The text an octet of the host becomes. */
static struct sv host_octet(const char *c)
{
    if (*c == '/')
        return SV("\\057");
    if (*c == ':')
        return SV("\\072");
    if (ascii_is_alnum(*c) || *c == '.' || *c == '-' || *c == '_')
        return sv_make(c, 1);
    return SV("_");
}

void names_host(char out[NAMES_HOST], const char *hostname)
{
    size_t n = 0;
    for (const char *c = hostname; *c != '\0'; c++) {
        struct sv s = host_octet(c);
        if (n + s.n > HOST_MOST)
            break;
        memcpy(out + n, s.p, s.n);
        n += s.n;
    }
    out[n] = '\0';
    if (n == 0)
        memcpy(out, "localhost", sizeof "localhost");
}

void names_host_here(char out[NAMES_HOST])
{
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0)
        name[0] = '\0';
    name[sizeof name - 1] = '\0';
    names_host(out, name);
}

/* Take a run of at least one digit off *s. */
static bool take_digits(struct sv *s, bool hex)
{
    size_t n = 0;
    while (n < s->n && (ascii_is_digit(s->p[n]) || (hex && s->p[n] >= 'a' && s->p[n] <= 'f')))
        n++;
    *s = sv_from(*s, n);
    return n > 0;
}

static bool take_word(struct sv *s, struct sv word)
{
    if (!sv_starts(*s, word))
        return false;
    *s = sv_from(*s, word.n);
    return true;
}

bool names_is_unique(struct sv s)
{
    return take_digits(&s, false) && take_word(&s, SV(".M")) && take_digits(&s, false) &&
           take_word(&s, SV("P")) && take_digits(&s, false) && take_word(&s, SV("Q")) &&
           take_digits(&s, false) && take_word(&s, SV("R")) && take_digits(&s, true) && s.n == 0;
}

struct sv names_unique_of(struct sv base_name)
{
    struct sv rest = base_name;
    (void)sv_token(&rest, '.');
    struct sv second = sv_token(&rest, '.');
    if (rest.p == NULL)
        return SV_NULL;
    struct sv unique = sv_make(base_name.p, (size_t)(second.p + second.n - base_name.p));
    return unique.n < NAMES_UNIQUE && names_is_unique(unique) ? unique : SV_NULL;
}

struct sv names_base(struct sv file_name)
{
    for (size_t i = 0; i + 3 <= file_name.n; i++) {
        const char *c = file_name.p + i;
        if ((c[0] == ':' || c[0] == ';') && c[1] == '2' && c[2] == ',')
            return sv_make(file_name.p, i);
    }
    return file_name;
}
