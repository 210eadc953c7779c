/* SPDX-License-Identifier: ISC */
/* The journal written anew beside the old one, and tombstones moved to the archive. */
#include "popkeep/base/mem.h"
#include "popkeep/store/disk.h"
#include "popkeep/store/folder.h"
#include "popkeep/store/journal_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef COMPACT_WORTH_LINES /* the tests build with smaller ones */
#define COMPACT_WORTH_LINES   1000
#define COMPACT_GROUP_RECORDS 4096
#endif

enum { GROUP_RECORDS = COMPACT_GROUP_RECORDS, WORTH_LINES = COMPACT_WORTH_LINES };

/* A file being written in groups. */
struct sink {
    int fd;
    const char *path;
    struct group group;
    uint64_t length;
    uint64_t records;
};

struct compaction {
    struct journal *j;
    struct sink live, archive;
};

struct census {
    uint64_t live, archive;
};

static int count_one(void *ctx, const struct record *r, bool to_archive, struct err *e)
{
    struct census *c = ctx;
    (void)r;
    (void)e;
    if (to_archive)
        c->archive++;
    else
        c->live++;
    return 0;
}

static int sink_flush(struct sink *s, struct err *e)
{
    s->records += s->group.count;
    group_end(&s->group);
    int rc = disk_write(s->fd, buf_sv(&s->group.text), s->length, s->path, e);
    if (rc == 0)
        s->length += s->group.text.n;
    group_clear(&s->group);
    return rc;
}

/* The archive is extended in place, so no two groups of it may be unsynced at once. */
static int archive_flush(struct compaction *c, struct err *e)
{
    if (c->archive.group.count == 0)
        return 0;
    if (sink_flush(&c->archive, e) != 0)
        return -1;
    c->j->syncs++;
    return disk_sync_data(c->archive.fd, c->archive.path, e);
}

static int archive_begin(struct compaction *c, struct err *e)
{
    struct journal *j = c->j;
    if (j->archive_fd < 0) {
        int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        j->archive_fd = openat(j->dir_fd, JOURNAL_ARCHIVE, flags, 0600);
        if (j->archive_fd < 0)
            return disk_fail(e, ST_CANTCREATE, errno, "cannot create %s", j->archive_path);
    }
    c->archive.fd = j->archive_fd;
    return 0;
}

static int write_one(void *ctx, const struct record *r, bool to_archive, struct err *e)
{
    struct compaction *c = ctx;
    struct sink *s = to_archive ? &c->archive : &c->live;
    if (to_archive && s->fd < 0 && archive_begin(c, e) != 0)
        return -1;
    group_add(&s->group, r);
    if (s->group.count < GROUP_RECORDS)
        return 0;
    return to_archive ? archive_flush(c, e) : sink_flush(s, e);
}

static int begin_new(struct compaction *c, struct err *e)
{
    struct journal *j = c->j;
    if (unlinkat(j->dir_fd, JOURNAL_NEW, 0) != 0 && errno != ENOENT)
        return disk_fail(e, ST_CANTCREATE, errno, "cannot remove %s", c->live.path);
    c->live.fd =
        openat(j->dir_fd, JOURNAL_NEW, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (c->live.fd < 0)
        return disk_fail(e, ST_CANTCREATE, errno, "cannot create %s", c->live.path);
    return 0;
}

/* Everything up to the rename; the old journal is still in force. */
static int write_beside(struct compaction *c, int64_t now, int64_t archive_before, struct err *e)
{
    struct journal *j = c->j;
    if (begin_new(c, e) != 0)
        return -1;
    if (ledger_snapshot(j->ledger, now, archive_before, write_one, c, e) != 0)
        return -1;
    if (archive_flush(c, e) != 0)
        return -1;
    if (c->archive.fd >= 0 && !j->archive_made) {
        j->syncs++;
        if (folder_sync(j->dir_fd, j->dir, e) != 0)
            return -1;
        j->archive_made = true;
    }
    if (sink_flush(&c->live, e) != 0)
        return -1;
    j->syncs++;
    return disk_sync(c->live.fd, c->live.path, e);
}

/* What an unfinished compaction appended says nothing that the journal does not say as well, but
 * the next one would append it again. */
static void undo(struct compaction *c)
{
    struct journal *j = c->j;
    struct err second = ERR_INIT;
    if (c->live.fd >= 0) {
        close(c->live.fd);
        (void)unlinkat(j->dir_fd, JOURNAL_NEW, 0); /* else removed at the next opening */
    }
    if (c->archive.fd >= 0 &&
        disk_cut(j->archive_fd, j->archive_length, j->archive_path, &second) != 0)
        j->poisoned = true;
}

static int take_over(struct compaction *c, struct err *e)
{
    struct journal *j = c->j;
    if (renameat(j->dir_fd, JOURNAL_NEW, j->dir_fd, JOURNAL_NAME) != 0) {
        disk_fail(e, ST_CANTCREATE, errno, "cannot rename %s to %s", c->live.path, j->path);
        undo(c);
        return -1;
    }
    if (j->fd >= 0)
        close(j->fd);
    j->fd = c->live.fd;
    j->synced = j->end = c->live.length;
    j->lines = c->live.records;
    if (c->archive.fd >= 0)
        j->archive_length = c->archive.length;
    j->syncs++;
    if (folder_sync(j->dir_fd, j->dir, e) != 0) {
        j->poisoned =
            true; /* after a power failure the old one may be back, without what follows */
        return -1;
    }
    j->made = true;
    return 0;
}

static bool worth_it(const struct journal *j, const struct census *c)
{
    uint64_t idle = j->lines > c->live ? j->lines - c->live : 0;
    return idle > WORTH_LINES && idle > j->lines / 2;
}

int journal_compact(struct journal *j, int64_t now, int64_t archive_before, bool force, bool *done,
                    struct err *e)
{
    struct census census = {0};
    *done = false;
    if (journal_usable(j, e) != 0)
        return -1;
    if (journal_pending(j) > 0)
        return err_set(e, ST_SOFTWARE, "%s cannot be compacted: records are waiting", j->path);
    if (j->fd < 0 || (!force && j->lines <= WORTH_LINES))
        return 0;
    if (journal_commit(j, true, e) != 0 ||
        ledger_snapshot(j->ledger, now, archive_before, count_one, &census, e) != 0)
        return -1;
    if (!force && !worth_it(j, &census))
        return 0;
    char *path = mem_printf("%s/" JOURNAL_NEW, j->dir);
    struct compaction c = {
        .j = j,
        .live = {.fd = -1, .path = path},
        .archive = {.fd = -1, .path = j->archive_path, .length = j->archive_length}};
    group_init(&c.live.group);
    group_init(&c.archive.group);
    int rc = write_beside(&c, now, archive_before, e);
    if (rc != 0)
        undo(&c);
    else
        rc = take_over(&c, e);
    *done = rc == 0;
    group_free(&c.live.group);
    group_free(&c.archive.group);
    free(path);
    return rc;
}
