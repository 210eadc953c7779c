/* SPDX-License-Identifier: ISC */
/*
 * JSON Lines. If this fails, a monitoring script stops at the first message with an odd name, or
 * reads a number that is not the one that was meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "popkeep/base/text.h"
#include "popkeep/report/text.h"

#include <stdio.h>
#include <string.h>

/* A validator of its own, strict after RFC 8259: *p is moved behind what was taken. */
static bool take_value(const char **p, int depth);

static bool take_string(const char **p)
{
    static const char hex[] = "0123456789abcdefABCDEF";
    if (*(*p)++ != '"')
        return false;
    while (**p != '"') {
        unsigned char c = (unsigned char)*(*p)++;
        if (c < 0x20 || c == 0x7f)
            return false; /* the end of the text, too */
        if (c != '\\')
            continue;
        c = (unsigned char)*(*p)++;
        if (c == 'u') {
            for (int i = 0; i < 4; i++)
                if (**p == '\0' || strchr(hex, *(*p)++) == NULL)
                    return false;
        } else if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL) {
            return false;
        }
    }
    (*p)++;
    return true;
}

static bool take_number(const char **p)
{
    *p += **p == '-';
    size_t n = strspn(*p, "0123456789");
    if (n == 0 || (n > 1 && **p == '0'))
        return false;
    *p += n;
    return true;
}

/* An object, whose members have names, or an array. */
static bool take_members(const char **p, int depth, char end)
{
    (*p)++;
    if (**p == end) {
        (*p)++;
        return true;
    }
    for (;;) {
        if ((end == '}' && (!take_string(p) || *(*p)++ != ':')) || !take_value(p, depth + 1))
            return false;
        char c = *(*p)++;
        if (c == end)
            return true;
        if (c != ',')
            return false;
    }
}

static bool take_value(const char **p, int depth)
{
    static const char *const words[] = {"true", "false", "null"};
    if (depth > 4)
        return false;
    if (**p == '"')
        return take_string(p);
    if (**p == '{')
        return take_members(p, depth, '}');
    if (**p == '[')
        return take_members(p, depth, ']');
    for (size_t i = 0; i < 3; i++) {
        if (strncmp(*p, words[i], strlen(words[i])) == 0) {
            *p += strlen(words[i]);
            return true;
        }
    }
    return take_number(p);
}

/* One object, one newline, nothing else, UTF-8. */
static bool is_json_line(struct sv line)
{
    const char *p = line.p;
    if (line.n < 3 || memchr(p, '\0', line.n) != NULL || !text_is_utf8(line) || *p != '{')
        return false;
    return take_value(&p, 0) && p == line.p + line.n - 1 && *p == '\n';
}

static struct buf json_of(const struct event *ev)
{
    struct buf out = BUF_INIT(1 << 20);
    report_json(&out, ev);
    assert_true(is_json_line(buf_sv(&out)));
    return out;
}

/* The validator must be able to say no, else the tests below say nothing. */
static void test_validator(void **state)
{
    (void)state;
    static const char *const bad[] = {"{}",
                                      "{}\n\n",
                                      "{\"a\":}\n",
                                      "{\"a\":01}\n",
                                      "{'a':1}\n",
                                      "{\"a\":\"\x1b\"}\n",
                                      "{\"a\":1,}\n",
                                      "[]\n",
                                      "{\"a\":\"\\x\"}\n",
                                      "{\"a\":\"\xff\"}\n",
                                      "{\"a\":\"b}\n",
                                      "{\"a\":[1,]}\n",
                                      "{\"a\":[1}\n"};
    assert_true(is_json_line(SV("{\"a\":1,\"b\":\"\\u00e7\\n\",\"c\":true}\n")));
    assert_true(is_json_line(SV("{\"a\":[],\"b\":[\"c\",\"d\"]}\n")));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (is_json_line(sv_of(bad[i])))
            fail_msg("taken for JSON: %s", bad[i]);
}

