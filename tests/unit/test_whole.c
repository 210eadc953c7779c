/* SPDX-License-Identifier: ISC */
/* If these fail, an administrator reads one school's trouble in the middle of another's lines, or
 * does not read it at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/report/whole.h"

static char said[4096]; /* "1:text|2:text|" */

static void out(void *ctx, int stream, struct sv text)
{
    size_t n = strlen(said);

    assert_ptr_equal(ctx, said);
    snprintf(said + n, sizeof said - n, "%d:%.*s|", stream, (int)text.n, text.p);
}

static void add(struct whole *w, const char *account, int stream, const char *text)
{
    whole_add(w, sv_of(account), stream, sv_of(text), out, said);
}

static void test_lines_stay_together(void **state)
{
    struct whole w = {0};

    (void)state;
    said[0] = '\0';
    add(&w, "a", 1, "a1 ");
    add(&w, "b", 2, "b1 ");
    add(&w, "a", 1, "a2 ");
    add(&w, "a", 2, "a3 ");
    add(&w, "a", 2, "");
    add(&w, "c", 1, "c1 ");
    assert_string_equal(said, "");
    whole_end(&w, SV("a"), out, said);
    assert_string_equal(said, "1:a1 a2 |2:a3 |");
    whole_end(&w, SV("a"), out, said);
    whole_end(&w, SV("nobody"), out, said);
    add(&w, "b", 2, "b2 ");
    said[0] = '\0';
    whole_end_all(&w, out, said);
    assert_string_equal(said, "2:b1 b2 |1:c1 |");
    whole_free(&w);
}

static void test_many_speak(void **state)
{
    struct whole w = {0};
    char name[16], text[32];

    (void)state;
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 100; i++) {
            snprintf(name, sizeof name, "s%d", i);
            snprintf(text, sizeof text, "%d.%d ", i, round);
            add(&w, name, 1, text);
        }
    said[0] = '\0';
    whole_end(&w, SV("s42"), out, said);
    assert_string_equal(said, "1:42.0 42.1 42.2 |");
    whole_free(&w);
}

static size_t octets;

static void count(void *ctx, int stream, struct sv text)
{
    (void)ctx;
    (void)stream;
    octets += text.n;
}

static void test_nothing_is_lost_when_it_is_much(void **state)
{
    static char line[60000];
    struct whole w = {0};
    char *large = malloc(WHOLE_MAX);

    (void)state;
    assert_non_null(large);
    memset(line, 'x', sizeof line);
    memset(large, 'y', WHOLE_MAX);
    octets = 0;
    for (int i = 0; i < 50; i++) {
        whole_add(&w, SV("a"), 1, sv_make(line, sizeof line), count, NULL);
        assert_true(w.v[0].text.n <= WHOLE_MAX);
    }
    assert_true(octets > 0);
    whole_add(&w, SV("a"), 1, sv_make(large, WHOLE_MAX), count, NULL);
    whole_end(&w, SV("a"), count, NULL);
    assert_int_equal(octets, 50 * sizeof line + WHOLE_MAX);
    free(large);
    whole_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_stay_together),
        cmocka_unit_test(test_many_speak),
        cmocka_unit_test(test_nothing_is_lost_when_it_is_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
