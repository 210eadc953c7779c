/* SPDX-License-Identifier: ISC */
/*
 * The commands, one file each, and what they share. Each prints its own events; *e is for what
 * stopped it before any account.
 */
#ifndef POPKEEP_CMD_SETUP_H
#define POPKEEP_CMD_SETUP_H

#include "popkeep/cmd/options.h"
#include "popkeep/cmd/sink.h"
#include "popkeep/config/config.h"

enum status cmd_fetch(const struct cmd_options *o, struct err *e);
enum status cmd_check(const struct cmd_options *o, struct err *e);
enum status cmd_status(const struct cmd_options *o, struct err *e);
enum status cmd_verify(const struct cmd_options *o, struct err *e);
enum status cmd_report(const struct cmd_options *o, struct err *e);
enum status cmd_completion(const struct cmd_options *o, struct err *e);
enum status cmd_init(const struct cmd_options *o, struct err *e);
enum status cmd_import(const struct cmd_options *o, struct err *e);
enum status cmd_providers(const struct cmd_options *o, struct err *e);

/* The configuration found, read, checked and the accounts of the command line chosen. */
struct cmd_setup {
    struct config config;
    bool *chosen;
    size_t n_chosen;
    char *state_root;
};
int cmd_setup(struct cmd_setup *s, const struct cmd_options *o, struct err *e);
/* Where a configuration would be found that is not there yet: the place asked for, or the user's
 * own. The caller frees it; null: ST_CONFIG, there is no home folder. */
char *cmd_new_config(const struct cmd_options *o, const char *home, struct err *e);
void cmd_setup_free(struct cmd_setup *s);

/* With -v: that no account fell into the part (--shard). Nobody is served, and that is no error. */
void cmd_tell_empty(const struct cmd_options *o, const struct cmd_setup *s, struct sink *sink);

/* status --nagios: the line on stdout. With an error in *e already (wrong usage), or one that keeps
 * it from looking: unknown. */
enum monitor_status cmd_nagios(const struct cmd_options *o, struct err *e);

/* --metrics: the figures of all accounts (those named or not, but for --shard), and of the run
 * whose summary this is (null: none). A failure is told as an event. */
enum status cmd_publish_metrics(const struct cmd_options *o, const struct cmd_setup *s,
                                const struct event *summary, struct sink *sink);

#endif