/* The form that popkeep-json(5) promises. */
static void test_exact(void **state)
{
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_STORED, "706590");
    ev.num[EN_TIME] = 1795347831;
    ev.num[EN_NUMBER] = 12;
    ev.num[EN_OCTETS] = 3412;
    ev.str[ES_UIDL] = SV("0001\"x\\");
    ev.str[ES_FILE] = SV("new/1");
    ev.str[ES_REASON] = SV("no field of this kind");
    struct buf out = json_of(&ev);
    assert_string_equal(out.p,
                        "{\"v\":1,\"event\":\"message-stored\",\"time\":\"2026-11-22T11:43:51Z\","
                        "\"account\":\"706590\",\"number\":12,\"uidl\":\"0001\\\"x\\\\\","
                        "\"octets\":3412,\"file\":\"new/1\"}\n");
    buf_free(&out);
    event_init(&ev, EVENT_ERROR, "a");
    ev.num[EN_STATUS] = ST_TEMP;
    out = json_of(&ev);
    assert_string_equal(out.p, "{\"v\":1,\"event\":\"error\",\"account\":\"a\",\"status\":75,"
                               "\"status_name\":\"temporary\"}\n");
    buf_free(&out);
    event_init(&ev, EVENT_STEP, "a");
    ev.num[EN_OK] = 0;
    ev.str[ES_STEP] = SV("login");
    out = json_of(&ev);
    assert_string_equal(out.p,
                        "{\"v\":1,\"event\":\"check-step\",\"account\":\"a\",\"step\":\"login\","
                        "\"ok\":false}\n");
    buf_free(&out);
    event_init(&ev, EVENT_PROGRESS, "a");
    ev.num[EN_PHASE] = PHASE_DELETING;
    ev.num[EN_DONE] = 0;
    out = json_of(&ev);
    assert_string_equal(out.p, "{\"v\":1,\"event\":\"progress\",\"account\":\"a\","
                               "\"phase\":\"deleting\",\"done\":0}\n");
    buf_free(&out);
}

/* A summary that says nothing is still an object, and belongs to no account. */
static void test_empty(void **state)
{
    (void)state;
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        struct event ev;
        event_init(&ev, (enum event_kind)kind, NULL);
        struct buf out = json_of(&ev);
        assert_null(strstr(out.p, "null"));
        assert_null(strstr(out.p, "-9223372036854775808"));
        buf_free(&out);
    }
}

/* Any octets in any string of any kind: every single octet, pairs of the dangerous ones, all 256.
 */
static void test_hostile_strings(void **state)
{
    (void)state;
    char all[256];
    static const char *const hostile[] = {"\x1b[2J\x1b]0;x\a",
                                          "a\nb\r\n{\"v\":1}",
                                          "\xe2\x80\xae",
                                          "\xc2\x9b",
                                          "\xed\xa0\x80",
                                          "\"}\n{",
                                          "\xf4\x90\x80\x80",
                                          "\xc3",
                                          "\x7f",
                                          "\xe2\x80\xa8"};
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        for (size_t i = 0; i < 257 + sizeof hostile / sizeof *hostile; i++) {
            struct event ev;
            event_init(&ev, (enum event_kind)kind, NULL);
            for (int k = 0; k < EVENT_STRS; k++)
                ev.str[k] = i < 256    ? sv_make(all + i, 1)
                            : i == 256 ? sv_make(all, 256)
                                       : sv_of(hostile[i - 257]);
            struct buf out = json_of(&ev);
            assert_null(memchr(out.p, 0x1b, out.n));
            assert_ptr_equal(memchr(out.p, '\n', out.n), out.p + out.n - 1);
            assert_null(strstr(out.p, "\xe2\x80\xae"));
            assert_null(strstr(out.p, "\xc2\x9b"));
            buf_free(&out);
        }
    }
}

/* Every number at its edges, times included: a time no calendar has is left out. */
static void test_numbers(void **state)
{
    (void)state;
    static const int64_t edges[] = {0, 1, -1, INT64_MAX, INT64_MIN + 1, 253402300800, 1795347831};
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
            struct event ev;
            event_init(&ev, (enum event_kind)kind, "a");
            for (int k = 0; k < EVENT_NUMS; k++)
                ev.num[k] = edges[i];
            struct buf out = json_of(&ev);
            assert_null(strchr(out.p, '@'));
            for (const struct event_field *f = event_fields((enum event_kind)kind); f->name != NULL;
                 f++) {
                char name[64];
                snprintf(name, sizeof name, "\"%s\":", f->name);
                bool expected =
                    f->is_str ? f->slot == ES_ACCOUNT : f->as != EVENT_AS_TIME || i < 3 || i == 6;
                if (i == 2 && f->as == EVENT_AS_TIME)
                    continue; /* 1969: either is right */
                assert_int_equal(strstr(out.p, name) != NULL, expected);
            }
            buf_free(&out);
        }
    }
}

/* A buffer that is full takes no half line. */
static void test_no_half_line(void **state)
{
    (void)state;
    struct event ev;
    event_init(&ev, EVENT_NOTE, "a");
    ev.str[ES_TEXT] = SV("0123456789012345678901234567890123456789");
    for (size_t max = 0; max < 120; max++) {
        struct buf out = BUF_INIT(max);
        report_json(&out, &ev);
        assert_true(out.n == 0 || is_json_line(buf_sv(&out)));
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validator), cmocka_unit_test(test_exact),
        cmocka_unit_test(test_empty),     cmocka_unit_test(test_hostile_strings),
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_no_half_line),
    };
    return cmocka_run_group_tests_name("report json", tests, NULL, NULL);
}
