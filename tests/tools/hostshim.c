/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into a program under test: the host names in HOSTSHIM
 * ("pop.okul.example,mail.okul.example") are 127.0.0.1, those in HOSTSHIM_BOTH are ::1 and then
 * 127.0.0.1, whatever is asked of the resolver; those in HOSTSHIM_DEAD are never answered; every
 * other name is unknown. No test asks a real
 * name server.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_listed(const char *name, const char *list)
{
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
    int both = node && is_listed(node, getenv("HOSTSHIM_BOTH")), rc;
    int known = both || (node && is_listed(node, getenv("HOSTSHIM")));

    if (node && is_listed(node, getenv("HOSTSHIM_DEAD")))
        pause();
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (node && !known && strspn(node, "0123456789.:abcdef") != strlen(node))
        return EAI_NONAME;
    rc = real(known ? both ? "::1" : "127.0.0.1" : node, service, hints, out);
    if (rc == 0 && both) { /* one list of both; glibc frees node by node */
        struct addrinfo *last = *out;

        while (last->ai_next)
            last = last->ai_next;
        rc = real("127.0.0.1", service, hints, &last->ai_next);
    }
    return rc;
}
