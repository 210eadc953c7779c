/* SPDX-License-Identifier: ISC */
/*
 * A table of mailboxes -> sections. What a user loses if these fail: a school that is missing in
 * the configuration, a wrong password file beside an address, or a password shown on the terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/config/config.h"
#include "popkeep/config/import.h"
#include "popkeep/config/import_inside.h"

#define TEXT(s) ((struct sv){(s), sizeof(s) - 1})

/* What comes out means: "NAME USER HOST SECRET MAILDIR\n". */
static const struct {
    struct sv text;
    const char *accounts;
} taken[] = {
    {TEXT("706590,706590@meb.k12.tr\n706591,706591@meb.k12.tr\n"),
     "706590 706590@meb.k12.tr epostagelen.meb.k12.tr - /h/Mail/706590\n"
     "706591 706591@meb.k12.tr epostagelen.meb.k12.tr - /h/Mail/706591\n"},
    {TEXT("\xef\xbb\xbfKurum Kodu;E-Posta;Parola "
          "Dosyas\xc4\xb1\r\n706590;706590@meb.k12.tr;/s/706590\r\n"),
     "706590 706590@meb.k12.tr epostagelen.meb.k12.tr /s/706590 /h/Mail/706590\n"},
    /* other columns, another order, the code page of a spreadsheet that does not ask */
    {TEXT("OKUL ADI;\xde\xdd"
          "FRE DOSYASI;E-POSTA ADRES\xdd;KURUM KODU\n"
          "Atat\xfcrk;~/p/1.pw;1@meb.k12.tr;1\n\xc7"
          "ay;~/p/2.pw;2@meb.k12.tr;2\n"),
     "1 1@meb.k12.tr epostagelen.meb.k12.tr /h/p/1.pw /h/Mail/1\n"
     "2 2@meb.k12.tr epostagelen.meb.k12.tr /h/p/2.pw /h/Mail/2\n"},
    {TEXT("000123,Xa@gmail.com,/p/%x/000123-000123\nx,xb@gmail.com,/other\n"),
     "000123 Xa@gmail.com pop.gmail.com /p/%x/000123-000123 /h/Mail/000123\n"
     "x xb@gmail.com pop.gmail.com /other /h/Mail/x\n"},
    {TEXT("code,address,host\na,a@okul.example,mail.okul.example\nb,b@gmail.com,\n"),
     "a a@okul.example mail.okul.example - /h/Mail/a\nb b@gmail.com pop.gmail.com - /h/Mail/b\n"},
    {TEXT("\n,,\ncode , address\n\"a\" , \"a@gmail.com\"\n\n"),
     "a a@gmail.com pop.gmail.com - /h/Mail/a\n"},
};

static void describe(const struct import *im, struct buf *out)
{
    struct config c;
    struct err e = ERR_INIT;
    if (config_parse(&c, buf_sv(&im->out), "out", "/h", &e))
        fail_msg("%s in:\n%s", e.text, im->out.p);
    assert_int_equal(c.n_accounts, im->accounts);
    assert_int_equal(c.warnings.n, 0);
    for (size_t i = 0; i < c.n_accounts; i++) {
        const struct account *a = &c.accounts[i];
        assert_true(a->secret.kind == SECRET_NONE || a->secret.kind == SECRET_FILE);
        buf_addf(out, "%s %s %s %s %s\n", a->name, a->user, a->host,
                 a->secret.value ? a->secret.value : "-", a->maildir);
    }
    config_free(&c);
}

static void test_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        struct buf b = BUF_INIT(1 << 16);
        struct import im;
        if (import_table(&im, taken[i].text, "/x/okullar.csv"))
            fail_msg("case %zu: %s", i, im.errors.p);
        describe(&im, &b);
        if (strcmp(b.p, taken[i].accounts) != 0)
            fail_msg("case %zu:\n%s", i, b.p);
        assert_non_null(strstr(im.out.p, "\n[profile okullar]\n"));
        import_free(&im);
        buf_free(&b);
    }
}

/* Few lines: what all share stands once. */
static void test_short(void **state)
{
    (void)state;
    struct import im;
    assert_int_equal(import_table(&im,
                                  TEXT("1,706590@meb.k12.tr,/s/2021/1.pw\n"
                                       "2,706591@meb.k12.tr,/s/2021/2.pw\n"),
                                  "stdin"),
                     0);
    assert_string_equal(strchr(im.out.p, '['),
                        "[profile imported]\nprovider = meb-k12\n"
                        "maildir = ~/Mail/%a\npassword_file = /s/2021/%a.pw\n"
                        "\n[account 1]\nprofile = imported\n"
                        "user = 706590@meb.k12.tr\n"
                        "\n[account 2]\nprofile = imported\n"
                        "user = 706591@meb.k12.tr\n");
    import_free(&im);
}

