/* SPDX-License-Identifier: ISC */
/* A table of mailboxes -> sections; see import.h. */
#include "popkeep/config/import.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/config/csv.h"
#include "popkeep/config/expand.h"
#include "popkeep/config/import_inside.h"
#include "popkeep/config/keys.h"
#include "popkeep/config/provider.h"
#include "popkeep/config/reader.h"
#include "popkeep/config/value.h"

#include <stdlib.h>
#include <string.h>

/* One account to be. */
struct row {
    unsigned line;
    char *code, *address;
    char *password_file; /* as a value, %a in place of the code; null: none */
    char *server;        /* the line "provider = X" or "host = X" */
};

struct table {
    struct import *im;
    const char *file;
    int at[COL_OTHER]; /* which cell; -1: there is none */
    size_t cells;      /* of a row at the most; 0: the columns are not known yet */
    struct row *rows;
    size_t n, room;
};

static void tell(struct import *im, const char *file, unsigned line, const struct err *e)
{
    im->wrong++;
    if (im->wrong <= IMPORT_ERRORS_MAX)
        (void)buf_addf(&im->errors, "%s:%u: %s\n", file, line, e->text);
}

/* --- the header --- */

static int take_title(struct table *t, const struct csv_row *row, size_t i, struct err *e)
{
    char shown[VALUE_SHOWN];
    enum import_column column = import_column(row->cell[i]);
    value_shown(shown, row->cell[i]);
    if (column == COL_PASSWORD)
        return err_set(e, ST_CONFIG,
                       "the column %s seems to hold passwords, which have no place in a table; "
                       "write each into a file of its own (chmod 600), and give the files in a "
                       "column \"password file\"",
                       shown);
    if (column == COL_OTHER)
        return 0;
    if (t->at[column] >= 0)
        return err_set(e, ST_CONFIG, "two columns mean the same: the second is %s", shown);
    t->at[column] = (int)i;
    return 0;
}

static int take_header(struct table *t, const struct csv_row *row, struct err *e)
{
    for (size_t i = 0; i < row->n; i++)
        if (take_title(t, row, i, e))
            return -1;
    if (t->at[COL_CODE] < 0)
        return err_set(e, ST_CONFIG,
                       "this looks like a header line, but no column is called \"code\" (or "
                       "\"kurum kodu\")");
    if (t->at[COL_ADDRESS] < 0)
        return err_set(e, ST_CONFIG,
                       "this looks like a header line, but no column is called \"address\" (or "
                       "\"e-posta\")");
    t->cells = row->n;
    return 0;
}

static bool is_header(const struct csv_row *row)
{
    for (size_t i = 0; i < row->n; i++)
        if (sv_has(row->cell[i], '@'))
            return false;
    return true;
}

static int take_no_header(struct table *t, const struct csv_row *row, struct err *e)
{
    if (row->n < 2 || row->n > 3)
        return err_set(e, ST_CONFIG,
                       "the row has %zu cells; without a header line that names the columns they "
                       "are code, address and, if wanted, password file",
                       row->n);
    t->at[COL_CODE] = 0;
    t->at[COL_ADDRESS] = 1;
    t->at[COL_PASSWORD_FILE] = row->n == 3 ? 2 : -1;
    t->cells = row->n;
    return 0;
}

/* --- the cells --- */

/* 7.07E+05 is what a spreadsheet makes of a long number, and it would be a name. */
static bool is_scientific(struct sv s)
{
    size_t digits = 0, i = 0;
    while (i < s.n && (ascii_is_digit(s.p[i]) || s.p[i] == '.' || s.p[i] == ','))
        digits += ascii_is_digit(s.p[i++]);
    return digits > 0 && i + 1 < s.n && ascii_lower(s.p[i]) == 'e' && s.p[i + 1] == '+';
}

