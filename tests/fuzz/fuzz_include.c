/* SPDX-License-Identifier: ISC */
/*
 * Several configuration files of any octets (config/config.h). The input is cut at form feeds into
 * files /c/0, /c/1, ...; a pattern finds those that match. Must hold: all is taken, and then each
 * account's file and line are those of its section, or it is refused with the place of one file's
 * line; no file is read twice, and every file that was read is named, in order.
 */
#include "fuzz.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/config/config.h"

enum { FILES = 10 };

struct disk {
    struct sv file[FILES];
    size_t n;
    bool was_read[FILES];
    size_t n_read;
};

static int number_of(const struct disk *d, const char *path)
{
    for (size_t i = 0; i < d->n; i++) {
        const char name[] = {'/', 'c', '/', (char)('0' + i), '\0'};
        if (strcmp(path, name) == 0)
            return (int)i;
    }
    return -1;
}

static int disk_read(void *ctx, const char *path, struct buf *text, uint64_t id[2], struct err *e)
{
    struct disk *d = ctx;
    int i = number_of(d, path);
    if (i < 0) {
        char shown[256];
        return err_set(e, ST_CONFIG, "cannot open %s",
                       text_escape_to(shown, sizeof shown, sv_of(path)));
    }
    id[0] = (uint64_t)i + 1;
    d->was_read[i] = true;
    d->n_read++;
    return buf_add_sv(text, d->file[i]);
}

static int disk_list(void *ctx, const char *pattern, struct config_names *out, struct err *e)
{
    const struct disk *d = ctx;
    (void)e;
    out->name = mem_zalloc(FILES, sizeof *out->name);
    for (size_t i = 0; i < d->n; i++) {
        const char name[] = {'/', 'c', '/', (char)('0' + i), '\0'};
        if (ascii_glob(pattern, sv_of(name)))
            out->name[out->n++] = mem_strdup(name);
    }
    return 0;
}

static void names_a_line(const struct disk *d, struct sv text)
{
    struct sv rest = text, file = sv_token(&rest, ':');
    char *name = mem_strndup(file.p, file.n);
    int i = number_of(d, name);
    FUZZ_HOLDS(i >= 0 && d->was_read[i]);
    fuzz_names_a_line(text, name, fuzz_lines(d->file[i]));
    free(name);
}

static void check_taken(const struct disk *d, const struct config *c)
{
    FUZZ_HOLDS(c->n_accounts > 0 && c->n_files == d->n_read);
    for (size_t i = 0; i < c->n_files; i++) {
        int k = number_of(d, c->files[i].name);
        FUZZ_HOLDS(k >= 0 && c->files[i].secret_line <= fuzz_lines(d->file[k]));
        for (size_t j = 0; j < i; j++)
            FUZZ_HOLDS(strcmp(c->files[i].name, c->files[j].name) != 0);
    }
    for (size_t i = 0; i < c->n_accounts; i++) {
        const struct account *a = &c->accounts[i];
        struct sv rest = d->file[number_of(d, a->file)], line = SV_NULL;
        for (unsigned n = 0; n < a->line; n++)
            line = sv_token(&rest, '\n');
        FUZZ_HOLDS(memmem(line.p, line.n, a->name, strlen(a->name)) != NULL);
        FUZZ_HOLDS(a->secret.kind == SECRET_NONE || number_of(d, a->secret.file) >= 0);
        FUZZ_HOLDS(strstr(a->maildir, "/../") == NULL && a->maildir[0] == '/');
    }
    struct sv warnings = buf_sv(&c->warnings);
    while (warnings.n > 0)
        names_a_line(d, sv_token(&warnings, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disk d = {0};
    struct sv rest = sv_make(data, size);
    do
        d.file[d.n++] = sv_token(&rest, '\f');
    while (rest.p && d.n < FILES);

    const struct config_source source = {.ctx = &d, .read = disk_read, .list = disk_list};
    struct config c;
    struct err e = ERR_INIT;
    if (config_load(&c, "/c/0", "/home/ogretmen", &source, &e) == 0) {
        check_taken(&d, &c);
    } else {
        fuzz_error_is_good(&e);
        FUZZ_HOLDS(e.status == ST_CONFIG && c.accounts == NULL && c.files == NULL);
        names_a_line(&d, sv_of(e.text));
    }
    config_free(&c);
    return 0;
}
