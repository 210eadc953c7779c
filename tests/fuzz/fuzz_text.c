/* SPDX-License-Identifier: ISC */
/*
 * Texts (base/text.h): octets of strangers on their way to terminal, journal and JSON, and times.
 * Must hold: what text_escape and text_json put out is UTF-8 without controls, however short it is
 * cut; a token has neither blank nor control and gives back its octets; a time gives itself back.
 */
#include "fuzz.h"

static void escape(struct sv s, size_t max)
{
    struct buf whole = BUF_INIT(FUZZ_BUF_MAX), cut = BUF_INIT(FUZZ_BUF_MAX);
    text_escape(&whole, s, s.n);
    FUZZ_HOLDS(text_is_utf8(buf_sv(&whole)) && fuzz_printable(buf_sv(&whole), ""));
    FUZZ_HOLDS(whole.n >= s.n || s.n == 0);
    text_escape(&cut, s, max);
    FUZZ_HOLDS(text_is_utf8(buf_sv(&cut)) && fuzz_printable(buf_sv(&cut), ""));
    FUZZ_HOLDS(cut.n <= 4 * max + 3);
    if (max < s.n)
        FUZZ_HOLDS(sv_ends(buf_sv(&cut), SV("...")));
    else
        FUZZ_HOLDS(sv_eq(buf_sv(&cut), buf_sv(&whole)));
    size_t cap = max + 1;
    char *fixed = malloc(cap);
    if (fixed == NULL)
        abort();
    FUZZ_HOLDS(text_escape_to(fixed, cap, s) == fixed && strlen(fixed) < cap);
    FUZZ_HOLDS(text_is_utf8(sv_of(fixed)) && fuzz_printable(sv_of(fixed), ""));
    FUZZ_HOLDS(whole.n >= cap || sv_eq_c(buf_sv(&whole), fixed));
    free(fixed);
    buf_free(&whole);
    buf_free(&cut);
}

/* Undo a JSON string; false if it is none. U+FFFD may stand for what was no UTF-8. */
static bool json_undone(struct sv json, struct buf *out)
{
    static const char forms[] = "b\bf\fn\nr\rt\t\"\"\\\\";
    for (size_t i = 0; i < json.n; i++) {
        unsigned char c = (unsigned char)json.p[i];
        if (c < 0x20 || c == '"' || c == 0x7f)
            return false;
        if (c != '\\') {
            buf_add_char(out, json.p[i]);
            continue;
        }
        if (++i == json.n)
            return false;
        const char *form = strchr(forms, json.p[i]);
        unsigned char octets[2];
        if (json.p[i] == 'u' && i + 4 < json.n &&
            text_unhex(octets, 2, sv_make(json.p + i + 1, 4)) == 0) {
            unsigned point = (unsigned)octets[0] << 8 | octets[1];
            i += 4;
            if (point < 0x80) {
                buf_add_char(out, (char)point);
            } else if (point < 0x800) {
                buf_add_char(out, (char)(0xc0 | point >> 6));
                buf_add_char(out, (char)(0x80 | (point & 63)));
            } else {
                buf_add_char(out, (char)(0xe0 | point >> 12));
                buf_add_char(out, (char)(0x80 | (point >> 6 & 63)));
                buf_add_char(out, (char)(0x80 | (point & 63)));
            }
        } else if (form != NULL && (form - forms) % 2 == 0) {
            buf_add_char(out, form[1]);
        } else {
            return false;
        }
    }
    return true;
}

static void json(struct sv s)
{
    struct buf out = BUF_INIT(FUZZ_BUF_MAX), again = BUF_INIT(FUZZ_BUF_MAX);
    text_json(&out, s);
    FUZZ_HOLDS(text_is_utf8(buf_sv(&out)) && fuzz_printable(buf_sv(&out), ""));
    FUZZ_HOLDS(json_undone(buf_sv(&out), &again));
    FUZZ_HOLDS(!text_is_utf8(s) || sv_eq(buf_sv(&again), s));
    buf_free(&out);
    buf_free(&again);
}

static void token(struct sv s)
{
    struct buf out = BUF_INIT(FUZZ_BUF_MAX), again = BUF_INIT(FUZZ_BUF_MAX);
    text_token(&out, s);
    FUZZ_HOLDS(out.n > 0);
    for (size_t i = 0; i < out.n; i++)
        FUZZ_HOLDS(out.p[i] > 0x20 && out.p[i] < 0x7f);
    FUZZ_HOLDS(text_untoken(&again, buf_sv(&out)) == 0 && sv_eq(buf_sv(&again), s));
    buf_clear(&out);
    buf_clear(&again);
    if (text_untoken(&out, s) == 0) { /* any octets as a token */
        text_token(&again, buf_sv(&out));
        struct buf third = BUF_INIT(FUZZ_BUF_MAX);
        FUZZ_HOLDS(text_untoken(&third, buf_sv(&again)) == 0);
        FUZZ_HOLDS(sv_eq(buf_sv(&third), buf_sv(&out)));
        buf_free(&third);
    } else {
        FUZZ_HOLDS(out.n == 0);
    }
    buf_free(&out);
    buf_free(&again);
}

static void times(struct sv s, int64_t t)
{
    char text[24], span[24], octets[16];
    int64_t again, parsed;
    text_time(text, t);
    FUZZ_HOLDS(strlen(text) < sizeof text);
    if (t != INT64_MIN) /* "@-9223372036854775808" is past what is read */
        FUZZ_HOLDS(text_parse_time(sv_of(text), &again) == 0 && again == t);
    FUZZ_HOLDS(strlen(text_span(span, t)) < sizeof span);
    FUZZ_HOLDS(strlen(text_octets(octets, (uint64_t)t)) < sizeof octets);
    if (text_parse_time(s, &parsed) == 0) {
        text_time(text, parsed);
        FUZZ_HOLDS(text_parse_time(sv_of(text), &again) == 0 && again == parsed);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    int64_t t = (int64_t)fuzz_number(&f, 8);
    size_t max = fuzz_octet(&f);
    char *copy = fuzz_copy(f.rest);
    struct sv s = sv_make(copy, f.rest.n);
    escape(s, max);
    json(s);
    token(s);
    times(s, t >> (max % 32));
    free(copy);
    return 0;
}
