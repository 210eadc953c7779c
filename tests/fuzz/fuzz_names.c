/* SPDX-License-Identifier: ISC */
/*
 * Names of Maildir files (store/names.h): names that any mail reader may have made, and host names.
 * Must hold: a base name is what stands before the flags, and has none; what names_unique makes is
 * found again in a whole name; of a host name nothing gets into a file name that does not belong
 * there.
 */
#include "fuzz.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/store/names.h"

static void base_of(struct sv file)
{
    struct sv base = names_base(file);
    struct sv flags = sv_from(file, base.n);
    FUZZ_HOLDS(flags.n == 0 || sv_starts(flags, SV(":2,")) || sv_starts(flags, SV(";2,")));
    FUZZ_HOLDS(base.n == 0 || base.p == file.p);
    FUZZ_HOLDS(names_base(base).n == base.n);
    struct sv unique = names_unique_of(base);
    if (unique.p != NULL) {
        FUZZ_HOLDS(unique.p == base.p && unique.n < base.n && unique.n < NAMES_UNIQUE);
        FUZZ_HOLDS(names_is_unique(unique) && base.p[unique.n] == '.');
    }
    if (file.n > 0 && base.n == file.n) {
        char *flagged = mem_printf("%.*s:2,RS", (int)file.n, file.p);
        if (strlen(flagged) == file.n + 5) /* no NUL in it */
            FUZZ_HOLDS(names_base(sv_of(flagged)).n == file.n);
        free(flagged);
    }
}

static void whole_name(struct sv host_octets, int64_t now_us, uint64_t octets)
{
    char host[NAMES_HOST], unique[NAMES_UNIQUE];
    struct err e = ERR_INIT;
    char *hostname = mem_strndup(host_octets.n > 0 ? host_octets.p : "", host_octets.n);
    names_host(host, hostname);
    FUZZ_HOLDS(host[0] != '\0' && strlen(host) < NAMES_HOST);
    for (const char *c = host; *c != '\0'; c++)
        FUZZ_HOLDS(ascii_is_alnum(*c) || strchr(".-_\\", *c) != NULL);
    FUZZ_HOLDS(names_unique(unique, now_us, &e) == 0);
    FUZZ_HOLDS(names_is_unique(sv_of(unique)) && strlen(unique) < NAMES_UNIQUE);
    char *name = mem_printf("%s.%s,S=%llu,W=%llu", unique, host, (unsigned long long)octets,
                            (unsigned long long)octets);
    FUZZ_HOLDS(strlen(name) < 200);
    FUZZ_HOLDS(names_base(sv_of(name)).n == strlen(name));
    FUZZ_HOLDS(sv_eq_c(names_unique_of(sv_of(name)), unique));
    free(name);
    free(hostname);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = fuzz_begin(data, size);
    int64_t now_us = (int64_t)fuzz_number(&f, 8);
    char *copy = fuzz_copy(f.rest);
    base_of(sv_make(copy, f.rest.n));
    (void)names_is_unique(sv_make(copy, f.rest.n));
    whole_name(sv_make(copy, f.rest.n), now_us, (uint64_t)now_us);
    free(copy);
    return 0;
}
