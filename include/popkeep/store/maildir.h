/* SPDX-License-Identifier: ISC */
/*
 * The Maildir: files into tmp/, names into new/, and the syncs between. Which sync comes when is run/fetch's knowledge.
 *
 * Order: maildir_open (or maildir_create) -> maildir_sweep once, under the account's lock and after recovery -> for each batch:
 * maildir_batch_begin, then for each message maildir_file_begin / _write / _finish (or _discard), maildir_batch_sync,
 * (journal: intents), maildir_publish each, maildir_sync_new, (journal: stored) -> maildir_close.
 * Everything goes by descriptors opened once with O_DIRECTORY | O_NOFOLLOW. Files are 0600, folders 0700, umask is not relied upon.
 * Names: "<time>.M<usec>P<pid>Q<count>R<random>.<host>,S=<octets>,W=<octets>"; in tmp/ "popkeep-ACCOUNT." and the part before ".<host>".
 * No octet of a server is ever part of a name.
 * Errors: ST_CANTCREATE, ST_IO; ST_CONFIG for a folder that is no Maildir or belongs to another user.
 */
#ifndef POPKEEP_STORE_MAILDIR_H
#define POPKEEP_STORE_MAILDIR_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

enum { MAILDIR_NAME_MAX = 255, MAILDIR_ID = 33 };

struct maildir;

/* *missing: the folder (or its new/, cur/, tmp/) does not exist; then -1 with ST_CONFIG set as well. */
int maildir_open(struct maildir **out, const char *path, const char *account, bool *missing, struct err *e);
int maildir_create(struct maildir **out, const char *path, const char *account, struct err *e);
void maildir_close(struct maildir *m);
const char *maildir_path(const struct maildir *m);
int maildir_folder_fd(const struct maildir *m); /* of the Maildir itself */

/* The id in popkeep-ACCOUNT.id: 32 hex digits. Empty string when there is none. */
int maildir_id_get(const struct maildir *m, char id[MAILDIR_ID], struct err *e);
int maildir_id_put(const struct maildir *m, const char *id, struct err *e);

/* Remove this account's left-over files in tmp/ (by prefix, never by age). *n: how many. */
int maildir_sweep(struct maildir *m, size_t *n, struct err *e);

/* true: one syncfs a batch (ext4, XFS, btrfs, f2fs on Linux >= 5.8); false: fsync per file. */
bool maildir_uses_syncfs(const struct maildir *m);

struct maildir_file {
    int fd;             /* -1: closed */
    uint64_t octets;    /* written */
    char unique[80];    /* "<time>.M..P..Q..R.." */
    char name[MAILDIR_NAME_MAX + 1]; /* final base name, set by maildir_file_finish */
};

/* Before the first write of a batch (opens the descriptor whose syncfs will report that batch's write errors). */
int maildir_batch_begin(struct maildir *m, struct err *e);
int maildir_file_begin(struct maildir *m, struct maildir_file *f, int64_t now_us, struct err *e);
int maildir_file_write(struct maildir *m, struct maildir_file *f, struct sv octets, struct err *e);
/* Read back what was written so far, from `off`; for the line-end rule's rewriting. *got < n only at the end. */
int maildir_file_read(struct maildir *m, struct maildir_file *f, uint64_t off, char *p, size_t n, size_t *got, struct err *e);
/* Overwrite at `off` (growing the file if needed). `octets` is then the larger of both. */
int maildir_file_rewrite(struct maildir *m, struct maildir_file *f, uint64_t off, struct sv octets, struct err *e);
/* Set mtime, decide the name. In fsync mode the descriptor stays open until maildir_batch_sync. */
int maildir_file_finish(struct maildir *m, struct maildir_file *f, uint64_t crlf_octets, int64_t mtime_s, struct err *e);
/* Close and remove the tmp file; never fails. */
void maildir_file_discard(struct maildir *m, struct maildir_file *f);

/* All finished files' data and tmp/ names are on the disk when this returns 0. A failure is final for the batch. */
int maildir_batch_sync(struct maildir *m, struct maildir_file *files, size_t n, struct err *e);
/* tmp/ -> new/ without ever replacing a file. -1 with ST_IO also when the target exists. */
int maildir_publish(struct maildir *m, const char *name, struct err *e);
int maildir_sync_new(struct maildir *m, struct err *e); /* new/ (and tmp/) names are on the disk */

/* Recovery of an intent. */
enum maildir_where { MAILDIR_NOWHERE, MAILDIR_IN_TMP, MAILDIR_IN_NEW /* or cur/, see finder */ };
/* Is the tmp/ file of this final name there? Opens, hashes and syncs it: *ok when size and hash fit. */
int maildir_recover_tmp(struct maildir *m, const char *name, uint64_t octets, const unsigned char sha[32], bool *ok, struct err *e);

/* Counts for tests and the bench. */
uint64_t maildir_syncs(const struct maildir *m);

#endif
