/* SPDX-License-Identifier: ISC */
/* Complete writes. */
#include "popkeep/sys/output.h"
#include "popkeep/base/translate.h"
#include <errno.h>
#include <poll.h>
#include <unistd.h>

int output_write(int fd, struct sv s, struct err *e)
{
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);

        if (n >= 0) {
            s = sv_from(s, (size_t)n);
        } else if (errno == EAGAIN) {
            struct pollfd p = {.fd = fd, .events = POLLOUT};
            (void)poll(&p, 1, -1);
        } else if (errno != EINTR) {
            return err_sys(e, ST_IO, errno, "cannot write to %s",
                           fd == STDOUT_FILENO   ? tr("standard output")
                           : fd == STDERR_FILENO ? tr("standard error")
                                                 : tr("the output"));
        }
    }
    return 0;
}
