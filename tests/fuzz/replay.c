/* SPDX-License-Identifier: ISC */
/* Runs a fuzz target over files, each a test of its own in TAP; without arguments over those in
 * tests/fuzz/corpus/NAME, NAME being what follows "fuzz_" in the name of the program. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>

enum { FILE_OCTETS_MAX = 1 << 24 };

static int tests;

static void replay(const char *path)
{
    struct buf b = BUF_INIT(FILE_OCTETS_MAX);
    FILE *f = fopen(path, "rb");
    size_t n = 0;
    if (f == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(2);
    }
    do {
        char *room = buf_reserve(&b, 65536);
        if (room == NULL)
            exit(2);
        n = fread(room, 1, 65536, f);
        buf_grew(&b, n);
    } while (n > 0);
    fclose(f);
    fprintf(stderr, "# %s\n", path); /* the last one named is the one that ended it */
    char *copy = fuzz_copy(buf_sv(&b));
    (void)LLVMFuzzerTestOneInput((const uint8_t *)copy, b.n);
    free(copy);
    buf_free(&b);
    printf("ok %d - %s\n", ++tests, path);
    fflush(stdout);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay_corpus(const char *program)
{
    const char *name = strrchr(program, '/');
    name = name != NULL ? name + 1 : program;
    if (strncmp(name, "fuzz_", 5) == 0)
        name += 5;
    char dir[512], path[1024];
    struct dirent **entries;
    snprintf(dir, sizeof dir, "tests/fuzz/corpus/%s", name);
    int n = scandir(dir, &entries, visible, alphasort);
    if (n < 0) {
        fprintf(stderr, "%s: %s\n", dir, strerror(errno));
        exit(2);
    }
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name);
        replay(path);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    if (argc == 1)
        replay_corpus(argv[0]);
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("1..%d\n", tests);
    return tests > 0 ? 0 : 1;
}
