/* SPDX-License-Identifier: ISC */
/* sd_notify and journal priorities without libsystemd. */
#include "popkeep/sys/manager.h"

#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include "popkeep/sys/env.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un manager_address;
static socklen_t manager_address_size; /* 0: nobody listens */
static bool manager_is_journal[3];     /* by descriptor */

/* "/path" or "@abstract"; managers inside virtual machines may say "vsock:..." as well, which is
 * of no use to a service on their own machine. */
static void take_address(const char *name)
{
    size_t n = strlen(name);

    /* no NUL is needed behind it, and an abstract name's length is what is handed in */
    if ((name[0] != '/' && name[0] != '@') || n < 2 || n > sizeof manager_address.sun_path)
        return;
    manager_address.sun_family = AF_UNIX;
    memcpy(manager_address.sun_path, name, n);
    if (name[0] == '@')
        manager_address.sun_path[0] = '\0';
    manager_address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

static bool is_stream(int fd, const char *stream)
{
    struct sv device, inode = sv_of(stream);
    uint64_t dev, ino;
    struct stat st;

    device = sv_token(&inode, ':');
    return ascii_u64(device, UINT64_MAX, &dev) == 0 && ascii_u64(inode, UINT64_MAX, &ino) == 0 &&
           fstat(fd, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void manager_init(void)
{
    const char *name = env_get("NOTIFY_SOCKET"), *stream = env_get("JOURNAL_STREAM");

    if (name != NULL)
        take_address(name);
    env_forget("NOTIFY_SOCKET");
    for (int fd = 1; fd <= 2 && stream != NULL; fd++)
        manager_is_journal[fd] = is_stream(fd, stream);
}

void manager_notify(struct sv text)
{
    int fd;

    if (manager_address_size == 0)
        return;
    /* one a message: none is left open in the workers, which speak with strangers */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)!sendto(fd, text.p, text.n, MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&manager_address, manager_address_size);
    close(fd);
}

void manager_mark(struct buf *text, size_t from, int fd, enum manager_priority priority)
{
    struct buf marked = BUF_INIT(text->max);
    struct sv rest = sv_from(buf_sv(text), from);
    bool fits = true;

    if (fd < 1 || fd > 2 || !manager_is_journal[fd] || rest.n == 0)
        return;
    while (rest.n > 0 && fits) {
        struct sv line = sv_token(&rest, '\n');
        fits = buf_addf(&marked, "<%d>", (int)priority) == 0 && buf_add_sv(&marked, line) == 0 &&
               (rest.p == NULL || buf_add_char(&marked, '\n') == 0);
    }
    if (fits && from + marked.n <= text->max) {
        buf_cut(text, from);
        (void)buf_add_sv(text, buf_sv(&marked));
    }
    buf_free(&marked);
}
