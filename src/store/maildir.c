/* SPDX-License-Identifier: ISC */
/* The Maildir's folders: opened, made, swept, told apart by the id in them. */
#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/store/disk.h"
#include "popkeep/store/durable.h"
#include "popkeep/store/folder.h"
#include "popkeep/store/maildir_inside.h"
#include "popkeep/store/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ID_OCTETS = (MAILDIR_ID - 1) / 2, ID_FILE_MAX = 256 };

char *maildir_tmp_name(const struct maildir *m, struct sv unique)
{
    return mem_printf("%s%.*s", m->prefix, SV_ARG(unique));
}

char *maildir_say(const struct maildir *m, const char *folder, const char *name)
{
    return mem_printf("%s/%s/%s", m->path, folder, name);
}

/* Mail put into a stranger's folder is the stranger's to read and to change. */
static int owner_check(int fd, const char *path, struct stat *st, struct err *e)
{
    if (fstat(fd, st) != 0)
        return disk_fail(e, ST_IO, errno, "cannot look at %s", path);
    if (st->st_uid == geteuid() || st->st_uid == 0)
        return 0;
    err_set(e, ST_CONFIG, "the folder %s belongs to user %lu, and popkeep runs as user %lu", path,
            (unsigned long)st->st_uid, (unsigned long)geteuid());
    return err_advise(
        e, "run popkeep as the owner of the mail (run_as), or change the folder's owner");
}

static int no_maildir(const char *path, int errnum, bool *missing, struct err *e)
{
    if (errnum == ENOENT) {
        *missing = true;
        err_set(e, ST_CONFIG, "there is no folder %s", path);
    } else if (errnum == ENOTDIR || errnum == ELOOP) {
        /* with O_DIRECTORY | O_NOFOLLOW Linux answers ENOTDIR for a link as well */
        err_set(e, ST_CONFIG, "%s is a file or a symbolic link, not a folder: this is no Maildir",
                path);
    } else {
        disk_fail(e, ST_IO, errnum, "cannot open the folder %s", path);
    }
    e->sys_errno = errnum;
    return -1;
}

static int open_part(const struct maildir *m, const char *name, int *fd, struct stat *st,
                     bool *missing, struct err *e)
{
    char *path = mem_printf("%s/%s", m->path, name);
    int rc;
    *fd = openat(m->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0)
        rc = no_maildir(path, errno, missing, e);
    else
        rc = owner_check(*fd, path, st, e);
    free(path);
    return rc;
}

static int open_parts(struct maildir *m, bool *missing, struct err *e)
{
    struct stat top, tmp, fresh, cur;
    int cur_fd = -1;
    m->fd = open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->fd < 0)
        return no_maildir(m->path, errno, missing, e);
    if (owner_check(m->fd, m->path, &top, e) != 0 ||
        open_part(m, "tmp", &m->tmp_fd, &tmp, missing, e) != 0 ||
        open_part(m, "new", &m->new_fd, &fresh, missing, e) != 0)
        return -1;
    int rc = open_part(m, "cur", &cur_fd, &cur, missing, e);
    if (cur_fd >= 0)
        close(cur_fd);
    if (rc == 0 && tmp.st_dev != fresh.st_dev)
        rc = err_set(e, ST_CONFIG, "%s/tmp and %s/new lie on different file systems", m->path,
                     m->path);
    return rc;
}

int maildir_open(struct maildir **out, const char *path, const char *account, bool *missing,
                 struct err *e)
{
    bool ignored;
    struct maildir *m = mem_zalloc(1, sizeof *m);
    if (missing == NULL)
        missing = &ignored;
    *missing = false;
    *out = NULL;
    m->path = mem_strdup(path);
    m->prefix = mem_printf("popkeep-%s.", account);
    m->id_name = mem_printf("popkeep-%s.id", account);
    m->fd = m->tmp_fd = m->new_fd = m->sync_fd = -1;
    atomic_init(&m->syncs, 0);
    if (open_parts(m, missing, e) != 0) {
        maildir_close(m);
        return -1;
    }
    names_host_here(m->host);
    m->by_syncfs = durable_by_syncfs(m->tmp_fd);
    m->naming = MAILDIR_RENAME_NOREPLACE;
    *out = m;
    return 0;
}

