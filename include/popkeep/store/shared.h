/* SPDX-License-Identifier: ISC */
/*
 * Whether a lock (flock(2)) in a folder keeps other machines out, too.
 *
 * State may lie on a file system that several machines mount, and then a lock that only this
 * machine sees is worse than none: two runs would store one account's mail twice. On most network
 * file systems flock holds between machines (NFS since Linux 2.6.12, SMB since 5.5, CephFS,
 * GlusterFS, Lustre mounted with `flock`); how some of them are mounted makes it local again, and a
 * few never tell the server. Those are listed in shared.c and refused. Everything else is accepted:
 * local disks, overlays of containers, local FUSE file systems, and what is not known.
 */
#ifndef POPKEEP_STORE_SHARED_H
#define POPKEEP_STORE_SHARED_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"

/* A line of /proc/self/mountinfo, as far as it matters here (proc(5)). Views into the text. */
struct shared_mount {
    struct sv type;    /* "nfs4", "fuse.sshfs" */
    struct sv options; /* those of the file system, apart by commas */
};

/* The mount with this number; false if there is none. Pure. */
bool shared_find(struct sv mountinfo, uint64_t mount_id, struct shared_mount *m);

/* What makes its locks local: a mount option, or "" if it is the kind of file system itself; null
 * if nothing known does. `major`, `minor`: of the running Linux. Pure. */
const char *shared_local_locks(const struct shared_mount *m, unsigned major, unsigned minor);

/* -1, ST_CONFIG: locks in the open folder are known to hold on this machine alone. What cannot be
 * found out is no error. */
int shared_check(int dir_fd, const char *dir, struct err *e);

#endif
