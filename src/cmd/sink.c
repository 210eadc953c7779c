/* SPDX-License-Identifier: ISC */
/* Events to stdout and stderr. See the header. */
#include "popkeep/cmd/sink.h"

#include "popkeep/base/text.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/env.h"
#include "popkeep/sys/manager.h"
#include "popkeep/sys/output.h"
#include "popkeep/sys/random.h"
#include "popkeep/sys/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_MAX = 4 * 1024 * 1024, STDOUT = 1, STDERR = 2, DRAW_MS = 100 };

static const enum manager_priority priorities[] = {[REPORT_ERROR] = MANAGER_ERROR,
                                                   [REPORT_WARNING] = MANAGER_WARNING,
                                                   [REPORT_RESULT] = MANAGER_RESULT,
                                                   [REPORT_NOTE] = MANAGER_NOTE};

/* What `systemctl status` shows. */
static void tell_manager(const struct sink *s, const char *state)
{
    struct buf b = BUF_INIT(256);

    (void)buf_addf(&b, "%sSTATUS=accounts: %llu of %llu done, %llu failed", state,
                   (unsigned long long)s->accounts, (unsigned long long)s->chosen,
                   (unsigned long long)s->failed);
    manager_notify(buf_sv(&b));
    buf_free(&b);
}

/* Which run an event belongs to, when the lines of many stand in one log. */
static void name_run(char out[SINK_RUN])
{
    unsigned char raw[(SINK_RUN - 1) / 2];
    uint64_t bits = random_u64();

    memcpy(raw, &bits, sizeof raw);
    text_hex(out, raw, sizeof raw);
}

/* How many accounts are meant is not known (-1) when the configuration could not be read. */
static void tell_start(struct sink *s, const struct cmd_options *o, int64_t n_accounts)
{
    char *machine = env_host();
    struct event ev;

    event_init(&ev, EVENT_RUN_START, NULL);
    ev.str[ES_VERSION] = SV(POPKEEP_VERSION);
    ev.str[ES_COMMAND] = sv_of(o->command->name);
    ev.str[ES_MACHINE] = sv_of(machine);
    ev.num[EN_PID] = getpid();
    ev.num[EN_DRY_RUN] = o->run.dry_run;
    if (n_accounts >= 0)
        ev.num[EN_ACCOUNTS] = n_accounts;
    sink_event(s, &ev);
    free(machine);
}

