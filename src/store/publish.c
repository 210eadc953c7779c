/* SPDX-License-Identifier: ISC */
/* Names into new/, never in the place of another file. */
#include "popkeep/base/mem.h"
#include "popkeep/store/disk.h"
#include "popkeep/store/maildir_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct naming {
    int (*give)(const struct maildir *m, const char *tmp_name, const char *name); /* -1: errno */
    int unknown[5]; /* answers that mean: this file system or kernel does not know that way */
};

static int give_noreplace(const struct maildir *m, const char *tmp_name, const char *name)
{
    return renameat2(m->tmp_fd, tmp_name, m->new_fd, name, RENAME_NOREPLACE);
}

/* A crash between the two leaves both names; publishing again then finds them to be one file. */
static int give_link(const struct maildir *m, const char *tmp_name, const char *name)
{
    if (linkat(m->tmp_fd, tmp_name, m->new_fd, name, 0) != 0)
        return -1;
    /* the name that counts is there; a name that stays in tmp/ is swept */
    (void)unlinkat(m->tmp_fd, tmp_name, 0);
    return 0;
}

static int give_rename(const struct maildir *m, const char *tmp_name, const char *name)
{
    struct stat st;
    if (fstatat(m->new_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    if (errno != ENOENT)
        return -1;
    return renameat(m->tmp_fd, tmp_name, m->new_fd, name);
}

static const struct naming namings[] = {
    [MAILDIR_RENAME_NOREPLACE] = {give_noreplace, {EINVAL, ENOSYS, ENOTSUP, 0}},
    /* EPERM: vfat and friends; fs.protected_hardlinks does not concern files of our own */
    [MAILDIR_LINK] = {give_link, {EPERM, ENOSYS, ENOTSUP, EMLINK, 0}},
    [MAILDIR_RENAME] = {give_rename, {0}},
};

static bool is_unknown(const struct naming *way, int errnum)
{
    for (const int *u = way->unknown; *u != 0; u++)
        if (*u == errnum)
            return true;
    return false;
}

static bool one_file(const struct maildir *m, const char *tmp_name, const char *name)
{
    struct stat a, b;
    return fstatat(m->tmp_fd, tmp_name, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(m->new_fd, name, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino && S_ISREG(a.st_mode);
}

static int give_name(struct maildir *m, const char *tmp_name, const char *name, struct err *e)
{
    int rc, errnum;
    for (;;) {
        const struct naming *way = &namings[m->naming];
        rc = way->give(m, tmp_name, name);
        errnum = errno;
        if (rc == 0)
            return 0;
        if (!is_unknown(way, errnum))
            break;
        m->naming++;
    }
    if (errnum != EEXIST)
        return disk_fail(e, ST_IO, errnum, "cannot move %s/tmp/%s to %s/new/%s", m->path, tmp_name,
                         m->path, name);
    if (one_file(m, tmp_name, name)) {
        (void)unlinkat(m->tmp_fd, tmp_name, 0);
        return 0;
    }
    err_set(e, ST_IO, "%s/new/%s exists already; it was not replaced", m->path, name);
    e->sys_errno = EEXIST;
    return -1;
}

int maildir_publish(struct maildir *m, const char *name, struct err *e)
{
    struct sv unique = names_unique_of(sv_of(name));
    if (unique.p == NULL)
        return err_set(e, ST_SOFTWARE, "%s is not a name that popkeep gives", name);
    char *tmp_name = maildir_tmp_name(m, unique);
    int rc = give_name(m, tmp_name, name, e);
    free(tmp_name);
    return rc;
}

void maildir_force_naming(struct maildir *m, enum maildir_naming how)
{
    m->naming = how;
}
