/* SPDX-License-Identifier: ISC */
/* Options by table. getopt_long would say what is wrong in words of its own, and not what is
 * nearest. */
#include "popkeep/cmd/options.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/cmd/setup.h"

enum { MAX_OPTIONS = 40 };

static int set_config(struct cmd_options *o, const char *v, struct err *e)
{
    if (*v == '\0')
        return err_set(e, ST_USAGE, "--config needs FILE, and it is empty");
    o->config_file = v;
    return 0;
}

static int set_as_of(struct cmd_options *o, const char *v, struct err *e)
{
    if (text_parse_time(sv_of(v), &o->run.as_of) < 0)
        return err_set(e, ST_USAGE,
                       "--as-of %s: not a date; write 2026-11-22 or 2026-11-22T08:00:00Z", v);
    o->run.has_as_of = true;
    return 0;
}

static int set_quiet(struct cmd_options *o, const char *v, struct err *e)
{
    (void)v;
    (void)e;
    o->run.verbose = -1;
    return 0;
}

static int set_verbose(struct cmd_options *o, const char *v, struct err *e)
{
    (void)v;
    (void)e;
    o->run.verbose = o->run.verbose < 0 ? 1 : o->run.verbose + 1;
    return 0;
}

static int set_log(struct cmd_options *o, const char *v, struct err *e)
{
    if (*v == '\0')
        return err_set(e, ST_USAGE, "--log needs FILE, and it is empty");
    o->log_file = v;
    return 0;
}

static int set_jobs(struct cmd_options *o, const char *v, struct err *e)
{
    uint64_t n;

    if (ascii_u64(sv_of(v), CONFIG_JOBS_MAX, &n) < 0 || n == 0)
        return err_set(e, ST_USAGE, "--jobs %s: give a number from 1 to %d", v, CONFIG_JOBS_MAX);
    o->jobs = (unsigned)n;
    return 0;
}

static int set_shard(struct cmd_options *o, const char *v, struct err *e)
{
    if (shard_parse(&o->shard, sv_of(v)) < 0)
        return err_set(
            e, ST_USAGE,
            "--shard %s: give I/N, such as 3/8 for the third of eight parts, with I from "
            "1 to N and N at most %d",
            v, SHARD_MAX);
    return 0;
}

static int set_metrics(struct cmd_options *o, const char *v, struct err *e)
{
    if (*v == '\0')
        return err_set(e, ST_USAGE, "--metrics needs FILE, and it is empty");
    o->metrics_file = v;
    return 0;
}

static int set_warning(struct cmd_options *o, const char *v, struct err *e)
{
    (void)e;
    o->warning = v;
    return 0;
}

static int set_critical(struct cmd_options *o, const char *v, struct err *e)
{
    (void)e;
    o->critical = v;
    return 0;
}

static int set_lang(struct cmd_options *o, const char *v, struct err *e)
{
    if (strcmp(v, "en") != 0 && strcmp(v, "tr") != 0)
        return err_set(e, ST_USAGE, "--lang %s: there are en and tr", v);
    o->lang = v;
    return 0;
}

#define SET(function) function, 0
#define FLAG(member)  NULL, offsetof(struct cmd_options, member)

