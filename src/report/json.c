/* SPDX-License-Identifier: ISC */
/* Events as JSON Lines (RFC 8259), by the table of fields. Declared in text.h. */
#include "popkeep/base/text.h"
#include "popkeep/report/health.h"
#include "popkeep/report/text.h"

static void put_string(struct buf *to, struct sv s)
{
    buf_add_char(to, '"');
    text_json(to, s);
    buf_add_char(to, '"');
}

static void put_name(struct buf *to, const char *name)
{
    buf_addf(to, ",\"%s\":", name);
}

/* RFC 3339 has years 0000 to 9999; what is outside is no time anybody meant, and is left out. */
static void put_time(struct buf *to, const char *name, int64_t unix_s)
{
    char text[24];
    text_time(text, unix_s);
    if (text[0] == '@')
        return;
    put_name(to, name);
    put_string(to, sv_of(text));
}

static void put_findings(struct buf *to, int64_t set)
{
    const char *between = "";

    buf_add_char(to, '[');
    for (int f = 0; f < FINDINGS; f++)
        if (health_has(set, (enum finding)f)) {
            buf_addf(to, "%s\"%s\"", between, health_finding_word((enum finding)f));
            between = ",";
        }
    buf_add_char(to, ']');
}

static void put_num(struct buf *to, const struct event_field *f, int64_t value)
{
    if (f->as == EVENT_AS_TIME) {
        put_time(to, f->name, value);
        return;
    }
    put_name(to, f->name);
    switch (f->as) {
    case EVENT_AS_STATUS:
        buf_addf(to, "%lld,\"%s_name\":\"%s\"", (long long)value, f->name,
                 status_info((enum status)value)->name);
        break;
    case EVENT_AS_BOOL:
        buf_add_c(to, value != 0 ? "true" : "false");
        break;
    case EVENT_AS_HEALTH:
        buf_addf(to, "\"%s\"", health_word(value));
        break;
    case EVENT_AS_FINDINGS:
        put_findings(to, value);
        break;
    case EVENT_AS_PHASE:
        buf_addf(to, "\"%s\"", event_phase_word(value));
        break;
    case EVENT_AS_STAGE:
        buf_addf(to, "\"%s\"", event_stage_word(value));
        break;
    case EVENT_AS_TIME:
    case EVENT_AS_STRING:
    case EVENT_AS_NUMBER:
        buf_addf(to, "%lld", (long long)value);
        break;
    }
}

void report_json(struct buf *out, const struct event *ev)
{
    struct buf line = BUF_INIT(SIZE_MAX / 2); /* `out` gets the whole line or nothing */
    buf_addf(&line, "{\"v\":1,\"event\":\"%s\"", event_name(ev->kind));
    for (const struct event_field *f = event_fields(ev->kind); f->name != NULL; f++) {
        if (f->is_str && ev->str[f->slot].p != NULL) {
            put_name(&line, f->name);
            put_string(&line, ev->str[f->slot]);
        } else if (!f->is_str && ev->num[f->slot] != EVENT_UNSET) {
            put_num(&line, f, ev->num[f->slot]);
        }
    }
    buf_add_c(&line, "}\n");
    buf_add_sv(out, buf_sv(&line));
    buf_free(&line);
}
