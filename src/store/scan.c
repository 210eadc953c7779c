/* SPDX-License-Identifier: ISC */
/* Walking the folders of a Maildir that hold messages. */
#include "popkeep/store/scan.h"
#include "popkeep/base/mem.h"
#include "popkeep/store/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static const char *const halves[] = {"new", "cur"};

/* All that a folder holds, dots included, but "." and "..". */
static int each_entry(int fd, const char *path, scan_name_fn *each, void *ctx, struct err *e)
{
    /* an own descriptor, because a reading position is shared by duplicates */
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = own < 0 ? NULL : fdopendir(own);
    int rc = 0;
    if (d == NULL) {
        int errnum = errno;
        if (own >= 0)
            close(own);
        return disk_fail(e, ST_IO, errnum, "cannot read the folder %s", path);
    }
    while (rc == 0) {
        errno = 0;
        const struct dirent *entry = readdir(d);
        if (entry == NULL) {
            if (errno != 0)
                rc = disk_fail(e, ST_IO, errno, "cannot read the folder %s", path);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = each(ctx, entry->d_name, e);
    }
    closedir(d);
    return rc == 0 ? 0 : -1;
}

struct visible {
    scan_name_fn *each;
    void *ctx;
};

static int if_visible(void *ctx, const char *name, struct err *e)
{
    const struct visible *v = ctx;
    return name[0] == '.' ? 0 : v->each(v->ctx, name, e);
}

int scan_names(int fd, const char *path, scan_name_fn *each, void *ctx, struct err *e)
{
    struct visible v = {each, ctx};
    return each_entry(fd, path, if_visible, &v, e);
}

struct walk {
    int maildir_fd;
    const char *maildir;
    scan_folder_fn *each;
    void *ctx;
};

/* Links, files and what vanished in between are no subfolders; anything else is a reason to stop,
 * because a folder that was not read might hold what is looked for. */
static bool no_folder(int errnum)
{
    return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP;
}

static int visit(const struct walk *w, int parent, const char *sub, const char *half, struct err *e)
{
    int fd = openat(parent, half, FOLDER_FLAGS);
    if (fd < 0 && sub[0] != '\0' && no_folder(errno))
        return 0;
    if (fd < 0)
        return disk_fail(e, ST_IO, errno, "cannot open the folder %s/%s%s%s", w->maildir, sub,
                         sub[0] != '\0' ? "/" : "", half);
    char *path = mem_printf("%s%s%s", sub, sub[0] != '\0' ? "/" : "", half);
    int rc = w->each(w->ctx, path, fd, e);
    free(path);
    close(fd);
    return rc;
}

static int subfolder(void *ctx, const char *name, struct err *e)
{
    const struct walk *w = ctx;
    int rc = 0;
    if (name[0] != '.')
        return 0;
    int fd = openat(w->maildir_fd, name, FOLDER_FLAGS);
    if (fd < 0 && no_folder(errno))
        return 0;
    if (fd < 0)
        return disk_fail(e, ST_IO, errno, "cannot open the folder %s/%s", w->maildir, name);
    for (size_t i = 0; rc == 0 && i < sizeof halves / sizeof *halves; i++)
        rc = visit(w, fd, name, halves[i], e);
    close(fd);
    return rc;
}

int scan_folders(int maildir_fd, const char *maildir, scan_folder_fn *each, void *ctx,
                 struct err *e)
{
    struct walk w = {maildir_fd, maildir, each, ctx};
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
        if (visit(&w, maildir_fd, "", halves[i], e) != 0)
            return -1;
    return each_entry(maildir_fd, maildir, subfolder, &w, e);
}

int scan_open(int maildir_fd, const char *path)
{
    const char *slash = strchr(path, '/');
    if (slash == NULL)
        return openat(maildir_fd, path, FOLDER_FLAGS);
    char *sub = mem_strndup(path, (size_t)(slash - path));
    int outer = openat(maildir_fd, sub, FOLDER_FLAGS);
    free(sub);
    if (outer < 0)
        return -1;
    int fd = openat(outer, slash + 1, FOLDER_FLAGS);
    int errnum = errno;
    close(outer);
    errno = errnum;
    return fd;
}
