/* SPDX-License-Identifier: ISC */
/*
 * Finding stored files again: by base name in new/, cur/ and those of Maildir++ subfolders (".Name"), flags ignored, wherever the owner's
 * mail reader has moved them. On a miss the folders are read once more (a reader may be moving it). Symlinked subfolders are not followed.
 * The index of names costs one readdir of each folder; it is built at the first use and again by finder_refresh.
 */
#ifndef POPKEEP_STORE_FINDER_H
#define POPKEEP_STORE_FINDER_H

#include "popkeep/store/maildir.h"
#include "popkeep/base/hash.h"

struct finder;
struct finder *finder_new(const struct maildir *m);
void finder_free(struct finder *f);

enum finder_result {
    FINDER_ERROR = -1,  /* *e: a folder or file could not be read; nothing may be concluded */
    FINDER_OK,          /* there, and size and hash as recorded */
    FINDER_MISSING,
    FINDER_CHANGED      /* there, but not as recorded */
};

/* Look only: exists with this size? (CHANGED: another size.) */
enum finder_result finder_look(struct finder *f, const char *name, uint64_t octets, struct err *e);
/* Read it whole and compare the SHA-256. */
enum finder_result finder_check(struct finder *f, const char *name, uint64_t octets,
                                const unsigned char sha[HASH_OCTETS], struct err *e);
/* The same, and then fsync the file and the folder it is in (recovery of a published intent). */
enum finder_result finder_check_and_sync(struct finder *f, const char *name, uint64_t octets,
                                         const unsigned char sha[HASH_OCTETS], struct err *e);
/* Path relative to the Maildir of the file last found, e.g. "cur/1700...:2,S". */
const char *finder_found(const struct finder *f);
int finder_refresh(struct finder *f, struct err *e);

/* Walk every message file of the Maildir (for --adopt): base name, relative path, size. -1 from `each` stops. */
int finder_walk(struct finder *f,
                int (*each)(void *ctx, const char *base_name, const char *path, struct err *e),
                void *ctx, struct err *e);
/* Read a file by the relative path of finder_walk through `piece`, in order. */
int finder_read(struct finder *f, const char *path, int (*piece)(void *ctx, struct sv octets, struct err *e),
                void *ctx, struct err *e);

#endif
