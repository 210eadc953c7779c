/* SPDX-License-Identifier: ISC */
/* Locks that other machines do not see. */
#include "popkeep/store/shared.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"
#include "popkeep/store/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

enum { MOUNTINFO_MAX = 16 * 1024 * 1024, FDINFO_MAX = 4096 };

/* Kinds of file systems as statfs(2) knows them, so that for a local disk nothing more is read. */
static const uint32_t remote_kinds[] = {
    0x6969,     /* NFS */
    0x65735546, /* FUSE */
    0x0bd00bd0, /* Lustre */
    0xff534d42, /* CIFS, SMB 2 and 3 */
    0xfe534d42, /* the same, as newer kernels say it */
    0x6b414653, /* AFS of the kernel */
};

/* By the types and options of mountinfo. nfs(5): `nolock` and `local_lock` make flock local; NFS 4
 * shows no `nolock`, as it locks without a second protocol. FUSE file systems get flock from the
 * kernel, for this machine alone, unless they implement it; those here do not. flock(2): SMB tells
 * the server since Linux 5.5, and mount.cifs(8): not with `nobrl`. */
static const struct {
    const char *type;
    const char *option;                  /* null: however it is mounted */
    unsigned before_major, before_minor; /* Linux older than this; 0: any */
} local_locks[] = {
    {"nfs", "nolock", 0, 0},
    {"nfs", "local_lock=flock", 0, 0},
    {"nfs", "local_lock=all", 0, 0},
    {"nfs4", "local_lock=flock", 0, 0},
    {"nfs4", "local_lock=all", 0, 0},
    {"cifs", "nobrl", 0, 0},
    {"smb3", "nobrl", 0, 0},
    {"cifs", NULL, 5, 5},
    {"smb3", NULL, 5, 5},
    {"lustre", "localflock", 0, 0},
    {"afs", "flock=local", 0, 0},
    {"fuse.sshfs", NULL, 0, 0},
    {"fuse.rclone", NULL, 0, 0},
    {"fuse.s3fs", NULL, 0, 0},
    {"fuse.gcsfuse", NULL, 0, 0},
    {"fuse.goofys", NULL, 0, 0},
    {"fuse.curlftpfs", NULL, 0, 0},
};

bool shared_find(struct sv mountinfo, uint64_t mount_id, struct shared_mount *m)
{
    while (mountinfo.n > 0) {
        struct sv line = sv_token(&mountinfo, '\n'), word;
        uint64_t id;

        if (ascii_u64(sv_token(&line, ' '), UINT64_MAX, &id) < 0 || id != mount_id)
            continue;
        /* parent, device, root, mount point, options of the mount, any number of tags, "-" */
        for (int i = 0; i < 5; i++)
            (void)sv_token(&line, ' ');
        do
            word = sv_token(&line, ' ');
        while (line.n > 0 && !sv_eq_c(word, "-"));
        m->type = sv_token(&line, ' ');
        (void)sv_token(&line, ' '); /* what is mounted */
        m->options = line;
        return m->type.n > 0;
    }
    return false;
}

static bool has_option(struct sv options, const char *option)
{
    while (options.n > 0)
        if (sv_eq_c(sv_token(&options, ','), option))
            return true;
    return false;
}

const char *shared_local_locks(const struct shared_mount *m, unsigned major, unsigned minor)
{
    for (size_t i = 0; i < sizeof local_locks / sizeof *local_locks; i++) {
        bool old = local_locks[i].before_major == 0 || major < local_locks[i].before_major ||
                   (major == local_locks[i].before_major && minor < local_locks[i].before_minor);

        if (!old || !sv_eq_c(m->type, local_locks[i].type))
            continue;
        if (local_locks[i].option == NULL)
            return "";
        if (has_option(m->options, local_locks[i].option))
            return local_locks[i].option;
    }
    return NULL;
}

static bool read_proc(struct buf *out, const char *path)
{
    struct err ignored = ERR_INIT;
    bool missing;

    return folder_get_file(AT_FDCWD, path, path, out, &missing, &ignored) == 0;
}

/* Of a btrfs or an overlay the device in mountinfo is not that of its files: the kernel's number of
 * the mount tells. */
static int mount_id_of(int fd, uint64_t *id)
{
    struct buf text = BUF_INIT(FDINFO_MAX);
    char path[64];
    struct sv rest;
    int rc = -1;

    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    if (read_proc(&text, path))
        for (rest = buf_sv(&text); rest.n > 0 && rc != 0;) {
            struct sv line = sv_token(&rest, '\n');
            if (sv_eq_c(sv_token(&line, ':'), "mnt_id"))
                rc = ascii_u64(ascii_trim(line), UINT64_MAX, id);
        }
    buf_free(&text);
    return rc;
}

static bool may_be_remote(int fd)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) != 0)
        return false;
    for (size_t i = 0; i < sizeof remote_kinds / sizeof *remote_kinds; i++)
        if ((uint32_t)fs.f_type == remote_kinds[i])
            return true;
    return false;
}

/* "6.1.0-13-amd64"; one that cannot be read counts as new. */
static void linux_version(unsigned *major, unsigned *minor)
{
    struct utsname u;
    uint64_t a = UINT32_MAX, b = UINT32_MAX;

    if (uname(&u) == 0) {
        struct sv rest = sv_of(u.release), first = sv_token(&rest, '.');
        size_t n = 0;
        while (n < rest.n && ascii_is_digit(rest.p[n]))
            n++;
        if (ascii_u64(first, UINT32_MAX, &a) < 0 ||
            ascii_u64(sv_make(rest.p, n), UINT32_MAX, &b) < 0)
            a = b = UINT32_MAX;
    }
    *major = (unsigned)a;
    *minor = (unsigned)b;
}

static int refuse(const char *dir, const struct shared_mount *m, const char *why, struct err *e)
{
    char type[64];

    text_escape_to(type, sizeof type, m->type);
    if (*why == '\0')
        err_set(e, ST_CONFIG,
                "%s cannot hold the state: other machines do not see locks on its file system (%s)",
                dir, type);
    else
        err_set(e, ST_CONFIG,
                "%s cannot hold the state: other machines do not see locks on its file system (%s, "
                "mounted with %s)",
                dir, type, why);
    if (*why != '\0')
        err_advise(e, "mount it without %s, or set state_dir to a disk of this machine", why);
    else
        err_advise(e, "set state_dir to a disk of this machine, or to NFS with locks");
    return -1;
}

int shared_check(int dir_fd, const char *dir, struct err *e)
{
    struct buf mountinfo = BUF_INIT(MOUNTINFO_MAX);
    unsigned major, minor;
    struct shared_mount m;
    const char *why;
    uint64_t id;
    int rc = 0;

    if (!may_be_remote(dir_fd))
        return 0;
    linux_version(&major, &minor);
    if (mount_id_of(dir_fd, &id) == 0 && read_proc(&mountinfo, "/proc/self/mountinfo") &&
        shared_find(buf_sv(&mountinfo), id, &m)) {
        why = shared_local_locks(&m, major, minor);
        if (why != NULL)
            rc = refuse(dir, &m, why, e);
    }
    buf_free(&mountinfo);
    return rc;
}
