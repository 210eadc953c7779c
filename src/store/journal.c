/* SPDX-License-Identifier: ISC */
/* The journal: opening and extending. Compaction is in compact.c. */
#include "popkeep/store/journal.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/store/disk.h"
#include "popkeep/store/folder.h"
#include "popkeep/store/journal_inside.h"
#include "popkeep/store/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- opening ---- */

/* *fd stays -1 when there is none. */
static int open_one(struct journal *j, const char *name, const char *path, int *fd, struct err *e)
{
    struct stat st;
    int access = j->mode == JOURNAL_WRITE ? O_RDWR : O_RDONLY;
    *fd = openat(j->dir_fd, name, access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0 && errno == ENOENT)
        return 0;
    if (*fd < 0)
        return disk_fail(e, ST_IO, errno, "cannot open %s", path);
    if (fstat(*fd, &st) != 0)
        return disk_fail(e, ST_IO, errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ST_IO, "%s is not a regular file", path);
    return 0;
}

static int cut_tail(struct journal *j, int fd, const char *path, const struct loaded *in,
                    struct buf *warnings, struct err *e)
{
    uint64_t tail = in->length - in->good;
    if (tail == 0)
        return 0;
    if (j->mode == JOURNAL_READ) {
        tr_addf(warnings,
                "%s: %llu octets of an unfinished group at the end were ignored (a run is "
                "at work, or was cut short)\n",
                path, (unsigned long long)tail);
        return 0;
    }
    if (disk_cut(fd, in->good, path, e) != 0 || disk_sync_data(fd, path, e) != 0)
        return -1;
    j->syncs++;
    tr_addf(warnings,
            "%s: %llu octets of an unfinished group at the end were cut off (the last run "
            "was cut short; nothing had relied on them)\n",
            path, (unsigned long long)tail);
    return 0;
}

/* Before anything is concluded from what it holds. */
static int sync_found(struct journal *j, int fd, const char *path, struct err *e)
{
    if (j->mode == JOURNAL_READ)
        return 0;
    j->syncs++;
    return disk_sync_data(fd, path, e);
}

static int load_one(struct journal *j, int fd, const char *path, bool archive, uint64_t *length,
                    uint64_t *records, struct buf *warnings, struct err *e)
{
    struct loaded in = {0};
    if (fd < 0)
        return 0;
    if (loader_load(fd, path, j->ledger, archive, &in, e) != 0 ||
        cut_tail(j, fd, path, &in, warnings, e) != 0)
        return -1;
    *length = in.good;
    *records = in.records;
    return 0;
}

static int open_files(struct journal *j, struct buf *warnings, struct err *e)
{
    uint64_t archived = 0;
    bool writer = j->mode == JOURNAL_WRITE;
    if (writer && unlinkat(j->dir_fd, JOURNAL_NEW, 0) != 0 && errno != ENOENT)
        return disk_fail(e, ST_IO, errno, "cannot remove %s/%s", j->dir, JOURNAL_NEW);
    /* The journal before the archive: compaction of another process extends the archive first, so a
     * reader may see a tombstone in both, but never in neither. */
    if (open_one(j, JOURNAL_NAME, j->path, &j->fd, e) != 0 ||
        open_one(j, JOURNAL_ARCHIVE, j->archive_path, &j->archive_fd, e) != 0)
        return -1;
    if ((j->archive_fd >= 0 && sync_found(j, j->archive_fd, j->archive_path, e) != 0) ||
        (j->fd >= 0 && sync_found(j, j->fd, j->path, e) != 0))
        return -1;
    if (writer && (j->fd >= 0 || j->archive_fd >= 0)) {
        j->syncs++;
        if (folder_sync(j->dir_fd, j->dir, e) != 0)
            return -1;
    }
    if (load_one(j, j->archive_fd, j->archive_path, true, &j->archive_length, &archived, warnings,
                 e) != 0)
        return -1;
    return load_one(j, j->fd, j->path, false, &j->synced, &j->lines, warnings, e);
}

int journal_open(struct journal **out, int dir_fd, const char *dir, enum journal_mode mode,
                 struct ledger *l, struct buf *warnings, struct err *e)
{
    struct journal *j = mem_zalloc(1, sizeof *j);
    *out = NULL;
    j->mode = mode;
    j->ledger = l;
    j->dir = mem_strdup(dir);
    j->path = mem_printf("%s/" JOURNAL_NAME, dir);
    j->archive_path = mem_printf("%s/" JOURNAL_ARCHIVE, dir);
    j->fd = j->archive_fd = -1;
    group_init(&j->group);
    j->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
    int rc = 0;
    if (j->dir_fd < 0)
        rc = disk_fail(e, ST_IO, errno, "cannot open %s", dir);
    else
        rc = open_files(j, warnings, e);
    if (rc != 0) {
        journal_close(j);
        return -1;
    }
    j->end = j->synced;
    j->made = j->fd >= 0;
    j->archive_made = j->archive_fd >= 0;
    *out = j;
    return 0;
}