static int check_code(struct sv code, struct err *e)
{
    char shown[VALUE_SHOWN];
    if (code.n == 0)
        return err_set(e, ST_CONFIG, "the code is missing");
    if (is_scientific(code))
        return err_set(e, ST_CONFIG,
                       "the code %s is a number that a spreadsheet has shortened; make the column "
                       "a text column",
                       value_shown(shown, code));
    if (value_section_name(code, "account", e))
        return err_add(e, "code");
    return 0;
}

static int check_address(struct sv address, struct err *e)
{
    if (address.n == 0)
        return err_set(e, ST_CONFIG, "the address is missing");
    if (value_address(address, e))
        return -1;
    return reader_check_value(keys_find(SV("user")), address, e);
}

static bool is_part_of_word(struct sv s, size_t i)
{
    return i < s.n && ascii_is_alnum(s.p[i]);
}

/* The code becomes %a wherever it stands by itself, and what was a percent sign is doubled. */
static char *with_sign(struct sv path, struct sv code)
{
    struct buf b = BUF_INIT(CSV_ROW_MAX * 2);
    for (size_t i = 0; i < path.n; i++) {
        struct sv rest = sv_from(path, i);
        if (sv_starts(rest, code) && !is_part_of_word(rest, code.n) &&
            (i == 0 || !is_part_of_word(path, i - 1))) {
            (void)buf_add_c(&b, "%a");
            i += code.n - 1;
        } else {
            (void)buf_addf(&b, path.p[i] == '%' ? "%c%%" : "%c", path.p[i]);
        }
    }
    char *s = mem_strndup(b.n > 0 ? b.p : "", b.n);
    buf_free(&b);
    return s;
}

/* What stands in the cell is not shown: it may be the password itself. */
static int take_password_file(struct sv path, struct sv code, char **out, struct err *e)
{
    const struct expand_names names = {code, SV("user")};
    char *whole;
    if (path.n == 0)
        return err_set(e, ST_CONFIG, "the password file is missing");
    if (!sv_starts(path, SV("/")) && !sv_starts(path, SV("~/")))
        return err_set(e, ST_CONFIG,
                       "the password file must be a path that begins with \"/\" or \"~/\"; the "
                       "password itself has no place in a table");
    if (reader_check_value(keys_find(SV("password_file")), path, e))
        return -1;
    char *value = with_sign(path, code);
    if (reader_check_value(keys_find(SV("password_file")), sv_of(value), e) == 0 &&
        value_path(sv_of(value), "password_file", "/home", &names, &whole, e) == 0) {
        free(whole);
        *out = value;
        return 0;
    }
    free(value);
    return -1;
}

static int find_server(struct sv address, struct sv host, char **line, struct err *e)
{
    struct sv domain = address;
    struct buf advice = BUF_INIT(4096);
    char shown[VALUE_SHOWN], *name = NULL;
    bool fatal = false, of_port;
    (void)sv_token(&domain, '@');
    if (host.n == 0) {
        const struct provider *p = provider_of_domain(domain);
        if (!p)
            return err_set(e, ST_CONFIG,
                           "no preset is known for the domain %s; give its server in a column "
                           "\"host\" (popkeep check finds out whether it is one)",
                           value_shown(shown, domain));
        if (p->needs)
            return err_set(e, ST_CONFIG, "%s is at %s, which needs %s, and that is not built yet",
                           value_shown(shown, address), p->name, p->needs);
        *line = mem_printf("provider = %s", p->name);
        return 0;
    }
    if (reader_check_value(keys_find(SV("host")), host, e) || value_host(host, "host", &name, e))
        return -1;
    if (provider_advice(sv_of(name), CONFIG_PORT, &advice, &fatal, &of_port) && fatal)
        err_set(e, ST_CONFIG, "%s", advice.p);
    else
        *line = mem_printf("host = %s", name);
    buf_free(&advice);
    free(name);
    return *line ? 0 : -1;
}

static struct sv cell(const struct table *t, const struct csv_row *row, enum import_column c)
{
    int i = t->at[c];
    return i >= 0 && (size_t)i < row->n ? row->cell[i] : SV("");
}

