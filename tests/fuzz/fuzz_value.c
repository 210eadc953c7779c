/* SPDX-License-Identifier: ISC */
/*
 * Values of the configuration (config/value.h) and shell patterns of account names. The first octet
 * chooses the kind. Must hold: what is accepted is accepted again and gives the same, so that equal
 * things are equal texts; a refusal can be shown; a pattern without wildcards matches itself alone.
 */
#include "fuzz.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/config/config.h"
#include "popkeep/config/provider.h"
#include "popkeep/config/expand.h"
#include "popkeep/config/value.h"

#include <openssl/evp.h>

static void refused(const struct err *e)
{
    fuzz_error_is_good(e);
    FUZZ_HOLDS(e->status == ST_CONFIG);
}

static void host(struct sv v)
{
    char *first = NULL, *second = NULL;
    struct err e = ERR_INIT;
    if (value_host(v, "host", &first, &e) != 0) {
        refused(&e);
        return;
    }
    FUZZ_HOLDS(value_host(sv_of(first), "host", &second, &e) == 0);
    FUZZ_HOLDS(strcmp(first, second) == 0 && strlen(first) <= 253);
    struct buf advice = BUF_INIT(4096);
    bool fatal, of_port;
    const char *text = provider_advice(sv_of(first), 995, &advice, &fatal, &of_port);
    FUZZ_HOLDS(text == NULL || fuzz_printable(sv_of(text), ""));
    buf_free(&advice);
    free(first);
    free(second);
}

static size_t times(struct sv s, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

/* The input is a value with %a, %u, %d, NUL, a user: no user leads a path to more folders than the
 * value has, or adds to what a shell does. */
static void expanded(struct sv v)
{
    static const char shell[] = "'\"`$;|&<>(){}[]*?!#~=\\ \t\n/";
    struct sv user = v, value = sv_token(&user, '\0');
    const struct expand_names names = {SV("okul"), user};
    struct err e = ERR_INIT;
    char *out;
    if (user.p == NULL)
        return;
    if (value_path(value, "maildir", "/home", &names, &out, &e) == 0) {
        FUZZ_HOLDS(out[0] == '/' && times(sv_of(out), '/') <= times(value, '/') + 1);
        FUZZ_HOLDS(strstr(out, "/../") == NULL && !sv_ends(sv_of(out), SV("/..")));
        free(out);
    } else {
        refused(&e);
    }
    err_clear(&e);
    if (expand(value, "password_command", EXPAND_COMMAND, &names, &out, &e) == 0) {
        for (size_t i = 0; i + 1 < sizeof shell; i++)
            FUZZ_HOLDS(times(sv_of(out), shell[i]) == times(value, shell[i]));
        free(out);
    } else {
        refused(&e);
    }
}

static void path(struct sv v)
{
    char *first = NULL, *second = NULL;
    struct err e = ERR_INIT;
    struct buf doubled = BUF_INIT(FUZZ_BUF_MAX);
    expanded(v);
    if (value_path(v, "maildir", "/home//x/", NULL, &first, &e) != 0) {
        refused(&e);
        return;
    }
    for (const char *c = first; *c != '\0'; c++) {
        if (*c == '%')
            buf_add_char(&doubled, '%');
        buf_add_char(&doubled, *c);
    }
    FUZZ_HOLDS(value_path(buf_sv(&doubled), "maildir", NULL, NULL, &second, &e) == 0);
    FUZZ_HOLDS(strcmp(first, second) == 0);
    buf_free(&doubled);
    free(first);
    free(second);
}

static void pins(struct sv v)
{
    unsigned char(*pin)[HASH_OCTETS] = NULL;
    size_t n = 0;
    struct err e = ERR_INIT;
    if (value_pins(v, &pin, &n, &e) != 0) {
        refused(&e);
        return;
    }
    struct buf written = BUF_INIT(FUZZ_BUF_MAX), given = BUF_INIT(FUZZ_BUF_MAX);
    for (size_t i = 0; i < n; i++) {
        char text[48];
        EVP_EncodeBlock((unsigned char *)text, pin[i], HASH_OCTETS);
        buf_addf(&written, "sha256//%s", text);
    }
    for (size_t i = 0; i < v.n; i++)
        if (!ascii_is_blank(v.p[i]))
            buf_add_char(&given, v.p[i]);
    FUZZ_HOLDS(sv_eq(buf_sv(&written), buf_sv(&given)));
    buf_free(&written);
    buf_free(&given);
    free(pin);
}

static void number(struct sv v)
{
    uint64_t n = 0, again = 0;
    struct err e = ERR_INIT;
    char text[32];
    if (value_number(v, "port", "never", 1, 65535, &n, &e) != 0) {
        refused(&e);
        return;
    }
    FUZZ_HOLDS(n >= 1 && n <= 65535);
    snprintf(text, sizeof text, "%u", (unsigned)n);
    FUZZ_HOLDS(value_number(sv_of(text), "port", NULL, n, n, &again, &e) == 0 && again == n);
}

static void name(struct sv v)
{
    struct err e = ERR_INIT;
    if (value_section_name(v, "account", &e) != 0) {
        refused(&e);
        return;
    }
    char *text = mem_strndup(v.p, v.n);
    FUZZ_HOLDS(v.n > 0 && v.n <= CONFIG_NAME_MAX && !sv_has(v, '/') && !sv_has(v, '\0'));
    FUZZ_HOLDS(ascii_glob(text, v) && ascii_glob("*", v));
    free(text);
}

/* The input is a pattern, NUL, a text. */
static void glob(struct sv v)
{
    struct sv text = v;
    struct sv head = sv_token(&text, '\0');
    char *pattern = mem_strndup(head.p != NULL ? head.p : "", head.n);
    bool matches = ascii_glob(pattern, text);
    if (strpbrk(pattern, "*?[") == NULL)
        FUZZ_HOLDS(matches == sv_eq(head, text));
    if (matches && strchr(pattern, '[') == NULL) {
        char *more = mem_printf("%s*", pattern);
        FUZZ_HOLDS(ascii_glob(more, text));
        free(more);
        more = mem_printf("*%s", pattern);
        FUZZ_HOLDS(ascii_glob(more, text));
        free(more);
    }
    free(pattern);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(struct sv) = {host, path, pins, number, name, glob};
    struct fuzz f = fuzz_begin(data, size);
    unsigned kind = fuzz_octet(&f) % (sizeof kinds / sizeof *kinds);
    char *copy = fuzz_copy(f.rest);
    kinds[kind](sv_make(copy, f.rest.n));
    free(copy);
    return 0;
}
