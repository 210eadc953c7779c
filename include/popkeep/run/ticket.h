/* SPDX-License-Identifier: ISC */
/*
 * The account's last TLS session, kept in the state folder (file tls-session) so that the next run
 * may resume it. It is offered only to the same host and port with the same lowest version, and for
 * a day; what the server's certificate has to fulfil is checked as ever (net/resume.h).
 */
#ifndef POPKEEP_RUN_TICKET_H
#define POPKEEP_RUN_TICKET_H

#include "popkeep/config/config.h"

enum { TICKET_MAX = 128 * 1024, TICKET_AGE_S = 86400 };

/* Nothing if there is none that fits. The caller wipes *out. */
void ticket_load(struct buf *out, int dir_fd, const struct account *a, int64_t now);
void ticket_save(int dir_fd, const struct account *a, int64_t now, struct sv session);

#endif
