/* SPDX-License-Identifier: ISC */
/* The content behind a line with its crc32: a file torn by a power loss reads as none. */
#include "popkeep/store/cache.h"

#include "popkeep/base/hash.h"
#include "popkeep/base/mem.h"
#include "popkeep/store/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 9 }; /* 8 hexadecimal digits and LF */

static bool write_content(int fd, const char *name, struct sv content)
{
    struct err ignored = ERR_INIT;
    char head[HEAD + 1];

    (void)snprintf(head, sizeof head, "%08x\n", hash_crc32(0, content.p, content.n));
    return disk_write(fd, sv_make(head, HEAD), 0, name, &ignored) == 0 &&
           disk_write(fd, content, HEAD, name, &ignored) == 0;
}

void cache_overwrite(int dir_fd, const char *name, struct sv content)
{
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

    if (fd >= 0) {
        /* a longer one of whatever origin would spoil the check for ever */
        if (write_content(fd, name, content))
            (void)!ftruncate(fd, (off_t)(HEAD + content.n));
        close(fd);
    }
}

void cache_put(int dir_fd, const char *name, struct sv content)
{
    char *beside = mem_printf("%s.new", name);
    int fd = openat(dir_fd, beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool ok;

    if (fd >= 0) {
        ok = write_content(fd, name, content);
        ok = close(fd) == 0 && ok;
        if (!ok || renameat(dir_fd, beside, dir_fd, name) != 0)
            (void)unlinkat(dir_fd, beside, 0);
    }
    free(beside);
}

static bool is_whole(const char *p, size_t n)
{
    char head[HEAD + 1];

    if (n < HEAD)
        return false;
    (void)snprintf(head, sizeof head, "%08x\n", hash_crc32(0, p + HEAD, n - HEAD));
    return memcmp(head, p, HEAD) == 0;
}

void cache_get(int dir_fd, const char *name, struct buf *out)
{
    struct err ignored = ERR_INIT;
    int fd = disk_open(dir_fd, name, name, NULL, &ignored);
    struct stat st;
    char *p = NULL;
    size_t n = 0;

    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && st.st_size > HEAD && (uint64_t)st.st_size <= out->max) {
        size_t size = (size_t)st.st_size;
        p = mem_alloc(size);
        if (disk_read(fd, 0, p, size, &n, name, &ignored) == 0 && n == size && is_whole(p, n))
            (void)buf_add_secret(out, p + HEAD, n - HEAD);
        mem_wipe(p, size);
    }
    free(p);
    close(fd);
}

void cache_drop(int dir_fd, const char *name)
{
    (void)unlinkat(dir_fd, name, 0);
}

void cache_stamp(struct buf *out, int dir_fd, const char *name)
{
    struct stat st;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        (void)buf_addf(out, "%lld %lld.%09ld %llu", (long long)st.st_size,
                       (long long)st.st_mtim.tv_sec, (long)st.st_mtim.tv_nsec,
                       (unsigned long long)st.st_ino);
}
