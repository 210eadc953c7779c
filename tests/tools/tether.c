/* SPDX-License-Identifier: ISC */
/*
 * tether COMMAND...: runs the command so that it ends (SIGTERM) when the test that started it
 * does, however that comes about: no server is left behind.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    pid_t parent = getppid();

    if (argc < 2)
        return 64;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        return 1;
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 127;
}
