/* SPDX-License-Identifier: ISC */
/*
 * The client engine (pop3/engine.h) against a server that says anything. The input is: how many
 * commands, an octet for each, how many moments at which a suspected end is probed, two octets for
 * the place of each, and what the server sends; in that, octet 0xfe is the password.
 *
 * Must hold: events come in the order of the commands and in no other than the legal one; the
 * result is the same however the octets are split; after an error nothing comes any more; errors
 * can be shown, and hold no password that a server repeated.
 */
#include "fuzz.h"

#include "popkeep/pop3/command.h"
#include "popkeep/pop3/engine.h"

enum { COMMANDS_MAX = 40, PROBES_MAX = 4, MAIL_NUMBER = 7, SLOW = 1500 };
#define PASSWORD "opensesame"

struct step {
    enum pop3_verb verb;
    uint32_t number;
    bool at_once; /* behind the one before, not only when that has been answered */
};

struct script {
    struct step steps[COMMANDS_MAX];
    size_t n;
    size_t probes[PROBES_MAX]; /* offsets in `octets`, rising */
    size_t n_probes;
    struct buf octets;
};

/* The session as it should be, kept beside the engine. */
struct session {
    const struct script *script;
    struct engine *en;
    struct buf log; /* what happened, for comparison */
    struct buf out; /* what was sent */
    size_t next;    /* step */
    struct pending_command {
        enum pop3_verb verb;
        uint32_t number;
        uint64_t tag;
    } queue[COMMANDS_MAX + PROBES_MAX];
    size_t first, last; /* of the queue */
    uint64_t tags;
    bool greeted, in_block, in_data, quit, failed, probing;
};

static void send_probe(struct session *s)
{
    struct err e = ERR_INIT;
    FUZZ_HOLDS(s->in_block && s->last - s->first == 1);
    FUZZ_HOLDS(engine_probe(s->en, ++s->tags, &s->out, &e) == 0);
    FUZZ_HOLDS(sv_ends(buf_sv(&s->out), SV("NOOP\r\n")));
    s->queue[s->last++] = (struct pending_command){POP3_NOOP, 0, s->tags};
    s->probing = true;
}

static struct sv argument_of(enum pop3_verb verb)
{
    switch (verb) {
    case POP3_USER:
        return SV("ogretmen");
    case POP3_PASS:
    case POP3_AUTH_LINE:
        return SV(PASSWORD);
    case POP3_AUTH:
        return SV("PLAIN");
    default:
        return SV_NULL;
    }
}

static void send_step(struct session *s, const struct step *step)
{
    struct err e = ERR_INIT;
    size_t before = s->out.n;
    FUZZ_HOLDS(engine_send(s->en, step->verb, step->number, argument_of(step->verb), ++s->tags,
                           &s->out, &e) == 0);
    struct sv line = sv_from(buf_sv(&s->out), before);
    FUZZ_HOLDS(line.n <= POP3_COMMAND_MAX && sv_ends(line, SV("\r\n")));
    s->queue[s->last++] = (struct pending_command){step->verb, step->number, s->tags};
}

/* Whatever may be sent now. */
static void send_steps(struct session *s)
{
    const struct script *c = s->script;
    while (s->next < c->n && (s->first == s->last || c->steps[s->next].at_once) && !s->probing)
        send_step(s, &c->steps[s->next++]);
}

static void answer_prompt(struct session *s)
{
    struct err e = ERR_INIT;
    FUZZ_HOLDS(engine_send(s->en, POP3_AUTH_LINE, 0, argument_of(POP3_AUTH_LINE), 0, &s->out, &e) ==
               0);
    if (s->out.n > 1 << 20)
        buf_wipe(&s->out);
}

static void write_down(struct session *s, const struct pop3_event *ev)
{
    if (ev->kind != POP3_DATA || !s->in_data)
        buf_addf(&s->log, "\n%d %d %llu %d%d %d ", (int)ev->kind, (int)ev->verb,
                 (unsigned long long)ev->tag, ev->ok, ev->bare_end, (int)ev->code);
    FUZZ_HOLDS(buf_add_sv(&s->log, ev->text) == 0);
    s->in_data = ev->kind == POP3_DATA;
}

