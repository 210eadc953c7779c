/* SPDX-License-Identifier: ISC */
/* Configuration files -> accounts; see config.h. */
#include "popkeep/config/config.h"

#include "popkeep/base/mem.h"
#include "popkeep/base/text.h"
#include "popkeep/config/build.h"
#include "popkeep/config/expand.h"
#include "popkeep/config/section.h"
#include "popkeep/config/value.h"

#include <stdlib.h>
#include <string.h>

enum {
    JOBS = 4,
    PER_HOST = 2,
    WARNINGS_MAX = 64 * 1024,
};

/* One file read or to be read. */
struct input {
    uint64_t id[2];
    size_t depth; /* how many includes led to it */
};

struct parse {
    struct config *config;
    const char *home;
    const struct config_source *source;
    struct sections sections;
    struct input *inputs; /* one each of config->files */
    size_t octets;        /* of all files so far */
};

static int at(const struct section_include *inc, struct err *e)
{
    return err_add(e, "%s:%u", inc->file, inc->line);
}

static struct config_file *add_file(struct parse *p, const char *name, size_t depth)
{
    struct config *c = p->config;
    c->files = mem_realloc(c->files, c->n_files + 1, sizeof *c->files);
    p->inputs = mem_realloc(p->inputs, c->n_files + 1, sizeof *p->inputs);
    p->inputs[c->n_files] = (struct input){.depth = depth};
    c->files[c->n_files] = (struct config_file){.name = mem_strdup(name)};
    c->file = c->files[0].name;
    return &c->files[c->n_files++];
}

/* A folder's "*.conf" may hold the very file that includes it. */
static int refuse_twice(const struct parse *p, struct err *e)
{
    const struct config *c = p->config;
    size_t last = c->n_files - 1;
    for (size_t i = 0; i < last; i++)
        if (memcmp(p->inputs[i].id, p->inputs[last].id, sizeof p->inputs[i].id) == 0)
            return err_set(e, ST_CONFIG, "%s is read already, as %s; a file is read once",
                           c->files[last].name, c->files[i].name);
    return 0;
}

/* Errors of what stands in the file have its name in front; those of reaching it do not: *placed
 * tells which. */
static int read_one(struct parse *p, const char *name, size_t depth, bool *placed, struct err *e)
{
    struct buf text = BUF_INIT(CONFIG_OCTETS_MAX - p->octets);
    int rc = -1;

    *placed = false;
    if (p->config->n_files == CONFIG_FILES_MAX) {
        err_set(e, ST_CONFIG, "more than %d files", CONFIG_FILES_MAX);
        goto out;
    }
    struct config_file *file = add_file(p, name, depth);
    if (p->source->read(p->source->ctx, name, &text, p->inputs[p->config->n_files - 1].id, e) ||
        refuse_twice(p, e))
        goto out;
    p->octets += text.n;
    *placed = true;
    rc = sections_read(&p->sections, buf_sv(&text), file, e);
out:
    buf_wipe(&text);
    return rc;
}

/* A path as it is, or as a pattern for nothing but itself. */
static char *literal(const char *path, size_t n, bool in_pattern)
{
    struct buf b = BUF_INIT(SIZE_MAX / 2);
    for (size_t i = 0; i < n; i++) {
        if (in_pattern && strchr("*?[\\", path[i]))
            (void)buf_add_char(&b, '\\');
        (void)buf_add_char(&b, path[i]);
    }
    char *s = mem_strndup(b.n > 0 ? b.p : "", b.n);
    buf_free(&b);
    return s;
}

/* The pattern as a path: a relative one stands beside the file that holds it. *many: it is for any
 * number of files, and none is no mistake. */
static int full_pattern(const struct parse *p, const struct section_include *inc, char **out,
                        bool *many, struct err *e)
{
    const char *slash = strrchr(inc->file, '/');
    char *plain, *before;
    if (expand(sv_of(inc->pattern), "include", EXPAND_PATH, NULL, &plain, e))
        return -1;
    *many = strpbrk(plain, "*?[") != NULL;
    if (plain[0] == '/') {
        *out = plain;
        return 0;
    }
    if (plain[0] == '~' && (plain[1] != '/' || !p->home || p->home[0] != '/')) {
        free(plain);
        return err_set(e, ST_CONFIG,
                       "include: \"~\" must be followed by \"/\", and the home "
                       "folder be known; give an absolute path");
    }
    before = plain[0] == '~'
                 ? literal(p->home, strlen(p->home), *many)
                 : literal(inc->file, slash ? (size_t)(slash + 1 - inc->file) : 0, *many);
    *out = mem_printf("%s%s", before, plain + (plain[0] == '~'));
    free(before);
    free(plain);
    return 0;
}