#define HEAD "code,address,password file\n"

static const struct {
    struct sv text;
    const char *says; /* all of it, or its beginning */
} refused[] = {
    {TEXT(""), "t.csv:1: the table holds no mailbox"},
    {TEXT(HEAD), "t.csv:1: the table holds no mailbox"},
    {TEXT("\xff\xfe"
          "a\0"),
     "t.csv:1: the table is UTF-16; save it as"},
    {TEXT("a,b,c,d@x\n"), "t.csv:1: the row has 4 cells; without a header line"},
    {TEXT("x@meb.k12.tr\n"), "t.csv:1: the row has 1 cells; without a header line"},
    {TEXT("okul,posta kutusu\n1,1@meb.k12.tr\n"),
     "t.csv:1: this looks like a header line, but no column is called \"code\""},
    {TEXT("kod,okul\n1,1@meb.k12.tr\n"),
     "t.csv:1: this looks like a header line, but no column is called \"address\""},
    {TEXT("code,kod,address\n"), "t.csv:1: two columns mean the same: the second is \"kod\""},
    {TEXT("code,address,Parola\n1,1@meb.k12.tr,hunter2\n"),
     "t.csv:1: the column \"Parola\" seems to hold passwords"},
    {TEXT(HEAD "1,1@meb.k12.tr,hunter2\n"), "t.csv:2: the password file must be a path"},
    {TEXT(HEAD "1,1@meb.k12.tr,\n"), "t.csv:2: the password file is missing"},
    {TEXT(HEAD "1,1@meb.k12.tr\n"), "t.csv:2: the password file is missing"},
    {TEXT(HEAD "1,1@meb.k12.tr,/a/../b\n"), "t.csv:2: password_file must not hold \"..\""},
    {TEXT(HEAD "1,1@meb.k12.tr,/a #b\n"), "t.csv:2: password_file: \" #\""},
    {TEXT(HEAD "1,1@meb.k12.tr,\"/a\nb\"\n"), "t.csv:2: password_file: the value holds a control"},
    {TEXT(HEAD ",1@meb.k12.tr,/p\n"), "t.csv:2: the code is missing"},
    {TEXT(HEAD "a b,1@meb.k12.tr,/p\n"), "t.csv:2: code: [account NAME]: the name is made of"},
    {TEXT(HEAD "7.0659E+05,1@meb.k12.tr,/p\n"),
     "t.csv:2: the code \"7.0659E+05\" is a number that a spreadsheet has shortened"},
    {TEXT(HEAD "\"7,0659E+05\",1@meb.k12.tr,/p\n"), "t.csv:2: the code \"7,0659E+05\" is a number"},
    {TEXT(HEAD "1,,/p\n"), "t.csv:2: the address is missing"},
    {TEXT(HEAD "1,706590,/p\n"), "t.csv:2: \"706590\" is no e-mail address"},
    {TEXT(HEAD "1,@meb.k12.tr,/p\n"), "t.csv:2: \"@meb.k12.tr\" is no e-mail address"},
    {TEXT(HEAD "1,a@b@meb.k12.tr,/p\n"), "t.csv:2: \"a@b@meb.k12.tr\" is no e-mail address"},
    {TEXT(HEAD "1,Ali <a@meb.k12.tr>,/p\n"),
     "t.csv:2: \"Ali <a@meb.k12.tr>\" is no e-mail address"},
    {TEXT(HEAD "1,\"a\x1b@meb.k12.tr\",/p\n"), "t.csv:2: user: the value holds a control"},
    {TEXT(HEAD "1,#a@meb.k12.tr,/p\n"), "t.csv:2: user: \" #\""},
    {TEXT(HEAD "1,\xff@meb.k12.tr,/p\n"), "t.csv:2: user: the value is not UTF-8"},
    {TEXT(HEAD "1,a@okul.example,/p\n"),
     "t.csv:2: no preset is known for the domain \"okul.example\""},
    {TEXT(HEAD "1,a@hotmail.com,/p\n"),
     "t.csv:2: \"a@hotmail.com\" is at outlook, which needs OAuth2"},
    {TEXT("code,address,host\n1,a@okul.example,smtp.okul.example\n"),
     "t.csv:2: host smtp.okul.example is an outgoing"},
    {TEXT("code,address,host\n1,a@okul.example,x y\n"), "t.csv:2: host is no host name"},
    {TEXT(HEAD "1,a@meb.k12.tr,/p,Ankara\n"), "t.csv:2: the row has 4 cells, the first one has 3"},
    {TEXT(HEAD "1,a@meb.k12.tr,/p\n2,b@meb.k12.tr,/q\n1,c@meb.k12.tr,/r\n"),
     "t.csv:4: the code 1 stands already in line 2\n"},
    {TEXT(HEAD "1,a@meb.k12.tr,/p\n2,A@MEB.k12.tr,/q\n"),
     "t.csv:3: the address A@MEB.k12.tr stands already in line 2\n"},
    /* all that is wrong, each with its line */
    {TEXT(HEAD "1,a,/p\n2,b@meb.k12.tr,/q\n,c@meb.k12.tr,/r\n\"4\"x,d,/s\n5,\"e"),
     "t.csv:2: \"a\" is no e-mail address\nt.csv:4: the code is missing\n"
     "t.csv:5: text behind a closing quote; a quote inside quotes is doubled\n"
     "t.csv:6: the quote that begins in this line does not end\n"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct import im;
        if (import_table(&im, refused[i].text, "t.csv") == 0)
            fail_msg("case %zu was taken: %s", i, im.out.p);
        if (strncmp(im.errors.p, refused[i].says, strlen(refused[i].says)) != 0)
            fail_msg("case %zu says: %s", i, im.errors.p);
        if (!strchr(refused[i].says, '\n')) /* one mistake, one line */
            assert_ptr_equal(strchr(im.errors.p, '\n'), im.errors.p + im.errors.n - 1);
        assert_null(strstr(im.errors.p, "hunter2")); /* that is a password */
        assert_int_equal(im.out.n, 0);
        import_free(&im);
    }
}

