/* SPDX-License-Identifier: ISC */
/* popkeep init: a first configuration, from a few questions. */
#include "popkeep/cmd/init_inside.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/cmd/sink.h"
#include "popkeep/config/value.h"
#include "popkeep/run/pool.h"
#include "popkeep/sys/ask.h"
#include "popkeep/sys/clock.h"
#include "popkeep/sys/env.h"
#include "popkeep/sys/output.h"
#include "popkeep/sys/secret.h"
#include "popkeep/sys/signals.h"
#include "popkeep/sys/terminal.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = SECRET_MAX + 2, TEXT_MAX = 65536 };

/* ---- saying ---- */

static void say(int fd, const struct buf *b)
{
    struct err ignored = ERR_INIT;

    (void)output_write(fd, buf_sv(b), &ignored);
}

static void say_text(const char *text)
{
    struct buf b = BUF_INIT(TEXT_MAX);

    text_guard(&b, sv_of(text));
    (void)buf_add_char(&b, '\n');
    say(2, &b);
    buf_free(&b);
}

/* ---- asking ---- */

typedef int (*taker)(struct init *in, struct sv answer, struct err *e);

struct question {
    const char *name;
    char *prompt;      /* freed */
    const char *usual; /* an empty answer means this; null: itself */
    taker take;
    bool is_secret; /* blanks are a part of it, and a terminal shows none of it */
};

/* A person is asked again until the answer will do; a pipe is not. */
static int ask_question(struct init *in, const struct question *q, struct err *e)
{
    int rc = -1;

    for (bool again = true; again;) {
        struct buf answer = BUF_INIT(ANSWER_MAX);
        err_clear(e);
        rc = q->is_secret && in->asks ? ask_secret(&answer, q->prompt, e)
                                      : ask_line(&answer, q->prompt, e);
        again = false;
        if (rc < 0) {
            err_add(e, "%s", q->name);
        } else {
            struct sv v = q->is_secret ? buf_sv(&answer) : ascii_trim(buf_sv(&answer));
            rc = q->take(in, v.n == 0 && q->usual != NULL ? sv_of(q->usual) : v, e);
            again = rc < 0 && in->asks && !in->hopeless;
        }
        if (again)
            say_text(e->text);
        buf_wipe(&answer);
    }
    free(q->prompt);
    return rc;
}

static int ask(struct init *in, const char *question, const char *usual, taker take, struct err *e)
{
    const struct question q = {.name = question,
                               .prompt = usual != NULL ? mem_printf("%s [%s]: ", question, usual)
                                                       : mem_printf("%s: ", question),
                               .usual = usual,
                               .take = take};

    return ask_question(in, &q, e);
}

static struct sv domain_of(struct sv address)
{
    (void)sv_token(&address, '@');
    return address;
}

/* The part before the @ where it can be a name. */
static char *name_of(struct sv address)
{
    struct err ignored = ERR_INIT;
    struct sv local = sv_token(&address, '@');

    return value_section_name(local, "account", &ignored) == 0 ? mem_strndup(local.p, local.n)
                                                               : mem_strdup("mailbox");
}

static int refuse_provider(struct init *in, const struct provider *p, struct err *e)
{
    in->hopeless = true;
    return config_check_value("provider", sv_of(p->name), in->home, e);
}

static int take_address(struct init *in, struct sv v, struct err *e)
{
    const struct provider *p = provider_of_domain(domain_of(v));
    struct buf advice = BUF_INIT(TEXT_MAX);
    bool fatal = false, of_port;
    int rc = -1;

    if (value_address(v, e) < 0 || config_check_value("user", v, in->home, e) < 0)
        goto out;
    if (p != NULL && p->needs != NULL) {
        rc = refuse_provider(in, p, e);
        goto out;
    }
    if (p == NULL && provider_advice(domain_of(v), CONFIG_PORT, &advice, &fatal, &of_port) &&
        fatal) {
        in->hopeless = true;
        err_set(e, ST_CONFIG, "%s", advice.p);
        goto out;
    }
    in->address = mem_strndup(v.p, v.n);
    in->name = name_of(v);
    in->provider = p;
    rc = 0;
out:
    buf_free(&advice);
    return rc;
}

/* HOST, HOST:PORT, or a preset: many domains are Google's. */
static int take_host(struct init *in, struct sv v, struct err *e)
{
    struct buf advice = BUF_INIT(TEXT_MAX);
    bool fatal = false, of_port;
    struct sv rest = v, host = sv_token(&rest, ':');
    uint64_t port = CONFIG_PORT;
    const struct provider *p = provider_find(v);
    char *name = NULL;
    int rc = -1;

    if (p != NULL && p->needs != NULL)
        return refuse_provider(in, p, e);
    in->provider = p;
    if (p != NULL)
        return 0;
    if (rest.p == NULL || ascii_u64(rest, 65535, &port) < 0 || port == 0) {
        host = v;
        port = CONFIG_PORT;
    }
    if (config_check_value("host", host, in->home, e) < 0 || value_host(host, "host", &name, e) < 0)
        goto out;
    if (provider_advice(sv_of(name), (unsigned)port, &advice, &fatal, &of_port) && fatal) {
        err_set(e, ST_CONFIG, "%s", advice.p);
        goto out;
    }
    in->host = mem_strdup(name);
    in->port = (unsigned)port;
    rc = 0;
out:
    free(name);
    buf_free(&advice);
    return rc;
}

