/* SPDX-License-Identifier: ISC */
/* Environment, home folder and host name. */
#include "popkeep/sys/env.h"
#include "popkeep/base/ascii.h"
#include "popkeep/base/mem.h"
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

enum { ENV_HOST_MAX = 64 };

const char *env_get(const char *name)
{
    const char *v = getenv(name);

    return v != NULL && *v != '\0' ? v : NULL;
}

void env_forget(const char *name)
{
    (void)unsetenv(name);
}

char *env_home(void)
{
    const char *home = env_get("HOME");
    const struct passwd *pw;

    if (home != NULL && *home == '/')
        return mem_strdup(home);
    pw = getpwuid(geteuid());
    if (pw != NULL && pw->pw_dir != NULL && *pw->pw_dir == '/')
        return mem_strdup(pw->pw_dir);
    return NULL;
}

char *env_host(void)
{
    char name[ENV_HOST_MAX + 1];

    if (gethostname(name, sizeof name) != 0)
        name[0] = '\0';
    name[ENV_HOST_MAX] = '\0'; /* a cut name need not be ended */
    for (char *c = name; *c != '\0'; c++)
        if (!ascii_is_alnum(*c) && *c != '.' && *c != '-')
            *c = '_';
    return mem_strdup(name[0] != '\0' ? name : "localhost");
}
