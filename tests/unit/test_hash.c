/* SPDX-License-Identifier: ISC */
/* If these fail, a damaged mail or journal passes for a good one, or a good one for damaged. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/base/hash.h"
#include "popkeep/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_hex(const unsigned char *digest, const char *expected)
{
    char hex[HASH_HEX];
    text_hex(hex, digest, HASH_OCTETS);
    assert_string_equal(hex, expected);
}

#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OF_AS      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" /* 10^6 x 'a' */

static void test_known_digests(void **state)
{
    unsigned char out[HASH_OCTETS];
    (void)state;
    hash_once("", 0, out);
    assert_hex(out, OF_NOTHING);
    hash_once(NULL, 0, out);
    assert_hex(out, OF_NOTHING);
    hash_once("abc", 3, out);
    assert_hex(out, OF_ABC);
}

static void test_streams_and_starts_again(void **state)
{
    struct hash h = HASH_INIT;
    unsigned char out[HASH_OCTETS];
    char as[1000];
    (void)state;
    memset(as, 'a', sizeof as);
    for (int round = 0; round < 2; round++) {
        hash_init(&h);
        for (int i = 0; i < 1000; i++) {
            hash_add(&h, as, 137);
            hash_add(&h, NULL, 0);
            hash_add(&h, as + 137, sizeof as - 137);
        }
        hash_end(&h, out);
        assert_hex(out, OF_AS);
    }
    hash_init(&h);
    hash_add(&h, "left over", 9);
    hash_init(&h); /* an abandoned message leaves nothing behind */
    hash_add(&h, "abc", 3);
    hash_end(&h, out);
    assert_hex(out, OF_ABC);
    hash_free(&h);
    hash_free(&h);
}

static void test_copy_forks(void **state)
{
    struct hash a = HASH_INIT, b = HASH_INIT;
    unsigned char out[HASH_OCTETS];
    (void)state;
    hash_init(&a);
    hash_init(&b);
    hash_add(&b, "other", 5);
    hash_add(&a, "ab", 2);
    hash_copy(&b, &a);
    hash_add(&a, "x", 1);
    hash_add(&b, "c", 1);
    hash_end(&b, out);
    assert_hex(out, OF_ABC);
    hash_free(&a);
    hash_free(&b);
}

static void test_crc32(void **state)
{
    (void)state;
    assert_int_equal(hash_crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(hash_crc32(hash_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(hash_crc32(0x1234, NULL, 0), 0x1234);
    assert_int_equal(hash_crc32(0, "", 0), 0);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Numbered UIDLs are what servers send: a table must not degrade into a list on them. */
static void test_mix_spreads(void **state)
{
    enum { KEYS = 100000, SLOTS = 1 << 17 };
    uint64_t *values = calloc(KEYS, sizeof *values);
    unsigned char *slots = calloc(SLOTS, 1);
    size_t used = 0;
    (void)state;
    for (unsigned i = 0; i < KEYS; i++) {
        char key[32];
        int n = snprintf(key, sizeof key, "%010u.65f0a1b2", i);
        values[i] = hash_mix(key, (size_t)n);
        used += slots[values[i] % SLOTS]++ == 0;
    }
    qsort(values, KEYS, sizeof *values, by_value);
    for (unsigned i = 1; i < KEYS; i++)
        assert_true(values[i] != values[i - 1]);
    assert_true(used > 68000 && used < 72000); /* chance gives 69,958 of 131,072 */
    free(values);
    free(slots);
}

static void test_mix_sees_every_octet(void **state)
{
    char key[40] = {0};
    (void)state;
    assert_true(hash_mix(key, 7) != hash_mix(key, 8)); /* trailing NULs count */
    assert_true(hash_mix(NULL, 0) == hash_mix("", 0));
    for (size_t n = 1; n < sizeof key; n++) {
        uint64_t before = hash_mix(key, n);
        for (size_t i = 0; i < n; i++) {
            key[i] = 1;
            assert_true(hash_mix(key, n) != before);
            key[i] = 0;
        }
        assert_true(hash_mix(key, n) == before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_digests), cmocka_unit_test(test_streams_and_starts_again),
        cmocka_unit_test(test_copy_forks),    cmocka_unit_test(test_crc32),
        cmocka_unit_test(test_mix_spreads),   cmocka_unit_test(test_mix_sees_every_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
