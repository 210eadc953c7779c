/* SPDX-License-Identifier: ISC */
/*
 * Servers that are no POP3 servers, known by how they greet. A wrong port is the commonest mistake
 * in a new configuration; the error should name it. Used by pop3/engine.h.
 */
#ifndef POPKEEP_POP3_STRANGER_H
#define POPKEEP_POP3_STRANGER_H

#include "popkeep/base/bytes.h"

struct stranger {
    const char *what;   /* "an SMTP server (outgoing mail)" */
    const char *remedy; /* one line of advice */
};

/* `first`: the first octets received, as many as there are. Null: it may be POP3, or is unknown. */
const struct stranger *stranger_of(struct sv first);

#endif