static const struct cmd_option options[] = {
    {'c', "config", N_("FILE"), N_("read this configuration"), SET(set_config), 0},
    {'n', "dry-run", NULL, N_("only say what would be fetched and deleted, and why"),
     FLAG(run.dry_run), CMD_FETCH | CMD_INIT},
    {0, "as-of", N_("DATE"), N_("with --dry-run: judge ages as if it were DATE"), SET(set_as_of),
     CMD_FETCH},
    {'q', "quiet", NULL, N_("say nothing but errors"), SET(set_quiet), 0},
    {'v', "verbose", NULL, N_("say more: each message; -vvv: the dialogue with the server"),
     SET(set_verbose), 0},
    {0, "json", NULL, N_("results as JSON Lines on stdout"), FLAG(json),
     CMD_FETCH | CMD_CHECK | CMD_STATUS | CMD_VERIFY | CMD_REPORT | CMD_PROVIDERS},
    {0, "log", N_("FILE"), N_("also append what is printed to FILE, with times, for logrotate"),
     SET(set_log), CMD_FETCH | CMD_CHECK | CMD_VERIFY},
    {0, "metrics", N_("FILE"), N_("also write figures of all accounts to FILE, for Prometheus"),
     SET(set_metrics), CMD_FETCH | CMD_STATUS},
    {'j', "jobs", N_("N"), N_("work on so many accounts at a time"), SET(set_jobs),
     CMD_FETCH | CMD_CHECK | CMD_VERIFY},
    {0, "shard", N_("I/N"),
     N_("only the I-th of N parts of the accounts: one run, several machines"), SET(set_shard),
     CMD_FETCH | CMD_CHECK | CMD_STATUS | CMD_VERIFY | CMD_REPORT},
    {0, "fail-fast", NULL, N_("begin no further account after one that failed for good"),
     FLAG(fail_fast), CMD_FETCH | CMD_CHECK | CMD_VERIFY},
    {0, "confirm-delete", NULL, N_("the clock is right and the mailbox the same: delete again"),
     FLAG(run.confirm_delete), CMD_FETCH},
    {0, "missing", NULL, N_("store again what is known but has no local file any more"),
     FLAG(run.missing), CMD_FETCH},
    {0, "adopt", NULL, N_("bind state and Maildir together as they are now"), FLAG(run.adopt),
     CMD_FETCH},
    {0, "server", NULL, N_("also ask the server whether all it lists is stored"), FLAG(run.server),
     CMD_VERIFY},
    {0, "lang", N_("LANG"), N_("the language of the page: en or tr"), SET(set_lang), CMD_REPORT},
    {0, "nagios", NULL, N_("one line for Nagios and Icinga, exit status 0 to 3"), FLAG(nagios),
     CMD_STATUS},
    {'w', "warning", N_("LIMITS"), N_("with --nagios: a warning from here on, 12h or unsaved=0"),
     SET(set_warning), CMD_STATUS},
    {0, "critical", N_("LIMITS"), N_("with --nagios: critical from here on; behind it also -c"),
     SET(set_critical), CMD_STATUS},
    {'h', "help", NULL, N_("show this help"), FLAG(help), 0},
    {'V', "version", NULL, N_("show the version"), FLAG(version), 0},
    {0},
};

static const struct cmd_command commands[] = {
    {"fetch", CMD_FETCH, N_("download what is new, delete what is due (the default)"), cmd_fetch,
     NULL},
    {"check", CMD_CHECK, N_("connect, log in and list: is all as it should be?"), cmd_check, NULL},
    {"status", CMD_STATUS, N_("what is known of each account, without network"), cmd_status, NULL},
    {"verify", CMD_VERIFY, N_("read every stored message again and compare it"), cmd_verify, NULL},
    {"report", CMD_REPORT, N_("write DIR/index.html: how all accounts stand, for a browser"),
     cmd_report, N_("DIR")},
    {"init", CMD_INIT, N_("a first configuration, from a few questions"), cmd_init, ""},
    {"import", CMD_IMPORT, N_("a table of mailboxes (CSV) as sections for the configuration"),
     cmd_import, N_("FILE")},
    {"providers", CMD_PROVIDERS, N_("the presets for known mail providers"), cmd_providers, ""},
    {"completion", CMD_COMPLETION,
     N_("the script that lets a shell complete popkeep's command line"), cmd_completion,
     "bash zsh fish"},
    {NULL, 0, NULL, NULL, NULL},
};

static const char *const command_names[] = {"fetch", "check",  "status",    "verify",     "report",
                                            "init",  "import", "providers", "completion", NULL};

const struct cmd_option *cmd_option_table(void)
{
    return options;
}

const struct cmd_command *cmd_command_table(void)
{
    return commands;
}

const char *const *cmd_command_names(void)
{
    return command_names;
}

static int unknown_option(const char *word, struct err *e)
{
    const char *names[MAX_OPTIONS] = {NULL}, *near;
    struct sv name = sv_of(word);
    size_t n = 0;

    for (const struct cmd_option *o = options; o->name != NULL; o++)
        names[n++] = o->name;
    while (name.n > 0 && name.p[0] == '-')
        name = sv_from(name, 1);
    near = ascii_nearest(name, names);
    if (near != NULL)
        return err_set(e, ST_USAGE, "unknown option %s; did you mean --%s?", word, near);
    return err_set(e, ST_USAGE, "unknown option %s; popkeep --help lists them", word);
}

