/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: the host names in HOSTSHIM
 * ("pop.okul.example,mail.okul.example") are 127.0.0.1, whatever is asked of the resolver; every
 * other name is unknown. No test asks a real name server.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

static int is_listed(const char *name)
{
    const char *list = getenv("HOSTSHIM");
    size_t n = strlen(name);

    while (list && *list) {
        size_t m = strcspn(list, ",");
        if (m == n && strncmp(list, name, n) == 0)
            return 1;
        list += m + (list[m] == ',');
    }
    return 0;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node && !is_listed(node) && strspn(node, "0123456789.") != strlen(node))
        return EAI_NONAME;
    return real(node && is_listed(node) ? "127.0.0.1" : node, service, hints, out);
}
