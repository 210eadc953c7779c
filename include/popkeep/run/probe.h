/* SPDX-License-Identifier: ISC */
/*
 * When the configured host does not answer `check`: do the usual names of the user's own domain?
 * They are connected to and verified like any server, greeted, and left; nothing is sent to them,
 * and no guess is ever taken into the configuration.
 */
#ifndef POPKEEP_RUN_PROBE_H
#define POPKEEP_RUN_PROBE_H

#include "popkeep/run/account.h"

/* Tells (EVENT_WARNING) each of pop., pop3. and mail.DOMAIN that answers as a POP3 server, and with
 * what. */
void probe_usual_names(struct worker *w);

#endif
