/* SPDX-License-Identifier: ISC */
/*
 * Configuration files -> accounts. Pure: the texts of the files and the home folder are handed in;
 * nothing is opened, no environment is read.
 *
 * The syntax is libinih's behind a reader of our own, which sees each line before libinih would cut
 * or join it; see popkeep.conf(5). Whatever is not understood is refused, never guessed or cut.
 * A struct config owns all it points to until config_free, which wipes inline passwords.
 * Errors are ST_CONFIG, texts begin "FILE:LINE: ".
 */
#ifndef POPKEEP_CONFIG_CONFIG_H
#define POPKEEP_CONFIG_CONFIG_H

#include "popkeep/base/bytes.h"
#include "popkeep/base/err.h"
#include "popkeep/base/hash.h"

struct provider;
struct key_rule;

enum { CONFIG_NEVER = -1 }; /* retention_days = never */
enum { CONFIG_PORT = 995 }; /* of POP3 over TLS: RFC 8314 section 7.3 */
enum { CONFIG_JOBS_MAX = 256 };
enum { CONFIG_NAME_MAX = 41 }; /* octets of an account's name */
enum {
    CONFIG_FILES_MAX = 10000,            /* the first and all that are included */
    CONFIG_DEPTH_MAX = 8,                /* of includes in included files */
    CONFIG_OCTETS_MAX = 16 * 1024 * 1024 /* of all files together */
};
#define CONFIG_NO_LIMIT    UINT64_MAX /* max_delete not given */
#define CONFIG_NO_DEADLINE INT64_MAX  /* deadline not given */

enum secret_kind {
    SECRET_NONE, /* ask on a terminal */
    SECRET_INLINE,
    SECRET_FILE,
    SECRET_COMMAND,
    SECRET_CREDENTIAL
};
enum auth_choice { AUTH_AUTO, AUTH_PLAIN, AUTH_USER };
enum pipelining_choice { PIPELINING_AUTO, PIPELINING_ALWAYS, PIPELINING_NEVER };
enum line_endings { LINE_ENDINGS_LF, LINE_ENDINGS_CRLF };
enum tls_min { TLS_MIN_1_2, TLS_MIN_1_3 };

struct config_secret {
    enum secret_kind kind;
    char *value;      /* the password itself, a path (~ expanded), a command, a credential name */
    const char *file; /* where it was given, for messages; owned by the struct config */
    unsigned line;
};

struct account {
    char *name;                      /* [A-Za-z0-9._@+-], at most 41 octets, no leading dot */
    const char *file;                /* with its section, for messages; owned by the config */
    unsigned line;                   /* of its section header */
    const struct provider *provider; /* null: none */
    char *host;                      /* lower case; IPv6 without brackets */
    unsigned port;                   /* 1..65535 */
    char *user;                      /* octets as given, no control characters */
    struct config_secret secret;     /* the account's own, else the one of [defaults] */
    enum auth_choice auth;
    char *maildir;          /* absolute, ~ expanded, no trailing slash */
    int64_t retention_days; /* CONFIG_NEVER or 0..36500, days of 86,400 s */
    bool delete_requires_copy;
    uint64_t max_delete; /* messages a run */
    char *tls_ca_file;   /* null: the system's */
    char *tls_name;      /* null: host */
    enum tls_min tls_min;
    unsigned char (*pins)[HASH_OCTETS]; /* SHA-256 of SubjectPublicKeyInfo */
    size_t n_pins;
    enum pipelining_choice pipelining;
    enum line_endings line_endings;
    unsigned timeout_s;
    char *run_as;       /* null: none */
    uint64_t quota_mb;  /* what the provider gives, in millions of octets; 0: not known */
    int64_t deadline_s; /* the mailbox is switched off then (00:00 UTC); CONFIG_NO_DEADLINE */
    bool disabled;      /* worked on only when it is named exactly (config_select) */
};

/* One file that was read. */
struct config_file {
    char *name;           /* as given, or as its include says, for messages */
    unsigned secret_line; /* where a password itself stands in it; 0: nowhere. If one does, the
                             file's permissions matter */
};

struct config {
    const char *file; /* the name of the first */
    struct config_file *files;
    size_t n_files;
    unsigned jobs;
    unsigned per_host;
    unsigned start_jitter_s;
    unsigned max_time_s; /* 0: as long as it takes */
    char *state_dir;     /* null: not configured */
    struct account *accounts;
    size_t n_accounts;
    struct buf warnings; /* lines "FILE:LINE: text\n" worth telling, not wrong enough to stop */
};

/* How the config room comes by files. Both functions return -1 with *e filled, complete but for
 * the place of the include in front of it. */
struct config_names {
    char **name; /* allocated, as is each */
    size_t n;
};
struct config_source {
    void *ctx;
    /* The octets of `path` into *text, whose maximum bounds them; config wipes it. Called once for
     * each of config->files, in that order. Two names of one file give the same `id`. */
    int (*read)(void *ctx, const char *path, struct buf *text, uint64_t id[2], struct err *e);
    /* The names that match a shell pattern, in the order of their octets; none is no error. */
    int (*list)(void *ctx, const char *pattern, struct config_names *out, struct err *e);
};

/* Read `file` and all that it includes. `home` is for a leading "~/" (null: such a value is
 * refused). The first thing wrong ends it: -1, and *out is empty; ST_CONFIG, or what source->read
 * said. Sections of included files follow those of the files before.
 *
 * What the result keeps: each account has host, port, user and maildir; no two accounts have the
 * same name or Maildir; two with one host, port and user both never delete. An account's own value
 * replaces that of its profile, which replaces that of [defaults], wherever those sections stand.
 * A secret key replaces any secret key from further away; a provider or host replaces all that
 * describes the server there (provider, host, port, tls_name, tls_pin), provided that a provider
 * or host stands there, too. */
int config_load(struct config *out, const char *file, const char *home,
                const struct config_source *source, struct err *e);
/* The same of one text, which stays the caller's; whatever it includes is refused. */
int config_parse(struct config *out, struct sv text, const char *file, const char *home,
                 struct err *e);
void config_free(struct config *c);

/* Mark the accounts whose name equals, or matches as a shell pattern, one of the words; all when
 * there are no words. A disabled account is marked only by a word that equals its name. `chosen`
 * holds n_accounts flags. A word that matches nothing, or disabled accounts only: -1, ST_USAGE,
 * with the nearest account or (from `other_words`, may be null) command named. No words and no
 * account that is not disabled: -1, ST_CONFIG. */
int config_select(const struct config *c, const char *const *words, size_t n_words,
                  const char *const *other_words, bool *chosen, struct err *e);

/* Would the line "KEY = VALUE" be taken in the section of an account? -1: ST_CONFIG, in words that
 * need no line number. For what asks for values one by one. */
int config_check_value(const char *key, struct sv value, const char *home, struct err *e);

/* One row a key, in the order of the manual; the manual's test and misspelling hints read it. */
struct config_key {
    const char *name;
    bool in_account;
    bool in_defaults;
    const char *default_text;    /* as the manual shows it */
    const struct key_rule *rule; /* how its value is taken: the config room's own (keys.h) */
};
const struct config_key *config_keys(void); /* ended by a null name */

#endif
