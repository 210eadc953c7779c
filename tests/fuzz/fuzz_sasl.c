/* SPDX-License-Identifier: ISC */
/*
 * Logins (pop3/sasl.h, pop3/command.h): user name and password of any octets. Must hold: what is
 * sent can be taken apart into exactly these two; nothing that could end a command line early gets
 * into one; nothing is added to a buffer that is too small; no trace shows the password.
 */
#include "fuzz.h"

#include "popkeep/pop3/engine.h"
#include "popkeep/pop3/sasl.h"

#include <openssl/evp.h>

static bool has_line_end(struct sv s)
{
    return sv_has(s, '\r') || sv_has(s, '\n') || sv_has(s, '\0');
}

/* Append what base64 stands for; by OpenSSL, which popkeep only encodes with. */
static void decode(struct buf *out, struct sv text)
{
    FUZZ_HOLDS(text.n % 4 == 0);
    if (text.n == 0)
        return;
    unsigned char *p = malloc(text.n);
    if (p == NULL)
        abort();
    int n = EVP_DecodeBlock(p, (const unsigned char *)text.p, (int)text.n);
    FUZZ_HOLDS(n == (int)(text.n / 4 * 3));
    n -= sv_ends(text, SV("==")) ? 2 : sv_ends(text, SV("=")) ? 1 : 0;
    FUZZ_HOLDS(buf_add(out, p, (size_t)n) == 0);
    free(p);
}

static void base64_comes_back(struct sv octets, size_t max)
{
    struct buf text = BUF_INIT(FUZZ_BUF_MAX), again = BUF_INIT(FUZZ_BUF_MAX), small = BUF_INIT(max);
    FUZZ_HOLDS(sasl_base64(&text, octets) == 0);
    FUZZ_HOLDS(text.n == (octets.n + 2) / 3 * 4);
    FUZZ_HOLDS(!has_line_end(buf_sv(&text)));
    decode(&again, buf_sv(&text));
    FUZZ_HOLDS(sv_eq(buf_sv(&again), octets));
    int r = sasl_base64(&small, octets);
    FUZZ_HOLDS((r == 0) == (text.n <= max));
    FUZZ_HOLDS(small.n == (r == 0 ? text.n : 0));
    buf_wipe(&text);
    buf_wipe(&again);
    buf_wipe(&small);
}

static void initial_is_whole(struct sv user, struct sv password, size_t max)
{
    const struct sasl_mech *plain = sasl_choose("plain", 0);
    struct buf out = BUF_INIT(FUZZ_BUF_MAX), small = BUF_INIT(max), want = BUF_INIT(FUZZ_BUF_MAX);
    struct err e = ERR_INIT;
    bool good = user.n > 0 && password.n > 0 && !has_line_end(user) && !has_line_end(password);
    FUZZ_HOLDS((sasl_check(user, password, &e) == 0) == good);
    FUZZ_HOLDS((plain->initial(&out, user, password, &e) == 0) == good);
    if (good) {
        buf_add_char(&want, '\0');
        buf_add_sv(&want, user);
        buf_add_char(&want, '\0');
        buf_add_sv(&want, password);
        FUZZ_HOLDS(sv_eq(buf_sv(&out), buf_sv(&want)));
        FUZZ_HOLDS((plain->initial(&small, user, password, &e) == 0) == (want.n <= max));
        FUZZ_HOLDS(small.n == (want.n <= max ? want.n : 0));
    } else {
        fuzz_error_is_good(&e);
        FUZZ_HOLDS(e.status == ST_CONFIG && out.n == 0);
    }
    buf_wipe(&out);
    buf_wipe(&small);
    buf_wipe(&want);
}

/* USER, PASS, AUTH with this argument: one line, or nothing at all. */
static void line_is_one(enum pop3_verb verb, struct sv arg)
{
    static const char *const words[] = {
        [POP3_USER] = "USER ", [POP3_PASS] = "PASS ", [POP3_AUTH] = "AUTH "};
    struct engine *en = engine_new();
    struct buf out = BUF_INIT(FUZZ_BUF_MAX), want = BUF_INIT(FUZZ_BUF_MAX),
               trace = BUF_INIT(FUZZ_BUF_MAX);
    struct err e = ERR_INIT;
    buf_add_c(&want, words[verb]);
    buf_add_sv(&want, arg);
    buf_add_c(&want, "\r\n");
    if (engine_send(en, verb, 0, arg, 1, &out, &e) == 0) {
        FUZZ_HOLDS(!has_line_end(arg) && want.n <= POP3_COMMAND_MAX);
        FUZZ_HOLDS(sv_eq(buf_sv(&out), buf_sv(&want)));
        FUZZ_HOLDS(engine_in_flight(en) == 1);
    } else {
        fuzz_error_is_good(&e);
        FUZZ_HOLDS(out.n == 0 && engine_in_flight(en) == 0);
        FUZZ_HOLDS(has_line_end(arg) || want.n > POP3_COMMAND_MAX);
    }
    engine_trace(&trace, verb, 0, arg);
    FUZZ_HOLDS(fuzz_printable(buf_sv(&trace), ""));
    if (verb == POP3_PASS)
        FUZZ_HOLDS(sv_eq(buf_sv(&trace), SV("PASS ***")));
    buf_wipe(&out);
    buf_wipe(&want);
    buf_free(&trace);
    engine_free(en);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    size_t max = (size_t)fuzz_number(&f, 2) % 1024;
    struct sv user = fuzz_octets(&f, fuzz_octet(&f));
    struct sv password = f.rest;
    base64_comes_back(password, max);
    initial_is_whole(user, password, max);
    line_is_one(POP3_USER, user);
    line_is_one(POP3_PASS, password);
    line_is_one(POP3_AUTH, password);
    return 0;
}
