/* SPDX-License-Identifier: ISC */
/* The maildrop: names in order, sizes when asked for, files mapped while they are sent (box.h). */
#include "box.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct message *)a)->name, ((const struct message *)b)->name);
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);

    return n > k && !strcmp(name + n - k, end);
}

static void select_listed(struct box *b, const struct script *s)
{
    if (s->listing_last && (size_t)s->listing_last < b->n) {
        b->m += b->n - (size_t)s->listing_last;
        b->n = (size_t)s->listing_last;
    }
    if (s->listing_first && (size_t)s->listing_first < b->n)
        b->n = (size_t)s->listing_first;
    for (size_t i = 0; s->reverse && i < b->n / 2; i++) {
        struct message swap = b->m[i];

        b->m[i] = b->m[b->n - 1 - i];
        b->m[b->n - 1 - i] = swap;
    }
}

int box_open(struct box *b, const struct script *s, const char *dir)
{
    size_t room = 0;
    DIR *d = opendir(dir);
    const struct dirent *entry;

    *b = (struct box){.dir = dir};
    if (!d)
        return -1;
    while ((entry = readdir(d))) {
        bool raw = ends_with(entry->d_name, ".raw");

        if (!raw && !ends_with(entry->d_name, ".eml"))
            continue;
        if (b->n == room) {
            room = room ? 2 * room : 256;
            b->m = realloc(b->m, room * sizeof *b->m);
            if (!b->m)
                abort();
        }
        b->m[b->n++] = (struct message){.name = strdup(entry->d_name), .raw = raw};
    }
    closedir(d);
    if (b->n)
        qsort(b->m, b->n, sizeof *b->m, by_name);
    select_listed(b, s);
    return 0;
}

static int open_in(const struct box *b, const struct message *m)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", b->dir, m->name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

const char *box_map(const struct box *b, const struct message *m, size_t *n)
{
    struct stat st;
    int fd = open_in(b, m);
    void *p = NULL;

    *n = SIZE_MAX;
    if (fd >= 0 && fstat(fd, &st) == 0) {
        *n = (size_t)st.st_size;
        if (*n)
            p = mmap(NULL, *n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        if (p == MAP_FAILED) {
            p = NULL;
            *n = SIZE_MAX;
        }
    }
    if (fd >= 0)
        close(fd);
    return p;
}

void box_unmap(const char *p, size_t n)
{
    union {
        const char *in;
        void *out;
    } u = {.in = p};

    if (p)
        munmap(u.out, n);
}

/* A raw file needs no reading but for its last octets; an .eml its line ends counted. */
void box_measure(struct box *b, struct message *m)
{
    size_t n, lf = 0, crlf = 0;
    const char *p, *end;
    char last = '\n';

    if (m->measured)
        return;
    m->measured = true;
    p = box_map(b, m, &n);
    if (n == SIZE_MAX)
        return;
    end = p + n;
    if (n)
        last = end[-1];
    for (const char *at = p; at && at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++) {
        lf++;
        crlf += at > p && at[-1] == '\r';
    }
    m->octets = n + (m->raw ? 0 : lf - crlf) + (last == '\n' ? 0 : 2);
    m->octets_lf = n - crlf + (last == '\n' ? 0 : 1);
    box_unmap(p, n);
}

void box_move(const struct box *b, const struct message *m, const char *to)
{
    char from[4096], dir[4096], path[4400];

    snprintf(from, sizeof from, "%s/%s", b->dir, m->name);
    snprintf(dir, sizeof dir, "%s/%s", b->dir, to);
    snprintf(path, sizeof path, "%s/%s", dir, m->name);
    if (mkdir(dir, 0777) < 0 && errno != EEXIST)
        perror(dir);
    if (rename(from, path) < 0)
        perror(path);
}
