/* SPDX-License-Identifier: ISC */
/* One octet an account. */
#include "popkeep/store/claim.h"

#include "popkeep/base/hash.h"
#include "popkeep/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLAIM_FILE ".runs" /* no account's name begins with a dot */

static off_t place_of(const char *name)
{
    unsigned char sha[HASH_OCTETS];
    uint64_t place = 0;

    hash_once(name, strlen(name), sha);
    for (int i = 0; i < 8; i++)
        place = place << 8 | sha[i];
    return (off_t)(place >> 2); /* also with one more it is a file offset */
}

static int by_place(const void *a, const void *b)
{
    off_t x = *(const off_t *)a, y = *(const off_t *)b;

    return x < y ? -1 : x > y;
}

static pid_t holder_of(int fd, off_t place)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};

    return fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK && l.l_pid > 0 ? l.l_pid : 0;
}

/* In the order of the places: of two runs that begin at one moment, one gets them all. */
static enum claim_result take_all(int fd, const off_t *places, size_t n, pid_t *holder)
{
    for (size_t i = 0; i < n; i++) {
        struct flock l = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = places[i], .l_len = 1};
        int rc;

        do
            rc = fcntl(fd, F_SETLK, &l);
        while (rc != 0 && errno == EINTR);
        if (rc == 0)
            continue;
        if (errno != EACCES && errno != EAGAIN)
            return CLAIM_NONE;
        *holder = holder_of(fd, places[i]);
        return CLAIM_BUSY;
    }
    return CLAIM_TAKEN;
}

enum claim_result claim_take(int root_fd, const char *const *names, size_t n, int *fd,
                             pid_t *holder)
{
    off_t *places = mem_zalloc(n, sizeof *places);
    enum claim_result got = CLAIM_NONE;

    *holder = 0;
    for (size_t i = 0; i < n; i++)
        places[i] = place_of(names[i]);
    qsort(places, n, sizeof *places, by_place);
    *fd = openat(root_fd, CLAIM_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (*fd >= 0)
        got = take_all(*fd, places, n, holder);
    if (got != CLAIM_TAKEN && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    free(places);
    return got;
}
