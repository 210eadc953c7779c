/* SPDX-License-Identifier: ISC */
/*
 * examples/popkeep-json.schema.json is what the program's tables say of each event. If this fails,
 * a program that checks popkeep's lines by the schema refuses good ones or takes bad ones.
 *
 *   build/tests/unit/test_schema --write > examples/popkeep-json.schema.json
 *
 * writes it anew. That the events which really come agree with it, is what the end-to-end tests
 * hold (tests/e2e/lib/Popkeep/Schema.pm).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "popkeep/cmd/options.h"
#include "popkeep/ledger/plan.h"
#include "popkeep/ledger/retention.h"
#include "popkeep/report/event.h"
#include "popkeep/report/health.h"

#define SCHEMA "examples/popkeep-json.schema.json"

enum { SCHEMA_MAX = 1 << 20 };

/* What the tables of fields do not say: what an event always has (beside v, event, time and run).
 */
static const struct {
    const char *says;
    const char *always[12];
} kinds[EVENT_KINDS] = {
    [EVENT_RUN_START] = {"the first event", {"version", "command", "dry_run", "pid", "machine"}},
    [EVENT_ACCOUNT_START] = {"an account is begun", {"account", "host", "port", "maildir"}},
    [EVENT_NOTE] = {"worth knowing", {"text"}},
    [EVENT_WARNING] = {"something is not as it should be", {"text"}},
    [EVENT_ERROR] = {"what ended an account or the run, or spoiled a part of it",
                     {"status", "status_name", "stage", "text"}},
    [EVENT_PROGRESS] = {"where fetching, deleting or verifying stands",
                        {"account", "phase", "done", "total", "done_octets", "total_octets"}},
    [EVENT_STORED] = {"a message is safe on the disk",
                      {"account", "number", "octets", "file", "sha256"}},
    [EVENT_MATCHED] = {"a message came that was stored already", {"account", "number", "file"}},
    [EVENT_FAILED] = {"a message could not be fetched or stored",
                      {"account", "status", "status_name", "stage", "number", "text"}},
    [EVENT_DELETED] = {"the server deleted a message",
                       {"account", "number", "uidl", "octets", "file", "sha256", "stored_at",
                        "age_s", "reason"}},
    [EVENT_KEPT] = {"a message stays on the server, and why",
                    {"account", "number", "reason", "text"}},
    [EVENT_PLANNED] = {"what a run would do with a message",
                       {"account", "number", "action", "reason"}},
    [EVENT_BAD] = {"a message that verify is not content with", {"account", "reason", "text"}},
    [EVENT_STEP] = {"a step of check", {"account", "step", "ok", "host"}},
    [EVENT_STATUS] = {"what is known of an account between runs",
                      {"account", "health", "trouble", "stored", "host", "maildir"}},
    [EVENT_ACCOUNT_END] = {"an account is done", {"account", "status", "status_name"}},
    [EVENT_PROVIDER] = {"a preset", {"name", "title", "host", "port", "usable"}},
    [EVENT_SUMMARY] = {"the last event", {"status", "status_name", "accounts", "accounts_failed"}},
};

typedef const char *word_of(int i);

static const char *status_word(int i)
{
    return status_table()[i].name;
}
static const char *stage_word(int i)
{
    return i < EVENT_STAGES ? event_stage_word(i) : NULL;
}
static const char *phase_word(int i)
{
    return i < EVENT_PHASES ? event_phase_word(i) : NULL;
}
static const char *level_word(int i)
{
    return i < HEALTHS ? health_word(i) : NULL;
}
static const char *finding_word(int i)
{
    return i < FINDINGS ? health_finding_word((enum finding)i) : NULL;
}
static const char *command_word(int i)
{
    const struct cmd_option *json = cmd_option_table();
    const struct cmd_command *c = cmd_command_table();
    while (strcmp(json->name, "json") != 0)
        json++;
    for (; c->name != NULL; c++)
        if ((json->commands & (unsigned)c->bit) != 0 && i-- == 0)
            break;
    return c->name;
}
static const char *kept_word(int i)
{
    int why = RETENTION_NEVER + i;
    return why <= RETENTION_REFUSED ? retention_word((enum retention_why)why) : NULL;
}
static const char *planned_word(int i)
{
    int why = PLAN_NEW + i;
    return why <= PLAN_MISSING       ? plan_why_word((enum plan_why)why)
           : why == PLAN_MISSING + 1 ? retention_word(RETENTION_DUE)
                                     : NULL;
}

