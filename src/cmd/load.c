/* SPDX-License-Identifier: ISC */
/* A configuration from the files on disk; see load.h. */
#include "popkeep/cmd/load.h"

#include "popkeep/base/mem.h"
#include "popkeep/sys/file.h"
#include "popkeep/sys/secret.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is wrong with the permissions of each file, should it turn out to hold a password: only its
 * open descriptor can tell, and there may be more files than descriptors. */
struct load {
    char **unfit; /* null: nothing */
    size_t n;
};

static void note_mode(struct load *l, int fd, const char *path)
{
    struct err e = ERR_INIT;

    l->unfit = mem_realloc(l->unfit, l->n + 1, sizeof *l->unfit);
    l->unfit[l->n++] = secret_check_file_mode(fd, path, &e) < 0 ? mem_strdup(e.text) : NULL;
}

static int read_file(void *ctx, const char *path, struct buf *text, uint64_t id[2], struct err *e)
{
    struct stat st;
    int fd;

    if (file_read_all(text, path, &fd, e) < 0)
        return -1;
    note_mode(ctx, fd, path);
    if (fstat(fd, &st) == 0) {
        id[0] = st.st_dev;
        id[1] = st.st_ino;
    }
    close(fd);
    return 0;
}

static int list_files(void *ctx, const char *pattern, struct config_names *out, struct err *e)
{
    (void)ctx;
    return file_find(pattern, &out->name, &out->n, e);
}

static int check_modes(const struct config *c, const struct load *l, struct err *e)
{
    for (size_t i = 0; i < c->n_files; i++)
        if (c->files[i].secret_line > 0 && l->unfit[i] != NULL) {
            err_set(e, ST_CONFIG, "%s", l->unfit[i]);
            return err_advise(e, "it holds a password in line %u", c->files[i].secret_line);
        }
    return 0;
}

int load_config(struct config *out, const char *file, const char *home, struct err *e)
{
    struct load l = {0};
    const struct config_source source = {.ctx = &l, .read = read_file, .list = list_files};
    int rc = config_load(out, file, home, &source, e);

    if (rc == 0 && check_modes(out, &l, e) < 0) {
        config_free(out);
        rc = -1;
    }
    for (size_t i = 0; i < l.n; i++)
        free(l.unfit[i]);
    free(l.unfit);
    return rc;
}
