/* SPDX-License-Identifier: ISC */
/*
 * What the files of popkeep init share: init.c asks and tests, init_files.c writes.
 */
#ifndef POPKEEP_CMD_INIT_INSIDE_H
#define POPKEEP_CMD_INIT_INSIDE_H

#include "popkeep/cmd/setup.h"
#include "popkeep/config/provider.h"

struct init {
    const struct cmd_options *options;
    char *home;    /* null: unknown */
    char *file;    /* the configuration to be, absolute */
    bool there;    /* it is there already: nothing will be written */
    bool asks;     /* a person answers */
    bool hopeless; /* asking again would not help */
    char *name;    /* of the account */
    char *address;
    const struct provider *provider; /* null: host and port */
    char *host;
    unsigned port;
    struct buf password;
    char *maildir;       /* as it was given */
    char *days;          /* "never" or a number */
    char *password_file; /* absolute */
    struct buf text;     /* the configuration */
};

/* Where the two files go: in->file and, once the name is known, in->password_file. -1: no place. */
int init_find_place(struct init *in, struct err *e);
int init_find_password_file(struct init *in, struct err *e);
/* in->text from the answers. */
void init_compose(struct init *in);
/* Both files, or neither; folders that were made for them go, too, when it fails. */
int init_write(const struct init *in, struct err *e);

#endif
