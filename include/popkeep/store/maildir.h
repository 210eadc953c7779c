/* SPDX-License-Identifier: ISC */
/*
 * The Maildir: files into tmp/, names into new/, and the syncs between. Which sync comes when is
 * run/fetch's knowledge.
 *
 * Order: maildir_open (or maildir_create); maildir_sweep once, under the account's lock and after
 * recovery; for each batch maildir_batch_begin, for each message maildir_file_begin, any number of
 * maildir_file_write, maildir_file_finish (or maildir_file_discard), then maildir_batch_sync, the
 * journal's intents, maildir_publish each, maildir_sync_new, the journal's stored; maildir_close.
 *
 * One thread may receive a batch (batch_begin, file_*) while another commits the one before
 * (batch_sync, publish, sync_new); a struct maildir_file has one user at a time.
 *
 * The Maildir itself may be reached by symbolic links (many link ~/Mail to another disk); tmp/,
 * new/ and cur/ must be folders of their own, on one file system. They are opened once, and
 * everything goes by these descriptors. Files are 0600, folders 0700; the umask can only take
 * rights away. Names: popkeep/store/names.h. In tmp/ a file is called "popkeep-ACCOUNT." and its
 * `unique`.
 *
 * Errors: ST_CANTCREATE a file or folder cannot be made; ST_IO; ST_CONFIG for a folder that is no
 * Maildir or belongs to another user; ST_DATA for a popkeep-ACCOUNT.id that holds no id.
 */
#ifndef POPKEEP_STORE_MAILDIR_H
#define POPKEEP_STORE_MAILDIR_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/base/hash.h"
#include "popkeep/store/names.h"

enum { MAILDIR_NAME_MAX = 255, MAILDIR_ID = 33 };

struct maildir;

/* *missing: the folder, or its tmp/, new/ or cur/, does not exist; then -1 with ST_CONFIG as well.
 * The owner of the four folders must be the effective user or root. */
int maildir_open(struct maildir **out, const char *path, const char *account, bool *missing,
                 struct err *e);
/* Make what is missing of it, durably, and open it. */
int maildir_create(struct maildir **out, const char *path, const char *account, struct err *e);
void maildir_close(struct maildir *m); /* null allowed */
const char *maildir_path(const struct maildir *m);
int maildir_folder_fd(const struct maildir *m); /* of the Maildir itself */

/* The id in popkeep-ACCOUNT.id: 32 hex digits. Empty string when there is no such file. */
int maildir_id_get(const struct maildir *m, char id[MAILDIR_ID], struct err *e);
/* Durable on return, and so are the Maildir's own folders and its name in its parent. */
int maildir_id_put(const struct maildir *m, const char *id, struct err *e);

/* Remove this account's left-over files in tmp/: those named by its prefix and a `unique`, never by
 * age, never another account's whose name begins alike. *n: how many. */
int maildir_sweep(struct maildir *m, size_t *n, struct err *e);

/* true: one syncfs a batch (ext4, XFS, btrfs, f2fs on Linux >= 5.8); false: fsync per file. */
bool maildir_uses_syncfs(const struct maildir *m);

struct maildir_file {
    int fd;                          /* -1: closed */
    uint64_t octets;                 /* written */
    char unique[NAMES_UNIQUE];       /* "<time>.M..P..Q..R.." */
    char name[MAILDIR_NAME_MAX + 1]; /* final base name, set by maildir_file_finish */
};

/* Before the first write of a batch: sees to it that the descriptor is open whose syncfs reports
 * the batch's write errors. It stays open, so that batches may overlap: each syncfs then reports
 * all errors since the one before, never fewer than the batch's own. */
int maildir_batch_begin(struct maildir *m, struct err *e);
/* A new, empty file in tmp/. On -1 there is nothing to discard. */
int maildir_file_begin(struct maildir *m, struct maildir_file *f, int64_t now_us, struct err *e);
/* Append. After -1 the file is good for maildir_file_discard only. */
int maildir_file_write(struct maildir *m, struct maildir_file *f, struct sv octets, struct err *e);
/* Read back what was written so far, from `off`, for the line-end rule's rewriting.
 * *got < n only at the end. */
int maildir_file_read(struct maildir *m, struct maildir_file *f, uint64_t off, char *p, size_t n,
                      size_t *got, struct err *e);
/* Overwrite at `off` (growing the file if needed). `octets` is then the larger of both. */
int maildir_file_rewrite(struct maildir *m, struct maildir_file *f, uint64_t off, struct sv octets,
                         struct err *e);
/* Set the mtime, decide the name; crlf_octets is the W= of the name. In fsync mode the descriptor
 * stays open until maildir_batch_sync, else it is closed here. */
int maildir_file_finish(struct maildir *m, struct maildir_file *f, uint64_t crlf_octets,
                        int64_t mtime_s, struct err *e);
/* Close and remove the tmp file, begun or finished, not yet published; never fails. A file that
 * cannot be removed is swept by the next run. */
void maildir_file_discard(struct maildir *m, struct maildir_file *f);

/* All finished files' data and tmp/ names are on the disk when this returns 0. A failure is final
 * for the batch: discard every file of it. */
int maildir_batch_sync(struct maildir *m, struct maildir_file *files, size_t n, struct err *e);
/* tmp/ -> new/ under the final name, without ever replacing a file. -1 with ST_IO also when another
 * file has the name; when it is this very file (a crash between link and unlink), tmp/ is cleared.
 */
int maildir_publish(struct maildir *m, const char *name, struct err *e);
/* The names in new/ (and those gone from tmp/) are on the disk. */
int maildir_sync_new(struct maildir *m, struct err *e);

/* Recovery of an intent: is the tmp/ file of this final name there, with this size and hash? If so
 * it is synced, its name in tmp/ too, *ok is true and maildir_publish may follow. Else *ok is
 * false. */
int maildir_recover_tmp(struct maildir *m, const char *name, uint64_t octets,
                        const unsigned char sha[HASH_OCTETS], bool *ok, struct err *e);

/* How names get into new/. The first that the file system knows is used, and remembered. */
enum maildir_naming {
    MAILDIR_RENAME_NOREPLACE, /* renameat2 */
    MAILDIR_LINK,             /* linkat, unlinkat */
    MAILDIR_RENAME            /* no hard links either: look, then renameat */
};

/* For tests and the bench only: take the way of another file system; count the syncs. */
void maildir_force_fsync(struct maildir *m, bool per_file);
void maildir_force_naming(struct maildir *m, enum maildir_naming how);
uint64_t maildir_syncs(const struct maildir *m);

#endif
