/* SPDX-License-Identifier: ISC */
/* popkeep completion: scripts for shells, and the names they ask for. */
#include "popkeep/cmd/completion.h"

#include "popkeep/cmd/setup.h"
#include "popkeep/sys/output.h"

#include <string.h>

enum { SCRIPT_MAX = 1024 * 1024 };

bool completion_is_path(const char *argument)
{
    return argument != NULL && (strcmp(argument, "FILE") == 0 || strcmp(argument, "DIR") == 0);
}

bool completion_goes_with(const struct cmd_option *o, const struct cmd_command *c)
{
    return o->commands == 0 || (o->commands & c->bit) != 0;
}

static enum status print_accounts(const struct cmd_options *o, struct buf *out, struct err *e)
{
    struct cmd_options all = *o;
    struct cmd_setup s;

    all.n_words = 0;
    if (cmd_setup(&s, &all, e) < 0 && s.config.n_accounts > 0)
        err_clear(e); /* all are disabled: one may be named all the same */
    for (size_t i = 0; i < s.config.n_accounts; i++)
        (void)buf_addf(out, "%s\n", s.config.accounts[i].name);
    cmd_setup_free(&s);
    return e->status;
}

enum status cmd_completion(const struct cmd_options *o, struct err *e)
{
    static const struct {
        const char *shell;
        void (*write)(struct buf *out);
    } shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};
    struct buf out = BUF_INIT(SCRIPT_MAX);
    enum status st = ST_USAGE;
    bool known = false;

    if (o->n_words == 1 && strcmp(o->words[0], "accounts") == 0) {
        known = true;
        st = print_accounts(o, &out, e);
    }
    for (size_t i = 0; o->n_words == 1 && i < sizeof shells / sizeof *shells; i++)
        if (strcmp(o->words[0], shells[i].shell) == 0) {
            known = true;
            st = ST_OK;
            shells[i].write(&out);
        }
    if (!known)
        err_set(e, ST_USAGE, "completion needs the name of a shell: bash, zsh or fish");
    else if (st == ST_OK && output_write(1, buf_sv(&out), e) < 0)
        st = e->status;
    buf_free(&out);
    return st;
}
