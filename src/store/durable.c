/* SPDX-License-Identifier: ISC */
/* Where one syncfs a batch is enough. */
#include "popkeep/store/durable.h"
#include "popkeep/base/ascii.h"

#include <stddef.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

static const uint64_t known[] = {
    0xef53,     /* ext4; ext2 and ext3 share the number, and the ext4 driver */
    0x58465342, /* XFS */
    0x9123683e, /* btrfs */
    0xf2f52010, /* f2fs */
};

/* syncfs tells of write errors since 5.8 (commit 735e4ae5ba28, 2020) */
static bool kernel_tells(const char *release)
{
    struct sv rest = sv_of(release);
    uint64_t major = 0, minor = 0;
    struct sv first = sv_token(&rest, '.');
    size_t digits = 0;
    while (digits < rest.n && ascii_is_digit(rest.p[digits]))
        digits++;
    if (ascii_u64(first, UINT16_MAX, &major) != 0 ||
        ascii_u64(sv_make(rest.p, digits), UINT16_MAX, &minor) != 0)
        return false;
    return major > 5 || (major == 5 && minor >= 8);
}

bool durable_rule(uint64_t fs_type, const char *release)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == fs_type)
            return kernel_tells(release);
    return false;
}

bool durable_by_syncfs(int fd)
{
    struct utsname kernel;
    struct statfs fs;
    if (uname(&kernel) != 0 || fstatfs(fd, &fs) != 0)
        return false;
    /* f_type is signed on some machines: btrfs' number would be sign-extended */
    return durable_rule((uint32_t)fs.f_type, kernel.release);
}
