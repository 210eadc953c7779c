/* SPDX-License-Identifier: ISC */
/* popkeep report: the accounts as their journals know them, as a page for a browser. */
#include "popkeep/cmd/setup.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/cmd/sink.h"
#include "popkeep/report/html.h"
#include "popkeep/run/status.h"
#include "popkeep/store/folder.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/env.h"

#include <string.h>
#include <unistd.h>

enum { PAGE_MAX = 256 * 1024 * 1024, LINE_MAX_OCTETS = 8192, PAGE_MODE = 0644 };

#define PAGE "index.html"

/* What is told of the accounts, kept for the page. */
struct collection {
    struct sink sink;
    bool json;
    struct arena text;
    struct event *accounts;
    size_t n;
};

static void keep(struct collection *c, const struct event *ev)
{
    struct event *kept = &c->accounts[c->n];

    *kept = *ev;
    for (int i = 0; i < EVENT_STRS; i++)
        if (ev->str[i].p != NULL)
            kept->str[i].p = arena_dup(&c->text, ev->str[i].p, ev->str[i].n);
    c->n++;
}

/* One row an account: its status, or the error that stands in its place. */
static void collect(void *ctx, const struct event *ev)
{
    struct collection *c = ctx;

    if (ev->kind == EVENT_STATUS || ev->kind == EVENT_ERROR)
        keep(c, ev);
    if (c->json || ev->kind != EVENT_STATUS)
        sink_event(&c->sink, ev);
}

/* As gettext has it: LANGUAGE counts unless the locale is C. */
static enum html_lang environment_lang(void)
{
    const char *locale = env_get("LC_ALL"), *list = env_get("LANGUAGE");
    struct sv rest = sv_of(list);
    int lang;

    if (locale == NULL)
        locale = env_get("LC_MESSAGES");
    if (locale == NULL)
        locale = env_get("LANG");
    if (locale == NULL || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0)
        return HTML_EN;
    while (rest.n > 0) {
        lang = html_lang_of(sv_token(&rest, ':'));
        if (lang >= 0)
            return (enum html_lang)lang;
    }
    lang = html_lang_of(sv_of(locale));
    return lang >= 0 ? (enum html_lang)lang : HTML_EN;
}

static enum html_lang page_lang(const struct cmd_options *o)
{
    return o->lang != NULL ? (enum html_lang)html_lang_of(sv_of(o->lang)) : environment_lang();
}

static enum status collect_all(struct collection *c, const struct cmd_setup *s,
                               const struct cmd_options *o, int64_t now, struct history *h)
{
    enum status worst = ST_OK;

    c->accounts = mem_zalloc(s->n_chosen, sizeof *c->accounts);
    for (size_t i = 0; i < s->config.n_accounts; i++) {
        const struct account *a = &s->config.accounts[i];
        struct tell t;

        if (!s->chosen[i])
            continue;
        tell_init(&t, a->name, collect, c, &o->run, o->json);
        worst = status_worst(worst, status_account(a, s->state_root, now, false, h, &t));
        tell_end(&t);
    }
    return worst;
}

static int write_page(const char *dir, struct sv page, struct err *e)
{
    char *path = mem_printf("%s/" PAGE, dir);
    int fd = folder_make(dir, e), rc = -1;

    if (fd >= 0) {
        rc = folder_put_file_as(fd, PAGE, path, PAGE_MODE, page, e);
        close(fd);
    }
    free(path);
    return rc;
}

/* Nothing from a timer that went well; a person wants to know what to open. */
static void say_where(struct collection *c, const char *dir)
{
    struct buf line = BUF_INIT(LINE_MAX_OCTETS);

    if (c->json || c->sink.style.verbose < 0 ||
        (c->sink.style.verbose == 0 && !c->sink.style.terminal))
        return;
    (void)trn_addf(&line, c->n, "%s/%s: %zu account\n", "%s/%s: %zu accounts\n", dir, PAGE, c->n);
    sink_result(&c->sink, &line);
    buf_free(&line);
}

static enum status make_page(struct collection *c, const struct cmd_setup *s,
                             const struct cmd_options *o, const char *dir)
{
    struct buf text = BUF_INIT(PAGE_MAX);
    struct html_page page = {
        .lang = page_lang(o), .version = POPKEEP_VERSION, .now = clock_wall_s()};
    struct err e = ERR_INIT;
    struct history h;
    enum status worst;
    struct tell t;

    history_init(&h, page.now, clock_utc_offset_s(page.now));
    worst = collect_all(c, s, o, page.now, &h);
    page.accounts = c->accounts;
    page.n = c->n;
    page.history = &h;
    html_page(&text, &page);
    if (text.n == 0)
        err_set(&e, ST_IO, "%s/%s would be larger than %d MiB; give fewer accounts", dir, PAGE,
                PAGE_MAX / 1024 / 1024);
    if (text.n == 0 || write_page(dir, buf_sv(&text), &e) < 0) {
        tell_init(&t, NULL, sink_event, &c->sink, &o->run, o->json);
        tell_error(&t, &e, NULL);
        tell_end(&t);
        worst = status_worst(worst, e.status);
    } else {
        say_where(c, dir);
    }
    buf_free(&text);
    return worst;
}

enum status cmd_report(const struct cmd_options *o, struct err *e)
{
    int64_t began = clock_mono_ms();
    struct collection c = {.json = o->json};
    struct cmd_options accounts = *o;
    enum status worst;
    struct cmd_setup s;

    if (o->n_words == 0) {
        err_set(e, ST_USAGE, "report needs the folder for its page: popkeep report DIR");
        return e->status;
    }
    accounts.words++;
    accounts.n_words--;
    if (cmd_setup(&s, &accounts, e) < 0) {
        cmd_setup_free(&s);
        return e->status;
    }
    sink_init(&c.sink, o, s.n_chosen);
    c.sink.style.command = "status"; /* of the accounts nothing but errors is printed */
    cmd_tell_empty(o, &s, &c.sink);
    worst = make_page(&c, &s, o, o->words[0]);
    worst = sink_end(&c.sink, worst, began);
    arena_free(&c.text);
    free(c.accounts);
    cmd_setup_free(&s);
    return worst;
}