static size_t depth_of(const struct parse *p, const char *file)
{
    for (size_t i = 0; i < p->config->n_files; i++)
        if (p->config->files[i].name == file)
            return p->inputs[i].depth;
    return 0;
}

/* `inc` is a copy: reading may move the list it stands in. */
static int take_include(struct parse *p, const struct section_include inc, struct err *e)
{
    struct config_names found = {0};
    char *pattern = NULL;
    size_t depth = depth_of(p, inc.file) + 1;
    bool placed = false, many = false;
    int rc = -1;

    if (full_pattern(p, &inc, &pattern, &many, e))
        goto out;
    if (depth > CONFIG_DEPTH_MAX) {
        err_set(e, ST_CONFIG, "include goes more than %d files deep", CONFIG_DEPTH_MAX);
        goto out;
    }
    if (!many)
        rc = read_one(p, pattern, depth, &placed, e);
    else
        rc = p->source->list(p->source->ctx, pattern, &found, e);
    for (size_t i = 0; i < found.n && rc == 0; i++)
        rc = read_one(p, found.name[i], depth, &placed, e);
out:
    if (rc && !placed)
        at(&inc, e);
    for (size_t i = 0; i < found.n; i++)
        free(found.name[i]);
    free(found.name);
    free(pattern);
    return rc;
}

static int read_all(struct parse *p, const char *file, struct err *e)
{
    bool placed;
    if (read_one(p, file, 0, &placed, e))
        return -1;
    for (size_t i = 0; i < p->sections.n_includes; i++)
        if (take_include(p, p->sections.includes[i], e))
            return -1;
    return 0;
}

int config_load(struct config *out, const char *file, const char *home,
                const struct config_source *source, struct err *e)
{
    struct parse p = {.config = out, .home = home, .source = source};

    *out = (struct config){.jobs = JOBS, .per_host = PER_HOST, .warnings = BUF_INIT(WARNINGS_MAX)};
    int rc = read_all(&p, file, e);
    if (rc == 0)
        rc = build_accounts(out, &p.sections, home, e);
    sections_free(&p.sections);
    free(p.inputs);
    if (rc)
        config_free(out);
    return rc;
}

static int refuse_include(const char *path, struct err *e)
{
    char shown[VALUE_SHOWN];
    return err_set(e, ST_CONFIG, "%s cannot be included here",
                   text_escape_to(shown, sizeof shown, sv_of(path)));
}

/* The one text of config_parse as a source. */
static int read_text(void *ctx, const char *path, struct buf *text, uint64_t id[2], struct err *e)
{
    const struct sv *only = ctx;
    (void)id;
    if (!only->p)
        return refuse_include(path, e);
    if (buf_add_secret(text, only->p, only->n))
        return err_set(e, ST_CONFIG, "%s is larger than %zu octets, which is the most allowed",
                       path, text->max);
    *(struct sv *)ctx = SV_NULL;
    return 0;
}

static int list_nothing(void *ctx, const char *pattern, struct config_names *out, struct err *e)
{
    (void)ctx;
    (void)out;
    return refuse_include(pattern, e);
}

int config_parse(struct config *out, struct sv text, const char *file, const char *home,
                 struct err *e)
{
    struct sv only = text.p ? text : SV("");
    const struct config_source source = {.ctx = &only, .read = read_text, .list = list_nothing};
    return config_load(out, file, home, &source, e);
}

void config_free(struct config *c)
{
    for (size_t i = 0; i < c->n_accounts; i++)
        build_account_free(&c->accounts[i]);
    free(c->accounts);
    for (size_t i = 0; i < c->n_files; i++)
        free(c->files[i].name);
    free(c->files);
    free(c->state_dir);
    buf_free(&c->warnings);
    *c = (struct config){0};
}
