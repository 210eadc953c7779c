/* SPDX-License-Identifier: ISC */
/*
 * benchbox DIR COUNT OCTETS [SPREAD [FIRST]]: fills the folder with COUNT made-up messages of
 * together about OCTETS octets as a POP3 server counts them. SPREAD is the deviation of the
 * logarithm of the sizes (0: all the same; 2: many small and a few large ones, as in a mailbox);
 * FIRST is the number of the first (0). The same arguments give the same octets. The names are a
 * Maildir's, in the order of the numbers, with the sizes that Dovecot would otherwise have to count
 * (S=, W=). A name for popserver, NUMBER.eml, with `--eml` in front of all.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 76, POOL_LINES = 16384, HEAD_MAX = 2048, SMALLEST = 700 };

static uint64_t state;
static char pool[POOL_LINES * (LINE + 1)];

static uint64_t next_random(void) /* splitmix64 */
{
    uint64_t z = (state += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* About normal, by twelve uniforms; exp by squaring: no library whose last digit may differ. */
static double log_normal(double spread)
{
    double x = -6;

    for (int i = 0; i < 12; i++)
        x += (double)(next_random() >> 11) / 9007199254740992.0;
    x = 1 + x * spread / 1048576;
    for (int i = 0; i < 20; i++)
        x *= x;
    return x;
}

static void fill_pool(void)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < sizeof pool; i++)
        pool[i] = i % (LINE + 1) == LINE ? '\n' : letters[next_random() >> 58];
}

static int make_head(char *head, unsigned long i, time_t at)
{
    char date[64];
    struct tm tm;

    gmtime_r(&at, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    return snprintf(head, HEAD_MAX,
                    "Return-Path: <duyuru@example.org>\n"
                    "Received: from posta.example.org (posta.example.org [192.0.2.25])\n"
                    "\tby okul.example with ESMTPS id %08lx for <ogretmen@okul.example>; %s\n"
                    "From: Duyuru <duyuru@example.org>\nTo: <ogretmen@okul.example>\n"
                    "Subject: duyuru %lu\nDate: %s\nMessage-ID: <%lu.%lu@example.org>\n"
                    "MIME-Version: 1.0\nContent-Type: application/octet-stream\n"
                    "Content-Transfer-Encoding: base64\n\n",
                    i, date, i, date, i, (unsigned long)at);
}

static void write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);

        if (k < 0) {
            perror("write");
            exit(1);
        }
        p += k;
        n -= (size_t)k;
    }
}

/* `octets` with CRLF line ends; the file has LF. */
static void make_one(const char *dir, bool eml, unsigned long i, uint64_t octets)
{
    char head[HEAD_MAX], path[4096], name[4400];
    time_t at = 1700000000 + (time_t)i;
    size_t n = (size_t)make_head(head, i, at), head_lines = 0;
    uint64_t lines;
    int fd;

    for (size_t k = 0; k < n; k++)
        head_lines += head[k] == '\n';
    lines = octets > n + head_lines ? (octets - n - head_lines) / (LINE + 2) : 0;
    snprintf(path, sizeof path, "%s/.benchbox", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0) {
        perror(path);
        exit(1);
    }
    write_all(fd, head, n);
    octets = n + lines * (LINE + 1);
    if (eml)
        snprintf(name, sizeof name, "%s/%08lu.eml", dir, i);
    else
        snprintf(name, sizeof name, "%s/%ld.M%luP1Q%lu.okul,S=%llu,W=%llu:2,S", dir, (long)at, i, i,
                 (unsigned long long)octets, (unsigned long long)(octets + head_lines + lines));
    while (lines > 0) {
        size_t start = next_random() % POOL_LINES;
        size_t k = POOL_LINES - start < lines ? POOL_LINES - start : (size_t)lines;

        write_all(fd, pool + start * (LINE + 1), k * (LINE + 1));
        lines -= k;
    }
    if (close(fd) < 0 || rename(path, name) < 0) {
        perror(name);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    bool eml = argc > 1 && !strcmp(argv[1], "--eml");
    char **arg = argv + eml;
    int n_args = argc - eml;
    unsigned long count, first;
    double octets, spread, sum = 0;
    double *size;

    if (n_args < 4)
        return 64;
    count = strtoul(arg[2], NULL, 10);
    octets = strtod(arg[3], NULL);
    spread = n_args > 4 ? strtod(arg[4], NULL) : 0;
    first = n_args > 5 ? strtoul(arg[5], NULL, 10) : 0;
    size = calloc(count ? count : 1, sizeof *size);
    if (!size)
        return 1;
    state = 1923 + first;
    fill_pool();
    for (unsigned long i = 0; i < count; i++)
        sum += size[i] = log_normal(spread);
    for (unsigned long i = 0; i < count; i++) {
        double n = SMALLEST + size[i] * (octets - SMALLEST * (double)count) / sum;

        make_one(arg[1], eml, first + i, n > SMALLEST ? (uint64_t)n : SMALLEST);
    }
    free(size);
    return 0;
}
