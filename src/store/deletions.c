/* SPDX-License-Identifier: ISC */
/* The list of deletions asked for. */
#include "popkeep/store/deletions.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/store/disk.h"
#include "popkeep/store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char file_name[] = "deletions.jsonl";

static void add_string(struct buf *out, const char *key, struct sv value)
{
    buf_addf(out, ",\"%s\":", key);
    if (value.p == NULL) {
        buf_add_c(out, "null");
        return;
    }
    buf_add_char(out, '"');
    text_json(out, value);
    buf_add_char(out, '"');
}

static void add_line(struct buf *out, const struct deletion *d)
{
    char hex[HASH_HEX], asked[24], stored[24];
    text_hex(hex, d->sha, HASH_OCTETS);
    buf_addf(out, "{\"v\":1,\"time\":\"%s\"", text_time(asked, d->time));
    add_string(out, "account", sv_of(d->account));
    add_string(out, "uidl", d->uidl);
    buf_addf(out, ",\"octets\":%" PRIu64 ",\"sha256\":\"%s\"", d->octets, hex);
    add_string(out, "file", sv_of(d->file));
    buf_addf(out, ",\"stored_at\":\"%s\",\"age_s\":%" PRId64 "}\n", text_time(stored, d->stored_at),
             d->age_s);
}

/* Open it, making it if need be; *made says so. */
static int list_open(int dir_fd, const char *path, bool *made, struct err *e)
{
    int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    int fd = openat(dir_fd, file_name, flags);
    *made = fd < 0 && errno == ENOENT;
    if (*made)
        fd = openat(dir_fd, file_name, flags | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return disk_fail(e, ST_CANTCREATE, errno, "cannot open %s", path);
    return fd;
}

/* Where to write; a line end is put into *lines first when the last line there has none. */
static int list_end(int fd, const char *path, struct buf *lines, uint64_t *end, struct err *e)
{
    struct stat st;
    char last = '\n';
    size_t got = 0;
    if (fstat(fd, &st) != 0)
        return disk_fail(e, ST_IO, errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ST_IO, "%s is not a regular file", path);
    *end = (uint64_t)st.st_size;
    if (*end > 0 && disk_read(fd, *end - 1, &last, 1, &got, path, e) != 0)
        return -1;
    if (last != '\n')
        buf_add_char(lines, '\n');
    return 0;
}

static int list_write(int fd, const char *path, const struct deletion *d, size_t n, struct err *e)
{
    struct buf lines = BUF_INIT(SIZE_MAX);
    uint64_t end = 0;
    int rc = list_end(fd, path, &lines, &end, e);
    if (rc == 0) {
        for (size_t i = 0; i < n; i++)
            add_line(&lines, &d[i]);
        rc = disk_write(fd, buf_sv(&lines), end, path, e);
        if (rc != 0) {
            struct err second = ERR_INIT;
            (void)disk_cut(fd, end, path, &second); /* a torn line is ended by the next append */
        }
    }
    if (rc == 0)
        rc = disk_sync_data(fd, path, e);
    buf_free(&lines);
    return rc;
}

int deletions_append(int dir_fd, const char *dir, const struct deletion *d, size_t n, struct err *e)
{
    bool made = false;
    if (n == 0)
        return 0;
    char *path = mem_printf("%s/%s", dir, file_name);
    int fd = list_open(dir_fd, path, &made, e);
    int rc = fd < 0 ? -1 : list_write(fd, path, d, n, e);
    if (rc == 0 && made)
        rc = folder_sync(dir_fd, dir, e);
    if (rc == 0)
        rc = disk_close(&fd, path, e);
    else if (fd >= 0)
        close(fd);
    free(path);
    return rc;
}