static void on_reply(struct session *s, const struct pop3_event *ev)
{
    const struct pending_command *p = &s->queue[s->first];
    FUZZ_HOLDS(s->greeted && !s->in_block && s->first < s->last);
    if (ev->ok && command_has_block(p->verb, p->number)) {
        s->in_block = true;
        return;
    }
    s->first++;
    s->quit = s->quit || p->verb == POP3_QUIT;
    if (p->verb == POP3_NOOP && s->probing)
        s->probing = false;
}

/* The event is one that may come now. */
static void follow(struct session *s, const struct pop3_event *ev)
{
    const struct pending_command *p = &s->queue[s->first];
    FUZZ_HOLDS(!s->quit);
    if (ev->kind != POP3_GREETING) {
        FUZZ_HOLDS(s->greeted && s->first < s->last);
        FUZZ_HOLDS(ev->verb == p->verb && ev->tag == p->tag);
    }
    switch (ev->kind) {
    case POP3_GREETING:
        FUZZ_HOLDS(!s->greeted);
        s->greeted = true;
        break;
    case POP3_REPLY:
        on_reply(s, ev);
        break;
    case POP3_CONTINUE:
        FUZZ_HOLDS(!s->in_block && p->verb == POP3_AUTH);
        answer_prompt(s);
        break;
    case POP3_LINE:
        FUZZ_HOLDS(s->in_block && p->verb != POP3_RETR);
        break;
    case POP3_DATA:
        FUZZ_HOLDS(s->in_block && p->verb == POP3_RETR && ev->text.n > 0);
        break;
    case POP3_END:
        FUZZ_HOLDS(s->in_block && (!ev->bare_end || s->probing));
        s->in_block = false;
        s->first++;
        break;
    case POP3_MORE:
        FUZZ_HOLDS(false);
    }
    if (ev->kind != POP3_DATA) {
        FUZZ_HOLDS(ev->text.n < POP3_STATUS_MAX && !sv_has(ev->text, '\n'));
        send_steps(s);
    }
    FUZZ_HOLDS(engine_in_flight(s->en) == s->last - s->first);
    FUZZ_HOLDS(engine_in_message(s->en) == (s->in_block && s->queue[s->first].verb == POP3_RETR));
}

static void on_error(struct session *s, struct err *e)
{
    struct sv more = SV("+OK\r\n");
    struct pop3_event ev;
    struct err again = ERR_INIT;
    fuzz_error_is_good(e);
    FUZZ_HOLDS(!s->quit); /* what comes behind the answer to QUIT is dropped */
    FUZZ_HOLDS(e->status == ST_PROTOCOL || (e->status == ST_UNAVAILABLE && !s->greeted) ||
               (e->status == ST_TEMP && e->line_cut && s->first == s->last));
    if (s->first < s->last &&
        (s->queue[s->first].verb == POP3_PASS || s->queue[s->first].verb == POP3_AUTH))
        FUZZ_HOLDS(strstr(e->text, PASSWORD) == NULL);
    FUZZ_HOLDS(engine_next(s->en, &more, &ev, &again) != 0);
    /* How much of a line an error quotes depends on how much has come. */
    buf_addf(&s->log, "\nerror %d %.*s", (int)e->status, (int)strcspn(e->text, "\""), e->text);
    s->failed = true;
}

static void feed(struct session *s, struct sv piece)
{
    char *copy = fuzz_copy(piece);
    struct sv in = sv_make(copy, piece.n);
    while (!s->failed) {
        struct pop3_event ev;
        struct err e = ERR_INIT;
        size_t before = in.n;
        if (engine_next(s->en, &in, &ev, &e) != 0) {
            on_error(s, &e);
            break;
        }
        FUZZ_HOLDS(in.n <= before && (in.n == 0 || in.p + in.n == copy + piece.n));
        if (ev.kind == POP3_MORE) {
            FUZZ_HOLDS(in.n == 0);
            break;
        }
        write_down(s, &ev);
        follow(s, &ev);
    }
    free(copy);
}

