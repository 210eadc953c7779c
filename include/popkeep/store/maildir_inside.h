/* SPDX-License-Identifier: ISC */
/*
 * The inside of struct maildir, shared by maildir.c (the folders), deliver.c (messages and syncs)
 * and publish.c (names) alone.
 */
#ifndef POPKEEP_STORE_MAILDIR_INSIDE_H
#define POPKEEP_STORE_MAILDIR_INSIDE_H

#include "popkeep/store/maildir.h"

#include <stdatomic.h>

struct maildir {
    char *path;    /* for messages */
    char *prefix;  /* of names in tmp/: "popkeep-ACCOUNT." */
    char *id_name; /* "popkeep-ACCOUNT.id" */
    int fd, tmp_fd, new_fd;
    int sync_fd; /* for syncfs; -1 until the first batch */
    bool by_syncfs;
    enum maildir_naming naming;
    char host[NAMES_HOST];
    atomic_uint_least64_t syncs;
};

/* Name in tmp/ of a `unique`; the caller frees it. */
char *maildir_tmp_name(const struct maildir *m, struct sv unique);
/* "MAILDIR/FOLDER/NAME" for messages; the caller frees it. */
char *maildir_say(const struct maildir *m, const char *folder, const char *name);

#endif