static int take_password(struct init *in, struct sv v, struct err *e)
{
    if (v.n == 0)
        return err_set(e, ST_CONFIG, "the password is empty");
    if (v.n > SECRET_MAX || sv_has(v, '\r') || sv_has(v, '\0'))
        return err_set(e, ST_CONFIG,
                       "the password is longer than %d octets, or holds a control character",
                       SECRET_MAX);
    buf_wipe(&in->password);
    return buf_add_secret(&in->password, v.p, v.n);
}

static int ask_password(struct init *in, struct err *e)
{
    char shown[256];

    text_escape_to(shown, sizeof shown, sv_of(in->address));
    const struct question q = {.name = tr("Password"),
                               .prompt = mem_printf(tr("Password of %s: "), shown),
                               .take = take_password,
                               .is_secret = true};
    return ask_question(in, &q, e);
}

static int take_maildir(struct init *in, struct sv v, struct err *e)
{
    if (config_check_value("maildir", v, in->home, e) < 0)
        return -1;
    in->maildir = mem_strndup(v.p, v.n);
    return 0;
}

static int take_days(struct init *in, struct sv v, struct err *e)
{
    if (config_check_value("retention_days", v, in->home, e) < 0)
        return -1;
    in->days = mem_strndup(v.p, v.n);
    return 0;
}

static int ask_server(struct init *in, struct err *e)
{
    char *usual;
    int rc;

    if (in->provider != NULL) {
        struct buf b = BUF_INIT(TEXT_MAX);
        (void)tr_addf(&b, "Provider: %s, server %s\n", tr(in->provider->title), in->provider->host);
        if (in->asks)
            say(2, &b);
        buf_free(&b);
        return 0;
    }
    usual = mem_printf("pop.%s", strchr(in->address, '@') + 1);
    rc = ask(in, tr("Server for POP3 over TLS, or a preset (popkeep providers)"), usual, take_host,
             e);
    free(usual);
    return rc;
}

static int ask_all(struct init *in, struct err *e)
{
    char *usual;
    int rc = -1;

    if (ask(in, tr("E-mail address"), NULL, take_address, e) < 0 ||
        init_find_password_file(in, e) < 0 || ask_server(in, e) < 0 || ask_password(in, e) < 0)
        return -1;
    usual = mem_printf("~/Mail/%s", in->name);
    rc = ask(in, tr("Folder to store the mail in"), usual, take_maildir, e);
    free(usual);
    if (rc < 0)
        return -1;
    return ask(in, tr("Days after which the server's copy is deleted, or never"), "never",
               take_days, e);
}

/* ---- testing ---- */

static const struct cmd_command *command_of(enum cmd_bit bit)
{
    const struct cmd_command *c = cmd_command_table();

    while (c->bit != bit)
        c++;
    return c;
}

/* As `popkeep check` would find it, the password taken from memory. */
static enum status test_login(const struct init *in, struct err *e)
{
    struct cmd_options as_check = {.command = command_of(CMD_CHECK), .run = in->options->run};
    int64_t began = clock_mono_ms();
    struct config c;
    struct sink sink;
    struct pool_job job;
    bool chosen = true;
    enum status st;

    if (config_parse(&c, buf_sv(&in->text), in->file, in->home, e) < 0)
        return e->status;
    mem_wipe_free(c.accounts[0].secret.value);
    c.accounts[0].secret.kind = SECRET_INLINE;
    c.accounts[0].secret.value = mem_strndup(in->password.p, in->password.n);
    as_check.run.dry_run = false;
    as_check.run.named = true;
    as_check.run.command = RUN_CHECK;
    sink_init(&sink, &as_check, 1);
    job = (struct pool_job){.config = &c,
                            .chosen = &chosen,
                            .state_root = "/nonexistent", /* check has no state */
                            .options = as_check.run,
                            .event = sink_event,
                            .tick = sink_tick,
                            .ctx = &sink};
    st = pool_run(&job);
    st = sink_end(&sink, st, began);
    config_free(&c);
    return st;
}

/* ---- the end ---- */

