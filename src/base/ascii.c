/* SPDX-License-Identifier: ISC */
/* ASCII only, whatever the locale. */
#include "popkeep/base/ascii.h"

#include <string.h>

enum { WORD_MAX = 64 };

bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool ascii_is_alnum(char c)
{
    return ascii_is_digit(c) || ascii_is_alpha(c);
}

bool ascii_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool ascii_is_print(char c)
{
    return c >= 0x20 && c <= 0x7e;
}

char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool ascii_same(struct sv a, struct sv b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
            return false;
    return true;
}

bool ascii_same_c(struct sv a, const char *b)
{
    return ascii_same(a, sv_of(b));
}

bool ascii_starts(struct sv a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.n >= n && ascii_same((struct sv){a.p, n}, (struct sv){prefix, n});
}

static bool is_edge(char c)
{
    return ascii_is_blank(c) || c == '\r' || c == '\n';
}

struct sv ascii_trim(struct sv a)
{
    while (a.n > 0 && is_edge(a.p[a.n - 1]))
        a.n--;
    while (a.n > 0 && is_edge(a.p[0]))
        a = sv_from(a, 1);
    return a;
}

int ascii_u64(struct sv s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (s.n == 0)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';
        if (digit > 9)
            return -1;
        /* nineteen digits always fit into 64 bits: no look at the limit until then */
        if (i >= 19 && (value > UINT64_MAX / 10 || value * 10 > UINT64_MAX - digit))
            return -1;
        value = value * 10 + digit;
    }
    if (value > max)
        return -1;
    *out = value;
    return 0;
}

/* Whether `c` is in the set that starts behind '['; *end is what follows its ']', null if there is
 * none (then the '[' stands for itself). A ']' at the very beginning is a member. */
static bool set_has(const char *set, unsigned char c, const char **end)
{
    bool negated = *set == '!' || *set == '^';
    bool found = false;
    const char *p = set + (negated ? 1 : 0);
    const char *first = p;
    *end = NULL;
    for (; *p != '\0' && (*p != ']' || p == first); p++) {
        unsigned char low = (unsigned char)*p, high = low;
        if (p[1] == '-' && p[2] != ']' && p[2] != '\0') {
            high = (unsigned char)p[2];
            p += 2;
        }
        if (c >= low && c <= high)
            found = true;
    }
    if (*p == '\0')
        return false;
    *end = p + 1;
    return found != negated;
}

/* One pattern element that is no '*' against one octet; *next is the pattern behind it. */
static bool one_matches(const char *pattern, char c, const char **next)
{
    const char *end = NULL;
    *next = pattern + 1;
    if (*pattern == '?')
        return true;
    if (*pattern == '[') {
        bool in = set_has(pattern + 1, (unsigned char)c, &end);
        if (end != NULL) {
            *next = end;
            return in;
        }
    }
    return *pattern == c;
}

/* Only the last '*' is ever tried anew: what stood before it has matched as early as possible, and
 * a later match of it could not help. So the time is at most pattern x text, never exponential. */
bool ascii_glob(const char *pattern, struct sv text)
{
    const char *star = NULL;
    size_t star_at = 0;
    size_t i = 0;
    while (i < text.n) {
        const char *next;
        if (*pattern == '*') {
            star = ++pattern;
            star_at = i;
        } else if (*pattern != '\0' && one_matches(pattern, text.p[i], &next)) {
            pattern = next;
            i++;
        } else if (star != NULL) {
            pattern = star;
            i = ++star_at;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swapped neighbours count one each: swapped letters are
 * the commonest slip of all. Both words have at most WORD_MAX letters. */
static size_t distance(struct sv a, struct sv b)
{
    size_t row[3][WORD_MAX + 1];
    size_t *before = row[0], *above = row[1], *now = row[2];
    for (size_t j = 0; j <= b.n; j++)
        above[j] = before[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            char x = ascii_lower(a.p[i - 1]), y = ascii_lower(b.p[j - 1]);
            now[j] = least(above[j - 1] + (x != y), least(above[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && x == ascii_lower(b.p[j - 2]) && ascii_lower(a.p[i - 2]) == y)
                now[j] = least(now[j], before[j - 2] + 1);
        }
        size_t *free_row = before;
        before = above;
        above = now;
        now = free_row;
    }
    return above[b.n];
}

const char *ascii_nearest(struct sv word, const char *const *words)
{
    const char *nearest = NULL;
    size_t fewest = word.n / 3 + 1;
    if (word.n == 0 || word.n > WORD_MAX)
        return NULL;
    for (; *words != NULL; words++) {
        struct sv candidate = sv_of(*words);
        if (candidate.n > WORD_MAX)
            continue;
        size_t differ = distance(word, candidate);
        if (differ < fewest) {
            fewest = differ;
            nearest = *words;
        }
    }
    return nearest;
}
