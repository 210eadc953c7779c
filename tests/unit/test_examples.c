/* SPDX-License-Identifier: ISC */
/*
 * The examples are parsed and the manual's list of keys is compared with the table. What a user
 * loses if these fail: an example that does not work, or a key that the manual hides or makes up.
 * Runs in the top of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glob.h>

#include <cmocka.h>

#include "popkeep/config/config.h"
#include "popkeep/config/provider.h"

static const char manual[] = "man/popkeep.conf.5";

static char *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s cannot be opened (the test runs in the top of the tree)", path);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    *n = fread(text, 1, (1 << 20) - 1, f);
    fclose(f);
    assert_true(*n > 0);
    return text;
}

/* An example's text; folders that it includes are empty. */
static int read_text(void *ctx, const char *path, struct buf *text, uint64_t id[2], struct err *e)
{
    const struct sv *only = ctx;
    (void)path;
    (void)id;
    (void)e;
    return buf_add_sv(text, *only);
}

static int list_nothing(void *ctx, const char *pattern, struct config_names *out, struct err *e)
{
    (void)ctx;
    (void)pattern;
    (void)out;
    (void)e;
    return 0;
}

static int parse(struct config *c, struct sv text, const char *file, struct err *e)
{
    const struct config_source source = {.ctx = &text, .read = read_text, .list = list_nothing};
    return config_load(c, file, "/home/user", &source, e);
}

static void test_every_example(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob("examples/*.conf", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 5);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct config c;
        struct err e = ERR_INIT;
        size_t n;
        char *text = slurp(found.gl_pathv[i], &n);
        if (parse(&c, sv_make(text, n), found.gl_pathv[i], &e) != 0)
            fail_msg("%s", e.text);
        if (c.warnings.n > 0)
            fail_msg("%s", c.warnings.p);
        /* An example may be readable by all, so it must not teach to put a password there. */
        assert_int_equal(c.files[0].secret_line, 0);
        config_free(&c);
        free(text);
    }
    globfree(&found);
}

/* The unit hands over the credentials that the configuration beside it asks for. */
static void test_credentials(void **state)
{
    (void)state;
    struct config c;
    struct err e = ERR_INIT;
    size_t n;
    char *unit =
        slurp("examples/popkeep.service", &n); /* popkeep@.service is the same but for --shard */
    char *text = slurp("examples/systemd.conf", &n);
    assert_int_equal(config_parse(&c, sv_make(text, n), "systemd.conf", NULL, &e), 0);
    for (size_t i = 0; i < c.n_accounts; i++) {
        char wanted[128];
        assert_int_equal(c.accounts[i].secret.kind, SECRET_CREDENTIAL);
        snprintf(wanted, sizeof wanted, "\nLoadCredential=%s:", c.accounts[i].secret.value);
        assert_non_null(strstr(unit, wanted));
        assert_memory_equal(c.accounts[i].maildir, "/srv/popkeep/", 13);
    }
    assert_non_null(strstr(unit, "\nReadWritePaths=/srv/popkeep\n"));
    config_free(&c);
    free(text);
    free(unit);
}

/* The file's text from one mark to another must parse: what the manual shows is what works. */
static void test_examples_in_manual(void **state)
{
    (void)state;
    static const char begin[] = ".Bd -literal", end[] = "\n.Ed";
    size_t n, shown = 0;
    char *text = slurp(manual, &n);
    for (char *p = strstr(text, begin); p; p = strstr(p, begin)) {
        char *from = strchr(p, '\n') + 1;
        char *to = strstr(from, end);
        assert_non_null(to);
        struct config c;
        struct err e = ERR_INIT;
        if (parse(&c, sv_make(from, (size_t)(to - from) + 1), manual, &e) != 0)
            fail_msg("%s\n%.*s", e.text, (int)(to - from), from);
        config_free(&c);
        shown++;
        p = to;
    }
    assert_true(shown >= 2);
    free(text);
}

/* ".It Ic KEY" in the order of the table, no key more and none less, each with its default. */
static void test_keys_in_manual(void **state)
{
    (void)state;
    static const char item[] = "\n.It Ic ";
    size_t n;
    char *text = slurp(manual, &n);
    const char *p = strstr(text, item);
    for (const struct config_key *k = config_keys(); k->name; k++) {
        assert_non_null(p);
        const char *name = p + strlen(item);
        size_t len = strcspn(name, " \n");
        if (len != strlen(k->name) || memcmp(name, k->name, len) != 0)
            fail_msg("the manual has %.*s where the table has %s", (int)len, name, k->name);
        const char *next = strstr(name, item);
        char wanted[128];
        snprintf(wanted, sizeof wanted, "\nDefault: %s.\n", k->default_text);
        const char *found = strstr(name, wanted);
        if (!found || (next && found > next))
            fail_msg("%s: the manual lacks \"Default: %s.\"", k->name, k->default_text);
        p = next;
    }
    assert_null(p);
    free(text);
}

static void test_providers_in_manual(void **state)
{
    (void)state;
    size_t n;
    char *text = slurp(manual, &n);
    size_t listed = 0;
    for (const char *p = strstr(text, "\n.It Cm "); p; p = strstr(p + 1, "\n.It Cm "))
        listed++;
    for (const struct provider *p = provider_table(); p->name; p++, listed--) {
        char wanted[96];
        snprintf(wanted, sizeof wanted, "\n.It Cm %s\n", p->name);
        if (!strstr(text, wanted))
            fail_msg("the manual lacks provider %s", p->name);
    }
    assert_int_equal(listed, 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_example),       cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_examples_in_manual),  cmocka_unit_test(test_keys_in_manual),
        cmocka_unit_test(test_providers_in_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
