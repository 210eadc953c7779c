/* SPDX-License-Identifier: ISC */
/* Octets of strangers made safe, numbers and times made readable. */
#include "popkeep/base/text.h"
#include "popkeep/base/ascii.h"
#include "popkeep/base/translate.h"

#include <stdio.h>
#include <string.h>

enum { UNIT_MAX = 16, DAY_S = 86400 };

static const char upper_digits[] = "0123456789ABCDEF";
static const char lower_digits[] = "0123456789abcdef";

/* RFC 3629: the length of the character at p and its code point; 0 if the octets are none
 * (over-long forms, surrogates and what lies past U+10FFFF included). */
static size_t utf8_at(const char *p, size_t n, uint32_t *point)
{
    unsigned char first = (unsigned char)p[0];
    size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (length == 0 || length > n || first > 0xf4)
        return 0;
    uint32_t value = length == 1 ? first : first & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char c = (unsigned char)p[i];
        if ((c & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (c & 0x3fU);
    }
    if ((length == 3 && (value < 0x800 || (value >= 0xd800 && value <= 0xdfff))) ||
        (length == 4 && (value < 0x10000 || value > 0x10ffff)))
        return 0;
    *point = value;
    return length;
}

/* Controls, line separators and what turns the direction of writing (Unicode UAX 9): each of them
 * can make a terminal or a log show something else than what is there. */
static bool is_unsafe(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x061c ||
           (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069);
}

/* One source character as it is shown: returns how many source octets it took, *length octets of
 * `unit` hold it. */
static size_t escape_unit(char unit[UNIT_MAX], size_t *length, struct sv s)
{
    uint32_t point = 0;
    size_t took = utf8_at(s.p, s.n, &point);
    if (took > 0 && !is_unsafe(point) && point != '\\') {
        memcpy(unit, s.p, took);
        *length = took;
        return took;
    }
    if (took == 0)
        took = 1;
    char *to = unit;
    for (size_t i = 0; i < took; i++) {
        unsigned char c = (unsigned char)s.p[i];
        *to++ = '\\';
        *to++ = 'x';
        *to++ = lower_digits[c >> 4];
        *to++ = lower_digits[c & 15];
    }
    *length = (size_t)(to - unit);
    return took;
}

void text_escape(struct buf *out, struct sv s, size_t max)
{
    size_t at = 0;
    while (at < s.n) {
        char unit[UNIT_MAX];
        size_t length;
        size_t took = escape_unit(unit, &length, sv_from(s, at));
        if (took > max - at) {
            buf_add_c(out, "...");
            return;
        }
        if (buf_add(out, unit, length) != 0)
            return;
        at += took;
    }
}

/* A stranger's backslash in there is "\x5c" already: escaping once more would only make it
 * unreadable, and what an unescaped one can spell is harmless. */
void text_guard(struct buf *out, struct sv s)
{
    while (s.n > 0) {
        char unit[UNIT_MAX];
        size_t length = 1, took = 1;
        unit[0] = s.p[0];
        if (s.p[0] != '\\' && s.p[0] != '\n')
            took = escape_unit(unit, &length, s);
        if (buf_add(out, unit, length) != 0)
            return;
        s = sv_from(s, took);
    }
}

char *text_escape_to(char *out, size_t cap, struct sv s)
{
    size_t n = 0, with_dots = 0;
    if (cap == 0)
        return out;
    for (size_t at = 0; at < s.n;) {
        char unit[UNIT_MAX];
        size_t length;
        at += escape_unit(unit, &length, sv_from(s, at));
        if (length > cap - 1 - n) {
            for (n = with_dots; n < cap - 1 && n < with_dots + 3; n++)
                out[n] = '.';
            break;
        }
        memcpy(out + n, unit, length);
        n += length;
        if (n + 3 <= cap - 1)
            with_dots = n;
    }
    out[n] = '\0';
    return out;
}

static bool is_plain(char c)
{
    return c >= 0x21 && c <= 0x7e && c != '%';
}

void text_token(struct buf *out, struct sv s)
{
    size_t odd = 0;
    if (s.n == 0) {
        buf_add_char(out, '%');
        return;
    }
    for (size_t i = 0; i < s.n; i++)
        odd += !is_plain(s.p[i]);
    if (odd == 0) {
        buf_add_sv(out, s);
        return;
    }
    if (s.n > SIZE_MAX / 3)
        return;
    char *to = buf_reserve(out, s.n + 2 * odd);
    if (to == NULL)
        return;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_plain(s.p[i])) {
            *to++ = s.p[i];
        } else {
            *to++ = '%';
            *to++ = upper_digits[c >> 4];
            *to++ = upper_digits[c & 15];
        }
    }
    buf_grew(out, s.n + 2 * odd);
}

/* The value of a hexadecimal digit and one; 0 is none. A table, as the branches of a comparison
 * cannot be predicted in a digest, and a journal of a million lines has two on each. */
static const unsigned char hex_digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

