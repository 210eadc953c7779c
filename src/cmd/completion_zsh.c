/* SPDX-License-Identifier: ISC */
/* The script for zsh: a function _popkeep for its completion system. */
#include "popkeep/cmd/completion.h"

#include "popkeep/base/translate.h"

#include <string.h>

static const char head[] = "#compdef popkeep\n"
                           "# zsh completion for popkeep; made by: popkeep completion zsh\n"
                           "\n"
                           "_popkeep_accounts() {\n"
                           "    local -a names\n"
                           "    names=(${(f)\"$(_call_program accounts ${(q)words[1]} "
                           "${config:+-c} ${config:+${(q)config}} completion accounts "
                           "2>/dev/null)\"})\n"
                           "    _wanted accounts expl account compadd -a names\n"
                           "}\n"
                           "\n"
                           "_popkeep_commands() {\n"
                           "    local -a commands\n"
                           "    commands=(\n";

static const char walk[] =
    "    )\n"
    "    _describe -t commands command commands\n"
    "}\n"
    "\n"
    "_popkeep() {\n"
    "    local curcontext=$curcontext state line word expect='' command='' config='' expl\n"
    "    local -A opt_args\n"
    "    local -a options\n"
    "    for word in ${(Q)words[2,CURRENT-1]}; do\n"
    "        if [[ -n $expect ]]; then\n"
    "            [[ $expect == config ]] && config=${word/#\\~\\//$HOME/}\n"
    "            expect=''\n"
    "            continue\n"
    "        fi\n"
    "        case $word in\n"
    "        --config=*) config=${${word#*=}/#\\~\\//$HOME/} ;;\n";

static const char tail[] = "    esac\n"
                           "    _arguments -C -s -S $options '*: :->words' && return\n"
                           "    [[ $state == words ]] || return 1\n"
                           "    case $command in\n";

/* Inside '...' of a zsh array: _arguments wants a backslash before what it would read as its own.
 */
static void add_text(struct buf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'')
            (void)buf_add_c(out, "'\\'");
        else if (strchr("[]:\\", *p) != NULL)
            (void)buf_add_char(out, '\\');
        (void)buf_add_char(out, *p);
    }
}

static void add_option(struct buf *out, const struct cmd_option *o)
{
    const char *equals = o->argument != NULL ? "=" : "";

    (void)buf_add_c(out, "        ");
    if (o->letter != 0) /* -v counts */
        (void)buf_addf(out, "%s{-%c%s,--%s%s}'[", o->letter == 'v' ? "\\*" : "", o->letter,
                       o->argument != NULL ? "+" : "", o->name, equals);
    else
        (void)buf_addf(out, "'--%s%s[", o->name, equals);
    add_text(out, tr(o->help));
    (void)buf_add_char(out, ']');
    if (o->argument != NULL)
        (void)buf_addf(out, ":%s:%s", o->argument,
                       strcmp(o->argument, "FILE") == 0  ? "_files"
                       : strcmp(o->argument, "DIR") == 0 ? "_files -/"
                                                         : " ");
    (void)buf_add_c(out, "'\n");
}

static void add_arms(struct buf *out)
{
    for (const struct cmd_option *o = cmd_option_table(); o->name != NULL; o++) {
        if (o->argument == NULL)
            continue;
        (void)buf_add_c(out, "        ");
        if (o->letter != 0)
            (void)buf_addf(out, "-%c | ", o->letter);
        (void)buf_addf(out, "--%s) expect=%s ;;\n", o->name, o->name);
    }
    (void)buf_add_c(out, "        -*) ;;\n        ");
    for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++)
        (void)buf_addf(out, "%s%s", c == cmd_command_table() ? "" : " | ", c->name);
    (void)buf_addf(out,
                   ") command=${command:-$word} ;;\n"
                   "        *) command=${command:-%s} ;;\n"
                   "        esac\n"
                   "    done\n"
                   "    case $command in\n",
                   cmd_command_table()->name);
}

static void add_options(struct buf *out)
{
    for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++) {
        (void)buf_addf(out, "    %s) options=(\n", c->name);
        for (const struct cmd_option *o = cmd_option_table(); o->name != NULL; o++)
            if (completion_goes_with(o, c))
                add_option(out, o);
        (void)buf_add_c(out, "    ) ;;\n");
    }
    (void)buf_add_c(out, "    *) options=(\n");
    for (const struct cmd_option *o = cmd_option_table(); o->name != NULL; o++)
        add_option(out, o);
    (void)buf_add_c(out, "    ) ;;\n");
}

static void add_words(struct buf *out)
{
    (void)buf_add_c(out, "    '')\n"
                         "        _popkeep_commands\n"
                         "        _popkeep_accounts\n"
                         "        ;;\n");
    for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++) {
        (void)buf_addf(out, "    %s) ", c->name);
        if (c->words == NULL)
            (void)buf_add_c(out, "_popkeep_accounts");
        else if (strcmp(c->words, "FILE") == 0)
            (void)buf_add_c(out, "_files");
        else if (strcmp(c->words, "DIR") == 0)
            (void)buf_add_c(out, "_files -/");
        else if (*c->words != '\0')
            (void)buf_addf(out, "_wanted words expl word compadd %s", c->words);
        else
            (void)buf_add_c(out, "_message 'no more arguments'");
        (void)buf_add_c(out, " ;;\n");
    }
    (void)buf_add_c(out, "    esac\n}\n\n_popkeep \"$@\"\n");
}

void completion_zsh(struct buf *out)
{
    (void)buf_add_c(out, head);
    for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++) {
        (void)buf_addf(out, "        '%s:", c->name);
        add_text(out, tr(c->help));
        (void)buf_add_c(out, "'\n");
    }
    (void)buf_add_c(out, walk);
    add_arms(out);
    add_options(out);
    (void)buf_add_c(out, tail);
    add_words(out);
}
