/* SPDX-License-Identifier: ISC */
/* The table of commands. */
#include "popkeep/pop3/command.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"

#include <stdio.h>
#include <string.h>

enum { AUTH_LINE_MAX = 12288, TRACE_ARG_MAX = 256 };

enum takes { TAKES_NOTHING, TAKES_ARG, MAY_TAKE_NUMBER, TAKES_NUMBER };

static const struct shape {
    const char *word;
    enum takes takes;
    bool block;
} shapes[POP3_VERBS] = {
    [POP3_CAPA] = {"CAPA", TAKES_NOTHING, true},   [POP3_UTF8] = {"UTF8", TAKES_NOTHING, false},
    [POP3_USER] = {"USER", TAKES_ARG, false},      [POP3_PASS] = {"PASS", TAKES_ARG, false},
    [POP3_AUTH] = {"AUTH", TAKES_ARG, false},      [POP3_AUTH_LINE] = {"", TAKES_ARG, false},
    [POP3_STAT] = {"STAT", TAKES_NOTHING, false},  [POP3_UIDL] = {"UIDL", MAY_TAKE_NUMBER, true},
    [POP3_LIST] = {"LIST", MAY_TAKE_NUMBER, true}, [POP3_RETR] = {"RETR", TAKES_NUMBER, true},
    [POP3_DELE] = {"DELE", TAKES_NUMBER, false},   [POP3_NOOP] = {"NOOP", TAKES_NOTHING, false},
    [POP3_RSET] = {"RSET", TAKES_NOTHING, false},  [POP3_QUIT] = {"QUIT", TAKES_NOTHING, false},
};

bool command_has_block(enum pop3_verb verb, uint32_t number)
{
    return shapes[verb].block && (shapes[verb].takes != MAY_TAKE_NUMBER || number == 0);
}

char *command_name(char out[32], enum pop3_verb verb, uint32_t number)
{
    const char *word = verb == POP3_AUTH_LINE ? "AUTH" : shapes[verb].word;
    if (number > 0)
        (void)snprintf(out, 32, "%s %u", word, (unsigned)number);
    else
        (void)snprintf(out, 32, "%s", word);
    return out;
}

static int check(const struct shape *s, uint32_t number, struct sv arg, struct err *e)
{
    if (sv_has(arg, '\r') || sv_has(arg, '\n') || sv_has(arg, '\0'))
        return err_set(e, ST_CONFIG,
                       "the argument of %s holds a line end or a NUL, which POP3 cannot carry",
                       s->word[0] != '\0' ? s->word : "AUTH");
    if ((arg.n > 0 && s->takes != TAKES_ARG) || (number > 0 && s->takes < MAY_TAKE_NUMBER) ||
        (number == 0 && s->takes == TAKES_NUMBER))
        return err_set(e, ST_SOFTWARE, "%s was to be sent with arguments it does not take",
                       s->word);
    return 0;
}

static int add_all(struct buf *out, struct sv head, struct sv arg)
{
    if (buf_add_secret(out, head.p, head.n) != 0 || buf_add_secret(out, arg.p, arg.n) != 0 ||
        buf_add_secret(out, "\r\n", 2) != 0)
        return -1;
    return 0;
}

int command_write(struct buf *out, enum pop3_verb verb, uint32_t number, struct sv arg,
                  struct err *e)
{
    const struct shape *s = &shapes[verb];
    size_t max = verb == POP3_AUTH_LINE ? (size_t)AUTH_LINE_MAX : (size_t)POP3_COMMAND_MAX;
    if (check(s, number, arg, e) != 0)
        return -1;
    char head[32];
    if (number > 0)
        (void)snprintf(head, sizeof head, "%s %u", s->word, (unsigned)number);
    else
        (void)snprintf(head, sizeof head, "%s%s", s->word,
                       s->takes == TAKES_ARG && s->word[0] != '\0' ? " " : "");
    if (arg.n > max || strlen(head) + arg.n + 2 > max)
        return err_set(e, ST_SOFTWARE, "the %s command would be longer than the %zu octets allowed",
                       s->word[0] != '\0' ? s->word : "AUTH", max);
    size_t before = out->n;
    if (add_all(out, sv_of(head), arg) != 0) {
        if (out->n > before) {
            mem_wipe(out->p + before, out->n - before);
            out->n = before;
        }
        return err_set(e, ST_SOFTWARE, "too many commands wait to be sent");
    }
    return 0;
}

void command_trace(struct buf *out, enum pop3_verb verb, uint32_t number, struct sv arg)
{
    char name[32];
    if (verb == POP3_AUTH_LINE) {
        (void)buf_add_c(out, "***");
        return;
    }
    (void)buf_add_c(out, command_name(name, verb, number));
    if (verb == POP3_PASS) {
        (void)buf_add_c(out, " ***");
    } else if (arg.n > 0) {
        struct sv rest = arg;
        struct sv shown = verb == POP3_AUTH ? sv_token(&rest, ' ') : arg;
        (void)buf_add_char(out, ' ');
        text_escape(out, shown, TRACE_ARG_MAX);
        if (shown.n < arg.n)
            (void)buf_add_c(out, " ***");
    }
}