static bool hex_octet(const char *p, unsigned char *octet)
{
    unsigned high = hex_digits[(unsigned char)p[0]], low = hex_digits[(unsigned char)p[1]];
    *octet = (unsigned char)((high - 1) << 4 | (low - 1));
    return high != 0 && low != 0;
}

/* One octet of a token: returns how many token octets it took, 0 if they are malformed. */
static size_t token_octet(struct sv token, char *octet)
{
    if (is_plain(token.p[0])) {
        *octet = token.p[0];
        return 1;
    }
    if (token.p[0] != '%' || token.n < 3)
        return 0;
    unsigned char value;
    bool good = hex_octet(token.p + 1, &value);
    *octet = (char)value;
    return good ? 3 : 0;
}

bool text_is_plain(struct sv s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_plain(s.p[i]))
            return false;
    return true;
}

int text_untoken(struct buf *out, struct sv token)
{
    if (token.n == 0)
        return -1;
    if (token.n == 1 && token.p[0] == '%')
        return 0;
    size_t before = out->n;
    if (text_is_plain(token))
        return buf_add_sv(out, token);
    while (token.n > 0) {
        char octet;
        size_t took = token_octet(token, &octet);
        if (took == 0 || buf_add_char(out, octet) != 0)
            goto bad;
        token = sv_from(token, took);
    }
    return 0;
bad:
    buf_cut(out, before);
    return -1;
}

bool text_is_utf8(struct sv s)
{
    uint64_t word;
    size_t at = 0;
    while (at < s.n) {
        uint32_t point;
        if (s.n - at >= sizeof word) {
            memcpy(&word, s.p + at, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof word;
                continue;
            }
        }
        size_t took = utf8_at(s.p + at, s.n - at, &point);
        if (took == 0)
            return false;
        at += took;
    }
    return true;
}

/* What a terminal could choke on is escaped as well: JSON lines are looked at, too. All of it lies
 * in the first plane, so one \uXXXX is enough. */
static size_t json_unit(char unit[UNIT_MAX], size_t *length, struct sv s)
{
    static const char short_forms[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    uint32_t point = 0;
    size_t took = utf8_at(s.p, s.n, &point);
    if (took == 0) {
        memcpy(unit, "\xef\xbf\xbd", 3); /* U+FFFD */
        *length = 3;
        return 1;
    }
    for (size_t i = 0; i + 1 < sizeof short_forms; i += 2) {
        if (point == (unsigned char)short_forms[i]) {
            unit[0] = '\\';
            unit[1] = short_forms[i + 1];
            *length = 2;
            return took;
        }
    }
    if (is_unsafe(point)) {
        snprintf(unit, UNIT_MAX, "\\u%04x", (unsigned)point);
        *length = 6;
        return took;
    }
    memcpy(unit, s.p, took);
    *length = took;
    return took;
}

void text_json(struct buf *out, struct sv s)
{
    for (size_t at = 0; at < s.n;) {
        char unit[UNIT_MAX];
        size_t length;
        at += json_unit(unit, &length, sv_from(s, at));
        if (buf_add(out, unit, length) != 0)
            return;
    }
}

size_t text_columns(struct sv s)
{
    size_t columns = 0;
    while (s.n > 0) {
        uint32_t point;
        size_t took = utf8_at(s.p, s.n, &point);
        s = sv_from(s, took > 0 ? took : 1);
        columns++;
    }
    return columns;
}

size_t text_fit(struct sv s, size_t columns)
{
    size_t at = 0;
    for (; at < s.n && columns > 0; columns--) {
        uint32_t point;
        size_t took = utf8_at(s.p + at, s.n - at, &point);
        at += took > 0 ? took : 1;
    }
    return at;
}

void text_pad(struct buf *out, struct sv s, size_t columns)
{
    buf_add_sv(out, s);
    for (size_t n = text_columns(s); n < columns; n++)
        buf_add_char(out, ' ');
}

void text_hex(char *out, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        *out++ = lower_digits[p[i] >> 4];
        *out++ = lower_digits[p[i] & 15];
    }
    *out = '\0';
}

int text_unhex(unsigned char *out, size_t n, struct sv hex)
{
    if (n > SIZE_MAX / 2 || hex.n != 2 * n)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (!hex_octet(hex.p + 2 * i, &out[i]))
            return -1;
    return 0;
}

char *text_octets(char out[16], uint64_t octets)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    enum { LAST = sizeof units / sizeof *units - 1 };
    if (octets < 1000) {
        snprintf(out, 16, "%u B", (unsigned)octets);
        return out;
    }
    uint64_t unit = 1000;
    size_t i = 0;
    uint64_t tenths;
    for (;;) {
        tenths = octets / unit * 10 + (octets % unit + unit / 20) / (unit / 10);
        if (tenths < 10000 || i == LAST)
            break;
        unit *= 1000;
        i++;
    }
    snprintf(out, 16, "%u.%u %s", (unsigned)(tenths / 10), (unsigned)(tenths % 10), units[i]);
    return out;
}

