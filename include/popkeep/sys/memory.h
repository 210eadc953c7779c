/* SPDX-License-Identifier: ISC */
/* Want of memory in libraries. */
#ifndef POPKEEP_SYS_MEMORY_H
#define POPKEEP_SYS_MEMORY_H

/* What OpenSSL allocates is there, too, or the program ends (base/mem.h): it would call a
 * certificate weak or a handshake failed for want of memory. Before OpenSSL's first use; later it
 * changes nothing. */
void memory_guard_openssl(void);

#endif
