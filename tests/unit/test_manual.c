/* SPDX-License-Identifier: ISC */
/*
 * The manual pages are compared with the program's tables: options, commands, exit statuses and
 * their order, events and their fields, presets. What a user loses if this fails: a script written
 * by a manual that hides or makes up what the program does. Runs in the top of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/base/bytes.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/status.h"
#include "popkeep/cmd/options.h"
#include "popkeep/config/provider.h"
#include "popkeep/ledger/retention.h"
#include "popkeep/report/event.h"
#include "popkeep/report/metrics.h"
#include "popkeep/report/nagios.h"

enum { MANUAL_MAX = 1 << 20 };

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s cannot be opened (the test runs in the top of the tree)", path);
    char *text = calloc(1, MANUAL_MAX);
    assert_non_null(text);
    assert_true(fread(text, 1, MANUAL_MAX - 1, f) > 0);
    fclose(f);
    return text;
}

/* A copy of the section ".Sh NAME". */
static char *section(const char *path, const char *name)
{
    char *text = slurp(path), *head = mem_printf("\n.Sh %s\n", name);
    char *begin = strstr(text, head);
    if (!begin)
        fail_msg("%s has no section %s", path, name);
    begin += strlen(head) - 1;
    char *end = strstr(begin, "\n.Sh ");
    char *copy = mem_strndup(begin, end ? (size_t)(end - begin) + 1 : strlen(begin));
    free(text);
    free(head);
    return copy;
}

