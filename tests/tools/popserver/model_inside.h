/* SPDX-License-Identifier: ISC */
/*
 * What the two files of the model share: the session's state, the table of commands (commands.c)
 * and the script's say in the lines of an answer (model.c).
 */
#ifndef POPSERVER_MODEL_INSIDE_H
#define POPSERVER_MODEL_INSIDE_H

#include "box.h"
#include "script.h"

enum { MODEL_COMMANDS = 17 };

struct model {
    struct wire *w;
    const struct script *s;
    struct box box;
    bool logged_in, over;
    char user[512];
    char *arg;   /* of the command at hand, after the verb; "" without */
    long number; /* the first argument as a number, -1 if it is none */
    const char *verb;
    long errors;
    long body_line; /* line of the multi-line answer being sent, from 1 */
    bool mute;
    unsigned seen[MODEL_COMMANDS]; /* how often each command of the table came */
};

enum model_state { ANY, BEFORE_LOGIN, AFTER_LOGIN };

/* The first is GREETING, which is no client's command, the last OTHER: all unknown ones. */
extern const struct model_command {
    const char *verb;
    enum model_state state;
    void (*run)(struct model *m);
} model_commands[MODEL_COMMANDS];

/* A status line or any other line of ours, without its end. */
void model_reply(struct model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Do what the script says of the next line of the answer at hand: true when the usual line is not
 * to be sent. */
bool model_line_bent(struct model *m);

#endif
