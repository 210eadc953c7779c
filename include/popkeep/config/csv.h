/* SPDX-License-Identifier: ISC */
/*
 * Tables as spreadsheets export them: RFC 4180, and what is met besides. Lines end in LF or CRLF;
 * cells are apart by ",", ";" (spreadsheets of countries with a decimal comma) or a tab, the same
 * throughout; a first line "sep=X" says which. A cell in quotes may hold separators, line ends and
 * quotes, which are doubled there. A byte order mark of UTF-8 is skipped, UTF-16 refused.
 *
 * The whole text is there at once, so nothing has to be kept between pieces of it. Pure.
 */
#ifndef POPKEEP_CONFIG_CSV_H
#define POPKEEP_CONFIG_CSV_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

enum { CSV_CELLS_MAX = 200, CSV_ROW_MAX = 65536 };

struct csv {
    struct sv rest;
    char separator;
    unsigned line; /* number of the next line */
};

struct csv_row {
    unsigned line;                 /* where it begins, also of a row that is refused */
    size_t n;                      /* cells */
    struct sv cell[CSV_CELLS_MAX]; /* without blanks around them; live until the next call */
    struct buf octets;             /* what the cells point into */
};

/* -1: ST_CONFIG, cannot be such a table at all. */
int csv_begin(struct csv *c, struct sv text, struct err *e);

/* The next row that is not empty: 1; 0 at the end; -1: this row is none (ST_CONFIG, without its
 * place), the next call goes on behind it. `row` is zeroed before the first call. */
int csv_next(struct csv *c, struct csv_row *row, struct err *e);
void csv_row_free(struct csv_row *row);

#endif