static int make_part(int fd, const char *maildir, const char *name, struct err *e)
{
    char *path = mem_printf("%s/%s", maildir, name);
    int part = folder_make_at(fd, name, path, e);
    free(path);
    if (part < 0)
        return -1;
    close(part);
    return 0;
}

int maildir_create(struct maildir **out, const char *path, const char *account, struct err *e)
{
    struct stat st;
    *out = NULL;
    int fd = folder_make(path, e);
    if (fd < 0)
        return -1;
    int rc = owner_check(fd, path, &st, e);
    if (rc == 0)
        rc = make_part(fd, path, "tmp", e);
    if (rc == 0)
        rc = make_part(fd, path, "new", e);
    if (rc == 0)
        rc = make_part(fd, path, "cur", e);
    if (rc == 0)
        rc = folder_sync_parent(fd, path, e);
    close(fd);
    return rc == 0 ? maildir_open(out, path, account, NULL, e) : -1;
}

void maildir_close(struct maildir *m)
{
    if (m == NULL)
        return;
    int fds[] = {m->fd, m->tmp_fd, m->new_fd, m->sync_fd};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(m->path);
    free(m->prefix);
    free(m->id_name);
    free(m);
}

const char *maildir_path(const struct maildir *m)
{
    return m->path;
}

int maildir_folder_fd(const struct maildir *m)
{
    return m->fd;
}

/* ---- the id ---- */

int maildir_id_get(const struct maildir *m, char id[MAILDIR_ID], struct err *e)
{
    struct buf content = BUF_INIT(ID_FILE_MAX);
    unsigned char octets[ID_OCTETS];
    bool missing = false;
    char *path = mem_printf("%s/%s", m->path, m->id_name);
    id[0] = '\0';
    int rc = folder_get_file(m->fd, m->id_name, path, &content, &missing, e);
    if (rc == 0 && !missing) {
        struct sv text = ascii_trim(buf_sv(&content));
        if (text_unhex(octets, ID_OCTETS, text) == 0)
            text_hex(id, octets, ID_OCTETS);
        else
            rc = err_set(e, ST_DATA, "%s does not hold an id of %d hexadecimal digits", path,
                         MAILDIR_ID - 1);
    }
    buf_free(&content);
    free(path);
    return rc;
}

int maildir_id_put(const struct maildir *m, const char *id, struct err *e)
{
    char *path = mem_printf("%s/%s", m->path, m->id_name);
    char *text = mem_printf("%s\n", id);
    /* the Maildir's name first: once the id is in it, no later run would think of that */
    int rc = folder_sync_parent(m->fd, m->path, e);
    if (rc == 0)
        rc = folder_put_file(m->fd, m->id_name, path, sv_of(text), e);
    free(text);
    free(path);
    return rc;
}

/* ---- left-over files ---- */

struct sweep {
    struct maildir *m;
    size_t removed;
};

static int sweep_one(void *ctx, const char *name, struct err *e)
{
    struct sweep *s = ctx;
    struct sv rest = sv_of(name), prefix = sv_of(s->m->prefix);
    if (!sv_starts(rest, prefix) || !names_is_unique(sv_from(rest, prefix.n)))
        return 0;
    if (unlinkat(s->m->tmp_fd, name, 0) == 0) {
        s->removed++;
        return 0;
    }
    if (errno == ENOENT)
        return 0;
    return disk_fail(e, ST_IO, errno, "cannot remove %s/tmp/%s", s->m->path, name);
}

int maildir_sweep(struct maildir *m, size_t *n, struct err *e)
{
    struct sweep s = {m, 0};
    char *path = mem_printf("%s/tmp", m->path);
    int rc;
    *n = 0;
    /* some network file systems leave out names when a folder shrinks while it is read */
    do {
        *n += s.removed;
        s.removed = 0;
        rc = scan_names(m->tmp_fd, path, sweep_one, &s, e);
    } while (rc == 0 && s.removed > 0);
    *n += s.removed;
    free(path);
    return rc;
}
