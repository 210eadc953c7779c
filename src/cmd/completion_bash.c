/* SPDX-License-Identifier: ISC */
/* The script for bash. It works without the package bash-completion. */
#include "popkeep/cmd/completion.h"

#include <string.h>

/* bash cuts words at '=', '@' and ':', which may stand in options and account names, and wants only
 * what follows the last of them: so words are taken from the line itself. */
static const char head[] =
    "# bash completion for popkeep; made by: popkeep completion bash\n"
    "\n"
    "_popkeep() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} cur command='' expect='' config='' choices='' n i\n"
    "    local -a words\n"
    "    COMPREPLY=()\n"
    "    read -ra words <<<\"$line\"\n"
    "    cur=${line##*[[:space:]]}\n"
    "    n=${#words[@]}\n"
    "    [[ -n $cur ]] && n=$((n - 1))\n"
    "    for ((i = 1; i < n; i++)); do\n"
    "        if [[ -n $expect ]]; then\n"
    "            [[ $expect == config ]] && config=${words[i]}\n"
    "            expect=''\n"
    "            continue\n"
    "        fi\n"
    "        case ${words[i]} in\n"
    "        --config=*) config=${words[i]#*=} ;;\n";

static const char reply[] =
    "    case $expect in\n"
    "    config | FILE) _popkeep_reply \"$cur\" -f ;;\n"
    "    DIR) _popkeep_reply \"$cur\" -d ;;\n"
    "    ?*) ;;\n"
    "    *)\n"
    "        case $cur in\n"
    "        -*) _popkeep_reply \"$cur\" -W \"$(_popkeep_options \"$command\")\" ;;\n"
    "        *)\n"
    "            choices=$(_popkeep_words \"$command\")\n"
    "            case $choices in\n"
    "            FILE) _popkeep_reply \"$cur\" -f ;;\n"
    "            DIR) _popkeep_reply \"$cur\" -d ;;\n"
    "            *)\n"
    "                if [[ \" $choices \" == *' ACCOUNT '* ]]; then\n"
    "                    config=${config/#\\~\\//$HOME/}\n"
    "                    choices=${choices/ACCOUNT/}' '$(\"${words[0]/#\\~\\//$HOME/}\" "
    "${config:+-c \"$config\"} completion accounts 2>/dev/null)\n"
    "                fi\n"
    "                _popkeep_reply \"$cur\" -W \"$choices\"\n"
    "                ;;\n"
    "            esac\n"
    "            ;;\n"
    "        esac\n"
    "        ;;\n"
    "    esac\n"
    "}\n";

static const char tail[] =
    "# What begins with WORD, without the part of it that bash takes for words before.\n"
    "_popkeep_reply() {\n"
    "    local word=$1 before='' after i\n"
    "    shift\n"
    "    [[ $1 == -W ]] || compopt -o filenames 2>/dev/null\n"
    "    [[ $1 != -W ]] || compopt +o default 2>/dev/null\n"
    "    mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$word\")\n"
    "    for ((i = 0; i < ${#COMP_WORDBREAKS}; i++)); do\n"
    "        case ${COMP_WORDBREAKS:i:1} in\n"
    "        [=@:])\n"
    "            after=${word##*\"${COMP_WORDBREAKS:i:1}\"}\n"
    "            [[ $after == \"$word\" ]] || ((${#word} - ${#after} <= ${#before})) || "
    "before=${word%\"$after\"}\n"
    "            ;;\n"
    "        esac\n"
    "    done\n"
    "    for i in \"${!COMPREPLY[@]}\"; do\n"
    "        COMPREPLY[i]=${COMPREPLY[i]#\"$before\"}\n"
    "    done\n"
    "}\n"
    "\n"
    "complete -F _popkeep popkeep\n";

static void add_names(struct buf *out, const struct cmd_option *o, const char *between)
{
    if (o->letter != 0)
        (void)buf_addf(out, "-%c%s", o->letter, between);
    (void)buf_addf(out, "--%s", o->name);
}

/* The arms that say which option wants an argument, and which words are commands. */
static void add_arms(struct buf *out)
{
    for (const struct cmd_option *o = cmd_option_table(); o->name != NULL; o++) {
        if (o->argument == NULL)
            continue;
        (void)buf_add_c(out, "        ");
        add_names(out, o, " | ");
        (void)buf_addf(out, ") expect=%s ;;\n",
                       strcmp(o->name, "config") == 0 ? o->name : o->argument);
    }
    (void)buf_add_c(out, "        -*) ;;\n        ");
    for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++)
        (void)buf_addf(out, "%s%s", c == cmd_command_table() ? "" : " | ", c->name);
    (void)buf_addf(out,
                   ") command=${command:-${words[i]}} ;;\n"
                   "        *) command=${command:-%s} ;;\n"
                   "        esac\n"
                   "    done\n"
                   /* "--log=/var/l": the argument stands in the word itself */
                   "    case $cur in\n",
                   cmd_command_table()->name);
    for (const struct cmd_option *o = cmd_option_table(); o->name != NULL; o++)
        if (completion_is_path(o->argument))
            (void)buf_addf(out,
                           "    --%s=*)\n"
                           "        expect=%s\n"
                           "        cur=${cur#*=}\n"
                           "        ;;\n",
                           o->name, o->argument);
    (void)buf_add_c(out, "    esac\n");
}

static void add_options(struct buf *out)
{
    (void)buf_add_c(out, "\n_popkeep_options() {\n    case $1 in\n");
    for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++) {
        (void)buf_addf(out, "    %s) echo '", c->name);
        for (const struct cmd_option *o = cmd_option_table(); o->name != NULL; o++)
            if (completion_goes_with(o, c)) {
                add_names(out, o, " ");
                (void)buf_add_char(out, ' ');
            }
        (void)buf_add_c(out, "' ;;\n");
    }
    (void)buf_add_c(out, "    *) echo '");
    for (const struct cmd_option *o = cmd_option_table(); o->name != NULL; o++) {
        add_names(out, o, " ");
        (void)buf_add_char(out, ' ');
    }
    (void)buf_add_c(out, "' ;;\n    esac\n}\n");
}

static void add_words(struct buf *out)
{
    (void)buf_add_c(out, "\n_popkeep_words() {\n    case $1 in\n    '') echo '");
    for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++)
        (void)buf_addf(out, "%s ", c->name);
    (void)buf_add_c(out, "ACCOUNT' ;;\n");
    for (const struct cmd_command *c = cmd_command_table(); c->name != NULL; c++)
        (void)buf_addf(out, "    %s) echo '%s' ;;\n", c->name,
                       c->words == NULL ? "ACCOUNT" : c->words);
    (void)buf_add_c(out, "    esac\n}\n\n");
}

void completion_bash(struct buf *out)
{
    (void)buf_add_c(out, head);
    add_arms(out);
    (void)buf_add_c(out, reply);
    add_options(out);
    add_words(out);
    (void)buf_add_c(out, tail);
}
