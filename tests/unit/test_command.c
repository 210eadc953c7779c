/* SPDX-License-Identifier: ISC */
/* If these fail, a password reaches a log or carries a command, or answers lose their order. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/pop3/engine.h"

#include <stdlib.h>
#include <string.h>

struct sender {
    struct engine *en;
    struct buf out;
    struct err e;
};

static void open_sender(struct sender *s)
{
    *s = (struct sender){.en = engine_new(), .out = BUF_INIT(1 << 24)};
}

static void close_sender(struct sender *s)
{
    engine_free(s->en);
    buf_free(&s->out);
}

static void send_command(struct sender *s, enum pop3_verb verb, uint32_t number, const char *arg,
                         uint64_t tag)
{
    assert_int_equal(engine_send(s->en, verb, number, sv_of(arg), tag, &s->out, &s->e), 0);
}

static void test_commands(void **state)
{
    struct sender s;
    (void)state;
    open_sender(&s);
    send_command(&s, POP3_USER, 0, "706590@meb.k12.tr", 0);
    send_command(&s, POP3_PASS, 0, "a b", 0);
    send_command(&s, POP3_LIST, 0, NULL, 0);
    send_command(&s, POP3_LIST, 3, NULL, 0);
    send_command(&s, POP3_RETR, UINT32_MAX, NULL, 0);
    assert_string_equal(s.out.p, "USER 706590@meb.k12.tr\r\nPASS a b\r\nLIST\r\nLIST 3\r\n"
                                 "RETR 4294967295\r\n");
    assert_int_equal(engine_in_flight(s.en), 5);
    size_t n = s.out.n;
    static const struct {
        enum pop3_verb verb;
        uint32_t number;
        struct sv arg;
        enum status status;
    } bad[] = {
        {POP3_PASS, 0, {"a\r\nDELE 1", 9}, ST_CONFIG}, {POP3_USER, 0, {"a\n", 2}, ST_CONFIG},
        {POP3_PASS, 0, {"a\0b", 3}, ST_CONFIG},        {POP3_RETR, 0, {NULL, 0}, ST_SOFTWARE},
        {POP3_DELE, 0, {NULL, 0}, ST_SOFTWARE},        {POP3_NOOP, 0, {"x", 1}, ST_SOFTWARE},
        {POP3_STAT, 1, {NULL, 0}, ST_SOFTWARE},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(engine_send(s.en, bad[i].verb, bad[i].number, bad[i].arg, 0, &s.out, &s.e),
                         -1);
        assert_int_equal(s.e.status, bad[i].status);
    }
    char arg[POP3_COMMAND_MAX];
    memset(arg, 'x', sizeof arg);
    struct sv fits = sv_make(arg, POP3_COMMAND_MAX - 7), over = sv_make(arg, POP3_COMMAND_MAX - 6);
    assert_int_equal(engine_send(s.en, POP3_PASS, 0, over, 0, &s.out, &s.e), -1);
    assert_int_equal(s.e.status, ST_SOFTWARE);
    assert_null(strstr(s.e.text, "xxx"));
    assert_int_equal(s.out.n, n);
    assert_int_equal(engine_send(s.en, POP3_PASS, 0, fits, 0, &s.out, &s.e), 0);
    assert_int_equal(s.out.n, n + POP3_COMMAND_MAX);
    assert_int_equal(engine_in_flight(s.en), 6);
    close_sender(&s);
}

static void test_queue_limit(void **state)
{
    struct sender s;
    (void)state;
    open_sender(&s);
    struct sv greeting = SV("+OK\r\n");
    struct pop3_event hello;
    assert_int_equal(engine_next(s.en, &greeting, &hello, &s.e), 0);
    /* the ring goes round and grows while it is not at its beginning */
    uint64_t sent = 0, answered = 0;
    for (int i = 0; i < 500; i++) {
        send_command(&s, POP3_NOOP, 0, NULL, sent++);
        send_command(&s, POP3_NOOP, 0, NULL, sent++);
        struct sv in = SV("+OK\r\n");
        struct pop3_event ev;
        assert_int_equal(engine_next(s.en, &in, &ev, &s.e), 0);
        assert_int_equal(ev.tag, answered++);
    }
    while (engine_in_flight(s.en) < POP3_IN_FLIGHT_MAX)
        send_command(&s, POP3_NOOP, 0, NULL, sent++);
    assert_int_equal(engine_send(s.en, POP3_NOOP, 0, SV_NULL, 0, &s.out, &s.e), -1);
    assert_int_equal(s.e.status, ST_SOFTWARE);
    while (answered < sent) {
        struct sv in = SV("+OK\r\n");
        struct pop3_event ev;
        assert_int_equal(engine_next(s.en, &in, &ev, &s.e), 0);
        assert_int_equal(ev.tag, answered++);
    }
    assert_int_equal(engine_in_flight(s.en), 0);
    close_sender(&s);
}

static void test_full_out_holds_nothing_of_the_secret(void **state)
{
    struct engine *en = engine_new();
    struct buf out = BUF_INIT(17); /* room for the password, not for the line end behind it */
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(engine_send(en, POP3_NOOP, 0, SV_NULL, 0, &out, &e), 0);
    assert_int_equal(engine_send(en, POP3_PASS, 0, SV("secret"), 0, &out, &e), -1);
    assert_int_equal(e.status, ST_SOFTWARE);
    assert_int_equal(out.n, 6);
    for (size_t i = 6; i < 17; i++)
        assert_int_equal(out.p[i], 0);
    assert_int_equal(engine_in_flight(en), 1);
    engine_free(en);
    buf_free(&out);
}

static void test_trace(void **state)
{
    static const struct {
        enum pop3_verb verb;
        uint32_t number;
        const char *arg, *shown;
    } cases[] = {
        {POP3_PASS, 0, "geheim", "PASS ***"},
        {POP3_AUTH, 0, "PLAIN AGEAZ2VoZWlt", "AUTH PLAIN ***"},
        {POP3_AUTH, 0, "PLAIN", "AUTH PLAIN"},
        {POP3_AUTH_LINE, 0, "Z2VoZWlt", "***"},
        {POP3_USER, 0, "706590@meb.k12.tr", "USER 706590@meb.k12.tr"},
        {POP3_USER, 0, "a\x1b", "USER a\\x1b"},
        {POP3_RETR, 12, NULL, "RETR 12"},
        {POP3_UIDL, 0, NULL, "UIDL"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = BUF_INIT(1000);
        engine_trace(&b, cases[i].verb, cases[i].number, sv_of(cases[i].arg));
        assert_string_equal(b.p, cases[i].shown);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_queue_limit),
        cmocka_unit_test(test_full_out_holds_nothing_of_the_secret),
        cmocka_unit_test(test_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
