/* SPDX-License-Identifier: ISC */
/*
 * Scripts that complete popkeep's command line in bash, zsh and fish, made from the tables of
 * options and commands, so that they never lag behind. Accounts are asked of the program itself
 * (`popkeep completion accounts`), which reads the configuration and nothing else; whatever is
 * wrong with that, completing stays silent.
 */
#ifndef POPKEEP_CMD_COMPLETION_H
#define POPKEEP_CMD_COMPLETION_H

#include "popkeep/cmd/options.h"

/* The whole script; *out is large enough for all of them. */
void completion_bash(struct buf *out);
void completion_zsh(struct buf *out);
void completion_fish(struct buf *out);

/* Shared by the three: what is known of an argument or of a command's words. */
bool completion_is_path(const char *argument); /* "FILE" or "DIR" */
bool completion_goes_with(const struct cmd_option *o, const struct cmd_command *c);

#endif