static void put_words(struct buf *to, word_of *word)
{
    buf_add_c(to, "\"enum\": [");
    for (int i = 0; word(i) != NULL; i++)
        buf_addf(to, "%s\"%s\"", i > 0 ? ", " : "", word(i));
    buf_add_char(to, ']');
}

static void put_statuses(struct buf *to)
{
    buf_add_c(to, "\"enum\": [");
    for (const struct status_info *s = status_table(); s->name != NULL; s++)
        buf_addf(to, "%s%d", s == status_table() ? "" : ", ", (int)s->status);
    buf_add_char(to, ']');
}

/* Strings that are not any text; kind EVENT_KINDS: in all kinds. */
static const struct {
    const char *field;
    enum event_kind kind;
    word_of *word;
    const char *type;
} strings[] = {
    {"run", EVENT_KINDS, NULL, "\"pattern\": \"^[0-9a-f]{16}$\""},
    {"sha256", EVENT_KINDS, NULL, "\"pattern\": \"^[0-9a-f]{64}$\""},
    {"account", EVENT_KINDS, NULL, "\"pattern\": \"^[A-Za-z0-9._@+-]{1,41}$\""},
    {"command", EVENT_KINDS, command_word, NULL},
    {"action", EVENT_KINDS, NULL, "\"enum\": [\"fetch\", \"delete\"]"},
    {"step", EVENT_KINDS, NULL, "\"enum\": [\"connection\", \"login\", \"mailbox\"]"},
    {"reason", EVENT_DELETED, NULL, "\"enum\": [\"due\"]"},
    {"reason", EVENT_KEPT, kept_word, NULL},
    {"reason", EVENT_PLANNED, planned_word, NULL},
    {"reason", EVENT_BAD, NULL, "\"enum\": [\"missing\", \"changed\", \"not-stored\"]"},
    {"reason", EVENT_ACCOUNT_END, NULL, "\"enum\": [\"in-use\", \"login-delay\", \"not-begun\"]"},
};

static void put_string(struct buf *to, const char *name, enum event_kind kind)
{
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        if (strcmp(strings[i].field, name) != 0 ||
            (strings[i].kind != EVENT_KINDS && strings[i].kind != kind))
            continue;
        if (strings[i].word != NULL)
            put_words(to, strings[i].word);
        else
            buf_addf(to, "\"type\": \"string\", %s", strings[i].type);
        return;
    }
    buf_add_c(to, "\"type\": \"string\"");
}

/* An age is below 0 when the clock was set back since. */
static bool may_be_negative(const char *name)
{
    size_t n = strlen(name);
    return n >= 5 && strcmp(name + n - 5, "age_s") == 0;
}

static void put_type(struct buf *to, const struct event_field *f, enum event_kind kind)
{
    switch (f->as) {
    case EVENT_AS_NUMBER:
        buf_addf(to, "\"type\": \"integer\"%s", may_be_negative(f->name) ? "" : ", \"minimum\": 0");
        break;
    case EVENT_AS_TIME:
        buf_add_c(to, "\"$ref\": \"#/$defs/time\"");
        break;
    case EVENT_AS_STATUS:
        put_statuses(to);
        break;
    case EVENT_AS_BOOL:
        buf_add_c(to, "\"type\": \"boolean\"");
        break;
    case EVENT_AS_HEALTH:
        put_words(to, level_word);
        break;
    case EVENT_AS_FINDINGS:
        buf_add_c(to, "\"type\": \"array\", \"uniqueItems\": true, \"items\": {");
        put_words(to, finding_word);
        buf_add_char(to, '}');
        break;
    case EVENT_AS_PHASE:
        put_words(to, phase_word);
        break;
    case EVENT_AS_STAGE:
        put_words(to, stage_word);
        break;
    case EVENT_AS_STRING:
        put_string(to, f->name, kind);
        break;
    }
}

static void put_field(struct buf *to, const struct event_field *f, enum event_kind kind)
{
    buf_addf(to, "%s\n        \"%s\": {", f == event_fields(kind) ? "" : ",", f->name);
    put_type(to, f, kind);
    buf_add_char(to, '}');
    if (f->as == EVENT_AS_STATUS) {
        buf_addf(to, ",\n        \"%s_name\": {", f->name);
        put_words(to, status_word);
        buf_add_char(to, '}');
    }
}

