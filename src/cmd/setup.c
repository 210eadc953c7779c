/* SPDX-License-Identifier: ISC */
/* Where the configuration and the state are, and which accounts are meant. */
#include "popkeep/cmd/setup.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/translate.h"
#include "popkeep/cmd/load.h"
#include "popkeep/sys/env.h"

#include <errno.h>
#include <unistd.h>

#define SYSTEM_CONFIG "/etc/popkeep/popkeep.conf"

static char *user_config(const char *home)
{
    const char *xdg = env_get("XDG_CONFIG_HOME");

    if (xdg != NULL)
        return mem_printf("%s/popkeep/popkeep.conf", xdg);
    return home == NULL ? NULL : mem_printf("%s/.config/popkeep/popkeep.conf", home);
}

static const char *asked_config(const struct cmd_options *o)
{
    return o->config_file != NULL ? o->config_file : env_get("POPKEEP_CONFIG");
}

char *cmd_new_config(const struct cmd_options *o, const char *home, struct err *e)
{
    const char *asked = asked_config(o);
    char *file = asked != NULL ? mem_strdup(asked) : user_config(home);

    if (file == NULL)
        err_set(e, ST_CONFIG, "no place for the configuration: set HOME, or give -c FILE");
    return file;
}

/* The file asked for must be there; of the usual places the first that exists is taken. */
static char *find_config(const struct cmd_options *o, const char *home, struct err *e)
{
    const char *asked = asked_config(o);
    char *own;

    if (asked != NULL)
        return mem_strdup(asked);
    own = user_config(home);
    if (own != NULL && (access(own, F_OK) == 0 || errno != ENOENT))
        return own;
    if (access(SYSTEM_CONFIG, F_OK) == 0) {
        free(own);
        return mem_strdup(SYSTEM_CONFIG);
    }
    err_set(e, ST_CONFIG, "no configuration found: neither %s nor %s is there",
            own != NULL ? own : "~/.config/popkeep/popkeep.conf", SYSTEM_CONFIG);
    err_advise(e, "popkeep init makes one; by hand a first one looks like this (man popkeep.conf "
                  "tells the rest):\n"
                  "  [account school]\n"
                  "  provider = meb-k12\n"
                  "  user = 706590@meb.k12.tr\n"
                  "  password_file = ~/.config/popkeep/school.password\n"
                  "  maildir = ~/Mail/school");
    free(own);
    return NULL;
}

static char *find_state(const struct config *c, const char *home, struct err *e)
{
    const char *dir = env_get("STATE_DIRECTORY");

    if (c->state_dir != NULL)
        return mem_strdup(c->state_dir);
    if (dir != NULL) {
        struct sv rest = sv_of(dir); /* systemd: several, apart by colons */
        struct sv first = sv_token(&rest, ':');
        return mem_strndup(first.p, first.n);
    }
    dir = env_get("XDG_STATE_HOME");
    if (dir != NULL)
        return mem_printf("%s/popkeep", dir);
    if (home != NULL)
        return mem_printf("%s/.local/state/popkeep", home);
    err_set(e, ST_CONFIG, "no place for the state: set state_dir in [defaults], or HOME");
    return NULL;
}

int cmd_setup(struct cmd_setup *s, const struct cmd_options *o, struct err *e)
{
    char *home = env_home();
    char *file;
    int rc = -1;

    *s = (struct cmd_setup){0};
    file = find_config(o, home, e);
    if (file == NULL || load_config(&s->config, file, home, e) < 0)
        goto out;
    s->state_root = find_state(&s->config, home, e);
    if (s->state_root == NULL)
        goto out;
    s->chosen = mem_zalloc(s->config.n_accounts, sizeof *s->chosen);
    /* behind a command no other one can stand: only accounts are meant */
    rc = config_select(&s->config, o->words, o->n_words,
                       o->command_given ? NULL : cmd_command_names(), s->chosen, e);
    for (size_t i = 0; rc == 0 && i < s->config.n_accounts; i++) {
        s->chosen[i] = s->chosen[i] && shard_has(&o->shard, sv_of(s->config.accounts[i].name));
        s->n_chosen += s->chosen[i];
    }
out:
    free(file);
    free(home);
    return rc;
}

void cmd_tell_empty(const struct cmd_options *o, const struct cmd_setup *s, struct sink *sink)
{
    struct buf text = BUF_INIT(256);
    struct event ev;

    if (s->n_chosen > 0 || o->shard.n == 0)
        return;
    (void)tr_addf(&text, "part %u of %u has none of these accounts: nothing to do", o->shard.i,
                  o->shard.n);
    event_init(&ev, EVENT_NOTE, NULL);
    ev.str[ES_TEXT] = buf_sv(&text);
    sink_event(sink, &ev);
    buf_free(&text);
}

void cmd_setup_free(struct cmd_setup *s)
{
    config_free(&s->config);
    free(s->chosen);
    free(s->state_root);
    *s = (struct cmd_setup){0};
}
