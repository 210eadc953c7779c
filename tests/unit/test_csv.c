/* SPDX-License-Identifier: ISC */
/*
 * Tables as spreadsheets export them. What a user loses if these fail: a school whose row was
 * swallowed by the quotes of the row before, or an address that is cut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/config/csv.h"

#define TEXT(s) ((struct sv){(s), sizeof(s) - 1})

static const struct {
    struct sv text;
    const char *rows; /* "LINE:cell|cell|\n"; "LINE!words\n" for a row that is none */
} cases[] = {
    {TEXT(""), ""},
    {TEXT("a"), "1:a|\n"},
    {TEXT("a,b\nc,d\n"), "1:a|b|\n2:c|d|\n"},
    {TEXT("a,b\r\nc,d\r\n"), "1:a|b|\n2:c|d|\n"},
    {TEXT("a,b\r\nc,d"), "1:a|b|\n2:c|d|\n"},
    {TEXT("\xef\xbb\xbf"
          "a,b\n"),
     "1:a|b|\n"},
    {TEXT("a;b\nc;d,e\n"), "1:a|b|\n2:c|d,e|\n"},
    {TEXT("a\tb\nc\td\n"), "1:a|b|\n2:c|d|\n"},
    {TEXT("sep=;\na;b,c,d,e\n"), "2:a|b,c,d,e|\n"},
    {TEXT("sep=|\r\na|b\r\n"), "2:a|b|\n"},
    {TEXT("sep=;"), "1:sep=||\n"},
    {TEXT("sep= \na  \"b c\" d\n"), "2:a||b c|d|\n"},
    {TEXT("\"a,b,c\";d\n"), "1:a,b,c|d|\n"}, /* the separator is looked for outside of quotes */
    {TEXT(",\n,,\n\n  ,\na,\n"), "5:a||\n"},
    {TEXT(" a , b \n"), "1:a|b|\n"},
    {TEXT("\" a \"\"b\"\" \",\"\",x\n"), "1:a \"b\"||x|\n"},
    {TEXT("\"a\nb\r\nc\",d\ne,f\n"), "1:a\nb\r\nc|d|\n4:e|f|\n"},
    {TEXT("\"a\" , \"b\"\n"), "1:a|b|\n"},
    {TEXT("a,b,\n"), "1:a|b||\n"},
    {TEXT("a\rb,c\n"), "1:a\rb|c|\n"},
    {TEXT("a,\"b\nc,d\n"), "1!the quote that begins in this line does not end\n"},
    {TEXT("a,\"b\"x\nc,d\n"),
     "1!text behind a closing quote; a quote inside quotes is doubled\n2:c|d|\n"},
    {TEXT("a,b\"c\nd,e\n"),
     "1!a quote inside a cell that does not begin with one; put the whole cell into quotes and "
     "double those inside\n2:d|e|\n"},
    {TEXT("\"a\n\nb\"x\nc,d\n"),
     "1!text behind a closing quote; a quote inside quotes is doubled\n4:c|d|\n"},
};

static char *rows_of(struct sv text)
{
    struct buf out = BUF_INIT(1 << 20);
    struct csv_row row = {0};
    struct err e = ERR_INIT;
    struct csv c;
    int got;
    /* an exact copy, so that the sanitizer sees a read past its end */
    char *copy = malloc(text.n ? text.n : 1);
    assert_non_null(copy);
    memcpy(copy, text.p, text.n);
    assert_int_equal(csv_begin(&c, (struct sv){copy, text.n}, &e), 0);
    while ((got = csv_next(&c, &row, &e)) != 0) {
        buf_addf(&out, "%u", row.line);
        if (got < 0)
            buf_addf(&out, "!%s", e.text);
        for (size_t i = 0; got > 0 && i < row.n; i++)
            buf_addf(&out, "%s%.*s|", i ? "" : ":", SV_ARG(row.cell[i]));
        buf_add_char(&out, '\n');
    }
    csv_row_free(&row);
    free(copy);
    char *s = strdup(out.n ? out.p : "");
    buf_free(&out);
    return s;
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *rows = rows_of(cases[i].text);
        if (strcmp(rows, cases[i].rows) != 0)
            fail_msg("case %zu: %s", i, rows);
        free(rows);
    }
}

/* Cut anywhere, it is read to its end, and no row that was whole is changed. */
static void test_cut(void **state)
{
    (void)state;
    static const char text[] = "code,address\n706590,\"a \"\"b\"\"\nc\"\n706591,d\n";
    for (size_t n = 0; n < sizeof text; n++) {
        char *rows = rows_of((struct sv){text, n});
        if (n >= 12)
            assert_memory_equal(rows, "1:code|address|\n", 16);
        if (n >= 31)
            assert_non_null(strstr(rows, "2:706590|a \"b\"\nc|"));
        free(rows);
    }
}

static const struct {
    struct sv text;
    const char *says;
} refused[] = {
    {TEXT("\xff\xfe"
          "a\0,\0b\0"),
     "UTF-16"},
    {TEXT("\xfe\xff\0a\0,"), "UTF-16"},
    {TEXT("a\0,\0b\0"), "UTF-16"},
    {TEXT("\0a\0,\0b"), "CSV UTF-8"},
    {TEXT("PK\x03\x04xyz"), "a workbook"},
    {TEXT("\xd0\xcf\x11\xe0\xa1"), "a workbook"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct err e = ERR_INIT;
        struct csv c;
        assert_int_equal(csv_begin(&c, refused[i].text, &e), -1);
        assert_non_null(strstr(e.text, refused[i].says));
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(1 << 20);
    for (int i = 0; i < CSV_CELLS_MAX + 1; i++)
        buf_add_c(&b, "x,");
    buf_add_c(&b, "\nok\n");
    char *rows = rows_of(buf_sv(&b));
    assert_string_equal(rows, "1!the row has more than 200 cells\n2:ok|\n");
    free(rows);
    buf_clear(&b);
    for (int i = 0; i < CSV_ROW_MAX + 1; i++)
        buf_add_char(&b, 'x');
    buf_add_c(&b, "\nok\n");
    rows = rows_of(buf_sv(&b));
    assert_string_equal(rows, "1!the row has more than 65536 octets\n2:ok|\n");
    free(rows);
    /* in quotes, over many lines: what follows keeps its line number */
    buf_clear(&b);
    buf_add_char(&b, '"');
    for (int i = 0; i < CSV_ROW_MAX; i++)
        buf_add_c(&b, "x\n");
    buf_add_c(&b, "\",y\nok\n");
    rows = rows_of(buf_sv(&b));
    assert_string_equal(rows, "1!the row has more than 65536 octets\n65538:ok|\n");
    free(rows);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
