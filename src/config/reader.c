/* SPDX-License-Identifier: ISC */
/* Configuration text -> sections and raw values, through libinih; see reader.h. */
#include "popkeep/config/reader.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/base/translate.h"
#include "popkeep/config/keys.h"
#include "popkeep/config/value.h"

#include <ini.h>
#include <stdio.h>
#include <string.h>

struct reader {
    struct sv rest; /* what was not read yet */
    unsigned line;  /* number of the line read last */
    const char *file;
    const struct reader_events *events;
    struct err *e;
    bool failed;
    struct sv section; /* header we are under, null before the first */
    const struct config_key *key;
    struct sv value; /* what we take the line for */
    bool pending;    /* handed to libinih and not come back yet */
};

/* Put "FILE:LINE: " in front of the error there is, and read no further. */
static int stop(struct reader *r)
{
    r->failed = true;
    return err_add(r->e, "%s:%u", r->file, r->line);
}

/* Whether a blank and then `c` stand in `v`: where libinih would begin a comment. */
static bool has_after_blank(struct sv v, char c)
{
    for (size_t i = 1; i < v.n; i++)
        if (v.p[i] == c && ascii_is_blank(v.p[i - 1]))
            return true;
    return false;
}

static bool has_control(struct sv v)
{
    for (size_t i = 0; i < v.n; i++)
        if (((unsigned char)v.p[i] < 0x20 && v.p[i] != '\t') || v.p[i] == 0x7f)
            return true;
    return false;
}

static int check_line(const struct reader *r, struct sv line)
{
    if (has_control(line))
        return err_set(r->e, ST_CONFIG,
                       "the line holds a control character; is this a plain text file?");
    if (line.n > READER_LINE_MAX)
        return err_set(r->e, ST_CONFIG,
                       "the line has %zu octets; at most %d are possible (a longer password can "
                       "stand in a password_file, a longer command in a script)",
                       line.n, (int)READER_LINE_MAX);
    return 0;
}

static int take_header(struct reader *r, struct sv line)
{
    struct sv rest = sv_from(line, 1);
    struct sv header = sv_token(&rest, ']');
    if (!rest.p)
        return err_set(r->e, ST_CONFIG, "\"]\" is missing at the end of the section's name");
    if (rest.n > 0)
        return err_set(r->e, ST_CONFIG, "text after \"]\"; a comment stands on its own line");
    if (header.n > READER_SECTION_MAX)
        return err_set(r->e, ST_CONFIG,
                       "the section's name has %zu octets; at most %d are possible, so that the "
                       "name of an account has at most %d",
                       header.n, (int)READER_SECTION_MAX, (int)CONFIG_NAME_MAX);
    if (r->events->section(r->events->ctx, ascii_trim(header), r->line, r->e))
        return -1;
    r->section = header;
    return 0;
}

/* What stands in a wrong line may be a password without its key: it is not shown. */
static int refuse_no_equals(const struct reader *r, struct sv line)
{
    size_t n = 0;
    while (n < line.n && !ascii_is_blank(line.p[n]) && line.p[n] != ':')
        n++;
    const struct config_key *key = keys_find(sv_make(line.p, n));
    return err_set(r->e, ST_CONFIG, "no \"=\" in this line; write %s = VALUE",
                   key ? key->name : tr("KEY"));
}

/* The same care: a password may hold "=". A misspelt key is made of letters. */
static bool looks_like_key(struct sv name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_is_alpha(name.p[i]) && !strchr("_- .", name.p[i]))
            return false;
    return true;
}

static int refuse_key(const struct reader *r, struct sv name)
{
    char shown[VALUE_SHOWN] = "", advice[128];
    const char *nearest = keys_nearest(name);
    if (looks_like_key(name))
        value_shown(shown, name);
    if (nearest)
        snprintf(advice, sizeof advice, tr("did you mean \"%s\"?"), nearest);
    else
        snprintf(advice, sizeof advice, "%s", tr("popkeep.conf(5) lists them all"));
    if (shown[0] != '\0')
        return err_set(r->e, ST_CONFIG, "unknown key %s; %s", shown, advice);
    return err_set(r->e, ST_CONFIG, "unknown key; %s", advice);
}

/* `raw` still has the blank behind "=", before which libinih would also take ";" for a comment. */
static int check_comment(const struct config_key *k, struct sv raw, struct err *e)
{
    const char *key = k->name;
    if (has_after_blank(raw, ';') && k->rule->free_text)
        return err_set(e, ST_CONFIG,
                       "%s: \" ;\" cannot stand in this file: it would begin a comment; %s", key,
                       k->rule->any_octets ? tr("put the password into a password_file")
                                           : tr("write the \";\" without a blank before it"));
    if (has_after_blank(raw, ';'))
        return err_set(e, ST_CONFIG, "%s: \" ;\" in a value; a comment stands on its own line",
                       key);
    if (!k->rule->free_text && has_after_blank(raw, '#'))
        return err_set(e, ST_CONFIG, "%s: \" #\" in a value; a comment stands on its own line",
                       key);
    return 0;
}

static int check_value(const struct config_key *k, struct sv v, struct err *e)
{
    const char *key = k->name;
    if (v.n == 0)
        return err_set(e, ST_CONFIG, "%s has no value", key);
    if (!k->rule->any_octets && !text_is_utf8(v))
        return err_set(e, ST_CONFIG, "%s: the value is not UTF-8; save the file as UTF-8", key);
    if (!k->rule->free_text && v.n > 1 && v.p[0] == '"' && v.p[v.n - 1] == '"')
        return err_set(e, ST_CONFIG, "%s: values are not quoted; leave the quotes out", key);
    return 0;
}

