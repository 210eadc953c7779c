/* SPDX-License-Identifier: ISC */
/* Preloaded into a program under test: a kernel that has neither Landlock nor seccomp filters. */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

long syscall(long number, ...)
{
    static long (*real)(long, long, long, long, long, long, long);
    long a[6];
    va_list ap;

    if (number == SYS_landlock_create_ruleset) {
        errno = ENOSYS;
        return -1;
    }
    va_start(ap, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int prctl(int option, ...)
{
    static int (*real)(int, long, long, long, long);
    long a[4];
    va_list ap;

    if (option == PR_SET_SECCOMP) {
        errno = EINVAL;
        return -1;
    }
    va_start(ap, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "prctl");
    return real(option, a[0], a[1], a[2], a[3]);
}
