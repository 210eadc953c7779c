/* SPDX-License-Identifier: ISC */
/* If these fail, a shell script or a monitor acts on the wrong exit status. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/base/status.h"

#include <string.h>

static const enum status manual_order[] = {
    ST_USAGE, ST_SOFTWARE, ST_IO,          ST_CANTCREATE, ST_DATA,       ST_CONFIG, ST_CERT,
    ST_LOGIN, ST_PROTOCOL, ST_UNAVAILABLE, ST_TEMP,       ST_INCOMPLETE, ST_HELD,   ST_OK};
enum { ORDER = sizeof manual_order / sizeof *manual_order };

static void test_numbers_are_the_manuals(void **state)
{
    static const int numbers[] = {64, 70, 74, 73, 65, 78, 12, 77, 76, 69, 75, 10, 11, 0};
    (void)state;
    for (size_t i = 0; i < ORDER; i++)
        assert_int_equal(manual_order[i], numbers[i]);
}

static void test_worst_follows_the_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < ORDER; i++) {
        for (size_t j = 0; j < ORDER; j++) {
            size_t worse = i < j ? i : j;
            assert_int_equal(status_worst(manual_order[i], manual_order[j]), manual_order[worse]);
        }
    }
}

static void test_every_status_has_one_row(void **state)
{
    size_t rows = 0;
    (void)state;
    for (const struct status_info *row = status_table(); row->name != NULL; row++, rows++) {
        assert_ptr_equal(status_info(row->status), row);
        assert_true(strlen(row->meaning) > 0);
        for (const struct status_info *other = status_table(); other != row; other++) {
            assert_int_not_equal(other->status, row->status);
            assert_int_not_equal(other->rank, row->rank);
            assert_string_not_equal(other->name, row->name);
        }
    }
    assert_int_equal(rows, ORDER);
    for (size_t i = 0; i < ORDER; i++)
        assert_int_equal(status_info(manual_order[i])->status, manual_order[i]);
}

static void test_unknown_number_is_a_fault(void **state)
{
    (void)state;
    assert_int_equal(status_info((enum status)55)->status, ST_SOFTWARE);
    assert_string_equal(status_info(ST_INCOMPLETE)->name, "incomplete");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_the_manuals),
        cmocka_unit_test(test_worst_follows_the_order),
        cmocka_unit_test(test_every_status_has_one_row),
        cmocka_unit_test(test_unknown_number_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
