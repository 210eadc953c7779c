/* SPDX-License-Identifier: ISC */
/*
 * Configurations of several files. What a user loses if these fail: schools that are in no run
 * though their file is there, a wrong place in a message among a thousand files, or a password in a
 * file whose permissions nobody looks at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/config/config.h"

#define ACCOUNT(x)                                                                                 \
    "[account " x "]\nhost = h.example\nuser = " x "@okul.example\nmaildir = /m/" x "\n"

/* A disk of a few files, in the order in which a folder lists them. A text that begins with "->" is
 * another name of the file named behind it. */
struct disk_file {
    const char *path, *text;
};
enum { DISK_FILES = 8 };
struct disk {
    struct disk_file file[DISK_FILES];
    bool endless; /* /loop/N.conf for any N includes the next one */
    bool locked;  /* folders cannot be read */
};

static const struct disk_file *find(const struct disk *d, const char *path)
{
    for (size_t i = 0; i < DISK_FILES && d->file[i].path; i++) {
        if (strcmp(d->file[i].path, path) != 0)
            continue;
        return strncmp(d->file[i].text, "->", 2) == 0 ? find(d, d->file[i].text + 2) : &d->file[i];
    }
    return NULL;
}

static int disk_read(void *ctx, const char *path, struct buf *text, uint64_t id[2], struct err *e)
{
    const struct disk *d = ctx;
    const struct disk_file *f = find(d, path);
    unsigned n;
    if (d->endless && sscanf(path, "/loop/%u.conf", &n) == 1) {
        id[1] = n + 1;
        return buf_addf(text, "include = %u.conf\n", n + 1);
    }
    if (!f)
        return err_set(e, ST_CONFIG, "cannot open %s", path);
    id[0] = (uint64_t)(f - d->file) + 1;
    if (buf_add_c(text, f->text))
        return err_set(e, ST_CONFIG, "%s is larger than %zu octets", path, text->max);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int disk_list(void *ctx, const char *pattern, struct config_names *out, struct err *e)
{
    const struct disk *d = ctx;
    if (d->locked)
        return err_set(e, ST_CONFIG, "%s: a folder cannot be read", pattern);
    out->name = mem_zalloc(DISK_FILES, sizeof *out->name);
    for (size_t i = 0; i < DISK_FILES && d->file[i].path; i++)
        if (ascii_glob(pattern, sv_of(d->file[i].path)))
            out->name[out->n++] = mem_strdup(d->file[i].path);
    qsort(out->name, out->n, sizeof *out->name, by_name);
    return 0;
}

static int load(struct config *c, struct disk *d, struct err *e)
{
    const struct config_source source = {.ctx = d, .read = disk_read, .list = disk_list};
    memset(e, 0, sizeof *e);
    return config_load(c, d->file[0].path, "/home/user", &source, e);
}

static const struct {
    struct disk disk;
    const char *accounts; /* their names, or null: refused */
    const char *says;
} cases[] = {
    {{.file = {{"/c/p.conf", "include = a.conf\n" ACCOUNT("z")}, {"/c/a.conf", ACCOUNT("a")}}},
     "z a ",
     NULL},
    {{.file = {{"/c/p.conf", "[defaults]\nhost = d.example\ninclude = d/*.conf\ntimeout = 9\n"},
               {"/c/d/1.conf", ACCOUNT("one")},
               {"/c/d/2.conf~", ACCOUNT("backup")},
               {"/c/d/2.conf", "[account two]\nuser = x\nmaildir = /m/two\n"}}},
     "one two ",
     NULL},
    /* relative to the file it stands in, not to the first */
    {{.file = {{"p.conf", "include = x/a.conf\n" ACCOUNT("p")},
               {"x/a.conf", "include = y/b.conf\n" ACCOUNT("a")},
               {"x/y/b.conf", "include = ../c.conf\n" ACCOUNT("b")},
               {"x/y/../c.conf", ACCOUNT("c")}}},
     "p a b c ",
     NULL},
    {{.file = {{"/c/p.conf", "include = ~/a%%.conf\n"}, {"/home/user/a%.conf", ACCOUNT("a")}}},
     "a ",
     NULL},
    /* several, and a folder that is empty or not there */
    {{.file = {{"/c/p.conf",
                "include = /n/*.conf\ninclude = b.conf\n[defaults]\ninclude = a.conf\n"},
               {"/c/a.conf", ACCOUNT("a")},
               {"/c/b.conf", ACCOUNT("b")}}},
     "b a ",
     NULL},
    /* inherited over files, in any order */
    {{.file = {{"/c/p.conf", "include = a.conf\ninclude = b.conf\n"},
               {"/c/a.conf", "[account a]\nuser = x@y.example\nprofile = s\n"},
               {"/c/b.conf",
                "[profile s]\nhost = h.example\nmaildir = /%d/%a\n[defaults]\ntimeout = 3\n"}}},
     "a ",
     NULL},
    /* what is wrong, and where */
    {{.file = {{"/c/p.conf", "\ninclude = a.conf\n"}}}, NULL, "/c/p.conf:2: cannot open /c/a.conf"},
    {{.file = {{"/c/p.conf", "include = a.conf\n"}, {"/c/a.conf", "\n\n[account a]\nhots = x\n"}}},
     NULL,
     "/c/a.conf:4: unknown key \"hots\""},
    {{.file = {{"/c/p.conf", "include = a.conf\n"}, {"/c/a.conf", "timeout = 3\n"}}},
     NULL,
     "/c/a.conf:1: timeout stands before any section"},
    {{.file = {{"/c/p.conf", "include = a.conf\n[account p]\n"}, {"/c/a.conf", "user = 3\n"}}},
     NULL,
     "/c/a.conf:1: user stands before any section"},
    {{.file = {{"/c/p.conf", "include = a.conf\n"},
               {"/c/a.conf", "[account a]\nuser = a\nmaildir = /m\n"}}},
     NULL,
     "/c/a.conf:1: account a: host is missing"},
    {{.file = {{"/c/p.conf", "include = a.conf\n"}, {"/c/a.conf", ACCOUNT("a") "port = 993\n"}}},
     NULL,
     "/c/a.conf:5: port 993 is for IMAP"},
    {{.file = {{"/c/p.conf", "include = a.conf\n"}, {"/c/a.conf", ACCOUNT("a") "profile = x\n"}}},
     NULL,
     "/c/a.conf:5: unknown profile"},
    {{.file = {{"/c/p.conf", "[defaults]\ninclude = a.conf\n"}, {"/c/a.conf", "[defaults]\n"}}},
     NULL,
     "/c/a.conf:1: [defaults] stands already in /c/p.conf:1"},
    {{.file = {{"/c/p.conf", "include = a.conf\n" ACCOUNT("a")}, {"/c/a.conf", ACCOUNT("a")}}},
     NULL,
     "/c/a.conf:1: account a stands already in /c/p.conf:2"},
    {{.file = {{"/c/p.conf", "include = a.conf\n" ACCOUNT("b")},
               {"/c/a.conf", "[account a]\nhost = x.example\nuser = a\nmaildir = /m/b\n"}}},
     NULL,
     "/c/a.conf:1: accounts b (/c/p.conf:2) and a have the same maildir"},
    {{.file = {{"/c/p.conf", "include = a.conf\n[profile x]\n"}, {"/c/a.conf", "[profile x]\n"}}},
     NULL,
     "/c/a.conf:1: profile x stands already in /c/p.conf:2"},
    {{.file = {{"/c/p.conf", "[defaults]\nmaildir = /m/%d/%a\ninclude = a.conf\n"},
               {"/c/a.conf", "\n[account a]\nhost = h.example\nuser = a\n"}}},
     NULL,
     "/c/p.conf:2: account a (/c/a.conf:2): maildir: %d is the domain"},
    {{.file = {{"/c/p.conf", "include = a.conf\n"}, {"/c/a.conf", "# nothing\n"}}},
     NULL,
     "/c/p.conf:1: no account"},
    {{.file = {{"/c/p.conf", "include = conf.d/*.conf\n"}}},
     NULL,
     "/c/p.conf:1: no account; write a section [account NAME]\nthere is an include, but no file"},
    /* in circles */
    {{.file = {{"/c/p.conf", "include = p.conf\n"}}},
     NULL,
     "/c/p.conf:1: /c/p.conf is read already, as /c/p.conf"},
    {{.file = {{"/c/p.conf", "include = a.conf\n"}, {"/c/a.conf", "\ninclude = *.conf\n"}}},
     NULL,
     "/c/a.conf:2: /c/a.conf is read already"},
    {{.file = {{"/c/p.conf", "include = a.conf\n"},
               {"/c/a.conf", "include = ../c/p.conf\n"},
               {"/c/../c/p.conf", "->/c/p.conf"}}},
     NULL,
     "/c/a.conf:1: /c/../c/p.conf is read already, as /c/p.conf"},
    {{.file = {{"/c/p.conf", "include = a.conf\ninclude = b.conf\n"},
               {"/c/a.conf", ACCOUNT("a")},
               {"/c/b.conf", "->/c/a.conf"}}},
     NULL,
     "/c/p.conf:2: /c/b.conf is read already, as /c/a.conf"},
    {{.file = {{"/loop/0.conf", ""}}, .endless = true},
     NULL,
     "/loop/8.conf:1: include goes more than 8 files deep"},
    {{.file = {{"/c/p.conf", "include = d/*.conf\n"}}, .locked = true},
     NULL,
     "/c/p.conf:1: /c/d/*.conf: a folder cannot be read"},
    {{.file = {{"/c/p.conf", "include = ~x/a.conf\n"}}}, NULL, "/c/p.conf:1: include: \"~\""},
    {{.file = {{"/c/p.conf", "include = %a.conf\n"}}},
     NULL,
     "/c/p.conf:1: include: \"%\" is reserved"},
    {{.file = {{"/c/p.conf", "include =\n"}}}, NULL, "/c/p.conf:1: include has no value"},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct disk d = cases[i].disk;
        struct config c;
        struct err e;
        int rc = load(&c, &d, &e);
        char names[128] = "";
        if ((rc == 0) != (cases[i].accounts != NULL))
            fail_msg("case %zu: %s", i, rc ? e.text : "taken");
        for (size_t k = 0; rc == 0 && k < c.n_accounts; k++)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s ",
                     c.accounts[k].name);
        if (rc == 0)
            assert_string_equal(names, cases[i].accounts);
        else if (strncmp(e.text, cases[i].says, strlen(cases[i].says)) != 0)
            fail_msg("case %zu says: %s", i, e.text);
        assert_int_equal(e.status, rc ? ST_CONFIG : ST_OK);
        config_free(&c);
    }
}