void sink_init(struct sink *s, const struct cmd_options *o, size_t n_accounts)
{
    const char *term = env_get("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;

    *s = (struct sink){.json = o->json, .chosen = n_accounts};
    s->style = (struct report_style){.verbose = o->run.verbose,
                                     .terminal = terminal_is(STDOUT) || terminal_is(STDERR),
                                     .many = n_accounts > 1,
                                     .command = o->command->name,
                                     .dry_run = o->run.dry_run};
    logbook_init(&s->log, o, &s->style);
    for (int i = 0; i < EVENT_NUMS; i++)
        s->sums[i] = EVENT_UNSET;
    tell_manager(s, "READY=1\n");
    if (terminal_is(STDERR) && !dumb && o->run.verbose >= 0 && o->run.verbose < 3)
        s->progress = progress_new(n_accounts);
    /* the trace of -vvv comes from the workers at once: what it belongs to is not to come later */
    s->apart = n_accounts > 1 && o->run.verbose < 3;
    name_run(s->run);
    tell_start(s, o, (int64_t)n_accounts);
}

/* The summary's numbers but those it has of its own. */
static bool is_summed(const struct event_field *f)
{
    return !f->is_str && f->as == EVENT_AS_NUMBER && f->slot != EN_ACCOUNTS &&
           f->slot != EN_ACCOUNTS_FAILED && f->slot != EN_MS;
}

static void add_up(struct sink *s, const struct event *ev)
{
    if (ev->kind == EVENT_ACCOUNT_END) {
        s->accounts++;
        s->failed += ev->num[EN_STATUS] != ST_OK;
    }
    for (const struct event_field *f = event_fields(EVENT_SUMMARY); f->name != NULL; f++)
        if (is_summed(f) && ev->num[f->slot] != EVENT_UNSET)
            s->sums[f->slot] = event_plus(s->sums[f->slot] == EVENT_UNSET ? 0 : s->sums[f->slot],
                                          ev->num[f->slot]);
}

void sink_error_line(struct buf *to, const struct err *e)
{
    (void)buf_add_c(to, "popkeep: ");
    text_guard(to, sv_of(e->text));
    (void)buf_add_char(to, '\n');
}

static void say_trouble(struct sink *s, const struct err *e);

/* A reader who had enough (`| head`) needs no word about it. */
static void write_out(struct sink *s, int fd, struct sv text)
{
    struct err e = ERR_INIT;

    if (text.n == 0 || output_write(fd, text, &e) == 0)
        return;
    s->output_status = ST_IO;
    if (fd == STDOUT && !s->stdout_failed && e.sys_errno != EPIPE)
        say_trouble(s, &e);
    s->stdout_failed = s->stdout_failed || fd == STDOUT;
}

void sink_result(struct sink *s, const struct buf *text)
{
    write_out(s, STDOUT, buf_sv(text));
}

static void clear_line(struct sink *s)
{
    struct buf b = BUF_INIT(256);

    if (!s->line_shown)
        return;
    progress_clear(&b, s->progress);
    write_out(s, STDERR, buf_sv(&b));
    buf_free(&b);
    s->line_shown = false;
}

static void put(void *sink, int fd, struct sv text)
{
    struct sink *s = sink;

    if (text.n > 0)
        clear_line(s);
    write_out(s, fd, text);
}

/* Lines of JSON carry their account and are wanted at once. */
static void keep_apart(struct sink *s, const struct event *ev, const struct buf *out,
                       const struct buf *diag)
{
    struct sv account = ev->str[ES_ACCOUNT];

    whole_add(&s->whole, account, STDERR, buf_sv(diag), put, s);
    if (s->json)
        put(s, STDOUT, buf_sv(out));
    else
        whole_add(&s->whole, account, STDOUT, buf_sv(out), put, s);
    if (ev->kind == EVENT_ACCOUNT_END)
        whole_end(&s->whole, account, put, s);
}

static void say_trouble(struct sink *s, const struct err *e)
{
    struct buf b = BUF_INIT(OUT_MAX);

    sink_error_line(&b, e);
    manager_mark(&b, 0, STDERR, MANAGER_ERROR);
    put(s, STDERR, buf_sv(&b));
    buf_free(&b);
}

/* Mail goes on without a log; told once. */
static void log_trouble(struct sink *s, const struct err *e)
{
    s->output_status = ST_IO;
    if (!s->log_failed)
        say_trouble(s, e);
    s->log_failed = true;
}

static void log_event(struct sink *s, const struct event *ev)
{
    struct err e = ERR_INIT;

    if (logbook_event(&s->log, ev, &e) < 0)
        log_trouble(s, &e);
}

static void log_lines(struct sink *s, enum report_level level, struct sv text)
{
    struct err e = ERR_INIT;

    if (logbook_lines(&s->log, level, text, &e) < 0)
        log_trouble(s, &e);
}

void sink_warn(struct sink *s, struct sv text, bool shown)
{
    struct buf b = BUF_INIT(OUT_MAX);

    log_lines(s, REPORT_WARNING, text);
    if (shown && buf_add_sv(&b, text) == 0) {
        manager_mark(&b, 0, STDERR, MANAGER_WARNING);
        put(s, STDERR, buf_sv(&b));
    }
    buf_free(&b);
}

static void put_json(const struct sink *s, struct buf *out, const struct event *ev)
{
    struct event whole = *ev;

    if (whole.num[EN_TIME] == EVENT_UNSET)
        whole.num[EN_TIME] = clock_wall_s();
    whole.str[ES_RUN] = sv_of(s->run);
    report_json(out, &whole);
}

void sink_event(void *sink, const struct event *ev)
{
    struct sink *s = sink;
    struct buf out = BUF_INIT(OUT_MAX), diag = BUF_INIT(OUT_MAX);

    /* the numbers of status stand in its own event */
    if (ev->kind == EVENT_ACCOUNT_END || ev->kind == EVENT_STATUS)
        add_up(s, ev);
    if (ev->kind == EVENT_ACCOUNT_END)
        tell_manager(s, "");
    if (s->progress != NULL)
        progress_event(s->progress, ev, clock_mono_ms());
    if (s->json) {
        struct buf unused = BUF_INIT(OUT_MAX);
        put_json(s, &out, ev);
        /* people still see errors and warnings where they look for them */
        report_text(&unused, &diag, ev, &s->style);
        buf_free(&unused);
    } else {
        report_text(&out, &diag, ev, &s->style);
        manager_mark(&out, 0, STDOUT, priorities[report_level(ev)]);
    }
    manager_mark(&diag, 0, STDERR, priorities[report_level(ev)]);
    if (ev->kind != EVENT_SUMMARY) /* it was logged already */
        log_event(s, ev);
    if (s->apart && ev->str[ES_ACCOUNT].n > 0) {
        keep_apart(s, ev, &out, &diag);
    } else {
        put(s, STDERR, buf_sv(&diag));
        put(s, STDOUT, buf_sv(&out));
    }
    buf_free(&out);
    buf_free(&diag);
}

void sink_tick(void *sink)
{
    struct sink *s = sink;
    struct buf b = BUF_INIT(8192);

    if (s->progress == NULL || clock_mono_ms() - s->drawn_ms < DRAW_MS)
        return;
    s->drawn_ms = clock_mono_ms();
    progress_line(&b, s->progress, terminal_width(STDERR), clock_mono_ms());
    if (b.n > 0) {
        write_out(s, STDERR, buf_sv(&b));
        s->line_shown = true;
    }
    buf_free(&b);
}

void sink_summary(const struct sink *s, enum status worst, int64_t began_ms, struct event *ev)
{
    event_init(ev, EVENT_SUMMARY, NULL);
    memcpy(ev->num, s->sums, sizeof ev->num);
    ev->num[EN_TIME] = clock_wall_s();
    ev->num[EN_STATUS] = status_worst(worst, s->output_status);
    ev->num[EN_ACCOUNTS] = (int64_t)s->accounts;
    ev->num[EN_ACCOUNTS_FAILED] = (int64_t)s->failed;
    ev->num[EN_MS] = clock_mono_ms() - began_ms;
}

enum status sink_end(struct sink *s, enum status worst, int64_t began_ms)
{
    struct event ev;

    clear_line(s);
    tell_manager(s, "STOPPING=1\n");
    whole_end_all(&s->whole, put, s);
    sink_summary(s, worst, began_ms, &ev);
    log_event(s, &ev); /* first, for whether that works is a part of the result */
    worst = status_worst((enum status)ev.num[EN_STATUS], s->output_status);
    ev.num[EN_STATUS] = worst;
    sink_event(s, &ev);
    whole_free(&s->whole);
    progress_free(s->progress);
    s->progress = NULL;
    /* only now is it known whether the last line could be written */
    return status_worst(worst, s->output_status);
}

/* For programs alone: people are told by whoever calls. That it cannot be written is no matter, it
 * fails with a worse status already. */
static void put_early(struct sink *s, const struct event *ev)
{
    struct buf out = BUF_INIT(OUT_MAX);

    put_json(s, &out, ev);
    put(s, STDOUT, buf_sv(&out));
    buf_free(&out);
}

static void log_early(const struct cmd_options *o, const struct err *e)
{
    struct sink s = {.json = false};
    struct buf text = BUF_INIT(OUT_MAX);

    logbook_init(&s.log, o, &s.style);
    sink_error_line(&text, e);
    log_lines(&s, REPORT_ERROR, buf_sv(&text)); /* it ends with a status already */
    buf_free(&text);
}

void sink_early_error(const struct cmd_options *o, const struct err *e)
{
    struct sink s = {.json = true};
    struct event ev;

    log_early(o, e);
    if (!o->json)
        return;
    name_run(s.run);
    tell_start(&s, o, -1);
    event_init(&ev, EVENT_ERROR, NULL);
    ev.num[EN_STATUS] = e->status;
    ev.num[EN_STAGE] = e->status == ST_TEMP ? STAGE_LOCAL : STAGE_CONFIGURATION;
    ev.str[ES_TEXT] = sv_of(e->text);
    put_early(&s, &ev);
    event_init(&ev, EVENT_SUMMARY, NULL);
    ev.num[EN_STATUS] = e->status;
    ev.num[EN_ACCOUNTS] = ev.num[EN_ACCOUNTS_FAILED] = 0;
    put_early(&s, &ev);
}
