/* SPDX-License-Identifier: ISC */
/* Whether a descriptor is a terminal, and its width. */
#include "popkeep/sys/terminal.h"
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_is(int fd)
{
    return isatty(fd) == 1;
}

unsigned terminal_width(int fd)
{
    struct winsize w = {0};

    if (ioctl(fd, TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
        return 80;
    return w.ws_col;
}
