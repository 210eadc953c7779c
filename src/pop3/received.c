/* SPDX-License-Identifier: ISC */
/* The date of the top Received header: a small, strict and bounded date parser. */
#include "popkeep/pop3/received.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"

#include <string.h>

/* ---- finding the header ---- */

/* One field of the header, folded lines included, off *rest. Empty at the end of the header, and
 * when its last line is not whole: the date might be cut. */
static struct sv header_field(struct sv *rest)
{
    size_t n = 0;
    do {
        const char *lf = memchr(rest->p + n, '\n', rest->n - n);
        if (lf == NULL)
            return SV_NULL;
        n = (size_t)(lf - rest->p) + 1;
    } while (n < rest->n && ascii_is_blank(rest->p[n]));
    struct sv f = sv_make(rest->p, n);
    *rest = sv_from(*rest, n);
    return f;
}

static bool is_received(struct sv f, struct sv *value)
{
    struct sv rest = f;
    struct sv name = sv_token(&rest, ':');
    *value = rest;
    return rest.p != NULL && ascii_same_c(ascii_trim(name), "Received");
}

/* ---- cutting the date out ---- */

/* Copy `value` without comments, line ends as blanks, and keep what follows the last semicolon that
 * stands in neither a comment nor a quoted text. -1: unbalanced, no semicolon, or too long. */
enum { DATE_MAX = 80 };

struct cutter {
    char *out;
    size_t n; /* octets in out; DATE_MAX + 1: too many */
    unsigned depth;
    bool quoted, found;
};

static void cut_octet(struct cutter *k, char c)
{
    if (c == '\r' || c == '\n' || c == '\t')
        c = ' ';
    if (c == ' ' && (k->n == 0 || (k->n <= DATE_MAX && k->out[k->n - 1] == ' ')))
        return;
    if (k->n < DATE_MAX)
        k->out[k->n] = c;
    if (k->n <= DATE_MAX)
        k->n++;
}

static void cut_step(struct cutter *k, char c)
{
    if (k->quoted) {
        k->quoted = c != '"';
        cut_octet(k, c);
    } else if (c == '(') {
        k->depth++;
    } else if (c == ')' && k->depth > 0) {
        k->depth--;
        cut_octet(k, ' ');
    } else if (k->depth > 0) {
        return;
    } else if (c == ';') {
        k->found = true;
        k->n = 0;
    } else {
        k->quoted = c == '"';
        cut_octet(k, c);
    }
}

static int cut_date(struct sv value, char out[DATE_MAX], struct sv *date)
{
    struct cutter k = {.out = out};
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\\' && (k.quoted || k.depth > 0))
            i++;
        else
            cut_step(&k, value.p[i]);
    }
    if (k.quoted || k.depth > 0 || !k.found || k.n > DATE_MAX)
        return -1;
    *date = ascii_trim(sv_make(out, k.n));
    return 0;
}

/* ---- reading it ---- */

static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", NULL};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
                                     "Aug", "Sep", "Oct", "Nov", "Dec", NULL};

static int index_of(const char *const *list, struct sv word)
{
    for (int i = 0; list[i] != NULL; i++) {
        if (ascii_same_c(word, list[i]))
            return i;
    }
    return -1;
}

/* Between `least` and `most` digits, a value in low..high. */
static int digits(struct sv s, size_t least, size_t most, int low, int high, int *out)
{
    uint64_t v;
    if (s.n < least || s.n > most || ascii_u64(s, (uint64_t)high, &v) != 0 || (int)v < low)
        return -1;
    *out = (int)v;
    return 0;
}

static int read_year(struct sv s, int *year)
{
    int y;
    if (digits(s, 2, 4, 0, 2200, &y) != 0)
        return -1;
    if (s.n == 2) /* RFC 5322 section 4.3 */
        y += y < 50 ? 2000 : 1900;
    else if (s.n == 3)
        y += 1900;
    *year = y;
    return y >= 1970 && y <= 2200 ? 0 : -1;
}

static int read_clock(struct sv s, int hms[3])
{
    struct sv rest = s;
    struct sv h = sv_token(&rest, ':');
    struct sv m = sv_token(&rest, ':');
    hms[2] = 0;
    if (digits(h, 1, 2, 0, 23, &hms[0]) != 0 || digits(m, 2, 2, 0, 59, &hms[1]) != 0)
        return -1;
    /* 60: a leap second, counted as the next minute's first */
    return rest.p == NULL ? 0 : digits(rest, 2, 2, 0, 60, &hms[2]);
}

static int read_zone(struct sv s, int *seconds)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = {{"EDT", -4}, {"EST", -5}, {"CDT", -5}, {"CST", -6},
                 {"MDT", -6}, {"MST", -7}, {"PDT", -7}, {"PST", -8}};
    int h, m;
    *seconds = 0;
    if (s.n == 5 && (s.p[0] == '+' || s.p[0] == '-')) {
        if (digits(sv_make(s.p + 1, 2), 2, 2, 0, 23, &h) != 0 ||
            digits(sv_from(s, 3), 2, 2, 0, 59, &m) != 0)
            return -1;
        *seconds = (h * 3600 + m * 60) * (s.p[0] == '-' ? -1 : 1);
        return 0;
    }
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        if (ascii_same_c(s, zones[i].name))
            *seconds = zones[i].hours * 3600;
    }
    /* RFC 5322 section 4.3: GMT, UT, the military letters and all names unknown count as -0000 */
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_alpha(s.p[i]))
            return -1;
    }
    return s.n >= 1 && s.n <= 5 ? 0 : -1;
}

static int days_in(int year, int month)
{
    static const int n[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return n[month] + (month == 1 && leap);
}

/* "Sun, 22 Nov 2026 11:43:51 +0300"; the name of the day is optional and not compared. */
static int read_date(struct sv date, int64_t *unix_s)
{
    struct sv rest = date;
    struct sv word = sv_token(&rest, ' ');
    if (word.n == 4 && word.p[3] == ',') {
        if (index_of(days, sv_make(word.p, 3)) < 0)
            return -1;
        word = sv_token(&rest, ' ');
    }
    int day, year, hms[3], zone;
    struct sv day_word = word;
    int month = index_of(months, sv_token(&rest, ' '));
    if (month < 0 || read_year(sv_token(&rest, ' '), &year) != 0 ||
        digits(day_word, 1, 2, 1, days_in(year, month), &day) != 0 ||
        read_clock(sv_token(&rest, ' '), hms) != 0 || read_zone(rest, &zone) != 0)
        return -1;
    int64_t t = text_civil(year, month + 1, day, hms[0], hms[1], hms[2]) - zone;
    if (t < 0)
        return -1;
    *unix_s = t;
    return 0;
}

int received_time(struct sv head, int64_t *unix_s)
{
    struct sv rest = sv_make(head.p, head.n < RECEIVED_LOOK ? head.n : RECEIVED_LOOK);
    char text[DATE_MAX];
    struct sv value, date;
    while (rest.n > 0 && rest.p[0] != '\n' && rest.p[0] != '\r') {
        struct sv f = header_field(&rest);
        if (f.n == 0)
            return -1;
        if (is_received(f, &value))
            return cut_date(value, text, &date) == 0 ? read_date(date, unix_s) : -1;
    }
    return -1;
}