static size_t times(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

static void expect_once(const char *text, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void expect_once(const char *text, const char *fmt, ...)
{
    struct buf line = BUF_INIT(4096);
    va_list ap;

    va_start(ap, fmt);
    assert_int_equal(buf_vaddf(&line, fmt, ap), 0);
    va_end(ap);
    if (times(text, line.p) != 1)
        fail_msg("this stands %zu times in the manual, not once: %s", times(text, line.p), line.p);
    buf_free(&line);
}

static void test_options(void **state)
{
    (void)state;
    char *where[] = {section("man/popkeep.1", "COMMANDS"), section("man/popkeep.1", "OPTIONS")};
    char *both = mem_printf("%s%s", where[0], where[1]);
    size_t n = 0;
    for (const struct cmd_option *o = cmd_option_table(); o->name; o++, n++) {
        char *lower = mem_strdup(o->argument ? o->argument : "");
        for (char *p = lower; *p; p++)
            *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        char *argument = mem_printf(o->argument ? " Ar %s" : "%s", lower);
        char *letter =
            o->letter ? mem_printf("Fl %c%s , ", o->letter, argument) : mem_printf("%s", "");
        expect_once(both, "\n.It %sFl -%s%s\n", letter, o->name, argument);
        free(lower);
        free(argument);
        free(letter);
    }
    assert_int_equal(times(both, "\n.It Fl "), n);
    free(where[0]);
    free(where[1]);
    free(both);
}

static void test_commands(void **state)
{
    (void)state;
    char *text = section("man/popkeep.1", "COMMANDS");
    size_t n = 0;
    for (const struct cmd_command *c = cmd_command_table(); c->name; c++, n++)
        expect_once(text, "\n.It Cm %s\n", c->name);
    assert_int_equal(times(text, "\n.It Cm "), n);
    free(text);
}

static void test_exit_statuses(void **state)
{
    (void)state;
    char *text = section("man/popkeep.1", "EXIT STATUS");
    size_t n = 0;
    int by_rank[64] = {0};
    for (const struct status_info *s = status_table(); s->name; s++, n++) {
        expect_once(text, "\n.It %d\n", (int)s->status);
        assert_in_range(s->rank, 0, 63);
        by_rank[s->rank] = (int)s->status;
    }
    assert_int_equal(times(text, "\n.It "), n);

    /* the order, the worst first; 64 never is an account's */
    char *list = mem_strdup("");
    for (int rank = 63; rank >= 0; rank--) {
        if ((by_rank[rank] == 0 && rank != 0) || by_rank[rank] == ST_USAGE)
            continue;
        char *longer = mem_printf("%s%s%d", list, *list ? " " : "", by_rank[rank]);
        free(list);
        list = longer;
    }
    for (char *p = text; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    expect_once(text, "%s", list);
    free(list);
    free(text);
}

/* A copy of what stands behind ".It Cm NAME"; null: there is no such event. */
static char *part_of_event(const char *text, const char *name)
{
    char *line = mem_printf("\n.It Cm %s\n", name), *part = NULL;
    const char *begin = strstr(text, line), *end;
    if (begin) {
        begin += strlen(line) - 1;
        end = strstr(begin, "\n.It ");
        part = mem_strndup(begin, end ? (size_t)(end - begin) + 1 : strlen(begin));
    }
    free(line);
    return part;
}

/* An event stands with its own fields, or says by reference whose it has. */
static bool says_field(const char *text, const char *part, const char *field, int depth)
{
    char *li = mem_printf("\n.Li %s", field);
    bool there = false;
    for (const char *p = part; !there && (p = strstr(p, li)); p++)
        there = strchr(" \n", p[strlen(li)]) != NULL;
    free(li);
    for (const char *p = part; !there && depth < 3 && (p = strstr(p, "\n.Ql ")); p++) {
        char *other = mem_strndup(p + 5, strcspn(p + 5, " \n"));
        char *its = part_of_event(text, other);
        there = its && says_field(text, its, field, depth + 1);
        free(its);
        free(other);
    }
    return there;
}

static bool has_field(enum event_kind kind, const char *name)
{
    for (const struct event_field *f = event_fields(kind); f->name; f++)
        if (strcmp(f->name, name) == 0)
            return true;
    return false;
}

/* No field is promised that the event has not. */
static void expect_no_more(const char *text, const char *part, enum event_kind kind)
{
    /* only the numbers of an account are those of the summary */
    int depth = kind == EVENT_SUMMARY ? 3 : 0;
    for (int other = 0; other < EVENT_KINDS; other++)
        for (const struct event_field *f = event_fields((enum event_kind)other); f->name; f++)
            if (says_field(text, part, f->name, depth) && !has_field(kind, f->name))
                fail_msg("the manual makes up the field %s of the event %s", f->name,
                         event_name(kind));
}

static void test_events(void **state)
{
    (void)state;
    char *text = section("man/popkeep-json.5", "EVENTS");
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        char *part = part_of_event(text, event_name((enum event_kind)kind));
        if (!part)
            fail_msg("the event %s is not in the manual", event_name((enum event_kind)kind));
        for (const struct event_field *f = event_fields((enum event_kind)kind); f->name; f++) {
            if (strcmp(f->name, "account") == 0 || strcmp(f->name, "time") == 0 ||
                strcmp(f->name, "run") == 0)
                continue; /* said once for all */
            if (!says_field(text, part, f->name, 0))
                fail_msg("the manual does not tell of the field %s of the event %s", f->name,
                         event_name((enum event_kind)kind));
        }
        expect_no_more(text, part, (enum event_kind)kind);
        free(part);
    }
    assert_int_equal(times(text, "\n.It Cm "), EVENT_KINDS);
    free(text);
}

/* Scripts look for these words. */
static void test_reasons(void **state)
{
    (void)state;
    char *text = section("man/popkeep-json.5", "EVENTS");
    for (int why = RETENTION_NEVER; why <= RETENTION_REFUSED; why++) {
        char *line = mem_printf("\n.Ql %s\n", retention_word((enum retention_why)why));
        char *before = mem_printf("\n.Ql %s ", retention_word((enum retention_why)why));
        if (!strstr(text, line) && !strstr(text, before))
            fail_msg("the manual lacks the reason %s", retention_word((enum retention_why)why));
        free(line);
        free(before);
    }
    free(text);
}

static void test_status_words(void **state)
{
    (void)state;
    char *text = section("man/popkeep-json.5", "EVENTS"), *list = strstr(text, "\n.Ss Statuses\n");
    size_t n = 0;
    assert_non_null(list);
    for (const struct status_info *s = status_table(); s->name; s++, n++)
        expect_once(list, "\n.It %d Ta Ql %s\n", (int)s->status, s->name);
    assert_int_equal(times(list, " Ta Ql "), n);
    free(text);
}

static void test_stages(void **state)
{
    (void)state;
    char *text = section("man/popkeep-json.5", "EVENTS"), *list = strstr(text, "\n.Ss Stages\n");
    assert_non_null(list);
    for (int stage = 0; stage < EVENT_STAGES; stage++)
        expect_once(list, "\n.It Ql %s\n", event_stage_word(stage));
    assert_int_equal(times(list, "\n.It Ql "), EVENT_STAGES);
    free(text);
}

/* An alarm is written by these names. */
static void test_metrics(void **state)
{
    (void)state;
    char *text = section("man/popkeep.1", "METRICS");
    size_t n = 0;
    for (const struct metrics_family *f = metrics_table(); f->name; f++, n++)
        expect_once(text, "\n.It Li %s\n", f->name);
    assert_int_equal(times(text, "\n.It Li "), n);
    free(text);
}

static void test_nagios(void **state)
{
    (void)state;
    char *text = section("man/popkeep.1", "NAGIOS");
    size_t n = 0;
    for (; nagios_measure_word((int)n); n++)
        expect_once(text, "\n.It Cm %s\n", nagios_measure_word((int)n));
    assert_int_equal(times(text, "\n.It Cm "), n);
    for (int s = MONITOR_OK; s <= MONITOR_UNKNOWN; s++)
        expect_once(text, "\n.It %d Ta Ql %s", s, monitor_word((enum monitor_status)s));
    free(text);
}

/* Monitors look for these words. That a journal cannot be read is told by an error instead. */
static void test_findings(void **state)
{
    (void)state;
    char *text = section("man/popkeep-json.5", "EVENTS");
    for (int f = 0; f < FINDINGS; f++) {
        char *line = mem_printf("\n.Ql %s", health_finding_word((enum finding)f));
        if (f != FINDING_JOURNAL && strstr(text, line) == NULL)
            fail_msg("the manual lacks the finding %s", health_finding_word((enum finding)f));
        free(line);
    }
    free(text);
}

/* Every field that the manual names is one of some event's. */
static void test_no_field_made_up(void **state)
{
    (void)state;
    char *text = section("man/popkeep-json.5", "EVENTS");
    char *events = strstr(text, "\n.Bl ");
    assert_non_null(events);
    for (char *p = events; (p = strstr(p, "\n.Li ")); p++) {
        char *name = mem_strndup(p + 5, strcspn(p + 5, " \n"));
        bool known = false;
        for (int kind = 0; !known && kind < EVENT_KINDS; kind++)
            for (const struct event_field *f = event_fields((enum event_kind)kind); f->name; f++)
                known = known || strcmp(f->name, name) == 0;
        if (!known)
            fail_msg("no event has the field %s that the manual tells of", name);
        free(name);
    }
    free(text);
}

static void test_presets(void **state)
{
    (void)state;
    char *text = section("man/popkeep.conf.5", "PROVIDERS");
    size_t n = 0;
    for (const struct provider *p = provider_table(); p->name; p++, n++)
        expect_once(text, "\n.It Cm %s\n", p->name);
    assert_int_equal(times(text, "\n.It Cm "), n);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),          cmocka_unit_test(test_commands),
        cmocka_unit_test(test_exit_statuses),    cmocka_unit_test(test_events),
        cmocka_unit_test(test_no_field_made_up), cmocka_unit_test(test_presets),
        cmocka_unit_test(test_findings),         cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_stages),           cmocka_unit_test(test_status_words),
        cmocka_unit_test(test_metrics),          cmocka_unit_test(test_nagios),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
