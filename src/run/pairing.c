/* SPDX-License-Identifier: ISC */
/* Journal and Maildir: do they belong together? The cases stand in the table of popkeep-journal(5).
 */
#include "popkeep/run/pairing.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/ascii.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/run/adopt.h"
#include "popkeep/store/scan.h"

#include <sys/random.h>

enum { OTHERS_MAX = 100 };

struct pair {
    const struct account *account;
    struct book *book;
    struct maildir *m;   /* null: there is none */
    char id[MAILDIR_ID]; /* of the Maildir, "" if none */
    bool write;
    char *others[OTHERS_MAX]; /* accounts that have an id file in the Maildir as well */
    size_t n_others;
};

static uint64_t messages_recorded(const struct ledger *l)
{
    return ledger_count_state(l, LEDGER_STORED) + ledger_count_state(l, LEDGER_ASKED) +
           ledger_count_state(l, LEDGER_GONE) + ledger_count_state(l, LEDGER_INTENT);
}

static void new_id(char id[MAILDIR_ID])
{
    unsigned char raw[16];

    if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
        abort(); /* 16 octets are always given once the system is up */
    text_hex(id, raw, sizeof raw);
}

static int write_header(struct pair *p, const char *id, bool adopting, struct err *e)
{
    const struct account *a = p->account;
    struct record r = {.kind = REC_HEADER,
                       .version = RECORD_VERSION,
                       .journal_id = sv_of(id),
                       .host = sv_of(a->host),
                       .port = a->port,
                       .user = sv_of(a->user),
                       .maildir = sv_of(a->maildir)};

    if (book_add(p->book, &r, e) < 0 || (adopting && book_mark(p->book, "adopting", "yes", e) < 0))
        return -1;
    return book_commit(p->book, e);
}

/* Header first: a Maildir id is only ever written once the journal that owns it is on the disk. */
static int bind_pair(struct pair *p, const char *id, bool adopting, struct err *e)
{
    if (write_header(p, id, adopting, e) < 0)
        return -1;
    if (p->m == NULL && maildir_create(&p->m, p->account->maildir, p->account->name, e) < 0)
        return -1;
    return maildir_id_put(p->m, id, e);
}

static int not_a_pair(const struct pair *p, struct err *e, const char *what)
{
    err_set(e, ST_CONFIG, "%s\n  state:   %s\n  Maildir: %s", tr(what), p->book->dir,
            p->account->maildir);
    return err_advise(e,
                      "mount or restore the missing half; or, if what is there now shall be used "
                      "from now on: popkeep fetch --adopt %s",
                      p->account->name);
}

static bool same_mailbox(const struct ledger_header *h, const struct account *a)
{
    return ascii_same(sv_of(h->host), sv_of(a->host)) && h->port == a->port &&
           strcmp(h->user, a->user) == 0;
}

/* A journal is there and holds messages: everything has to fit. */
static int check_used_pair(struct pair *p, const struct ledger_header *h, struct err *e)
{
    if (!same_mailbox(h, p->account)) {
        err_set(e, ST_CONFIG,
                "the state of this account belongs to another mailbox: %s at %s:%u, while the "
                "configuration says %s at %s:%u\n  state: %s",
                h->user, h->host, h->port, p->account->user, p->account->host, p->account->port,
                p->book->dir);
        return err_advise(e,
                          "give the new mailbox an account name of its own; or, if it is the same "
                          "mailbox moved to another server: popkeep fetch --adopt %s",
                          p->account->name);
    }
    if (p->m == NULL)
        return not_a_pair(p, e,
                          "the Maildir of this account is not there, but its journal says "
                          "that messages were stored in it (is a disk not mounted?)");
    if (p->id[0] == '\0')
        return not_a_pair(p, e,
                          "this Maildir is not the one the journal was kept for: it holds no "
                          "id file of this account");
    if (strcmp(p->id, h->journal_id) != 0)
        return not_a_pair(p, e,
                          "this Maildir and this journal do not belong together: their ids "
                          "differ");
    if (p->write && strcmp(h->maildir, p->account->maildir) != 0)
        return write_header(p, h->journal_id, false, e); /* moved together with its id */
    return 0;
}

/* Several accounts may share a Maildir; each has an id file of its own there. Whose are the others?
 */
static int look_at_id_file(void *ctx, const char *name, struct err *e)
{
    struct pair *p = ctx;
    struct sv account = sv_of(name);

    (void)e;
    if (!sv_starts(account, SV("popkeep-")) || !sv_ends(account, SV(".id")))
        return 0;
    account = sv_make(account.p + sizeof "popkeep-" - 1, account.n - sizeof "popkeep-.id" + 1);
    if (account.n == 0 || p->n_others == OTHERS_MAX || sv_eq_c(account, p->account->name))
        return 0;
    p->others[p->n_others++] = mem_strndup(account.p, account.n);
    return 0;
}

