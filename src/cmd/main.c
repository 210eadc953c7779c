/* SPDX-License-Identifier: ISC */
/* popkeep: the program's beginning and end. */
#include "popkeep/cmd/options.h"

#include "popkeep/cmd/setup.h"
#include "popkeep/cmd/sink.h"

#include "popkeep/base/translate.h"
#include "popkeep/sys/confine.h"
#include "popkeep/sys/language.h"
#include "popkeep/sys/manager.h"
#include "popkeep/sys/memory.h"
#include "popkeep/sys/output.h"
#include "popkeep/sys/process.h"
#include "popkeep/sys/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 65536 };

/* Started without 0, 1 or 2 (cron of old, some supervisors): a mail file must never become stdout.
 */
static void open_missing_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
}

static enum status print_error(const struct err *e)
{
    struct buf b = BUF_INIT(TEXT_MAX);
    struct err ignored = ERR_INIT;

    sink_error_line(&b, e);
    if (e->status == ST_USAGE)
        (void)buf_addf(&b, "%s\n", tr("popkeep --help shows how it is used"));
    manager_mark(&b, 0, 2, MANAGER_ERROR);
    (void)output_write(2, buf_sv(&b), &ignored);
    buf_free(&b);
    return e->status;
}

static enum status print(struct buf *b)
{
    struct err e = ERR_INIT;

    if (output_write(1, buf_sv(b), &e) < 0 && e.sys_errno != EPIPE)
        print_error(&e);
    buf_free(b);
    return e.status;
}

static enum status run(const struct cmd_options *o)
{
    struct buf b = BUF_INIT(TEXT_MAX);
    struct err e = ERR_INIT;
    enum status st;

    if (o->help) {
        cmd_options_help(&b);
        return print(&b);
    }
    if (o->version) {
        (void)tr_addf(&b, "popkeep %s\nworkers give up: ", POPKEEP_VERSION);
        confine_text(&b, confine_can());
        (void)buf_add_char(&b, '\n');
        return print(&b);
    }
    st = o->command->run(o, &e);
    if (e.status != ST_OK) {
        sink_early_error(o, &e);
        print_error(&e);
    }
    return st;
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    struct cmd_options o;
    bool nagios, parsed;
    int exit_status;

    memory_guard_openssl();
    open_missing_descriptors();
    nagios = cmd_options_have(argc, argv, "--nagios");
    if (!nagios && !cmd_options_have(argc, argv, "--json"))
        language_enter(); /* what programs read is English throughout */
    umask(077);
    manager_init();
    process_harden();
    signals_install();
    parsed = cmd_options_parse(&o, argc, argv, &e) == 0;
    if (nagios && !(parsed && (o.help || o.version)))
        exit_status = (int)cmd_nagios(&o, &e);
    else
        exit_status = (int)(parsed ? run(&o) : print_error(&e));
    free(o.words);
    signals_reraise();
    return exit_status;
}
