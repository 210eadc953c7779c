/* SPDX-License-Identifier: ISC */
/*
 * Is one syncfs(2) a batch enough to know that every file of it is on the disk?
 *
 * Only where it is known: ext2/3/4, XFS, btrfs and f2fs wait for data and names in syncfs, and
 * since Linux 5.8 it returns the write errors that happened after its descriptor was opened.
 * Everything else (NFS, FUSE, overlay, CIFS, exFAT, tmpfs, whatever comes) is synced file by file.
 */
#ifndef POPKEEP_STORE_DURABLE_H
#define POPKEEP_STORE_DURABLE_H

#include <stdbool.h>
#include <stdint.h>

/* For the file system behind fd on the running kernel. Any doubt: false. */
bool durable_by_syncfs(int fd);

/* The rule itself: statfs(2) f_type and uname(2) release, e.g. 0xef53 and "5.10.0-28-amd64". */
bool durable_rule(uint64_t fs_type, const char *release);

#endif
