/* SPDX-License-Identifier: ISC */
/*
 * benchmda MAILDIR: stores its standard input there as one message, without a sync: the least a
 * program that hands mail to another one can be measured with.
 */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char octets[65536];
    char tmp[4096], name[4096];
    struct timespec t;
    ssize_t n;
    int fd;

    if (argc != 2)
        return 64;
    clock_gettime(CLOCK_REALTIME, &t);
    snprintf(tmp, sizeof tmp, "%s/tmp/%ld.M%ldP%ld.okul", argv[1], (long)t.tv_sec, t.tv_nsec / 1000,
             (long)getpid());
    snprintf(name, sizeof name, "%s/new/%ld.M%ldP%ld.okul", argv[1], (long)t.tv_sec,
             t.tv_nsec / 1000, (long)getpid());
    fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return 73;
    while ((n = read(0, octets, sizeof octets)) > 0)
        if (write(fd, octets, (size_t)n) != n)
            return 74;
    return n < 0 || close(fd) < 0 || rename(tmp, name) < 0 ? 74 : 0;
}
