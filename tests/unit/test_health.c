/* SPDX-License-Identifier: ISC */
/*
 * How bad an account stands. If this fails, a monitor sleeps while a mailbox is not saved, or wakes
 * somebody at night because a line was down for a minute.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/report/health.h"

#include <string.h>

static void test_nothing_found_is_well(void **state)
{
    (void)state;
    assert_int_equal(health_of(0, ST_OK), HEALTH_WELL);
    assert_int_equal(health_of(health_bit(FINDING_SERVER_KEEPS) | health_bit(FINDING_CERTIFICATE) |
                                   health_bit(FINDING_INTERRUPTED),
                               ST_OK),
                     HEALTH_WELL);
}

/* A network that was down is late, until it has been down for too long. */
static void test_failures_that_may_pass(void **state)
{
    int64_t last_run = health_bit(FINDING_LAST_RUN);
    (void)state;
    assert_int_equal(health_of(last_run, ST_TEMP), HEALTH_LATE);
    assert_int_equal(health_of(last_run, ST_INCOMPLETE), HEALTH_LATE);
    assert_int_equal(health_of(last_run, ST_LOGIN), HEALTH_TROUBLE);
    assert_int_equal(health_of(last_run, ST_HELD), HEALTH_TROUBLE);
    assert_int_equal(health_of(last_run | health_bit(FINDING_STALE), ST_TEMP), HEALTH_TROUBLE);
    assert_int_equal(health_of(last_run | health_bit(FINDING_NO_SUCCESS), ST_TEMP), HEALTH_TROUBLE);
    assert_int_equal(health_of(health_bit(FINDING_STALE), ST_OK), HEALTH_LATE);
    assert_int_equal(health_of(health_bit(FINDING_NEVER_RUN), ST_OK), HEALTH_LATE);
}

/* The worst counts, whatever else there is. */
static void test_one_bad_thing_is_enough(void **state)
{
    static const enum finding bad[] = {FINDING_JOURNAL,    FINDING_NO_MAILDIR,
                                       FINDING_NO_SUCCESS, FINDING_LOGIN_REFUSED,
                                       FINDING_HELD,       FINDING_FULL};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t one = health_bit(bad[i]), all = health_bit(FINDINGS) - 1;
        assert_int_equal(health_of(one, ST_OK), HEALTH_TROUBLE);
        assert_int_equal(health_of(one | health_bit(FINDING_STALE), ST_OK), HEALTH_TROUBLE);
        assert_int_equal(health_of(all, ST_OK), HEALTH_TROUBLE);
        assert_true(health_has(all, bad[i]));
        assert_false(health_has(all & ~one, bad[i]));
    }
}

static void test_words_are_told_apart(void **state)
{
    (void)state;
    for (int f = 0; f < FINDINGS; f++)
        for (int g = 0; g < f; g++)
            assert_string_not_equal(health_finding_word((enum finding)f),
                                    health_finding_word((enum finding)g));
    assert_string_equal(health_word(HEALTH_WELL), "well");
    assert_string_equal(health_word(HEALTH_LATE), "late");
    assert_string_equal(health_word(HEALTH_TROUBLE), "trouble");
    assert_string_equal(health_word(-1), "trouble");
    assert_string_equal(health_word(INT64_MAX), "trouble");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_found_is_well),
        cmocka_unit_test(test_failures_that_may_pass),
        cmocka_unit_test(test_one_bad_thing_is_enough),
        cmocka_unit_test(test_words_are_told_apart),
    };
    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
