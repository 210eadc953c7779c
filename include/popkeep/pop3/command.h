/* SPDX-License-Identifier: ISC */
/*
 * The commands popkeep sends, as a table: their words, what they take, the shape of their answers
 * (RFC 1939 sections 5 to 7, RFC 2449, 5034, 6856). Used by pop3/engine.h.
 */
#ifndef POPKEEP_POP3_COMMAND_H
#define POPKEEP_POP3_COMMAND_H

#include "popkeep/pop3/engine.h"

/* Is +OK followed by a multi-line block? LIST and UIDL with a message number answer in one line. */
bool command_has_block(enum pop3_verb verb, uint32_t number);

/* Append the command with its CRLF to `out`, or nothing. Errors as engine_send's. Whatever the
 * verb, `out` never leaves a copy of its contents behind: it may hold a password already. */
int command_write(struct buf *out, enum pop3_verb verb, uint32_t number, struct sv arg,
                  struct err *e);

/* As engine_trace. */
void command_trace(struct buf *out, enum pop3_verb verb, uint32_t number, struct sv arg);

/* "RETR 12", "UIDL", "AUTH": for messages. Returns `out`. */
char *command_name(char out[32], enum pop3_verb verb, uint32_t number);

#endif
