/* SPDX-License-Identifier: ISC */
/* What the server is like: what a session learns of it, and what it remembers for the next ones. */
#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/run/facts.h"
#include "popkeep/run/mailbox_inside.h"

int mailbox_remember_server(struct mailbox *b, struct err *e)
{
    struct worker *w = b->w;

    w->capa = b->s.capa;
    if (w->memory.utf8 < 0) {
        w->memory.utf8 = b->s.utf8;
        if (book_mark(&w->book, "utf8", b->s.utf8 ? "yes" : "no", e) < 0)
            return -1;
    }
    return 0;
}

/* Going without pipelining is kept only once that has helped: a line that fell silent by itself
 * must not make the account slow for ever. */
int mailbox_remember_pipelining(struct mailbox *b, struct err *e)
{
    struct worker *w = b->w;

    if (w->options->dry_run || !w->gave_pipelining_up || !(w->hung_up || b->s.bare_end_seen))
        return 0;
    return book_mark(&w->book, "pipelining", "no", e);
}

/* What a server is like is said once, not in each run of a quarter of an hour: the mark remembers
 * that. */
static int warn_once(struct mailbox *b, const char *mark, bool so, const char *text, struct err *e)
{
    struct worker *w = b->w;

    if (so && !book_mark_is(&w->book, mark, "told"))
        tell_text(w->tell, EVENT_WARNING, "%s", tr(text));
    return book_mark(&w->book, mark, so ? "told" : "-", e);
}

static int warn_of_expire(struct mailbox *b, struct err *e)
{
    struct buf text = BUF_INIT(512);
    int rc;

    worker_expire_text(&text, &b->s.capa, b->w->account);
    rc = warn_once(b, "expires", text.n > 0, text.p, e);
    buf_free(&text);
    return rc;
}

int mailbox_warn_of_server(struct mailbox *b, struct err *e)
{
    if (b->listing.n > 0 &&
        warn_once(b, "no-uidl", !b->listing.has_uidls,
                  "the server has no UIDL: every message is downloaded in each run and compared "
                  "with what is stored; nothing is ever deleted there",
                  e) < 0)
        return -1;
    if (warn_once(b, "utf8-lost", b->s.utf8_lost,
                  "the server no longer offers UTF8, which earlier runs used: messages may come in "
                  "another form than they were stored in",
                  e) < 0)
        return -1;
    return warn_of_expire(b, e);
}

int mailbox_warn_of_bare_ends(struct mailbox *b, struct err *e)
{
    if (!b->s.bare_end_seen)
        return 0;
    return warn_once(b, "bare-end", true,
                     "the server does not end messages as POP3 demands; each such end costs "
                     "5 seconds",
                     e);
}

/* EXPIRE 0: what was retrieved is deleted at QUIT (RFC 2449, 6.7), so that a record without a file
 * will not do. */
bool mailbox_quit_deletes(const struct mailbox *b)
{
    return (b->s.capa.bits & CAPA_EXPIRE) && b->s.capa.expire_days == 0;
}

bool mailbox_shows_a_part(const struct mailbox *b)
{
    return mailbox_quit_deletes(b) && b->listing.n >= WORKER_EXPIRE_0_PART && b->plan.fetch_n > 0;
}

/* A server that hangs up on the first flight of several commands, or answers none but the first of
 * them, announces what it cannot do (o2.pl, 2016): once more without. */
bool mailbox_hung_up_on_pipelining(const struct mailbox *b, const struct err *e)
{
    return e->line_cut && b->s.pipelining && !b->s.pipelining_proven && !b->s.progress &&
           !b->w->memory.pipelines && /* else it is only the line that broke */
           engine_in_flight(b->s.engine) > 1 && b->w->account->pipelining == PIPELINING_AUTO;
}

/* A server that refuses the login has shown its certificate all the same. */
int mailbox_open_session(struct mailbox *b, struct err *e)
{
    struct worker *w = b->w;
    struct err ignored = ERR_INIT;
    int rc = session_open(&b->s, w->account, w->password, &w->memory, w->tell, NULL, e);

    if (b->s.conn != NULL && facts_connected(w, conn_info(b->s.conn), rc < 0 ? &ignored : e) < 0)
        rc = -1;
    return rc;
}

/* Some servers want a time between two logins (RFC 2449, 6.5 and 8.1.1): when, and how long. */
void mailbox_remember_login(struct worker *w, const struct session *s, int64_t login)
{
    bool said = s->capa.bits & CAPA_LOGIN_DELAY;

    w->refusal = s->logged_in ? POP3_CODE_NONE : s->refusal_code;
    if (s->logged_in) {
        w->served.last_login = login;
        w->served.delay_s = said ? (int64_t)s->capa.login_delay_s : 0;
    } else if (s->refusal_code == POP3_CODE_LOGIN_DELAY) {
        w->served.last_login = login; /* somebody else's, and not later than now */
        w->served.delay_s = said ? (int64_t)s->capa.login_delay_s : SERVED_DELAY_UNKNOWN_S;
    }
    if (w->served.delay_s > SERVED_DELAY_MAX_S)
        w->served.delay_s = SERVED_DELAY_MAX_S;
}
