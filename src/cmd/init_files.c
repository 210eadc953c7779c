/* SPDX-License-Identifier: ISC */
/* What popkeep init writes, and where; see init_inside.h. */
#include "popkeep/cmd/init_inside.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/store/create.h"
#include "popkeep/store/folder.h"
#include "popkeep/sys/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 || errno != ENOENT;
}

int init_find_place(struct init *in, struct err *e)
{
    char *file = cmd_new_config(in->options, in->home, e), *here;

    if (file == NULL)
        return -1;
    in->file = file;
    if (file[0] != '/') { /* what it names has to be found from other folders, too */
        here = realpath(".", NULL);
        if (here == NULL)
            return err_sys(e, ST_IO, errno, "cannot tell which folder this is");
        in->file = mem_printf("%s/%s", here, file);
        free(here);
        free(file);
    }
    in->there = is_there(in->file);
    return 0;
}

int init_find_password_file(struct init *in, struct err *e)
{
    int folder = (int)(strrchr(in->file, '/') - in->file);

    in->password_file = mem_printf("%.*s/%s.password", folder, in->file, in->name);
    if (in->there || !is_there(in->password_file))
        return 0;
    err_set(e, ST_CANTCREATE, "%s is there already and is not overwritten", in->password_file);
    return err_advise(e,
                      "move it away first, or write the configuration by hand: man popkeep.conf");
}

/* As a value: below the home folder by "~", a percent sign doubled. */
static void add_path(struct buf *out, const struct init *in, const char *path)
{
    size_t n = in->home != NULL ? strlen(in->home) : 0;

    if (n > 1 && strncmp(path, in->home, n) == 0 && path[n] == '/') {
        (void)buf_add_char(out, '~');
        path += n;
    }
    for (; *path != '\0'; path++)
        (void)buf_addf(out, *path == '%' ? "%c%%" : "%c", *path);
}

void init_compose(struct init *in)
{
    struct buf *t = &in->text;

    (void)tr_addf(t, "# Made by popkeep init; man popkeep.conf tells what else can stand here.\n");
    (void)buf_addf(t, "[account %s]\n", in->name);
    if (in->provider != NULL)
        (void)buf_addf(t, "provider = %s\n", in->provider->name);
    else
        (void)buf_addf(t, "host = %s\n", in->host);
    if (in->provider == NULL && in->port != CONFIG_PORT)
        (void)buf_addf(t, "port = %u\n", in->port);
    (void)buf_addf(t, "user = %s\npassword_file = ", in->address);
    add_path(t, in, in->password_file);
    (void)buf_addf(t, "\nmaildir = %s\nretention_days = %s\n", in->maildir, in->days);
}

/* The folders above `path` that are not there, the deepest first. */
struct new_folders {
    char *path[64];
    size_t n;
};

static void note_missing(struct new_folders *f, const char *path)
{
    char *folder = mem_strdup(path), *slash;

    while ((slash = strrchr(folder, '/')) != NULL && slash != folder &&
           f->n < sizeof f->path / sizeof f->path[0]) {
        *slash = '\0';
        if (is_there(folder))
            break;
        f->path[f->n++] = mem_strdup(folder);
    }
    free(folder);
}

static void free_folders(struct new_folders *f, bool remove)
{
    for (size_t i = 0; i < f->n; i++) {
        if (remove)
            (void)rmdir(f->path[i]);
        free(f->path[i]);
    }
}

/* The password first: a configuration that names no file would be worse than none. */
static int write_both(const struct init *in, int dir_fd, struct err *e)
{
    const char *name = strrchr(in->file, '/') + 1;
    const char *password_name = strrchr(in->password_file, '/') + 1;
    struct buf line = BUF_INIT(SIZE_MAX / 2);
    int rc;

    (void)buf_add_secret(&line, in->password.p, in->password.n);
    (void)buf_add_secret(&line, "\n", 1);
    rc = create_file(dir_fd, password_name, in->password_file, buf_sv(&line), e);
    buf_wipe(&line);
    if (rc < 0)
        return -1;
    if (signals_pending())
        rc = err_set(e, ST_TEMP, "interrupted");
    else
        rc = create_file(dir_fd, name, in->file, buf_sv(&in->text), e);
    if (rc < 0)
        (void)unlinkat(dir_fd, password_name, 0);
    return rc;
}

int init_write(const struct init *in, struct err *e)
{
    struct new_folders made = {0};
    char *folder = mem_strndup(in->file, (size_t)(strrchr(in->file, '/') - in->file));
    int rc = -1, dir_fd;

    note_missing(&made, in->file);
    dir_fd = signals_pending() ? err_set(e, ST_TEMP, "interrupted")
                               : folder_make(folder[0] != '\0' ? folder : "/", e);
    if (dir_fd >= 0) {
        rc = write_both(in, dir_fd, e);
        close(dir_fd);
    }
    free_folders(&made, rc < 0);
    free(folder);
    return rc;
}