/* Was this mailbox fetched into this Maildir under that name? 1: it was, or that cannot be told. */
static int is_the_same(const struct pair *p, const char *other, struct tell *t, struct err *e)
{
    const char *slash = strrchr(p->book->dir, '/');
    char *root = mem_strndup(p->book->dir, (size_t)(slash - p->book->dir));
    struct book b;
    int rc = book_open(&b, root, other, false, t, e);

    if (rc == 0)
        rc = !ledger_header(b.ledger)->any || same_mailbox(ledger_header(b.ledger), p->account);
    book_close(&b);
    free(root);
    return rc;
}

static int check_not_renamed(struct pair *p, struct tell *t, struct err *e)
{
    int rc = 0;

    if (p->m != NULL &&
        scan_names(maildir_folder_fd(p->m), p->account->maildir, look_at_id_file, p, e) < 0)
        rc = -1;
    for (size_t i = 0; i < p->n_others && rc == 0; i++) {
        rc = is_the_same(p, p->others[i], t, e);
        if (rc <= 0)
            continue;
        err_set(e, ST_CONFIG,
                "this mailbox seems to have been fetched into %s before, by the account %s: "
                "everything would be stored a second time",
                p->account->maildir, p->others[i]);
        rc = err_advise(e,
                        "if %s is the new name of %s, give it the old one again; or take over what "
                        "is there: popkeep fetch --adopt %s",
                        p->account->name, p->others[i], p->account->name);
    }
    for (size_t i = 0; i < p->n_others; i++)
        free(p->others[i]);
    return rc;
}

static int open_without_journal(struct pair *p, struct tell *t, struct err *e)
{
    char id[MAILDIR_ID];

    if (p->id[0] != '\0')
        return not_a_pair(p, e,
                          "this Maildir was filled by an account of this name, but the state "
                          "that remembers what is in it is not there");
    if (check_not_renamed(p, t, e) < 0)
        return -1;
    if (!p->write)
        return 0;
    new_id(id);
    return bind_pair(p, id, false, e);
}

static int adopt(struct pair *p, struct tell *t, struct err *e)
{
    const struct ledger_header *h = ledger_header(p->book->ledger);
    char id[MAILDIR_ID];
    uint64_t n = 0;

    if (h->any)
        memcpy(id, h->journal_id, sizeof id);
    else
        new_id(id);
    /* with the header, so that a run after an interrupted one goes on with it: what was not reached
     * would be downloaded a second time */
    if (bind_pair(p, id, true, e) < 0 || adopt_files(p->book, p->m, t, &n, e) < 0 ||
        book_mark(p->book, "adopting", "-", e) < 0 || book_commit(p->book, e) < 0)
        return -1;
    tell_text(t, EVENT_WARNING,
              trn("adopted %s: %llu file taken into the journal",
                  "adopted %s: %llu files taken into the journal", n),
              p->account->maildir, (unsigned long long)n);
    return 0;
}

static bool adoption_was_cut_short(const struct pair *p)
{
    const struct ledger_header *h = ledger_header(p->book->ledger);

    return h->any && book_mark_is(p->book, "adopting", "yes") && same_mailbox(h, p->account) &&
           p->m != NULL && (p->id[0] == '\0' || strcmp(p->id, h->journal_id) == 0) &&
           strcmp(h->maildir, p->account->maildir) == 0;
}

static int settle_pair(struct pair *p, bool adopting, struct tell *t, struct err *e)
{
    const struct ledger_header *h = ledger_header(p->book->ledger);

    if (p->write && (adopting || adoption_was_cut_short(p)))
        return adopt(p, t, e);
    if (!h->any)
        return open_without_journal(p, t, e);
    if (messages_recorded(p->book->ledger) > 0)
        return check_used_pair(p, h, e);
    /* never used so far: whatever half is missing can be made, unless the id is somebody else's */
    if (p->id[0] != '\0' && strcmp(p->id, h->journal_id) != 0)
        return not_a_pair(p, e,
                          "this Maildir and this journal do not belong together: their ids "
                          "differ");
    if (!p->write || (p->id[0] != '\0' && same_mailbox(h, p->account) &&
                      strcmp(h->maildir, p->account->maildir) == 0))
        return 0;
    {
        char id[MAILDIR_ID];
        memcpy(id, h->journal_id, sizeof id); /* the header is about to be replaced */
        return bind_pair(p, id, false, e);
    }
}

int pairing_open(struct maildir **m, const struct account *a, struct book *b, bool write,
                 bool adopting, struct tell *t, struct err *e)
{
    struct pair p = {.account = a, .book = b, .write = write};
    bool missing = false;
    int rc = -1;

    *m = NULL;
    if (maildir_open(&p.m, a->maildir, a->name, &missing, e) < 0 && !missing)
        goto out;
    err_clear(e);
    if (p.m != NULL && maildir_id_get(p.m, p.id, e) < 0)
        goto out;
    rc = settle_pair(&p, adopting, t, e);
out:
    if (rc < 0) {
        maildir_close(p.m);
        return -1;
    }
    *m = p.m;
    return 0;
}
