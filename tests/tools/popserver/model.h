/* SPDX-License-Identifier: ISC */
/* The two ways a session is served; both end with the connection closed. */
#ifndef POPSERVER_MODEL_H
#define POPSERVER_MODEL_H

#include "script.h"

/* A POP3 server over a maildrop (RFC 1939, 2449, 5034), with the script's deviations. */
void model_serve(struct wire *w, const struct script *s);

/* The script's steps, one after the other. */
void raw_serve(struct wire *w, const struct script *s);

#endif