int reader_check_value(const struct config_key *key, struct sv value, struct err *e)
{
    struct buf raw = BUF_INIT(READER_LINE_MAX);
    int rc = -1;
    if (has_control(value))
        err_set(e, ST_CONFIG, "%s: the value holds a control character", key->name);
    else if (buf_addf(&raw, "%s = ", key->name) || buf_add_sv(&raw, value))
        err_set(e, ST_CONFIG, "%s: the value has %zu octets; a line can have %d", key->name,
                value.n, (int)READER_LINE_MAX);
    else
        rc = check_comment(key, buf_sv(&raw), e) || check_value(key, value, e) ? -1 : 0;
    buf_wipe(&raw);
    return rc;
}

static int take_value(struct reader *r, struct sv line)
{
    struct sv rest = line;
    struct sv name = sv_token(&rest, '=');
    if (!rest.p || sv_has(name, ':'))
        return refuse_no_equals(r, line);
    name = ascii_trim(name);
    if (name.n == 0)
        return err_set(r->e, ST_CONFIG, "no key before \"=\"");
    r->key = keys_find(name);
    if (!r->key)
        return refuse_key(r, name);
    if (!r->section.p && !r->key->rule->at_top)
        return err_set(r->e, ST_CONFIG,
                       "%s stands before any section; write [defaults] or [account NAME] above it",
                       r->key->name);
    r->value = ascii_trim(rest);
    if (check_comment(r->key, rest, r->e) || check_value(r->key, r->value, r->e))
        return -1;
    r->pending = true;
    return 0;
}

/* The next line that is no comment and not empty, without leading and trailing blanks. */
static bool next_line(struct reader *r, struct sv *line)
{
    while (r->rest.n > 0) {
        r->line++;
        *line = ascii_trim(sv_token(&r->rest, '\n'));
        bool comment = line->n > 0 && (line->p[0] == '#' || line->p[0] == ';');
        /* An editor may show what follows a CR as a line of its own, which would not be read. */
        if (line->n > 0 && (!comment || sv_has(*line, '\r')))
            return true;
    }
    return false;
}

/* Stands in for fgets. Every call first wipes libinih's buffer, which may hold a password; the
 * last call, which returns null, leaves it empty. */
static char *read_for_inih(char *str, int num, void *stream)
{
    struct reader *r = stream;
    struct sv line;
    if (num > 0)
        mem_wipe(str, (size_t)num);
    if (r->failed)
        return NULL;
    if (r->pending) {
        err_set(r->e, ST_CONFIG, "libinih does not take this line for \"KEY = VALUE\"");
        stop(r);
        return NULL;
    }
    if (!next_line(r, &line))
        return NULL;
    if (check_line(r, line) || (line.p[0] == '[' ? take_header(r, line) : take_value(r, line))) {
        stop(r);
        return NULL;
    }
    if (num < 2 || line.n > (size_t)num - 2) {
        err_set(r->e, ST_CONFIG, "the line has %zu octets; this build of libinih takes %d", line.n,
                num - 2);
        stop(r);
        return NULL;
    }
    memcpy(str, line.p, line.n);
    str[line.n] = '\n';
    str[line.n + 1] = '\0';
    return str;
}

static int take_from_inih(struct reader *r, const char *section, const char *name,
                          const char *value)
{
    if (r->failed)
        return 0;
    /* Other builds cut at other places; what they make of a line must be what was meant. */
    if (!r->pending || !sv_eq_c(r->section, section) || !sv_eq_c(sv_of(r->key->name), name) ||
        !value || !sv_eq_c(r->value, value)) {
        err_set(r->e, ST_CONFIG, "libinih reads this line in another way than it is meant");
        stop(r);
        return 0;
    }
    r->pending = false;
    if (r->events->value(r->events->ctx, r->key, r->value, r->line, r->e)) {
        stop(r);
        return 0;
    }
    return 1;
}

#if INI_HANDLER_LINENO
static int handler(void *user, const char *section, const char *name, const char *value, int lineno)
{
    (void)lineno;
    return name ? take_from_inih(user, section, name, value) : 1;
}
#else
static int handler(void *user, const char *section, const char *name, const char *value)
{
    return name ? take_from_inih(user, section, name, value) : 1;
}
#endif

/* What cannot be read by lines at all. */
static int check_text(struct reader *r)
{
    struct sv t = r->rest;
    r->line = 1;
    if (sv_starts(t, SV("\xff\xfe")) || sv_starts(t, SV("\xfe\xff"))) {
        err_set(r->e, ST_CONFIG, "the file is UTF-16; save it as UTF-8");
        return stop(r);
    }
    for (size_t i = 0; i < t.n; i++) {
        if (t.p[i] == '\0') {
            err_set(r->e, ST_CONFIG, "the line holds a NUL octet; is this a plain text file?");
            return stop(r);
        }
        r->line += t.p[i] == '\n';
    }
    r->line = 0;
    return 0;
}

int reader_run(struct sv text, const char *file, const struct reader_events *events, struct err *e)
{
    struct reader r = {.rest = text, .file = file, .events = events, .e = e};
    if (sv_starts(text, SV("\xef\xbb\xbf")))
        r.rest = sv_from(text, 3);
    if (check_text(&r))
        return -1;
    int rc = ini_parse_stream(read_for_inih, &r, handler, &r);
    if (r.failed)
        return -1;
    if (rc != 0 || r.pending) {
        err_set(e, ST_CONFIG, "libinih cannot read this line");
        return stop(&r);
    }
    return 0;
}