char *text_size(char out[16], uint64_t octets)
{
    /* TRANS: what stands before the tenths of a number; one octet */
    char point = tr_in("decimal", ".")[0];

    for (char *p = text_octets(out, octets); *p != '\0'; p++)
        if (*p == '.')
            *p = point;
    return out;
}

/* One row a unit: alone, and with the next smaller one behind it. */
static const struct {
    uint64_t s;
    const char *alone, *with;
} span_units[] = {
    /* TRANS: days (and hours), hours (and minutes), ... in short; at most 23 octets with numbers */
    {DAY_S, N_("%llu d"), N_("%llu d %llu h")},
    {3600, N_("%llu h"), N_("%llu h %llu min")},
    {60, N_("%llu min"), N_("%llu min %llu s")},
    {1, N_("%llu s"), NULL},
};

char *text_span(char out[24], int64_t seconds)
{
    uint64_t left = seconds < 0 ? -(uint64_t)seconds : (uint64_t)seconds;
    size_t i = 0;
    while (i < 3 && left < span_units[i].s)
        i++;
    unsigned long long big = left / span_units[i].s;
    unsigned long long small = i < 3 ? left % span_units[i].s / span_units[i + 1].s : 0;
    char wide[96]; /* the compiler cannot see that the parts are small */
    const char *sign = seconds < 0 ? "-" : "";
    size_t n = strlen(sign);
    memcpy(wide, sign, n);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the table above has them all */
    if (small > 0)
        snprintf(wide + n, sizeof wide - n, tr(span_units[i].with), big, small);
    if (small == 0 || strlen(wide) > 23) /* who asks for ages of the universe needs no hours */
        snprintf(wide + n, sizeof wide - n, tr(span_units[i].alone), big);
#pragma GCC diagnostic pop
    n = strnlen(wide, 23);
    memcpy(out, wide, n);
    out[n] = '\0';
    return out;
}

/* Days since 1970-01-01 of a civil date and back, by eras of 400 years that begin on 1 March, so
 * that the leap day is the last of its year. */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t date_of(int64_t days, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int shifted = (int)((5 * of_year + 2) / 153);
    *day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    return years + era * 400 + (*month <= 2);
}

int64_t text_civil(int year, int month, int day, int hour, int minute, int second)
{
    return days_of(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
}

static char *put_number(char *to, int value, int width, char behind)
{
    for (int i = width - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    to[width] = behind;
    return to + width + 1;
}

char *text_time(char out[24], int64_t unix_s)
{
    int64_t days = unix_s / DAY_S - (unix_s % DAY_S < 0);
    int rest = (int)(unix_s % DAY_S);
    if (rest < 0)
        rest += DAY_S;
    int month, day;
    int64_t year = date_of(days, &month, &day);
    if (year < 0 || year > 9999) {
        snprintf(out, 24, "@%lld", (long long)unix_s);
        return out;
    }
    char *to = put_number(out, (int)year, 4, '-');
    to = put_number(to, month, 2, '-');
    to = put_number(to, day, 2, 'T');
    to = put_number(to, rest / 3600, 2, ':');
    to = put_number(to, rest / 60 % 60, 2, ':');
    to = put_number(to, rest % 60, 2, 'Z');
    *to = '\0';
    return out;
}

static int parse_seconds(struct sv s, int64_t *unix_s)
{
    uint64_t value;
    bool negative = sv_starts(s, SV("-"));
    if (ascii_u64(sv_from(s, negative), INT64_MAX, &value) != 0)
        return -1;
    *unix_s = negative ? -(int64_t)value : (int64_t)value;
    return 0;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* `form` has a letter for each digit of a field (YMDhms) and stands for itself elsewhere. */
static bool read_form(struct sv s, const char *form, int fields[6])
{
    static const char letters[] = "YMDhms";
    if (s.n != strlen(form))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        const char *letter = memchr(letters, form[i], sizeof letters - 1);
        if (letter == NULL ? s.p[i] != form[i] : !ascii_is_digit(s.p[i]))
            return false;
        if (letter != NULL)
            fields[letter - letters] = fields[letter - letters] * 10 + (s.p[i] - '0');
    }
    return true;
}

int text_parse_time(struct sv s, int64_t *unix_s)
{
    static const char *const forms[] = {"YYYY-MM-DD", "YYYY-MM-DD hh:mm", "YYYY-MM-DDThh:mm:ssZ"};
    if (sv_starts(s, SV("@")))
        return parse_seconds(sv_from(s, 1), unix_s);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        int f[6] = {0};
        if (!read_form(s, forms[i], f))
            continue;
        if (f[1] < 1 || f[1] > 12 || f[2] < 1 || f[2] > days_in(f[0], f[1]) || f[3] > 23 ||
            f[4] > 59 || f[5] > 59)
            return -1;
        *unix_s = text_civil(f[0], f[1], f[2], f[3], f[4], f[5]);
        return 0;
    }
    return -1;
}