static void test_titles(void **state)
{
    (void)state;
    static const struct {
        const char *title;
        enum import_column column;
    } rows[] = {
        {"Code", COL_CODE},
        {"KURUM KODU", COL_CODE},
        {"Kurum_Kodu", COL_CODE},
        {"e-mail", COL_ADDRESS},
        {"E-posta adresi", COL_ADDRESS},
        {"EPOSTA ADRES\xc4\xb0", COL_ADDRESS},
        {"Kullan\xc4\xb1"
         "c\xc4\xb1 Ad\xc4\xb1",
         COL_ADDRESS},
        {"password_file", COL_PASSWORD_FILE},
        {"\xc5\x9e"
         "ifre Dosyas\xc4\xb1",
         COL_PASSWORD_FILE},
        {"Sunucu", COL_HOST},
        {"\xc5\x9eifre", COL_PASSWORD},
        {"Uygulama \xc5\x9eifresi", COL_PASSWORD},
        {"\xfeifre", COL_PASSWORD},
        {"Okul Ad\xc4\xb1", COL_OTHER},
        {"", COL_OTHER},
        {"\xc5", COL_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (import_column(sv_of(rows[i].title)) != rows[i].column)
            fail_msg("%s", rows[i].title);
}

static void test_many(void **state)
{
    (void)state;
    enum { MANY = 10000 };
    struct buf b = BUF_INIT(MANY * 64);
    struct import im;
    for (int i = 0; i < MANY; i++)
        buf_addf(&b, "%06d;%06d@meb.k12.tr;/p/%06d\n", i, i, i);
    assert_int_equal(import_table(&im, buf_sv(&b), "t.csv"), 0);
    struct buf said = BUF_INIT(MANY * 128);
    describe(&im, &said);
    assert_int_equal(im.accounts, MANY);
    import_free(&im);
    /* so many mistakes are counted, not shown */
    buf_clear(&b);
    for (int i = 0; i < 1000; i++)
        buf_addf(&b, "%06d;nobody\n", i);
    b.p[7] = '@';
    assert_int_equal(import_table(&im, buf_sv(&b), "t.csv"), -1);
    assert_non_null(strstr(im.errors.p, "t.csv: mistakes in all: 1000\n"));
    assert_true(im.errors.n < 8192);
    import_free(&im);
    buf_free(&said);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),  cmocka_unit_test(test_short), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_titles), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
