/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: a kernel that has neither Landlock nor seccomp filters. The
 * two functions are declared here, without the dots of their headers, so that their arguments can
 * be passed on.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/prctl.h>
#include <sys/syscall.h>

long syscall(long number, long a, long b, long c, long d, long e, long f);
int prctl(int option, long a, long b, long c, long d);

long syscall(long number, long a, long b, long c, long d, long e, long f)
{
    static long (*real)(long, long, long, long, long, long, long);

    if (number == SYS_landlock_create_ruleset) {
        errno = ENOSYS;
        return -1;
    }
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    return real(number, a, b, c, d, e, f);
}

int prctl(int option, long a, long b, long c, long d)
{
    if (option == PR_SET_SECCOMP) {
        errno = EINVAL;
        return -1;
    }
    return (int)syscall(SYS_prctl, option, a, b, c, d, 0);
}