void journal_close(struct journal *j)
{
    if (j == NULL)
        return;
    group_free(&j->group);
    /* what had to be on the disk was synced: these closes have nothing left to report */
    if (j->fd >= 0)
        close(j->fd);
    if (j->archive_fd >= 0)
        close(j->archive_fd);
    if (j->dir_fd >= 0)
        close(j->dir_fd);
    free(j->dir);
    free(j->path);
    free(j->archive_path);
    free(j);
}

/* ---- extending ---- */

int journal_usable(const struct journal *j, struct err *e)
{
    if (j->mode != JOURNAL_WRITE)
        return err_set(e, ST_SOFTWARE, "%s was opened for reading only", j->path);
    if (!j->poisoned)
        return 0;
    return err_set(e, ST_IO,
                   "nothing more can be recorded in %s: writing it failed before in this run",
                   j->path);
}

int journal_add(struct journal *j, const struct record *r, struct err *e)
{
    if (journal_usable(j, e) != 0 || ledger_apply(j->ledger, r, false, e) != 0)
        return -1;
    group_add(&j->group, r);
    return 0;
}

size_t journal_pending(const struct journal *j)
{
    return j->group.count - j->in_file;
}

uint64_t journal_syncs(const struct journal *j)
{
    return j->syncs;
}

/* The name of the folder is synced first: once there is a journal in it, no later run would think
 * of doing that for one that was killed here. */
static int create(struct journal *j, struct err *e)
{
    if (j->fd >= 0)
        return 0;
    int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    j->syncs++;
    if (folder_sync_parent(j->dir_fd, j->dir, e) != 0)
        return -1;
    j->fd = openat(j->dir_fd, JOURNAL_NAME, flags, 0600);
    if (j->fd < 0)
        return disk_fail(e, ST_CANTCREATE, errno, "cannot create %s", j->path);
    return 0;
}

/* The text of the group from `from` on; a group that took its place before is as long at most. */
static int put_group(struct journal *j, size_t from, struct err *e)
{
    uint64_t end = j->synced + j->group.text.n;
    if (disk_write(j->fd, sv_from(buf_sv(&j->group.text), from), j->synced + from, j->path, e) != 0)
        return -1;
    if (end < j->end && disk_cut(j->fd, end, j->path, e) != 0)
        return -1;
    j->end = end;
    return 0;
}

/* Back to what is surely whole. The records stay in the group, all of them unwritten again. */
static void cut_back(struct journal *j)
{
    struct err second = ERR_INIT;
    if (disk_cut(j->fd, j->synced, j->path, &second) != 0)
        j->poisoned = true;
    j->end = j->synced;
    j->in_file = 0;
    j->in_file_octets = 0;
}

/* Write the waiting records, in one group with those that are in the file but not synced. */
static int write_group(struct journal *j, struct err *e)
{
    uint32_t count = j->group.count;
    size_t lines = j->group.text.n;
    group_end(&j->group);
    int rc = put_group(j, j->in_file_octets, e);
    buf_cut(&j->group.text, lines); /* without its end line again: more may join */
    j->group.count = count;
    if (rc != 0) {
        cut_back(j);
        return -1;
    }
    j->lines += count - j->in_file;
    j->in_file = count;
    j->in_file_octets = lines;
    return 0;
}

static int sync_group(struct journal *j, struct err *e)
{
    int rc = disk_sync_data(j->fd, j->path, e);
    j->syncs++;
    if (rc == 0 && !j->made) {
        rc = folder_sync(j->dir_fd, j->dir, e);
        j->syncs++;
    }
    if (rc != 0) {
        j->poisoned = true;
        return -1;
    }
    j->made = true;
    j->synced = j->end;
    j->in_file = 0;
    j->in_file_octets = 0;
    group_clear(&j->group);
    return 0;
}

int journal_commit(struct journal *j, bool sync, struct err *e)
{
    if (journal_usable(j, e) != 0)
        return -1;
    bool unsynced = j->in_file > 0;
    if (journal_pending(j) > 0) {
        if (create(j, e) != 0 || write_group(j, e) != 0)
            return -1;
        sync = sync || unsynced || !j->made;
    }
    return sync && j->in_file > 0 ? sync_group(j, e) : 0;
}