static int take(struct cmd_options *o, const struct cmd_option *opt, const char *value,
                struct err *e)
{
    if (opt->set != NULL)
        return opt->set(o, value, e);
    *(bool *)((char *)o + opt->flag) = true;
    return 0;
}

/* The parser's place in argv. */
struct args {
    int argc, next;
    char **argv;
    bool given[MAX_OPTIONS]; /* by row of the table */
};

static int take_value(struct args *a, const struct cmd_option *opt, const char **value,
                      struct err *e)
{
    if (a->next >= a->argc)
        return err_set(e, ST_USAGE, "--%s needs %s", opt->name, tr(opt->argument));
    *value = a->argv[a->next++];
    return 0;
}

static int long_option(struct cmd_options *o, struct args *a, const char *word, struct err *e)
{
    struct sv rest = sv_of(word + 2);
    struct sv name = sv_token(&rest, '=');
    const char *value = rest.p;

    for (const struct cmd_option *opt = options; opt->name != NULL; opt++) {
        if (!sv_eq_c(name, opt->name))
            continue;
        if (opt->argument == NULL && value != NULL)
            return err_set(e, ST_USAGE, "--%s takes no value", opt->name);
        if (opt->argument != NULL && value == NULL && take_value(a, opt, &value, e) < 0)
            return -1;
        a->given[opt - options] = true;
        return take(o, opt, value, e);
    }
    return unknown_option(word, e);
}

/* Monitors know -c as that of the critical limit. */
static const struct cmd_option *by_letter(const struct cmd_options *o, char letter)
{
    const struct cmd_option *opt = options;

    while (opt->name != NULL && (o->nagios && letter == 'c' ? strcmp(opt->name, "critical") != 0
                                                            : opt->letter != letter))
        opt++;
    return opt;
}

static int short_options(struct cmd_options *o, struct args *a, const char *word, struct err *e)
{
    for (const char *p = word + 1; *p != '\0'; p++) {
        const struct cmd_option *opt = by_letter(o, *p);
        const char *value = NULL;

        if (opt->name == NULL)
            return unknown_option(word, e);
        a->given[opt - options] = true;
        if (opt->argument == NULL) {
            if (take(o, opt, NULL, e) < 0)
                return -1;
            continue;
        }
        value = p + 1;
        if (*value == '\0' && take_value(a, opt, &value, e) < 0)
            return -1;
        return take(o, opt, value, e);
    }
    return 0;
}

static void choose_command(struct cmd_options *o)
{
    o->command = &commands[0];
    for (const struct cmd_command *c = commands; o->n_words > 0 && c->name != NULL; c++)
        if (strcmp(o->words[0], c->name) == 0) {
            o->command = c;
            o->command_given = true;
            o->n_words--;
            memmove(o->words, o->words + 1, o->n_words * sizeof *o->words);
            return;
        }
}

/* "--server goes with verify only". */
static int refuse_option(const struct cmd_options *o, const struct cmd_option *opt, struct err *e)
{
    struct buf list = BUF_INIT(256);

    for (const struct cmd_command *c = commands; c->name != NULL; c++)
        if (c->bit & opt->commands)
            (void)buf_addf(&list, "%s%s", list.n > 0 ? ", " : "", c->name);
    err_set(e, ST_USAGE, "--%s does not go with %s, only with %s", opt->name, o->command->name,
            list.p);
    buf_free(&list);
    return -1;
}

