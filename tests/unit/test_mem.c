/* SPDX-License-Identifier: ISC */
/* If these fail, names and UIDLs in memory overlap, or popkeep goes on without memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/base/mem.h"
#include "popkeep/sys/memory.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

static void test_plain(void **state)
{
    (void)state;
    char *p = mem_alloc(0);
    assert_non_null(p);
    free(p);
    unsigned char *z = mem_zalloc(10, 100);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(z[i], 0);
    z = mem_realloc(z, 2000, 1);
    assert_int_equal(z[999], 0);
    z = mem_realloc(z, 0, 1);
    assert_non_null(z);
    free(z);
    free(mem_zalloc(0, 5));
}

static void test_copies(void **state)
{
    (void)state;
    assert_null(mem_strdup(NULL));
    char *a = mem_strdup("abc");
    assert_string_equal(a, "abc");
    mem_wipe_free(a);
    mem_wipe_free(NULL);
    char *b = mem_strndup("a\0bc", 3);
    assert_memory_equal(b, "a\0b\0", 4);
    free(b);
    char *c = mem_strndup(NULL, 0);
    assert_string_equal(c, "");
    free(c);
    char *d = mem_printf("%s/%d", "x", 7);
    assert_string_equal(d, "x/7");
    free(d);
}

static void test_wipe(void **state)
{
    char secret[] = "password";
    (void)state;
    mem_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
    mem_wipe(NULL, 0);
}

static void test_arena_keeps_all_apart(void **state)
{
    enum { THINGS = 3000 };
    static char *names[THINGS];
    static uint64_t *numbers[THINGS];
    struct arena a = ARENA_INIT;
    (void)state;
    for (size_t i = 0; i < THINGS; i++) {
        char name[400];
        size_t n = i % 400;
        memset(name, (int)('a' + i % 26), n);
        names[i] = arena_dup(&a, name, n);
        numbers[i] = arena_alloc(&a, sizeof *numbers[i]);
        *numbers[i] = i;
        if (i % 100 == 0) /* larger than any block */
            memset(arena_alloc(&a, 100000), 0xff, 100000);
    }
    for (size_t i = 0; i < THINGS; i++) {
        assert_int_equal((uintptr_t)numbers[i] % alignof(max_align_t), 0);
        assert_int_equal(*numbers[i], i);
        assert_int_equal(strlen(names[i]), i % 400);
        assert_int_equal(strspn(names[i], (char[]){(char)('a' + i % 26), '\0'}), i % 400);
    }
    assert_ptr_not_equal(arena_alloc(&a, 0), arena_alloc(&a, 0));
    assert_memory_equal(arena_dup(&a, "a\0b", 3), "a\0b", 4);
    assert_string_equal(arena_dup(&a, NULL, 0), "");
    arena_free(&a);
    assert_null(a.head);
    arena_free(&a);
}

#ifndef WITH_ASAN /* it ends the program itself, with another status */
static volatile size_t much = SIZE_MAX / 4;

static void ask_alloc(void)
{
    free(mem_alloc(much));
}

static void ask_zalloc(void)
{
    free(mem_zalloc(much, 8)); /* the product wraps round to a small number */
}

static void ask_realloc(void)
{
    free(mem_realloc(NULL, much, 8));
}

static void ask_arena(void)
{
    struct arena a = ARENA_INIT;
    memset(arena_alloc(&a, much), 1, 1);
    arena_free(&a);
}

static void ask_openssl(void)
{
    memory_guard_openssl(); /* nothing of OpenSSL was used before in this program */
    OPENSSL_free(OPENSSL_malloc(much));
}

static void ask_openssl_more(void)
{
    memory_guard_openssl();
    char *p = OPENSSL_realloc(OPENSSL_zalloc(5), 500);
    if (OPENSSL_malloc(0) != NULL || p == NULL || OPENSSL_realloc(p, 0) != NULL)
        _exit(1);
    static char *volatile held; /* still known when the program ends: no leak */
    held = OPENSSL_malloc(5);
    OPENSSL_free(OPENSSL_realloc(held, much));
}

static int ending_of(void (*ask)(void))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO);
        ask();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_no_memory_ends_with_70(void **state)
{
    (void)state;
    assert_int_equal(ending_of(ask_alloc), 70);
    assert_int_equal(ending_of(ask_zalloc), 70);
    assert_int_equal(ending_of(ask_realloc), 70);
    assert_int_equal(ending_of(ask_arena), 70);
    assert_int_equal(ending_of(ask_openssl), 70);
    assert_int_equal(ending_of(ask_openssl_more), 70);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_arena_keeps_all_apart),
#ifndef WITH_ASAN
        cmocka_unit_test(test_no_memory_ends_with_70),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