static int check_cells(const struct table *t, const struct csv_row *row, struct err *e)
{
    for (size_t i = t->cells; i < row->n; i++)
        if (row->cell[i].n > 0)
            return err_set(e, ST_CONFIG,
                           "the row has %zu cells, the first one has %zu; a cell that holds the "
                           "separator stands in quotes",
                           row->n, t->cells);
    return 0;
}

static void add_row(struct table *t, struct row row)
{
    if (t->n == t->room) {
        t->room = t->room ? t->room * 2 : 64;
        t->rows = mem_realloc(t->rows, t->room, sizeof *t->rows);
    }
    t->rows[t->n++] = row;
}

static int take_row(struct table *t, const struct csv_row *row, struct err *e)
{
    struct sv code = cell(t, row, COL_CODE), address = cell(t, row, COL_ADDRESS);
    char *server = NULL, *file = NULL;
    if (check_cells(t, row, e) || check_code(code, e) || check_address(address, e) ||
        find_server(address, cell(t, row, COL_HOST), &server, e))
        return -1;
    if (t->at[COL_PASSWORD_FILE] >= 0 &&
        take_password_file(cell(t, row, COL_PASSWORD_FILE), code, &file, e)) {
        free(server);
        return -1;
    }
    add_row(t, (struct row){.line = row->line,
                            .code = mem_strndup(code.p, code.n),
                            .address = mem_strndup(address.p, address.n),
                            .password_file = file,
                            .server = server});
    return 0;
}

/* --- all rows together --- */

static const struct row *row_at(const void *slot)
{
    return *(const struct row *const *)slot;
}

static int by_line(const struct row *a, const struct row *b)
{
    return (a->line > b->line) - (a->line < b->line);
}

static int by_code(const void *x, const void *y)
{
    const struct row *a = row_at(x), *b = row_at(y);
    int order = strcmp(a->code, b->code);
    return order != 0 ? order : by_line(a, b);
}

/* Small and capital letters of A-Z are the same. */
static int compare_addresses(const char *a, const char *b)
{
    while (*a != '\0' && ascii_lower(*a) == ascii_lower(*b)) {
        a++;
        b++;
    }
    return (unsigned char)ascii_lower(*a) - (unsigned char)ascii_lower(*b);
}

static int by_address(const void *x, const void *y)
{
    const struct row *a = row_at(x), *b = row_at(y);
    int order = compare_addresses(a->address, b->address);
    return order != 0 ? order : by_line(a, b);
}

static void tell_twice(struct table *t, const struct row **sorted, bool address)
{
    qsort(sorted, t->n, sizeof *sorted, address ? by_address : by_code);
    for (size_t i = 1; i < t->n; i++) {
        const struct row *a = sorted[i - 1], *b = sorted[i];
        struct err e = ERR_INIT;
        if (address ? compare_addresses(a->address, b->address) : strcmp(a->code, b->code))
            continue;
        if (address)
            err_set(&e, ST_CONFIG, "the address %s stands already in line %u", b->address, a->line);
        else
            err_set(&e, ST_CONFIG, "the code %s stands already in line %u", b->code, a->line);
        tell(t->im, t->file, b->line, &e);
    }
}

static void check_twice(struct table *t)
{
    const struct row **sorted = mem_zalloc(t->n + 1, sizeof *sorted);
    for (size_t i = 0; i < t->n; i++)
        sorted[i] = &t->rows[i];
    tell_twice(t, sorted, false);
    tell_twice(t, sorted, true);
    free(sorted);
}

