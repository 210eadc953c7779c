/* SPDX-License-Identifier: ISC */
/*
 * A configuration file of any octets (config/config.h). Must hold: it is taken, and then each
 * account has all that config.h promises, or it is refused with file and line, in words that can be
 * shown; CRLF instead of LF, a byte order mark and a missing last line end change nothing.
 */
#include "fuzz.h"

#include "popkeep/config/config.h"

#define FILE_NAME "fuzz.conf"
#define HOME      "/home/ogretmen"

static bool is_absolute_plain(const char *path)
{
    size_t n = strlen(path);
    return path[0] == '/' && n > 1 && path[n - 1] != '/' && strstr(path, "//") == NULL &&
           strstr(path, "/../") == NULL && strstr(path, "/./") == NULL;
}

static void check_account(const struct account *a, unsigned lines)
{
    FUZZ_HOLDS(a->name[0] != '\0' && a->name[0] != '.' && strlen(a->name) <= CONFIG_NAME_MAX);
    FUZZ_HOLDS(strchr(a->name, '/') == NULL && fuzz_printable(sv_of(a->name), ""));
    FUZZ_HOLDS(a->line >= 1 && a->line <= lines);
    FUZZ_HOLDS(a->host != NULL && a->host[0] != '\0' && a->port >= 1 && a->port <= 65535);
    for (const char *c = a->host; *c != '\0'; c++)
        FUZZ_HOLDS(ascii_is_print(*c) && *c != ' ' && ascii_lower(*c) == *c);
    FUZZ_HOLDS(a->user != NULL && a->user[0] != '\0');
    for (const char *c = a->user; *c != '\0'; c++)
        FUZZ_HOLDS((unsigned char)*c >= 0x20 && *c != 0x7f);
    FUZZ_HOLDS(a->maildir != NULL && is_absolute_plain(a->maildir));
    FUZZ_HOLDS(a->tls_ca_file == NULL || is_absolute_plain(a->tls_ca_file));
    FUZZ_HOLDS(a->retention_days >= CONFIG_NEVER && a->retention_days <= 36500);
    FUZZ_HOLDS((a->secret.kind == SECRET_NONE) == (a->secret.value == NULL));
    FUZZ_HOLDS(a->secret.kind != SECRET_FILE || is_absolute_plain(a->secret.value));
    FUZZ_HOLDS(a->timeout_s > 0);
    FUZZ_HOLDS((a->n_pins > 0) == (a->pins != NULL));
}

static void check_together(const struct config *c)
{
    for (size_t i = 0; i < c->n_accounts; i++) {
        const struct account *a = &c->accounts[i];
        for (size_t k = 0; k < i; k++) {
            const struct account *b = &c->accounts[k];
            FUZZ_HOLDS(strcmp(a->name, b->name) != 0 && strcmp(a->maildir, b->maildir) != 0);
            if (strcmp(a->host, b->host) == 0 && a->port == b->port &&
                strcmp(a->user, b->user) == 0)
                FUZZ_HOLDS(a->retention_days == CONFIG_NEVER && b->retention_days == CONFIG_NEVER);
        }
    }
}

static void check_accepted(const struct config *c, unsigned lines)
{
    FUZZ_HOLDS(c->n_accounts > 0 && c->jobs > 0 && c->per_host > 0);
    FUZZ_HOLDS(c->state_dir == NULL || is_absolute_plain(c->state_dir));
    bool inline_secret = false;
    for (size_t i = 0; i < c->n_accounts; i++) {
        check_account(&c->accounts[i], lines);
        inline_secret = inline_secret || c->accounts[i].secret.kind == SECRET_INLINE;
    }
    check_together(c);
    FUZZ_HOLDS(c->n_files == 1 && c->files[0].name == c->file);
    FUZZ_HOLDS(c->files[0].secret_line > 0 || !inline_secret);
    FUZZ_HOLDS(c->files[0].secret_line <= lines);
    struct sv warnings = buf_sv(&c->warnings);
    FUZZ_HOLDS(fuzz_printable(warnings, "\n"));
    FUZZ_HOLDS(warnings.n == 0 || sv_ends(warnings, SV("\n")));
    while (warnings.n > 0)
        fuzz_names_a_line(sv_token(&warnings, '\n'), FILE_NAME, lines);
}

/* Parse; what it is, is appended to `log`. */
static void parse(struct sv text, struct buf *log)
{
    struct config c;
    struct err e = ERR_INIT;
    unsigned lines = fuzz_lines(text);
    char *copy = fuzz_copy(text);
    if (config_parse(&c, sv_make(copy, text.n), FILE_NAME, HOME, &e) == 0) {
        check_accepted(&c, lines);
        for (size_t i = 0; i < c.n_accounts; i++)
            buf_addf(log, "%s %s %u %s %s %s\n", c.accounts[i].name, c.accounts[i].host,
                     c.accounts[i].port, c.accounts[i].user, c.accounts[i].maildir,
                     c.accounts[i].secret.value != NULL ? c.accounts[i].secret.value : "-");
        buf_add_sv(log, buf_sv(&c.warnings));
        config_free(&c);
    } else {
        fuzz_error_is_good(&e);
        FUZZ_HOLDS(e.status == ST_CONFIG);
        fuzz_names_a_line(sv_of(e.text), FILE_NAME, lines);
        FUZZ_HOLDS(c.n_accounts == 0 && c.accounts == NULL && c.file == NULL);
        buf_addf(log, "%s\n", e.text);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sv text = sv_make(data, size);
    struct buf log = BUF_INIT(FUZZ_BUF_MAX), variant = BUF_INIT(FUZZ_BUF_MAX);
    parse(text, &log);
    fuzz_crlf(&variant, text);
    if (!sv_has(text, '\r'))
        fuzz_same_as(&variant, &log, parse);
    buf_clear(&variant);
    if (!sv_starts(text, SV("\xef\xbb\xbf")) && !sv_starts(text, SV("\xff\xfe")) &&
        !sv_starts(text, SV("\xfe\xff"))) {
        buf_add_c(&variant, "\xef\xbb\xbf");
        buf_add_sv(&variant, text);
        fuzz_same_as(&variant, &log, parse);
    }
    if (text.n > 0 && !sv_ends(text, SV("\n"))) {
        buf_add_sv(&variant, text);
        buf_add_char(&variant, '\n');
        fuzz_same_as(&variant, &log, parse);
    }
    buf_free(&variant);
    buf_free(&log);
    return 0;
}
