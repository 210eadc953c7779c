/* SPDX-License-Identifier: ISC */
/* popkeep import: a table of mailboxes -> sections for the configuration. */
#include "popkeep/cmd/setup.h"

#include "popkeep/base/translate.h"
#include "popkeep/config/import.h"
#include "popkeep/sys/file.h"
#include "popkeep/sys/output.h"
#include "popkeep/sys/terminal.h"

enum { TABLE_MAX = 16 * 1024 * 1024, STDIN = 0, STDOUT = 1, STDERR = 2 };

/* On stderr: stdout is the file that is being made. */
static void tell_next(const struct import *im)
{
    struct buf b = BUF_INIT(1024);
    struct err ignored = ERR_INIT;

    (void)tr_addf(&b, "popkeep: accounts: %zu; look them over, then: popkeep -c FILE check\n",
                  im->accounts);
    (void)output_write(STDERR, buf_sv(&b), &ignored);
    buf_free(&b);
}

static enum status refuse(const struct import *im)
{
    struct buf b = BUF_INIT(1024 * 1024);
    struct err ignored = ERR_INIT;
    struct sv rest = buf_sv(&im->errors);

    while (rest.n > 0) {
        struct sv line = sv_token(&rest, '\n');
        (void)buf_addf(&b, "popkeep: %.*s\n", SV_ARG(line));
    }
    (void)tr_addf(&b, "popkeep: nothing was written\n");
    (void)output_write(STDERR, buf_sv(&b), &ignored);
    buf_free(&b);
    return ST_CONFIG;
}

enum status cmd_import(const struct cmd_options *o, struct err *e)
{
    struct buf text = BUF_INIT(TABLE_MAX);
    struct import im = {0};
    bool is_stdin = strcmp(o->words[0], "-") == 0;
    const char *file = is_stdin ? "stdin" : o->words[0];
    enum status st = ST_OK;

    if ((is_stdin ? file_read_fd(&text, STDIN, file, e) : file_read_all(&text, file, NULL, e)) < 0)
        st = e->status;
    else if (import_table(&im, buf_sv(&text), file) < 0)
        st = refuse(&im);
    else if (output_write(STDOUT, buf_sv(&im.out), e) < 0)
        st = e->status;
    else if (o->run.verbose >= 0 && terminal_is(STDERR) && !terminal_is(STDOUT))
        tell_next(&im);
    import_free(&im);
    buf_wipe(&text);
    return st;
}