static int check_together(const struct cmd_options *o, const struct args *a, struct err *e)
{
    for (const struct cmd_option *opt = options; opt->name != NULL; opt++)
        if (a->given[opt - options] && opt->commands != 0 && !(opt->commands & o->command->bit))
            return refuse_option(o, opt, e);
    if (o->run.has_as_of && !o->run.dry_run)
        return err_set(e, ST_USAGE,
                       "--as-of goes with --dry-run only: a real deletion follows the real clock");
    if (!o->nagios && (o->warning != NULL || o->critical != NULL))
        return err_set(e, ST_USAGE, "--warning and --critical are limits of --nagios");
    if (o->nagios && (o->json || o->metrics_file != NULL))
        return err_set(e, ST_USAGE, "--nagios prints one line: it does not go with --%s",
                       o->json ? "json" : "metrics");
    if (o->run.dry_run && o->metrics_file != NULL)
        return err_set(e, ST_USAGE, "--metrics tells of real runs and does not go with --dry-run");
    if (o->run.dry_run && (o->run.adopt || o->run.confirm_delete))
        return err_set(e, ST_USAGE, "--%s changes the journal and does not go with --dry-run",
                       o->run.adopt ? "adopt" : "confirm-delete");
    if (o->command->words != NULL && *o->command->words == '\0' && o->n_words > 0)
        return err_set(e, ST_USAGE, "%s takes no accounts", o->command->name);
    if (o->command->bit == CMD_IMPORT && o->n_words != 1)
        return err_set(e, ST_USAGE, "import takes one FILE, a CSV table; - is standard input");
    return 0;
}

int cmd_options_parse(struct cmd_options *o, int argc, char **argv, struct err *e)
{
    struct args a = {.argc = argc, .argv = argv, .next = 1};
    bool only_words = false;

    *o = (struct cmd_options){.command = &commands[0]};
    o->words = mem_zalloc((size_t)argc + 1, sizeof *o->words);
    while (a.next < argc) {
        const char *word = argv[a.next++];
        int rc = 0;

        if (!only_words && strcmp(word, "--") == 0)
            only_words = true;
        else if (!only_words && word[0] == '-' && word[1] == '-')
            rc = long_option(o, &a, word, e);
        else if (!only_words && word[0] == '-' && word[1] != '\0')
            rc = short_options(o, &a, word, e);
        else
            o->words[o->n_words++] = word;
        if (rc < 0)
            return -1;
    }
    choose_command(o);
    o->run.named = o->n_words > 0;
    return check_together(o, &a, e);
}

enum { HELP_COLUMNS = 26 }; /* of the longest command with its words */

/* "  -j, --jobs N            ", as wide as the others. */
static void option_left(struct buf *out, const struct cmd_option *o)
{
    char *left = mem_printf("  %c%c%s --%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
                            o->letter ? "," : " ", o->name, o->argument ? " " : "",
                            o->argument ? tr(o->argument) : "");

    text_pad(out, sv_of(left), HELP_COLUMNS);
    free(left);
}

/* "  report DIR              "; of words to choose from, all. */
static void command_left(struct buf *out, const struct cmd_command *c)
{
    const char *words = c->words == NULL || *c->words == '\0' ? "" : tr(c->words);
    char *left = mem_printf("  %s%s%s", c->name, *words != '\0' ? " " : "", words);

    for (char *p = left + 2 + strlen(c->name) + 1; *words != '\0' && *p != '\0'; p++)
        if (*p == ' ')
            *p = '|';
    text_pad(out, sv_of(left), HELP_COLUMNS);
    free(left);
}

void cmd_options_help(struct buf *out)
{
    (void)buf_add_c(
        out, tr("popkeep keeps a local copy of a POP3 mailbox: it stores new mail in a Maildir and "
                "deletes\nthe server's copy after the days you set.\n\n"
                "usage: popkeep [OPTIONS] [COMMAND] [ACCOUNT...]\n\ncommands:\n"));
    for (const struct cmd_command *c = commands; c->name != NULL; c++) {
        command_left(out, c);
        (void)buf_addf(out, " %s\n", tr(c->help));
    }
    (void)buf_add_c(out, tr("\noptions:\n"));
    for (const struct cmd_option *o = options; o->name != NULL; o++) {
        option_left(out, o);
        (void)buf_addf(out, " %s\n", tr(o->help));
    }
    (void)buf_add_c(
        out,
        tr("\nACCOUNT is a name from the configuration or a shell pattern; none means all.\n"
           "Begin with: popkeep init, popkeep check. Manual: man popkeep, man popkeep.conf\n"));
}

bool cmd_options_have(int argc, char **argv, const char *option)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], option) == 0)
            return true;
    return false;
}