static void test_places(void **state)
{
    (void)state;
    struct disk d = {.file = {{"/c/p.conf", "include = *.inc\n" ACCOUNT("p")},
                              {"/c/a.inc", ACCOUNT("a") "password = \"x\"\n"},
                              {"/c/b.inc", ACCOUNT("b") "password_file = /p/b\nmax_delete = 3\n"}}};
    struct config c;
    struct err e;
    assert_int_equal(load(&c, &d, &e), 0);
    assert_string_equal(c.file, "/c/p.conf");
    assert_int_equal(c.n_files, 3);
    assert_int_equal(c.files[0].secret_line, 0);
    assert_string_equal(c.files[1].name, "/c/a.inc");
    assert_int_equal(c.files[1].secret_line, 5);
    assert_int_equal(c.files[2].secret_line, 0);
    assert_string_equal(c.accounts[1].file, "/c/a.inc");
    assert_string_equal(c.accounts[2].secret.file, "/c/b.inc");
    assert_int_equal(c.accounts[2].secret.line, 5);
    assert_non_null(strstr(c.warnings.p, "/c/a.inc:5: the quotes around the password"));
    assert_non_null(strstr(c.warnings.p, "/c/b.inc:6: max_delete has no effect"));
    config_free(&c);
}

/* A file for each of ten thousand schools, and no more: no run eats the machine's memory. */
static int many_read(void *ctx, const char *path, struct buf *text, uint64_t id[2], struct err *e)
{
    unsigned *n = ctx;
    (void)path;
    (void)e;
    id[0] = ++*n;
    if (*n == 1)
        return buf_add_c(text, "include = *\n");
    return buf_addf(text, "[account %u]\nhost = h.example\nuser = %u\nmaildir = /m/%u\n", *n, *n,
                    *n);
}

static int many_list(void *ctx, const char *pattern, struct config_names *out, struct err *e)
{
    (void)ctx;
    (void)pattern;
    (void)e;
    out->name = mem_zalloc(CONFIG_FILES_MAX, sizeof *out->name);
    while (out->n < CONFIG_FILES_MAX)
        out->name[out->n++] = mem_strdup("x");
    return 0;
}

static void test_limits(void **state)
{
    (void)state;
    unsigned n = 0;
    struct config_source source = {.ctx = &n, .read = many_read, .list = many_list};
    struct config c;
    struct err e = ERR_INIT;
    assert_int_equal(config_load(&c, "p", NULL, &source, &e), -1);
    assert_string_equal(e.text, "p:1: more than 10000 files");

    char *big = calloc(1, CONFIG_OCTETS_MAX / 2 + 10);
    assert_non_null(big);
    memset(big, '\n', CONFIG_OCTETS_MAX / 2 + 1);
    struct disk d = {.file = {{"/p", "include = a\ninclude = b\n"}, {"/a", big}, {"/b", big}}};
    assert_int_equal(load(&c, &d, &e), -1);
    assert_non_null(strstr(e.text, "/p:2: /b is larger than"));
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
