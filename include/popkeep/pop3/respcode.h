/* SPDX-License-Identifier: ISC */
/*
 * The response code that may open the text of a status line: "[IN-USE] mailbox is locked"
 * (RFC 2449 section 8, RFC 3206, RFC 6856). Codes are hierarchical: [IN-USE/whatever] is IN-USE.
 */
#ifndef POPKEEP_POP3_RESPCODE_H
#define POPKEEP_POP3_RESPCODE_H

#include "popkeep/pop3/engine.h"

/* `text` is what follows +OK or -ERR. Any case. No brackets, brackets with a blank in them or
 * never closed: POP3_CODE_NONE; a code popkeep knows nothing of: POP3_CODE_OTHER. */
enum pop3_code respcode_of(struct sv text);

#endif
