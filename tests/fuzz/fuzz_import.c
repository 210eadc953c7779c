/* SPDX-License-Identifier: ISC */
/*
 * A table of any octets as sections (config/import.h). Must hold: it is refused with lines that can
 * be shown and name one of the text's, or what comes out is a configuration that is taken without a
 * warning, each account with a user that stands in the table; LF or CRLF and a byte order mark make
 * no difference.
 */
#include "fuzz.h"

#include "popkeep/config/config.h"
#include "popkeep/config/import.h"

#define FILE_NAME "okullar.csv"

static void check_errors(struct sv errors, unsigned lines)
{
    FUZZ_HOLDS(errors.n > 0 && sv_ends(errors, SV("\n")) && fuzz_printable(errors, "\n"));
    while (errors.n > 0) {
        struct sv line = sv_token(&errors, '\n');
        if (!sv_starts(line, SV(FILE_NAME ": mistakes in all")))
            fuzz_names_a_line(line, FILE_NAME, lines);
    }
}

static void check_taken(const struct import *im, struct sv text)
{
    struct config c;
    struct err e = ERR_INIT;
    FUZZ_HOLDS(config_parse(&c, buf_sv(&im->out), "out", "/home/ogretmen", &e) == 0);
    FUZZ_HOLDS(c.n_accounts == im->accounts && c.n_accounts > 0 && c.warnings.n == 0);
    for (size_t i = 0; i < c.n_accounts; i++) {
        const struct account *a = &c.accounts[i];
        FUZZ_HOLDS(memmem(text.p, text.n, a->user, strlen(a->user)) != NULL);
        FUZZ_HOLDS(a->secret.kind == SECRET_NONE || a->secret.kind == SECRET_FILE);
        FUZZ_HOLDS(a->retention_days == CONFIG_NEVER);
    }
    config_free(&c);
}

static void import(struct sv text, struct buf *log)
{
    struct import im;
    unsigned lines = fuzz_lines(text);
    char *copy = fuzz_copy(text);
    if (import_table(&im, sv_make(copy, text.n), FILE_NAME) == 0) {
        check_taken(&im, text);
        FUZZ_HOLDS(im.errors.n == 0 && im.wrong == 0);
    } else {
        check_errors(buf_sv(&im.errors), lines);
        FUZZ_HOLDS(im.out.n == 0 && im.wrong > 0);
    }
    buf_add_sv(log, buf_sv(&im.out));
    buf_add_sv(log, buf_sv(&im.errors));
    import_free(&im);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sv text = sv_make(data, size);
    struct buf log = BUF_INIT(FUZZ_BUF_MAX), variant = BUF_INIT(FUZZ_BUF_MAX);
    import(text, &log);
    fuzz_crlf(&variant, text);
    /* a line end inside quotes is a part of the cell, and the limit is one of octets */
    bool no_utf16 = text.n > 2 && text.p[0] != '\0' && text.p[1] != '\0';
    if (!sv_has(text, '\r') && !sv_has(text, '"') && no_utf16 && text.n < 30000)
        fuzz_same_as(&variant, &log, import);
    buf_clear(&variant);
    if (no_utf16 && !sv_starts(text, SV("\xef\xbb\xbf")) && !sv_starts(text, SV("\xff\xfe")) &&
        !sv_starts(text, SV("\xfe\xff")) && !sv_starts(text, SV("PK")) &&
        !sv_starts(text, SV("\xd0\xcf"))) {
        buf_add_c(&variant, "\xef\xbb\xbf");
        buf_add_sv(&variant, text);
        fuzz_same_as(&variant, &log, import);
    }
    buf_free(&variant);
    buf_free(&log);
    return 0;
}
