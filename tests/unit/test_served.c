/* SPDX-License-Identifier: ISC */
/* If these fail, a server that wants time between logins refuses us, or a note that went bad keeps
 * an account from ever being fetched again. */
#include "tempdir.h"
#include "popkeep/run/served.h"

static void test_there_and_back(void **state)
{
    const struct tempdir *t = *state;
    struct served in = {.last_success = 1763800000,
                        .last_try = 1763800900,
                        .failed_in_a_row = 2,
                        .last_login = 1763800901,
                        .delay_s = 600,
                        .last_status = 77};
    struct served out;
    struct stat st, shorter;

    served_load(&out, t->fd, ".");
    assert_int_equal(out.last_success + out.last_try + out.last_login + out.delay_s, 0);
    served_save(&in, t->fd);
    served_load(&out, t->fd, ".");
    assert_memory_equal(&in, &out, sizeof in);
    assert_int_equal(fstatat(t->fd, "served", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    in.last_success = in.delay_s = 0; /* shorter numbers, the same length */
    served_save(&in, t->fd);
    served_load(&out, t->fd, ".");
    assert_memory_equal(&in, &out, sizeof in);
    assert_int_equal(fstatat(t->fd, "served", &shorter, 0), 0);
    assert_int_equal(shorter.st_size, st.st_size);
}

static void test_nonsense_is_nothing(void **state)
{
    static const char *const bad[] = {"",
                                      "\n",
                                      "1 2 3 4 5\n",
                                      "1 2 x 4 5 6\n",
                                      "-1 2 3 4 5 6\n",
                                      "99999999999999999999 2 3 4 5 6\n"};
    struct served s;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        served_parse(&s, sv_of(bad[i]));
        assert_int_equal(s.last_success | s.last_try | s.last_login | s.delay_s, 0);
    }
    served_parse(&s, SV("1 2 3 4 99999999 0\n"));
    assert_int_equal(s.delay_s, SERVED_DELAY_MAX_S);
}

static void test_who_fails_for_ever_is_not_first_for_ever(void **state)
{
    struct served s = {.last_success = 100, .last_try = 900};

    (void)state;
    for (s.failed_in_a_row = 0; s.failed_in_a_row < SERVED_FAILURES; s.failed_in_a_row++)
        assert_int_equal(served_since(&s, 1000), 100);
    assert_int_equal(served_since(&s, 900), 900);
    /* noted while the clock was wrong: last in every run, it might not be served for years */
    assert_int_equal(served_since(&s, 899), 0);
}

static void test_login_delay(void **state)
{
    struct served s = {.last_login = 1000, .delay_s = 600};

    (void)state;
    assert_int_equal(served_delay_left(&s, 1000), 600);
    assert_int_equal(served_delay_left(&s, 1599), 1);
    assert_int_equal(served_delay_left(&s, 1600), 0);
    assert_int_equal(served_delay_left(&s, 999), 0); /* the clock was set back: not believed */
    s.delay_s = 0;
    assert_int_equal(served_delay_left(&s, 1000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_tempdir(test_there_and_back),
        cmocka_unit_test(test_nonsense_is_nothing),
        cmocka_unit_test(test_who_fails_for_ever_is_not_first_for_ever),
        cmocka_unit_test(test_login_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
