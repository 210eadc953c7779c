/* SPDX-License-Identifier: ISC */
/* The script for fish. */
#include "popkeep/cmd/completion.h"

#include "popkeep/base/translate.h"

#include <string.h>

static const char head[] = "# fish completion for popkeep; made by: popkeep completion fish\n"
                           "\n"
                           "# The command on the line (an account stands for the default one); "
                           "fails while there is none.\n"
                           "function __popkeep_command\n"
                           "    set -l words (commandline -opc)\n"
                           "    set -l skip no\n"
                           "    for word in $words[2..-1]\n"
                           "        if test $skip = yes\n"
                           "            set skip no\n"
                           "            continue\n"
                           "        end\n"
                           "        switch $word\n";

static const char accounts[] =
    "                return 0\n"
    "        end\n"
    "    end\n"
    "    return 1\n"
    "end\n"
    "\n"
    "function __popkeep_command_is\n"
    "    set -l command (__popkeep_command); and contains -- $command $argv\n"
    "end\n"
    "\n"
    "# No command yet, or one of these.\n"
    "function __popkeep_may_be\n"
    "    not __popkeep_command >/dev/null; or __popkeep_command_is $argv\n"
    "end\n"
    "\n"
    "function __popkeep_accounts\n"
    "    set -l words (commandline -opc)\n"
    "    set -l config\n"
    "    for i in (seq 2 (count $words))\n"
    "        switch $words[$i]\n"
    "            case -c --config\n"
    "                set config $words[(math $i + 1)]\n"
    "            case '--config=*'\n"
    "                set config (string replace -- --config= '' $words[$i])\n"
    "        end\n"
    "    end\n"
    "    set config (string replace -r -- '^~/' $HOME/ $config)\n"
    "    if test -n \"$config\"\n"
    "        $words[1] -c $config completion accounts 2>/dev/null\n"
    "    else\n"
    "        $words[1] completion accounts 2>/dev/null\n"
    "    end\n"
    "end\n"
    "\n"
    "complete -c popkeep -e\n"
    "complete -c popkeep -f\n";

static void add_quoted(struct buf *out, const char *text)
{
    (void)buf_add_char(out, '\'');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'' || *p == '\\')
            (void)buf_add_char(out, '\\');
        (void)buf_add_char(out, *p);
    }
    (void)buf_add_char(out, '\'');
}

static void add_arms(struct buf *out)
{
    (void)buf_add_c(out, "            case");
    for (const struct cmd_option *o = cmd_option_table(); o->name != NULL; o++) {
        if (o->argument == NULL)
            continue;
        if (o->letter != 0)
            (void)buf_addf(out, " -%c", o->letter);
        (void)buf_addf(out, " --%s", o->name);
    }
    (void)buf_add_c(out, "\n                set skip yes\n            case");
    for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++)
        (void)buf_addf(out, " %s", c->name);
    (void)buf_addf(out,
                   "\n                echo $word\n                return 0\n"
                   "            case '-*'\n"
                   "            case '*'\n                echo %s\n",
                   cmd_command_table()->name);
}

static void add_option(struct buf *out, const struct cmd_option *o)
{
    (void)buf_add_c(out, "complete -c popkeep");
    if (o->commands != 0) {
        (void)buf_add_c(out, " -n '__popkeep_may_be");
        for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++)
            if (completion_goes_with(o, c))
                (void)buf_addf(out, " %s", c->name);
        (void)buf_add_char(out, '\'');
    }
    if (o->letter != 0)
        (void)buf_addf(out, " -s %c", o->letter);
    (void)buf_addf(out, " -l %s%s -d ", o->name,
                   o->argument == NULL                ? ""
                   : strcmp(o->argument, "FILE") == 0 ? " -r -F"
                   : strcmp(o->argument, "DIR") == 0  ? " -x -a '(__fish_complete_directories)'"
                                                      : " -x");
    add_quoted(out, tr(o->help));
    (void)buf_add_char(out, '\n');
}

static void add_command(struct buf *out, const struct cmd_command *c)
{
    (void)buf_addf(out, "complete -c popkeep -n 'not __popkeep_command >/dev/null' -a %s -d ",
                   c->name);
    add_quoted(out, tr(c->help));
    (void)buf_addf(out, "\n");
    if (c->words == NULL || *c->words == '\0')
        return;
    (void)buf_addf(out, "complete -c popkeep -n '__popkeep_command_is %s' ", c->name);
    if (strcmp(c->words, "FILE") == 0)
        (void)buf_add_c(out, "-F\n");
    else if (strcmp(c->words, "DIR") == 0)
        (void)buf_add_c(out, "-a '(__fish_complete_directories)'\n");
    else
        (void)buf_addf(out, "-a '%s'\n", c->words);
}

void completion_fish(struct buf *out)
{
    (void)buf_add_c(out, head);
    add_arms(out);
    (void)buf_add_c(out, accounts);
    for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++)
        add_command(out, c);
    (void)buf_add_c(out, "complete -c popkeep -n '__popkeep_may_be");
    for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++)
        if (c->words == NULL)
            (void)buf_addf(out, " %s", c->name);
    (void)buf_add_c(out, "' -a '(__popkeep_accounts)' -d account\n");
    for (const struct cmd_option *o = cmd_option_table(); o->name != NULL; o++)
        add_option(out, o);
}
