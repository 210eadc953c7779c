/* SPDX-License-Identifier: ISC */
/*
 * benchjournal JOURNAL RECORDS: appends so many records to a journal, two for each message (intent
 * and stored), in groups as popkeep writes them. It is linked with popkeep's own library.
 */
#include "popkeep/ledger/record.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GROUP = 500, STORED_AT = 1700000000 };

static int highest_id(void *ctx, const struct record *r, struct err *e)
{
    uint32_t *highest = ctx;

    (void)e;
    if (r->id > *highest)
        *highest = r->id;
    return 0;
}

static void add_message(struct group *g, uint32_t id, enum record_kind kind)
{
    char uidl[32], name[128];
    struct record r = {.kind = kind, .time = STORED_AT + id / 100, .id = id};

    if (kind == REC_STORED) {
        r.stored_at = r.time;
        group_add(g, &r);
        return;
    }
    snprintf(uidl, sizeof uidl, "%08x%08x", id, 0x5f3759dfU);
    snprintf(name, sizeof name, "%ld.M%uP4711Q%uR0123456789abcdef.okul,S=7000,W=7120", (long)r.time,
             id % 1000000, id);
    r.uidl = sv_of(uidl);
    r.name = sv_of(name);
    r.size = r.wire_octets = 7120;
    r.file_octets = 7000;
    hash_once(&id, sizeof id, r.wire_sha);
    memcpy(r.file_sha, r.wire_sha, sizeof r.file_sha);
    r.file_sha[0] ^= 1;
    group_add(g, &r);
}

static char *read_whole(int fd, size_t *n)
{
    struct stat st;
    char *p;

    if (fstat(fd, &st) < 0 || !(p = malloc((size_t)st.st_size + 1)))
        return NULL;
    *n = (size_t)st.st_size;
    return read(fd, p, *n) == (ssize_t)*n ? p : NULL;
}

int main(int argc, char **argv)
{
    struct group g;
    struct err e = ERR_INIT;
    uint32_t id = 0;
    size_t n = 0, good = 0;
    unsigned long messages;
    char *text;
    int fd;

    if (argc != 3)
        return 64;
    messages = strtoul(argv[2], NULL, 10) / 2;
    fd = open(argv[1], O_RDWR | O_CLOEXEC);
    if (fd < 0 || !(text = read_whole(fd, &n)) ||
        record_scan(sv_make(text, n), highest_id, &id, &good, &e) < 0 || good != n) {
        fprintf(stderr, "benchjournal: %s cannot be read\n", argv[1]);
        return 1;
    }
    group_init(&g);
    for (unsigned long done = 0; done < messages; done += GROUP) {
        uint32_t k = messages - done < GROUP ? (uint32_t)(messages - done) : GROUP;

        for (uint32_t i = 1; i <= k; i++)
            add_message(&g, id + i, REC_INTENT);
        group_end(&g);
        for (uint32_t i = 1; i <= k; i++)
            add_message(&g, id + i, REC_STORED);
        group_end(&g);
        id += k;
        if (write(fd, g.text.p, g.text.n) != (ssize_t)g.text.n) {
            perror(argv[1]);
            return 1;
        }
        group_clear(&g);
    }
    group_free(&g);
    free(text);
    return close(fd) < 0;
}