/* "/srv/okullar.csv" -> "okullar"; a name that cannot be one gives "imported". */
static char *profile_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    struct sv base = sv_of(slash ? slash + 1 : file);
    struct err ignored = ERR_INIT;
    const char *dot = memrchr(base.p, '.', base.n);
    if (dot)
        base.n = (size_t)(dot - base.p);
    if (sv_eq_c(base, "stdin") || value_section_name(base, "profile", &ignored))
        return mem_strdup("imported");
    return mem_strndup(base.p, base.n);
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void write_profile(const struct table *t, const char *name, bool one_server, bool one_file)
{
    struct buf *out = &t->im->out;
    char shown[VALUE_SHOWN];
    value_shown(shown, sv_of(t->file));
    (void)tr_addf(out,
                  "# Made by popkeep import from %s. What all accounts share stands here, once;\n"
                  "# %%a is the name of the account.\n",
                  shown);
    (void)buf_addf(out, "[profile %s]\n", name);
    if (one_server)
        (void)buf_addf(out, "%s\n", t->rows[0].server);
    (void)buf_add_c(out, "maildir = ~/Mail/%a\n");
    if (one_file && t->rows[0].password_file)
        (void)buf_addf(out, "password_file = %s\n", t->rows[0].password_file);
    if (!t->rows[0].password_file)
        (void)tr_addf(out, "# The table names no password files. One an account, chmod 600:\n"
                           "#password_file = ~/.config/popkeep/%%a.password\n");
}

static void write_all(const struct table *t)
{
    struct buf *out = &t->im->out;
    char *name = profile_name(t->file);
    bool one_server = true, one_file = true;
    for (size_t i = 1; i < t->n; i++) {
        one_server = one_server && same(t->rows[0].server, t->rows[i].server);
        one_file = one_file && same(t->rows[0].password_file, t->rows[i].password_file);
    }
    write_profile(t, name, one_server, one_file);
    for (size_t i = 0; i < t->n; i++) {
        const struct row *r = &t->rows[i];
        (void)buf_addf(out, "\n[account %s]\nprofile = %s\nuser = %s\n", r->code, name, r->address);
        if (!one_server)
            (void)buf_addf(out, "%s\n", r->server);
        if (!one_file)
            (void)buf_addf(out, "password_file = %s\n", r->password_file);
    }
    t->im->accounts = t->n;
    free(name);
}

static void read_rows(struct table *t, struct csv *c)
{
    struct csv_row row = {0};
    bool begun = false;
    for (;;) {
        struct err e = ERR_INIT;
        int got = csv_next(c, &row, &e);
        if (got == 0)
            break;
        bool header = got > 0 && !begun && is_header(&row);
        if (got > 0 && !begun)
            got = header ? take_header(t, &row, &e) : take_no_header(t, &row, &e);
        if (got >= 0 && !header)
            got = take_row(t, &row, &e);
        if (got < 0)
            tell(t->im, t->file, row.line, &e);
        if (got < 0 && t->cells == 0) /* without columns the rest means nothing */
            break;
        begun = true;
    }
    csv_row_free(&row);
}

static void table_free(struct table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->rows[i].code);
        free(t->rows[i].address);
        free(t->rows[i].password_file);
        free(t->rows[i].server);
    }
    free(t->rows);
}

int import_table(struct import *im, struct sv text, const char *file)
{
    struct table t = {.im = im, .file = file, .at = {-1, -1, -1, -1}};
    struct err e = ERR_INIT;
    struct csv c;

    *im = (struct import){.out = BUF_INIT(SIZE_MAX / 2), .errors = BUF_INIT(SIZE_MAX / 2)};
    if (csv_begin(&c, text, &e))
        tell(im, file, 1, &e);
    else
        read_rows(&t, &c);
    check_twice(&t);
    if (im->wrong == 0 && t.n == 0) {
        err_set(&e, ST_CONFIG, "the table holds no mailbox");
        tell(im, file, 1, &e);
    }
    if (im->wrong > IMPORT_ERRORS_MAX)
        (void)tr_addf(&im->errors, "%s: mistakes in all: %zu\n", file, im->wrong);
    if (im->wrong == 0)
        write_all(&t);
    table_free(&t);
    return im->wrong == 0 ? 0 : -1;
}

void import_free(struct import *im)
{
    buf_free(&im->out);
    buf_free(&im->errors);
    *im = (struct import){0};
}
