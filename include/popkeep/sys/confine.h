/* SPDX-License-Identifier: ISC */
/*
 * What a worker gives up before it listens to a server: should octets from there ever get the
 * better of it, it can write nowhere but into its own Maildir and state, and start nothing.
 *
 * - no new privileges: no set-user-ID program raises it;
 * - writes (Landlock, ABI 2 or newer: renaming between tmp/ and new/ must stay allowed): creating,
 *   removing, renaming, truncating and opening for writing only below the folders given. Reading
 *   stays free: resolvers and OpenSSL read where they like;
 * - calls (seccomp): those it never makes (exec, ptrace, mounting, bpf, keyrings, the clock,
 * modules and their like) fail with EPERM. A list of what is denied, not of what is allowed: a
 * newer libc must not break a backup.
 *
 * Whatever the kernel does not have is left out. It cannot be taken back, holds for the calling
 * thread and all it starts, and so is called while there is one thread only. Descriptors opened
 * before keep their rights.
 */
#ifndef POPKEEP_SYS_CONFINE_H
#define POPKEEP_SYS_CONFINE_H

#include "popkeep/base/bytes.h"

enum { CONFINE_PRIVILEGES = 1, CONFINE_WRITES = 2, CONFINE_CALLS = 4, CONFINE_ALL = 7 };

/* What this kernel and this build can do: a sum of the above. 0 in instrumented builds. */
unsigned confine_can(void);

/* Do it. `writable`: descriptors of folders (negative ones are passed over). Returns what holds
 * now; nothing here is an error. */
unsigned confine_worker(const int *writable, size_t n);

/* "no new privileges, writes, calls", or "nothing": for people. */
void confine_text(struct buf *out, unsigned parts);

#endif