/* What the end of the connection means just now. */
static void end(struct session *s)
{
    struct err e = ERR_INIT;
    if (s->failed)
        return;
    if (engine_eof(s->en, &e) == 0) {
        FUZZ_HOLDS(s->greeted && !s->in_block && s->first == s->last);
        buf_add_c(&s->log, "\nended");
        return;
    }
    FUZZ_HOLDS(!s->greeted || s->in_block || s->first < s->last);
    FUZZ_HOLDS((e.status == ST_TEMP && e.line_cut) || (e.status == ST_UNAVAILABLE && !s->greeted));
    fuzz_error_is_good(&e);
    buf_addf(&s->log, "\nended %s", e.text);
}

static void run(struct session *s, const struct script *c, enum fuzz_split how, struct fuzz *f)
{
    *s = (struct session){.script = c,
                          .en = engine_new(),
                          .log = BUF_INIT(FUZZ_BUF_MAX),
                          .out = BUF_INIT(FUZZ_BUF_MAX)};
    size_t at = 0, probe = 0;
    while (at < c->octets.n && !s->failed) {
        size_t stop = probe < c->n_probes ? c->probes[probe] : c->octets.n;
        if (at >= stop) {
            probe++;
            if (engine_maybe_ended(s->en))
                send_probe(s);
            continue;
        }
        size_t n = fuzz_piece(f, how, stop - at);
        feed(s, sv_make(c->octets.p + at, n));
        at += n;
    }
    buf_addf(&s->log, "\ndoubt %d", !s->failed && engine_in_doubt(s->en));
    end(s);
    engine_free(s->en);
}

static void free_session(struct session *s)
{
    buf_free(&s->log);
    buf_free(&s->out);
}

static void read_script(struct script *c, struct fuzz *f)
{
    static const enum pop3_verb verbs[] = {
        POP3_CAPA, POP3_UTF8, POP3_USER, POP3_PASS, POP3_AUTH, POP3_STAT, POP3_UIDL, POP3_LIST,
        POP3_RETR, POP3_DELE, POP3_NOOP, POP3_RSET, POP3_QUIT, POP3_RETR, POP3_UIDL, POP3_RETR};
    *c = (struct script){.octets = BUF_INIT(FUZZ_BUF_MAX)};
    c->n = fuzz_octet(f) % (COMMANDS_MAX + 1);
    for (size_t i = 0; i < c->n; i++) {
        unsigned what = fuzz_octet(f);
        enum pop3_verb verb = verbs[what % 16];
        bool one = verb == POP3_RETR || verb == POP3_DELE ||
                   ((verb == POP3_UIDL || verb == POP3_LIST) && (what & 64) != 0);
        c->steps[i] = (struct step){verb, one ? MAIL_NUMBER : 0, (what & 128) != 0};
    }
    c->n_probes = fuzz_octet(f) % (PROBES_MAX + 1);
    size_t at = 0;
    for (size_t i = 0; i < c->n_probes; i++)
        c->probes[i] = at += fuzz_number(f, 2) % 1024;
    for (; f->rest.n > 0; f->rest = sv_from(f->rest, 1)) {
        if ((unsigned char)f->rest.p[0] == 0xfe)
            buf_add_c(&c->octets, PASSWORD);
        else
            buf_add_char(&c->octets, f->rest.p[0]);
    }
    while (c->n_probes > 0 && c->probes[c->n_probes - 1] >= c->octets.n)
        c->n_probes--;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    struct script script;
    struct session whole, split;
    read_script(&script, &f);
    run(&whole, &script, FUZZ_WHOLE, &f);
    for (int how = FUZZ_OCTETS; how < FUZZ_SPLITS; how++) {
        if (how == FUZZ_OCTETS && script.octets.n > SLOW) /* time is better spent on more inputs */
            continue;
        run(&split, &script, (enum fuzz_split)how, &f);
        FUZZ_HOLDS(sv_eq(buf_sv(&whole.log), buf_sv(&split.log)));
        FUZZ_HOLDS(sv_eq(buf_sv(&whole.out), buf_sv(&split.out)));
        free_session(&split);
    }
    free_session(&whole);
    buf_free(&script.octets);
    return 0;
}
