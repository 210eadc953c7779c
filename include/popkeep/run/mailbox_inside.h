/* SPDX-License-Identifier: ISC */
/*
 * The inside of mailbox_session, shared by mailbox.c (list, plan, fetch, delete, quit),
 * mailbox_server.c (what the server is like) and mailbox_around.c (messages at which a session
 * ended). Nobody else includes this.
 */
#ifndef POPKEEP_RUN_MAILBOX_INSIDE_H
#define POPKEEP_RUN_MAILBOX_INSIDE_H

#include "popkeep/ledger/plan.h"
#include "popkeep/pop3/listing.h"
#include "popkeep/run/account.h"

struct mailbox {
    struct worker *w;
    uint8_t *when; /* enum receive_when an item, after what ended earlier sessions; null: all now */
    struct session s;
    struct listing listing;
    struct plan_message *messages;
    struct plan plan;
};

/* ---- mailbox_server.c ---- */

/* session_open; a server that refuses the login has shown its certificate all the same. */
int mailbox_open_session(struct mailbox *b, struct err *e);
/* `login`: when it was tried, unix s. */
void mailbox_remember_login(struct worker *w, const struct session *s, int64_t login);
/* After the login; the second at the end of a session that went well. */
int mailbox_remember_server(struct mailbox *b, struct err *e);
int mailbox_remember_pipelining(struct mailbox *b, struct err *e);
/* Each is said once for all runs; the second when all is received. */
int mailbox_warn_of_server(struct mailbox *b, struct err *e);
int mailbox_warn_of_bare_ends(struct mailbox *b, struct err *e);

bool mailbox_shows_a_part(const struct mailbox *b); /* the listing is not all there is */
bool mailbox_quit_deletes(const struct mailbox *b); /* what was retrieved, too */
/* The session ended because of pipelining: it is worth another one without. */
bool mailbox_hung_up_on_pipelining(const struct mailbox *b, const struct err *e);

/* ---- mailbox_around.c ---- */

/* Fill b->when, and tell of what is left out. */
void mailbox_put_in_order(struct mailbox *b);
/* After a session that failed with *e: was it because of one message, so that another session is
 * to go without it, or around it? What the next one needs to know is kept in b->w. */
bool mailbox_go_on_without(struct mailbox *b, const struct err *e);
bool mailbox_go_on_around(struct mailbox *b, const struct err *e);
/* When this session is for the deletions alone: tell of what is new. */
void mailbox_leave_new_mail(struct mailbox *b);

#endif
