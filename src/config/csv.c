/* SPDX-License-Identifier: ISC */
/* Tables as spreadsheets export them; see csv.h. */
#include "popkeep/config/csv.h"

#include "popkeep/base/ascii.h"

static bool is_hint(struct sv text)
{
    return ascii_starts(text, "sep=") && text.n > 5 && !sv_has(SV("\"\r\n"), text.p[4]) &&
           (text.p[5] == '\n' || text.p[5] == '\r');
}

/* How often each separator stands outside of quotes in the first line: the most frequent is it. */
static char guess_separator(struct sv text)
{
    static const char signs[] = {',', ';', '\t'};
    size_t count[sizeof signs] = {0}, best = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.n && (quoted || text.p[i] != '\n'); i++) {
        quoted = quoted != (text.p[i] == '"');
        for (size_t k = 0; k < sizeof signs; k++)
            count[k] += !quoted && text.p[i] == signs[k];
    }
    for (size_t k = 1; k < sizeof signs; k++)
        if (count[k] > count[best])
            best = k;
    return signs[best];
}

int csv_begin(struct csv *c, struct sv text, struct err *e)
{
    *c = (struct csv){.rest = text, .line = 1};
    if (sv_starts(text, SV("\xff\xfe")) || sv_starts(text, SV("\xfe\xff")) ||
        (text.n > 1 && (text.p[0] == '\0' || text.p[1] == '\0')))
        return err_set(e, ST_CONFIG,
                       "the table is UTF-16; save it as \"CSV UTF-8 (comma delimited)\" "
                       "(CSV UTF-8, virgülle ayrılmış)");
    if (sv_starts(text, SV("PK\x03\x04")) || sv_starts(text, SV("\xd0\xcf\x11\xe0")))
        return err_set(e, ST_CONFIG,
                       "this is a workbook, not a CSV file; save it as \"CSV UTF-8 (comma "
                       "delimited)\" (CSV UTF-8, virgülle ayrılmış)");
    if (sv_starts(text, SV("\xef\xbb\xbf")))
        c->rest = sv_from(text, 3);
    if (is_hint(c->rest)) {
        c->separator = c->rest.p[4];
        (void)sv_token(&c->rest, '\n');
        c->line++;
    } else {
        c->separator = guess_separator(c->rest);
    }
    return 0;
}

static int refuse_long(struct err *e)
{
    return err_set(e, ST_CONFIG, "the row has more than %d octets", CSV_ROW_MAX);
}

/* One cell off the front of c->rest into row->octets. What ended it is left there: a separator, a
 * line end or nothing. */
static int take_quoted(struct csv *c, struct csv_row *row, struct err *e)
{
    bool fits = true;
    size_t i = 1;
    for (;; i++) {
        if (i == c->rest.n) {
            c->rest = SV("");
            return err_set(e, ST_CONFIG, "the quote that begins in this line does not end");
        }
        c->line += c->rest.p[i] == '\n';
        if (c->rest.p[i] == '"') {
            if (i + 1 == c->rest.n || c->rest.p[i + 1] != '"')
                break;
            i++;
        }
        fits = fits && buf_add_char(&row->octets, c->rest.p[i]) == 0;
    }
    c->rest = sv_from(c->rest, i + 1);
    if (!fits)
        return refuse_long(e);
    while (c->rest.n > 0 && c->rest.p[0] == ' ' && c->separator != ' ')
        c->rest = sv_from(c->rest, 1);
    if (c->rest.n == 0 || c->rest.p[0] == c->separator || c->rest.p[0] == '\n' ||
        sv_starts(c->rest, SV("\r\n")))
        return 0;
    return err_set(e, ST_CONFIG, "text behind a closing quote; a quote inside quotes is doubled");
}

static int take_plain(struct csv *c, struct csv_row *row, struct err *e)
{
    size_t i = 0;
    for (; i < c->rest.n && c->rest.p[i] != c->separator && c->rest.p[i] != '\n'; i++) {
        if (c->rest.p[i] == '"')
            return err_set(e, ST_CONFIG,
                           "a quote inside a cell that does not begin with one; put the whole cell "
                           "into quotes and double those inside");
        if (c->rest.p[i] == '\r' && i + 1 < c->rest.n && c->rest.p[i + 1] == '\n')
            break;
        if (buf_add_char(&row->octets, c->rest.p[i]))
            return refuse_long(e);
    }
    c->rest = sv_from(c->rest, i);
    return 0;
}

/* Whether the cell is one in quotes; blanks before them are passed over. */
static bool skip_to_quote(struct csv *c)
{
    size_t i = 0;
    while (i < c->rest.n && c->rest.p[i] == ' ' && c->separator != ' ')
        i++;
    if (i == c->rest.n || c->rest.p[i] != '"')
        return false;
    c->rest = sv_from(c->rest, i);
    return true;
}

/* The octets may move while the row grows: cells are ranges until it is whole. */
static int take_row(struct csv *c, struct csv_row *row, struct err *e)
{
    size_t end[CSV_CELLS_MAX];
    bool more = true;
    row->line = c->line;
    row->n = 0;
    buf_clear(&row->octets);
    (void)buf_reserve(&row->octets, 1); /* so that there is something to point at */
    while (more) {
        if (row->n == CSV_CELLS_MAX)
            return err_set(e, ST_CONFIG, "the row has more than %d cells", CSV_CELLS_MAX);
        bool quoted = skip_to_quote(c);
        if (quoted ? take_quoted(c, row, e) : take_plain(c, row, e))
            return -1;
        end[row->n++] = row->octets.n;
        more = c->rest.n > 0 && c->rest.p[0] == c->separator;
        if (more)
            c->rest = sv_from(c->rest, 1);
    }
    for (size_t i = 0; i < row->n; i++) {
        size_t from = i > 0 ? end[i - 1] : 0;
        row->cell[i] = ascii_trim(sv_make(row->octets.p + from, end[i] - from));
    }
    return 0;
}

static void next_line(struct csv *c)
{
    if (sv_has(c->rest, '\n'))
        c->line++;
    (void)sv_token(&c->rest, '\n');
}

static bool is_empty(const struct csv_row *row)
{
    for (size_t i = 0; i < row->n; i++)
        if (row->cell[i].n > 0)
            return false;
    return true;
}

int csv_next(struct csv *c, struct csv_row *row, struct err *e)
{
    row->octets.max = CSV_ROW_MAX;
    while (c->rest.n > 0) {
        int rc = take_row(c, row, e);
        next_line(c);
        if (rc)
            return -1;
        if (!is_empty(row))
            return 1;
    }
    return 0;
}

void csv_row_free(struct csv_row *row)
{
    buf_free(&row->octets);
    *row = (struct csv_row){0};
}