static void say_plan(const struct init *in)
{
    struct buf b = BUF_INIT(TEXT_MAX);
    uint64_t days = 0;

    (void)tr_addf(&b, "\nMail will be stored in %s.\n", in->maildir);
    if (strcmp(in->days, "never") == 0)
        (void)tr_addf(&b, "Nothing will ever be deleted on the server.\n");
    else if (ascii_u64(sv_of(in->days), UINT64_MAX, &days) == 0 && days == 0)
        (void)tr_addf(&b, "A message will be deleted on the server in the same run, as soon as it "
                          "is safe on the disk here;\nnever unless its copy was read again and is "
                          "the same.\n");
    else
        (void)trn_addf(&b, days,
                       "A message will be deleted on the server %llu day after it was stored "
                       "here;\nnever unless its copy was read again at that moment and is the "
                       "same.\n",
                       "A message will be deleted on the server %llu days after it was stored "
                       "here;\nnever unless its copy was read again at that moment and is the "
                       "same.\n",
                       (unsigned long long)days);
    say(1, &b);
    buf_free(&b);
}

static int take_yes(struct init *in, struct sv v, struct err *e)
{
    bool yes = ascii_same_c(v, "y") || ascii_same_c(v, "yes") || ascii_same_c(v, "e") ||
               ascii_same_c(v, "evet");

    in->hopeless = true; /* one answer is enough */
    return yes ? 0 : err_set(e, ST_CONFIG, "nothing was written");
}

static void say_written(const struct init *in)
{
    struct buf b = BUF_INIT(TEXT_MAX);
    const char *asked = in->options->config_file;

    (void)tr_addf(&b, "\nWritten, and only you can read it: %s\n", in->file);
    (void)tr_addf(&b, "The password alone: %s\n", in->password_file);
    (void)tr_addf(&b, "What the first run will do: popkeep%s%s --dry-run\n",
                  asked != NULL ? " -c " : "", asked != NULL ? asked : "");
    (void)tr_addf(&b, "To do it: popkeep%s%s\n", asked != NULL ? " -c " : "",
                  asked != NULL ? asked : "");
    say(1, &b);
    buf_free(&b);
}

static enum status print_instead(const struct init *in, struct err *e)
{
    struct buf b = BUF_INIT(TEXT_MAX);
    enum status st = ST_OK;

    (void)buf_addf(&b, "\n%s", in->text.p);
    if (output_write(1, buf_sv(&b), e) < 0)
        st = e->status;
    buf_free(&b);
    if (st != ST_OK || in->options->run.dry_run)
        return st;
    err_set(e, ST_CANTCREATE, "%s is there already and stays as it is", in->file);
    err_advise(e,
               "to have this account, too, add the lines above to it, and write the password "
               "with an editor into\n%s (chmod 600)",
               in->password_file);
    return e->status;
}

/* After a failed test: whether a person wants it all the same. */
static bool wants_it_anyway(struct init *in, struct err *e)
{
    if (in->asks)
        return ask(in, tr("The test failed. Write the configuration anyway? (yes, no)"), tr("no"),
                   take_yes, e) == 0;
    err_set(e, ST_CONFIG, "nothing was written");
    return false;
}

static enum status finish(struct init *in, struct err *e)
{
    enum status st = test_login(in, e);
    bool only_print = in->there || in->options->run.dry_run;

    if (e->status != ST_OK || signals_pending())
        return st;
    if (st == ST_OK || in->asks)
        say_plan(in);
    if (st != ST_OK && !only_print && !wants_it_anyway(in, e))
        return st;
    if (only_print) {
        enum status printed = print_instead(in, e);
        return st != ST_OK ? st : printed;
    }
    if (init_write(in, e) < 0)
        return e->status;
    say_written(in);
    return st;
}

static void init_free(struct init *in)
{
    free(in->home);
    free(in->file);
    free(in->name);
    free(in->address);
    free(in->host);
    free(in->maildir);
    free(in->days);
    free(in->password_file);
    buf_wipe(&in->password);
    buf_free(&in->text);
}

static void say_hello(const struct init *in)
{
    struct buf b = BUF_INIT(TEXT_MAX);

    if (in->there)
        (void)tr_addf(&b,
                      "%s is there already and stays as it is; the lines to add to it will be "
                      "printed.\n",
                      in->file);
    else
        (void)tr_addf(&b, "This writes a configuration to %s.\n", in->file);
    if (in->asks)
        say(2, &b);
    buf_free(&b);
}

enum status cmd_init(const struct cmd_options *o, struct err *e)
{
    struct init in = {.options = o,
                      .home = env_home(),
                      .port = CONFIG_PORT,
                      .asks = terminal_is(0),
                      .password = BUF_INIT(SECRET_MAX),
                      .text = BUF_INIT(TEXT_MAX)};
    enum status st;

    if (init_find_place(&in, e) < 0)
        goto out;
    say_hello(&in);
    if (ask_all(&in, e) < 0)
        goto out;
    init_compose(&in);
    st = finish(&in, e);
    init_free(&in);
    return st;
out:
    init_free(&in);
    return e->status;
}
