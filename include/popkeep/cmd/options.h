/* SPDX-License-Identifier: ISC */
/*
 * The command line: one table of options, one of commands (popkeep(1)).
 */
#ifndef POPKEEP_CMD_OPTIONS_H
#define POPKEEP_CMD_OPTIONS_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/config/shard.h"
#include "popkeep/run/options.h"

struct cmd_options {
    const struct cmd_command *command;
    bool command_given;      /* false: the default, since no word named one */
    const char *config_file; /* null: look for it */
    struct run_options run;
    bool json;
    const char *lang;         /* report: "en", "tr"; null: by the locale */
    const char *log_file;     /* null: none */
    const char *metrics_file; /* null: none */
    bool fail_fast;
    bool nagios;
    const char *warning, *critical; /* limits of --nagios, null: not given */
    bool help, version;
    unsigned jobs;      /* 0: not given */
    struct shard shard; /* n is 0: not given */
    const char **words; /* account words, not owned: point into argv */
    size_t n_words;
};

struct cmd_option {
    char letter;          /* 0: none */
    const char *name;     /* without "--" */
    const char *argument; /* null: takes none */
    const char *help;
    int (*set)(struct cmd_options *o, const char *value, struct err *e); /* null: a flag */
    size_t flag;       /* where its bool is in struct cmd_options */
    unsigned commands; /* bits of enum cmd_bit: those that know it; 0: all */
};
const struct cmd_option *cmd_option_table(void); /* ended by a null name */

enum cmd_bit {
    CMD_FETCH = 1,
    CMD_CHECK = 2,
    CMD_STATUS = 4,
    CMD_VERIFY = 8,
    CMD_PROVIDERS = 16,
    CMD_COMPLETION = 32,
    CMD_IMPORT = 64,
    CMD_REPORT = 128,
    CMD_INIT = 256
};

struct cmd_command {
    const char *name;
    enum cmd_bit bit;
    const char *help;
    enum status (*run)(const struct cmd_options *o, struct err *e);
    /* Which words it takes: null: accounts; "": none; "FILE", "DIR": a path; else those that may be
     * meant, with blanks between. */
    const char *words;
};
const struct cmd_command *
cmd_command_table(void);                    /* ended by a null name; the first is the default */
const char *const *cmd_command_names(void); /* ended by null */

/* -1, ST_USAGE. o->words is to be freed. */
int cmd_options_parse(struct cmd_options *o, int argc, char **argv, struct err *e);
void cmd_options_help(struct buf *out);

/* Whether such an option ("--json") is among the arguments, however wrong the others are. */
bool cmd_options_have(int argc, char **argv, const char *option);

#endif