static void put_kind(struct buf *to, enum event_kind kind)
{
    buf_addf(to, "    \"%s\": {\n      \"description\": \"%s\",\n", event_name(kind),
             kinds[kind].says);
    buf_add_c(to, "      \"required\": [");
    for (size_t i = 0; kinds[kind].always[i] != NULL; i++)
        buf_addf(to, "%s\"%s\"", i > 0 ? ", " : "", kinds[kind].always[i]);
    buf_add_c(to, "],\n      \"properties\": {");
    for (const struct event_field *f = event_fields(kind); f->name != NULL; f++)
        put_field(to, f, kind);
    buf_add_c(to, "\n      }\n    },\n");
}

static void put_choice(struct buf *to, enum event_kind kind)
{
    buf_addf(to,
             "%s\n    {\"if\": {\"properties\": {\"event\": {\"const\": \"%s\"}}}, "
             "\"then\": {\"$ref\": \"#/$defs/%s\"}}",
             kind == 0 ? "" : ",", event_name(kind), event_name(kind));
}

static struct buf make_schema(void)
{
    struct buf to = BUF_INIT(SCHEMA_MAX);
    buf_add_c(&to,
              "{\n"
              "  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
              "  \"$id\": \"urn:popkeep:json:1\",\n"
              "  \"title\": \"a line of popkeep --json\",\n"
              "  \"description\": \"popkeep-json(5) says what the fields mean. Events and fields "
              "that are not here are allowed: later versions may add some.\",\n"
              "  \"type\": \"object\",\n"
              "  \"required\": [\"v\", \"event\", \"time\", \"run\"],\n"
              "  \"properties\": {\n"
              "    \"v\": {\"const\": 1},\n"
              "    \"event\": {\"type\": \"string\", \"pattern\": \"^[a-z]+(-[a-z]+)*$\"}\n"
              "  },\n"
              "  \"allOf\": [");
    for (int kind = 0; kind < EVENT_KINDS; kind++)
        put_choice(&to, (enum event_kind)kind);
    buf_add_c(&to, "\n  ],\n  \"$defs\": {\n");
    for (int kind = 0; kind < EVENT_KINDS; kind++)
        put_kind(&to, (enum event_kind)kind);
    buf_add_c(&to, "    \"time\": {\n"
                   "      \"description\": \"RFC 3339, in UTC\",\n"
                   "      \"type\": \"string\",\n"
                   "      \"pattern\": \"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$\""
                   "\n    }\n  }\n}\n");
    return to;
}

static void test_file_is_what_the_tables_say(void **state)
{
    (void)state;
    struct buf want = make_schema();
    char *got = calloc(1, SCHEMA_MAX);
    FILE *f = fopen(SCHEMA, "rb");
    if (f == NULL)
        fail_msg("%s cannot be opened (the test runs in the top of the tree)", SCHEMA);
    assert_non_null(got);
    assert_true(fread(got, 1, SCHEMA_MAX - 1, f) > 0);
    fclose(f);
    if (strcmp(got, want.p) != 0)
        fail_msg("%s is not up to date; write it with: %s --write > %s", SCHEMA,
                 "build/tests/unit/test_schema", SCHEMA);
    free(got);
    buf_free(&want);
}

static bool has(enum event_kind kind, const char *name)
{
    for (const struct event_field *f = event_fields(kind); f->name != NULL; f++)
        if (strcmp(f->name, name) == 0 ||
            (f->as == EVENT_AS_STATUS && strcmp(name, "status_name") == 0))
            return true;
    return false;
}

/* What is called required must be a field at all. */
static void test_required_fields_exist(void **state)
{
    (void)state;
    for (int kind = 0; kind < EVENT_KINDS; kind++) {
        assert_non_null(kinds[kind].says);
        for (size_t i = 0; kinds[kind].always[i] != NULL; i++)
            if (!has((enum event_kind)kind, kinds[kind].always[i]))
                fail_msg("%s has no field %s", event_name((enum event_kind)kind),
                         kinds[kind].always[i]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_is_what_the_tables_say),
        cmocka_unit_test(test_required_fields_exist),
    };
    if (argc > 1 && strcmp(argv[1], "--write") == 0) {
        struct buf schema = make_schema();
        fputs(schema.p, stdout);
        buf_free(&schema);
        return 0;
    }
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
