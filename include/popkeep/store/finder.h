/* SPDX-License-Identifier: ISC */
/*
 * Finding stored files again: by base name in new/, cur/ and those of Maildir++ subfolders
 * (".Name"), flags ignored, wherever the owner's mail reader has moved them. Symbolic links are not
 * followed.
 *
 * An index of names is built at the first question: one reading of each folder, about 32 octets a
 * file. On a miss the folders are read once more (a reader may be moving the file), unless none of
 * them has changed since the index was begun: so many missing files cost a few fstat each, not a
 * reading each. A file with the right name that is not as recorded is CHANGED only when no other
 * file of that name is as recorded.
 *
 * Order: finder_new, questions in any order, finder_free. One thread at a time.
 */
#ifndef POPKEEP_STORE_FINDER_H
#define POPKEEP_STORE_FINDER_H

#include "popkeep/store/maildir.h"
#include "popkeep/base/hash.h"

struct finder;
struct finder *finder_new(const struct maildir *m); /* m must outlive it */
void finder_free(struct finder *f);                 /* null allowed */

enum finder_result {
    FINDER_ERROR =
        -1,    /* *e (ST_IO): a folder or file could not be read; nothing may be concluded */
    FINDER_OK, /* there, and size and hash as recorded */
    FINDER_MISSING,
    FINDER_CHANGED /* there, but not as recorded */
};

/* Look only: exists with this size? (CHANGED: another size.) */
enum finder_result finder_look(struct finder *f, const char *name, uint64_t octets, struct err *e);
/* Is the name in the index, as the folders were last read? Costs no system call. OK or MISSING;
 * what was moved since may be missing (finder_refresh, then ask again). finder_found: nothing. */
enum finder_result finder_glance(struct finder *f, const char *name, struct err *e);
/* Read it whole and compare the SHA-256. */
enum finder_result finder_check(struct finder *f, const char *name, uint64_t octets,
                                const unsigned char sha[HASH_OCTETS], struct err *e);
/* The same, and if it is OK fsync the file and the folder it is in (recovery of a published
 * intent). A sync that fails is FINDER_ERROR. */
enum finder_result finder_check_and_sync(struct finder *f, const char *name, uint64_t octets,
                                         const unsigned char sha[HASH_OCTETS], struct err *e);

/* Path, relative to the Maildir, of the file that the last question found (OK or CHANGED), e.g.
 * "cur/1700...:2,S"; empty after MISSING. Good until the next question. */
const char *finder_found(const struct finder *f);

/* Read the folders anew, whatever their times say. */
int finder_refresh(struct finder *f, struct err *e);
uint64_t finder_scans(const struct finder *f); /* readings of the folders so far, for tests */

/* Walk every message file of the Maildir (for --adopt): base name, and path relative to the
 * Maildir. Names with a leading dot and what is no regular file are passed over. -1 from `each`
 * stops. A file that is moved meanwhile may be seen twice. */
int finder_walk(struct finder *f,
                int (*each)(void *ctx, const char *base_name, const char *path, struct err *e),
                void *ctx, struct err *e);
/* Read a file by the relative path of finder_walk through `piece`, in order; -1 from it stops. */
int finder_read(struct finder *f, const char *path,
                int (*piece)(void *ctx, struct sv octets, struct err *e), void *ctx, struct err *e);

#endif
